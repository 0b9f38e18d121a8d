"""The study file: read, validated, and errors that name the line and the allowed values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from equity.errors import EquityError, MissingFileError, StudyError
from equity.files.delimited import UTF16
from equity.study.asked import area_lines
from equity.study.coherence import problems
from equity.study.parts import CriterionPart, StudyPlan

__all__ = ["CriterionPart", "StudyPlan", "read_plan"]


def read_plan(path: str | Path, *, area: str = "") -> tuple[StudyPlan, str]:
    """Read and validate a study file.

    Parameters
    ----------
    path
        The TOML file.
    area
        A place that the run is about, as ``--area`` takes it; it becomes the study's ``[area]``.

    Returns
    -------
    plan : StudyPlan
    text : str
        The file as it stands, with the area where one is given, for the outputs' recipe.

    Raises
    ------
    MissingFileError
        If there is no such file.
    StudyError
        If it is not TOML, lacks a field, or has one that does not exist or holds something else;
        the error names the line and what is allowed.
    """
    file = Path(path)
    if not file.is_file():
        raise MissingFileError(
            "no such study file", file=path, fix="write one with `equity init STATE`"
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        utf16 = file.read_bytes().startswith(UTF16)
        what = "the text is UTF-16" if utf16 else "not UTF-8 text"
        raise StudyError(what, file=path, fix="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, text, path) from None
    if area:
        if "area" in data:
            raise StudyError(
                "the study has an [area] of its own",
                file=path,
                fix="take it out, or leave --area out",
            )
        lines = area_lines(area, file.parent)
        text, data = f"{text.rstrip()}\n\n{lines}", data | tomllib.loads(lines)
    try:
        plan = StudyPlan.model_validate(data)
    except ValidationError as error:
        raise _explained(error, text, path) from None
    for location, what, fix in problems(plan, path):
        raise StudyError(f"{_line(text, location)}{what}", file=path, fix=fix)
    return plan, text


def _explained(error: ValidationError, text: str, path: str | Path) -> StudyError:
    first = error.errors()[0]
    location = [part for part in first["loc"] if part not in {"str", "list[str]"}]
    dotted = ".".join(str(part) for part in location)
    others = error.error_count() - 1
    more = f" (and {others} more problems)" if others else ""
    return StudyError(
        f"{_line(text, location)}{dotted}: {_words(first)}{more}", file=path, fix=_allowed(first)
    )


def _words(problem: Any) -> str:
    kind = problem["type"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "is no field of a study file"
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, EquityError):
        return cause.what
    if kind == "literal_error":
        return f"is {problem['input']!r}"
    return f"is {problem['input']!r}: {problem['msg'].lower()}"


def _allowed(problem: Any) -> str | None:
    kind = problem["type"]
    if kind == "literal_error":
        return f"use {problem['ctx']['expected']}"
    if kind in {"extra_forbidden", "missing"}:
        fields = _fields_at(problem["loc"][:-1])
        return f"fields here are {', '.join(fields)}" if fields else None
    cause = problem.get("ctx", {}).get("error")
    return cause.fix if isinstance(cause, EquityError) else None


def _fields_at(location: tuple[Any, ...]) -> list[str]:
    model: Any = StudyPlan
    for part in location:
        if isinstance(part, int) or not hasattr(model, "model_fields"):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return []
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


def _not_toml(error: tomllib.TOMLDecodeError, text: str, path: str | Path) -> StudyError:
    found = re.search(r"at line (\d+)", str(error))
    line = text.splitlines()[int(found[1]) - 1] if found else ""
    curly = re.search(r"[\u201c\u201d\u201e\u2018\u2019]", line)
    if curly is None:
        return StudyError(f"not valid TOML: {error}", file=path)
    return StudyError(
        f"a word processor has written {curly[0]} in place of a straight quote",
        file=path,
        rows=[f"line {found[1] if found else 1}"],
        fix='write straight quotes: "',
    )


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
