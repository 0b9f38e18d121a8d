"""Boundaries: three formats, any projection, and polygons that are none."""

from __future__ import annotations

import gzip
import json
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from pyproj import Geod
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from equity import read_boundaries
from equity.errors import (
    EquityError,
    FormatError,
    GeoidError,
    InputError,
    MissingColumnError,
    MissingFileError,
)
from equity.provenance import meta
from equity.sources.census.boundaries import equal_area_crs

IDS = ["10001040100", "10001040201"]
SQUARES = [box(-75.6, 39.0, -75.5, 39.1), box(-75.5, 39.0, -75.4, 39.1)]
BOW_TIE = Polygon([(-76, 39), (-75, 40), (-75, 39), (-76, 40)])


def frame(ids=IDS, shapes=SQUARES, crs="EPSG:4269", **columns):
    columns = {"GEOID": list(ids), **columns}
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs)


def tiger(**more):
    return frame(
        NAMELSAD=["Census Tract 401", " Census Tract 402.01 "],
        NAMELSADCO=["Kent County"] * 2,
        ALAND=[95_000_000, 94_500_000],
        AWATER=[1_000_000, 0],
        **more,
    )


def shapefile_zip(table, path, *, without=(), inside="", extra=()):
    folder = path.parent / f"{path.stem}_parts"
    folder.mkdir()
    pyogrio.write_dataframe(table, folder / f"{path.stem}.shp")
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            if part.suffix not in without:
                archive.write(part, inside + part.name)
        for name, content in extra:
            archive.writestr(name, content)
    return path


def geojson(table, path):
    pyogrio.write_dataframe(table, path, driver="GeoJSON")
    return path


def geopackage(table, path, **options):
    pyogrio.write_dataframe(table, path, driver="GPKG", **options)
    return path


# --- the formats -----------------------------------------------------------------------------


def test_a_tiger_shapefile(tmp_path):
    table = read_boundaries(
        shapefile_zip(tiger(), tmp_path / "tl_2020_10_tract.zip"), year=2020, state="DE"
    )
    assert list(table.index) == IDS
    assert table.index.name == "geoid"
    assert list(table.columns) == ["name", "county_name", "land_km2", "water_km2", "geometry"]
    assert table["name"].tolist() == ["Census Tract 401", "Census Tract 402.01"]
    assert table["land_km2"].tolist() == [95.0, 94.5]
    assert table["water_km2"].tolist() == [1.0, 0.0]
    assert table.crs == "EPSG:4269"
    record = meta(table)
    assert (record.level, record.geo_vintage, record.notes) == ("tract", "2020", ())
    assert (record.sources[0].vintage, record.sources[0].agency) == ("2020", "U.S. Census Bureau")


def test_every_format_gives_the_same_areas(tmp_path):
    plain = tiger()
    plain.to_file(tmp_path / "open.shp")
    in_zip = tmp_path / "geojson.zip"
    with zipfile.ZipFile(in_zip, "w") as archive:
        archive.write(geojson(plain, tmp_path / "inner.geojson"), "data/inner.geojson")
    packed = tmp_path / "packed.geojson.gz"
    packed.write_bytes(gzip.compress((tmp_path / "inner.geojson").read_bytes()))
    expected = read_boundaries(shapefile_zip(plain, tmp_path / "a.zip"), year=2020)
    for path in (
        shapefile_zip(plain, tmp_path / "B.ZIP"),
        shapefile_zip(plain, tmp_path / "deep.zip", inside="a/b c/"),
        shapefile_zip(
            plain, tmp_path / "mac.zip", extra=[("__MACOSX/._mac.shp", b"x"), (".DS_Store", b"x")]
        ),
        tmp_path / "open.shp",
        tmp_path / "inner.geojson",
        in_zip,
        packed,
        geopackage(plain, tmp_path / "c.gpkg"),
        geopackage(plain.rename_geometry("geom"), tmp_path / "d.gpkg"),
        geopackage(
            plain.rename(columns={"GEOID": "GEOIDFQ"}).assign(
                GEOIDFQ=[f"1400000US{i}" for i in IDS]
            ),
            tmp_path / "e.gpkg",
        ),
        geopackage(plain.assign(GEOID=[int(i) for i in IDS]), tmp_path / "f.gpkg"),
        geopackage(plain.assign(GEOID=[float(i) for i in IDS]), tmp_path / "g.gpkg"),
        geopackage(plain.rename(columns=str.lower), tmp_path / "h.gpkg"),
    ):
        table = read_boundaries(path, year=2020)
        pd.testing.assert_frame_equal(
            pd.DataFrame(table.drop(columns="geometry")),
            pd.DataFrame(expected.drop(columns="geometry")),
            obj=path.name,
        )
        assert table.geometry.geom_equals(expected.geometry).all(), path.name
        assert table.geometry.name == "geometry"


