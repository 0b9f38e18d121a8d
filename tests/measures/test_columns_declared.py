"""Every column that a measure or a reader of areas returns is declared, and passes its own check."""

from __future__ import annotations

import pandas as pd
import pytest

import equity as eq
from equity.areas.schema import describe, statuses
from equity.measures.reach.catchment import METHODS
from equity.measures.reach.virtual import LineOrNone, SteppedSpeed, TwoChannel
from equity.rules import list_coverage_rules

STATE = "90"


@pytest.fixture(scope="module")
def state(example_state):
    """What every measure below starts from."""
    it = example_state
    acs = eq.read_acs(it.acs, year=it.year, state=STATE)
    return {
        "acs": acs,
        "people": acs["B01001_001E"].rename("population_n"),
        "tracts": eq.read_boundaries(it.tracts, year=it.boundary_year, state=STATE),
        "blocks": eq.read_blocks(it.blocks, year=2020, state=STATE),
        "lines": eq.read_bdc([it.bdc, it.served_unserved], as_of=it.as_of),
        "sites": eq.read_sites(it.sites, as_of=it.sites_as_of),
    }


def undeclared(table):
    names = [str(name) for name in table.columns if name != "geometry"]
    return [c.name for c in describe(names) if c.source == "column of the user's own table"]


def check(table):
    assert len(table)
    assert len(table.columns)
    assert undeclared(table) == []
    for column in describe(name for name in table.columns if str(name).endswith("_status")):
        words = column.statuses or statuses()
        assert set(table[column.name].dropna()) <= set(words), column.name
    if len(str(table.index[0])) == 11:
        eq.validate(table)


def test_the_check_sees_a_stranger():
    assert undeclared(pd.DataFrame({"gap_n": [1.0], "own_n": [1.0]})) == ["own_n"]


def test_tables_of_areas_as_read(state):
    check(state["acs"])
    check(state["tracts"])
    check(state["blocks"])


def test_lines(state):
    lines = state["lines"]
    for level in ("tract", "block", "h3"):
        check(eq.coverage(lines, rule="video-visit", level=level))
    check(eq.location_table(lines, rule="video-visit"))
    check(eq.compare_rules(lines, before="video-visit", after="fcc-706-2024").areas)


@pytest.mark.parametrize("rule", list_coverage_rules())
def test_a_table_of_classes(state, tmp_path, rule):
    counts = ["locations_n", "served_n", "underserved_n", "unserved_n"]
    path = tmp_path / "classes.csv"
    eq.coverage(state["lines"], rule="bead-statute")[counts].to_csv(path)
    table = eq.read_coverage(path, as_of="2024-12-31", level="tract", state=STATE)
    check(eq.coverage(table, rule=rule))


@pytest.mark.parametrize("subscription", ["any_broadband", "cable_fiber_dsl"])
def test_homes_and_people(state, subscription):
    acs = state["acs"]
    check(eq.adoption(acs, subscription=subscription))
    check(eq.covered_populations(acs))
    check(eq.demand_population(acs.assign(population_n=state["people"])))


@pytest.fixture(scope="module")
def costs(state):
    return eq.travel_costs(state["tracts"], state["sites"], max_minutes=60)


def test_distances(state):
    check(eq.population_centers(state["blocks"], level="tract"))
    check(eq.nearest_sites(state["tracts"], state["sites"]))


@pytest.mark.parametrize("method", METHODS)
def test_care_in_person(state, costs, method):
    found = eq.solve_catchment(
        costs, demand=state["people"].reindex(costs.origins).fillna(0.0), supply=1.0, method=method
    )
    check(found.areas)
    check(found.sites)


@pytest.mark.parametrize(
    "model",
    [
        LineOrNone(area_available=1, area_subscription=1.0, site_available=1),
        SteppedSpeed(area_speed_mbps=1.0, site_speed_mbps=1.0),
        TwoChannel(
            link_usable_share=1.0,
            site_link_adequacy=1.0,
            virtual_ceiling=0.3,
            amenable_share=0.4,
            uptake=0.5,
            licensing="anywhere",
        ),
    ],
)
def test_care_by_video(state, costs, model):
    people = state["people"].reindex(costs.origins).fillna(0.0)
    found = eq.solve_virtual_catchment(costs, demand=people, supply=1.0, model=model)
    check(found.areas)
    check(found.sites)


def test_lines_of_practices(state):
    offers = eq.best_offers(
        eq.location_table(state["lines"], rule="video-visit"), cell="block_geoid"
    )
    check(offers)
    sites = state["sites"]
    cells = pd.Series(offers.index[0], index=sites.index)
    ready = eq.practice_readiness(sites, offers, cell=cells)
    check(ready)
    tract = pd.Series(offers.index[0][:11], index=sites.index)
    check(eq.capacity_behind_lines(ready, supply=1.0, areas=tract))


def test_the_gap_and_its_barrier(state):
    table = (
        pd.DataFrame(state["people"])
        .join(eq.coverage(state["lines"], rule="fcc-25-3")["qualifying_share"])
        .join(eq.adoption(state["acs"], subscription="any_broadband"))
        .assign(beyond_reach_share=0.5)
        .dropna(subset=["qualifying_share", "connected_share", "device_share"])
    )
    check(eq.telehealth_gap(table))
    check(eq.recover(table))
