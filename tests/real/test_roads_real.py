"""Real extracts: read whole, and minutes that are plausible beside straight lines.

A piece of a city says that reading is right, not that minutes are: nearest sites lie outside it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import equity as eq
from equity.sources.care.kinds import sites_of

pytestmark = pytest.mark.real

# Counted with osmium alone: ways of the driven classes that no tag closes to cars, and in Washington
# without ten whose direction changes by the hour.
EXTRACTS = {"columbus": 6440, "dc_arlington": 5220, "felton": 82}


@pytest.fixture(scope="module")
def extracts(shared_data):
    folder = shared_data / "bundles/common/osm"
    return {name: eq.read_roads(folder / f"{name}.osm.pbf", as_of="2018") for name in EXTRACTS}


@pytest.mark.parametrize("name", EXTRACTS)
def test_an_extract_is_read_whole(extracts, name):
    roads = extracts[name]
    assert f"Roads: {EXTRACTS[name]:,} ways of OpenStreetMap" in roads.notes[0]
    assert EXTRACTS[name] < len(roads.lon) < 3 * EXTRACTS[name]
    # Nearly all of it hangs together, cut at the edge as it is.
    assert (roads.part >= 0).mean() > 0.95
    assert roads.minutes.data.min() > 0
    assert roads.minutes.data.max() < 5


def test_minutes_in_a_city_are_plausible_beside_straight_lines(extracts, shared_data):
    roads = extracts["dc_arlington"]
    travel = shared_data / "bundles/common/travel"
    centers = pd.read_csv(travel / "CenPop2020_Mean_TR.txt", dtype=str, encoding="utf-8-sig")
    centers.index = pd.Index(centers["STATEFP"] + centers["COUNTYFP"] + centers["TRACTCE"])
    centers = centers[["LONGITUDE", "LATITUDE"]].astype(float).set_axis(["lon", "lat"], axis=1)
    names = {"id": "site_id", "name": "health_site_name", "kind": "health_site_type"}
    sites = eq.read_sites(
        travel / "health_sites_2023.csv", as_of="2023", layout="points",
        columns=names | {"lon": "lon", "lat": "lat"},
    )  # fmt: skip

    def inside(table):
        return table[
            table["lon"].between(roads.lon.min(), roads.lon.max())
            & table["lat"].between(roads.lat.min(), roads.lat.max())
        ]

    here, hospitals = inside(centers), inside(sites_of(sites, "hospital"))
    assert (len(here), len(hospitals)) == (155, 4)
    road = eq.nearest_sites(here, hospitals, method="roads", roads=roads)
    line = eq.nearest_sites(here, hospitals)
    assert (road["nearest_site_status"] == "ok").all()
    assert road["nearest_site_min"].corr(line["nearest_site_min"], method="spearman") > 0.85
    # Through a city, lights and all, and on to the road: 10 to 40 km/h along a straight line.
    pace = road["nearest_site_km"] / road["nearest_site_min"] * 60
    assert pace.between(10, 40).mean() > 0.9
    assert 0.8 < (road["nearest_site_min"] / line["nearest_site_min"]).median() < 1.1
    assert (road["nearest_site_km"] >= line["nearest_site_km"] - 1e-9).all()
    held = eq.travel_costs(here, hospitals, max_minutes=6, method="roads", roads=roads)
    nearest = held.nearest().dropna()
    assert 50 < len(nearest) < 155
    np.testing.assert_allclose(
        nearest["nearest_site_min"], road.loc[nearest.index, "nearest_site_min"]
    )
