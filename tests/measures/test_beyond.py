"""The share of residents beyond reach of care: known answers, a naive loop, what must always hold."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from care_cases import costs_of, people_of, scattered
from hypothesis import given, settings
from hypothesis import strategies as st

from equity.errors import InputError, MissingColumnError
from equity.measures.reach.beyond import beyond_reach, spread_inside
from equity.measures.reach.catchment import NO_RATIO, catchment
from equity.measures.reach.travel import ROADS, TravelEstimate, nearest_sites, travel_estimate
from equity.provenance import meta

MINUTES = st.one_of(st.just(0.0), st.floats(0.01, 500))


def near(minutes, ids=None):
    ids = [f"a{k}" for k in range(len(minutes))] if ids is None else ids
    return pd.DataFrame({"nearest_site_min": np.array(minutes, dtype=float)}, index=ids)


def share(table, **options):
    return beyond_reach(table, **{"limit_min": 30, **options})["beyond_reach_share"].to_numpy()


def phi(t, limit, sd):
    """One trip, without the package: the normal integral by the error function of the library."""
    if t == 0:
        return 0.0
    if sd == 0:
        return float(t > limit)
    return 0.5 * math.erfc(-(math.log(t) - math.log(limit)) / sd / math.sqrt(2))


# Travel


def test_known_answers_of_the_travel_form():
    # Computed independently.
    found = beyond_reach(near([15, 25, 30, 33, 45, 60]), limit_min=30, sd=0.22)
    expected = [
        0.0008144849153050582, 0.20362737226305855, 0.5,
        0.667575463116046, 0.9673371897405338, 0.9991855150846949,
    ]  # fmt: skip
    np.testing.assert_allclose(found["beyond_reach_share"], expected, rtol=1e-9)
    assert (found["beyond_reach_status"] == "ok").all()
    assert "more than 30 minutes, spread 0.22" in " ".join(meta(found).notes)


def test_the_limit_itself_is_within_reach_and_the_door_is_not_beyond_it():
    assert share(near([0, 29.99, 30, 31 / 60 * 60 - 1, 30.01]), sd=0).tolist() == [0, 0, 0, 0, 1]
    # 0.1 + 0.2 is 0.30000000000000004: the same limit, written by another sum.
    assert share(near([0.1 + 0.2]), sd=0, limit_min=0.3).tolist() == [0]
    assert share(near([0.0]), sd=3.0).tolist() == [0]


@settings(deadline=None, max_examples=60)
@given(
    minutes=st.lists(MINUTES, min_size=1, max_size=20),
    limit=st.floats(0.5, 300),
    sd=st.floats(0.01, 2),
    factor=st.floats(0.01, 100),
    seed=st.integers(0, 1000),
)
def test_what_must_hold_of_the_travel_form(minutes, limit, sd, factor, seed):
    table = near(minutes)
    found = share(table, limit_min=limit, sd=sd)
    np.testing.assert_allclose(found, [phi(t, limit, sd) for t in minutes], rtol=1e-9, atol=1e-12)
    assert ((found >= 0) & (found <= 1)).all()
    # Farther away is never less beyond; a longer limit never more; a unit of time is only a unit.
    assert (share(near(np.array(minutes) + 1.0), limit_min=limit, sd=sd) >= found).all()
    assert (share(table, limit_min=limit * 1.1, sd=sd) <= found).all()
    scaled = share(near(np.array(minutes) * factor), limit_min=limit * factor, sd=sd)
    np.testing.assert_allclose(scaled, found, rtol=1e-6, atol=1e-9)
    shuffled = table.sample(frac=1, random_state=seed)
    again = beyond_reach(shuffled, limit_min=limit, sd=sd)
    pd.testing.assert_index_equal(again.index, shuffled.index)
    np.testing.assert_array_equal(again.loc[table.index, "beyond_reach_share"], found)
    # As the spread goes to 0 the step is what is left, except at the limit itself.
    away = np.abs(np.array(minutes) - limit) > 1e-3 * limit
    step = share(table, limit_min=limit, sd=0)
    np.testing.assert_allclose(share(table, limit_min=limit, sd=1e-5)[away], step[away], atol=1e-9)


def test_missing_minutes_are_unknown_unless_the_search_had_a_radius():
    table = near([10, np.nan])
    before = table.copy()
    found = beyond_reach(table, limit_min=30)
    assert found["beyond_reach_status"].tolist() == ["ok", "not_covered"]
    assert np.isnan(found["beyond_reach_share"].iloc[1])
    found = beyond_reach(table, limit_min=30, missing="beyond")
    assert found["beyond_reach_status"].tolist() == ["ok", "no_supply_in_reach"]
    assert found["beyond_reach_share"].iloc[1] == 1
    pd.testing.assert_frame_equal(table, before)


def test_the_spread_is_that_of_the_minutes_unless_it_is_given():
    areas, sites = scattered(5, seed=1, prefix="p"), scattered(3, seed=2, prefix="s")
    table = nearest_sites(areas, sites)
    assert travel_estimate(table) == ROADS["curve"].estimate
    np.testing.assert_array_equal(share(table), share(table, sd=0.22))
    own = TravelEstimate(bias=0.8, sd=0.5, source="my own study").stamp(table.copy())
    corrected = near(table["nearest_site_min"] / 0.8, table.index)
    np.testing.assert_allclose(share(own), share(corrected, sd=0.5))
    by_area = pd.Series([0.1, 0.2, 0.3, 0.4, 0.5], index=table.index)
    expected = [phi(t, 30, s) for t, s in zip(table["nearest_site_min"], by_area, strict=True)]
    np.testing.assert_allclose(share(table, sd=by_area.sample(frac=1)), expected, atol=1e-12)


# Over populated points


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), sd=st.sampled_from([0.0, 0.22]), named=st.booleans())
def test_over_points_a_naive_loop_gives_the_same(seed, sd, named):
    rng = np.random.default_rng(seed)
    areas = near(rng.uniform(0, 60, 6), [f"510010000{k:02d}" for k in range(6)])
    n = 40
    home = rng.integers(0, 5, n)  # nobody's block lies in the last area
    points = near(
        rng.uniform(0, 60, n), [f"{areas.index[h]}{k:04d}" for k, h in enumerate(home)]
    ).assign(population_n=rng.integers(0, 3, n).astype(float))
    points.loc["510999999990000"] = [5.0, 9.0]  # another county's
    if named:
        points = points.assign(geoid=points.index.str[:11]).set_axis(range(n + 1), axis=0)
    found = share(areas, points=points, sd=sd)
    for k, area in enumerate(areas.index):
        people = points["population_n"].to_numpy()[:n][home == k]
        minutes = points["nearest_site_min"].to_numpy()[:n][home == k]
        if people.sum() == 0:
            expected = phi(areas.loc[area, "nearest_site_min"], 30, sd)
        else:
            parts = [p * phi(t, 30, sd) for p, t in zip(people, minutes, strict=True)]
            expected = sum(parts) / people.sum()
        assert found[k] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_over_points_bias_and_spread_are_those_of_the_minutes_and_of_the_area():
    areas = near([5, 5], ["51001000001", "51001000002"])
    points = pd.DataFrame(
        {"nearest_site_min": [20.0, 28.0, 35.0], "population_n": [1.0, 3.0, 2.0]},
        index=["510010000011", "510010000012", "510010000021"],
    )
    TravelEstimate(bias=0.8, sd=0.3).stamp(points)
    expected = [(phi(25, 30, 0.3) + 3 * phi(35, 30, 0.3)) / 4, phi(43.75, 30, 0.3)]
    np.testing.assert_allclose(share(areas, points=points), expected, rtol=1e-9)
    sd = pd.Series([0.1, 0.6], index=areas.index)
    expected = [(phi(25, 30, 0.1) + 3 * phi(35, 30, 0.1)) / 4, phi(43.75, 30, 0.6)]
    np.testing.assert_allclose(share(areas, points=points, sd=sd), expected, rtol=1e-9)


def test_a_point_without_minutes_leaves_its_area_unknown_but_not_if_nobody_lives_there():
    areas = near([5, 5, 5], ["51001000001", "51001000002", "51001000003"])
    points = pd.DataFrame(
        {"nearest_site_min": [1.0, np.nan, 1.0, np.nan, np.nan], "population_n": [3.0, 1, 4, 0, 2]},
        index=[f"5100100000{k}" for k in ("1a", "1b", "2a", "2b", "3a")],
    )
    found = beyond_reach(areas, limit_min=30, sd=0, points=points)
    assert found["beyond_reach_status"].tolist() == ["not_covered", "ok", "not_covered"]
    found = beyond_reach(areas, limit_min=30, sd=0, points=points, missing="beyond")
    assert found["beyond_reach_status"].tolist() == [
        "no_supply_in_reach",
        "ok",
        "no_supply_in_reach",
    ]
    assert found["beyond_reach_share"].tolist() == [0.25, 0, 1]
    # Points alone are enough.
    alone = beyond_reach(areas[[]], limit_min=30, sd=0, points=points, missing="beyond")
    assert alone["beyond_reach_share"].tolist() == [0.25, 0, 1]


def test_blocks_of_a_large_state_take_seconds():
    rng = np.random.default_rng(1)
    ids = [f"51{k // 40000:03d}{k // 70:06d}{k:04d}"[:15] for k in range(160_000)]
    blocks = scattered(160_000, seed=3, prefix="b", spread=2.0).set_axis(pd.Index(ids), axis=0)
    blocks = blocks[~blocks.index.duplicated()]
    people = rng.integers(1, 200, len(blocks)).astype(float)
    start = time.process_time()
    points = nearest_sites(blocks, scattered(13_000, seed=4, prefix="s", spread=2.0))
    tracts = pd.DataFrame(index=pd.Index(blocks.index.str[:11].unique()))
    found = beyond_reach(tracts, limit_min=30, points=points.assign(population_n=people))
    assert time.process_time() - start < 10
    assert found["beyond_reach_share"].between(0, 1).all()


def test_half_a_radius_is_how_far_people_in_a_disc_lie_from_its_center_along_a_line():
    rng = np.random.default_rng(5)
    radius, km = 6.0, 30.0
    spot = (
        np.sqrt(rng.uniform(0, 1, 200_000))
        * radius
        * np.exp(2j * np.pi * rng.uniform(0, 1, 200_000))
    )
    seen = np.log(np.abs(spot - km)).std()
    found = spread_inside(pd.Series([np.pi * radius**2]), pd.Series([km]))
    assert found.iloc[0] == pytest.approx(seen, rel=0.03)
    sd = spread_inside(
        pd.Series([9.0, 9.0], ["a", "b"]), pd.Series([0.0, 12.0], ["b", "a"]), exponent=0.5
    )
    assert sd.index.tolist() == ["b", "a"]
    assert sd["b"] == 0.5
    assert sd["a"] == pytest.approx(0.5 * math.sqrt(9 / math.pi) / 24)


# Capacity


def test_known_answers_of_the_capacity_form():
    table = pd.DataFrame({"access_per_10k": [1.2, 0.5, 0.0, np.nan]})
    found = beyond_reach(table, method="capacity", benchmark_per_10k=1.0, missing="beyond")
    np.testing.assert_allclose(found["beyond_reach_share"], [0, 0.5, 1, np.nan])
    # Missing minutes can be far away; missing access is only unknown.
    assert found["beyond_reach_status"].tolist() == ["ok", "ok", "ok", "not_covered"]


@pytest.mark.parametrize("method", NO_RATIO)
def test_what_is_no_capacity_per_person_is_refused(method):
    costs = costs_of([[5, 25], [15, 15], [25, 5]])
    found = catchment(costs, demand=people_of([100, 200, 300]), supply=1.0, method=method)
    with pytest.raises(MissingColumnError, match=f"{NO_RATIO[method]} is no capacity per person"):
        beyond_reach(found, method="capacity", benchmark_per_10k=2.857)


# Columns of one's own


def own(column, unit, values, **options):
    table = pd.DataFrame({column: np.array(values, dtype=float), "population_n": 1000.0})
    return beyond_reach(table, method="column", column=column, unit=unit, **options)


def test_a_column_of_minutes_is_never_a_cliff_unless_asked_for():
    found = own("road_min", "min", [29.0, 31.0], limit_min=30)["beyond_reach_share"]
    np.testing.assert_allclose(found, [phi(29, 30, 0.15), phi(31, 30, 0.15)], atol=1e-12)
    assert own("road_min", "min", [29, 31], limit_min=30, sd=0)["beyond_reach_share"].tolist() == [
        0,
        1,
    ]


def test_columns_of_km_or_miles_become_minutes_by_the_documented_speed():
    km = np.array([10.0, 30.0])
    minutes = 1.417 * 60 / 59 * 20 * (km / 20) ** 0.736
    found = own("far", "km", km, limit_min=30)["beyond_reach_share"]
    np.testing.assert_allclose(found, [phi(t, 30, 0.22) for t in minutes], atol=1e-12)
    road = own("far", "road_km", km * 1.417, limit_min=30)["beyond_reach_share"]
    np.testing.assert_allclose(road, found)
    for unit, there in (("mi", km), ("road_mi", km * 1.417)):
        miles = own("far", unit, there / 1.609344, limit_min=30)["beyond_reach_share"]
        np.testing.assert_allclose(miles, found)
    plain = own("far", "km", km, limit_min=30, roads="proportional")["beyond_reach_share"]
    minutes = km * 1.417 * 60 / 64.4
    np.testing.assert_allclose(plain, [phi(t, 30, 0.22) for t in minutes], atol=1e-12)
    short = replace(ROADS["proportional"], estimate=TravelEstimate(bias=0.8, sd=0.22))
    longer = own("far", "km", km, limit_min=30, roads=short)["beyond_reach_share"]
    np.testing.assert_allclose(longer, [phi(t / 0.8, 30, 0.22) for t in minutes], atol=1e-12)


def test_ratios_state_their_unit_and_say_what_they_add_up_to():
    found = own("score", "per_1k", [0.1, 0.3], benchmark_per_10k=2.0)
    assert found["beyond_reach_share"].tolist() == [0.5, 0.0]
    assert "people times score is 0 for 2,000 residents" in meta(found).notes[-1]
    same = own("score", "per_10k", [1.0, 3.0], benchmark_per_10k=2.0)
    assert same["beyond_reach_share"].tolist() == [0.5, 0.0]
    with pytest.raises(InputError, match="score cannot be capacity per 10,000"):
        own("score", "per_10k", [0.1, 0.3], benchmark_per_10k=2.0)
    with pytest.raises(InputError, match="score cannot be capacity per 1,000"):
        own("score", "per_1k", [30.0, 40.0], benchmark_per_10k=2.0)
    # Off by ten and still plausible: the number of clinicians tells.
    own("score", "per_10k", [2.0, 2.4], benchmark_per_10k=2.0, supply_n=0.5)
    with pytest.raises(InputError, match="stated"):
        own("score", "per_10k", [2.0, 2.4], benchmark_per_10k=2.0, supply_n=5)


def test_a_column_of_shares_is_taken_as_it_is():
    assert own("s", "share", [0.0, 0.4])["beyond_reach_share"].tolist() == [0, 0.4]


# Bad input, one sentence each

WRONG = {
    "a limit of 0": ({"limit_min": 0}, "limit in minutes is 0. Fix"),
    "no limit": ({"limit_min": None}, "limit in minutes is None"),
    "a negative spread": ({"sd": -0.1}, r"spread of travel minutes \(sd\) is -0.1"),
    "a negative spread of an area": ({"sd": pd.Series([-1.0], ["a0"])}, "negative or infinite"),
    "another method": ({"method": "car"}, "no method 'car'"),
    "another meaning of missing": ({"missing": "far"}, "missing is 'far'"),
    "no benchmark": ({"method": "capacity"}, "lacks access_per_10k"),
    "a column without a name": ({"method": "column", "unit": "min"}, "needs its name and its unit"),
    "another unit": ({"method": "column", "column": "nearest_site_min", "unit": "h"}, "no unit 'h'"),
    "a share above 1": ({"method": "column", "column": "nearest_site_min", "unit": "share"}, "outside 0 to 1"),
    "points elsewhere": ({"points": near([1.0], ["zz"]).assign(population_n=1.0)}, "no point lies"),
    "points without people": ({"points": near([1.0])}, "the points lack population_n"),
    "a point of unknown population": ({"points": near([1.0]).assign(population_n=np.nan)}, "points have no population"),
    "other speeds": ({"method": "column", "column": "nearest_site_min", "unit": "km", "roads": "fast"}, "no road speeds 'fast'"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_bad_input_is_one_sentence(name):
    options, said = WRONG[name]
    with pytest.raises((InputError, MissingColumnError), match=said) as caught:
        beyond_reach(near([20.0]), **{"limit_min": 30, **options})
    assert "\n" not in str(caught.value)


def test_negative_minutes_and_mixed_ids_are_refused():
    with pytest.raises(InputError, match="nearest_site_min is negative"):
        beyond_reach(near([-1.0]), limit_min=30)
    with pytest.raises(MissingColumnError, match="lacks nearest_site_min"):
        beyond_reach(near([1.0])[[]], limit_min=30)
    with pytest.raises(InputError, match="cannot be told from their ids"):
        beyond_reach(
            near([1, 2], ["1", "22"]), limit_min=30, points=near([1.0]).assign(population_n=1.0)
        )
    with pytest.raises(InputError, match="benchmark per 10,000 is 0"):
        beyond_reach(
            pd.DataFrame({"access_per_10k": [1.0]}), method="capacity", benchmark_per_10k=0
        )
