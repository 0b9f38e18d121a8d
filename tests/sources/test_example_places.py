"""Boundaries, blocks and places of care of the example state, read with geopandas and the standard library."""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from equity.example import _plan as plan
from equity.example._care import luhn_digit
from equity.example.state import Example

# TIGER/Line 2023 columns.
COLUMNS = {
    "tracts": "STATEFP COUNTYFP TRACTCE GEOID GEOIDFQ NAME NAMELSAD MTFCC FUNCSTAT ALAND AWATER INTPTLAT INTPTLON",
    "block_groups": "STATEFP COUNTYFP TRACTCE BLKGRPCE GEOID GEOIDFQ NAMELSAD MTFCC FUNCSTAT ALAND AWATER INTPTLAT INTPTLON",
    "counties": "STATEFP COUNTYFP COUNTYNS GEOID GEOIDFQ NAME NAMELSAD LSAD CLASSFP MTFCC FUNCSTAT ALAND AWATER INTPTLAT INTPTLON",
    "blocks": "STATEFP20 COUNTYFP20 TRACTCE20 BLOCKCE20 GEOID20 NAME20 MTFCC20 UR20 FUNCSTAT20 ALAND20 AWATER20 INTPTLAT20 INTPTLON20 HOUSING20 POP20",
}
LENGTH = {"counties": 5, "tracts": 11, "block_groups": 12, "blocks": 15}


@pytest.fixture(scope="module")
def layers(example_state: Example) -> dict[str, Any]:
    return {name: gpd.read_file(getattr(example_state, name)) for name in COLUMNS}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_ids_and_coordinate_system(name: str, layers: dict[str, Any]) -> None:
    table = layers[name]
    assert [*COLUMNS[name].split(), "geometry"] == list(table.columns)
    assert table.crs.to_epsg() == 4269
    geoid = table["GEOID20" if name == "blocks" else "GEOID"]
    assert geoid.is_unique
    assert geoid.str.fullmatch(rf"90\d{{{LENGTH[name] - 2}}}").all()
    inner = table["INTPTLAT20" if name == "blocks" else "INTPTLAT"]
    assert inner.str.fullmatch(r"\+3\d\.\d{7}").all()
    assert (table.geometry.geom_type == "Polygon").all()


@pytest.mark.parametrize("name", COLUMNS)
def test_zip_holds_one_shapefile(name: str, example_state: Example) -> None:
    path = getattr(example_state, name)
    with zipfile.ZipFile(path) as archive:
        assert {n.rpartition(".")[2] for n in archive.namelist()} == {
            "shp",
            "shx",
            "dbf",
            "prj",
            "cpg",
        }
        assert {n.partition(".")[0] for n in archive.namelist()} == {path.stem}


@pytest.mark.parametrize("name", COLUMNS)
def test_areas_share_edges_exactly(name: str, layers: dict[str, Any]) -> None:
    shapes = layers[name].geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)


def test_levels_nest(layers: dict[str, Any]) -> None:
    for fine, coarse in (
        ("blocks", "block_groups"),
        ("block_groups", "tracts"),
        ("tracts", "counties"),
    ):
        ids = layers[fine]["GEOID20" if fine == "blocks" else "GEOID"]
        parents = ids.str[: LENGTH[coarse]]
        assert set(parents) == set(layers[coarse]["GEOID"])
        merged = layers[fine].dissolve(parents.to_numpy()).geometry
        whole = layers[coarse].set_index("GEOID").geometry.loc[merged.index]
        apart = shapely.area(shapely.symmetric_difference(merged.to_numpy(), whole.to_numpy()))
        assert apart.max() < 1e-9


def test_counts_of_areas(layers: dict[str, Any]) -> None:
    assert len(layers["counties"]) == 9
    assert 150 <= len(layers["tracts"]) <= 220
    per_tract = Counter(layers["block_groups"]["GEOID"].str[:11])
    ordinary = [n for geoid, n in per_tract.items() if geoid[5:7] not in {"98", "99"}]
    assert set(ordinary) == {2, 3}


def test_land_and_water_are_the_polygons_own_area(layers: dict[str, Any]) -> None:
    tracts = layers["tracts"]
    stated = (tracts["ALAND"] + tracts["AWATER"]).to_numpy()
    drawn = tracts.to_crs(5070).area.to_numpy()
    # The plane of the drawing is equal-area on a sphere, so up to 1 % off the ellipsoid.
    np.testing.assert_allclose(stated, drawn, rtol=0.01)


def test_towns_are_dense_and_the_rest_is_not_a_grid(layers: dict[str, Any]) -> None:
    tracts = layers["tracts"].set_index("GEOID")
    blocks = layers["blocks"]
    people = blocks.groupby(blocks["GEOID20"].str[:11])["POP20"].sum().reindex(tracts.index)
    density = people / (tracts["ALAND"] / 1e6).replace(0, np.nan)
    assert density.max() / density[density > 0].min() > 100
    corners = shapely.get_num_coordinates(shapely.simplify(tracts.geometry.to_numpy(), 1e-4))
    assert np.median(corners) > 12


def test_the_river_is_a_tract_boundary(layers: dict[str, Any]) -> None:
    tracts = layers["tracts"]
    river = shapely.LineString(plan.to_lonlat(plan.smooth(plan.RIVER)))
    state = tracts.union_all()
    lake = tracts[tracts["TRACTCE"] == "990000"].geometry.iloc[0].buffer(0.02)
    river = river.intersection(state).difference(lake)
    edges = shapely.union_all(tracts.boundary.to_numpy()).buffer(0.005)
    assert river.intersection(edges).length / river.length > 0.85


