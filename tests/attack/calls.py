"""Wrong arguments to every public function: one at a time, in place of one that works."""

from __future__ import annotations

import inspect
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ground import RIGHT, TRACEBACK, UNCLEAR, Ground, Tally, outcome_of

import equity as eq
from equity.errors import EquityError
from equity.funding.costs import made_up_costs
from equity.measures.reach.virtual import LineOrNone
from equity.measures.sensitivity import Setting
from equity.measures.standing import Criterion
from equity.rules.index_recipe import IndexRecipe, Indicator, Theme

OF_THE_NETWORK = {"get_acs", "get_bdc", "get_blocks", "get_boundaries", "get_designations",
                  "get_sites", "doctor"}  # fmt: skip
"""They ask a publisher once their arguments are right: only what is refused before is tried."""
ODD: list[Any] = [
    None, True, 0, -1, 7, 1.5, float("nan"), float("inf"), 10**400, 1j, "", "x", "a" * 5000, "~",
    "\ud800", "\0", b"x", [], ["x"], [None], (), (1,), {}, {"x": 1}, {1: 2}, set(), object(), int,
    np.float64(3), np.array([1.0]), np.array([]), range(3), Path("nowhere.csv"), Path("/"),
    pd.Timestamp("2024-01-01"), pd.NA, pd.NaT, pd.Series([1.0, 2.0]), pd.Series(dtype=object),
    pd.Series(["x"], index=["90001000100"]), pd.DataFrame(), pd.DataFrame({"x": [1]}),
    pd.DataFrame({"x": ["a"]}, index=["90001000100"]), pd.DataFrame(columns=["gap_n"]),
]  # fmt: skip
NEED = IndexRecipe(
    "own", "Own", "2025-01-01", "none", "primary",
    tuple(Theme(n, n, (Indicator(n, n, column=n),)) for n in ("poverty_share", "gap_share")),
)  # fmt: skip


