"""From a study's inputs to its result table: the same public functions a notebook calls."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.geoid import geo_id
from equity.areas.schema import describe
from equity.errors import DependencyError, InputError, MissingColumnError
from equity.measures.adoption import adoption, covered_populations
from equity.measures.gap import (
    gap_totals,
    shortfall_by_access,
    shortfall_by_travel,
    telehealth_gap,
)
from equity.measures.lines.coverage import coverage, coverage_under
from equity.measures.reach.catchment import catchment
from equity.measures.reach.travel import nearest_sites, population_centers, travel_costs
from equity.progress import track
from equity.provenance import carry
from equity.rules import CoverageRule
from equity.study.file import CriterionPart, StudyPlan
from equity.study.inputs import Inputs

__all__ = ["measure"]

_PER_10K = 10_000.0
_CONNECT_S = 20
_MADE_OF_BLOCKS = ("block_group", "tract", "county", "state")
_PEOPLE = ("population_n", "population_n_moe", "in_person_shortfall")
_SIDE_BY_SIDE = (
    "qualifying_share", "coverage_status", "subscription_share",
    "subscription_share_moe", "connected_share", "connected_share_moe",
)  # fmt: skip


def measure(
    plan: StudyPlan,
    inputs: Inputs,
    rules: tuple[CoverageRule, ...],
    *,
    cluster: str | None = None,
) -> Any:
    """Return the study's table: every measure under the headline rule, the gap under each.

    Parameters
    ----------
    plan, inputs
        The study and what it runs on.
    rules
        The rules side by side; the headline's columns carry no suffix.
    cluster
        Address of a Dask scheduler that reads the coverage files.
    """
    with track("Measuring", total=len(rules) + 2) as advance:
        table = _without_codes(inputs.areas)
        table = _attach(table, covered_populations(inputs.areas))
        table = _attach(table, _care(plan, inputs))
        advance(1)
        lines = _lines(plan, inputs, rules, cluster)
        # The headline first: its columns are the ones without a suffix.
        for rule in sorted(rules, key=lambda rule: rule.id != plan.study.headline):
            table = _attach(table, _under_rule(plan, inputs, table, rule, lines[rule.id]))
            advance(1)
        table = _attach(table, _standing(plan, table))
        advance(1)
    result = table.copy()  # one block again: dozens of columns came one by one
    result.insert(0, "geo_id", geo_id(result.index.to_series(), plan.study.level))
    return carry(result, table)


def _without_codes(areas: Any) -> Any:
    """Leave the Census Bureau's coded columns behind: the measures made of them stay."""
    coded = [name for name in areas.columns if name[:1].isupper() and name[1:2].isdigit()]
    coded += [name for name in areas.columns if name[:2] in {"DP", "CP"} and name[2:3].isdigit()]
    return areas.drop(columns=coded)


def _attach(table: Any, new: pd.DataFrame) -> Any:
    """Put measures beside a table with the same index; what is there already stays."""
    fresh = [name for name in new.columns if name not in table.columns]
    return carry(table.join(new[fresh]), table, new)


def _care(plan: StudyPlan, inputs: Inputs) -> pd.DataFrame:
    if inputs.sites is None:
        raise InputError(
            "no site to measure distances to", fix='give one [[sites]] use = "sites" or "both"'
        )
    areas, care = inputs.areas, plan.care
    rurality = None
    if care.rurality is not None:
        if care.rurality not in areas.columns:
            raise MissingColumnError(
                f"care.rurality names {care.rurality}, which no input holds",
                fix="map it in one of [[tables]]",
            )
        rurality = areas[care.rurality]
    placed = areas[areas.geometry.notna()]
    centers = _centers(plan, inputs)
    near = nearest_sites(placed, inputs.sites, centers=centers, rurality=rurality)
    result = near.reindex(areas.index)
    result["nearest_site_status"] = result["nearest_site_status"].fillna("not_covered")
    if care.method == "travel":
        short = shortfall_by_travel(
            result["nearest_site_min"], limit_min=care.limit_min, care_exists=False
        )
    else:
        access = _access(plan, inputs, placed, centers=centers, rurality=rurality)
        access = access.reindex(areas.index)
        result = result.join(access)
        short = shortfall_by_access(
            result["access_per_10k"],
            benchmark_per_10k=_PER_10K / care.benchmark_people_per_fte,
        )
    result["in_person_shortfall"] = short
    return carry(result, near)


