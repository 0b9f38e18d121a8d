"""One contract for every measure that returns areas: the caller's rows, record and inputs.

A new public measure is added to ``CASES``, or to ``EXCEPTIONS`` with the reason; otherwise the
last tests here fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from area_result import assert_area_result, kept
from shapely import box

import equity as eq
from equity.areas.relationship import relationship
from equity.measures.demand import join_designations
from equity.measures.gap import unknown_lines
from equity.measures.practice import h3_cells
from equity.measures.reach.virtual import LineOrNone, SteppedSpeed, TwoChannel
from equity.measures.relying import people_relying
from equity.measures.sensitivity import Setting, sensitivity
from equity.measures.standing import Criterion
from equity.provenance import Source, carry, stamp
from equity.rules.index_recipe import IndexRecipe, Indicator, Theme

SHARES = (
    "beyond_reach_share", "qualifying_share", "connected_share", "device_share",
    "subscription_share", "any_subscription_share", "poverty_share",
)  # fmt: skip
NEED = IndexRecipe(
    "own", "Own", "2025-01-01", "none", "primary",
    tuple(Theme(n, n, (Indicator(n, n, column=f"{n}_share"),)) for n in ("poverty", "device")),
)  # fmt: skip
POOR = [Criterion("poverty_share", at_least=0.3)]
Tables = dict[str, Any]


def _source(name: str) -> Source:
    return Source(name, f"Publisher of {name}", f"Product {name}", "2024")


def _points(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"lon": rng.uniform(-79, -78, n), "lat": rng.uniform(37, 38, n)})


def areas(frame: type = pd.DataFrame) -> pd.DataFrame:
    """Thirty tracts in three counties, in no order, with an empty one and gaps in every column."""
    rng = np.random.default_rng(5)
    n = 30
    table = _points(n, 6)
    table["population_n"] = rng.integers(500, 6000, n).astype(float)
    for name in SHARES:
        table[name] = rng.uniform(0.05, 0.95, n).round(3)
        table[f"{name}_moe"] = 0.05
    table["nearest_site_min"] = rng.uniform(5, 60, n)
    table["access_per_10k"] = rng.uniform(0, 5, n)
    homes = rng.integers(200, 2000, n).astype(float)
    for cell, part in (
        ("B28002_001", 1.0), ("B28002_004", 0.8), ("B28002_007", 0.5), ("B28003_001", 1.0),
        ("B28003_002", 0.9), ("B28003_004", 0.7), ("B28003_006", 0.1), ("B17001_001", 2.0),
        ("B17001_002", 0.4),
    ):  # fmt: skip
        table[f"{cell}E"], table[f"{cell}M"] = (homes * part).round(), 30.0
    table["locations_n"] = homes
    table["served_n"], table["underserved_n"] = (homes * 0.6).round(), (homes * 0.1).round()
    table["unserved_n"] = homes - table["served_n"] - table["underserved_n"]
    table["gap_n"] = table["population_n"] * 0.2
    table["gap_share"] = rng.uniform(0, 0.4, n)
    table["is_under_resourced"] = rng.random(n) < 0.5
    for row, column in enumerate(("poverty_share", "gap_n", "connected_share", "access_per_10k")):
        table.loc[row, column] = np.nan
    table.loc[7, "population_n"] = 0.0
    ids = [
        f"51{county}{tract:06d}" for county in ("001", "003", "005") for tract in range(100, 110)
    ]
    table.index = pd.Index(rng.permutation(ids), name="geoid")
    if frame is gpd.GeoDataFrame:
        table = gpd.GeoDataFrame(
            table, geometry=gpd.points_from_xy(table["lon"], table["lat"]), crs="EPSG:4269"
        )
    return stamp(table, level="tract", geo_vintage="2020", sources=[_source("acs"), _source("fcc")])


def sites() -> pd.DataFrame:
    table = _points(6, 8)
    table.index = pd.Index([f"s{number}" for number in (4, 1, 5, 2, 6, 3)], name="site_id")
    table["fte"] = [1.0, 8.0, 2.0, np.nan, 30.0, 3.0]
    table["cell"] = ["a", "b", "a", "c", None, "b"]
    return stamp(table, sources=[_source("hrsa-sites")])


def offers() -> pd.DataFrame:
    table = pd.DataFrame(
        {"best_down_mbps": [20.0, 300.0], "best_up_mbps": [3.0, 20.0]}, index=["a", "b"]
    )
    return stamp(table, sources=[_source("fcc-cells")])


def designations() -> pd.DataFrame:
    rows = {
        "component": ["tract", "county"],
        "geoid": ["51001000103", "51003"],
        "score": [12.0, 8.0],
    }
    return stamp(pd.DataFrame(rows), sources=[_source("hpsa")])


def centers() -> pd.DataFrame:
    some = areas()[["lon", "lat"]].iloc[:9] + 0.01
    return stamp(some, level="tract", geo_vintage="2020", sources=[_source("centers")])


def links() -> pd.DataFrame:
    ids = areas().index
    table = pd.DataFrame({"usable_share": np.linspace(0.1, 0.9, len(ids))}, index=ids)
    table["down_mbps"] = 100 * table["usable_share"]
    return stamp(table, level="tract", geo_vintage="2020", sources=[_source("links")])


def blocks() -> pd.DataFrame:
    table = _points(60, 9)
    table["population_n"] = np.arange(60.0)
    table["nearest_site_min"] = np.linspace(1, 60, 60)
    table.index = pd.Index([f"{geoid}{k}001" for geoid in areas().index for k in (1, 2)])
    return stamp(table, level="block", geo_vintage="2020", sources=[_source("blocks")])


def counties() -> pd.DataFrame:
    table = pd.DataFrame(
        {"rucc_code": ["1", "2"]}, index=pd.Index(["51005", "51001"], name="geoid")
    )
    return stamp(table, level="county", geo_vintage="2020", sources=[_source("usda-rucc")])


def ready(t: Tables) -> pd.DataFrame:
    return eq.practice_readiness(t["sites"], t["offers"], cell="cell", unknown_size="small")


def costs(t: Tables) -> Any:
    return eq.travel_costs(t["areas"], t["sites"], max_minutes=45)


def _supply(t: Tables) -> pd.Series:
    return t["sites"]["fte"].fillna(1.0)


def _two_step(t: Tables, how: Callable[..., Any], **options: Any) -> Any:
    return how(costs(t), demand=t["areas"]["population_n"], supply=_supply(t), **options)


def _line(t: Tables) -> LineOrNone:
    return LineOrNone(
        area_available=1.0, site_available=1.0,
        area_subscription=t["links"]["usable_share"],
    )  # fmt: skip


def _stepped(t: Tables) -> SteppedSpeed:
    return SteppedSpeed(area_speed_mbps=t["links"]["down_mbps"], site_speed_mbps=100.0)


def _two_channel(t: Tables) -> TwoChannel:
    return TwoChannel(
        link_usable_share=t["links"]["usable_share"], site_link_adequacy=1.0, virtual_ceiling=0.5,
        amenable_share=0.4, uptake=0.6, licensing="anywhere",
    )  # fmt: skip


def _own_table(t: Tables) -> pd.DataFrame:
    made = eq.travel_costs(
        t["areas"], t["sites"], table=t["minutes"], origin="from", destination="to", cost="min",
        unit="min",
    )  # fmt: skip
    return eq.catchment(made, demand=t["areas"]["population_n"], supply=_supply(t))


def minutes() -> pd.DataFrame:
    pairs = [(a, s) for a in areas().index for s in sites().index]
    table = pd.DataFrame(pairs, columns=["from", "to"])
    table["min"] = np.random.default_rng(4).uniform(1, 90, len(table)).round(1)
    return stamp(table, sources=[_source("minutes")])


def _clinic(t: Tables) -> pd.Series:
    around = eq.travel_costs(t["areas"], t["areas"], max_minutes=30)
    return eq.beyond_reach_with_clinic(
        t["areas"].fillna({"population_n": 0.0}), around, benchmark_per_10k=2.857
    )


def _settings(t: Tables) -> pd.DataFrame:
    other = t["areas"].assign(gap_share=t["areas"]["gap_share"] / 2)
    return sensitivity(t["areas"], [Setting("half", "Half", "limit", other)]).areas


def _clusters(t: Tables) -> pd.DataFrame:
    ids = sorted(t["areas"].index)
    squares = [box(i % 6, i // 6, i % 6 + 1, i // 6 + 1) for i in range(len(ids))]
    rates = t["areas"].assign(gap_n=t["areas"]["population_n"] * t["areas"]["gap_share"])
    return eq.hotspots(rates, boundaries=gpd.GeoDataFrame(geometry=squares, index=ids))


def _links() -> Any:
    ids = sorted(areas().index)
    rows = pd.DataFrame({"source": ids, "target": ids, "population": 1.0})
    return relationship(
        rows, source_level="tract", target_level="tract", source_vintage="2020",
        target_vintage="2020",
    )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A measure as a caller calls it, and where its contract differs from the common one."""

    names: tuple[str, ...]
    """Public functions whose result this is."""
    run: Callable[[Tables], Any]
    more: Mapping[str, Callable[[], pd.DataFrame]] | None = None
    """Other tables that it is given."""
    rows: str = "areas"
    """Which of its tables is the caller's."""
    of: type | None = pd.DataFrame
    """Type of the result; None for that of the caller's table."""
    own_rows: str = ""
    """Why the result has rows of its own."""
    level: str | None = None
    unsaid: str = ""
    """A table that gives rows alone, no values: its sources are not those of the result."""
    id: str = ""


