"""Rule files: one of those that ship, by its id, or a user's own, by its path."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

from equity.errors import InputError, MissingFileError
from equity.rules.toml_file import odd_values, read_toml


def list_rules(folder: str) -> list[str]:
    """Return the ids of the rules of one kind that ship, in alphabetical order."""
    place = resources.files(__package__) / folder
    return sorted(item.name[:-5] for item in place.iterdir() if item.name.endswith(".toml"))


def read_rule(name: str | Path, folder: str, *, what: str) -> tuple[dict[str, Any], str]:
    """Return the content of a rule and the name of its file.

    Raises
    ------
    InputError
        If no such rule ships, the file is no TOML, holds a number that no field can mean, or has
        the id of a rule that ships.
    MissingFileError
        If the path does not exist.
    """
    text = str(name)
    if not text.endswith(".toml"):
        known = list_rules(folder)
        if text not in known:
            close = difflib.get_close_matches(text.lower(), known, n=1)
            raise InputError(
                f"no {what} {text!r}" + (f", but {close[0]!r}" if close else ""),
                fix=f"choose from {', '.join(known)}, or give a .toml file",
            )
        entry = resources.files(__package__) / folder / f"{text}.toml"
        return tomllib.loads(entry.read_text(encoding="utf-8")), f"{text}.toml"
    path = Path(name)
    if not path.is_file():
        raise MissingFileError("no such rule file", file=path, fix=_close(path))
    data, _ = read_toml(path)
    for place, wrong, fix in odd_values(data):
        raise InputError(f"{'.'.join(map(str, place))} {wrong}", file=text, fix=fix)
    if data.get("id") in list_rules(folder):
        raise InputError(
            f"its id {data['id']!r} is that of a rule that ships with the package",
            file=text,
            fix=f"give it an id of its own, for example my-{data['id']}",
        )
    return data, text


def check_keys(
    given: Collection[str], known: Collection[str], needed: Collection[str], *, what: str, file: str
) -> None:
    """Refuse an unknown field, with the one that was meant, and a missing one."""
    unknown, missing = sorted(set(given) - set(known)), sorted(set(needed) - set(given))
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, n=1)
        raise InputError(
            f"{what} has an unknown field {unknown[0]!r}",
            file=file,
            fix=f"did you mean {close[0]}?" if close else f"fields are {', '.join(known)}",
        )
    if missing:
        raise InputError(
            f"{what} lacks {missing[0]!r}", file=file, fix=f"fields are {', '.join(needed)}"
        )


def built(kind: Any, given: Mapping[str, Any], what: str, file: str) -> Any:
    """Return a frozen part of a rule, once each of its fields is there and of its kind."""
    known = {field.name: field for field in fields(kind)}
    needed = [name for name, field in known.items() if field.default is MISSING]
    check_keys(given, known, needed, what=what, file=file)
    for key, value in given.items():
        wanted = _TYPES[str(known[key].type)]
        if not wanted(value):
            raise InputError(
                f"{what} has {key} = {value!r}", file=file, fix=f"give {known[key].type}"
            )
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()})


def is_number(value: object) -> bool:
    """Tell whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_TYPES: dict[str, Any] = {
    "str": lambda v: isinstance(v, str) and v != "",
    "bool": lambda v: isinstance(v, bool),
    "float | None": is_number,
    "str | bool | None": lambda v: isinstance(v, str | bool),
    "tuple[str, ...]": lambda v: isinstance(v, list | tuple) and all(isinstance(s, str) for s in v),
    "tuple[tuple[float, float], ...]": lambda v: isinstance(v, tuple),
    "tuple[Limb, ...]": lambda v: isinstance(v, tuple),
    "tuple[Criterion, ...]": lambda v: isinstance(v, tuple),
}


def refuse_word(word: str, known: tuple[str, ...], key: str, file: str) -> None:
    """Refuse a word that is not among those known."""
    if word not in known:
        raise InputError(f"{key} is {word!r}", file=file, fix=f"allowed: {', '.join(known)}")


def refuse_no_day(text: str, key: str, what: str, file: str, *, empty: bool = False) -> None:
    """Refuse a text that is no day."""
    if empty and not text:
        return
    try:
        date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{key} of {what} is {text!r}, no day", file=file, fix=f"{key} = 2024-03-14"
        ) from None


def _close(path: Path) -> str:
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, siblings, n=1)
    return f"did you mean {close[0]}?" if close else "check the path"
