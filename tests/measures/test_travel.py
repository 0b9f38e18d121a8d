"""Nearest sites and sparse travel costs."""

from __future__ import annotations

import contextlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from care_cases import great_circle_km, scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.areas.table import area_table
from equity.errors import InputError, MissingColumnError, MissingFileError, VintageError
from equity.measures.reach import decay
from equity.measures.reach._sphere_pairs import SphereIndex, _half_width
from equity.measures.reach.catchment import catchment
from equity.measures.reach.centers import population_centers
from equity.measures.reach.costs import Held, Streamed
from equity.measures.reach.travel import (
    ROAD_KMH,
    Roads,
    TravelEstimate,
    nearest_sites,
    travel_costs,
    travel_estimate,
)
from equity.provenance import meta


def as_matrix(costs):
    held = costs.held()
    matrix = np.full((len(costs.origins), len(costs.sites)), np.nan)
    rows = np.repeat(np.arange(len(costs.origins)), np.diff(held.indptr))
    matrix[rows, held.sites] = held.cost
    return matrix


# Pairs on the sphere


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    where=st.sampled_from(["everywhere", "antimeridian", "pole", "state"]),
    radius=st.sampled_from([0.0, 1.0, 50.0, 300.0, 2000.0, 9000.0, 10_010.0, 20_016.0]),
    block=st.sampled_from([1, 64, 1000, 1 << 18]),
)
def test_pairs_are_those_of_the_full_matrix(seed, where, radius, block):
    rng = np.random.default_rng(seed)

    def points(n):
        lon = {
            "everywhere": rng.uniform(-180, 180, n),
            "antimeridian": np.mod(rng.normal(180, 3, n) + 180, 360) - 180,
            "pole": rng.uniform(-180, 180, n),
            "state": rng.normal(-78, 1, n),
        }[where]
        lat = {
            "everywhere": np.degrees(np.arcsin(rng.uniform(-1, 1, n))),
            "antimeridian": rng.normal(52, 2, n),
            "pole": rng.uniform(80, 90, n),
            "state": rng.normal(37, 1, n),
        }[where]
        return pd.DataFrame({"lon": lon, "lat": lat})

    people, sites = points(int(rng.integers(1, 80))), points(int(rng.integers(1, 80)))
    radii = radius * rng.choice([0.5, 1.0], len(people))
    index = SphereIndex(sites["lon"].to_numpy(), sites["lat"].to_numpy(), reach_km=radius)
    found = np.full((len(people), len(sites)), np.nan)
    next_row = 0
    for part in index.pairs(
        people["lon"].to_numpy(), people["lat"].to_numpy(), radius_km=radii, block=block
    ):
        assert part.start == next_row
        next_row = part.stop
        rows = np.repeat(np.arange(part.start, part.stop), np.diff(part.indptr))
        assert np.isnan(found[rows, part.sites]).all(), "a pair came twice"
        assert len(np.unique(rows * len(sites) + part.sites)) == len(rows), "a pair came twice"
        found[rows, part.sites] = part.cost
    assert next_row == len(people)
    truth = great_circle_km(people, sites)
    certain = np.abs(truth - radii[:, None]) > 1e-5
    assert ((truth <= radii[:, None]) == np.isfinite(found))[certain].all()
    both = np.isfinite(found)
    # Haversine itself is only good to 0.1 m near the antipode.
    np.testing.assert_allclose(found[both], truth[both], atol=2e-4)


