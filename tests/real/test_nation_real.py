"""The nation's real tables, state by state: what they allow, on few states by default.

``NATION=1`` runs every state that has what it takes. Counties: residents and need come from the CDC's
counties, homes from the survey's tracts, lines from the FCC's share at 25/3 without satellite,
minutes from road times; no survey margin of homes is at hand, and no list of sites is needed.
Tracts: lines and residents of the FCC's classes, which there are of seven states; homes, rurality
and miles to a health center of all; no polygons.
"""

from __future__ import annotations

import os

import pandas as pd
import pytest

from equity.areas.geoid import NATION
from equity.errors import InputError
from equity.study.nation import run_states
from equity.study.run import Study

pytestmark = pytest.mark.real

# Connecticut's lines and people are told of different counties; no minutes for the others.
LACKING = {"09", "72"}
STUDY = """\
[study]
id = "counties"
title = "Counties of the nation"
state = [{states}]
state_by_state = true
level = "county"
rules = ["fcc-25-3"]
headline = "fcc-25-3"
join_tolerance = 0.2  # a few counties have no minutes or no lines

[boundaries]
file = "{data}/common/county/cb_2018_us_county_20m.geojson"
year = 2018

[coverage]
kind = "summary"
files = "lines.csv"
as_of = "undated"
options = {{ served = [25, 3], underserved = [25, 3] }}
note = "Share of units at 25/3 Mbps without satellite"

[[tables]]
file = "people.csv"
agency = "CDC"
product = "Social Vulnerability Index, counties"
vintage = "2022"
geo_vintage = "2020"
[tables.columns]
population_n = {{ column = "people", moe = "people_moe" }}
poverty_share = {{ column = "poor", unit = "percent" }}

[[tables]]
file = "homes.csv"
agency = "U.S. Census Bureau"
product = "American Community Survey, tracts added up"
vintage = "2019-2023"
geo_vintage = "2020"
[tables.columns]
device_share = {{ column = "device", unit = "share" }}
any_subscription_share = {{ column = "subscription", unit = "share" }}

[[tables]]
file = "minutes.csv"
agency = "Road times"
product = "Minutes to the nearest clinic, mean of tracts"
vintage = "2023"
geo_vintage = "2020"
[tables.columns]
clinic_minutes = {{ column = "avg_drive_time_minutes", unit = "number" }}

[care]
method = "column"
column = "clinic_minutes"
unit = "min"
limit_min = 15
label = "the nearest clinic"

[under_resourced]
[[under_resourced.criteria]]
column = "poverty_share"
label = "at least 25 % of residents below 150 % of the poverty line"
at_least = 0.25
"""


def write_tables(data, folder):
    """Put the national files into one row a county; nothing is filled in."""
    county = data / "common" / "county"
    svi = pd.read_csv(
        county / "SVI_2022_US_county.csv.gz", encoding="utf-8-sig", dtype={"FIPS": str}
    )
    people = pd.DataFrame(
        {"GEOID": svi["FIPS"].str.zfill(5), "people": svi["E_TOTPOP"],
         "people_moe": svi["M_TOTPOP"].clip(lower=0), "poor": svi["EP_POV150"]}
    )  # fmt: skip
    people.to_csv(folder / "people.csv", index=False)
    tracts = pd.read_csv(data / "us" / "acs_2019_2023_internet_tract.csv", dtype={"GEOID": str})
    homes = tracts["CompHhlds"] / tracts["CompHhldsP"] * 100
    parts = pd.DataFrame(
        {"homes": homes, "device": tracts["CompHhlds"].where(homes.notna()),
         "subscription": homes * tracts["BbndInternetP"] / 100}
    ).groupby(tracts["GEOID"].str[:5]).sum()  # fmt: skip
    shares = parts[["device", "subscription"]].div(parts["homes"], axis=0)
    shares.to_csv(folder / "homes.csv")
    name = "fcc_bdc_county_fixed_25_3_no_satellite.csv"
    fcc = pd.read_csv(county / name, dtype={"geography_id": str}).dropna()
    units, share = fcc["total_units"].astype(int), fcc.iloc[:, -1]
    served = (units * share).round().astype(int)
    lines = {"GEOID": fcc["geography_id"].str.zfill(5), "locations_n": units, "served_n": served,
             "underserved_n": 0, "unserved_n": units - served}  # fmt: skip
    pd.DataFrame(lines).to_csv(folder / "lines.csv", index=False)
    times = pd.read_csv(
        data / "common" / "travel" / "county_drive_times_2023.csv", dtype={"GEOID": str}
    )
    clinics = times[times["health_site_type"] == "clinic_urgent_care"]
    clinics[["GEOID", "avg_drive_time_minutes"]].to_csv(folder / "minutes.csv", index=False)
    return people, set(clinics["GEOID"].str[:2])