def _centers(plan: StudyPlan, inputs: Inputs) -> pd.DataFrame | None:
    """Return where the people of each area are, if the study has blocks inside its areas."""
    if inputs.blocks is None or plan.study.level not in _MADE_OF_BLOCKS:
        return None
    return population_centers(inputs.blocks, level=plan.study.level)


def _access(
    plan: StudyPlan, inputs: Inputs, placed: Any, *, centers: Any, rurality: Any
) -> pd.DataFrame:
    supply = inputs.capacity
    if supply is None or supply["fte"].isna().all():
        raise InputError(
            "care.method = 'catchment' needs clinicians with FTE",
            fix='give [[sites]] with a fte column, or use method = "travel"',
        )
    unknown = int(supply["fte"].isna().sum())
    if unknown:
        raise InputError(
            f"{unknown:,} of {len(supply):,} places have no FTE, so no ratio can be formed",
            rows=supply.index[supply["fte"].isna()],
            fix='fill them in, or set use = "sites" on the input without FTE',
        )
    limit = plan.care.limit_min
    costs = travel_costs(placed, supply, max_minutes=limit, centers=centers, rurality=rurality)
    people = placed["population_n"].fillna(0.0)
    # Thirds of the limit: the slow weights of Luo & Qi at 30 minutes, their hour form at 60.
    steps = {limit / 3: 1.0, 2 * limit / 3: 0.68, limit: 0.22}
    return catchment(costs, demand=people, supply=supply["fte"], method="e2sfca", steps=steps)


def _lines(
    plan: StudyPlan, inputs: Inputs, rules: tuple[CoverageRule, ...], cluster: str | None
) -> dict[str, pd.DataFrame]:
    """Return coverage under each rule; location files are read once for all of them."""
    if plan.coverage.kind == "unknown":
        return {rule.id: _unknown_lines(inputs.areas.index) for rule in rules}
    if plan.coverage.kind == "summary":
        return {rule.id: coverage(inputs.lines, rule=rule) for rule in rules}
    housing = None if inputs.blocks is None else inputs.blocks["housing_n"]
    with _executor(cluster) as executor:
        frames = coverage_under(
            inputs.lines, rules, level=plan.study.level, housing=housing, executor=executor
        )
    return {
        rule.id: _recoded(frame, inputs.connecticut)
        for rule, frame in zip(rules, frames, strict=True)
    }


_UNKNOWN = "lines_unknown"


def _unknown_lines(index: pd.Index) -> pd.DataFrame:
    """Stand in for coverage that nobody has: every number of it is missing."""
    nothing = dict.fromkeys(("locations_n", "qualifying_n", "qualifying_share"), np.nan)
    frame = pd.DataFrame(nothing, index=index, dtype=float)
    frame["coverage_status"] = _UNKNOWN
    return frame


def _gap_floor(table: pd.DataFrame) -> pd.DataFrame:
    """Return the gap at least: as if a line reached every home, with the lines' part missing.

    Usable links are the smaller of two shares. With one of them unknown, the other is an upper
    bound, and what it leaves is a lower bound of the gap.
    """
    gap = telehealth_gap(table.assign(qualifying_share=1.0).drop(columns="locations_n"))
    hidden = ["gap_infrastructure_n", "gap_ceiling_n", "subscribed_beyond_rule_share"]
    hidden += [f"{name}_moe" for name in hidden]
    return carry(gap.assign(**{n: np.nan for n in hidden if n in gap}), gap)


def _recoded(frame: pd.DataFrame, codes: pd.Series | None) -> pd.DataFrame:
    """Move Connecticut from its old counties, which the FCC keeps, to its planning regions."""
    if codes is None:
        return frame
    tract = frame.index.str[:11]
    found = pd.Series(tract, index=frame.index).map(codes)
    ids = found.where(found.notna(), tract) + frame.index.str[11:]
    result = frame.set_axis(pd.Index(ids, name="geoid", dtype=object), axis=0)
    return carry(result, frame)