@pytest.mark.parametrize("lat", [-71.0, -30.0, 0.0, 37.5, 64.0])
@pytest.mark.parametrize("reach", [0.5, 3.0, 17.0])
def test_a_window_is_as_wide_as_the_circle_inside_its_band(lat, reach):
    """Of circles walked in small steps: no window is narrower, and none wider than it must be."""
    height = reach / 6
    bearing = np.linspace(0, np.pi, 400_001)
    phi, r = np.radians(lat), np.radians(reach)
    at = np.arcsin(np.sin(phi) * np.cos(r) + np.cos(phi) * np.sin(r) * np.cos(bearing))
    off = np.arctan2(
        np.sin(bearing) * np.sin(r) * np.cos(phi), np.cos(r) - np.sin(phi) * np.sin(at)
    )
    band = np.floor((np.degrees(at) + 90) / height)
    bands = np.unique(band)
    truth = [off[band == one].max() for one in bands]
    found = _half_width(np.array([[phi]]), np.array([[r]]), bands[None], height)[0]
    assert len(bands) >= 12
    assert (found >= truth).all()
    # What is added for rounding is itself a hundred-millionth; the steps end a little inside a band.
    np.testing.assert_allclose(found, truth, rtol=2e-3, atol=1e-7)


def test_a_circle_that_holds_a_pole_is_looked_for_all_around():
    bands = np.arange(0.0, 60.0)[None]
    for lat, whole in ((80.5, True), (-80.5, True), (79.5, False), (-79.5, False)):
        found = _half_width(np.radians([[lat]]), np.radians([[10.0]]), bands, 3.0)
        assert (found == np.pi).all() == whole


def test_a_pair_at_no_distance_is_a_pair():
    places = scattered(5, seed=1, prefix="p")
    costs = travel_costs(places, places, radius_km=0)
    assert costs.pairs_n == 5
    assert (costs.held().cost == 0).all()
    assert costs.to_frame().columns.tolist() == ["origin", "site_id", "cost_km"]


@pytest.mark.parametrize("most", [1, 25])
def test_pairs_that_are_kept_come_back_in_blocks_of_whole_rows(monkeypatch, most):
    monkeypatch.setattr("equity.measures.reach.costs.PAIRS_PER_BLOCK", most)
    people, sites = scattered(60, seed=2, prefix="p"), scattered(40, seed=3, prefix="s")
    held = travel_costs(people, sites, radius_km=150).held()
    blocks = list(held.blocks())
    assert len(blocks) > 5
    assert [b.start for b in blocks] == [0, *(b.stop for b in blocks[:-1])]
    assert blocks[-1].stop == 60
    per_row = np.diff(held.indptr)
    for block in blocks:
        # As many rows as four times as many pairs allow, and one in any case.
        assert len(block.sites) <= 4 * most or block.stop == block.start + 1
        assert block.stop == 60 or per_row[block.start : block.stop + 1].sum() > 4 * most
        np.testing.assert_array_equal(np.diff(block.indptr), per_row[block.start : block.stop])
        assert block.indptr[0] == 0
    np.testing.assert_array_equal(np.concatenate([b.sites for b in blocks]), held.sites)
    np.testing.assert_array_equal(np.concatenate([b.cost for b in blocks]), held.cost)


def test_limits_are_inclusive():
    people, sites = scattered(30, seed=2, prefix="p"), scattered(30, seed=3, prefix="s")
    wide = travel_costs(people, sites, radius_km=80)
    exactly = float(np.sort(wide.held().cost)[100])
    again = travel_costs(people, sites, radius_km=exactly)
    assert again.pairs_n == 101
    assert again.held().cost.max() == exactly
    minutes = travel_costs(people, sites, max_minutes=240)
    exactly = float(np.sort(minutes.held().cost)[100])
    assert travel_costs(people, sites, max_minutes=exactly).pairs_n == 101


def test_streamed_costs_are_the_held_ones_and_store_nothing():
    people, sites = scattered(200, seed=4, prefix="p"), scattered(60, seed=5, prefix="s")
    held = travel_costs(people, sites, max_minutes=45)
    streamed = travel_costs(people, sites, max_minutes=45, keep=False)
    assert isinstance(streamed.pairs, Streamed)
    assert streamed.pairs_n == held.pairs_n
    joined = np.concatenate([block.cost for block in streamed.blocks()])
    np.testing.assert_array_equal(joined, held.held().cost)
    with pytest.raises(InputError, match="keep=True"):
        streamed.held()
    assert "streamed" in repr(streamed)
    assert "origins reach no site" in repr(held)


