"""The study file: read, validated, and errors that name the line and the allowed values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from equity.errors import EquityError, MissingFileError, StudyError
from equity.files.opening import regular
from equity.language import known_language
from equity.rules.toml_file import odd_values, read_toml
from equity.study.asked import area_lines
from equity.study.coherence import problems
from equity.study.parts import CriterionPart, StudyPlan

__all__ = ["CriterionPart", "StudyPlan", "plan_of", "read_plan", "said_in"]

_SHOWN = 120
"""Letters of a value that an error repeats."""


def read_plan(
    path: str | Path, *, area: str = "", lang: str | None = None
) -> tuple[StudyPlan, str]:
    """Read and validate a study file.

    Parameters
    ----------
    path
        The TOML file.
    area
        A place that the run is about, as ``--area`` takes it; it becomes the study's ``[area]``.
    lang
        Language of the outputs, in the place of the file's own.

    Returns
    -------
    plan : StudyPlan
    text : str
        The file as it stands, with area and language where they are given, for the outputs' recipe.

    Raises
    ------
    MissingFileError
        If there is no such file.
    InputError
        If there is no such language.
    StudyError
        If it is not TOML of at most a megabyte, lacks a field, or has one that does not exist or
        holds something else; the error names the line and what is allowed.
    """
    if not Path(path).expanduser().exists():
        raise MissingFileError(
            "no such study file", file=path, fix="write one with `equity init STATE`"
        )
    file = regular(path)
    data, text = read_toml(file, wrong=StudyError)
    if area:
        if "area" in data:
            raise StudyError(
                "the study has an [area] of its own",
                file=path,
                fix="take it out, or leave --area out",
            )
        lines = area_lines(area, file.parent)
        text, data = f"{text.rstrip()}\n\n{lines}", data | tomllib.loads(lines)
    for place, odd, plain in odd_values(data):
        raise StudyError(f"{_line(text, place)}{_dotted(place)}: {odd}", file=path, fix=plain)
    plan = _validated(data, text, path)
    if lang is None or known_language(lang) == plan.study.lang:
        return plan, text
    text = said_in(text, lang, path)
    return plan_of(text, path), text


def said_in(text: str, lang: str, path: str | Path) -> str:
    """Return the text of a study file with another language of its outputs.

    Raises
    ------
    StudyError
        If ``[study]`` is not a line of its own, so that none can be put below it.
    """
    head = re.search(r"^[ \t]*\[[ \t]*study[ \t]*\][^\n]*\n", text, flags=re.MULTILINE)
    if head is None:
        raise StudyError(
            "[study] is no line of its own, so the language cannot be put below it",
            file=path,
            fix=f'write lang = "{lang}" into the study',
        )
    before, own = text[: head.end()], text[head.end() :]
    end = re.search(r"^[ \t]*\[", own, flags=re.MULTILINE)
    own, rest = (own[: end.start()], own[end.start() :]) if end else (own, "")
    own = re.sub(r"^[ \t]*lang[ \t]*=[^\n]*(\n|\Z)", "", own, flags=re.MULTILINE)
    return f'{before}lang = "{lang}"\n{own}{rest}'


def plan_of(text: str, path: str | Path) -> StudyPlan:
    """Return the plan of a text that was made of a study file which stands at a path."""
    return _validated(tomllib.loads(text), text, path)


def _validated(data: dict[str, Any], text: str, path: str | Path) -> StudyPlan:
    try:
        plan = StudyPlan.model_validate(data)
    except ValidationError as error:
        raise _explained(error, text, path) from None
    for location, what, fix in problems(plan, path):
        raise StudyError(f"{_line(text, location)}{what}", file=path, fix=fix)
    return plan


def _explained(error: ValidationError, text: str, path: str | Path) -> StudyError:
    first = error.errors()[0]
    location = [part for part in first["loc"] if part not in {"str", "list[str]"}]
    others = error.error_count() - 1
    more = f" (and {others} more problem{'s' * (others > 1)})" if others else ""
    return StudyError(
        f"{_line(text, location)}{_dotted(location)}: {_words(first)}{more}",
        file=path,
        fix=_allowed(first),
    )


def _dotted(location: list[Any]) -> str:
    return _short(".".join(map(str, location)))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _words(problem: Any) -> str:
    kind = problem["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is no field of a study file"
    if kind == "model_type":
        return f"is {_short(repr(problem['input']))}, where fields with values belong"
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, EquityError):
        return cause.what
    if kind == "literal_error":
        return f"is {_short(repr(problem['input']))}"
    return f"is {_short(repr(problem['input']))}: {problem['msg'].lower()}"


def _allowed(problem: Any) -> str | None:
    kind = problem["type"]
    if kind == "literal_error":
        return f"use {problem['ctx']['expected']}"
    if kind in {"extra_forbidden", "missing", "model_type"}:
        fields = _fields_at(problem["loc"][: None if kind == "model_type" else -1])
        return f"fields here are {', '.join(fields)}" if fields else None
    cause = problem.get("ctx", {}).get("error")
    return cause.fix if isinstance(cause, EquityError) else None


def _fields_at(location: tuple[Any, ...]) -> list[str]:
    model: Any = StudyPlan
    for part in location:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        field = model.model_fields.get(part)
        if field is not None:  # else a key that the study chose
            model = _model_in(field.annotation)
    return list(getattr(model, "model_fields", {}))


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _line(text: str, location: list[Any]) -> str:
    """Return ``line N: `` for the deepest part of a location that stands in the text."""
    section = [part for part in location if isinstance(part, str)]
    counts = [part for part in location if isinstance(part, int)]
    wanted = counts[0] if counts else 0
    best, seen, inside = None, -1, len(section) == 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            name = header.group(1)
            inside = bool(section) and name == ".".join(section[: name.count(".") + 1])
            if inside and line.lstrip().startswith("[["):
                seen += 1
                inside = seen == wanted
            if inside:
                best = number
        elif inside and section and re.match(rf"\s*\"?{re.escape(section[-1])}\"?\s*[=.]", line):
            return f"line {number}: "
    return f"line {best}: " if best else ""