def test_special_tracts(layers: dict[str, Any], example_state: Example) -> None:
    tracts = layers["tracts"].set_index("GEOID")
    blocks = layers["blocks"]
    by_tract = blocks.groupby(blocks["GEOID20"].str[:11])[["POP20", "HOUSING20"]].sum()
    with zipfile.ZipFile(example_state.served_unserved) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()[1:]
    locations = Counter(line.split(",")[1][:11] for line in lines)
    water = tracts.index[tracts.index.str[5:7] == "99"]
    assert len(water) == 1
    assert tracts.loc[water[0], ["ALAND", "AWATER"]].tolist()[0] == 0
    assert by_tract.loc[water[0]].tolist() == [0, 0]
    empty = by_tract.index[(by_tract["POP20"] == 0) & (by_tract.index.str[5:7] == "98")]
    assert len(empty) == 1
    unlisted = by_tract.index[(by_tract["POP20"] > 100) & ~by_tract.index.isin(list(locations))]
    assert len(unlisted) == 1
    assert set(locations) == set(tracts.index) - set(water) - set(empty) - set(unlisted)


def test_locations_and_housing_units_agree(layers: dict[str, Any], example_state: Example) -> None:
    blocks = layers["blocks"].set_index("GEOID20")
    with zipfile.ZipFile(example_state.served_unserved) as archive:
        lines = archive.read(archive.namelist()[0]).decode().splitlines()[1:]
    locations = Counter(line.split(",")[1] for line in lines)
    assert set(locations) <= set(blocks.index)
    ratio = sum(locations.values()) / blocks["HOUSING20"].sum()
    # Virginia: 2.9 million locations, 3.6 million housing units.
    assert 0.7 < ratio < 1.0
    assert not any(blocks.loc[list(locations), "HOUSING20"] == 0)


@pytest.fixture(scope="module")
def sites(example_state: Example) -> list[dict[str, str]]:
    text = example_state.sites.read_text(encoding="utf-8")
    header = text.split("\n", 1)[0]
    assert header.endswith(",")  # the publisher's stray comma
    assert header.count(",") == 55
    columns, *rows = csv.reader(text.splitlines())
    assert columns[-1] == ""
    assert {len(row) for row in rows} == {55}
    assert all(line.startswith('"') and line.endswith('"') for line in text.splitlines()[1:])
    return [dict(zip(columns[:55], row, strict=True)) for row in rows]


def test_sites_that_must_be_left_out_are_there(sites: list[dict[str, str]]) -> None:
    assert {s["Site Status Description"] for s in sites} == {"Active", "Inactive"}
    assert {s["Health Center Location Type Description"] for s in sites} == {
        "Permanent", "Mobile Van", "Seasonal",
    }  # fmt: skip
    assert {s["Health Center Type Description"] for s in sites} == {
        "Service Delivery Site", "Administrative/Service Delivery Site", "Administrative",
    }  # fmt: skip
    assert any(s["Geocoding Artifact Address Primary Y Coordinate"].strip() == "" for s in sites)
    assert any(s["Complete County Name"] == "Not Determined" for s in sites)
    assert any(s["Site State Abbreviation"] == "XX" for s in sites)
    assert {s["County Description"] for s in sites} == {"County            "}
    twice = [n for n in Counter(tuple(s.values()) for s in sites).values() if n > 1]
    assert twice == [2]
    ids = [s["BPHC Assigned Number"] for s in sites]
    assert len(set(ids)) == len(ids) - 1


def test_one_site_name_tests_escaping(sites: list[dict[str, str]]) -> None:
    hostile = [s for s in sites if "<script>" in s["Site Name"]]
    assert len(hostile) == 1
    assert "escaping test" in hostile[0]["Site Name"]
    assert hostile[0]["Site Status Description"] == "Active"
    assert all("(synthetic)" in s["Site Name"] for s in sites)


def test_care_is_in_towns_and_far_from_the_hollows(
    sites: list[dict[str, str]], layers: dict[str, Any]
) -> None:
    placed = [s for s in sites if s["Geocoding Artifact Address Primary X Coordinate"].strip()]
    points = gpd.GeoSeries.from_xy(
        [float(s["Geocoding Artifact Address Primary X Coordinate"]) for s in placed],
        [float(s["Geocoding Artifact Address Primary Y Coordinate"]) for s in placed],
        crs=4269,
    ).to_crs(5070)
    tracts = layers["tracts"].to_crs(5070)
    far = tracts.representative_point().apply(lambda p: points.distance(p).min()) / 1_000
    assert far.median() < 12
    assert far.max() > 30
    county = {
        s["State and County Federal Information Processing Standard Code"].strip() for s in placed
    }
    assert county - {""} <= set(layers["counties"]["GEOID"])


def test_clinicians_are_nobody(example_state: Example) -> None:
    with example_state.clinicians.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["npi", "specialty", "taxonomy_code", "facility", "fte", "lon", "lat"]
    assert 120 < len(rows) < 400
    npis = [row["npi"] for row in rows]
    assert len(set(npis)) == len(npis)
    for npi in npis:
        assert len(npi) == 10
        assert npi[0] == "9"  # real ones begin with 1 or 2
        assert luhn_digit("80840" + npi[:9]) != int(npi[9])
    assert {0.0 < float(row["fte"]) <= 1.0 for row in rows} == {True}
    assert len({row["specialty"] for row in rows}) == 5
    assert all("(synthetic)" in row["facility"] for row in rows)


def test_luhn_digit_is_the_published_one() -> None:
    # CMS, "Requirements for NPI and NPI check digit": 123456789 has check digit 3.
    assert luhn_digit("80840" + "123456789") == 3