def test_many_pairs_are_streamed_unless_asked_for(monkeypatch):
    people, sites = scattered(50, seed=4, prefix="p"), scattered(50, seed=5, prefix="s")
    monkeypatch.setattr("equity.measures.reach.travel.PAIRS_KEPT", 2499)
    assert isinstance(travel_costs(people, sites, radius_km=2000).pairs, Streamed)
    assert isinstance(travel_costs(people, sites, radius_km=2000, keep=True).pairs, Held)
    monkeypatch.setattr("equity.measures.reach.travel.PAIRS_KEPT", 2500)
    assert isinstance(travel_costs(people, sites, radius_km=2000).pairs, Held)


def test_held_blocks_cover_every_origin_once():
    costs = travel_costs(
        scattered(500, seed=6, prefix="p"), scattered(400, seed=7, prefix="s"), radius_km=2000
    )
    blocks = list(costs.blocks())
    assert [b.start for b in blocks] == [0, *[b.stop for b in blocks[:-1]]]
    assert blocks[-1].stop == 500
    assert sum(len(b.sites) for b in blocks) == costs.pairs_n == 500 * 400


def test_a_slower_origin_reaches_less_far():
    people, sites = scattered(40, seed=8, prefix="p"), scattered(40, seed=9, prefix="s")
    rurality = pd.Series(["urban"] * 20 + ["rural"] * 20, index=people.index)
    costs = travel_costs(people, sites, max_minutes=40, rurality=rurality, roads="proportional")
    km = great_circle_km(people, sites)
    per_km = 1.417 * 60 / np.array([ROAD_KMH["urban"]] * 20 + [ROAD_KMH["rural"]] * 20)
    minutes = km * per_km[:, None]
    np.testing.assert_array_equal(np.isfinite(as_matrix(costs)), minutes <= 40)


# Nearest sites


def test_nearest_is_the_least_of_all_and_keeps_the_callers_index():
    areas, sites = scattered(50, seed=10, prefix="p"), scattered(20, seed=11, prefix="s")
    before = areas.copy(), sites.copy()
    found = nearest_sites(areas, sites)
    km = great_circle_km(areas, sites)
    pd.testing.assert_index_equal(found.index, areas.index)
    np.testing.assert_allclose(found["nearest_site_km"], km.min(axis=1), rtol=1e-9)
    assert found["nearest_site_id"].tolist() == sites.index[km.argmin(axis=1)].tolist()
    # 20 km are 20 x 1.417 road km at 59 km/h; shorter trips cost more a km.
    minutes = 20 * 1.417 * 60 / 59 * (km.min(axis=1) / 20) ** 0.736
    np.testing.assert_allclose(found["nearest_site_min"], minutes, rtol=1e-9)
    plain = nearest_sites(areas, sites, roads="proportional")["nearest_site_min"]
    np.testing.assert_allclose(plain, found["nearest_site_km"] * 1.417 * 60 / 64.4)
    assert (found["nearest_site_status"] == "ok").all()
    pd.testing.assert_frame_equal(areas, before[0])
    pd.testing.assert_frame_equal(sites, before[1])


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_adding_a_provider_never_lowers_anyones_nearness_and_order_changes_nothing(seed):
    areas = scattered(30, seed=seed, prefix="p")
    sites = scattered(12, seed=seed + 1, prefix="s")
    fewer = nearest_sites(areas, sites.iloc[:-1])
    more = nearest_sites(areas, sites)
    assert (more["nearest_site_min"] <= fewer["nearest_site_min"]).all()
    shuffled = nearest_sites(
        areas.sample(frac=1, random_state=seed), sites.sample(frac=1, random_state=seed)
    )
    pd.testing.assert_frame_equal(shuffled.loc[areas.index], more)


def test_of_sites_at_one_point_the_first_by_name_is_named():
    area = pd.DataFrame({"lon": [-78.0], "lat": [38.0]}, index=["a"])
    sites = pd.DataFrame({"lon": [-78.1] * 3, "lat": [38.0] * 3}, index=["s9", "s10", "s2"])
    assert nearest_sites(area, sites).loc["a", "nearest_site_id"] == "s10"


