"""Minutes by road, beside a search that shares nothing with the package."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from road_files import degrees, km_between, made_up_roads, naive_graph, naive_minutes, write_extract

from equity.errors import InputError
from equity.measures.reach.beyond import beyond_reach
from equity.measures.reach.catchment import catchment
from equity.measures.reach.costs import Held, Streamed
from equity.measures.reach.roads import OFF_ROAD_KM, OFF_ROAD_KMH
from equity.measures.reach.travel import nearest_sites, travel_costs, travel_estimate
from equity.provenance import meta
from equity.sources.roads.osm import read_roads

STREET = {"highway": "residential"}


def at(places):
    """A table of places {id: (east km, north km)}."""
    lon, lat = zip(*(degrees(*place) for place in places.values()), strict=True)
    return pd.DataFrame({"lon": lon, "lat": lat}, index=list(places))


def by_road(areas, sites, network):
    return nearest_sites(at(areas), at(sites), method="roads", roads=network)


@pytest.fixture(scope="session", params=[2, 3])
def made_up(request, tmp_path_factory):
    """Roads as the package reads them, and as they were written."""
    nodes, ways, speeds = made_up_roads(request.param)
    path = write_extract(tmp_path_factory.mktemp("roads") / "a.osm.pbf", nodes, ways)
    rng = np.random.default_rng(request.param)
    areas, sites = (
        {f"{letter}{k}": tuple(rng.uniform(0, 11, 2)) for k in range(count)}
        for letter, count in (("a", 40), ("s", 9))
    )
    return read_roads(path), nodes, naive_graph(nodes, ways, speeds), areas, sites


def naive_trips(network, nodes, graph, areas, sites):
    """Minutes of every trip: to the next point of the roads, over every node, and from it."""
    stops = np.flatnonzero(network.may_stop)
    where = np.column_stack([network.lon, network.lat])
    on_roads = {}
    # A point in the middle of a long straight stretch is no node: split it as the file would.
    split = {name: dict(edges) for name, edges in graph.items()}
    place_of = dict(nodes)
    for name, place in {**areas, **sites}.items():
        away = [km_between(place, _km_of(where[k])) for k in stops]
        nearest = int(np.argmin(away))
        on_roads[name] = (
            _joined(split, place_of, _km_of(where[stops[nearest]])),
            away[nearest] / OFF_ROAD_KMH * 60,
        )
    trips = {}
    for area in areas:
        start, leg = on_roads[area]
        minutes = naive_minutes(split, start)
        for site in sites:
            end, last = on_roads[site]
            trips[area, site] = leg + minutes.get(end, math.inf) + last
    return trips


def _km_of(degrees_of):
    lon, lat = degrees_of
    return ((lon + 100) * 111.19508, (lat - 0.5) * 111.19508)


def _joined(graph, nodes, place):
    """The node at a place; a new one where the place is on a stretch between two."""
    for name, other in nodes.items():
        if math.dist(place, other) < 2e-5:
            return name
    for one in list(graph):
        for other in list(graph[one]):
            whole = math.dist(nodes[one], nodes[other])
            first, second = math.dist(nodes[one], place), math.dist(place, nodes[other])
            if first + second < whole + 2e-5:
                new = max(nodes) + 1
                nodes[new] = place
                graph[new] = {}
                for a, b in ((one, other), (other, one)):
                    if b in graph[a]:
                        minutes = graph[a].pop(b)
                        near = math.dist(nodes[a], place) / whole
                        graph[a][new], graph[new][b] = minutes * near, minutes * (1 - near)
                return new
    raise AssertionError(place)


def test_trips_are_those_of_a_naive_search(made_up):
    network, nodes, graph, areas, sites = made_up
    trips = naive_trips(network, nodes, graph, areas, sites)
    near = by_road(areas, sites, network)
    for area in areas:
        minutes = {site: trips[area, site] for site in sites}
        first = min(minutes, key=minutes.get)
        assert near.loc[area, "nearest_site_min"] == pytest.approx(minutes[first], abs=1e-3)
        assert near.loc[area, "nearest_site_id"] == first
        km = km_between(areas[area], sites[first])
        assert near.loc[area, "nearest_site_km"] == pytest.approx(km, abs=1e-3)
    costs = travel_costs(at(areas), at(sites), max_minutes=15, method="roads", roads=network)
    found = costs.to_frame().set_index(["origin", "site_id"])["cost_min"]
    within = {pair: minutes for pair, minutes in trips.items() if minutes <= 15}
    assert set(found.index) == set(within)
    assert 50 < len(within) < len(trips)
    assert found.to_dict() == pytest.approx(within, abs=1e-3)


@pytest.mark.parametrize("together", [7, 64])
def test_from_either_side_and_streamed_the_trips_are_the_same(made_up, together, monkeypatch):
    monkeypatch.setattr("equity.measures.reach.roads._TOGETHER", together)
    network, *_, areas, sites = made_up
    ask = {"max_minutes": 12, "method": "roads", "roads": network}
    here, there = at(areas), at(sites)
    from_sites = travel_costs(here, there, **ask, keep=True)
    streamed = travel_costs(here, there, **ask, keep=False)
    assert isinstance(from_sites.pairs, Held)
    assert isinstance(streamed.pairs, Streamed)
    # With more sites than areas the search starts at the areas.
    from_areas = travel_costs(here.iloc[:5], there, **ask, keep=True)
    people = pd.Series(100.0, index=here.index)
    scores = [
        catchment(c, demand=people, supply=1.0, method="2sfca") for c in (from_sites, streamed)
    ]
    pd.testing.assert_frame_equal(*scores)
    assert streamed.pairs_n == from_sites.pairs_n
    few = from_sites.to_frame().query("origin in @here.index[:5]").reset_index(drop=True)
    pd.testing.assert_frame_equal(from_areas.to_frame(), few)


def test_many_trips_are_streamed_unless_asked_for(made_up, monkeypatch):
    network, *_, areas, sites = made_up
    monkeypatch.setattr("equity.measures.reach.travel.PAIRS_KEPT", 20)
    ask = {"max_minutes": 12, "method": "roads", "roads": network}
    assert isinstance(travel_costs(at(areas), at(sites), **ask).pairs, Streamed)
    assert isinstance(travel_costs(at(areas), at(sites), **ask, keep=True).pairs, Held)


@pytest.mark.parametrize(
    ("home", "site", "unit"), [((0, 0), (0, 20), 20), ((0, 7100), (45, 7100), 19.4)],
    ids=["north", "east in Alaska"],
)  # fmt: skip
def test_a_trip_may_be_as_long_as_the_fastest_road_leads(tmp_path, home, site, unit):
    nodes = {1: home, 2: site}
    path = write_extract(tmp_path / "a.osm.pbf", nodes, [([1, 2], {"highway": "trunk"})])
    exact = km_between(home, site) / 85 * 60
    assert exact == pytest.approx(unit / 85 * 60, rel=1e-2)
    ask = {"method": "roads", "roads": read_roads(path)}
    for keep in (True, False):
        for limit, pairs in ((exact * 1.0001, 1), (exact * 0.999, 0)):
            costs = travel_costs(
                at({"a": home}), at({"s": site}), max_minutes=limit, keep=keep, **ask
            )
            assert costs.pairs_n == pairs


def test_a_limit_is_inclusive(made_up):
    network, *_, areas, sites = made_up
    ask = {"method": "roads", "roads": network}
    trips = travel_costs(at(areas), at(sites), max_minutes=20, **ask).to_frame()
    exact = float(trips["cost_min"].median())
    again = travel_costs(at(areas), at(sites), max_minutes=exact, **ask)
    assert again.pairs_n == (trips["cost_min"] <= exact).sum()
    assert again.to_frame()["cost_min"].max() == pytest.approx(exact, rel=1e-9)


# One road each


@pytest.fixture
def road(tmp_path):
    """Make a network of a few nodes and ways."""

    def make(nodes, ways):
        return read_roads(write_extract(tmp_path / f"{len(ways)}.osm.pbf", nodes, ways))

    return make


def test_a_one_way_street_is_driven_around(road):
    nodes = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1)}
    ways = [([1, 2], STREET | {"oneway": "yes"}), ([2, 3, 4, 1], STREET)]
    network = road(nodes, ways)
    near = by_road({"there": nodes[1], "back": nodes[2]}, {"s": nodes[2]}, network)
    assert near.loc["there", "nearest_site_min"] == pytest.approx(2.0, rel=1e-3)
    near = by_road({"back": nodes[2]}, {"s": nodes[1]}, network)
    assert near.loc["back", "nearest_site_min"] == pytest.approx(6.0, rel=1e-3)


def test_a_dead_end_is_left_the_way_it_was_entered(road):
    nodes = {1: (0, 0), 2: (2, 0), 3: (0, 0.4), 4: (2, 0.4)}
    network = road(nodes, [([1, 2], STREET), ([1, 3], STREET), ([2, 4], STREET)])
    near = by_road({"a": nodes[3]}, {"s": nodes[4]}, network)
    assert near.loc["a", "nearest_site_min"] == pytest.approx(2.8 / 30 * 60, rel=1e-3)


def test_a_bridge_leads_over_a_road_and_not_onto_it(road):
    nodes = {1: (0, 0), 2: (2, 0), 3: (1, -1), 4: (1, 1), 5: (3, 1)}
    ways = [([1, 2], STREET), ([3, 4], STREET), ([4, 5, 2], STREET)]
    near = by_road({"a": nodes[3]}, {"s": nodes[1]}, road(nodes, ways))
    # Up to the end of the bridge road, around and back below it: never straight down.
    around = 2 + 2 + math.dist(nodes[5], nodes[2]) + 2
    assert near.loc["a", "nearest_site_min"] == pytest.approx(around / 30 * 60, rel=1e-3)


def test_a_ferry_takes_its_time_and_nobody_lives_on_it(road):
    nodes = {1: (0, 0), 2: (1, 0), 3: (6, 0), 4: (7, 0)}
    ways = [([1, 2], STREET), ([2, 3], {"route": "ferry", "duration": "25"}), ([3, 4], STREET)]
    network = road(nodes, ways)
    near = by_road({"a": nodes[1], "at sea": (3.4, 0)}, {"s": nodes[4]}, network)
    assert near.loc["a", "nearest_site_min"] == pytest.approx(2 + 25 + 2, rel=1e-3)
    leg = (3.4 - 1) / OFF_ROAD_KMH * 60
    assert near.loc["at sea", "nearest_site_min"] == pytest.approx(leg + 25 + 2, rel=1e-3)


def test_nobody_gets_on_a_motorway_in_the_middle(road):
    nodes = {1: (0, 0), 2: (10, 0), 3: (0, 1), 4: (10, 1)}
    there, back = {"highway": "motorway"}, {"highway": "motorway", "oneway": "-1"}
    ways = [([1, 2], there), ([2, 1], back), ([1, 3], STREET), ([2, 4], STREET)]
    near = by_road({"beside": (4, 0.5), "a": nodes[3]}, {"s": nodes[4]}, road(nodes, ways))
    assert near.loc["beside", "nearest_site_status"] == "not_covered"
    assert near.loc["a", "nearest_site_min"] == pytest.approx(2 + 6 + 2, rel=1e-3)


def test_roads_that_nobody_stops_on_are_refused(road):
    network = road({1: (0, 0), 2: (1, 0)}, [([1, 2], {"highway": "motorway", "oneway": "no"})])
    with pytest.raises(InputError, match="counted to none of these roads"):
        by_road({"a": (0, 0)}, {"s": (1, 0)}, network)


def test_two_houses_apart_from_the_road_pay_for_the_way_to_it(road):
    network = road({1: (0, 0), 2: (0.2, 0)}, [([1, 2], STREET)])
    near = by_road({"a": (0, 1)}, {"s": (0.2, -0.5)}, network)
    assert near.loc["a", "nearest_site_min"] == pytest.approx(
        1.5 / OFF_ROAD_KMH * 60 + 0.4, rel=1e-3
    )


def test_of_sites_at_one_point_the_first_by_name_and_of_two_the_closer_to_the_road(road):
    network = road({1: (0, 0), 2: (0.2, 0)}, [([1, 2], STREET)])
    same = by_road({"a": (0, 0)}, {"z": (0.2, 0), "b": (0.2, 0)}, network)
    assert same.loc["a", "nearest_site_id"] == "b"
    apart = by_road({"a": (0, 0)}, {"b": (0.2, 1), "z": (0.2, 0)}, network)
    assert apart.loc["a", "nearest_site_id"] == "z"


@pytest.fixture(scope="session")
def island(tmp_path_factory):
    """A grid of streets, and 20 km away another that nothing leads to."""
    nodes, ways, _ = made_up_roads(4)
    more = {n + 50_000: (x + 40, y) for n, (x, y) in nodes.items()}
    across = [([n + 50_000 for n in refs], tags) for refs, tags in ways]
    path = tmp_path_factory.mktemp("island") / "a.osm.pbf"
    return read_roads(write_extract(path, nodes | more, ways + across))


def test_an_island_that_nothing_leads_to_is_beyond_reach_and_told(island):
    areas = {"shore": (5, 5), "island": (45, 5), "sea": (25, 5)}
    near = by_road(areas, {"s": (6, 6)}, island)
    assert near["nearest_site_status"].tolist() == ["ok", "no_supply_in_reach", "not_covered"]
    assert (
        near.loc[["island", "sea"], ["nearest_site_km", "nearest_site_min"]].isna().all(axis=None)
    )
    assert near.loc[["island", "sea"], "nearest_site_id"].isna().all()
    beyond = beyond_reach(near, limit_min=30)
    assert beyond["beyond_reach_share"].tolist() == [
        pytest.approx(0, abs=1e-6),
        1.0,
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert beyond["beyond_reach_status"].tolist() == ["ok", "no_supply_in_reach", "not_covered"]
    assert (
        f"1 areas lie more than {OFF_ROAD_KM:g} km from every road that leads on and have no "
        "minutes" in meta(near).notes
    )
    costs = travel_costs(at(areas), at({"s": (6, 6)}), max_minutes=30, method="roads", roads=island)
    access = catchment(costs, demand=100.0, supply=1.0, method="2sfca")
    assert access["access_status"].tolist() == ["ok", "no_supply_in_reach", "not_covered"]


def test_an_islet_that_nothing_leads_to_is_not_counted_across_the_water(road):
    nodes = {1: (0, 0), 2: (35, 0), 3: (37, 0), 4: (37.2, 0)}
    network = road(nodes, [([1, 2], STREET), ([3, 4], STREET)])
    places = {"a": (5, 0), "b": (6, 1), "c": (7, 0), "d": (8, 0)}
    places |= {"islet": (37, 0), "off it": (37.1, 1.5), "far": (20, 5), "at sea": (41, 0)}
    near = by_road(places, {"s": (6, 0), "clinic": (37.1, 0)}, network)
    assert near["nearest_site_status"].tolist() == ["ok"] * 4 + ["not_covered"] * 4
    notes = meta(near).notes
    assert "2 areas lie more than 3 km from every road that leads on and have no minutes" in notes
    assert not any("past a nearer one" in note for note in notes)
    told = [note for note in notes if "roads that lead nowhere else (an island" in note]
    assert [note[:7] for note in told] == ["2 areas", "1 sites"]
    with pytest.raises(InputError, match="1 of 1 sites are joined to none of the roads"):
        by_road({"a": (5, 0)}, {"clinic": (37.1, 0)}, network)


def test_a_place_counted_past_a_nearer_slip_of_the_map_is_told(road):
    nodes = {1: (0, 0), 2: (35, 0), 3: (35.9, 0), 4: (35.9, 0.2)}
    network = road(nodes, [([1, 2], STREET), ([3, 4], STREET)])
    near = by_road({"a": (5, 0), "slip": (35.9, 0)}, {"s": (6, 0)}, network)
    leg = 0.9 / OFF_ROAD_KMH * 60
    assert near.loc["slip", "nearest_site_min"] == pytest.approx(leg + 2 * 29, rel=2e-3)
    said = "1 areas and 0 sites are counted to the next road that leads on, past a nearer one"
    assert sum(note.startswith(said) for note in meta(near).notes) == 1
    alone = by_road({"a": (5, 0)}, {"s": (6, 0)}, network)
    assert not any("past a nearer one" in note for note in meta(alone).notes)


def test_an_island_counts_among_the_populated_points_of_an_area(island):
    near = by_road({"0001": (5, 5), "0002": (45, 5)}, {"s": (6, 6)}, island)
    points = near.assign(population_n=[300.0, 100.0], geoid="00")
    area = pd.DataFrame(index=["00"])
    beyond = beyond_reach(area, limit_min=30, points=points)
    assert beyond.loc["00", "beyond_reach_share"] == pytest.approx(0.25)
    assert beyond.loc["00", "beyond_reach_status"] == "ok"


def test_sites_in_the_water_are_told_and_are_nearest_to_nobody(island):
    near = by_road({"a": (5, 5)}, {"wet": (20, 5), "s": (6, 6)}, island)
    assert near.loc["a", "nearest_site_id"] == "s"
    assert any("1 sites lie more than 3 km from every road" in note for note in meta(near).notes)
    with pytest.raises(InputError, match="1 of 1 sites are joined to none") as told:
        by_road({"a": (5, 5)}, {"wet": (20, 5)}, island)
    assert told.value.code == "E-ROADS-ELSEWHERE"


def test_roads_of_another_state_are_refused(island):
    areas = {"a": (500, 5), "b": (510, 5), "c": (5, 5)}
    with pytest.raises(InputError, match="2 of 3 areas are joined to none") as told:
        by_road(areas, {"s": (6, 6)}, island)
    assert (told.value.code, told.value.rows) == ("E-ROADS-ELSEWHERE", ["a", "b"])
    with pytest.raises(InputError, match="2 of 3 areas"):
        travel_costs(at(areas), at({"s": (6, 6)}), max_minutes=30, method="roads", roads=island)


def test_places_without_a_location_are_no_places_off_the_roads(island):
    areas = at({"a": (5, 5), "b": (6, 6), "c": (7, 7)})
    areas.loc[["b", "c"]] = np.nan
    sites = at({"s": (6, 6), "lost": (7, 7)})
    sites.loc["lost"] = np.nan
    near = nearest_sites(areas, sites, method="roads", roads=island)
    assert near["nearest_site_status"].tolist() == ["ok", "not_computable", "not_computable"]
    assert not any("from every road" in note for note in meta(near).notes)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"method": "car"}, "no method 'car'"),
        ({"method": "roads"}, "minutes by road need the roads"),
        ({"method": "roads", "roads": "curve"}, "minutes by road need the roads"),
        ({"method": "roads", "roads": ..., "rurality": pd.Series({"a": 1})}, "rurality makes no"),
        ({"roads": ...}, "roads were given, and no trip follows them"),
    ],
)
def test_what_does_not_go_together_is_refused(island, options, match):
    options = {name: island if value is ... else value for name, value in options.items()}
    with pytest.raises(InputError, match=match):
        nearest_sites(at({"a": (5, 5)}), at({"s": (6, 6)}), **options)
    with pytest.raises(InputError, match=match):
        travel_costs(at({"a": (5, 5)}), at({"s": (6, 6)}), max_minutes=30, **options)


def test_km_are_no_cost_of_a_trip_by_road(island):
    with pytest.raises(InputError, match="trips by road cost minutes"):
        travel_costs(
            at({"a": (5, 5)}), at({"s": (6, 6)}), radius_km=3, method="roads", roads=island
        )


def test_where_the_roads_come_from_stays_known(island):
    near = by_road({"a": (5, 5)}, {"s": (6, 6)}, island)
    assert [source.id for source in meta(near).sources] == ["osm-roads"]
    assert any("ways of OpenStreetMap" in note for note in meta(near).notes)
    assert "OpenStreetMap" in travel_estimate(near).source
    costs = travel_costs(
        at({"a": (5, 5)}), at({"s": (6, 6)}), max_minutes=9, method="roads", roads=island
    )
    assert [source.id for source in meta(costs.record).sources] == ["osm-roads"]
