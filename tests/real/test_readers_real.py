"""Every reader on real files: published totals come out, known defects are met as they are.

The totals are those of the publishers' files as read on their own: FCC Broadband Data Collection
as republished by Esri, Census ACS and boundary files, HRSA and SAMHSA lists.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from equity import (
    read_acs,
    read_boundaries,
    read_coverage,
    read_designations,
    read_sites,
    read_table,
)
from equity.areas.geoid import is_water
from equity.areas.vintage import counties_of
from equity.errors import FormatError, GeoidError, InputError
from equity.provenance import meta
from equity.sources.care.nppes import read_nppes
from equity.sources.fcc.summaries import read_bdc_mobile
from equity.sources.usda import read_rucc

pytestmark = pytest.mark.real

WHO = {"agency": "publisher", "product": "table", "vintage": "as read"}


@pytest.fixture(scope="module")
def bundles(shared_data):
    return shared_data / "bundles"


@pytest.fixture(scope="module")
def samples(shared_data):
    return shared_data / "samples"


# --- coverage --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tracts", "locations", "served", "underserved", "unserved", "percent"),
    [
        ("de", 262, 405_915, 398_465, 3_481, 3_969, 0.98),
        ("va", 2_198, 2_911_038, 2_598_655, 64_875, 247_508, 8.50),
    ],
)
def test_locations_by_class(
    bundles, state, tracts, locations, served, underserved, unserved, percent
):
    table = read_coverage(
        bundles / state / "v2020" / "fcc_bdc_tract.csv", as_of="2024 or later", state=state.upper()
    )
    assert len(table) == tracts
    totals = table[["locations_n", "served_n", "underserved_n", "unserved_n"]].sum()
    assert totals.tolist() == [locations, served, underserved, unserved]
    assert round(100 * unserved / locations, 2) == percent
    assert (table.loc[is_water(table.index).to_numpy(), "locations_n"] == 0).all()


def test_one_state_out_of_seven(bundles):
    path = bundles / "us" / "fcc_bdc_tract_7states.csv"
    with pytest.raises(GeoidError, match=r"not in Virginia.*multi_state") as caught:
        read_coverage(path, as_of="2024 or later", state="VA")
    assert caught.value.count == 17_485
    assert len(caught.value.args[0].split("lines")[1].split(" and ")[0].split(",")) == 5
    table = read_coverage(path, as_of="2024 or later", state="VA", multi_state=True)
    assert (len(table), table["locations_n"].sum()) == (2_198, 2_911_038)


# --- boundaries ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "year", "level", "state", "areas", "repaired"),
    [
        ("bundles/de/v2020/cb_2020_10_tract_500k.zip", 2020, "tract", "DE", 259, 0),
        ("bundles/de/v2010/cb_2018_10_tract_500k.zip", 2018, "tract", "DE", 217, 0),
        ("bundles/de/v2010/tl_2019_10_bg.zip", 2019, "block_group", "DE", 574, 0),
        ("bundles/va/v2020/va_cb_2020_tracts.geojson", 2020, "tract", "VA", 2_186, 0),
        ("bundles/va/v2020/va_cb_2020_block_groups.geojson", 2020, "block_group", "VA", 5_951, 0),
        ("bundles/va/v2020/va_cb_2020_counties.geojson", 2020, "county", "VA", 133, 0),
        ("bundles/va/v2010/va_cb_2010_tracts.geojson", 2010, "tract", "VA", 1_905, 2),
        ("bundles/common/county/cb_2018_us_county_20m.geojson", 2018, "county", None, 3_220, 0),
        ("samples/tiger/tl_2019_11_bg.zip", 2019, "block_group", "DC", 450, 0),
        (
            "samples/derived_dc/dc_geo_census_cb_2020_census_tracts.geojson",
            2020,
            "tract",
            "DC",
            206,
            0,
        ),
    ],
)
def test_polygons(shared_data, path, year, level, state, areas, repaired):
    table = read_boundaries(shared_data / path, year=year, level=level, state=state)
    assert len(table) == areas
    assert table.crs == "EPSG:4269"
    assert table.geometry.is_valid.all()
    assert (table["land_km2"] > 0).mean() > 0.99
    assert (table["name"] != "").all()
    said = [note for note in meta(table).notes if "repaired" in note]
    assert said == (
        [f"{path.rsplit('/', 1)[1]}: {repaired} invalid polygons repaired"] if repaired else []
    )


def test_a_state_s_measured_area_is_its_published_one(bundles):
    # Delaware: 5,047 km2 of land, 6,446 km2 in all; Virginia 110,787 km2 in all (Census Bureau,
    # state area measurements); cartographic polygons leave out open water.
    published = read_boundaries(bundles / "de" / "v2020" / "cb_2020_10_tract_500k.zip", year=2020)
    assert published["land_km2"].sum() == pytest.approx(5047, abs=1)
    measured = read_boundaries(bundles / "va" / "v2020" / "va_cb_2020_tracts.geojson", year=2020)
    assert 102_000 < measured["land_km2"].sum() < 110_787


def test_points_are_no_boundaries(bundles):
    with pytest.raises(FormatError, match="1,930 areas are no polygons but a Point"):
        read_boundaries(bundles / "common/access-chicago/chicago_metro_pop.geojson", year=2010)


# --- ACS -------------------------------------------------------------------------------------


def test_a_recorded_api_answer_with_annotation_values(samples):
    table = read_acs(
        samples / "census_acs" / "acs5_2023_tract_DE.excerpt.json", year=2023, state="DE"
    )
    assert len(table) == 22
    water = table[is_water(table.index).to_numpy()]
    assert (water["B01003_001E"] == 0).all(), "nobody lives there"
    assert water["B19013_001E"].isna().all(), "so there is no income, and it is not 0"
    assert table["B19013_001E"].isna().sum() == table["B19013_001M"].isna().sum() == 6
    assert table["B19013_001E"].min() > 0


def test_an_excerpt_of_the_national_summary_file(samples):
    path = samples / "census_acs" / "acsdt5y2023-b19013.excerpt.dat"
    tracts = read_acs(path, year=2023)
    assert tracts.loc["08005005636"].tolist() == [
        250_001.0,
        pytest.approx(np.nan, nan_ok=True),
        "open_interval",
    ]
    assert np.isnan(tracts.loc["08001988700", "B19013_001E"])
    counties = read_acs(path, year=2023, level="county")
    assert list(counties.index) == ["01001", "08031", "09110", "32009"]
    assert counties.loc["01001"].tolist() == [69_841.0, 5_512.0, "ok"]
    assert counties.loc["32009", "B19013_001E_status"] == "not_computable"


def test_estimates_and_margins_of_delaware(bundles):
    table = read_acs(
        bundles / "de" / "v2020" / "acs_2016_2020_tract_estimates_and_moe.csv",
        year=2020,
        state="DE",
    )
    assert len(table) == 262
    assert sum(name.endswith("E") for name in table.columns) == 66
    assert sum(name.endswith("M") for name in table.columns) == 66
    assert meta(table).geo_vintage == "2020"


@pytest.mark.parametrize("year", [2010, 2022])
def test_controlled_estimates_of_pennsylvania_s_counties(bundles, year):
    folder = bundles / "common" / "pa-county-svi"
    table = read_acs(folder / f"pa_county_raw_{year}.csv", year=year, level="county", state="PA")
    assert len(table) == 67
    ranks = read_table(
        folder / f"expected_cdc_pa_county_svi_{year}.csv",  # ids such as 42001.0
        level="county", geo_vintage="2020", state="PA", missing=[-999],
        columns={"rank_share": "R_PL_THEMES" if year == 2010 else "RPL_THEMES"}, **WHO,
    )  # fmt: skip
    assert set(ranks.index) == set(table.index)
    assert ranks["rank_share"].isna().sum() == (1 if year == 2010 else 0)


RENAMED = {
    "hh_total": "B28002_001E",
    "hh_internet_sub": "B28002_002E",
    "hh_broadband_any": "B28002_004E",
    "hh_internet_nosub": "B28002_012E",
    "hh_no_internet": "B28002_013E",
    "median_hh_income": "B19013_001E",
    "median_age": "B01002_001E",
}


def test_renamed_estimates_of_virginia(bundles):
    table = read_acs(
        bundles / "va" / "v2020" / "acs_2020_2024_tract.csv", year=2024, state="VA", columns=RENAMED
    )
    assert len(table) == 2_198
    parts = table["B28002_002E"] + table["B28002_012E"] + table["B28002_013E"]
    assert (parts == table["B28002_001E"]).all()
    assert table["B19013_001E"].isna().sum() == 43
    assert table["B01002_001E"].isna().sum() == 31
    assert (table["B28002_001E"] == 0).sum() == 38


# --- places of care --------------------------------------------------------------------------


def test_hrsas_own_layout(samples):
    path = samples / "hrsa" / "Health_Center_Service_Delivery_and_LookAlike_Sites.excerpt.csv"
    with pytest.raises(InputError, match="1 sites have no coordinates"):
        read_sites(path, as_of="excerpt", unplaced="raise")
    # HRSA lists sites before they are placed: they are left out, and counted in a note.
    sites = read_sites(path, as_of="excerpt")
    assert len(sites) == 3
    assert any("1 sites" in note for note in meta(sites).notes)
    assert sites.index.str.startswith("BPS-").all()
    assert (sites["name"] == sites["name"].str.strip()).all()
    assert len(meta(sites).notes) == 2


@pytest.mark.parametrize(
    ("name", "rows", "repeated"),
    [
        ("FQHC_Geocoded.csv", 13_577, 8),
        ("Hospitals_Geocoded.csv", 7_146, 0),
        ("MentalHealthProviders_Geocoded.csv", 11_375, 342),  # apart from a row number
    ],
)
def test_lists_of_providers(bundles, name, rows, repeated):
    sites = read_sites(
        bundles / "common" / "providers" / name, as_of="2020", layout="points", kind="clinic"
    )
    assert len(sites) == rows - repeated
    assert sites.geometry.notna().all()
    assert meta(sites).notes == (
        (f"{name}: {repeated} exact repetitions counted once",) if repeated else ()
    )


# --- any other table -------------------------------------------------------------------------

TRACTS = {"level": "tract", "geo_vintage": "2020", **WHO}
OLD_TRACTS = {"level": "tract", "geo_vintage": "2010", **WHO}
OLD_COUNTIES = {"level": "county", "geo_vintage": "2010", **WHO}
COUNTIES = {"level": "county", "geo_vintage": "2020-CT2022", **WHO}


@pytest.mark.parametrize(
    ("path", "columns", "options", "rows", "known"),
    [
        # ids: 140US…, 10001040100.0, 42001.0, lost zeros, two columns
        ("bundles/us/oeps_fqhc_min_distance_2025_tract.csv", {"miles": "FqhcMinDis"}, TRACTS, None, None),
        ("bundles/de/v2020/ruca_2020_tract.csv", {"ruca": "RUCA1"}, {**TRACTS, "id_column": "tractFIPS", "missing": [99]}, 262, 259),
        ("bundles/va/v2020/ruca_2020_tract.csv", {"ruca": "RUCA1"}, {**TRACTS, "id_column": "HeropID", "missing": [99]}, 2_198, 2_186),
        ("bundles/us/ruca_2020_tract.csv", {"ruca": "RUCA1"}, {**TRACTS, "geo_vintage": "2020-CT2022", "other_levels": "drop"}, 85_524, 85_524),
        ("bundles/va/v2010/acs_2014_2018_econ_tract.csv", {"poor_share": {"column": "povP", "unit": "percent"}}, {**OLD_TRACTS, "id_column": "G_GEOID"}, 1_907, None),
        ("bundles/common/county/broadband_data_2020October.csv", {"usage_share": "BROADBAND USAGE"}, {**OLD_COUNTIES, "missing": ["-"]}, 3_142, 3_131),
        ("bundles/common/county/digital_access_county_all_longitudinal.csv", {"access_share": "share_digital_access"}, {**COUNTIES, "id_column": ["state", "county"], "where": {"year": 2023}}, 3_144, None),
        # Latin-1, a sentinel for a whole column, several dates
        ("bundles/common/county/county_tiers_201406_202406.csv", {"homes_n": "Housing_Units", "tier_4": {"column": "Tier_4", "unit": "count"}}, {**OLD_COUNTIES, "where": {"Year": 2016, "Month": 6}, "missing": [-999]}, None, None),
        ("bundles/common/county/rucc_2023_6states.csv", {"rucc": {"column": "RUCC_2023", "unit": "count"}, "label": {"column": "Description", "unit": "text"}}, COUNTIES, 494, 494),
        ("bundles/common/county/cdc_svi_county_totals.csv", {"vulnerability_share": "RPL_THEMES"}, {**COUNTIES, "missing": [-999]}, 3_144, None),
        ("bundles/de/v2020/expected_cdc_svi_2020_tract.csv", {"vulnerability_share": "RPL_THEMES", "people_n": {"column": "E_TOTPOP", "moe": "M_TOTPOP"}}, {**TRACTS, "state": "DE", "missing": [-999]}, 259, 256),
        ("bundles/de/v2020/acs_2019_2023_insurance_commuting_tract.csv", {"uninsured_share": {"column": "InsuredPopP", "unit": "percent", "complement": True}}, {**TRACTS, "state": "DE"}, 262, 256),
        ("bundles/va/v2020/oeps_fqhc_drive_2025_tract.csv", {"minutes": "FqhcTmDr"}, {**TRACTS, "state": "VA"}, 2_186, 2_185),
        ("bundles/va/v2010/oeps_fqhc_drive_tract.csv", {"sites_n": "count within 30"}, {**OLD_TRACTS, "state": "VA"}, 1_908, None),
        ("bundles/va/v2010/dartmouth_providers_2010_tract.csv", {"doctors": "PcpPer100k"}, {**OLD_TRACTS, "missing": ["inf"]}, 1_900, None),
        ("bundles/de/v2010/acs_2014_2018_population_area_tract.csv", {"people_n": "totPopE"}, OLD_TRACTS, 218, 218),
        ("samples/svi/SVI_2022_US_tract.excerpt.csv", {"v_share": "RPL_THEMES"}, {"level": "tract", "geo_vintage": "2020-CT2022", "missing": [-999], **WHO}, 3, None),
        ("samples/microsoft/broadband_data_2019November.head300.csv", {"usage_share": "BROADBAND USAGE"}, {**OLD_COUNTIES, "missing": ["-"]}, 299, None),
        ("samples/ct_crosswalk/2022tractcrosswalk.csv", {"town": {"column": "town_name", "unit": "text"}}, {"level": "tract", "geo_vintage": "2020", "id_column": "tract_fips_2020", **WHO}, 879, 879),
    ],
    ids=lambda value: value.rsplit("/", 1)[-1] if isinstance(value, str) else None,
)  # fmt: skip
def test_tables_of_every_make(shared_data, path, columns, options, rows, known):
    table = read_table(shared_data / path, columns=columns, **options)
    assert table.index.is_unique
    assert rows is None or len(table) == rows
    first = table.iloc[:, 0]
    assert first.notna().any()
    assert known is None or first.notna().sum() == known
    if first.name.endswith("_share"):
        assert first.dropna().between(0, 1).all()


def test_long_files_with_counties_tracts_and_districts(bundles):
    uva = bundles / "va" / "uva"
    table = read_table(
        uva / "va_hdcttrbg_acs_2017_2023_hh_internet_type.csv.xz",
        where={"year": 2023, "region_type": "tract"}, state="VA",
        columns={
            "households_n": {"column": "value", "where": {"measure": "num_hh"}},
            "subscription_share": {"column": "value", "unit": "percent", "moe": "moe", "where": {"measure": "perc_hh_with_broadband"}},
        },
        **TRACTS,
    )  # fmt: skip
    assert len(table) == 2_198
    assert table["subscription_share_moe"].isna().all(), "the file has the column and nothing in it"
    path = uva / "va_hdcttr_acs5_2015_2023_no_health_insurance_19_to_64.csv.xz"
    columns = {"uninsured_share": {"column": "value", "unit": "percent"}}
    where = {"year": 2023, "measure": "no_hlth_ins_pct"}
    with pytest.raises(GeoidError, match="133 ids are of another level than tract"):
        read_table(path, columns=columns, where=where, **TRACTS)
    table = read_table(
        path, columns=columns, where=where, other_levels="drop", state="VA", **TRACTS
    )
    assert len(table) == 2_198
    assert table["uninsured_share"].max() < 0.7


def test_real_defects_are_refused_where_nothing_was_said_about_them(bundles):
    def refused(path, says, column, unit="number", **options):
        with pytest.raises(InputError, match=says) as caught:
            read_table(bundles / path, columns={"x": {"column": column, "unit": unit}}, **options)
        assert caught.value.fix

    refused(
        "va/v2010/dartmouth_providers_2010_tract.csv", "holds 'inf'", "PcpPer100k", **OLD_TRACTS
    )
    refused(
        "de/v2020/expected_cdc_svi_2020_tract.csv",
        "holds -999, which is no share",
        "RPL_THEMES",
        "share",
        **TRACTS,
    )
    refused(
        "de/v2020/acs_2019_2023_internet_tract.csv",
        "which is no share",
        "BbndInternetP",
        "share",
        **TRACTS,
    )
    refused(
        "common/county/county_tiers_201406_202406.csv",
        "areas stand more than once",
        "Housing_Units",
        where={"Year": 2016},
        **OLD_COUNTIES,
    )
    refused(
        "de/v2010/acs_2014_2018_econ_tract.csv", "not in Virginia", "povP", state="VA", **OLD_TRACTS
    )


def test_every_sample_of_a_publisher_goes_through_its_reader_as_it_is(samples):
    """The counts are those that the data's own list gives, or those of their rows."""
    hpsa = samples / "hrsa"
    reads = {
        "census_acs/2021_51059_b19013_block_groups_jam_values.csv": (
            lambda p: read_acs(p, year=2021, level="block_group", id_column="GEOID21"), 678),
        "census_acs/acs5_2023_tract_DE.excerpt.json": (lambda p: read_acs(p, year=2023), 22),
        "census_reporter/acs_2024_5yr_maryland_counties.json": (
            lambda p: read_acs(p, year=2024, level="county"), 24),
        "derived_dc/dc_geo_census_cb_2020_census_tracts.geojson": (
            lambda p: read_boundaries(p, year=2020), 206),
        "tiger/tl_2019_11_bg.zip": (
            lambda p: read_boundaries(p, year=2019, level="block_group"), 450),
        "ct_crosswalk/2022tractcrosswalk.csv": (
            lambda p: read_table(p, columns={"town": {"column": "town_name", "unit": "text"}},
                                 id_column="tract_fips_2020", **TRACTS), 879),
        "fcc_mobile/mobile_broadband_D25_27may2026.zip": (
            lambda p: read_bdc_mobile(p, as_of="2025-12-31", level="county"), 3_234),
        "rucc/2023-rural-urban-continuum-codes.csv": (lambda p: read_rucc(p, year=2023), 3_235),
        "nppes/npidata_pfile.sample.csv": (lambda p: read_nppes(p, as_of="2026"), None),
        "microsoft/broadband_data_zipcode.head300.csv": (
            lambda p: read_table(p, columns={"use_share": "BROADBAND USAGE"}, level="zcta",
                                 geo_vintage="2010", id_column="POSTAL CODE", **WHO), 299),
    }  # fmt: skip
    for name, (read, rows) in reads.items():
        table = read(samples / name)
        assert len(table) == rows or (rows is None and len(table) > 100), name
    everyone = read_designations(
        hpsa / "BCD_HPSA_FCT_DET_PC.maryland.csv", kind="hpsa-pc", as_of="2026", in_force=False
    )
    assert len(everyone) == 1_706
    in_force = read_designations(
        hpsa / "BCD_HPSA_FCT_DET_PC.maryland.csv", kind="hpsa-pc", as_of="2026"
    )
    assert len(in_force) == 852  # 854 are withdrawn


def test_counties_of_the_package_are_those_of_the_nations_tables(shared_data):
    """Three publishers' lists of counties, of three vintages."""
    folder = shared_data / "bundles/common/county"
    rucc = pd.read_csv(
        shared_data / "samples/rucc/2023-rural-urban-continuum-codes.csv",
        dtype=str, encoding="latin-1",
    )["FIPS"]  # fmt: skip
    made_up = {c for c in counties_of("2020") if c.startswith("90")}
    assert set(rucc) == counties_of("2020-CT2022") - made_up
    tiers = pd.read_csv(
        folder / "county_tiers_201406_202406.csv", dtype=str, encoding="latin-1"
    ).query("Year == '2021' and Month == '6'")["FIPS"]
    assert set(tiers) == counties_of("2020") - made_up
    older = gpd.read_file(folder / "cb_2018_us_county_20m.geojson")["GEOID"]
    assert set(older) <= counties_of("2010")
