"""From a study's inputs to its result table: the same public functions a notebook calls."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import NamedTuple

import geopandas as gpd
import pandas as pd

from equity.areas.aggregate import roll_up
from equity.areas.geoid import geo_id
from equity.areas.join import JoinAudit, combine
from equity.areas.schema import base_name, is_acs_code
from equity.errors import MissingColumnError
from equity.language import mark
from equity.measures.adoption import adoption, counted_columns, covered_populations
from equity.measures.clusters import hotspots
from equity.measures.draws import Draws, Travel, draw_standing
from equity.measures.gap import SPLIT, telehealth_gap, unknown_lines
from equity.measures.index import IndexStability, index_stability, need_index
from equity.measures.lines.coverage import coverage, coverage_under
from equity.measures.lines.funded import already_funded
from equity.measures.price import line_over_income
from equity.measures.recover import recover
from equity.measures.standing import falls_short, under_resourced
from equity.progress import track
from equity.provenance import carry, meta, stamp
from equity.rules import CoverageRule, IndexRecipe
from equity.study.care import care_within_reach
from equity.study.inputs import Inputs
from equity.study.joining import joined, refuse_made_twice
from equity.study.parts import CarePart, StudyPlan

__all__ = ["Measured", "measure"]

_PEOPLE = ("population_n", "population_n_moe", "beyond_reach_share")
_CARE = (
    "nearest_site_km", "nearest_site_min", "nearest_site_id", "nearest_site_status",
    "access_per_10k", "access_status", "beyond_reach_share", "beyond_reach_status",
)  # fmt: skip
_OF_CARE = (
    *(f"{name}{moe}" for name in ("beyond_reach_n", "gap_n", "gap_share", *SPLIT)
      for moe in ("", "_moe")),
    "gap_status",
)  # fmt: skip
_SIDE_BY_SIDE = (
    "qualifying_share", "coverage_status", "unserved_n", "underserved_n", "subscription_share",
    "subscription_share_moe", "connected_share", "connected_share_moe",
)  # fmt: skip


class Measured(NamedTuple):
    """A study's table, how its parts met, and the draws behind its probabilities.

    `offers` are the best lines by H3 cell, where location files tell them; `need` is the index of
    need under other weights, where the study asks for one. None otherwise.
    """

    table: gpd.GeoDataFrame
    audit: JoinAudit
    draws: Draws
    offers: pd.DataFrame | None
    need: IndexStability | None


def measure(
    plan: StudyPlan,
    inputs: Inputs,
    rules: tuple[CoverageRule, ...],
    *,
    recipe: IndexRecipe | None = None,
    executor: Executor | None = None,
) -> Measured:
    """Return the study's table, how what was measured met the areas, draws, and practices' offers.

    Every measure under the headline rule, the gap under each. Every table enters through
    `combine`: key and vintage are checked, and each row that did not meet is counted.

    Parameters
    ----------
    plan, inputs
        The study and what it runs on.
    rules
        The rules side by side; the headline's columns carry no suffix.
    recipe
        Of an index of need beside the gap; None for none.
    executor
        What reads the coverage files; this machine's processes by default.
    """
    with track("Measuring", total=len(rules) + 2) as advance:
        table = _with_people(plan, inputs.areas)
        table = care_within_reach(plan, inputs, table, plan.care[0])
        advance(1)
        # The headline first: its columns are the ones without a suffix.
        rules = tuple(sorted(rules, key=lambda rule: rule.id != plan.study.headline))
        near_sites = "nearest_site_id" in table
        lines, offers, single = _lines(plan, inputs, rules, executor, by_cell=near_sites)
        if inputs.lines is not None:
            given = map(str, lines[plan.study.headline].columns)
            refuse_made_twice(inputs.areas, given, "[coverage] gives")
        audit = inputs.audit
        for rule in rules:
            here, found = _here(plan, table, lines[rule.id])
            if rule.id == plan.study.headline:
                audit += found
            table = combine(table, *_under_rule(plan, inputs, table, rule, here))
            advance(1)
        _refuse_no_headline(plan, table)
        if inputs.funded:
            table = combine(table, _already_funded(plan, inputs, lines, single))
        table = combine(table, recover(table))
        for care in plan.care[1:]:
            table = combine(table, _other_care(plan, inputs, table, care))
        table, drawn = _with_standing(plan, table)
        table, need = _with_need(inputs, table, recipe)
        advance(1)
    result = table.copy()  # one block again: dozens of columns came one by one
    result.insert(0, "geo_id", geo_id(result.index.to_series(), plan.study.level))
    return Measured(carry(result, table), audit, drawn, offers, need)


def _refuse_no_headline(plan: StudyPlan, table: gpd.GeoDataFrame) -> None:
    """Stop where the headline has no value in any area: a page of blanks helps nobody."""
    if table["gap_n"].notna().any():
        return
    # Lines that nobody knows make the gap a floor; they are no reason for it to be missing.
    reasons = {
        "population_n": "the first [[acs]] counts nobody",
        "beyond_reach_share": f"[[care]] {plan.care[0].id} tells nothing of any area",
        "connected_share": "the ACS tables do not tell the subscriptions that this rule counts",
        "qualifying_share": "[coverage] does not tell the lines that this rule asks for",
    }
    lacking = [name for name in reasons if table[name].isna().all()]
    what = f"is {lacking[0]}: {reasons[lacking[0]]}" if lacking else f"has all of {list(reasons)}"
    start = "missing everywhere" if lacking else "no area"
    raise MissingColumnError(
        f"the headline, the gap under {plan.study.headline}, has no value in any area; "
        f"{start} {what}",
        fix="add that input, or name another rule as headline in [study]",
    )


def _with_people(plan: StudyPlan, areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add the shares of the populations that the ACS tells, or a table of the study's own."""
    table, told = _without_codes(areas), covered_populations(areas)
    refuse_made_twice(table, counted_columns(areas), "[[acs]] count")
    own = [name for name in told.columns if base_name(str(name)) in table.columns]
    price = [] if plan.price is None else [line_over_income(areas, **plan.price.model_dump())]
    return combine(table, told.drop(columns=own), *price)


