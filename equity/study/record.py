"""What a run found: the table, and all that its outputs have to say about where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from equity.areas.join import JoinAudit
from equity.language import ENGLISH, tr, translated
from equity.measures.draws import Draws, Interval
from equity.measures.index import IndexStability
from equity.measures.sensitivity import Sensitivity
from equity.provenance import Source
from equity.rules import CoverageRule
from equity.study.area import Area
from equity.study.file import StudyPlan

__all__ = ["Record"]


@dataclass(frozen=True, repr=False)
class Record:
    """What a run found, before anything is said or written about it.

    Attributes
    ----------
    table
        GeoDataFrame, one row per area that the study is about, index ``geoid``.
    everywhere
        The same of all areas that were read: the measures ran over these.
    plan, text
        The study and its file.
    rules
        Coverage rules side by side.
    sources
        Every input.
    audit
        How the tables met, with every unmatched row and its reason.
    draws
        Draws of what may be true, behind probabilities and intervals.
    choices
        The finding under other settings.
    practices
        Sites and the people who rely on them, by whether the site's own line is fit.
    credits
        Column -> agency, product and vintage of the table that brought it.
    outlines, sites
        County boundaries and places of care, for the map.
    area
        The part of what was read that the study is about; None where it is all of it.
    need
        The index of need under other weights, over all areas that were read; None if not asked.
    application
        The application's own sites.
    by_person
        What homes and people of each class told the survey, by area that was read.
    """

    plan: StudyPlan
    text: str
    table: gpd.GeoDataFrame
    everywhere: gpd.GeoDataFrame
    rules: tuple[CoverageRule, ...]
    sources: tuple[Source, ...]
    audit: JoinAudit
    draws: Draws
    choices: Sensitivity
    practices: pd.DataFrame | None
    credits: Mapping[str, str]
    outlines: gpd.GeoDataFrame | None = None
    sites: gpd.GeoDataFrame | None = None
    area: Area | None = None
    need: IndexStability | None = None
    application: pd.DataFrame | None = None
    by_person: pd.DataFrame | None = None

    @property
    def lang(self) -> str:
        """The language in which it was run, and is written."""
        return self.plan.study.lang or ENGLISH

    @property
    def title(self) -> str:
        """What the finding is about: the area, where the study has one."""
        return self.plan.study.title if self.area is None else translated(self.area.name)

    @property
    def overall(self) -> str:
        """The rate from which on a community falls short, in words."""
        if self.area:
            return tr("the overall rate of {title}", title=self.plan.study.title)
        return tr("the study's overall rate")

    @property
    def listed(self) -> str:
        """Where the places that fall short are listed."""
        return tr("below")

    def interval(self, what: str) -> Interval:
        """Return all people in the gap (``gap_n``) or without a link (``no_link_n``), by draws."""
        return self.draws.total(what=what)

    @property
    def within(self) -> bool:
        """True where sentences limit themselves to the area, since more was read."""
        return self.rest is not None

    @property
    def rest(self) -> gpd.GeoDataFrame | None:
        """What lies outside the area; None where everything that was read lies in it."""
        if self.area is None or not self.area.rest:
            return None
        return self.area.outside(self.everywhere)

    @property
    def synthetic(self) -> bool:
        """True if any input is generated."""
        return self.plan.study.synthetic or any(source.synthetic for source in self.sources)

    @property
    def focus(self) -> gpd.GeoDataFrame:
        """Areas that are under-resourced and fall short, largest gap first."""
        table = self.table
        chosen = table[table["is_under_resourced"] & table["falls_short"]]
        return chosen.sort_values("gap_n", ascending=False, kind="stable")