def test_polygons_are_measured_from_their_equal_area_center_whatever_their_crs():
    square = shapely.box(-79.0, 37.0, -78.0, 38.0)
    degrees = gpd.GeoDataFrame(geometry=[square], index=["t"], crs="EPSG:4269")
    mercator = gpd.GeoDataFrame(
        geometry=[shapely.segmentize(square, 0.01)], index=["t"], crs="EPSG:4269"
    ).to_crs("EPSG:3857")
    site = pd.DataFrame({"lon": [-78.5], "lat": [38.0]}, index=["s"])
    km = nearest_sites(degrees, site).loc["t", "nearest_site_km"]
    assert nearest_sites(mercator, site).loc["t", "nearest_site_km"] == pytest.approx(km, rel=2e-3)
    # Half a degree of latitude is 55.6 km; Web Mercator would say 70.
    assert km == pytest.approx(55.6, abs=0.3)


def test_given_centers_are_used_where_listed():
    square = shapely.box(-79.0, 37.0, -78.0, 38.0)
    areas = gpd.GeoDataFrame(geometry=[square, square], index=["t", "u"], crs="EPSG:4269")
    site = pd.DataFrame({"lon": [-78.0], "lat": [37.0]}, index=["s"])
    centers = pd.DataFrame({"lon": [-78.0], "lat": [37.0]}, index=["t"])
    found = nearest_sites(areas, site, centers=centers)["nearest_site_km"]
    assert found["t"] == 0
    assert found["u"] > 60
    notes = nearest_sites(areas, site, centers=centers).attrs["equity"]["notes"]
    assert any("centers in 1 of 2" in note for note in notes)


def test_an_area_without_a_location_has_a_status():
    areas = pd.DataFrame({"lon": [-78.0, np.nan], "lat": [38.0, np.nan]}, index=["a", "b"])
    found = nearest_sites(areas, scattered(3, seed=1, prefix="s"))
    assert found["nearest_site_status"].tolist() == ["ok", "not_computable"]
    assert np.isnan(found.loc["b", "nearest_site_km"])
    assert pd.isna(found.loc["b", "nearest_site_id"])


def test_sites_without_a_location_are_counted_not_measured():
    areas = scattered(3, seed=1, prefix="a")
    sites = pd.DataFrame({"lon": [-78.0, np.nan], "lat": [38.0, np.nan]}, index=["s", "t"])
    found = nearest_sites(areas, sites)
    assert set(found["nearest_site_id"]) == {"s"}
    assert any("1 sites without a location" in note for note in found.attrs["equity"]["notes"])


def test_sites_across_the_antimeridian_are_near():
    area = pd.DataFrame({"lon": [-179.9], "lat": [51.5]}, index=["a"])
    site = pd.DataFrame({"lon": [179.9], "lat": [51.5]}, index=["s"])
    assert nearest_sites(area, site).loc["a", "nearest_site_km"] < 15
    assert travel_costs(area, site, radius_km=15).pairs_n == 1


def test_population_centers_lean_to_where_people_live():
    blocks = pd.DataFrame(
        {"lon": [-78.0, -79.0, -77.0], "lat": [38.0, 38.0, 37.0], "population_n": [300, 100, 0]},
        index=["510010001001000", "510010001001001", "510010002001000"],
    )
    centers = population_centers(blocks)
    assert centers.index.tolist() == ["51001000100"]
    assert centers["lon"].iloc[0] == pytest.approx(-78.25, abs=1e-3)
    assert centers["lat"].iloc[0] == pytest.approx(38.0, abs=2e-3)
    assert centers["population_n"].iloc[0] == 400


def test_centers_need_a_level_that_blocks_make_up():
    with pytest.raises(InputError, match="does not tell its zcta"):
        population_centers(
            pd.DataFrame({"population_n": [1]}, index=["510010001001000"]), level="zcta"
        )


