"""Input of the wrong kind ends in one clear error, or in a value with a status."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from care_cases import scattered

from equity.errors import EquityError, InputError
from equity.measures.demand import demand_population
from equity.measures.practice import practice_readiness
from equity.measures.reach.catchment import catchment
from equity.measures.reach.travel import Roads, nearest_sites, travel_costs
from equity.measures.recover import recover

AREAS = scattered(5, seed=1, prefix="a")
SITES = scattered(4, seed=2, prefix="s")
PAIRS = pd.DataFrame(
    {"a": AREAS.index[[0, 0, 1]], "b": SITES.index[[0, 1, 0]], "c": [1.0, 2.0, 3.0]}
)
NAMED = {"origin": "a", "destination": "b", "cost": "c", "unit": "min"}
OFFERS = pd.DataFrame({"best_down_mbps": [10.0], "best_up_mbps": [5.0]}, index=["b"])


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: nearest_sites(None, SITES),
        lambda: nearest_sites(AREAS, [1, 2]),
        lambda: nearest_sites(AREAS, SITES.set_index([SITES.index, SITES.index])),
        lambda: nearest_sites(AREAS, SITES, rurality=pd.Series(11, index=AREAS.index)),
        lambda: nearest_sites(AREAS, SITES, rurality=AREAS),
        lambda: travel_costs(AREAS, SITES, max_minutes="thirty"),
        lambda: travel_costs(AREAS, SITES, max_minutes=np.inf),
        lambda: Roads(detour="winding"),
        lambda: catchment(travel_costs(AREAS, SITES, max_minutes=60), demand=1.0, supply=1.0, steps=[10, 20]),
        lambda: catchment(travel_costs(AREAS, SITES, max_minutes=60), demand=1.0, supply=1.0, steps={"near": 1}),
        lambda: catchment(travel_costs(AREAS, SITES, max_minutes=60), demand=1.0, supply=1.0, method="2sfca", reach="far"),
        lambda: catchment(travel_costs(AREAS, SITES, max_minutes=60), demand=1.0, supply=1.0, method="gravity", exponent="x"),
        lambda: travel_costs(AREAS, SITES, table=PAIRS.iloc[:0], **NAMED),
        lambda: travel_costs(AREAS, SITES, table=pd.concat([PAIRS, PAIRS], axis=1), **NAMED),
        lambda: travel_costs(AREAS, SITES, table=PAIRS.assign(c=pd.to_timedelta([1, 2, 3], unit="min")), **NAMED),
        lambda: practice_readiness(AREAS.assign(cell=510010001001000), OFFERS, cell="cell"),
        lambda: practice_readiness(AREAS.assign(cell="b"), OFFERS.assign(low_latency="yes"), cell="cell"),
        lambda: recover(pd.DataFrame({name: ["x"] for name in ("population_n", "beyond_reach_share", "qualifying_share", "connected_share", "device_share")})),
        lambda: demand_population(pd.DataFrame({"population_n": ["many"]})),
    ],
)  # fmt: skip
def test_the_wrong_kind_of_thing(attempt):
    with pytest.raises(EquityError) as caught:
        attempt()
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00 no stream", b"not a gzip file"])
def test_a_damaged_download(tmp_path, content):
    path = tmp_path / "times.csv.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"times\.csv\.gz.*(half downloaded|no .gz file)"):
        travel_costs(AREAS, SITES, table=path, **NAMED)


def test_degrees_that_claim_to_be_meters():
    points = gpd.points_from_xy(SITES["lon"], SITES["lat"])
    sites = gpd.GeoDataFrame(SITES, geometry=points, crs="EPSG:3857")
    with pytest.raises(InputError, match="wrong coordinate systems"):
        nearest_sites(AREAS, sites)


def test_broken_and_flat_polygons_have_a_center():
    bow_tie = shapely.Polygon([(-79, 37), (-78, 38), (-78, 37), (-79, 38)])
    flat = shapely.Polygon([(-79, 37), (-78, 37), (-79, 37)])
    areas = gpd.GeoDataFrame(geometry=[bow_tie, flat, None], index=list("abc"), crs="EPSG:4269")
    site = pd.DataFrame({"lon": [-78.5], "lat": [37.5]}, index=["s"])
    found = nearest_sites(areas, site)
    assert found["nearest_site_status"].tolist() == ["ok", "ok", "not_computable"]
    assert found.loc["a", "nearest_site_km"] < 1
    assert 50 < found.loc["b", "nearest_site_km"] < 60
    assert travel_costs(areas, site, radius_km=100).listed.tolist() == [True, True, False]