@pytest.mark.parametrize("crs", ["OGC:CRS84", "EPSG:4326", "EPSG:3857", "EPSG:5070", "EPSG:2776"])
def test_any_projection_comes_out_in_nad83(tmp_path, crs):
    table = read_boundaries(geopackage(tiger().to_crs(crs), tmp_path / "t.gpkg"), year=2020)
    assert table.crs == "EPSG:4269"
    # WGS 84 and NAD 83 differ by about a meter, 1e-5 degrees.
    np.testing.assert_allclose(table.total_bounds, [-75.6, 39.0, -75.4, 39.1], atol=2e-5)


def test_geojson_without_a_crs_is_wgs84(tmp_path):
    path = tmp_path / "t.geojson"
    feature = {
        "type": "Feature",
        "properties": {"geoid": IDS[0], "region_name": "Tract 401"},
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[-75.6, 39], [-75.5, 39], [-75.5, 39.1], [-75.6, 39]]],
        },
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    table = read_boundaries(path, year=2020)
    assert table["name"].tolist() == ["Tract 401"]
    np.testing.assert_allclose(table.total_bounds, [-75.6, 39.0, -75.5, 39.1], atol=2e-5)


def test_heights_are_left_behind(tmp_path):
    solid = [Polygon([(x, y, 5.0) for x, y in shape.exterior.coords]) for shape in SQUARES]
    table = read_boundaries(geopackage(frame(shapes=solid), tmp_path / "t.gpkg"), year=2020)
    assert not table.geometry.has_z.any()


def test_states_levels_and_repetitions(tmp_path):
    path = geopackage(frame(["10001040100", "51001090101"]), tmp_path / "t.gpkg")
    with pytest.raises(GeoidError, match=r"not in Delaware: '51001090101' \(rows 2\)"):
        read_boundaries(path, year=2020, state="DE")
    table = read_boundaries(path, year=2020, state="DE", multi_state=True)
    assert list(table.index) == ["10001040100"]
    assert meta(table).notes[0] == "t.gpkg: 1 rows of other states left out"
    with pytest.raises(GeoidError, match="no county ids"):
        read_boundaries(path, year=2020, level="county")
    path = geopackage(frame([IDS[0], f"140US{IDS[0]}"]), tmp_path / "twice.gpkg")
    with pytest.raises(InputError, match="1 areas stand more than once"):
        read_boundaries(path, year=2020)


# --- areas -----------------------------------------------------------------------------------