@pytest.mark.parametrize(("km", "per_km"), [(1.0, 3.2), (7.5, 1.9), (25.0, 1.4)])
def test_by_default_a_km_costs_what_was_published_for_trips_of_its_length(km, per_km):
    # Minutes a km of OEPS 2020-21: below 2 km, at 5 to 10, at 20 to 30; rurality aside.
    areas = pd.DataFrame({"lon": [-78.0, -78.0], "lat": [38.0, 38.0]}, index=["town", "country"])
    site = pd.DataFrame({"lon": [-78.0], "lat": [38.0 + km / 111.195]}, index=["s"])
    rurality = pd.Series(["urban", "rural"], index=areas.index)
    minutes = nearest_sites(areas, site, rurality=rurality)["nearest_site_min"]
    np.testing.assert_allclose(minutes / km, per_km, atol=0.05)


def test_ruca_codes_are_classes():
    areas = scattered(6, seed=1, prefix="a")
    site = scattered(1, seed=2, prefix="s")
    codes = pd.Series(["1", "2.1", "7", "10", "99", None], index=areas.index)
    found = nearest_sites(areas, site, rurality=codes, roads="proportional")
    kmh = found["nearest_site_km"] * 1.417 * 60 / found["nearest_site_min"]
    expected = [ROAD_KMH[c] for c in ("urban", "suburban", "town", "rural", "unknown", "unknown")]
    np.testing.assert_allclose(kmh, expected)


def test_no_area_is_an_empty_table():
    found = nearest_sites(
        scattered(3, seed=1, prefix="a").iloc[:0], scattered(3, seed=2, prefix="s")
    )
    assert len(found) == 0
    assert "nearest_site_min" in found


def test_sites_of_every_state_count():
    # Bristol straddles the state line; the nearest site of the Virginian area is in Tennessee.
    area = pd.DataFrame({"lon": [-82.19], "lat": [36.60]}, index=["51520020100"])
    sites = pd.DataFrame(
        {"lon": [-82.19, -81.9], "lat": [36.59, 36.75], "state": ["TN", "VA"]}, index=["tn", "va"]
    )
    assert nearest_sites(area, sites)["nearest_site_id"].tolist() == ["tn"]
    assert travel_costs(area, sites, radius_km=60).pairs_n == 2


# Bad input


def swapped(table):
    return table.rename(columns={"lon": "lat", "lat": "lon"})


@pytest.mark.parametrize(
    ("sites", "code"),
    [
        (lambda s: s.iloc[:0], "E-EMPTY"),
        (lambda s: s.assign(lon=np.nan), "E-EMPTY"),
        (swapped, "E-SWAPPED"),
        (lambda s: s.assign(lon=0.0, lat=0.0), "E-NULL-ISLAND"),
        (lambda s: s.assign(lon=-7800.0), "E-COORDINATES"),
        (lambda s: s.assign(lat=np.inf), "E-COORDINATES"),
        (lambda s: pd.concat([s, s]), "E-DUPLICATE"),
        (lambda s: s.rename(index={"s0000": None}), "E-INPUT"),
        (lambda s: s.astype(object).assign(lon="west"), "E-INPUT"),
        (lambda s: gpd.GeoDataFrame(s, geometry=gpd.points_from_xy(s["lon"], s["lat"])), "E-CRS"),
    ],
    ids=["none", "nowhere", "swapped", "null-island", "range", "inf", "twice", "no-id", "text", "no-crs"],
)  # fmt: skip
def test_hostile_sites_are_refused_by_name(sites, code):
    areas = scattered(4, seed=1, prefix="a")
    with pytest.raises(InputError) as caught:
        nearest_sites(areas, sites(scattered(4, seed=2, prefix="s")))
    assert caught.value.code == code
    assert isinstance(caught.value, ValueError)


def test_a_table_without_places_says_what_it_needs():
    with pytest.raises(MissingColumnError, match="lat"):
        nearest_sites(pd.DataFrame({"lon": [1.0]}, index=["a"]), scattered(2, seed=1, prefix="s"))


