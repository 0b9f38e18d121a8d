"""The parts of a study file that name inputs: what each may say, field by field."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from equity.areas.geoid import find_state
from equity.errors import InputError
from equity.rules.coverage_rule import TECHNOLOGIES
from equity.sources.catalog import find_input
from equity.study.readers import COVERAGE, LINKS, SITES, TABLES

__all__ = [
    "AcsPart", "BoundaryPart", "CentersPart", "ColumnPart", "CoveragePart", "CrosswalkPart",
    "Files", "FundedPart", "Part", "SitesPart", "TablePart", "one_of",
]  # fmt: skip

Files = str | list[str]
Year = Annotated[int, Field(ge=1990, le=2100)]
Pair = Annotated[tuple[str, str], Field(strict=False)]
"""TOML has lists only."""
GeoVintage = Literal["2010", "2020", "2020-CT2022"]


class Part(BaseModel):
    """A part of a study file: no field but its own, nothing converted."""

    # Strict: true is no number, and "30" is none either.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Read(Part):
    """A part that names its reader; what it sets beside its own fields goes to the reader."""

    own: ClassVar[frozenset[str]] = frozenset()
    options: dict[str, Any] = {}

    def said(self) -> dict[str, object]:
        """Return the fields that are set and meant for the reader."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - self.own)}


def one_of(name: str, known: Collection[str]) -> str:
    """Return a name that is known; refuse any other, with those that are."""
    if name not in known:
        raise InputError(f"is {name!r}", fix=f"use one of {', '.join(known)}")
    return name


class BoundaryPart(Part):
    """``[boundaries]`` and ``[counties]``: polygons of the areas, outlines to draw over them."""

    file: Files
    year: Year
    id_column: str | list[str] | None = None
    layer: str | None = None


class CentersPart(Part):
    """``[centers]``: the Census Bureau's centers of population, where people are measured from."""

    file: str
    year: Literal[2010, 2020]


class AcsPart(Part):
    """``[[acs]]``: American Community Survey tables."""

    files: Files
    year: Year
    columns: dict[str, str] = {}
    id_column: str | list[str] | None = None


Filter = str | int | float | list[str | int | float]


class ColumnPart(Part):
    """How a column of a user's own table becomes one of the package's."""

    column: str
    unit: Literal["count", "share", "percent", "usd", "number", "text"] | None = None
    complement: bool = False
    moe: str | None = None
    where: dict[str, Filter] = {}
    confirmed: bool = False

    @model_validator(mode="before")
    @classmethod
    def _by_its_name(cls, value: Any) -> Any:
        """Take ``"x"`` for ``{ column = "x" }``, as :func:`equity.read_table` does."""
        return {"column": value} if isinstance(value, str) else value


_BY_BLOCKS = {
    "file": "live:block-relationship",
    "reader": "block_links",
    "blocks": "live:blocks",
}


class CrosswalkPart(Part):
    """``[tables.crosswalk]``: how areas of another vintage or kind are made of the study's.

    Without file and reader, or as ``crosswalk = "2020"``, areas of 2010 are moved by the people of
    their blocks, whose links and counts are the Census Bureau's own files.
    """

    file: str
    reader: str
    blocks: str | None = None
    counts: dict[str, Literal["people", "households", "locations", "land"]] = {}
    ratios: dict[str, Pair] = {}
    drop: list[str] = []

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str) -> str:
        return one_of(value, LINKS)


class TablePart(Read):
    """``[[tables]]``: any other table of areas.

    Without `reader` it is the user's own, told by agency, product, geo_vintage and columns. With
    one the reader knows all that; `columns` then picks and renames, and `options` are its further
    arguments. `crosswalk` moves areas of another vintage or kind, `spread` gives every area the
    value of the larger one that holds it.
    """

    own = frozenset({"file", "vintage", "reader", "columns", "spread", "crosswalk", "options"})
    file: str
    vintage: str
    reader: str = "table"
    columns: dict[str, ColumnPart] = {}
    level: Literal["block_group", "tract", "county", "state", "zcta"] | None = None
    spread: bool = False
    crosswalk: CrosswalkPart | None = None
    agency: str = ""
    product: str = ""
    geo_vintage: GeoVintage | None = None
    id_column: str | list[str] | None = None
    where: dict[str, Filter] = {}
    other_levels: Literal["raise", "drop"] = "raise"
    missing: list[str | int | float] = []
    url: str = ""

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str) -> str:
        return one_of(value, TABLES)

    @field_validator("crosswalk", mode="before")
    @classmethod
    def _to_a_year(cls, value: Any) -> Any:
        if isinstance(value, dict) and not {"file", "reader"} & value.keys():
            return _BY_BLOCKS | value
        if not isinstance(value, str):
            return value
        if value != "2020":
            raise InputError(f"is {value!r}", fix='use "2020", or a table [tables.crosswalk]')
        return _BY_BLOCKS


