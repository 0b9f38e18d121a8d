"""An edition of another year is refused on reading, and the advice in the refusal is followed."""

from __future__ import annotations

import json
import re

import geopandas as gpd
import pandas as pd
import pytest
from door_files import put, zipped
from shapely.geometry import box

import equity as eq
from equity.errors import FormatError, InputError, VintageError
from equity.provenance import file_source, meta
from equity.sources.care.designations import read_designations
from equity.sources.care.nppes import read_nppes
from equity.sources.census.centers import read_centers
from equity.sources.census.gazetteer import read_gazetteer
from equity.sources.census.tribal import read_tribal_areas

WHERE = [(-75.5, 39.0), (-72.7, 41.6)]  # Delaware, Connecticut
CT = {"old": "09001010101", "new": "09120010101", "other": "10001040100"}


def acs(folder, name="acs.csv", ids=("10001040100",), year=""):
    path = folder / name
    path.write_text("GEOID,YEAR,B01003_001E\n" + "".join(f"{i},{year},5\n" for i in ids))
    return path


def acs_supplemental(folder):
    path = acs(folder)
    return put(folder, path.read_text().replace("B01003_001E", "K200101_001E"))


def acs_in_zip(folder):
    name = "ACSDT5Y2019.B01003_data_with_overlays_2021-01-01T000000.csv"
    return put(folder, zipped({name: acs(folder).read_text()}), "t.zip")


def reporter(folder, value=5, **release):
    area = "14000US10001040100"
    tables = {"B01003": {"estimate": {"B01003001": value}, "error": {"B01003001": None}}}
    answer = {"release": release, "data": {area: tables}, "geography": {area: {"name": "t"}}}
    return put(folder, json.dumps(answer), "t.json")


def boundaries(folder, column="GEOID", geoid="10001040100", name="areas.geojson"):
    x, y = WHERE[geoid[:2] == "09"]
    frame = gpd.GeoDataFrame({column: [geoid]}, geometry=[box(x, y, x + 0.1, y + 0.1)], crs=4269)
    path = folder / name
    frame.to_file(path, driver="GeoJSON")
    return path


def gazetteer(folder, name="g.txt", mark="\t", more=""):
    path = folder / name
    head = ["USPS", "GEOID", "ALAND", "AWATER", "INTPTLAT", "INTPTLONG", *more.split()]
    cells = ["DE", "10001040100", "1000", "0", "39.1", "-75.4", *("1" for _ in more.split())]
    path.write_text(mark.join(head) + "\n" + mark.join(cells) + "\n")
    return path


def centers(folder, name="c.txt", county="001", state="10"):
    path = folder / name
    head = "STATEFP,COUNTYFP,TRACTCE,POPULATION,LATITUDE,LONGITUDE\n"
    lon, lat = WHERE[state == "09"]
    path.write_text(f"{head}{state},{county},040100,10,{lat:+},{lon:+}\n")
    return path


def tribal(folder, name="cb_2022_us_aiannh_500k.geojson"):
    return boundaries(folder, "GEOID", "0010R", name)


def coverage(folder, ids):
    path = folder / "cov.csv"
    head = "GEOID,locations_n,served_n,underserved_n,unserved_n\n"
    path.write_text(head + "".join(f"{i},3,1,1,1\n" for i in ids))
    return path


def read_tracts_gazetteer(path, year):
    return read_gazetteer(path, year=year, level="tract")