@pytest.mark.parametrize(
    "options",
    [{}, {"radius_km": 10, "max_minutes": 10}, {"radius_km": -1}, {"max_minutes": np.nan}],
    ids=["no-limit", "two-limits", "negative", "nan"],
)
def test_a_limit_is_one_length(options):
    with pytest.raises(InputError):
        travel_costs(scattered(2, seed=1, prefix="a"), scattered(2, seed=2, prefix="s"), **options)


def test_a_radius_that_reaches_nothing_is_allowed():
    costs = travel_costs(
        scattered(3, seed=1, prefix="a"), scattered(3, seed=2, prefix="s"), radius_km=1e-6
    )
    assert costs.pairs_n == 0
    assert "3 origins reach no site" in repr(costs)


@pytest.mark.parametrize("what", ["areas", "sites"])
def test_no_rows_are_refused(what):
    tables = {
        "areas": scattered(3, seed=1, prefix="a"),
        "sites": scattered(3, seed=2, prefix="s"),
    }
    tables[what] = tables[what].iloc[:0]
    with pytest.raises(InputError, match=f"{what} have no rows"):
        travel_costs(tables["areas"], tables["sites"], radius_km=10)


@pytest.mark.parametrize(
    ("roads", "match"),
    [
        (lambda: Roads(detour=0.9), "straight line"),
        (lambda: Roads(kmh={"urban": 50}), "unknown"),
        (lambda: Roads(kmh={"unknown": 0}), "above 0"),
    ],
)
def test_impossible_roads_are_refused(roads, match):
    with pytest.raises(InputError, match=match):
        roads()


def test_an_unknown_rurality_is_named():
    areas = scattered(2, seed=1, prefix="a")
    with pytest.raises(InputError, match="frontier"):
        nearest_sites(
            areas,
            scattered(2, seed=2, prefix="s"),
            rurality=pd.Series(["urban", "frontier"], index=areas.index),
        )


# A user's own table

LONG = pd.DataFrame(
    {"home": ["01", "01", "02", "03"], "clinic": ["x", "y", "x", "y"], "t": [0.0, 30.0, 12.0, None]}
)
NAMES = {"origin": "home", "destination": "clinic", "cost": "t"}


def own(table=LONG, *, people=("01", "02", "03", "04"), sites=("x", "y"), **options):
    return travel_costs(
        pd.DataFrame(index=list(people)),
        pd.DataFrame(index=list(sites)),
        table=table,
        **{**NAMES, "unit": "min", **options},
    )


def test_a_table_keeps_zero_costs_and_says_what_it_does_not_cover():
    costs = own()
    assert costs.pairs_n == 3
    assert costs.listed.tolist() == [True, True, True, False]
    assert costs.limit is None
    assert own(unlisted="unreachable").listed.all()
    assert own(max_minutes=12).pairs_n == 2


@pytest.mark.parametrize(
    ("unit", "factor", "target"),
    [("s", 1 / 60, "min"), ("h", 60, "min"), ("mi", 1.609344, "km"), ("m", 0.001, "km")],
)
def test_units_are_stated_and_turned_into_minutes_or_km(unit, factor, target):
    costs = own(unit=unit)
    assert costs.unit == target
    assert sorted(costs.held().cost) == pytest.approx(sorted(factor * np.array([0, 30, 12])))


