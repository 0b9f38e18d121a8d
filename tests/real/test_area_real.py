"""Areas, levels, regions and other shapes of studies, on real files."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from numbers_said import without_a_cell
from shapely.geometry import box

from equity.areas.aggregate import roll_up
from equity.provenance import meta
from equity.study.run import Study

HERE = Path(__file__).parent
pytestmark = pytest.mark.real
# Virginia's health districts of the far southwest: what a district's own list looks like.
DISTRICTS = """Locality,Health District
Lee County,Lenowisco
Scott County,Lenowisco
Wise County,Lenowisco
Norton city,Lenowisco
Buchanan County,Cumberland Plateau
Dickenson County,Cumberland Plateau
Russell County,Cumberland Plateau
Tazewell County,Cumberland Plateau
"""


def study_of(name: str, shared_data: Path, folder: Path, more: str = "") -> Study:
    text = (HERE / f"{name}.toml").read_text(encoding="utf-8") + more
    path = folder / "study.toml"
    path.write_text(text.replace("../../../shared/data", shared_data.as_posix()), encoding="utf-8")
    return Study.load(path)


@pytest.fixture(scope="module")
def virginia(shared_data, tmp_path_factory):
    return study_of("virginia", shared_data, tmp_path_factory.mktemp("virginia")).run()


def test_three_counties_are_the_same_tracts_to_the_digit(virginia, shared_data, tmp_path):
    more = '\n[area]\ncounties = ["Wise County", "Lee", "51169"]\n'
    result = study_of("virginia", shared_data, tmp_path, more).run()
    mine = virginia.table.index.str[:5].isin(["51195", "51105", "51169"])
    assert mine.sum() == 24
    pd.testing.assert_frame_equal(
        pd.DataFrame(result.table), pd.DataFrame(virginia.table[mine]), check_exact=True
    )
    report = result.report()
    assert without_a_cell(report) == []
    first, inside, around = report.finding[:3]
    assert first.startswith("Lee County, Scott County and Wise County, Virginia: 1,200 to 1,400")
    assert "In the area's under-resourced communities 22.3 %" in inside
    assert "19.6 % of the area's residents have no usable link, 11.5 % there" in around


def test_a_polygon_over_two_half_counties(virginia, shared_data, tmp_path):
    pair = virginia.table[virginia.table.index.str[:5].isin(["51105", "51169"])]
    west, south, east, north = pair.total_bounds
    quarter = (east - west) / 4
    shape = gpd.GeoSeries([box(west + quarter, south, east - quarter, north)], crs="EPSG:4269")
    shape.to_crs("EPSG:3857").to_file(tmp_path / "halves.gpkg")
    lines = '\n[area]\npolygons = "halves.gpkg"\ncut = "inside-majority"\n'
    result = study_of("virginia", shared_data, tmp_path, lines).run()
    flat = virginia.table[["geometry"]].dropna().to_crs("EPSG:6933")
    share = flat.intersection(shape.to_crs("EPSG:6933").iloc[0]).area / flat.area
    assert set(result.table.index) == set(share.index[share >= 0.5])
    assert 0 < len(result.table) < len(pair) + 24
    assert "The line divides" in " ".join(result.report().limits)


def test_a_table_of_health_districts(virginia, shared_data, tmp_path):
    (tmp_path / "districts.csv").write_text(DISTRICTS, encoding="utf-8")
    more = (
        '\n[area]\n[area.districts]\nfile = "districts.csv"\ndistrict = "Health District"\n'
        'id_column = "Locality"\nonly = ["Lenowisco", "Cumberland Plateau"]\n'
    )
    result = study_of("virginia", shared_data, tmp_path, more).run()
    districts = result.at("district")
    assert districts.index.tolist() == ["Cumberland Plateau", "Lenowisco"]
    lenowisco = virginia.table.index.str[:5].isin(["51105", "51169", "51195", "51720"])
    expected = virginia.table.loc[lenowisco, ["population_n", "gap_n", "no_link_n"]].sum()
    for name, value in expected.items():
        assert districts.loc["Lenowisco", name] == pytest.approx(value, rel=1e-12)
    assert result.title == "Lenowisco and Cumberland Plateau"


def test_virginia_s_133_counties_add_up_to_the_state(virginia):
    counties, table = virginia.at("county"), virginia.table
    assert len(counties) == 133
    assert counties["areas_n"].sum() == 2_198
    by_county = table.groupby(table.index.str[:5])
    for name in (
        "population_n",
        "gap_n",
        "gap_line_only_n",
        "no_link_n",
        "locations_n",
        "unserved_n",
    ):
        np.testing.assert_allclose(counties[name], by_county[name].sum(), rtol=1e-9)
        assert counties[name].sum() == pytest.approx(table[name].sum(), rel=1e-12)
    assert counties["locations_n"].sum() == 2_911_038
    homes = table["connected_share"].mul(table["households_n"]).groupby(table.index.str[:5]).sum()
    known = table["households_n"].where(table["connected_share"].notna())
    expected = homes / known.groupby(table.index.str[:5]).sum()
    np.testing.assert_allclose(counties["connected_share"], expected, rtol=1e-9)
    assert counties["name"].nunique() == 133
    plain = roll_up(table, "county")
    np.testing.assert_array_equal(plain["gap_n"], counties["gap_n"])
    notes = " ".join(meta(plain).notes)
    assert "areas where nobody lives have no value and count as none" in notes
    assert {s.id for s in meta(plain).sources} == {s.id for s in meta(table).sources}


def test_delaware_with_virginia_is_a_region_whose_people_cross_the_border(shared_data, tmp_path):
    result = study_of("delaware-virginia", shared_data, tmp_path).run()
    table = result.table
    assert table.index.str[:2].value_counts().to_dict() == {"51": 2_198, "10": 262}
    # The Census's own totals of April 2020.
    people = table["population_n"].groupby(table.index.str[:2]).sum()
    assert people.to_dict() == {"10": 989_948, "51": 8_631_393}
    assert table["locations_n"].sum() == 405_915 + 2_911_038
    sites = result.sites.loc[table["nearest_site_id"].dropna().unique()]
    home = table[["geometry"]].dropna()
    beyond = ~sites.index.isin(sites.sjoin(home, predicate="within").index)
    assert beyond.sum() >= 10, "somebody's nearest site lies in neither state"
    assert result.at("state")["name"].tolist() == ["Delaware", "Virginia"]
    notes = meta(table).notes
    assert "fcc_bdc_tract_7states.csv: 17,223 rows of other states left out" in notes
    assert "CenPop2020" in " ".join(s.file for s in result.sources)
    assert {s.product for s in result.sources} >= {"2020 Census, residents of tracts"}


BUNDLE_2010 = """
[study]
id = "old"
title = "{title}"
state = {state}
rules = ["fcc-25-3"]
headline = "fcc-25-3"
{boundaries}
[coverage]
kind = "unknown"
[care]
method = "column"
column = "minutes_by_road"
unit = "min"
limit_min = 30
label = "the nearest health center"
[under_resourced]
[[under_resourced.criteria]]
column = "uninsured_share"
label = "at least 10 % uninsured"
at_least = 0.1
"""
TABLES_2010 = {
    "acs_2014_2018_population_area_tract.csv": "population_n = { column = 'totPopE', unit = 'count' }",
    "acs_2014_2018_computers_tract.csv": "device_share = { column = 'CompHhldsP', unit = 'percent' }\n"
    "any_subscription_share = { column = 'BbndInternetP', unit = 'percent' }",
    "acs_2014_2018_insurance_tract.csv":
        "uninsured_share = { column = 'InsuredPopP', unit = 'percent', complement = true }",
    "oeps_fqhc_drive_tract.csv": "minutes_by_road = { column = 'minutes', unit = 'number' }",
}  # fmt: skip


def tables_2010(where, *, shared_data):
    return "".join(
        f'[[tables]]\nfile = "{(shared_data / "bundles" / where / "v2010" / name).as_posix()}"\n'
        f'agency = "A"\nproduct = "{name}"\nvintage = "2014-2018"\ngeo_vintage = "2010"\n'
        f"[tables.columns]\n{columns}\n"
        for name, columns in TABLES_2010.items()
    )


@pytest.mark.parametrize(
    ("states", "polygons", "areas"),
    [(["de"], "cb_2018_10_tract_500k.zip", 218), (["va"], "va_cb_2010_tracts.geojson", 1_907),
     (["de", "va"], "", 2_125)],
)  # fmt: skip
def test_bundles_of_2010_with_published_minutes(shared_data, tmp_path, states, polygons, areas):
    boundaries = ""
    if polygons:
        year = 2018 if polygons.startswith("cb_2018") else 2010
        path = shared_data / "bundles" / states[0] / "v2010" / polygons
        boundaries = f'[boundaries]\nfile = "{path.as_posix()}"\nyear = {year}\n'
    text = BUNDLE_2010.format(
        title="Old", state=[s.upper() for s in states], boundaries=boundaries
    ).replace("'", '"')
    path = tmp_path / "study.toml"
    tables = "".join(tables_2010(where, shared_data=shared_data) for where in states)
    path.write_text(text + tables, encoding="utf-8")
    result = Study.load(path).run()
    table = result.table
    assert len(table) == areas
    assert meta(table).geo_vintage == "2010"
    assert table.geometry.notna().any() == bool(polygons)
    known = table["gap_n"].notna()
    assert known.mean() > 0.95
    far = table["minutes_by_road"] > 60
    assert (table.loc[far & known, "beyond_reach_share"] > 0.9).all()
    folder = result.write(tmp_path / "out")
    assert (folder / "map.html").exists() == bool(polygons)