def _without_codes(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave the Census Bureau's coded columns behind: the measures made of them stay."""
    return areas.drop(columns=[name for name in areas.columns if is_acs_code(str(name))])


def _other_care(
    plan: StudyPlan, inputs: Inputs, table: gpd.GeoDataFrame, care: CarePart
) -> pd.DataFrame:
    """Return what another kind of care adds: its own three counts, under the headline rule."""
    bare = table.drop(columns=[name for name in _CARE if name in table.columns])
    reached = care_within_reach(plan, inputs, bare, care)
    new = [name for name in reached.columns if name not in bare.columns]
    gap = telehealth_gap(reached)
    columns = combine(reached[new], gap)
    return carry(columns[[*new, *_OF_CARE]].add_suffix(f"__{care.id}"), reached)


def _lines(
    plan: StudyPlan,
    inputs: Inputs,
    rules: tuple[CoverageRule, ...],
    executor: Executor | None,
    *,
    by_cell: bool,
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame | None, pd.DataFrame | None]:
    """Return coverage under each rule and, if asked for, under the first more from the same pass.

    The best offers by cell, and every location's class where lists of what is funded name
    locations. Location files are read once for all of it.
    """
    if inputs.lines is None:
        return {rule.id: unknown_lines(inputs.areas) for rule in rules}, None, None
    if isinstance(inputs.lines, pd.DataFrame):
        return {rule.id: coverage(inputs.lines, rule=rule) for rule in rules}, None, None
    housing = None if inputs.blocks is None else _housing(plan, inputs)
    offers = rules[0] if by_cell and plan.coverage.kind == "locations" else None
    numbered = any("funded_n" in one and one["funded_n"].notna().any() for one in inputs.funded)
    apart = rules[0] if inputs.funded and not numbered else None
    frames, found, single = coverage_under(
        inputs.lines, rules, level=plan.study.level, whole=1, offers=offers, apart=apart,
        housing=housing, executor=executor,
    )  # fmt: skip
    lines = {rule.id: inputs.recoded(frame) for rule, frame in zip(rules, frames, strict=True)}
    return lines, found, single


def _housing(plan: StudyPlan, inputs: Inputs) -> pd.Series:
    """Return housing units by block, once the blocks are seen to be those of the study's areas."""
    blocks = inputs.blocks
    assert blocks is not None, "asked for before"
    by_area = roll_up(blocks[["housing_n"]], plan.study.level)[["housing_n"]]
    tolerance = plan.study.join_tolerance
    joined(
        inputs.areas[["population_n"]],
        inputs.recoded(by_area),
        tolerance=tolerance,
        names=[mark("Blocks of coverage.housing")],
    )
    units: pd.Series = blocks["housing_n"]
    return units


def _already_funded(
    plan: StudyPlan,
    inputs: Inputs,
    lines: dict[str, pd.DataFrame],
    single: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return what a commitment already covers: location by location where those are read."""
    here, files = lines[plan.study.headline], inputs.lines
    if single is None or files is None or isinstance(files, pd.DataFrame):
        return already_funded(here, inputs.funded)
    stamp(single, geo_vintage=meta(here).geo_vintage, sources=files.sources)
    found = already_funded(single, inputs.funded, level=plan.study.level)
    return inputs.recoded(found)


def _here(
    plan: StudyPlan, table: gpd.GeoDataFrame, lines: pd.DataFrame
) -> tuple[pd.DataFrame, JoinAudit]:
    """Return coverage in the rows of the table, and how the two met."""
    tolerance = plan.study.join_tolerance
    met, found = joined(table[["population_n"]], lines, tolerance=tolerance)
    here = met.drop(columns=["population_n", "area_status"])
    if plan.coverage.kind == "locations":
        # Filings name locations: an area that none of them names, in a county that they do name,
        # has none in the FCC's list. Whole counties that are missing are missing data.
        listed = here.index.str[:5].isin(lines.index.str[:5].unique())
        none = listed & here["coverage_status"].eq("not_covered")
        here = here.assign(coverage_status=here["coverage_status"].mask(none, "no_locations"))
    return carry(here, met), found


def _under_rule(
    plan: StudyPlan, inputs: Inputs, table: gpd.GeoDataFrame, rule: CoverageRule, here: pd.DataFrame
) -> list[pd.DataFrame]:
    """Return what one rule adds to the table: lines, homes and the gap."""
    homes = adoption(inputs.areas, subscription=rule.subscription, connected=plan.study.connected)
    people = pd.DataFrame(table)[[name for name in _PEOPLE if name in table]]
    base = combine(carry(people, table), here, homes)
    gap = telehealth_gap(base)
    if rule.id == plan.study.headline:
        return [here, homes, gap]
    both = combine(base, gap)
    apart = both[[name for name in (*_SIDE_BY_SIDE, *gap.columns) if name in both]]
    return [carry(apart.add_suffix(rule.suffix), here, homes)]


def _with_standing(plan: StudyPlan, table: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Draws]:
    criteria = plan.under_resourced.tests
    cuts, needed = plan.falls_short.model_dump(), plan.under_resourced.at_least
    first = under_resourced(table, criteria, at_least=needed)
    short = falls_short(table, **cuts)
    # A capacity has no minutes to draw again, and a share of one's own says nothing of its error.
    # Roads and mountains are shared by neighbors: half of the error is taken to be the county's.
    travel = Travel(common=0.5) if plan.care[0].method == "travel" else None
    drawn = draw_standing(table, criteria, at_least=needed, travel=travel, **cuts)
    return combine(table, first, short, drawn.areas(), hotspots(table)), drawn


def _with_need(
    inputs: Inputs, table: gpd.GeoDataFrame, recipe: IndexRecipe | None
) -> tuple[gpd.GeoDataFrame, IndexStability | None]:
    """Add an index of need, which may be made of all that was measured and of coded columns."""
    if recipe is None:
        return table, None
    coded = [name for name in inputs.areas.columns if is_acs_code(str(name))]
    whole = combine(table, inputs.areas[coded]) if coded else table
    stable = index_stability(whole, recipe)
    beside = stable.areas.drop(columns="need_index_rank")
    return combine(table, need_index(whole, recipe), beside), stable