@pytest.mark.parametrize(
    ("made", "reader", "wrong", "right"),
    [
        (lambda f: acs(f, "ACSDT5Y2022.B01003-Data.csv"), eq.read_acs, 2023, 2022),
        (lambda f: acs(f, "acsdt5y2021-b01003.csv"), eq.read_acs, 2023, 2021),
        (lambda f: acs(f, "acs2023_5yr_B01003.csv"), eq.read_acs, 2021, 2023),
        (lambda f: acs(f, "acs5_2023_tract_10_1.csv"), eq.read_acs, 2022, 2023),
        (lambda f: acs(f, "acs5_2018_2022.csv"), eq.read_acs, 2018, 2022),
        (acs_in_zip, eq.read_acs, 2022, 2019),
        (lambda f: acs(f, "copy of ACSDT5Y2022.B01003-Data.csv"), eq.read_acs, 2023, 2022),
        (lambda f: acs(f, "ACS_17_5YR_B01003_with_ann.csv"), eq.read_acs, 2018, 2017),
        (lambda f: acs(f, year="2017-2021"), eq.read_acs, 2019, 2021),
        (lambda f: acs(f, year="2021"), eq.read_acs, 2020, 2021),
        (lambda f: reporter(f, id="acs2021_5yr"), eq.read_acs, 2020, 2021),
        (lambda f: reporter(f, years="2017-2021"), eq.read_acs, 2020, 2021),
        (lambda f: acs(f, ids=[CT["old"]]), eq.read_acs, 2022, 2021),
        (lambda f: acs(f, ids=[CT["new"]]), eq.read_acs, 2021, 2022),
        (lambda f: acs(f, ids=[CT["new"], CT["other"]]), eq.read_acs, 2015, 2023),
        (lambda f: boundaries(f, "GEOID10"), eq.read_boundaries, 2021, 2019),
        (lambda f: boundaries(f, "GEOID20"), eq.read_boundaries, 2019, 2021),
        (lambda f: boundaries(f, name="tl_2019_10_tract.geojson"), eq.read_boundaries, 2023, 2019),
        (lambda f: boundaries(f, name="cb_2022_10_tract.geojson"), eq.read_boundaries, 2023, 2022),
        (lambda f: boundaries(f, geoid=CT["old"]), eq.read_boundaries, 2023, 2021),
        (lambda f: boundaries(f, geoid=CT["new"]), eq.read_boundaries, 2021, 2023),
        (gazetteer, read_tracts_gazetteer, 2025, 2024),
        (lambda f: gazetteer(f, mark="|"), read_tracts_gazetteer, 2024, 2025),
        (lambda f: gazetteer(f, more="POP10"), read_tracts_gazetteer, 2020, 2010),
        (lambda f: gazetteer(f, "2023_Gaz_tracts.txt"), read_tracts_gazetteer, 2022, 2023),
        (lambda f: centers(f, "CenPop2010_Mean_TR.txt"), read_centers, 2020, 2010),
        (centers, read_centers, 2015, 2020),
        (tribal, read_tribal_areas, 2023, 2022),
    ],
)
def test_another_year_is_refused_and_the_right_one_read(tmp_path, made, reader, wrong, right):
    path = made(tmp_path)
    with pytest.raises(VintageError, match=rf"{wrong}") as caught:
        reader(path, year=wrong)
    assert "year" in caught.value.fix
    assert len(reader(path, year=right)) > 0
    advised = re.search(r"year=(\d{4})", caught.value.fix)
    assert advised is None or int(advised[1]) == right


@pytest.mark.parametrize(
    ("made", "period"),
    [
        (lambda f: acs(f, "ACSDT1Y2023.B01003-Data.csv"), "1 year"),
        (lambda f: acs(f, "acs1_2023_tract.csv"), "1 year"),
        (lambda f: acs(f, "acs2023_3yr_B01003.csv"), "3 years"),
        (lambda f: acs(f, "productDownload_ACSST1Y2023.S1701-Data.csv"), "1 year"),
        (lambda f: acs(f, "ACS_23_1YR_B01003_with_ann.csv"), "1 year"),
        (lambda f: acs(f, "de_acs1_B01003.csv"), "1 year"),
        (lambda f: acs(f, "ACS 3-year, 2023.csv"), "3 years"),
        (lambda f: acs(f, "B01003_1yr.csv"), "1 year"),
        (lambda f: acs(f, "ACSSE2023.B01003-Data.csv"), "1 year"),
        (acs_supplemental, "1 year"),
        (lambda f: acs(f, year="2021-2023"), "3 years"),
        (lambda f: reporter(f, id="acs2023_1yr"), "1 year"),
        (lambda f: reporter(f, years="2021-2023"), "3 years"),
    ],
)
def test_estimates_of_another_period_are_not_taken_for_those_of_five_years(tmp_path, made, period):
    with pytest.raises(VintageError, match=f"estimates of {period}, ") as caught:
        eq.read_acs(made(tmp_path), year=2023)
    assert "5-year" in caught.value.fix


@pytest.mark.parametrize(
    "answer",
    [
        {"geography": [], "data": {"14000US10001040100": {}}},
        {"geography": {}, "data": [1, 2]},
        {"geography": {}, "data": {"14000US10001040100": [1]}},
        {"geography": {}, "data": {"14000US10001040100": {"B01003": {"estimate": 5}}}},
        {"geography": {"14000US10001040100": "t"}, "data": {"14000US10001040100": {}}},
        {"geography": {}, "data": {}, "release": "acs2023_5yr"},
    ],
)
def test_half_an_answer_of_census_reporter_is_no_traceback(tmp_path, answer):
    with pytest.raises(FormatError, match="not an answer of Census Reporter") as caught:
        eq.read_acs(put(tmp_path, json.dumps(answer)), year=2023)
    assert caught.value.fix


