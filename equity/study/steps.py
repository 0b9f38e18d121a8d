"""From a study's inputs to its result table: the same public functions a notebook calls."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import pandas as pd

from equity.areas import recode
from equity.areas.geoid import geo_id
from equity.areas.join import JoinAudit, combine
from equity.errors import DependencyError, InputError, MissingColumnError
from equity.measures.adoption import adoption, covered_populations
from equity.measures.gap import (
    shortfall_by_access,
    shortfall_by_travel,
    telehealth_gap,
    unknown_lines,
)
from equity.measures.lines.coverage import coverage, coverage_under
from equity.measures.reach.catchment import catchment
from equity.measures.reach.travel import nearest_sites, population_centers, travel_costs
from equity.measures.standing import Criterion, falls_short, under_resourced
from equity.progress import track
from equity.provenance import carry, meta
from equity.rules import CoverageRule
from equity.study.file import StudyPlan
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
) -> tuple[Any, JoinAudit]:
    """Return the study's table, and how what was measured met the areas.

    Every measure under the headline rule, the gap under each. Every table enters through
    `combine`: key and vintage are checked, and each row that did not meet is counted.

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
        table = combine(_without_codes(inputs.areas), covered_populations(inputs.areas))
        table = _with_care(plan, inputs, table)
        advance(1)
        lines = _lines(plan, inputs, rules, cluster)
        audit = inputs.audit
        # The headline first: its columns are the ones without a suffix.
        for rule in sorted(rules, key=lambda rule: rule.id != plan.study.headline):
            here, found = _here(plan, table, lines[rule.id])
            if rule.id == plan.study.headline:
                audit += found
            table = combine(table, *_under_rule(plan, inputs, table, rule, here))
            advance(1)
        table = _with_standing(plan, table)
        advance(1)
    result = table.copy()  # one block again: dozens of columns came one by one
    result.insert(0, "geo_id", geo_id(result.index.to_series(), plan.study.level))
    return carry(result, table), audit


def _without_codes(areas: Any) -> Any:
    """Leave the Census Bureau's coded columns behind: the measures made of them stay."""
    coded = [name for name in areas.columns if name[:1].isupper() and name[1:2].isdigit()]
    coded += [name for name in areas.columns if name[:2] in {"DP", "CP"} and name[2:3].isdigit()]
    return areas.drop(columns=coded)


def _with_care(plan: StudyPlan, inputs: Inputs, table: Any) -> Any:
    if inputs.sites is None:
        raise InputError(
            "no site to measure distances to", fix='give one [[sites]] use = "sites" or "both"'
        )
    care, tolerance = plan.care, plan.study.join_tolerance
    rurality = None
    if care.rurality is not None:
        if care.rurality not in table.columns:
            raise MissingColumnError(
                f"care.rurality names {care.rurality}, which no input holds",
                fix="map it in one of [[tables]]",
            )
        rurality = table[care.rurality]
    placed = table[table.geometry.notna()]
    centers = _centers(plan, inputs)
    near = nearest_sites(placed, inputs.sites, centers=centers, rurality=rurality)
    table = combine(table, near, names=["Distances to sites"], tolerance=tolerance)
    if care.method == "travel":
        short = shortfall_by_travel(
            table["nearest_site_min"], limit_min=care.limit_min, care_exists=False
        )
    else:
        access = _access(plan, inputs, placed, centers=centers, rurality=rurality)
        table = combine(table, access, names=["Care within reach"], tolerance=tolerance)
        short = shortfall_by_access(
            table["access_per_10k"],
            benchmark_per_10k=_PER_10K / care.benchmark_people_per_fte,
        )
    return combine(table, carry(short.to_frame(), table))


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
        return {rule.id: unknown_lines(inputs.areas) for rule in rules}
    if plan.coverage.kind == "summary":
        return {rule.id: coverage(inputs.lines, rule=rule) for rule in rules}
    housing = None if inputs.blocks is None else inputs.blocks["housing_n"]
    with _executor(cluster) as executor:
        frames = coverage_under(
            inputs.lines, rules, level=plan.study.level, housing=housing, executor=executor
        )
    return {rule.id: _recoded(frame, inputs) for rule, frame in zip(rules, frames, strict=True)}


def _recoded(frame: pd.DataFrame, inputs: Inputs) -> Any:
    """Move Connecticut from its old counties, which the FCC keeps, to its planning regions."""
    if inputs.connecticut is None:
        return frame
    return recode.connecticut(frame, inputs.connecticut, to=str(meta(inputs.areas).geo_vintage))


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


def _here(plan: StudyPlan, table: Any, lines: pd.DataFrame) -> tuple[pd.DataFrame, JoinAudit]:
    """Return coverage in the rows of the table, and how the two met."""
    joined, found = combine(
        table[["population_n"]], lines, tolerance=plan.study.join_tolerance, audit=True
    )
    here = joined.drop(columns=["population_n", "area_status"])
    if plan.coverage.kind == "locations":
        # Filings name locations: an area that none of them names has none in the FCC's list.
        here = here.assign(
            coverage_status=here["coverage_status"].replace("not_covered", "no_locations")
        )
    return carry(here, joined), found


def _under_rule(
    plan: StudyPlan, inputs: Inputs, table: Any, rule: CoverageRule, here: pd.DataFrame
) -> list[pd.DataFrame]:
    """Return what one rule adds to the table: lines, homes and the gap."""
    homes = adoption(inputs.areas, subscription=rule.subscription)
    people = pd.DataFrame(table)[[name for name in _PEOPLE if name in table]]
    base = combine(carry(people, table), here, homes)
    gap = telehealth_gap(base)
    if rule.id == plan.study.headline:
        return [here, homes, gap]
    apart = combine(base, gap)[[*_SIDE_BY_SIDE, *gap.columns]]
    return [carry(apart.add_suffix(rule.suffix), here, homes)]


def _with_standing(plan: StudyPlan, table: Any) -> Any:
    criteria = [Criterion(**part.model_dump()) for part in plan.under_resourced.criteria]
    first = under_resourced(table, criteria, at_least=plan.under_resourced.at_least)
    short = falls_short(table, gap_share_at_least=plan.falls_short.gap_share_at_least)
    return combine(table, first, short)
