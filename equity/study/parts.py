"""A study file as a whole, and its parts that judge: what each may say, field by field."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from equity.areas.geoid import NATION, find_state, state_names
from equity.errors import InputError
from equity.language import known_language
from equity.measures.price import CUSTOMARY_SHARE
from equity.measures.reach.decay import slow_steps
from equity.measures.reach.new_clinic import Asked
from equity.measures.reach.travel import ROADS
from equity.measures.standing import Criterion
from equity.outputs.appendix import list_layouts
from equity.rules import CoverageRule
from equity.rules.defaults import DEFAULT_HEADLINE, DEFAULT_RULES
from equity.study.input_parts import (
    AcsPart,
    BoundaryPart,
    CentersPart,
    CoveragePart,
    Files,
    FundedPart,
    Part,
    SitesPart,
    TablePart,
    one_of,
)

__all__ = ["AreaPart", "AreasPart", "CarePart", "CriterionPart", "DistrictsPart", "StudyPlan"]

Share = Annotated[float, Field(ge=0, le=1)]


class AreasPart(Part):
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


class DistrictsPart(Part):
    """``[area.districts]``: a table that says which district a county or a tract belongs to.

    Counties may stand under their codes or their names. `district` is the column, by default the
    one that is called so. `only` picks districts; without it the table must place every area of
    the study.
    """

    file: str
    district: str = ""
    delimiter: str = ","
    id_column: str | None = None
    only: list[str] = Field(default=[])


class AreaPart(Part):
    """``[area]``: the part of what is read that the study is about; the rest is compared with it.

    Named by ids and names (states, counties, tracts together), or by one of: ZIP areas, tribal
    areas, polygons, districts. `file` is where ZIP or tribal areas are looked up; `cut` says what
    becomes of an area that the line divides, by default its populated blocks decide where
    [coverage] housing or `blocks` names them, and it is refused where they are not at hand.
    """

    by: ClassVar[tuple[str, ...]] = ("zctas", "tribal", "polygons", "districts")
    name: str = ""
    states: list[str] = Field(default=[])
    counties: list[str] = Field(default=[])
    tracts: list[str] = Field(default=[])
    zctas: list[str] = Field(default=[])
    tribal: list[str] = Field(default=[])
    polygons: str = ""
    only: list[str] = Field(default=[])
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


class CarePart(Part):
    """``[care]``, or one of ``[[care]]``: which care counts, and when it is within reach.

    The first is the headline's; the columns of each other end in its id. With ``travel = "roads"``
    `roads` names the extracts of OpenStreetMap that people travel on, else the speeds of estimated
    minutes; None takes the package's default.
    """

    id: str = Field(default="care", pattern=r"^[a-z][a-z0-9_]*$")
    label: str = ""
    kinds: list[str] = Field(default=[])
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
        return one_of(value if isinstance(value, str) else ", ".join(value), ROADS)

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


class CriterionPart(Part):
    """One of ``[[under_resourced.criteria]]``."""

    column: str
    label: str
    short: str | None = None
    at_least: float | None = None
    at_most: float | None = None


class UnderResourcedPart(Part):
    """``[under_resourced]``: who comes first, decided before anything is mapped."""

    criteria: list[CriterionPart] = Field(min_length=1)
    at_least: int = Field(default=1, ge=1)

    @property
    def tests(self) -> list[Criterion]:
        """The criteria as they are put to a table."""
        return [Criterion(**one.model_dump()) for one in self.criteria]


class FallsShortPart(Part):
    """``[falls_short]``: from which share of residents in the gap an area falls short."""

    gap_share_at_least: Share | None = None
    people_at_least: float = Field(default=50.0, ge=0, le=1e9)


class SensitivityPart(Part):
    """``[sensitivity]``: other settings to count under, beside those every run tries."""

    limit_min: list[Annotated[float, Field(gt=0, le=600)]] = Field(default=[])
    sd: list[Annotated[float, Field(ge=0, le=3)]] = Field(default=[0.0, 0.3])
    over_reported: list[Annotated[float, Field(gt=0, lt=1)]] = Field(default=[0.05, 0.15])


class ApplicationPart(Part):
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
        return [one_of(name, list_layouts()) for name in value]


class PricePart(Part):
    """``[price]``: what a line costs a month, and who says so; it never enters the gap."""

    usd_month: float = Field(gt=0, le=10_000)
    source: str = Field(min_length=1)
    income_share: float = Field(default=CUSTOMARY_SHARE, gt=0, lt=1)


class IndexPart(Part):
    """``[index]``: the recipe of an index of need, by its id or file; a second view of places."""

    recipe: str = Field(min_length=1)


class StudyPlan(Part):
    """A whole study file, validated."""

    study: AreasPart
    area: AreaPart | None = None
    boundaries: BoundaryPart | None = None
    counties: BoundaryPart | None = None
    centers: CentersPart | None = None
    acs: list[AcsPart] = Field(default=[])
    tables: list[TablePart] = Field(default=[])
    coverage: CoveragePart
    funded: list[FundedPart] = Field(default=[])
    sites: list[SitesPart] = Field(default=[])
    care: list[CarePart] = Field(default=[CarePart()], min_length=1)
    under_resourced: UnderResourcedPart
    falls_short: FallsShortPart = FallsShortPart()
    sensitivity: SensitivityPart = SensitivityPart()
    price: PricePart | None = None
    index: IndexPart | None = None
    application: ApplicationPart | None = None
    notes: list[str] = Field(default=[])

    @property
    def people_by(self) -> list[TablePart]:
        """Tables of the study's own that count its residents, where no survey does."""
        return [part for part in self.tables if "population_n" in part.columns]

    def suffix_of(self, rule: CoverageRule) -> str:
        """Return how columns under a rule end; the headline's have no suffix."""
        return "" if rule.id == self.study.headline else rule.suffix

    def suffix_of_care(self, care: CarePart) -> str:
        """Return how columns of a kind of care end; those of the first have no suffix."""
        return "" if care.id == self.care[0].id else f"__{care.id}"

    @field_validator("care", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value
