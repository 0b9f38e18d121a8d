"""The parts of a study file: what each may say, field by field."""

from __future__ import annotations

import re
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

from equity.areas.geoid import NATION, find_state, state_names
from equity.errors import InputError
from equity.language import known_language
from equity.measures.price import CUSTOMARY_SHARE
from equity.measures.reach.decay import slow_steps
from equity.measures.reach.new_clinic import Asked
from equity.measures.reach.travel import ROADS
from equity.outputs.appendix import list_layouts
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES
from equity.rules.defaults import DEFAULT_HEADLINE, DEFAULT_RULES
from equity.sources.catalog import find_input
from equity.study.readers import COVERAGE, LINKS, SITES, TABLES

Share = Annotated[float, Field(ge=0, le=1)]
Files = str | list[str]
Year = Annotated[int, Field(ge=1990, le=2100)]
Pair = Annotated[tuple[str, str], Field(strict=False)]
"""TOML has lists only."""
GeoVintage = Literal["2010", "2020", "2020-CT2022"]


class _Part(BaseModel):
    # Strict: true is no number, and "30" is none either.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Read(_Part):
    """A part that names its reader; what it sets beside its own fields goes to the reader."""

    own: ClassVar[frozenset[str]] = frozenset()
    options: dict[str, Any] = {}

    def said(self) -> dict[str, object]:
        """Return the fields that are set and meant for the reader."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set - self.own)}


def _one_of(name: str, known: Collection[str]) -> str:
    if name not in known:
        raise InputError(f"is {name!r}", fix=f"use one of {', '.join(known)}")
    return name


class AreasPart(_Part):
    """``[study]``: which areas, under which rules.

    Several states are one study, read at once; with `state_by_state` each is a study of its own,
    run one after the other, with a page that leads to theirs. ``state = "US"`` always is that.
    Some programs judge no proposal by race or ethnicity: the appendix tells of them only where
    `race_in_appendix` asks for it, the page does either way. Outputs are written in `lang`; without
    it in the language that is in force, English unless :func:`equity.language` says another.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=80)
    title: str = Field(min_length=1, max_length=300)
    state: tuple[str, ...] = Field(min_length=1)
    level: Literal["tract", "block_group", "county"] = "tract"
    rules: list[str] = Field(default=list(DEFAULT_RULES), min_length=1)
    headline: str = DEFAULT_HEADLINE
    join_tolerance: Share = 0.01
    connected: Literal["B28003", "S2802"] = "B28003"
    synthetic: bool = False
    state_by_state: bool = False
    race_in_appendix: bool = False
    lang: str | None = None

    @property
    def each_apart(self) -> bool:
        """True where every state is run as a study of its own."""
        return len(self.state) > 1 and (self.state_by_state or set(NATION) <= set(self.state))

    @property
    def made_up(self) -> bool:
        """True for generated data: the study says so, or its state is the example's."""
        return self.synthetic or any(find_state(state).synthetic for state in self.state)

    @property
    def only_state(self) -> str | None:
        """The state, where there is one; None for several."""
        return self.state[0] if len(self.state) == 1 else None

    @field_validator("id")
    @classmethod
    def _usable_id(cls, value: str) -> str:
        if re.fullmatch("con|prn|aux|nul|com[0-9]|lpt[0-9]", value):
            raise InputError(
                f"is {value!r}, which Windows keeps for a device", fix=f"for example my-{value}"
            )
        return value

    @field_validator("lang")
    @classmethod
    def _spoken(cls, value: str | None) -> str | None:
        return value and known_language(value)

    @field_validator("state", mode="before")
    @classmethod
    def _known_states(cls, value: Any) -> Any:
        """Take ``"VA"``, ``"DE, VA"``, ``"US"`` or a list; else it is left to the field's type."""
        named = state_names(value) if isinstance(value, str) else value
        if not isinstance(named, list | tuple) or not all(isinstance(n, str | int) for n in named):
            return value
        return tuple(dict.fromkeys(find_state(name).fips for name in named))


