"""A study's whole table once more, from its file, with public calls alone.

Nothing here comes from ``equity.study`` but the reading of the file itself: what a study does, a
notebook can do.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

import equity as eq
from equity.areas.geoid import geo_id
from equity.areas.schema import base_name
from equity.measures.draws import Travel
from equity.measures.reach.catchment import catchment
from equity.measures.standing import Criterion
from equity.provenance import carry

CODED = r"^(?:[A-Z]\d|DP\d|CP\d)"
SIDE_BY_SIDE = ["qualifying_share", "coverage_status", "unserved_n", "underserved_n", "subscription_share",
                "subscription_share_moe", "connected_share", "connected_share_moe"]  # fmt: skip


def rebuilt(study: eq.Study) -> gpd.GeoDataFrame:
    plan, at = study.plan, study.folder
    state, level = plan.study.only_state, plan.study.level
    synthetic = plan.study.synthetic
    acs = [
        eq.read_acs(
            [at / f for f in ([part.files] if isinstance(part.files, str) else part.files)],
            year=part.year, level=level, state=state, columns=part.columns or None, synthetic=synthetic,
        )
        for part in plan.acs
    ]  # fmt: skip
    outlines = eq.read_boundaries(
        at / plan.counties.file, year=plan.counties.year, level="county", state=state,
        multi_state=True,
    )  # fmt: skip
    boundaries = eq.read_boundaries(
        at / plan.boundaries.file, year=plan.boundaries.year, level=level, state=state
    )
    tables = [
        eq.read_table(
            at / part.file, level=level, geo_vintage=part.geo_vintage, agency=part.agency,
            product=part.product, vintage=part.vintage, state=state, missing=part.missing,
            columns={n: c.model_dump(exclude_none=True) for n, c in part.columns.items()},
        )
        for part in plan.tables
    ]  # fmt: skip
    people = acs[0].assign(population_n=acs[0]["B01003_001E"])
    if "B01003_001M" in people:
        people["population_n_moe"] = people["B01003_001M"]
    areas = named(eq.combine(people, *acs[1:], boundaries, *tables), outlines)

    coded = areas.columns[areas.columns.str.match(CODED)]
    table, told = areas.drop(columns=coded), eq.covered_populations(areas)
    own = [name for name in told if base_name(name) in table.columns]
    table = eq.combine(table, told.drop(columns=own))
    table = with_care(study, table)
    rules = [eq.load_coverage_rule(name) for name in plan.study.rules]
    for rule, lines in zip(rules, coverage_of(study, rules), strict=True):
        homes = eq.adoption(areas, subscription=rule.subscription)
        here = eq.combine(table[["population_n"]], lines).drop(
            columns=["population_n", "area_status"]
        )
        if plan.coverage.kind == "locations":
            listed = here.index.str[:5].isin(lines.index.str[:5].unique())
            none = listed & here["coverage_status"].eq("not_covered")
            here["coverage_status"] = here["coverage_status"].mask(none, "no_locations")
        present = [
            n for n in ("population_n", "population_n_moe", "beyond_reach_share") if n in table
        ]
        base = eq.combine(carry(pd.DataFrame(table)[present], table), here, homes)
        gap = eq.telehealth_gap(base)
        if rule.id == plan.study.headline:
            table = eq.combine(table, here, homes, gap)
        else:
            apart = eq.combine(base, gap)[[*SIDE_BY_SIDE, *gap.columns]].add_suffix(rule.suffix)
            table = eq.combine(table, carry(apart, base))
    table = eq.combine(table, eq.recover(table))
    criteria = [Criterion(**part.model_dump()) for part in plan.under_resourced.criteria]
    first = eq.under_resourced(table, criteria, at_least=plan.under_resourced.at_least)
    short = eq.falls_short(table, **plan.falls_short.model_dump())
    travel = Travel(common=0.5) if plan.care[0].method == "travel" else None
    drawn = eq.standing(
        table, criteria, at_least=plan.under_resourced.at_least, travel=travel,
        **plan.falls_short.model_dump(),
    )  # fmt: skip
    table = eq.combine(table, first, short, drawn, eq.hotspots(table))
    return table.assign(geo_id=geo_id(table.index.to_series(), level))


def with_care(study: eq.Study, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    plan, care = study.plan, study.plan.care[0]
    read = {
        part.use: eq.read_sites(
            study.folder / part.file, as_of=part.as_of, layout=part.reader,
            columns=part.columns or None, unplaced=part.unplaced, kind=part.kind,
        )
        for part in plan.sites
    }  # fmt: skip
    sites = read.get("both", read.get("sites"))
    rurality = None if care.rurality is None else table[care.rurality]
    placed = table[table.geometry.notna()]
    near = eq.nearest_sites(placed, sites, rurality=rurality)
    if care.method == "travel":
        beyond = eq.beyond_reach(near, limit_min=care.limit_min, sd=care.sd)
        return eq.combine(table, eq.combine(near, beyond))
    supply, limit = read["capacity"], care.limit_min
    costs = eq.travel_costs(placed, supply, max_minutes=limit, rurality=rurality)
    access = catchment(
        costs, demand=placed["population_n"].fillna(0.0), supply=supply["fte"],
        method="e2sfca", steps={limit / 3: 1.0, 2 * limit / 3: 0.68, limit: 0.22},
    )  # fmt: skip
    table = eq.combine(table, near, access)
    benchmark = 10_000 / care.benchmark_people_per_fte
    return eq.combine(table, eq.beyond_reach(table, method="capacity", benchmark_per_10k=benchmark))


def coverage_of(study: eq.Study, rules: list) -> list[pd.DataFrame]:
    part, at = study.plan.coverage, study.folder
    state, level = study.plan.study.only_state, study.plan.study.level
    if part.kind == "summary":
        lines = eq.read_coverage(
            at / part.files, as_of=part.as_of, level=level, state=state,
            technologies=tuple(part.technologies), note=part.note,
        )  # fmt: skip
        return [eq.coverage(lines, rule=rule) for rule in rules]
    lines = eq.read_bdc([at / f for f in part.files], as_of=part.as_of, state=state)
    return [eq.coverage(lines, rule=rule, level=level) for rule in rules]


def named(areas: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give every area its own name and its county's."""
    parts = areas["name"].astype("string").str.split(r"\s*[;,]\s*", regex=True)
    county = areas.get("county_name", parts.str[1])
    county = county.fillna(areas.index.to_series().str[:5].map(outlines["name"]))
    fallback = "Area " + areas.index.to_series()
    name = parts.str[0].fillna(fallback)
    return areas.assign(name=name.astype(object), county_name=county.fillna("").astype(object))