PLACES = {
    "delaware": ("10001040100", box(-75.6, 39.0, -75.5, 39.1), "EPSG:5070"),
    "alaska": ("02016000100", box(-166.6, 53.8, -166.4, 53.9), "EPSG:3338"),
    "aleutians_west_of_180": ("02016000100", box(172.9, 52.8, 173.2, 52.95), "EPSG:3338"),
    "hawaii": ("15001020100", box(-155.2, 19.6, -155.1, 19.7), "ESRI:102007"),
    "puerto_rico": ("72001956300", box(-66.8, 18.1, -66.7, 18.2), "EPSG:5070"),
    "guam": ("66010950100", box(144.7, 13.4, 144.8, 13.5), "EPSG:5070"),
    "samoa": ("60050950100", box(-170.8, -14.35, -170.7, -14.3), "EPSG:5070"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_land_area_that_is_not_given_is_measured_true_to_area(tmp_path, place):
    geoid, shape, crs = PLACES[place]
    shape = shape.segmentize(0.001)  # its edges are parallels here, geodesics in the oracle
    table = read_boundaries(geopackage(frame([geoid], [shape]), tmp_path / "t.gpkg"), year=2020)
    truth = abs(Geod(ellps="GRS80").geometry_area_perimeter(shape)[0]) / 1e6
    assert table["land_km2"].iloc[0] == pytest.approx(truth, rel=1e-4)
    assert equal_area_crs(table) == crs
    assert "land area of 1 areas measured on their polygons, water included" in meta(table).notes[0]
    assert "water_km2" not in table.columns


def test_only_missing_land_areas_are_measured(tmp_path):
    path = geopackage(frame(ALAND=[95_000_000, None]), tmp_path / "t.gpkg")
    table = read_boundaries(path, year=2020)
    assert table["land_km2"].iloc[0] == 95.0
    assert table["land_km2"].iloc[1] == pytest.approx(96, rel=0.01)
    assert "of 1 areas" in meta(table).notes[0]


@pytest.mark.parametrize(
    ("cell", "says"), [("wide", "where a number belongs"), ("-5", "negative area")]
)
def test_an_area_that_is_none(tmp_path, cell, says):
    with pytest.raises(InputError, match=says) as caught:
        read_boundaries(geopackage(frame(ALAND=["5", cell]), tmp_path / "t.gpkg"), year=2020)
    assert caught.value.rows == ["row 2"]


@pytest.mark.parametrize("unit", [1e-6, 1 / 4046.86, 1e-4, 10.7639])
def test_land_in_another_unit_than_square_meters_is_refused(tmp_path, unit):
    drawn = frame().to_crs(5070).area
    for water in (0, 0.99):
        land = [float(area) * (1 - water) for area in drawn]
        table = read_boundaries(geopackage(frame(ALAND=land), tmp_path / "m.gpkg"), year=2020)
        assert table["land_km2"].sum() == pytest.approx(sum(land) / 1e6)
    path = geopackage(frame(ALAND=[float(area) * unit for area in drawn]), tmp_path / "t.gpkg")
    with pytest.raises(InputError, match="not in square meters") as caught:
        read_boundaries(path, year=2020)
    assert "square meters" in caught.value.fix


# --- broken polygons -------------------------------------------------------------------------


def test_a_bow_tie_is_repaired_and_counted(tmp_path):
    path = geopackage(frame(shapes=[SQUARES[0], BOW_TIE]), tmp_path / "t.gpkg")
    table = read_boundaries(path, year=2020)
    assert table.geometry.is_valid.all()
    assert set(table.geom_type) <= {"Polygon", "MultiPolygon"}
    assert table.geometry.iloc[1].area == pytest.approx(0.5)
    assert table.geometry.iloc[0].equals(SQUARES[0])
    assert "t.gpkg: 1 invalid polygons repaired" in meta(table).notes


def test_a_spike_is_cut_off_not_kept_as_a_line(tmp_path):
    spike = Polygon([(-76, 39), (-75, 39), (-75, 40), (-74, 41), (-75, 40), (-76, 40)])
    table = read_boundaries(
        geopackage(frame(shapes=[SQUARES[0], spike]), tmp_path / "t.gpkg"), year=2020
    )
    assert table.geom_type.iloc[1] == "Polygon"
    assert table.geometry.iloc[1].area == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        (None, "1 areas have no polygon"),
        (Polygon(), "1 areas have no polygon"),
        (Point(-75, 39), "1 areas are no polygons but a Point"),
        (LineString([(0, 0), (1, 1)]), "but a LineString"),
        (GeometryCollection([SQUARES[1], Point(0, 0)]), "but a GeometryCollection"),
        (Polygon([(-76, 39), (-75, 40), (-74, 41)]), "1 polygons enclose nothing"),
    ],
)
def test_what_is_no_polygon_names_its_area(tmp_path, shape, says):
    path = geopackage(
        frame(shapes=[SQUARES[0], shape]), tmp_path / "t.gpkg", geometry_type="Unknown"
    )
    with pytest.raises(FormatError, match=says) as caught:
        read_boundaries(path, year=2020)
    assert list(caught.value.rows) == [IDS[1]]
    assert caught.value.file == str(path)
    assert caught.value.fix


def test_areas_of_several_parts_stay_whole(tmp_path):
    both = MultiPolygon([SQUARES[0], box(-75.2, 39, -75.1, 39.1)])
    table = read_boundaries(geopackage(frame(IDS[:1], [both]), tmp_path / "t.gpkg"), year=2020)
    assert len(table.geometry.iloc[0].geoms) == 2


# --- broken files ----------------------------------------------------------------------------


def test_two_shapefiles_in_a_zip(tmp_path):
    path = shapefile_zip(tiger(), tmp_path / "t.zip", extra=[("other.shp", b"x")])
    with pytest.raises(
        FormatError, match=r"exactly one boundary file, it holds 2 \(t\.shp, other\.shp\)"
    ):
        read_boundaries(path, year=2020)


