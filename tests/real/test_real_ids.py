"""Ids as real files write them: what is repaired, and what is refused with its rows."""

from __future__ import annotations

import tomllib
from importlib import resources

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from equity.areas.geoid import STATES, normalize
from equity.areas.points import refuse_other_state
from equity.areas.table import area_table
from equity.errors import GeoidError

pytestmark = pytest.mark.real


def column(shared_data, path, name, **options):
    return pd.read_csv(shared_data / "bundles" / path, **options)[name]


@pytest.mark.parametrize(
    ("path", "name", "level", "rows"),
    [
        # Read as numbers, as most people do: zeros are lost, decimals appear.
        ("common/county/broadband_data_2020October.csv", "COUNTY ID", "county", 3142),
        ("common/county/justice40_cdc_places_extract.csv", "LocationID", "tract", 450),
        ("common/pa-county-svi/expected_cdc_pa_county_svi_2014.csv", "GEOID", "county", 67),
        ("de/v2020/ruca_2020_tract.csv", "tractFIPS", "tract", 262),
        ("de/v2020/ruca_2020_tract.csv", "countyFIPS", "county", 262),
        ("de/v2010/acs_2014_2018_commuting_tract.csv", "HEROP_ID", "tract", 218),
        ("de/v2010/cdc_svi_2018_tract.csv", "G_GEOID", "tract", 217),
        ("va/v2020/acs_2020_2024_tract.csv", "GEOID", "tract", 2198),
    ],
)
def test_real_spellings_become_ids(shared_data, path, name, level, rows):
    ids = normalize(column(shared_data, path, name), level=level)
    assert len(ids) == rows
    assert ids.str.len().eq({"county": 5, "tract": 11}[level]).all()
    again = normalize(ids, level=level)
    assert again.tolist() == ids.tolist()


def test_two_spellings_of_one_file_agree(shared_data):
    frame = pd.read_csv(shared_data / "bundles/va/v2010/acs_2014_2018_econ_tract.csv")
    assert (
        normalize(frame["GEOID"], level="tract").tolist()
        == normalize(frame["G_GEOID"], level="tract").tolist()
    )


def test_parts_of_ids_that_are_damaged_are_refused(shared_data):
    path = "va/v2010/acs_2014_2018_population_area_tract.csv"
    frame = pd.read_csv(shared_data / "bundles" / path, dtype=str)
    with pytest.raises(GeoidError, match="ids are blank"):
        normalize(frame["TRACTCE"], level="tract")
    for part, level in (("STATEFP", "state"), ("TRACTCE", "tract")):
        with pytest.raises(GeoidError, match=f"no {level} ids"):
            normalize(frame[part].dropna(), level=level)
    assert len(normalize(frame["GEOID"], level="tract")) == 1907


def test_regions_that_only_look_like_tracts_are_refused(shared_data):
    ids = column(
        shared_data, "va/uva/va_hdcttrbgca_webmd_2021_access_scores_primcare.csv.xz", "geoid",
        dtype=str,
    ).drop_duplicates()  # fmt: skip
    same_length = ids[ids.str.len() == 11]
    civic = same_length.str.contains("_")
    assert civic.sum() > 50
    with pytest.raises(GeoidError, match="_ca_") as caught:
        normalize(same_length, level="tract")
    assert len(caught.value.rows) == civic.sum()


def test_the_nations_ruca_names_its_damaged_and_repeated_ids(shared_data):
    frame = pd.read_csv(shared_data / "bundles/us/ruca_2020_tract.csv")
    with pytest.raises(GeoidError) as caught:
        area_table(frame, "HeropID", level="tract", geo_vintage="2020-CT2022")
    assert caught.value.count == 4
    # "140USNA", four times: Connecticut's water tracts, which have no planning-region id there.
    assert frame.loc[caught.value.rows, "HeropID"].unique().tolist() == ["140USNA"]
    whole = frame.drop(index=caught.value.rows)
    result = area_table(whole, "HeropID", level="tract", geo_vintage="2020-CT2022")
    assert len(result) == 85_524
    with pytest.raises(GeoidError, match="85,524 ids more than once"):
        area_table(pd.concat([whole, whole]), "HeropID", level="tract", geo_vintage="2020-CT2022")


def test_the_boxes_of_the_states_are_those_of_their_counties(shared_data):
    """Within the tenth they are rounded to; two states are told with more than the file draws."""
    text = resources.files("equity.areas").joinpath("state_boxes.toml").read_text("utf-8")
    boxes = tomllib.loads(text)
    path = shared_data / "bundles/common/county/cb_2018_us_county_20m.geojson"
    drawn = gpd.read_file(path).set_index("GEOID").bounds
    lies = drawn.groupby(drawn.index.str[:2])
    for state, low in lies[["minx", "miny"]].min().iterrows():
        high = lies[["maxx", "maxy"]].max().loc[state]
        found, box = np.array([*low, *high]), np.array(boxes[state])
        if state not in {"02", "15"}:  # the date line; the northwestern islands
            np.testing.assert_array_less(np.abs(found - box), 0.1 + 1e-9)
            assert (box[:2] <= found[:2]).all()
            assert (box[2:] >= found[2:]).all()
    west = drawn["minx"]
    refuse_other_state(west, drawn["miny"], drawn.index, path, level="county", noun="counties")
    assert set(boxes) == {code for code, state in STATES.items() if not state.synthetic}
