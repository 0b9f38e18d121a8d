"""OpenStreetMap extracts as a graph."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from road_files import degrees, km_between, made_up_roads, write_extract
from scipy.sparse.csgraph import dijkstra

from equity.errors import DependencyError, FormatError, InputError, MissingFileError
from equity.provenance import sha256_of
from equity.sources.roads import osm
from equity.sources.roads.graph import LIGHT_MIN, STEP_KM
from equity.sources.roads.osm import read_roads
from equity.sources.roads.tags import CLASS_KMH, ferry_minutes, speed_limit_kmh, way_of

STREET = {"highway": "residential"}
LINE = {1: (0, 0), 2: (0.2, 0), 3: (0.25, 0), 4: (0.25, 0.25)}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EQUITY_CACHE_DIR", str(tmp_path / "cache"))


def points_of(network, nodes):
    """The number of the point of the roads that lies on each node."""
    where = np.column_stack([network.lon, network.lat])
    found = {}
    for node, place in nodes.items():
        away = np.abs(where - degrees(*place)).max(axis=1)
        if away.min() < 1e-6:
            found[node] = int(away.argmin())
    return found


def matrix_of(network, nodes):
    """Minutes of the edges between nodes, {(from, to): minutes}."""
    names = {point: node for node, point in points_of(network, nodes).items()}
    edges = network.minutes.tocoo()
    return {
        (names[a], names[b]): value
        for a, b, value in zip(*edges.coords, edges.data, strict=True)
        if a in names and b in names
    }


# Tags


@pytest.mark.parametrize(
    ("tags", "ahead", "back"),
    [
        ({"highway": "residential"}, 30, 30),
        ({"highway": "residential", "oneway": "yes"}, 30, 0),
        ({"highway": "residential", "oneway": "-1"}, 0, 30),
        ({"highway": "residential", "oneway": "alternating"}, 30, 30),
        ({"highway": "trunk", "oneway": "reversible", "oneway:motorcar": "yes"}, 85, 0),
        ({"highway": "residential", "access": "no;private"}, 10, 10),
        ({"highway": "residential", "access": "private;customers"}, 30, 30),
        ({"highway": "residential", "access": "permit"}, 10, 10),
        ({"highway": "residential", "motor_vehicle": "unknown", "access": "private"}, 10, 10),
        ({"highway": "residential", "motor_vehicle:forward": "no"}, 0, 30),
        ({"highway": "residential", "motor_vehicle:backward": "no"}, 30, 0),
        ({"highway": "residential", "vehicle:forward": "no", "motorcar": "yes"}, 30, 30),
        ({"highway": "residential", "vehicle:forward": "no"}, 0, 30),
        ({"highway": "primary", "maxspeed": "signals", "maxspeed:type": "US:rural"},
         55 * 1.609344 * 0.8, 55 * 1.609344 * 0.8),
        ({"route": "ferry", "foot": "yes", "motor_vehicle": "yes"}, 15, 15),
        ({"highway": "residential", "oneway": "yes", "oneway:motor_vehicle": "no"}, 30, 30),
        ({"highway": "motorway"}, 100, 0),
        ({"highway": "motorway", "oneway": "no"}, 100, 100),
        ({"highway": "motorway_link"}, 60, 60),
        ({"highway": "tertiary", "junction": "roundabout"}, 45, 0),
        ({"highway": "primary", "maxspeed": "55 mph"}, 55 * 1.609344 * 0.8, 55 * 1.609344 * 0.8),
        ({"highway": "primary", "maxspeed:forward": "50", "maxspeed": "100"}, 40, 80),
        ({"highway": "motorway", "maxspeed": "none"}, 100, 0),
        ({"highway": "residential", "access": "private"}, 10, 10),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, 30, 30),
        ({"highway": "service", "service": "alley"}, 15, 15),
        ({"route": "ferry"}, 15, 15),
    ],
)  # fmt: skip
def test_a_way_is_driven_as_its_tags_say(tags, ahead, back):
    way = way_of(tags)
    assert (way.ahead_kmh, way.back_kmh) == pytest.approx((ahead, back))


@pytest.mark.parametrize(
    "tags",
    [
        {"highway": "footway"},
        {"highway": "construction"},
        {"building": "yes"},
        {"highway": "residential", "access": "no"},
        {"highway": "residential", "motor_vehicle": "no", "access": "yes"},
        {"highway": "service", "service": "parking_aisle"},
        {"highway": "service", "area": "yes"},
        {"highway": "trunk", "oneway": "reversible"},
        {"highway": "track", "motor_vehicle": "yes"},
        {"highway": "residential", "motor_vehicle": "agricultural;forestry"},
        *({"highway": "service", "access": word} for word in ("bus", "psv", "closed", "disused")),
        {"highway": "residential", "motor_vehicle": "unknown", "access": "no"},
        {"highway": "residential", "impassable": "yes"},
        {"highway": "residential", "motor_vehicle:forward": "no", "oneway": "yes"},
        {"route": "ferry", "motor_vehicle": "no"},
        {"route": "ferry", "foot": "yes", "bicycle": "yes"},
    ],
)
def test_what_no_car_may_use_is_no_way(tags):
    assert way_of(tags) is None


def test_people_stop_on_streets_not_on_motorways_or_ferries():
    kinds = [{"highway": "trunk"}, {"highway": "motorway"}, {"highway": "motorway_link"}]
    stops = [way_of(tags).may_stop for tags in (*kinds, {"route": "ferry"})]
    assert stops == [True, False, False, False]


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50), ("50 km/h", 50), ("30mph", 48.28032), ("35 mph;25 mph", 56.32704),
        ("20 knots", 37.04), ("US:urban", 40.2336), ("DE:rural", 90), ("DE:30", 30),
        ("US:25", 40.2336), ("US:CA:25", 40.2336), ("US:CA:urban", 40.2336), ("DE:walk", 7), ("walk", 7), ("none", None), ("signals", None),
        ("", None), (None, None), ("0", None), ("300", None), ("fast", None), ("1e9", None),
    ],
)  # fmt: skip
def test_limits_are_read_in_every_unit_and_nothing_is_made_of_others(text, kmh):
    assert speed_limit_kmh(text) == (kmh if kmh is None else pytest.approx(kmh))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("20", 20), ("1:30", 90), ("00:07:30", 7.5), ("PT45M", 45), ("P1DT1H", 1500), ("PT1.5H", 90),
     ("20 min", 20), ("1h", 60), ("1 hour 20 minutes", 80), ("1.5 hrs", 90), (" h", None), ("soon", None),
     ("", None), (None, None), ("00:00", None)],
)  # fmt: skip
def test_a_ferry_takes_as_long_as_it_says(text, minutes):
    assert ferry_minutes(text) == minutes


# Graph


def test_a_bend_is_no_junction_and_costs_its_length(tmp_path):
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2, 3, 4], STREET)]))
    # The bends are only shape; the last before 300 m stays, so that a trip may end there.
    first = sum(km_between(LINE[a], LINE[b]) for a, b in ((1, 2), (2, 3))) / 30 * 60
    second = km_between(LINE[3], LINE[4]) / 30 * 60
    assert sorted(points_of(network, LINE)) == [1, 3, 4]
    expected = {(1, 3): first, (3, 1): first, (3, 4): second, (4, 3): second}
    assert matrix_of(network, LINE) == pytest.approx(expected)


def test_a_long_straight_road_has_points_on_it(tmp_path):
    nodes = {1: (0, 0), 2: (3.05, 0)}
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, [([1, 2], STREET)]))
    assert len(network.lon) == 12
    assert np.diff(np.sort(network.lon)) / np.ptp(network.lon) == pytest.approx(1 / 11)
    assert network.minutes.sum() == pytest.approx(2 * km_between(nodes[1], nodes[2]) / 30 * 60)
    assert network.minutes.data.max() <= STEP_KM / 30 * 60


def test_a_winding_road_is_as_long_as_its_bends(tmp_path):
    rng = np.random.default_rng(5)
    nodes = {n: (0.07 * n, rng.uniform(0, 0.05)) for n in range(1, 60)}
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, [(list(nodes), STREET)]))
    length = sum(km_between(nodes[n], nodes[n + 1]) for n in range(1, 59))
    assert network.minutes.sum() == pytest.approx(2 * length / 30 * 60)
    assert STEP_KM / 2 < network.minutes.data.max() / 60 * 30 < 2 * STEP_KM
    assert len(network.lon) < 30


def test_a_bridge_without_a_common_node_is_no_crossing(tmp_path):
    nodes = {1: (0, 0), 2: (0.2, 0), 3: (0.1, -0.1), 4: (0.1, 0.1), 5: (0.1, 0)}
    over = [([1, 2], STREET), ([3, 4], STREET)]
    apart = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, over))
    assert set(matrix_of(apart, nodes)) == {(1, 2), (2, 1), (3, 4), (4, 3)}
    crossing = [([1, 5, 2], STREET), ([3, 5, 4], STREET)]
    joined = read_roads(write_extract(tmp_path / "b.osm.pbf", nodes, crossing))
    assert set(matrix_of(joined, nodes)) == {
        (a, b) for n in (1, 2, 3, 4) for a, b in ((5, n), (n, 5))
    }


def test_of_two_roads_between_the_same_points_the_quicker_counts(tmp_path):
    ways = [([1, 2], STREET), ([1, 2], {"highway": "primary"})]
    # Two ways of the same ends have ids of their own.
    ways[1] = ([2, 1], ways[1][1])
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", LINE, ways))
    assert network.minutes.nnz == 2
    assert network.minutes.data == pytest.approx(km_between(LINE[1], LINE[2]) / 65 * 60)


def test_a_ferry_is_kept_marked_and_takes_its_time(tmp_path):
    nodes = {1: (0, 0), 2: (0.2, 0), 3: (10, 0), 4: (20, 0), 5: (20.2, 0)}
    ferry = {"route": "ferry", "duration": "00:40"}
    ways = [([1, 2], STREET), ([2, 3, 4], ferry), ([4, 5], STREET)]
    path = write_extract(tmp_path / "a.osm.pbf", nodes, ways)
    network = read_roads(path)
    edges = matrix_of(network, nodes)
    assert edges[2, 4] == edges[4, 2] == pytest.approx(40)
    assert network.is_ferry.tolist() == (network.minutes.data > 39).tolist()
    assert any("2 stretches of the roads are ferries" in note for note in network.notes)
    points = points_of(network, nodes)
    assert sorted(points) == [1, 2, 4, 5]
    assert network.may_stop.all(), "both landings are on streets"
    without = read_roads(path, ferries=False)
    assert set(matrix_of(without, nodes)) == {(1, 2), (2, 1), (4, 5), (5, 4)}


def test_a_ferry_that_is_cut_off_keeps_its_speed_and_not_its_hours(tmp_path):
    nodes = {1: (0, 0), 2: (5, 0)}
    ways = [([1, 2, 9], {"route": "ferry", "duration": "02:00"})]
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, ways))
    assert network.minutes.data == pytest.approx(km_between(*nodes.values()) / 15 * 60)


def test_ways_without_length_take_what_they_state_or_nothing(tmp_path):
    nodes = {1: (0, 0), 2: (0.2, 0), 3: (0.2, 0), 4: (0.2, 0)}
    ways = [
        ([1, 2], STREET),
        ([2, 3], {"route": "ferry", "duration": "10"}),
        ([3, 4], STREET | {"oneway": "yes"}),
    ]
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, ways))
    street = km_between(nodes[1], nodes[2]) / 30 * 60
    assert sorted(network.minutes.data) == pytest.approx([0, street, street, 10, 10])


def test_a_traffic_light_costs_whoever_comes_to_it_a_third_of_a_minute(tmp_path):
    nodes = {1: (0, 0), 2: (0.1, 0), 3: (0.2, 0), 4: (0.2, 0.2)}
    ways = [([1, 2, 3], STREET), ([3, 4], STREET)]
    free = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, ways))
    # One at the stop line, which is no junction, one at the junction.
    path = write_extract(tmp_path / "b.osm.pbf", nodes, ways, lights={2, 3})
    before, after = matrix_of(free, nodes), matrix_of(read_roads(path), nodes)
    added = {pair: after[pair] - before[pair] for pair in before}
    third = 1 / 3
    assert added == pytest.approx({(1, 3): 2 * third, (3, 1): third, (3, 4): 0, (4, 3): third})


STOP_LINES = {"w": (-0.015, 0), "e": (0.015, 0), "n": (0, 0.015), "s": (0, -0.015)}


@pytest.mark.parametrize("apart", [1, 4])
@pytest.mark.parametrize(
    "between", [a + b for a in "wens" for b in "wens" if a != b], ids=lambda pair: f"from-{pair}"
)
def test_the_lights_of_one_crossing_cost_one_wait(tmp_path, between, apart):
    # Four stop lines around a junction; four times as far apart they are crossings of their own.
    lights = {name: (apart * x, apart * y) for name, (x, y) in STOP_LINES.items()}
    ends = {name: (20 * x, 20 * y) for name, (x, y) in STOP_LINES.items()}
    numbers = {name: k for k, name in enumerate(STOP_LINES, start=1)}
    nodes = {9: (0, 0)} | {numbers[name]: place for name, place in lights.items()}
    nodes |= {10 + numbers[name]: place for name, place in ends.items()}
    ways = [([10 + k, k, 9], STREET) for k in numbers.values()]
    free = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, ways))
    path = write_extract(tmp_path / "b.osm.pbf", nodes, ways, lights=set(numbers.values()))
    start, end = (10 + numbers[name] for name in between)
    took = [
        dijkstra(network.minutes, indices=points[start])[points[end]]
        for network in (read_roads(path), free)
        for points in [points_of(network, nodes)]
    ]
    assert took[0] - took[1] == pytest.approx(LIGHT_MIN * (1 if apart == 1 else 2))


def test_lights_on_the_other_roadway_take_no_wait_off(tmp_path):
    # Eastward: a stop line, a shape point 2 m before it; the westward one's light lies 5 m back.
    nodes = {1: (0, 0), 2: (0.098, 0), 3: (0.1, 0), 4: (0.2, 0)}
    other = {5: (0.2, 0.01), 6: (0.095, 0.01), 7: (0, 0.01)}
    oneway = STREET | {"oneway": "yes"}
    ways = [([1, 2, 3, 4], oneway), ([5, 6, 7], oneway), ([4, 5], STREET), ([7, 1], STREET)]
    path = write_extract(tmp_path / "a.osm.pbf", nodes | other, ways, lights={3, 6})
    edges = matrix_of(read_roads(path), nodes | other)
    length = km_between(nodes[1], nodes[4]) / 30 * 60
    assert [edges[1, 4], edges[5, 7]] == pytest.approx([length + LIGHT_MIN] * 2)


def test_two_extracts_join_at_the_border(tmp_path):
    nodes = {n: (0.2 * n, 0) for n in range(1, 7)}
    # One publisher gives both states the whole of a road that crosses, another cuts it.
    whole = [([1, 2], STREET), ([2, 3, 4, 5], STREET), ([5, 6], STREET)]
    west = write_extract(tmp_path / "west.osm.pbf", {n: nodes[n] for n in (1, 2, 3)}, whole[:2])
    east = write_extract(tmp_path / "east.osm.pbf", {n: nodes[n] for n in (4, 5, 6)}, whole[1:])
    everything = write_extract(tmp_path / "all.osm.pbf", nodes, whole)
    joined, one = read_roads([west, east]), read_roads(everything)
    assert matrix_of(joined, nodes) == pytest.approx(matrix_of(one, nodes))
    assert len(set(joined.part)) == 1
    assert [source.file for source in joined.sources] == ["west.osm.pbf", "east.osm.pbf"]
    # Alone, the road ends where the file does.
    assert set(matrix_of(read_roads(west), nodes)) == {(1, 2), (2, 1), (2, 3), (3, 2)}


def test_a_road_has_a_gap_where_a_node_is_outside(tmp_path):
    nodes = {1: (0, 0), 2: (0.2, 0), 9: (0.6, 0)}
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, [([1, 2, 5, 9], STREET)]))
    assert set(matrix_of(network, nodes)) == {(1, 2), (2, 1)}


def test_small_parts_are_told_and_nobody_is_counted_to_them(tmp_path):
    nodes, ways, _ = made_up_roads(1)
    island = {50_001: (40, 0), 50_002: (40.2, 0)}
    dead_end = {60_001: (-3, 0)}
    # Into the dead end one may drive, and never back.
    way_in = ([1, 60_001], STREET | {"oneway": "yes"})
    nodes |= island | dead_end
    ways += [(list(island), STREET), way_in]
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", nodes, ways))
    points = points_of(network, island | dead_end)
    assert len(points) == 3
    assert not network.may_stop[list(points.values())].any()
    assert network.is_apart[list(points.values())].all()
    assert (network.part[list(points.values())] == -1).all()
    assert any("lie in small parts" in note for note in network.notes)


def test_speeds_that_are_all_missing_are_those_of_the_class_and_told(tmp_path):
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2], STREET)]))
    assert network.notes[0].startswith(
        "Roads: 1 ways of OpenStreetMap, none of them states a limit"
    )
    assert network.minutes.data == pytest.approx(
        km_between(LINE[1], LINE[2]) / CLASS_KMH["residential"] * 60
    )


# Files


def test_a_second_reading_is_kept_by_content(tmp_path, monkeypatch):
    path = write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2, 3, 4], STREET)])
    first = read_roads(path)
    with monkeypatch.context() as patch:
        patch.setattr(osm, "_read", None)
        again = read_roads(path)
    np.testing.assert_array_equal(again.minutes.toarray(), first.minutes.toarray())
    for name in ("lon", "lat", "is_ferry", "may_stop", "is_apart", "part"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))
    assert (again.notes, again.sources) == (first.notes, first.sources)
    assert first.sources[0].sha256 == sha256_of(path)
    assert first.sources[0].licence == "ODbL 1.0"
    kept = next((tmp_path / "cache" / "derived" / "roads").iterdir())
    kept.write_bytes(kept.read_bytes()[:200])
    assert read_roads(path).minutes.nnz == first.minutes.nnz, "a damaged entry is made again"
    other = write_extract(path, LINE, [([1, 2], STREET)])
    assert read_roads(other).minutes.nnz == 2


def test_roads_that_cannot_be_kept_are_read_all_the_same(tmp_path, caplog):
    (tmp_path / "cache").write_text("no folder")
    network = read_roads(write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2], STREET)]))
    assert network.minutes.nnz == 2
    assert "not kept for the next reading" in caplog.text


def test_the_day_is_the_headers_unless_it_is_said(tmp_path):
    told = {"osmosis_replication_timestamp": "2026-09-01T20:21:04Z"}
    path = write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2], STREET)], header=told)
    silent = write_extract(tmp_path / "b.osm.pbf", LINE, [([1, 2], STREET)])
    days = [read_roads(path), read_roads(path, as_of="2026-09-02"), read_roads(silent)]
    assert [one.sources[0].vintage for one in days] == ["2026-09-01", "2026-09-02", "undated"]


def test_a_truncated_file_is_refused(tmp_path):
    nodes, ways, _ = made_up_roads(1)
    path = write_extract(tmp_path / "a.osm.pbf", nodes, ways)
    whole = path.read_bytes()
    for share in (0.01, 0.5, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(FormatError, match=r"no whole OpenStreetMap extract|no road") as told:
            read_roads(path)
        assert told.value.file.endswith("a.osm.pbf")


def test_a_file_that_may_be_cut_off_between_two_blocks_is_told(tmp_path):
    ways = [([1, 2], STREET)]
    whole = write_extract(tmp_path / "a.osm.pbf", LINE, ways)
    cut = write_extract(tmp_path / "b.osm.pbf", LINE, ways, whole=False)
    assert whole.read_bytes().startswith(cut.read_bytes()), "cut between two blocks"
    told = "1 of the files of roads: no relation of the map"
    assert [
        any(note.startswith(told) for note in read_roads(files).notes)
        for files in (whole, cut, [whole, cut])
    ] == [False, True, True]


@pytest.mark.parametrize("content", [b"", b"<html>sorry</html>", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_extract_is_refused(tmp_path, content):
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"no whole OpenStreetMap extract|no road"):
        read_roads(path)


def test_a_full_history_is_refused(tmp_path):
    import osmium

    path = tmp_path / "a.osh.pbf"
    header = osmium.io.Header()
    header.has_multiple_object_versions = True
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for version in (1, 2):
            writer.add_node(osmium.osm.mutable.Node(id=1, version=version, location=(-78, 38)))
    with pytest.raises(FormatError, match="history of the map"):
        read_roads(path)


def test_an_extract_without_roads_or_without_their_nodes_is_refused(tmp_path):
    bare = write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2], {"waterway": "river"})])
    with pytest.raises(FormatError, match="no road that cars may use"):
        read_roads(bare)
    empty = write_extract(tmp_path / "b.osm.pbf", {}, [([1, 2], STREET)])
    with pytest.raises(FormatError, match="no node of its roads"):
        read_roads(empty)


@pytest.mark.parametrize("refs", [[1, 7], [1], [1, 1]])
def test_a_way_with_one_node_inside_is_no_road(tmp_path, refs):
    path = write_extract(tmp_path / "a.osm.pbf", LINE, [(refs, STREET)])
    with pytest.raises(FormatError, match="two neighboring nodes") as told:
        read_roads(path)
    assert told.value.file == "a.osm.pbf"


def test_an_editors_own_ids_are_refused(tmp_path):
    nodes = {-2: (0, 0), -1: (0.2, 0), 1: (0.3, 0)}
    path = write_extract(tmp_path / "a.osm", nodes, [([-2, -1, 1], STREET)])
    with pytest.raises(FormatError, match="negative ids") as told:
        read_roads(path)
    assert told.value.rows == [-2, -1]


def test_files_that_are_not_there_and_none_at_all(tmp_path):
    with pytest.raises(MissingFileError):
        read_roads(tmp_path / "virginia.osm.pbf")
    with pytest.raises(InputError, match="no extract is named"):
        read_roads([])


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    path = write_extract(tmp_path / "a.osm.pbf", LINE, [([1, 2], STREET)])
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(DependencyError, match=r"roads\]"):
        read_roads(path)