IN_OTHER_UNITS = {
    "m": (np.arange(100, 200_001, 100), lambda m: m / 1000),
    "h": (np.arange(1, 601) / 60, lambda h: np.round(h * 60)),
    "s": (np.arange(60, 36_001, 60), lambda s: s // 60),
    "mi": (np.arange(0.1, 200, 0.1).round(1), lambda mi: mi * 1.609344),
}


@pytest.mark.parametrize("unit", IN_OTHER_UNITS)
def test_a_limit_written_in_another_unit_is_the_same_limit(unit):
    # Every multiple is its own pair, and the limit is exactly that long: it must be in reach,
    # whether the table is cut, a catchment ends there, or a step of weights does.
    given, turned = IN_OTHER_UNITS[unit]
    limits = turned(given)
    ids = [f"h{k:04d}" for k in range(len(given))]
    table = pd.DataFrame({"home": ids, "clinic": "x", "t": given})
    costs = own(table, people=ids, sites=("x",), unit=unit)
    np.testing.assert_allclose(costs.held().cost, limits, rtol=1e-12)
    if unit in {"m", "s"}:  # divided, not multiplied: nothing is lost on the way
        np.testing.assert_array_equal(costs.held().cost, limits)
    inside = [
        decay.uniform(limit).weight(cost)
        for limit, cost in zip(limits, costs.held().cost, strict=True)
    ]
    np.testing.assert_array_equal(inside, 1.0)
    on_step = decay.steps(
        dict.fromkeys(limits, 0.0) | {limits[-1]: 0.1, limits[0]: 1.0}, unit=costs.unit
    )
    assert on_step.weight(costs.held().cost[[0, -1]]).tolist() == [1.0, 0.1]
    marked = decay.steps({limit: k + 1.0 for k, limit in enumerate(limits)}, unit=costs.unit)
    np.testing.assert_array_equal(marked.weight(costs.held().cost), np.arange(len(limits)) + 1.0)
    name = {"min": "max_minutes", "km": "radius_km"}[costs.unit]
    for k in range(0, len(limits), 97):
        cut = own(table, people=ids, sites=("x",), unit=unit, **{name: limits[k]})
        assert cut.pairs_n == k + 1
        # A cost that is really longer stays out.
        assert decay.uniform(limits[k]).weight(costs.held().cost[k + 1 : k + 2]).sum() == 0


def test_a_catchment_over_meters_reaches_its_own_limit():
    table = pd.DataFrame({"home": ["a"], "clinic": ["x"], "t": [1400]})
    costs = own(table, people=("a",), sites=("x",), unit="m")
    access = catchment(costs, demand=100.0, supply=1.0, method="2sfca", reach=1.4)
    assert access["access_status"].tolist() == ["ok"]
    table = pd.DataFrame({"home": ["a"], "clinic": ["x"], "t": [31 / 60]})
    costs = own(table, people=("a",), sites=("x",), unit="h", max_minutes=31)
    access = catchment(costs, demand=100.0, supply=1.0, method="2sfca", reach=31)
    assert access["access_per_10k"].tolist() == [100.0]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "xlsx", "parquet"])
def test_files_keep_leading_zeros(tmp_path, suffix):
    path = tmp_path / f"times.{suffix}"
    writer = {"parquet": LONG.to_parquet, "xlsx": LONG.to_excel}.get(suffix, LONG.to_csv)
    writer(path, index=False)
    np.testing.assert_array_equal(as_matrix(own(path)), as_matrix(own()))


def test_an_asymmetric_table_the_wrong_way_round_is_refused():
    with pytest.raises(InputError, match="wrong way round") as caught:
        own(origin="clinic", destination="home")
    assert caught.value.code == "E-DIRECTION"


@pytest.mark.parametrize(
    ("change", "options", "error", "match"),
    [
        ({}, {"unit": None}, InputError, "unit is not stated"),
        ({}, {"unit": "furlong"}, InputError, "unknown unit 'furlong'"),
        ({}, {"origin": None}, InputError, "direction"),
        ({}, {"origin": "clinic"}, InputError, "different columns"),
        ({}, {"cost": "hours"}, MissingColumnError, "hours"),
        ({}, {"radius_km": 5}, InputError, "limit in km"),
        ({}, {"unlisted": "zero"}, InputError, "unlisted"),
        ({"t": [1, -2, 3, 4]}, {}, InputError, "negative"),
        ({"t": ["1", "far", "3", "4"]}, {}, InputError, "not numbers"),
        ({"clinic": ["x", "x", "x", "y"]}, {}, InputError, "more than once"),
        ({"home": ["1", "1", "2", "3"]}, {}, InputError, "leading zeros"),
    ],
)  # fmt: skip
def test_hostile_tables_are_refused(change, options, error, match):
    with pytest.raises(error, match=match):
        own(LONG.assign(**change), **options)