class DistrictsPart(_Part):
    """``[area.districts]``: a table that says which district a county or a tract belongs to.

    Counties may stand under their codes or their names. `district` is the column, by default the
    one that is called so. `only` picks districts; without it the table must place every area of
    the study.
    """

    file: str
    district: str = ""
    delimiter: str = ","
    id_column: str | None = None
    only: list[str] = []


class AreaPart(_Part):
    """``[area]``: the part of what is read that the study is about; the rest is compared with it.

    Named by ids and names (states, counties, tracts together), or by one of: ZIP areas, tribal
    areas, polygons, districts. `file` is where ZIP or tribal areas are looked up; `cut` says what
    becomes of an area that the line divides, by default its populated blocks decide where
    [coverage] housing or `blocks` names them, and it is refused where they are not at hand.
    """

    by: ClassVar[tuple[str, ...]] = ("zctas", "tribal", "polygons", "districts")
    name: str = ""
    states: list[str] = []
    counties: list[str] = []
    tracts: list[str] = []
    zctas: list[str] = []
    tribal: list[str] = []
    polygons: str = ""
    only: list[str] = []
    layer: str | None = None
    districts: DistrictsPart | None = None
    file: str = ""
    blocks: Files | None = None
    cut: Literal["refuse", "inside-majority", "blocks"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> AreaPart:
        ids = [name for name in ("states", "counties", "tracts") if getattr(self, name)]
        kinds = [name for name in self.by if getattr(self, name)]
        if not ids and not kinds:
            raise InputError(
                "names no place",
                fix=f"give states, counties or tracts, or one of {', '.join(self.by)}",
            )
        if len(kinds) + bool(ids) > 1:
            raise InputError(
                f"is named in several ways: {', '.join([*ids, *kinds])}", fix="keep one of them"
            )
        return self


class BoundaryPart(_Part):
    """``[boundaries]`` and ``[counties]``: polygons of the areas, outlines to draw over them."""

    file: Files
    year: Year
    id_column: str | list[str] | None = None
    layer: str | None = None


class CentersPart(_Part):
    """``[centers]``: the Census Bureau's centers of population, where people are measured from."""

    file: str
    year: Literal[2010, 2020]


class AcsPart(_Part):
    """``[[acs]]``: American Community Survey tables."""

    files: Files
    year: Year
    columns: dict[str, str] = {}
    id_column: str | list[str] | None = None


Filter = str | int | float | list[str | int | float]


class ColumnPart(_Part):
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


class CrosswalkPart(_Part):
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
        return _one_of(value, LINKS)


class TablePart(_Read):
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
        return _one_of(value, TABLES)

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


class CoveragePart(_Read):
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
        return _one_of(value, COVERAGE[info.data["kind"]]) if "kind" in info.data else value

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


class FundedPart(_Read):
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


class SitesPart(_Read):
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
        return _one_of(value, SITES)

    @field_validator("states")
    @classmethod
    def _known_states(cls, value: list[str]) -> list[str]:
        return [find_state(state).usps for state in value]


class CarePart(_Part):
    """``[care]``, or one of ``[[care]]``: which care counts, and when it is within reach.

    The first is the headline's; the columns of each other end in its id. With ``travel = "roads"``
    `roads` names the extracts of OpenStreetMap that people travel on, else the speeds of estimated
    minutes; None takes the package's default.
    """

    id: str = Field(default="care", pattern=r"^[a-z][a-z0-9_]*$")
    label: str = ""
    kinds: list[str] = []
    method: Literal["travel", "capacity", "catchment", "column"] = "travel"
    limit_min: float = Field(default=30.0, gt=0, le=600)
    sd: float | None = Field(default=None, ge=0, le=3)
    travel: Literal["estimate", "roads"] = "estimate"
    roads: Files | None = None
    benchmark_people_per_fte: float = Field(default=3500.0, gt=0, le=1e6)
    rurality: str | None = None
    column: str | None = None
    unit: str | None = None
    supply_n: float | None = Field(default=None, gt=0, le=1e7)

    @field_validator("roads")
    @classmethod
    def _known_roads(cls, value: Files | None, info: ValidationInfo) -> Files | None:
        if info.data.get("travel") == "roads" or value is None:
            return [value] if isinstance(value, str) else value
        return _one_of(value if isinstance(value, str) else ", ".join(value), ROADS)

    @property
    def by_ratio(self) -> bool:
        """True where the study's own column is clinicians per so many people."""
        return (self.unit or "").startswith("per_")

    @property
    def by_capacity(self) -> bool:
        """True if clinicians per resident decide (``catchment`` is the older word for it)."""
        return self.method in {"capacity", "catchment"}

    @property
    def asked(self) -> Asked:
        """What :func:`equity.scenario` has to know of it to tell what a new clinic does.

        Where the study measures from blocks, ``points`` come on top.
        """
        if self.by_capacity:
            ratio = 10_000.0 / self.benchmark_people_per_fte
            return {"benchmark_per_10k": ratio, "steps": slow_steps(self.limit_min)}
        return {"limit_min": self.limit_min, "sd": self.sd}

    @property
    def extracts(self) -> tuple[str, ...]:
        """Files of the roads that trips follow; none where minutes are estimated."""
        by_road = self.travel == "roads" and self.method != "column"
        return tuple(self.roads or ()) if by_road else ()

    @property
    def speeds(self) -> str | None:
        """Name of the road speeds that minutes are estimated with; None where they are not."""
        if self.extracts:
            return None
        return self.roads if isinstance(self.roads, str) else next(iter(ROADS))


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
    people_at_least: float = Field(default=50.0, ge=0, le=1e9)


class SensitivityPart(_Part):
    """``[sensitivity]``: other settings to count under, beside those every run tries."""

    limit_min: list[Annotated[float, Field(gt=0, le=600)]] = []
    sd: list[Annotated[float, Field(ge=0, le=3)]] = [0.0, 0.3]
    over_reported: list[Annotated[float, Field(gt=0, lt=1)]] = [0.05, 0.15]


class ApplicationPart(_Part):
    """``[application]``: programs that appendices are laid out for, and what is applied for.

    `sites` is the list of the application's sites, `grant_usd` what is requested: tests of sites
    and amounts are put to them.
    """

    programs: list[str] = Field(min_length=1)
    sites: str | None = None
    grant_usd: float | None = Field(default=None, gt=0, le=1e12)

    @field_validator("programs")
    @classmethod
    def _known_programs(cls, value: list[str]) -> list[str]:
        return [_one_of(name, list_layouts()) for name in value]


class PricePart(_Part):
    """``[price]``: what a line costs a month, and who says so; it never enters the gap."""

    usd_month: float = Field(gt=0, le=10_000)
    source: str = Field(min_length=1)
    income_share: float = Field(default=CUSTOMARY_SHARE, gt=0, lt=1)


class IndexPart(_Part):
    """``[index]``: the recipe of an index of need, by its id or file; a second view of places."""

    recipe: str = Field(min_length=1)


class StudyPlan(_Part):
    """A whole study file, validated."""

    study: AreasPart
    area: AreaPart | None = None
    boundaries: BoundaryPart | None = None
    counties: BoundaryPart | None = None
    centers: CentersPart | None = None
    acs: list[AcsPart] = []
    tables: list[TablePart] = []
    coverage: CoveragePart
    funded: list[FundedPart] = []
    sites: list[SitesPart] = []
    care: list[CarePart] = Field(default=[CarePart()], min_length=1)
    under_resourced: UnderResourcedPart
    falls_short: FallsShortPart = FallsShortPart()
    sensitivity: SensitivityPart = SensitivityPart()
    price: PricePart | None = None
    index: IndexPart | None = None
    application: ApplicationPart | None = None
    notes: list[str] = []

    @property
    def people_by(self) -> list[TablePart]:
        """Tables of the study's own that count its residents, where no survey does."""
        return [part for part in self.tables if "population_n" in part.columns]

    def suffix_of(self, rule: CoverageRule) -> str:
        """Return how columns under a rule end; the headline's have no suffix."""
        return "" if rule.id == self.study.headline else rule.suffix

    @field_validator("care", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value