def test_county_tables_of_the_nation_give_counts_need_and_pages(shared_data, tmp_path):
    data = shared_data / "bundles"
    people, timed = write_tables(data, tmp_path)
    states = ["10", "24", "51", "54"]
    if os.environ.get("NATION"):
        states = [fips for fips in NATION if fips in timed - LACKING]
    states = [fips for fips in states if fips in timed]
    named = ", ".join(f'"{fips}"' for fips in states)
    study = tmp_path / "study.toml"
    study.write_text(STUDY.format(states=named, data=data.as_posix()), encoding="utf-8")
    report = run_states(Study.load(study), tmp_path / "out")
    table = report.table
    mine = people[people["GEOID"].str[:2].isin(states)]
    assert table["population_n"].sum() == mine["people"].sum()
    assert report.counts.loc["gap_n", "people_n"] == pytest.approx(table["gap_n"].sum())
    assert report.counts.loc["gap_n", "people_n"] > 10_000
    # Unit-weighted shares of the FCC's file, as computed from it by others: .8960 and .9963.
    for fips, share in (("51", 0.8960), ("10", 0.9963)):
        part = table[table.index.str[:2] == fips]
        if len(part):
            weighted = (part["qualifying_share"] * part["locations_n"]).sum()
            assert weighted / part["locations_n"].sum() == pytest.approx(share, abs=1e-4)
    # Nothing of homes was sampled here, so the gap has no margin, and the page says so.
    assert table["gap_n_moe"].isna().all()
    assert table.geometry.notna().mean() > 0.98
    assert len(report.pages) == len(states)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert all((tmp_path / "out" / address).is_file() for address in report.pages.values())
    assert "so the lower figure has no ±" in page


TRACTS = """\
[study]
id = "tracts"
title = "Tracts of the nation"
state = [{states}]
state_by_state = true
rules = ["fcc-25-3"]
headline = "fcc-25-3"

[coverage]
kind = "summary"
files = "{us}/fcc_bdc_tract_7states.csv"
as_of = "undated"

[[tables]]
file = "{us}/fcc_bdc_tract_7states.csv"
agency = "Federal Communications Commission"
product = "Residents beside locations by class"
vintage = "undated"
geo_vintage = "2020"
[tables.columns]
population_n = {{ column = "TotalPop" }}

[[tables]]
file = "{us}/acs_2019_2023_internet_tract.csv"
agency = "U.S. Census Bureau"
product = "American Community Survey, computers and internet"
vintage = "2019-2023"
geo_vintage = "2020-CT2022"
[tables.columns]
device_share = {{ column = "CompHhldsP", unit = "percent" }}
any_subscription_share = {{ column = "BbndInternetP", unit = "percent" }}

[[tables]]
file = "{us}/ruca_2020_tract.csv"
agency = "USDA"
product = "Rural-Urban Commuting Areas"
vintage = "2020"
geo_vintage = "2020-CT2022"
other_levels = "drop"  # water tracts of Connecticut, "140USNA"
missing = [99]
[tables.columns]
ruca_code = {{ column = "RUCA1" }}

[[tables]]
file = "{us}/oeps_fqhc_min_distance_2025_tract.csv"
agency = "Healthy Regions"
product = "Straight miles to the nearest health center"
vintage = "2025"
geo_vintage = "2020"
[tables.columns]
center_miles = {{ column = "FqhcMinDis", unit = "number" }}

[care]
method = "column"
column = "center_miles"
unit = "mi"
limit_min = 15
label = "the nearest health center"

[under_resourced]
[[under_resourced.criteria]]
column = "ruca_code"
label = "outside metropolitan areas"
at_least = 4
"""


def test_tract_tables_of_the_nation_give_counts_and_pages_without_maps(shared_data, tmp_path):
    states = ["10", "26", "34", "36", "39", "42", "51"] if os.environ.get("NATION") else ["10"]
    us = (shared_data / "bundles" / "us").as_posix()
    study = tmp_path / "study.toml"
    text = TRACTS.format(states=", ".join(f'"{fips}"' for fips in states), us=us)
    study.write_text(text, encoding="utf-8")
    report = run_states(Study.load(study), tmp_path / "out")
    fcc = pd.read_csv(f"{us}/fcc_bdc_tract_7states.csv", dtype={"GEOID": str})
    fcc = fcc[fcc["GEOID"].str[:2].isin(states)]
    counties = fcc.groupby(fcc["GEOID"].str[:5])
    table = report.table
    for name, column in (("population_n", "TotalPop"), ("locations_n", "TotalBSLs")):
        assert table[name].to_dict() == counties[column].sum().to_dict()
    assert report.levels["states"]["areas_n"].sum() == len(fcc)
    assert (table["gap_n"] <= table["beyond_reach_n"]).all()
    assert 0 < table["gap_n"].sum() < 0.2 * table["population_n"].sum()
    own = tmp_path / "out" / "de"
    assert (own / "index.html").is_file()
    assert not (own / "map.html").exists()
    # Without the FCC's residents nothing counts anybody, and no other table of tracts does.
    study.write_text(text.replace("population_n =", "residents_n ="), encoding="utf-8")
    with pytest.raises(InputError, match="Delaware: nothing counts the residents"):
        run_states(Study.load(study), tmp_path / "none")