def test_a_zip_without_boundaries(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(FormatError, match="it holds 0"):
        read_boundaries(path, year=2020)


@pytest.mark.parametrize("without", [{".prj"}, {".prj", ".cpg"}])
def test_a_missing_prj(tmp_path, without):
    path = shapefile_zip(tiger(), tmp_path / "t.zip", without=without)
    with pytest.raises(FormatError, match="no coordinate reference system") as caught:
        read_boundaries(path, year=2020)
    assert ".prj" in caught.value.fix


@pytest.mark.parametrize("without", [{".shx"}, {".dbf"}, {".dbf", ".shx"}])
def test_a_shapefile_without_one_of_its_parts(tmp_path, without):
    path = shapefile_zip(tiger(), tmp_path / "t.zip", without=without)
    with pytest.raises(EquityError, match=r"not readable as a boundary file|no id column"):
        read_boundaries(path, year=2020)


def test_a_cut_zip_and_a_flipped_byte(tmp_path):
    whole = shapefile_zip(tiger(), tmp_path / "t.zip").read_bytes()
    for name, content in (("cut.zip", whole[:-50]), ("head.zip", whole[:60])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FormatError, match="not a whole ZIP"):
            read_boundaries(tmp_path / name, year=2020)
    flipped = bytearray(whole)
    flipped[whole.index(b"Kent County")] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(flipped)
    with pytest.raises(FormatError, match="not a whole ZIP"):
        read_boundaries(tmp_path / "flipped.zip", year=2020)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.geojson", b"<html><body>Too many requests</body></html>", "HTML"),
        ("t.zip", b"<!DOCTYPE html><html></html>", "HTML"),
        ("t.zip", b"not a zip at all", "no zip file"),
        ("t.geojson", b"", "empty"),
        ("t.gpkg", b"SQLite format 3\0" + b"\0" * 200, "not readable as a boundary file"),
        ("t.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Fea', "not readable"),
        ("t.geojson", b'{"error": {"code": 400, "message": "Invalid URL"}}', "not readable"),
        ("t.geojson", b'{"type": "FeatureCollection", "features": []}', "holds no areas"),
        ("t.csv", b"GEOID,n\n10001040100,1\n", "it begins like none"),
    ],
)
def test_what_is_no_boundary_file(tmp_path, name, content, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError, match=says) as caught:
        read_boundaries(path, year=2020)
    assert caught.value.file == str(path)
    assert caught.value.fix
    assert "\n" not in str(caught.value)


def test_a_cut_geojson_is_never_half_a_state(tmp_path):
    whole = geojson(tiger(), tmp_path / "t.geojson").read_bytes()
    for share in (0.4, 0.6, 0.8, 0.95):
        (tmp_path / "cut.geojson").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(FormatError):
            read_boundaries(tmp_path / "cut.geojson", year=2020)


def test_a_geopackage_with_two_layers(tmp_path):
    path = geopackage(tiger(), tmp_path / "t.gpkg", layer="tracts")
    geopackage(frame(["10001", "10003"]), path, layer="counties", append=True)
    with pytest.raises(FormatError, match="choose with layer= from tracts, counties"):
        read_boundaries(path, year=2020)
    assert len(read_boundaries(path, year=2020, layer="tracts")) == 2
    assert list(read_boundaries(path, year=2020, layer="counties", level="county").index) == [
        "10001",
        "10003",
    ]
    with pytest.raises(FormatError, match=r"has no layer 'blocks'.*tracts, counties"):
        read_boundaries(path, year=2020, layer="blocks")


def test_tables_beside_the_one_layer_do_not_count(tmp_path):
    path = geopackage(tiger(), tmp_path / "t.gpkg", layer="tracts")
    styles = pd.DataFrame({"styleName": ["plain"]})
    pyogrio.write_dataframe(styles, path, layer="layer_styles", driver="GPKG", append=True)
    assert len(read_boundaries(path, year=2020)) == 2


def test_a_wrong_crs_puts_areas_outside_the_earth(tmp_path):
    wrong = tiger().to_crs("EPSG:3857").set_crs("EPSG:4269", allow_override=True)
    with pytest.raises(FormatError, match="outside the Earth"):
        read_boundaries(geopackage(wrong, tmp_path / "t.gpkg"), year=2020)


def test_no_file_a_folder_no_id(tmp_path):
    path = geojson(tiger().drop(columns="GEOID"), tmp_path / "tracts_2020.geojson")
    with pytest.raises(MissingFileError, match=r"did you mean tracts_2020\.geojson"):
        read_boundaries(tmp_path / "tracts_2002.geojson", year=2020)
    with pytest.raises(FormatError, match="a folder stands"):
        read_boundaries(tmp_path, year=2020)
    with pytest.raises(MissingColumnError, match="id_column="):
        read_boundaries(path, year=2020)
    table = read_boundaries(
        geojson(tiger().rename(columns={"GEOID": "key"}), tmp_path / "k.geojson"),
        year=2020,
        id_column="key",
    )
    assert list(table.index) == IDS


def test_generated_boundaries_say_so(tmp_path):
    path = geopackage(frame(["90001000100"], SQUARES[:1]), tmp_path / "t.gpkg")
    table = read_boundaries(path, year=2023, synthetic=True)
    assert meta(table).synthetic
    assert meta(table).geo_vintage == "2020-CT2022"