@pytest.mark.parametrize("value", ["x", True, [5], {}])
def test_a_word_of_census_reporter_is_no_number(tmp_path, value):
    with pytest.raises(FormatError, match="not an answer of Census Reporter"):
        eq.read_acs(reporter(tmp_path, value), year=2023)
    assert eq.read_acs(reporter(tmp_path), year=2023)["B01003_001E"].tolist() == [5]


@pytest.mark.parametrize(
    ("code", "cell", "bound"),
    [("B25071_001", "50.0+", 50.0), ("B25071_001", "10.0-", 10.0), ("B25018_001", "9.0+", 9.0),
     ("B19013_001", "250,000+", 250_000.0), ("B19013_001", "2,500-", 2_500.0)],
)  # fmt: skip
def test_medians_that_are_bounds_are_read_as_they_are_printed(tmp_path, code, cell, bound):
    path = put(tmp_path, f'GEOID,{code}E\n10001040100,"{cell}"\n')
    table = eq.read_acs(path, year=2023)
    assert table[f"{code}E"].tolist() == [bound]
    assert table[f"{code}E_status"].tolist() == ["open_interval"]


def test_centers_of_a_census_have_no_planning_regions(tmp_path):
    with pytest.raises(VintageError, match="planning regions"):
        read_centers(centers(tmp_path, state="09", county="110"), year=2020)


@pytest.mark.parametrize("year", [2021, 2023])
def test_connecticut_under_both_codings_is_no_edition_of_the_survey(tmp_path, year):
    with pytest.raises(VintageError, match="put together from several"):
        eq.read_acs(acs(tmp_path, ids=[CT["old"], CT["new"]]), year=year)


@pytest.mark.parametrize(("which", "vintage"), [("old", "2020"), ("new", "2020-CT2022")])
def test_a_coverage_table_has_the_areas_that_its_ids_mean(tmp_path, which, vintage):
    table = eq.read_coverage(coverage(tmp_path, [CT[which]]), as_of="2024-06-30")
    assert meta(table).geo_vintage == vintage
    with pytest.raises(VintageError, match="old counties and its planning regions"):
        eq.read_coverage(coverage(tmp_path, [CT["old"], CT["new"]]), as_of="2024-06-30")


@pytest.mark.parametrize("as_of", ["2024-06-30", pd.Timestamp("2024-06-30"),
                                   pd.Timestamp("2024-06-30").date()])  # fmt: skip
def test_every_source_writes_a_date_alike(tmp_path, as_of):
    table = eq.read_coverage(coverage(tmp_path, [CT["other"]]), as_of=as_of)
    assert meta(table).sources[0].vintage == "2024-06-30"
    path = tmp_path / "cov.csv"
    source = file_source(path, id="x", agency="a", product="p", vintage=as_of)
    assert source.vintage == "2024-06-30"


def test_shortage_areas_of_other_care_and_states_without_any_are_told(shared_data):
    path = shared_data / "samples" / "hrsa" / "BCD_HPSA_FCT_DET_MH.maryland.csv"
    with pytest.raises(InputError, match="of 'Mental Health', not of 'Primary Care'") as caught:
        read_designations(path, kind="hpsa-pc", as_of="2026-01-01")
    kind = caught.value.fix.split('"')[1]
    assert len(read_designations(path, kind=kind, as_of="2026-01-01")) > 0
    with pytest.raises(InputError, match="no designation of Virginia"):
        read_designations(path, kind=kind, as_of="2026-01-01", state="VA")


@pytest.mark.parametrize("options", [{"states": []}, {"states": "Narnia"}, {"sets": []},
                                     {"sets": "surgery"}, {"sets": ["primary"]}])  # fmt: skip
def test_a_filter_of_providers_that_can_match_nothing_says_what_can(shared_data, options):
    path = shared_data / "samples" / "nppes" / "npidata_pfile.sample.csv"
    with pytest.raises(InputError, match=r"Fix: (choose from|use a name)"):
        read_nppes(path, as_of="November 2026", **options)
    one = read_nppes(path, as_of="November 2026", states="Virginia", sets="primary_care")
    many = read_nppes(path, as_of="November 2026", states=["VA"], sets=["primary_care"])
    pd.testing.assert_frame_equal(one, many)
