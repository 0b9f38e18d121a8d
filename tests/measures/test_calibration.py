"""Bias and spread of estimated minutes, on made-up minutes whose bias and spread are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from care_cases import great_circle_km, scattered

from equity.errors import InputError
from equity.measures.reach.calibration import (
    FEWEST_PAIRS,
    correct_minutes,
    fit_roads,
    fit_travel,
    travel_facts,
)
from equity.measures.reach.travel import ROADS, Roads, nearest_sites, travel_costs, travel_estimate


def minutes(n, *, bias, sd, seed, outliers=0.0):
    """Published minutes, and estimates with a known bias and spread; a few sites are wrong."""
    rng = np.random.default_rng(seed)
    ids = [f"a{k}" for k in range(n)]
    published = pd.Series(rng.uniform(2, 90, n), index=ids)
    estimated = published * bias * np.exp(rng.normal(0, sd, n))
    wrong = rng.uniform(0, 1, n) < outliers
    return estimated.mask(wrong, estimated * 8), published


@pytest.mark.parametrize("outliers", [0.0, 0.03])
def test_known_bias_and_spread_are_found_again(outliers):
    estimated, published = minutes(20_000, bias=0.76, sd=0.22, seed=1, outliers=outliers)
    found = fit_travel(estimated, published).loc["all"]
    assert found["pairs_n"] == 20_000
    assert found["bias"] == pytest.approx(0.76, rel=0.015 if outliers else 0.006)
    assert found["sd"] == pytest.approx(0.22, rel=0.07 if outliers else 0.03)
    # The plain one is moved by a few sites that one list has and the other lacks.
    assert (found["sd_plain"] > 0.4) == (outliers > 0)


def test_groups_have_their_own_and_few_pairs_have_none():
    one, truth = minutes(500, bias=0.7, sd=0.1, seed=2)
    other, truth2 = minutes(500, bias=1.2, sd=0.3, seed=3)
    estimated = pd.concat([one, other.add_prefix("b")])
    published = pd.concat([truth, truth2.add_prefix("b")])
    groups = pd.Series("rural", index=estimated.index)
    groups.iloc[500:] = "urban"
    groups.iloc[: FEWEST_PAIRS - 1] = "town"
    groups.iloc[20:30] = np.nan
    found = fit_travel(estimated, published.sample(frac=1, random_state=1), groups=groups)
    assert found.index.tolist() == ["rural", "town", "urban", "all"]
    assert found["pairs_n"].tolist() == [481, 9, 500, 1000]
    np.testing.assert_allclose(found.loc[["rural", "urban"], "bias"], [0.7, 1.2], rtol=0.03)
    np.testing.assert_allclose(found.loc[["rural", "urban"], "sd"], [0.1, 0.3], rtol=0.15)
    assert found.loc["town", ["bias", "sd", "rank_correlation"]].isna().all()
    corrected = correct_minutes(estimated, found, groups=groups)
    again = fit_travel(corrected, published, groups=groups)
    np.testing.assert_allclose(again.loc[["rural", "urban"], "bias"], 1.0, rtol=1e-12)
    # A correction moves the ratio and leaves the spread.
    np.testing.assert_allclose(
        again.loc[["rural", "urban"], "sd"], found.loc[["rural", "urban"], "sd"], rtol=1e-12
    )
    assert corrected.iloc[0] == estimated.iloc[0] / found.loc["all", "bias"]
    np.testing.assert_allclose(
        correct_minutes(estimated, found), estimated / found.loc["all", "bias"]
    )


def test_pairs_that_tell_nothing_of_a_ratio_are_left_out():
    estimated = pd.Series([1.0, 0, np.nan, 5, 5, np.inf], index=list("abcdef"))
    published = pd.Series([1.0, 5, 5, 0, np.nan, 3], index=list("abcdef"))
    assert fit_travel(estimated, published).loc["all", "pairs_n"] == 1
    with pytest.raises(InputError, match="no area has both"):
        fit_travel(estimated, published.add_prefix("x"))


def test_speeds_are_fitted_on_one_half_and_hold_on_the_other():
    rng = np.random.default_rng(4)
    km = pd.Series(rng.uniform(0.5, 60, 4000))
    road = 27.0 * (km / 20) ** 0.72 * np.exp(rng.normal(0, 0.2, 4000))
    road[::40] *= 6  # sites that the other list lacks
    roads = fit_roads(km[:2000], road[:2000], source="made up")
    assert roads.exponent == pytest.approx(0.72, abs=0.01)
    assert roads.minutes(np.array([20.0]), roads.minutes_per_km(None, pd.Index(["x"])))[0] == (
        pytest.approx(27.0, rel=0.03)
    )
    assert roads.estimate.sd == pytest.approx(0.2, rel=0.08)
    assert roads.estimate.source == "made up"
    rest = pd.Series(
        roads.minutes(km[2000:].to_numpy(), roads.minutes_per_km(None, km[2000:].index))
    )
    held_out = fit_travel(rest.set_axis(km[2000:].index), road[2000:]).loc["all"]
    assert held_out["bias"] == pytest.approx(1.0, abs=0.02)
    assert held_out["sd"] == pytest.approx(0.2, rel=0.08)
    with pytest.raises(InputError, match="too few"):
        fit_roads(km[:5], road[:5])


def test_a_curve_reaches_as_far_as_its_minutes_say():
    people, sites = scattered(40, seed=8, prefix="p"), scattered(40, seed=9, prefix="s")
    km = great_circle_km(people, sites)
    minutes = 1.417 * 60 / 59 * 20 * (km / 20) ** 0.736
    costs = travel_costs(people, sites, max_minutes=40, roads="curve")
    found = np.full(km.shape, np.nan)
    held = costs.held()
    found[np.repeat(np.arange(40), np.diff(held.indptr)), held.sites] = held.cost
    np.testing.assert_array_equal(np.isfinite(found), minutes <= 40)
    np.testing.assert_allclose(found[minutes <= 40], minutes[minutes <= 40], rtol=1e-6)
    assert costs.estimate == ROADS["curve"].estimate
    table = nearest_sites(people, sites, roads="curve")
    np.testing.assert_allclose(table["nearest_site_min"], minutes.min(axis=1), rtol=1e-6)
    assert travel_estimate(table).source.startswith("OEPS 2020-21")
    assert travel_estimate(people) is None
    assert travel_costs(people, sites, radius_km=5).estimate is None
    # The same id in both tables is the same spot: at the door.
    assert (nearest_sites(people, people, roads="curve")["nearest_site_min"] == 0).all()


@pytest.mark.parametrize("exponent", [0, -1, 1.01, np.nan])
def test_a_km_never_costs_more_than_the_one_before(exponent):
    with pytest.raises(InputError, match="exponent of road speeds"):
        Roads(exponent=exponent)


def test_the_facts_a_page_prints_are_numbers():
    facts = travel_facts()
    assert set(facts["roads"]) == set(ROADS)
    assert facts["bias"].between(0.5, 1.5).all()
    assert (facts["sd"].dropna() > 0).all()
    assert facts["pairs_n"].isna().sum() == 2
    curve = facts.query("roads == 'curve' and published != 'OEPS 2025' and rurality == 'all'")
    assert (
        curve.loc[~curve["fitted_on"] & (curve["place"] != "Virginia coalfield"), "bias"]
        .between(0.99, 1.15)
        .all()
    )