def test_files_that_are_not_there_or_not_tables(tmp_path):
    with pytest.raises(MissingFileError):
        own(tmp_path / "none.csv")
    half = tmp_path / "half.parquet"
    half.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match="not a Parquet file"):
        own(half)
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(InputError, match="empty"):
        own(empty)


def test_a_rurality_that_does_not_meet_the_areas_is_no_unknown():
    table = pd.DataFrame({"lon": [-78.0, -78.1], "lat": 38.0}, index=["51001000100", "51001000200"])
    sites = pd.DataFrame({"lon": [-78.2], "lat": [38.1]}, index=["a"])
    whole = pd.Series([1.0, np.nan], index=table.index)
    kept = nearest_sites(table, sites, rurality=whole, roads="proportional")["nearest_site_min"]
    with pytest.raises(InputError, match="lists 1 of 2 origins") as caught:
        nearest_sites(table, sites, rurality=whole[:1], roads="proportional")
    assert caught.value.code == "E-ALIGN"
    assert "equity.combine" in caught.value.fix
    # A missing value is unknown: the speed of no class.
    none = nearest_sites(table, sites, roads="proportional")["nearest_site_min"]
    assert kept.iloc[1] == none.iloc[1]
    assert kept.iloc[0] != none.iloc[0]


@pytest.mark.parametrize("vintage", ["2010", "2020"])
def test_a_rurality_of_another_vintage_is_refused_though_its_ids_are_alike(vintage):
    ids = ["51001000100", "51001000200"]
    points = pd.DataFrame({"lon": [-78.0, -78.1], "lat": 38.0, "ruca": 1.0}, index=ids)
    table = area_table(points, level="tract", geo_vintage="2020")
    ruca = area_table(points, level="tract", geo_vintage=vintage)["ruca"]
    sites = pd.DataFrame({"lon": [-78.2], "lat": [38.1]}, index=["a"])
    for measure, more in ((nearest_sites, {}), (travel_costs, {"max_minutes": 30})):
        with contextlib.ExitStack() as stack:
            if vintage == "2010":
                match = "that of areas of 2010, the origins are areas of 2020"
                stack.enter_context(pytest.raises(VintageError, match=match))
            measure(table, sites, rurality=ruca, **more)


def test_a_geo_table_that_has_lost_its_geometry_is_told_so():
    here = gpd.GeoDataFrame(geometry=gpd.points_from_xy([-77.0], [38.0]), crs="EPSG:4269")
    lost = gpd.GeoDataFrame(pd.DataFrame({"a": [1]}))
    for areas, sites in ((lost, here), (here, lost)):
        with pytest.raises(InputError, match="have no geometry"):
            nearest_sites(areas, sites)


def test_speeds_by_terrain_are_one_s_own_and_carry_their_source():
    areas = pd.DataFrame({"lon": [-78.0, -78.0, -78.0], "lat": 38.0}, index=["a", "b", "c"])
    sites = pd.DataFrame({"lon": [-78.0], "lat": [38.2]}, index=["s"])
    scale = pd.Series([1.0, 5.0, np.nan], index=areas.index)
    terrain = scale.map({1: "level", 5: "rugged"})
    own = Roads(
        detour=1.5,
        kmh={"unknown": 60.0, "level": 75.0, "rugged": 30.0},
        estimate=TravelEstimate(sd=0.3, source="county survey of 2025"),
    )
    near = nearest_sites(areas, sites, rurality=terrain, roads=own)
    km = near["nearest_site_km"].to_numpy()
    expected = km * 1.5 * 60 / np.array([75.0, 30.0, 60.0])
    np.testing.assert_allclose(near["nearest_site_min"], expected)
    assert travel_estimate(near).source == "county survey of 2025"
    assert any("rugged 30" in note for note in meta(near).notes)
