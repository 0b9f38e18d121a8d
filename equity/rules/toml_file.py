"""The one door for TOML that people write: study files and rules of their own.

Both are a few pages. What is larger, deeper or holds numbers that no field can mean is refused
before anything looks at it.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from equity.errors import InputError, StorageError

__all__ = ["odd_values", "read_toml"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MOST_BYTES = 1_000_000
_DEEPEST = 24
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LARGEST = 2**53
"""Whole numbers beyond it are not all told apart by a float."""

Place = list[str | int]


def read_toml(path: Path, *, wrong: type[InputError] = InputError) -> tuple[dict[str, object], str]:
    """Read a TOML file that somebody wrote.

    Parameters
    ----------
    path
        The file; it is known to be there.
    wrong
        Class of the error.

    Returns
    -------
    data : dict
    text : str
        The file as it stands.

    Raises
    ------
    InputError
        If it is larger than a megabyte, nested more than 24 deep, or no TOML in UTF-8.
    StorageError
        If it cannot be read.
    """
    try:
        with path.open("rb") as handle:
            raw = handle.read(_MOST_BYTES + 1)
    except OSError as error:
        raise StorageError(
            f"cannot be read ({error.strerror or error})", file=path, fix="check its permissions"
        ) from None
    if len(raw) > _MOST_BYTES:
        raise wrong(
            "larger than a megabyte, which no such file needs",
            file=path,
            fix="name tables of data as files of their own",
        )
    try:
        text = raw.decode("utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        what = "the text is UTF-16" if raw.startswith(_UTF16) else "not UTF-8 text"
        raise wrong(what, file=path, fix="save it as UTF-8") from None
    except RecursionError:
        raise _too_deep(path, wrong) from None
    except ValueError as error:  # not of TOML alone: a number of thousands of digits
        raise _not_toml(error, text, path, wrong) from None
    if any(len(place) > _DEEPEST for place, _ in _values(data)):
        raise _too_deep(path, wrong)
    return data, text


def odd_values(data: dict[str, object]) -> Iterator[tuple[Place, str, str]]:
    """Yield what no field can mean: place, what and fix.

    Numbers that are not finite, too large or minus zero; texts and names with a control character,
    which TOML lets in by its escapes.
    """
    for place, value in _values(data):
        for text in (value, *place[-1:]):
            if isinstance(text, str) and (found := _CONTROL.search(text)):
                code = f"U+{ord(found[0]):04X}"
                yield place, f"holds the control character {code}", "write the text without it"
        if wrong := _wrong_number(value):
            yield place, wrong, "write a plain number"


def _wrong_number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}, no finite number"
    if abs(value) > _LARGEST:
        return f"is larger than {_LARGEST:,}"
    return "is minus zero" if value == 0 and math.copysign(1, value) < 0 else ""


def _not_toml(error: ValueError, text: str, path: Path, wrong: type[InputError]) -> InputError:
    found = re.search(r"at line (\d+)", str(error))
    line = text.splitlines()[int(found[1]) - 1] if found else ""
    curly = re.search(r"[\u201c\u201d\u201e\u2018\u2019]", line)
    if found is None or curly is None:
        told = str(error).partition(";")[0]
        return wrong(f"not valid TOML: {told}", file=path, fix="mend that line")
    return wrong(
        f"a word processor has written {curly[0]} in place of a straight quote",
        file=path,
        rows=[f"line {found[1]}"],
        fix='write straight quotes: "',
    )


def _too_deep(path: Path, wrong: type[InputError]) -> InputError:
    return wrong(f"nested more than {_DEEPEST} deep", file=path, fix="no field is so deep")


def _values(data: dict[str, object]) -> Iterator[tuple[Place, object]]:
    """Yield every value with its place, one level after another: no recursion."""
    here: list[tuple[Place, object]] = [([], data)]
    while here:
        below: list[tuple[Place, object]] = []
        for place, value in here:
            yield place, value
            if len(place) <= _DEEPEST and isinstance(value, dict | list):
                items = value.items() if isinstance(value, dict) else enumerate(value)
                below += [([*place, key], held) for key, held in items]
        here = below