class CoveragePart(Read):
    """``[coverage]``: the FCC's location files, a table of locations by class, or unknown.

    `geo_vintage` says which areas the ids mean, where that is not what `reader` takes them for:
    2020 for the Broadband Data Collection, 2010 for Form 477.
    """

    own = frozenset(
        {
            "kind", "reader", "files", "as_of", "geo_vintage", "housing", "connecticut", "options",
        }
    )  # fmt: skip
    kind: Literal["locations", "summary", "unknown"]
    reader: str = ""
    files: Files = ""
    as_of: str = ""
    geo_vintage: GeoVintage | None = None
    columns: dict[str, str] = {}
    id_column: str | list[str] | None = None
    technologies: list[int] = Field(default=[10, 40, 50, 71], min_length=1)
    housing: Files | None = None
    connecticut: str | None = None
    note: str = ""

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str, info: ValidationInfo) -> str:
        return one_of(value, COVERAGE[info.data["kind"]]) if "kind" in info.data else value

    @field_validator("technologies")
    @classmethod
    def _known_technologies(cls, value: list[int]) -> list[int]:
        for code in value:
            if code not in TECHNOLOGIES:
                known = ", ".join(f"{code} ({name})" for code, name in TECHNOLOGIES.items())
                raise InputError(f"holds {code}", fix=f"use some of {known}")
        return value

    @property
    def read_by(self) -> str:
        """Name of the reader: the first of the kind if the study names none."""
        return self.reader or next(iter(COVERAGE[self.kind]), "")


class FundedPart(Read):
    """One of ``[[funded]]``: locations that an enforceable commitment already covers."""

    own = frozenset({"file", "as_of", "options"})
    file: str
    as_of: str
    level: Literal["location", "block", "block_group", "tract", "county"] = "location"
    columns: dict[str, str] = {}
    where: dict[str, Filter] = {}
    agency: str = ""
    product: str = ""
    note: str = ""


class SitesPart(Read):
    """``[[sites]]``: places of care.

    ``hrsa`` and ``points`` have coordinates; the others are lists of addresses, which stand at the
    inner point of their ZIP area, or where the Census geocoder finds them (`addresses`). Of persons
    no name and no register number (NPI, PAC) is shown, also where it is the id of ``points``,
    unless `clinician_names` asks for them.
    """

    own = frozenset(
        {"file", "as_of", "reader", "unplaced", "label", "use", "options", "clinician_names"}
    )
    of_persons: ClassVar[tuple[str, ...]] = ("points", "clinicians", "nppes")
    placing: ClassVar[frozenset[str]] = frozenset(
        {"states", "addresses", "zip_areas", "zip_areas_year"}
    )
    file: str
    as_of: str
    reader: str = Field("hrsa", validation_alias=AliasChoices("reader", "layout"))
    columns: dict[str, str] = {}
    unplaced: Literal["raise", "drop"] | None = None
    kind: str = ""
    delimiter: str = ","
    label: str = "health centers"
    use: Literal["sites", "capacity", "both"] = "both"
    states: list[str] = []
    addresses: bool = False
    clinician_names: bool = False
    zip_areas: str = "live:zip-areas"
    zip_areas_year: Year = int(find_input("zip-areas").vintage)

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, value: str) -> str:
        return one_of(value, SITES)

    @field_validator("states")
    @classmethod
    def _known_states(cls, value: list[str]) -> list[str]:
        return [find_state(state).usps for state in value]