SITES = {"sites": sites}
LINKS = {"sites": sites, "links": links}
LINES = {"sites": sites, "offers": offers}
CASES = [
    Case(("adoption",), lambda t: eq.adoption(t["areas"])),
    Case(
        ("adoption",),
        lambda t: eq.adoption(t["areas"], subscription="cable_fiber_dsl"),
        id="adoption by cable, fiber or DSL",
    ),
    Case(("covered_populations",), lambda t: eq.covered_populations(t["areas"])),
    Case(("coverage",), lambda t: eq.coverage(t["areas"], rule="fcc-25-3"), of=None),
    Case(
        ("nearest_sites",),
        lambda t: eq.nearest_sites(t["areas"], t["sites"], centers=t["centers"]),
        more={"sites": sites, "centers": centers},
    ),
    Case(("beyond_reach",), lambda t: eq.beyond_reach(t["areas"], limit_min=30)),
    Case(
        ("beyond_reach",),
        lambda t: eq.beyond_reach(t["areas"], limit_min=30, points=t["points"]),
        more={"points": blocks},
        id="beyond_reach over blocks",
    ),
    Case(
        ("beyond_reach",),
        lambda t: eq.beyond_reach(t["areas"], method="capacity", benchmark_per_10k=2.857),
        id="beyond_reach by capacity",
    ),
    Case(
        ("beyond_reach",),
        lambda t: eq.beyond_reach(
            t["areas"], method="column", column="nearest_site_min", unit="min", limit_min=30, sd=0.2
        ),
        id="beyond_reach by a column",
    ),
    *(
        Case(
            ("catchment", "travel_costs"),
            lambda t, method=method: _two_step(t, eq.catchment, method=method),
            more=SITES,
            id=f"catchment by {method}",
        )
        for method in ("2sfca", "e2sfca", "m2sfca", "3sfca", "bfca", "i2sfca", "raam")
    ),
    Case(
        ("catchment", "travel_costs"),
        _own_table,
        more={"sites": sites, "minutes": minutes},
        id="catchment over a table of minutes",
    ),
    Case(("solve_catchment",), lambda t: _two_step(t, eq.solve_catchment).areas, more=SITES),
    Case(
        ("virtual_catchment",),
        lambda t: _two_step(t, eq.virtual_catchment, model=_line(t)),
        more=LINKS,
        id="virtual_catchment by a line or none",
    ),
    Case(
        ("virtual_catchment",),
        lambda t: _two_step(t, eq.virtual_catchment, model=_stepped(t)),
        more=LINKS,
        id="virtual_catchment by stepped speed",
    ),
    Case(
        ("virtual_catchment",),
        lambda t: _two_step(t, eq.virtual_catchment, model=_two_channel(t)),
        more=LINKS,
        id="virtual_catchment by two channels",
    ),
    Case(
        ("solve_virtual_catchment",),
        lambda t: _two_step(t, eq.solve_virtual_catchment, model=_line(t)).areas,
        more=LINKS,
    ),
    Case(("beyond_reach_with_clinic",), _clinic, of=pd.Series),
    Case(("telehealth_gap",), lambda t: eq.telehealth_gap(t["areas"])),
    Case(("gap_range",), lambda t: eq.gap_range(t["areas"], over_reported=0.1)),
    Case(("unknown_lines",), lambda t: unknown_lines(t["areas"])),
    Case(("recover",), lambda t: eq.recover(t["areas"])),
    Case(("under_resourced",), lambda t: eq.under_resourced(t["areas"], POOR)),
    Case(("falls_short",), lambda t: eq.falls_short(t["areas"])),
    Case(("standing",), lambda t: eq.standing(t["areas"], POOR, draws=50)),
    Case(("sensitivity",), _settings),
    Case(("hotspots",), _clusters),
    Case(("change",), lambda t: eq.change(t["areas"].assign(gap_n=1.0), t["areas"]).areas, of=None),
    Case(("need_index",), lambda t: eq.need_index(t["areas"], NEED)),
    Case(
        ("disparity",),
        lambda t: eq.disparity(t["areas"], "gap_share", groups="is_under_resourced").rates,
        own_rows="one row a group",
    ),
    Case(
        ("demand_population",),
        lambda t: eq.demand_population(
            t["areas"], group="poverty_share", needs={"device_share": 2.0}
        ),
    ),
    Case(
        ("join_designations",),
        lambda t: join_designations(t["areas"], t["hpsa"], name="primary_care"),
        more={"hpsa": designations},
    ),
    Case(("practice_readiness",), ready, more=LINES, rows="sites"),
    Case(("h3_cells",), lambda t: h3_cells(t["sites"]), more=SITES, rows="sites", of=pd.Series),
    Case(
        ("capacity_behind_lines",),
        lambda t: eq.capacity_behind_lines(ready(t), supply=_supply(t), costs=costs(t)),
        more=LINES,
    ),
    Case(
        ("people_relying",),
        lambda t: people_relying(
            ready(t),
            nearest_site_id=eq.nearest_sites(t["areas"], t["sites"])["nearest_site_id"],
            population=t["areas"]["population_n"].fillna(0.0),
        ),
        more={**LINES, "areas": areas},
        rows="sites",
        own_rows="one row a state of the practices' lines",
    ),
    Case(
        ("population_centers",),
        lambda t: eq.population_centers(t["blocks"]),
        more={"blocks": blocks},
        rows="blocks",
        own_rows="one row an area that blocks make up",
        level="tract",
    ),
    Case(
        ("spread",),
        lambda t: eq.spread(t["counties"], t["areas"]),
        more={"counties": counties},
        unsaid="areas",
    ),
    Case(
        ("roll_up",),
        lambda t: eq.roll_up(t["areas"][["population_n"]], "county"),
        own_rows="one row a larger area, sorted",
        level="county",
    ),
    Case(
        ("service_area",),
        lambda t: eq.service_area(t["areas"][["population_n"]], ["51001", "51003"]),
        own_rows="one row a service area",
        level="service_area",
    ),
    Case(
        ("crosswalk",),
        lambda t: eq.crosswalk(t["areas"][["population_n"]], _links(), to="2020"),
        own_rows="one row an area of the other vintage, sorted",
    ),
]

