"""Maps: packed polygons come back, nothing is requested, no name is ever markup."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from outputs_data import (
    HOSTILE,
    column_of,
    config_of,
    inflate,
    make_table,
    names_of,
    payload_of,
)
from shapely.geometry import Polygon, box

from equity.areas.schema import layers_in
from equity.errors import InputError, MissingColumnError
from equity.outputs import _pack, _places
from equity.outputs._colors import COLORS, NEUTRAL, RAMP
from equity.outputs.maps import make_map, page_text, save_map
from equity.provenance import stamp

LAYERS = [layer.name for layer in layers_in(make_table().columns)]


def unpack(data, step):
    """The decoder of map.js, again, in Python."""
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value = shift = 0
    stream = iter(values)

    def take(n):
        return [next(stream) for _ in range(n)]

    polygons = take(next(stream))
    rings = take(sum(polygons))
    vertices = take(sum(rings))
    steps = np.array(list(stream)).reshape(-1, 2)
    xy = np.cumsum(np.where(steps % 2, -(steps + 1) // 2, steps // 2), axis=0) * step
    ends = np.cumsum(vertices)
    parts = iter(np.split(xy, ends[:-1]))
    ring_count = iter(rings)
    return [[[next(parts) for _ in range(next(ring_count))] for _ in range(n)] for n in polygons]


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_packed_polygons_come_back_within_half_a_step():
    shapes = np.array(
        [
            Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (1, 2), (2, 2), (2, 1)]]),
            _pack.EMPTY,
            shapely.MultiPolygon([box(-77.12345, 38, -76, 39), box(-75, 38, -74.5, 38.5)]),
        ],
        dtype=object,
    )
    back = unpack(_pack.pack(shapes, 1e-4), 1e-4)
    assert [len(p) for p in back] == [1, 0, 2]
    assert len(back[0][0]) == 2
    for shape, polygons in zip(shapes, back, strict=True):
        rebuilt = shapely.MultiPolygon([Polygon(r[0], r[1:]) for r in polygons])
        assert rebuilt.is_valid
        assert shape.hausdorff_distance(rebuilt) < 1e-4 or shape.is_empty


def test_packing_nothing():
    assert unpack(_pack.pack(np.array([], dtype=object), 1e-4), 1e-4) == []


@pytest.mark.parametrize(
    ("areas", "size"),
    [
        # A border that crosses itself: two triangles of 1 each, and a square of 4 beside them.
        ([Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), box(2, 0, 4, 2)], 6),
        # Each of two neighbors reaches over the border into the other: 4 by 2 in all.
        (
            [
                Polygon([(0, 0), (2, 0), (2.2, 1), (2, 2), (0, 2)]),
                Polygon([(2, 0), (4, 0), (4, 2), (2, 2), (1.8, 1)]),
            ],
            8,
        ),
    ],
)
def test_areas_whose_borders_cross_have_one_outline_and_a_map(areas, size):
    with pytest.raises(shapely.errors.GEOSException):
        shapely.coverage_union_all(areas)
    assert _pack.joined(np.array(areas, dtype=object)).area == pytest.approx(size)
    table = gpd.GeoDataFrame(
        {"gap_n": [1.0, 2.0], "is_under_resourced": True}, geometry=areas,
        index=pd.Index(["90001000100", "90001000200"], name="geoid"), crs=4269,
    )  # fmt: skip
    text = page_text(make_map(table, sources=()))
    view = config_of(text)["views"][0]
    (outline,) = unpack(inflate(view["focus"]), view["step"])
    assert sum(Polygon(rings[0]).area for rings in outline) == pytest.approx(size, rel=0.01)


def test_neighbors_still_share_their_border_after_simplification():
    table = make_table(12)
    drawn = _pack.display_geometry(table.geometry, detail=1 / 50)
    area = shapely.area(drawn).sum()
    assert shapely.area(shapely.union_all(drawn)) == pytest.approx(area, rel=1e-9)
    assert (~shapely.is_empty(drawn)).sum() == len(table) - 3


def test_the_far_aleutians_do_not_make_the_map_as_wide_as_the_world():
    alaska = gpd.GeoSeries([box(-170, 52, -168, 54), box(178, 51, 179.9, 52), None], crs=4269)
    west, _, east, _ = shapely.total_bounds(_pack.display_geometry(alaska))
    assert east - west < 15


def test_any_crs_is_drawn_in_place(table):
    here = config_of(page_text(make_map(table)))["bounds"]
    there = config_of(page_text(make_map(table.to_crs(5070))))["bounds"]
    np.testing.assert_allclose(here, there, atol=2e-4)


def test_one_block_of_polygons_however_many_layers(table):
    one = page_text(make_map(table))
    five = page_text(make_map(table, layers=LAYERS))
    block = config_of(one)["views"][0]["areas"]
    assert config_of(five)["views"][0]["areas"] == block
    assert five.count(block) == 1


def test_a_site_that_offers_telehealth_says_so(table, report):
    said = pd.Series([True, False, None][: len(report.sites)], dtype="boolean")
    sites = report.sites.iloc[: len(said)].assign(offers_telehealth=said.array)
    names = names_of(page_text(make_map(table, layers=LAYERS, sites=sites)))["sites"]
    told = [name.endswith(" (offers telehealth)") for _, _, name, *_ in names]
    assert told == [True, *[False] * (len(said) - 1)]


def test_the_file_loads_nothing_and_owes_its_reader_nothing(table, report, tmp_path):
    made = make_map(
        table,
        layers=LAYERS,
        title=report.title,
        finding=report.finding[0],
        sites=report.sites,
        outlines=report.outlines,
    )
    text = save_map(made, tmp_path / "map.html").read_text(encoding="utf-8")
    tags = Tags(text).found
    for tag, attributes in tags:
        for name in ("src", "href", "srcset", "data", "action"):
            value = attributes.get(name) or ""
            assert not re.match(r"(https?:)?//", value), (tag, value)
    assert not re.search(r"url\((?!data:|#)", text)
    assert ("html", {"lang": "en"}) in tags
    assert [t for t, _ in tags].count("h1") == 1
    assert unescape(re.search("<title>(.*?)</title>", text)[1]) == report.title
    assert "<State>" not in text
    assert "jquery" not in text.lower()
    assert "bootstrap" not in text.lower()
    assert [a["value"] for t, a in tags if t == "option"] == LAYERS
    skip = next(a for t, a in tags if t == "a")
    assert skip["href"] == "#eq-values"
    assert any(a.get("id") == "eq-values" for _, a in tags)
    assert "Synthetic data" in text
    assert "prefers-reduced-motion" in text
    assert "@media print" in text


def test_no_name_is_ever_markup(table):
    text = page_text(make_map(table, layers=LAYERS))
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "onerror=alert" not in text.replace("&gt;", "").replace(
        "&lt;img src=http://evil.example/x.png onerror=alert(1)", ""
    )
    assert "{{ 7 * 7 }} {% raw %}" in text.replace("&lt;%frame%&gt;", "")
    data = payload_of(text)
    assert data["name"][: len(HOSTILE)] == list(HOSTILE)


def test_every_value_is_in_the_table_and_unknown_comes_last(table):
    text = page_text(make_map(table, layers=LAYERS))
    rows = re.findall(r'<tr data-key="(\d+)">', text)
    assert sorted(rows) == sorted(table.index)
    known = table["gap_n"].loc[rows]
    assert known.isna().tolist() == sorted(known.isna().tolist())
    assert known.dropna().is_monotonic_decreasing
    assert text.count("n/a (nobody lives here)") >= 9
    assert '<td data-v=""></td>' not in text


def test_legend_labels_have_units_and_no_brackets(table):
    text = page_text(make_map(table, layers=LAYERS))
    labels = [label for name in LAYERS for label in column_of(text, name)["classes"]]
    assert len(labels) > 15
    for label in labels:
        assert re.search(r"(people|person|%|km \([\d. to]+ mi\))( or more)?$", label), label
        assert "[" not in label


def test_equal_tables_give_equal_files_and_different_ones_do_not(table, tmp_path):
    one = save_map(make_map(table), tmp_path / "1.html").read_bytes()
    two = save_map(make_map(make_table()), tmp_path / "2.html").read_bytes()
    other = save_map(make_map(make_table(seed=8)), tmp_path / "3.html").read_bytes()
    assert one == two != other


def test_the_input_is_left_alone(table):
    before = make_table()
    make_map(table, layers=LAYERS)
    pd.testing.assert_frame_equal(
        pd.DataFrame(table.drop(columns="geometry")), pd.DataFrame(before.drop(columns="geometry"))
    )
    assert table.geometry.isna().sum() == 3


def test_a_missing_column_is_named(table):
    with pytest.raises(MissingColumnError, match="'speed'"):
        make_map(table, "speed")
    with pytest.raises(MissingColumnError, match="'speed'"):
        make_map(table, layers=[("speed", "Speed", "mbps")])


def test_what_is_no_table_of_areas_is_one_error(table, report):
    with pytest.raises(InputError, match="not from a Report"):
        make_map(report)
    with pytest.raises(InputError, match="not from a DataFrame"):
        make_map(pd.DataFrame(table.drop(columns="geometry")))


def test_a_table_without_polygons_is_one_error(table):
    table["geometry"] = None
    with pytest.raises(InputError, match="polygon"):
        make_map(table.set_geometry("geometry"))


@pytest.mark.parametrize("classes", [1, 6])
def test_classes_are_two_to_five(table, classes):
    with pytest.raises(InputError, match="2 to 5"):
        make_map(table, classes=classes)


def test_a_layer_that_would_call_out_is_refused(table, tmp_path):
    made = make_map(table)
    folium.TileLayer("OpenStreetMap").add_to(made)
    with pytest.raises(InputError, match="elsewhere"):
        save_map(made, tmp_path / "map.html")
    assert not (tmp_path / "map.html").exists()
    assert save_map(made, tmp_path / "map.html", standalone=False).exists()


def test_folium_layers_can_be_added(table, tmp_path):
    made = make_map(table)
    assert isinstance(made, folium.Map)
    folium.CircleMarker([38.8, -75.5], radius=5).add_to(made)
    assert "L.circleMarker(" in save_map(made, tmp_path / "map.html").read_text(encoding="utf-8")


def test_a_notebook_shows_a_titled_frame(table):
    shown = make_map(table)._repr_html_()
    assert '<iframe title="Map' in shown
    assert "DecompressionStream" in shown


def test_a_wide_margin_is_hatched(table):
    rough = column_of(page_text(make_map(table)), "gap_n")["rough"]
    cv = table["gap_n_moe"] / 1.645 / table["gap_n"]
    assert rough == "".join("1" if wide else "0" for wide in cv > 0.40)
    assert rough.count("1") > 5


def test_columns_under_a_rule_are_described(table):
    table["gap_n__fcc_25_3"] = table["gap_n"] * 2
    text = page_text(make_map(table, "gap_n__fcc_25_3"))
    assert "fcc-25-3" in text
    assert "n/a (nobody lives here)" in text


def test_whatever_stands_where_polygons_should_is_drawn_or_left_out(table):
    table.loc[table.index[0], "geometry"] = shapely.Point(-75.7, 38.6)
    table.loc[table.index[1], "geometry"] = shapely.GeometryCollection(
        [table.geometry.iloc[1], shapely.LineString([(-75, 38), (-75, 39)])]
    )
    table.loc[table.index[2], "geometry"] = shapely.Polygon(
        [(-75.6, 38.4), (-75.5, 38.5), (-75.5, 38.4), (-75.6, 38.5)]
    )
    data = config_of(page_text(make_map(table)))
    polygons = unpack(inflate(data["views"][0]["areas"]), data["step"])
    assert [len(p) for p in polygons[:2]] == [0, 1]
    assert len(polygons) == len(table)


def test_geometry_in_meters_without_a_crs_is_refused(table):
    meters = gpd.GeoDataFrame(table.to_crs(5070)).set_crs(None, allow_override=True)
    with pytest.raises(InputError, match="set_crs"):
        make_map(meters)


def test_layers_may_be_plain_column_names(table):
    text = page_text(make_map(table, "gap_share", layers=["gap_share", "population_n"]))
    assert re.findall(r'<option value="(\w+)"', text) == ["gap_share", "population_n"]
    assert "Residents" in text


def test_areas_with_no_site_in_reach_are_outlined_and_named(table):
    assert "no site in reach" not in page_text(make_map(table))
    table["nearest_site_status"] = ["no_supply_in_reach"] * 2 + ["ok"] * (len(table) - 2)
    text = page_text(make_map(table))
    data = config_of(text)
    (shape,) = unpack(inflate(data["views"][0]["far"]), data["step"])
    assert len(shape) == 1
    assert "no site in reach" in text


def test_a_count_is_named_by_what_it_counts_and_claims_no_worse_where_there_is_none(table):
    table["locations_n"] = np.arange(len(table), dtype=float)
    text = page_text(make_map(table, "locations_n", layers=["gap_share"]))
    found = column_of(text, "locations_n")
    assert (found["label"], found["direction"]) == ("Locations", "neither")
    assert set(found["colors"]) <= set(NEUTRAL)
    assert all(word.endswith(" locations") for word in found["classes"])
    assert column_of(text, "gap_share")["direction"] == "higher"


def test_a_label_and_unit_of_ones_own_go_with_the_columns_direction(table):
    text = page_text(make_map(table, layers=[("connected_share", "Online", "share")]))
    found = column_of(text, "connected_share")
    assert (found["label"], found["colors"]) == ("Online", list(RAMP[::-1]))


def test_a_missing_value_says_why_by_the_status_its_column_is_told_by(table):
    table["coverage_status"] = ["no_locations"] + ["ok"] * (len(table) - 1)
    table["qualifying_share"] = table["qualifying_share"].where(table["coverage_status"] == "ok")
    text = page_text(make_map(table, "qualifying_share"))
    assert text.count("n/a (no locations listed)") == 1


def test_a_layer_of_words_has_a_class_for_each(table):
    words = ["hot_spot", None, "no_cluster", *[None] * (len(table) - 3)]
    why = ["ok", "no_neighbors", "ok", *["unknown"] * (len(table) - 3)]
    found = make_map(table.assign(cluster=words, cluster_status=why), "cluster")
    text = page_text(found)
    layer = column_of(text, "cluster")
    assert layer["code"][:3] == "4-0"
    assert layer["text"][:2] == ["high among high (hot spot)", "n/a (no neighbors)"]
    assert layer["colors"][-1] == RAMP[-1]
    assert len(layer["classes"]) == len(layer["colors"]) == 5


def at_home(table, **more):
    """The same areas, said to be real ones in Delaware, so that places are named."""
    real = table.set_axis("10" + table.index.str[2:]).rename_axis("geoid")
    return page_text(make_map(real, sources=(), synthetic=False, **more))


def test_towns_and_zip_codes_of_the_areas_are_named_and_those_of_a_made_up_place_are_not(table):
    names = names_of(at_home(table))
    towns = {name for name, *_ in names["places"]}
    assert {"Dover", "Milford", "Georgetown"} <= towns
    assert "Wilmington" not in towns, "it lies north of these areas"
    assert "19901" in {code for code, *_ in names["zips"]}
    people = [people for *_, people, _, _ in names["places"]]
    assert people[0] == max(people)
    held = {name: area for name, *_, area in names["places"]}
    dover = table.geometry.iloc[held["Dover"]]
    assert dover.distance(shapely.Point(-75.524, 39.158)) < 0.02
    lines = gpd.GeoDataFrame(
        {"name": ["Kent County, Delaware"]}, geometry=[table.union_all()], index=["10001"], crs=4269
    )
    (county,) = names_of(at_home(table.drop(columns="county_name"), outlines=lines))["counties"]
    assert county[0] == "Kent County", "with its state it has no room on a map"
    made_up = names_of(page_text(make_map(table)))
    assert made_up["places"] == made_up["zips"] == []


def test_a_territory_and_the_far_aleutians_have_their_towns():
    island = np.array([box(-66.2, 18.3, -66.0, 18.5)], dtype=object)
    assert ("San Juan", "PR") in {(place[0], place[4]) for place in _places.places_in(island)}
    ends = gpd.GeoSeries([box(-177, 51.5, -176, 52.2), box(172, 52, 174, 53)], crs=4269)
    towns = {place[0]: place[-1] for place in _places.places_in(_pack.display_geometry(ends))}
    assert set(towns.values()) <= {0, 1}
    assert _places.holders(_pack.display_geometry(ends), [(173, 52.5), (0, 0)]).tolist() == [1, -1]


def test_counties_are_named_even_where_a_part_of_them_has_no_name(table, report):
    table["county_name"] = ["Kent County"] * (len(table) - 1) + [""]
    lines = report.outlines.set_axis(["90001", "90099"])
    names = names_of(page_text(make_map(table, outlines=lines)))["counties"]
    assert [(row[0], row[-1]) for row in names] == [("Kent County", "90001"), ("County 2", "90099")]


def test_a_suburb_that_the_list_gives_its_city_s_people_comes_after_the_city():
    places = [
        ("East Hampton", -76.33, 37.04, 147_993, "VA", 0),
        ("Hampton", -76.35, 37.03, 137_148, "VA", 0),
        ("Virginia Beach", -75.98, 36.85, 454_808, "VA", 0),
    ]
    assert _places._parts_of_others(places) == {("East Hampton", -76.33, 37.04)}


def test_thousands_of_sites_are_summed_and_none_is_lost(table):
    random = np.random.default_rng(2)
    west, south, east, north = table.total_bounds
    n = 20_000
    xy = random.uniform((west, south), (east, north), (n, 2))
    sites = gpd.GeoDataFrame({"name": "x"}, geometry=shapely.points(xy), index=range(n), crs=4326)
    text = page_text(make_map(table, sites=sites, sites_label="clinics"))
    rows = names_of(text)["sites"]
    assert len(rows) < 5000
    assert sum(row[4] for row in rows) == n
    assert all(row[2] == f"{row[4]:,} clinics" for row in rows if row[4] > 1)


def test_the_reader_can_switch_to_larger_areas_whose_limits_are_those_of_their_size(table):
    whole = gpd.GeoDataFrame(
        {"name": ["Kent"], "gap_n": [9000.0], "gap_share": [0.1]},
        geometry=[table.union_all()], index=pd.Index(["90001"], name="geoid"), crs=4269,
    )  # fmt: skip
    stamp(whole, level="county", geo_vintage="2020", sources=())
    text = page_text(make_map(table, layers=LAYERS, larger={"counties": whole}))
    assert [view["label"] for view in config_of(text)["views"]] == ["areas", "counties"]
    assert config_of(text)["views"][1]["one"] == "county"
    assert [c["name"] for c in payload_of(text, 1)["columns"] if "code" in c] == [
        "gap_n",
        "gap_share",
    ]
    tract, county = (column_of(text, "gap_n", view) for view in (0, 1))
    assert tract["classes"][-1] == "1,000 people or more"
    assert county["classes"][-1] == "20,000 people or more"
    assert (
        column_of(text, "gap_share", 1)["classes"] == column_of(text, "gap_share")["classes"][-6:]
    )


def test_no_template_names_a_color_but_by_its_role():
    from equity.outputs import _html, _text

    sheets = [
        "page.css",
        "plan.css",
        "map.css",
        "table.css",
        "alone.css",
        "map.html.j2",
        "page.html.j2",
    ]
    for name in (*_html.SCRIPTS, "sort.js", "page.js", *sheets):
        text = _text.template(name)
        assert not re.search(r"#[0-9a-fA-F]{3,6}\b(?![^{]*\{)", text), name
        for used in re.findall(r"var\(--([a-z-]+)", text) + re.findall(r'color\("([a-z-]+)"', text):
            assert used == "ratio" or used in COLORS, (name, used)


@pytest.mark.parametrize("case", ["one area", "all equal", "all missing", "across 180°", "long"])
def test_odd_tables_make_a_sensible_map(table, case):
    if case == "one area":
        table = table.iloc[[0]]
    elif case == "all equal":
        table["gap_share"] = 0.25
    elif case == "all missing":
        table["gap_share"] = np.nan
    elif case == "across 180°":
        table.loc[table.index[0], "geometry"] = box(179.5, 51, 179.9, 52)
        table.loc[table.index[1], "geometry"] = box(-179.9, 51, -179.5, 52)
    else:
        table.loc[table.index[0], "name"] = "ﷺ \u202e" + "長" * 300
    text = page_text(make_map(table, "gap_share"))
    found = column_of(text, "gap_share")
    drawn = config_of(text)["views"][0]
    polygons = unpack(inflate(drawn["areas"]), config_of(text)["step"])
    assert len(polygons) == len(found["code"]) == len(table)
    assert (set(found["code"]) == {"-"}) == (case == "all missing")
    (_, west), (_, east) = config_of(text)["bounds"]
    assert east - west < 120
