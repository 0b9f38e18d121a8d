"""The other choices that a study's inputs allow: one setting each, for the sensitivity panel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import pandas as pd

from equity.areas.join import combine
from equity.areas.schema import describe
from equity.areas.words import number
from equity.errors import EquityError
from equity.language import decimal, tr
from equity.measures.gap import gap_alone, gap_range
from equity.measures.sensitivity import OTHER_CARE, Sensitivity, Setting, sensitivity
from equity.measures.standing import under_resourced
from equity.rules import CoverageRule
from equity.sources.care.kinds import kind_of, kinds_in_words
from equity.study import prose as words
from equity.study.care import Trips, beyond_by_trips, care_within_reach, trips
from equity.study.file import StudyPlan
from equity.study.inputs import Inputs
from equity.study.parts import CarePart

__all__ = ["other_choices"]

_INPUTS = (
    "population_n", "beyond_reach_share", "qualifying_share", "connected_share", "device_share",
    "coverage_status", "is_under_resourced",
)  # fmt: skip


def other_choices(
    plan: StudyPlan,
    inputs: Inputs,
    rules: tuple[CoverageRule, ...],
    table: gpd.GeoDataFrame,
    *,
    within: pd.Series | None = None,
) -> Sensitivity:
    """Return the finding under the study's own setting and every other that can be computed.

    Parameters
    ----------
    plan, inputs, rules
        The study, what it runs on, and its rules.
    table
        Its table.
    within
        Share of each area's people to count, where the study is about a part of its areas.
    """
    chosen = _Choices(plan, inputs, table)
    settings = [
        *chosen.limits(), *chosen.spreads(), *chosen.roads(), *chosen.kinds(), *chosen.forms(),
        *chosen.rules(rules), *chosen.overlaps(), *chosen.over_reports(), *chosen.carriers(),
        *chosen.criteria(),
    ]  # fmt: skip
    return sensitivity(table, settings, within=within, **plan.falls_short.model_dump())


class _Choices:
    def __init__(self, plan: StudyPlan, inputs: Inputs, table: gpd.GeoDataFrame) -> None:
        self.plan, self.inputs, self.table = plan, inputs, table
        self.care, self.asked = plan.care[0], plan.sensitivity
        self.measured: dict[tuple[str | None, ...], Trips] = {}
        ratio = self.care.by_ratio or self.care.unit == "share"
        self.by_minutes = not (self.care.by_capacity or ratio)
        needed = ("population_n", "geometry", self.care.rurality, self.care.column)
        self.bare = table[[name for name in dict.fromkeys(needed) if name in table.columns]]

    def _gap(self, **changes: pd.Series) -> pd.DataFrame:
        """Return the gap with some of its inputs changed."""
        columns = [name for name in _INPUTS if name in self.table.columns]
        base = pd.DataFrame(self.table)[columns].assign(**changes)
        gap = gap_alone(base)
        return base.assign(gap_n=gap["gap_n"], gap_share=gap["gap_share"])

    def _trips(self, care: CarePart) -> Trips:
        """Return distances, measured once for all settings that do not change them."""
        key = (care.travel, care.speeds, *care.kinds)
        if key not in self.measured:
            self.measured[key] = trips(self.plan, self.inputs, self.bare, care)
        return self.measured[key]

    def _with_care(self, key: str, label: str, group: str, **changes: Any) -> Setting:
        care = self.care.model_copy(update=changes)
        try:
            share = self._beyond(care)
        except EquityError as error:
            return Setting(key, label, group, why_not=error.what)
        return Setting(key, label, group, self._gap(beyond_reach_share=share))

    def _beyond(self, care: CarePart) -> pd.Series:
        if care.method == "travel":  # of what is beside it nothing is asked
            bare, tolerance = self.bare[["population_n"]], self.plan.study.join_tolerance
            reached = combine(bare, beyond_by_trips(self._trips(care), care), tolerance=tolerance)
        else:
            reached = care_within_reach(self.plan, self.inputs, self.bare, care)
        share: pd.Series = reached["beyond_reach_share"]
        return share

    def _asked_in_vain(self, field: str, group: str, why: str) -> Iterator[Setting]:
        """Yield what the study asks for by name and its inputs cannot tell, with the reason."""
        if field in self.asked.model_fields_set:
            for value in getattr(self.asked, field):
                yield Setting(f"{group}-{value:g}", f"{field} = {value:g}", group, why_not=why)

    def limits(self) -> Iterator[Setting]:
        own = self.care.limit_min
        if not self.by_minutes:
            why = tr("care is not counted by minutes")
            yield from self._asked_in_vain("limit_min", "limit", why)
            return
        for limit in self.asked.limit_min or (round(own * 2 / 3), round(own * 4 / 3)):
            label = tr("{limit} minutes instead of {own}", limit=f"{limit:g}", own=f"{own:g}")
            yield self._with_care(f"limit-{limit:g}", label, "limit", limit_min=float(limit))

    def spreads(self) -> Iterator[Setting]:
        if not self.by_minutes:
            yield from self._asked_in_vain("sd", "spread", tr("care is not counted by minutes"))
            return
        for sd in self.asked.sd:
            within = number(100 * math.expm1(sd))
            spread = tr("minutes within {n} % of the true ones, two times in three", n=within)
            label = tr("minutes taken as exact") if sd == 0 else spread
            yield self._with_care(f"spread-{sd:g}", label, "spread", sd=sd)

    def roads(self) -> Iterator[Setting]:
        """Yield the other speeds that minutes may be estimated with, in place of roads too."""
        if self.care.method == "column":
            return
        for name, label in words.BY_ROADS.items():
            if name != self.care.speeds:
                yield self._with_care(
                    f"roads-{name}", tr(label), "travel estimate", travel="estimate", roads=name
                )

    def kinds(self) -> Iterator[Setting]:
        """Other kinds of sites that are at hand: never counted by the study, so told apart."""
        if self.inputs.sites is None or self.care.method != "travel" or not self.care.kinds:
            return
        there = sorted(kind_of(self.inputs.sites["kind"]).dropna().unique())
        for kind in there:
            if [kind] != self.care.kinds:
                label = tr("{kinds} alone count", kinds=kinds_in_words(kind, plural=True))
                yield self._with_care(f"kind-{kind}", label, OTHER_CARE, kinds=[kind])

    def forms(self) -> Iterator[Setting]:
        have = self.inputs.capacity is not None and self.inputs.capacity["fte"].notna().any()
        people = decimal(self.care.benchmark_people_per_fte)
        if self.care.by_capacity:
            label = tr(
                "distance to the nearest site instead of clinicians per {people} people",
                people=people,
            )
            yield self._with_care("travel", label, "form", method="travel")
        elif have:
            label = tr("clinicians per {people} people instead of distance", people=people)
            yield self._with_care("capacity", label, "form", method="capacity")

    def rules(self, rules: tuple[CoverageRule, ...]) -> Iterator[Setting]:
        for rule in rules:
            name = f"gap_n{rule.suffix}"
            if rule.id == self.plan.study.headline:
                continue
            label = tr("by the rule: {title}", title=tr(rule.title))
            if self.table[name].isna().all():
                lines = f"qualifying_share{rule.suffix}"
                lines_known = lines in self.table and self.table[lines].notna().any()
                why = (
                    tr("no table tells which subscriptions are as fast as it asks")
                    if lines_known
                    else tr("the inputs do not tell which lines are as fast as it asks")
                )
                yield Setting(f"rule-{rule.id}", label, "rule", why_not=why)
                continue
            changed = self._renamed({name: "gap_n", f"gap_share{rule.suffix}": "gap_share"})
            if changed["gap_n"].equals(self.table["gap_n"]):
                why = tr(
                    "the inputs do not tell it from the headline's rule: its numbers are the same"
                )
                yield Setting(f"rule-{rule.id}", label, "rule", why_not=why)
                continue
            yield Setting(f"rule-{rule.id}", label, "rule", changed)

    def _renamed(self, names: dict[str, str]) -> pd.DataFrame:
        kept = pd.DataFrame(self.table)[["population_n", "is_under_resourced", *names]]
        return kept.rename(columns=names)

    def _counted(self, gap_n: pd.Series) -> pd.DataFrame:
        """Return the table with another count of people in the gap."""
        kept = pd.DataFrame(self.table)[["population_n", "is_under_resourced"]]
        return kept.assign(gap_n=gap_n, gap_share=gap_n / kept["population_n"])

    def overlaps(self) -> Iterator[Setting]:
        for name, label in (
            ("gap_independence_n", tr("lines and connected homes independent of each other")),
            ("gap_ceiling_n", tr("lines and connected homes overlap least")),
        ):
            if self.table[name].notna().any():
                yield Setting(name[4:-2], label, "overlap", self._counted(self.table[name]))

    def over_reports(self) -> Iterator[Setting]:
        if self.table["qualifying_share"].isna().all():
            yield from self._asked_in_vain(
                "over_reported", "over-report", tr("lines are not known")
            )
            return
        for part in self.asked.over_reported:
            changed = self._counted(gap_range(self.table, over_reported=part)["gap_n"])
            label = tr("{n} % of qualifying locations over-reported", n=f"{part * 100:g}")
            yield Setting(f"over-reported-{part:g}", label, "over-report", changed)

    def carriers(self) -> Iterator[Setting]:
        connected = self.table["connected_share"]
        for name, whole, key, label in (
            ("cellular_only_share", "subscription_share", "no-cellular",
             tr("a cellular plan alone does not count")),
            ("smartphone_only_share", "device_share", "no-smartphone",
             tr("a smartphone alone does not count")),
        ):  # fmt: skip
            if name in self.table and self.table[name].notna().any():
                # Homes with both are at most those that are left of each.
                left = (self.table[whole] - self.table[name]).clip(lower=0.0)
                fewer = connected.where(connected <= left, left).where(left.notna())
                yield Setting(key, label, "carrier", self._gap(connected_share=fewer))
            else:
                yield Setting(key, label, "carrier", why_not=_absent(name))
        label, name = tr("a telephone call counts as a visit"), "no_telephone_share"
        if name in self.table:
            reached = 1 - self.table[name]
            line = pd.Series(1.0, index=self.table.index)
            changed = self._gap(qualifying_share=line, connected_share=reached)
            yield Setting("telephone", label, "carrier", changed)
        else:
            why = tr("no input tells: {column}", column=tr("Homes without a telephone"))
            yield Setting("telephone", label, "carrier", why_not=why)

    def criteria(self) -> Iterator[Setting]:
        part = self.plan.under_resourced
        criteria = part.tests
        for needed in (part.at_least - 1, part.at_least + 1):
            if 1 <= needed <= len(criteria):
                found = under_resourced(self.table, criteria, at_least=needed)
                changed = pd.DataFrame(self.table)[["population_n", "gap_n", "gap_share"]]
                changed = changed.assign(is_under_resourced=found["is_under_resourced"])
                label = tr(
                    "{n} of {all} criteria instead of {own}",
                    n=str(needed),
                    all=str(len(criteria)),
                    own=str(part.at_least),
                )
                yield Setting(f"criteria-{needed}", label, "criteria", changed)


def _absent(name: str) -> str:
    (column,) = describe([name])
    return tr("no input tells: {column}", column=tr(column.label))