def tables(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table damaged in each way that a notebook damages one."""
    frame = pd.DataFrame(frame) if "geometry" not in frame else frame
    first = frame.columns[0] if len(frame.columns) else "x"
    return {
        "empty": frame.iloc[:0],
        "no columns": frame.iloc[:, :0],
        "no name of its index": frame.rename_axis(None),
        "numbered": frame.reset_index(drop=True),
        "index a column": frame.reset_index(),
        "repeated": pd.concat([frame, frame.iloc[:2]]),
        "one area": frame.iloc[:1],
        "objects": frame.astype(object),
        "text": frame.astype(str),
        "missing": frame.iloc[:, :].mask(np.ones(frame.shape, dtype=bool)),
        "bare": pd.DataFrame(frame.to_numpy(dtype=object), frame.index, frame.columns),
        "column lost": frame.drop(columns=first),
        "column twice": pd.concat([frame, frame[[first]]], axis=1),
        "columns in case": frame.rename(columns=lambda name: str(name).upper()),
        "columns of two levels": frame.T.set_index([["a"] * len(frame.columns), frame.columns]).T
        if len(frame.columns) else frame,
        "numbered columns": frame.set_axis(range(len(frame.columns)), axis=1),
        "index of numbers": frame.set_axis(range(len(frame)), axis=0),
        "index of two levels": frame.set_axis(
            pd.MultiIndex.from_product([["a"], frame.index]), axis=0
        ),
        "missing ids": frame.set_axis([None] * len(frame), axis=0),
        "infinite": frame.select_dtypes("number") * np.inf,
        "negative": frame.select_dtypes("number") - 1e9,
        "huge": frame.select_dtypes("number") + 1e308,
        "complex": frame.select_dtypes("number") * 1j,
        "columns lost": frame[list(frame.columns[::2])],
        "categories": frame.map(str).astype("category"),
    }  # fmt: skip


def good(ground: Ground) -> dict[str, dict[str, Any]]:
    """Return arguments that work, by function; those after ``*`` by position."""
    study = eq.Study.load(ground.study)
    result = study.run()
    it = _paths(ground.folder)
    acs = eq.read_acs(it.acs, year=2023, state="90")
    tracts = eq.read_boundaries(it.tracts, year=2023, state="90")
    blocks = eq.read_blocks(it.blocks, year=2020, state="90")
    lines = eq.read_bdc([it.bdc, it.served_unserved], as_of="2024-12-31")
    sites = eq.read_sites(it.sites, as_of="2025-06-03")
    costs = eq.travel_costs(tracts, sites, max_minutes=60)
    people = acs["B01001_001E"].reindex(costs.origins).fillna(1.0)
    locations = eq.location_table(lines, rule="fcc-25-3")
    offers = eq.best_offers(locations, cell="block_geoid")
    cells = pd.Series(offers.index[0], index=sites.index)
    ready = eq.practice_readiness(sites, offers, cell=cells)
    table, out = result.table, ground.scratch / "calls"
    (ground.folder / "funded.csv").write_text("location_id\n1000000001\n")
    funded = eq.read_funded(ground.folder / "funded.csv", as_of="2025-06-30")
    by_area = eq.coverage(lines, rule="fcc-25-3", level="tract")
    made_up = made_up_costs()
    projects = eq.draw_up_projects(table, made_up)
    (ground.folder / "projects.csv").write_text(
        f"project_id,fixes,areas,cost_usd,cost_source\na,line,{table.index[0]},90000,a quote\n"
    )
    criteria = [Criterion("poverty_share", at_least=0.2, label="poor")]
    out.mkdir(exist_ok=True)
    small = pd.DataFrame(table)[["population_n", "households_n"]]
    areas = eq.area_table(small.copy(), level="tract", geo_vintage="2020")
    catch = {"costs": costs, "demand": people, "supply": 1.0}
    rule = {"data": lines, "rule": "fcc-25-3"}
    return {
        "read_acs": {"paths": it.acs, "year": 2023, "state": "90", "columns": {}},
        "get_acs": {"state": "VA", "year": 2023},
        "get_bdc": {"state": "VA", "as_of": "2024-12-31"},
        "read_bdc": {"paths": [it.bdc], "as_of": "2024-12-31", "technologies": [50]},
        "read_coverage": {"path": ground.folder / "own.csv", "as_of": "2024"},
        "get_blocks": {"state": "VA", "year": 2020},
        "read_blocks": {"path": it.blocks, "year": 2020, "state": "90"},
        "get_boundaries": {"state": "VA", "year": 2023},
        "read_boundaries": {"path": it.tracts, "year": 2023, "state": "90", "layer": None},
        "get_designations": {"kind": "hpsa-pc", "state": "VA"},
        "read_designations": {"path": it.sites, "kind": "hpsa-pc", "as_of": "2024"},
        "get_sites": {"kind": "health-centers"},
        "read_sites": {"path": it.sites, "as_of": "2025-06-03", "layout": "hrsa"},
        "read_tract_relationship": {"path": it.sites},
        "read_block_links": {"path": it.sites, "state": "90"},
        "read_roads": {"path": it.sites, "as_of": "2026-09-01", "ferries": True},
        "read_table": {
            "path": ground.folder / "own.csv", "level": "tract", "geo_vintage": "2020",
            "columns": {"own_n": "amount"}, "agency": "a", "product": "p", "vintage": "v",
            "where": {"pct": 1}, "missing": [-9], "delimiter": ",",
        },
        "place_providers": {"providers": sites, "zip_areas": tracts, "geocoded": None},
        "load_example": {"folder": ground.folder, "scale": 0.01},
        "area_table": {"frame": small.reset_index(), "id_column": "geoid", "level": "tract",
                       "geo_vintage": "2020", "state": "90"},
        "combine": {"table": areas, "*": areas[["households_n"]], "tolerance": 0.5},
        "combine_audit": {"table": areas, "*": areas[["households_n"]], "names": ["x"]},
        "validate": {"table": table},
        "crosswalk": {"table": areas, "relationship": areas, "to": "2010", "counts": {}},
        "from_blocks": {"block_links": blocks, "blocks": blocks, "level": "tract",
                        "source_vintage": "2010", "target_vintage": "2020"},
        "roll_up": {"table": areas, "level": "county", "counts": {}, "ratios": {}, "drop": []},
        "service_area": {"table": areas, "where": list(areas.index[:3]), "name": "x"},
        "spread": {"table": eq.roll_up(areas, "county"), "areas": areas},
        "moe_sum": {"estimates": [1.0, 2.0], "moes": [1.0, 1.0]},
        "moe_share": dict(zip(("numerator", "numerator_moe", "denominator", "denominator_moe"),
                              (1.0, 1.0, 2.0, 1.0), strict=True)),
        "moe_ratio": dict(zip(("numerator", "numerator_moe", "denominator", "denominator_moe"),
                              (1.0, 1.0, 2.0, 1.0), strict=True)),
        "moe_product": {"a": 1.0, "a_moe": 1.0, "b": 2.0, "b_moe": 1.0},
        "difference_test": {"a": 1.0, "a_moe": 1.0, "b": 2.0, "b_moe": 1.0, "level": 90},
        "coverage": {**rule, "housing": None, "level": "tract"},
        "location_table": rule,
        "compare_rules": {"data": lines, "before": "fcc-25-3", "after": "video-visit"},
        "compare_vintages": {"before": lines, "after": lines, "rule": "fcc-25-3"},
        "adoption": {"acs": acs, "subscription": "any_broadband", "connected": "B28003"},
        "covered_populations": {"acs": acs},
        "population_centers": {"blocks": blocks, "population": "population_n", "level": "tract"},
        "demand_population": {"table": table, "group": None, "needs": None},
        "travel_costs": {"areas": tracts, "sites": sites, "max_minutes": 60.0, "centers": None},
        "nearest_sites": {"areas": tracts, "sites": sites, "roads": None, "rurality": None},
        "beyond_reach": {"table": table, "limit_min": 30.0, "sd": 0.2, "points": None},
        "catchment": {**catch, "method": "e2sfca", "steps": "slow"},
        "solve_catchment": {**catch, "reach": 30.0, "method": "2sfca"},
        "virtual_catchment": {**catch, "model": LineOrNone(area_available=1, area_subscription=1.0, site_available=1)},
        "solve_virtual_catchment": {**catch, "model": LineOrNone(area_available=1, area_subscription=1.0, site_available=1)},
        "practice_readiness": {"sites": sites, "offers": offers, "cell": cells, "size": None},
        "best_offers": {"locations": locations, "cell": "block_geoid"},
        "capacity_behind_lines": {"readiness": ready, "supply": 1.0, "costs": costs,
                                  "areas": pd.Series(tracts.index[0], index=sites.index)},
        "under_resourced": {"table": table, "criteria": criteria, "at_least": 1},
        "falls_short": {"table": table, "people_at_least": 5, "gap_share_at_least": 0.1},
        "standing": {"table": table, "criteria": criteria, "draws": 20, "seed": 1},
        "beyond_reach_with_clinic": {"table": table, "costs": costs, "benchmark_per_10k": 3.0},
        "telehealth_gap": {"table": table},
        "gap_range": {"table": table, "over_reported": 0.1},
        "recover": {"table": table, "fixes": [("line",)]},
        "sensitivity": {"table": table, "settings": [Setting("a", "b", "c", table)]},
        "disparity": {"table": table, "column": "gap_share", "groups": "is_under_resourced",
                      "reference": "no", "worse": "higher"},
        "need_index": {"table": table, "recipe": NEED},
        "hotspots": {"table": table, "events": "gap_n", "people": "population_n",
                     "boundaries": tracts, "contiguity": "queen", "discovery_rate": 0.05,
                     "permutations": 99, "seed": 1},
        "change": {"before": table, "after": table, "columns": ["gap_n"], "links": None,
                   "counts": {}, "ratios": {}, "periods": ((2014, 2018), (2019, 2023)),
                   "overlap": "refuse", "discovery_rate": 0.1, "draws": 20, "seed": 1},
        "read_funded": {"path": ground.folder / "funded.csv", "as_of": "2025-06-30"},
        "already_funded": {"lines": by_area, "funded": funded},
        "evaluate_program": {"table": table, "program": "mua", "as_of": "2026-01-01",
                             "missing": "say"},
        "read_projects": {"path": ground.folder / "projects.csv"},
        "draw_up_projects": {"table": table, "costs": made_up},
        "portfolio": {"table": table, "projects": projects, "budget_usd": 1e6, "method": "greedy"},
        "scenario": {"table": table, "line": 1.0},
        "siting": {"costs": costs, "people": people, "sites_n": 1, "method": "greedy"},
        "make_map": {"table": table, "column": "gap_n", "layers": [], "sites": sites,
                     "classes": 5, "notes": [], "title": "x"},
        "save_map": {"map": eq.make_map(table), "path": out / "map.html"},
        "export": {"table": table, "path_or_folder": out, "formats": ["csv"], "name": "x"},
        "write_appendix": {"report": result.report(), "path": out / "a.docx"},
        "data_dictionary": {"table": table},
        "cite": {"what": table, "style": "text"},
        "load_coverage_rule": {"name": "fcc-25-3"},
        "configure": {"offline": True},
        "doctor": {"via": None},
    }  # fmt: skip


def _paths(root: Path) -> Any:
    return eq.load_example(root, scale=0.01)


def call(name: str, given: dict[str, Any]) -> Any:
    given = dict(given)
    others = [given.pop("*")] if "*" in given else []
    first = [given.pop(next(iter(given)))] if others else []
    return getattr(eq, name)(*first, *others, **given)


def storm(ground: Ground, seed: int, *, share: float = 1.0) -> Tally:
    """Try each wrong argument of each function, or a share of them."""
    dice, tally, before = random.Random(seed), Tally(), eq.configure()
    every = good(ground)
    missing = {n for n in eq.__all__ if inspect.isfunction(getattr(eq, n))} - set(every)
    assert not missing, f"not attacked: {missing}"
    for name, given in every.items():
        tries: list[tuple[str, dict[str, Any]]] = [
            ("wrong keyword", {**given, "colour": 1}),
            ("nothing", {}),
        ]
        for key, value in given.items():
            tries += [
                (f"{key} = {type(odd).__name__} {str(odd)[:30]!r}", {**given, key: odd})
                for odd in ODD
            ]
            if isinstance(value, pd.DataFrame):
                tries += [
                    (f"{key}: {how}", {**given, key: odd}) for how, odd in tables(value).items()
                ]
            if isinstance(value, pd.Series):
                tries += [
                    (f"{key}: {how}", {**given, key: odd.iloc[:, 0]})
                    for how, odd in tables(value.to_frame("x")).items()
                    if odd.shape[1]
                ]
        for how, arguments in tries:
            if dice.random() >= share:
                continue
            if name in OF_THE_NETWORK and how not in {"wrong keyword", "nothing"} and "= " in how:
                continue
            try:
                call(name, arguments)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                outcome, why = outcome_of(error)
                named = isinstance(error, TypeError) or not isinstance(error, EquityError)
                if outcome != TRACEBACK and named and name not in why:
                    outcome = UNCLEAR
            else:
                outcome, why = RIGHT, ""
            tally.add(outcome, f"{name}({how}) -> {why[:300]}", why[:110])
    eq.configure(offline=before.offline)
    return tally