EXCEPTIONS = {
    "travel_costs": "returns pairs of areas and sites; what is made of them is asserted instead",
    "location_table": "one row a location in the publisher's files: no table of the caller's",
    "compare_rules": "one row an area in the publisher's files: no table of the caller's",
    "compare_vintages": "one row an area in the publisher's files: no table of the caller's",
    "best_offers": "one row a block or cell: no areas",
    "already_funded": "one row an area in the publisher's files: no table of the caller's",
}


def held_to_the_contract(case: Case, frame: type) -> None:
    """Call a measure twice, the second time with the caller's rows in another order."""
    tables = {name: make() for name, make in (case.more or {}).items()}
    if case.rows == "areas" or "areas" in (case.more or {}):
        tables["areas"] = areas(frame)
    before = kept(tables)
    result = case.run(tables)
    order = np.random.default_rng(1).permutation(len(before[case.rows]))
    again = kept(before)
    again[case.rows] = again[case.rows].iloc[order]
    assert_area_result(
        result, tables[case.rows], of=case.of or frame, turned=case.run(again), inputs=tables,
        before=before, own_rows=bool(case.own_rows), level=case.level, unsaid=case.unsaid,
    )  # fmt: skip


@pytest.mark.parametrize("frame", [pd.DataFrame, gpd.GeoDataFrame])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id or case.names[0])
def test_a_measure_keeps_the_callers_rows_and_record(case, frame):
    held_to_the_contract(case, frame)