@contextmanager
def _executor(cluster: str | None) -> Iterator[Executor | None]:
    if cluster is None:
        yield None
        return
    try:
        from dask.distributed import Client
    except ImportError:
        raise DependencyError(
            "a cluster needs Dask", fix='pip install "telehealth-equity[cluster]"'
        ) from None
    try:
        client = Client(cluster, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no Dask scheduler answers at {cluster!r} ({error})",
            fix="start one with `dask scheduler` and give the address that it prints, for example "
            "tcp://127.0.0.1:8786",
            code="E-CLUSTER",
        ) from None
    with client:
        yield client.get_executor()


def _under_rule(
    plan: StudyPlan, inputs: Inputs, table: Any, rule: CoverageRule, lines: pd.DataFrame
) -> pd.DataFrame:
    here = lines.reindex(table.index)
    here["coverage_status"] = here["coverage_status"].astype(object).fillna("no_locations")
    homes = adoption(inputs.areas, subscription=rule.subscription)
    base = table[[name for name in _PEOPLE if name in table]]
    inputs_of_gap = base.join(here).join(homes)
    unknown = plan.coverage.kind == "unknown"
    gap = _gap_floor(inputs_of_gap) if unknown else telehealth_gap(inputs_of_gap)
    columns = here.join(homes).join(gap)
    if rule.id == plan.study.headline:
        return carry(columns, lines, homes)
    return carry(columns[[*_SIDE_BY_SIDE, *gap.columns]].add_suffix(rule.suffix), lines, homes)


def _standing(plan: StudyPlan, table: Any) -> pd.DataFrame:
    """Say who is under-resourced, why, and who falls short."""
    criteria = plan.under_resourced.criteria
    met = pd.DataFrame(index=table.index)
    reasons = pd.DataFrame(index=table.index)
    unsure = pd.Series(data=False, index=table.index)
    known = pd.Series(data=False, index=table.index)
    for i, criterion in enumerate(criteria):
        met[i], reasons[i], near = _criterion(table, criterion)
        known |= table[criterion.column].notna()
        unsure |= near
    result = pd.DataFrame(index=table.index)
    enough = met.sum(axis=1) >= plan.under_resourced.at_least
    result["is_under_resourced"] = enough & (table["population_n"] > 0)
    texts = reasons.where(met, "").apply(lambda row: "; ".join(t for t in row if t), axis=1)
    result["under_resourced_reason"] = texts.where(result["is_under_resourced"], "")
    result["under_resourced_status"] = np.select(
        [table["population_n"] == 0, ~known, unsure],
        ["no_population", "not_covered", "within_margin"],
        default="ok",
    )
    cut = plan.falls_short.gap_share_at_least
    cut = gap_totals(table)["gap_share"] if cut is None else cut
    result["falls_short"] = (table["gap_share"] >= cut) & (table["gap_n"] > 0)
    return result


def _criterion(table: Any, criterion: CriterionPart) -> tuple[pd.Series, pd.Series, pd.Series]:
    if criterion.column not in table.columns:
        raise MissingColumnError(
            f"under_resourced names {criterion.column}, which no input holds",
            fix="read its ACS table, or map it in one of [[tables]]",
        )
    value = table[criterion.column].astype(float)
    margin = table.get(f"{criterion.column}_moe", pd.Series(np.nan, index=table.index))
    cut = criterion.at_least if criterion.at_least is not None else criterion.at_most
    meets = value >= cut if criterion.at_least is not None else value <= cut
    near = ((value - cut).abs() <= margin).fillna(value=False)
    return meets, _said(criterion, value, margin), near


def _said(criterion: CriterionPart, value: pd.Series, margin: pd.Series) -> pd.Series:
    from equity.outputs.words import say

    declared = describe([criterion.column])[0]
    unit, name = declared.unit, criterion.short or declared.label
    return pd.Series(
        [
            "" if pd.isna(v) else f"{name} {say(v, unit, moe=m)}"
            for v, m in zip(value, margin, strict=True)
        ],
        index=value.index,
    )
