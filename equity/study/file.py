"""The study file: what it may say, and errors that name the line and the allowed values."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from equity.areas.geoid import find_state
from equity.errors import EquityError, MissingFileError, StudyError
from equity.rules.defaults import DEFAULT_HEADLINE, DEFAULT_RULES

Share = Annotated[float, Field(ge=0, le=1)]
Files = str | list[str]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class AreasPart(_Part):
    """``[study]``: which areas, under which rules."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    state: str
    level: Literal["tract", "block_group", "county"] = "tract"
    rules: list[str] = Field(default=list(DEFAULT_RULES), min_length=1)
    headline: str = DEFAULT_HEADLINE
    synthetic: bool = False
    join_tolerance: Share = 0.01

    @field_validator("state")
    @classmethod
    def _known_state(cls, value: str) -> str:
        return find_state(value).fips


class BoundaryPart(_Part):
    """``[boundaries]`` and ``[counties]``: polygons of the areas, outlines to draw over them."""

    file: str
    year: int
    id_column: str | None = None
    layer: str | None = None
    multi_state: bool = False


class AcsPart(_Part):
    """``[[acs]]``: American Community Survey tables."""

    files: Files
    year: int
    columns: dict[str, str] = {}
    id_column: str | None = None
    multi_state: bool = False


Filter = str | int | float | list[str | int | float]


class ColumnPart(_Part):
    """How a column of a user's own table becomes one of the package's."""

    column: str
    unit: Literal["count", "share", "percent", "usd", "number", "text"] | None = None
    complement: bool = False
    moe: str | None = None
    where: dict[str, Filter] = {}


class TablePart(_Part):
    """``[[tables]]``: any other table of the same areas."""

    file: str
    agency: str
    product: str
    vintage: str
    geo_vintage: Literal["2010", "2020", "2020-CT2022"]
    columns: dict[str, ColumnPart] = Field(min_length=1)
    id_column: str | list[str] | None = None
    where: dict[str, Filter] = {}
    other_levels: Literal["raise", "drop"] = "raise"
    missing: list[str | int | float] = []
    multi_state: bool = False
    url: str = ""


class CoveragePart(_Part):
    """``[coverage]``: the FCC's location files, a table of locations by class, or unknown."""

    kind: Literal["locations", "summary", "unknown"]
    files: Files = ""
    as_of: str = ""
    columns: dict[str, str] = {}
    id_column: str | None = None
    multi_state: bool = False
    technologies: list[int] = [10, 40, 50, 71]
    housing: str | None = None
    blocks: str | None = None
    connecticut: str | None = None
    note: str = ""


class SitesPart(_Part):
    """``[[sites]]``: places of care."""

    file: str
    as_of: str
    layout: Literal["hrsa", "points"] = "hrsa"
    columns: dict[str, str] = {}
    unplaced: Literal["raise", "drop"] = "raise"
    kind: str = ""
    label: str = "health centers"
    use: Literal["sites", "capacity", "both"] = "both"


class CarePart(_Part):
    """``[care]``: when care in person is enough."""

    method: Literal["travel", "catchment"] = "travel"
    limit_min: float = Field(default=30.0, gt=0)
    benchmark_people_per_fte: float = Field(default=3500.0, gt=0)
    rurality: str | None = None


class CriterionPart(_Part):
    """One of ``[[under_resourced.criteria]]``."""

    column: str
    label: str
    short: str | None = None
    at_least: float | None = None
    at_most: float | None = None


class UnderResourcedPart(_Part):
    """``[under_resourced]``: who comes first, decided before anything is mapped."""

    criteria: list[CriterionPart] = Field(min_length=1)
    at_least: int = Field(default=1, ge=1)


class FallsShortPart(_Part):
    """``[falls_short]``: from which share of residents in the gap an area falls short."""

    gap_share_at_least: Share | None = None


class StudyPlan(_Part):
    """A whole study file, validated."""

    study: AreasPart
    boundaries: BoundaryPart
    counties: BoundaryPart | None = None
    acs: list[AcsPart] = Field(min_length=1)
    tables: list[TablePart] = []
    coverage: CoveragePart
    sites: list[SitesPart] = Field(min_length=1)
    care: CarePart = CarePart()
    under_resourced: UnderResourcedPart
    falls_short: FallsShortPart = FallsShortPart()
    notes: list[str] = []


def read_plan(path: str | Path) -> tuple[StudyPlan, str]:
    """Read and validate a study file.

    Parameters
    ----------
    path
        The TOML file.

    Returns
    -------
    plan : StudyPlan
    text : str
        The file as it stands, for the outputs' recipe.

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
        text = file.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError:
        raise StudyError("not UTF-8 text", file=path, fix="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"not valid TOML: {error}", file=path) from None
    try:
        plan = StudyPlan.model_validate(data)
    except ValidationError as error:
        raise _explained(error, text, path) from None
    _check_together(plan, text, path)
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


def _check_together(plan: StudyPlan, text: str, path: str | Path) -> None:
    from equity.rules import load_coverage_rule

    for i, rule in enumerate(plan.study.rules):
        try:
            load_coverage_rule(_beside(rule, path) if rule.endswith(".toml") else rule)
        except EquityError as error:
            where = _line(text, ["study", "rules"])
            raise StudyError(
                f"{where}study.rules[{i}]: {error.what}", file=path, fix=error.fix
            ) from None
    for name in ("files", "as_of"):
        if plan.coverage.kind != "unknown" and not getattr(plan.coverage, name):
            raise StudyError(
                f"{_line(text, ['coverage', 'kind'])}coverage.{name}: is missing",
                file=path,
                fix='name it, or say kind = "unknown" if there is no coverage data',
            )
    if plan.study.headline not in plan.study.rules:
        raise StudyError(
            f"{_line(text, ['study', 'headline'])}study.headline: {plan.study.headline!r} is not "
            "among study.rules",
            file=path,
            fix=f"use one of {', '.join(plan.study.rules)}",
        )
    for i, criterion in enumerate(plan.under_resourced.criteria):
        if (criterion.at_least is None) == (criterion.at_most is None):
            where = _line(text, ["under_resourced", "criteria", i, "column"])
            raise StudyError(
                f"{where}under_resourced.criteria: {criterion.column} needs a cut-off",
                file=path,
                fix="give either at_least or at_most",
            )
    if plan.under_resourced.at_least > len(plan.under_resourced.criteria):
        raise StudyError(
            f"{_line(text, ['under_resourced', 'at_least'])}under_resourced.at_least asks for "
            f"{plan.under_resourced.at_least} of {len(plan.under_resourced.criteria)} criteria",
            file=path,
        )


def _beside(name: str, path: str | Path) -> Path:
    return Path(path).parent / name