def _mutating(t: Tables) -> pd.DataFrame:
    found = eq.gap_range(t["areas"])
    t["areas"].loc[t["areas"].index[0], "population_n"] = -1.0
    return found


def _without_record(t: Tables) -> pd.DataFrame:
    found = eq.gap_range(t["areas"])
    found.attrs = {}
    return found


def _without_a_source(t: Tables) -> pd.DataFrame:
    found = eq.gap_range(t["areas"])
    return stamp(found, level="tract", geo_vintage="2020", sources=[_source("acs")])


def _by_position(t: Tables) -> pd.DataFrame:
    return carry(eq.gap_range(t["areas"]).assign(number=range(len(t["areas"]))), t["areas"])


WRONG = {
    "sorts rows": lambda t: eq.gap_range(t["areas"]).sort_index(),
    "loses a row": lambda t: eq.gap_range(t["areas"]).dropna(),
    "renames the index": lambda t: eq.gap_range(t["areas"]).rename_axis("id"),
    "loses the record": _without_record,
    "loses a source": _without_a_source,
    "changes its input": _mutating,
    "depends on the order": _by_position,
    "returns another type": lambda t: eq.gap_range(t["areas"])["gap_n"],
}


@pytest.mark.parametrize("run", WRONG.values(), ids=WRONG)
def test_a_measure_that_breaks_the_contract_is_caught(run):
    with pytest.raises(AssertionError):
        held_to_the_contract(Case(("gap_range",), run), pd.DataFrame)


def unheld(public: Mapping[str, str], names: set[str], exceptions: Mapping[str, str]) -> set[str]:
    """Return public measures that no case calls and no exception explains."""
    measures = {name for name, place in public.items() if place.startswith("equity.measures.")}
    return measures - names - set(exceptions)


def test_every_public_measure_is_held_to_the_contract_or_says_why_not():
    called = {name for case in CASES for name in case.names}
    assert unheld(eq._PUBLIC, called, EXCEPTIONS) == set()
    assert set(EXCEPTIONS) <= set(eq._PUBLIC), "an exception for what is no longer public"


def test_a_new_public_measure_is_noticed():
    public = {"new_measure": "equity.measures.new", "read_new": "equity.sources.new"}
    assert unheld(public, {"recover"}, EXCEPTIONS) == {"new_measure"}
