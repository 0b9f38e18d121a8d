"""The parts that are drawn, each against a closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, truncnorm

from equity.errors import InputError, MissingColumnError
from equity.measures._survey_draws import (
    NumberDraws,
    ShareDraws,
    TruthDraws,
    beta_matched,
    neighbors,
)
from equity.measures._truth_draws import Lines, PointTrips, Travel, Trips

MANY = 40_000
LONE = np.zeros(MANY, dtype=np.intp)


def rng():
    return np.random.default_rng(1)


def shares(share, error, n=MANY):
    return ShareDraws.of(np.full(n, share), np.full(n, error)).draw(rng())


def test_the_beta_law_of_the_reference_case():
    alpha, beta = beta_matched(np.array([0.7]), np.array([0.05]))
    np.testing.assert_allclose([alpha[0], beta[0]], [58.1, 24.9], rtol=1e-9)


@pytest.mark.parametrize(("share", "error"), [(0.7, 0.05), (0.98, 0.015), (0.03, 0.02)])
def test_shares_have_the_mean_and_the_error_they_were_given(share, error):
    found = shares(share, error)
    assert found.min() >= 0
    assert found.max() <= 1
    assert found.mean(dtype=float) == pytest.approx(share, abs=4 * error / np.sqrt(MANY))
    assert found.std(dtype=float) == pytest.approx(error, rel=0.03)


@pytest.mark.parametrize("error", [0.4, 0.5, 5.0])
def test_an_error_that_no_share_can_have_gives_the_widest_law_that_says_something(error):
    found = shares(0.5, error)
    # Beta(1/2, 1/2): variance 1/8, as many below 0.1 as the arcsine law has.
    assert found.var(dtype=float) == pytest.approx(1 / 8, rel=0.03)
    assert (found < 0.1).mean() == pytest.approx(2 / np.pi * np.arcsin(np.sqrt(0.1)), abs=0.01)
    assert np.isfinite(shares(1e-9, 0.3)).all()


def test_none_and_all_are_drawn_from_a_half_normal_law():
    low, high = shares(0.0, 0.02), shares(1.0, 0.02)
    assert low.min() >= 0
    assert low.mean(dtype=float) == pytest.approx(0.02 * np.sqrt(2 / np.pi), rel=0.02)
    np.testing.assert_allclose(1 - high, low, atol=1e-6)
    assert shares(0.0, 3.0).max() == 1


def test_what_has_no_margin_or_a_margin_of_zero_is_not_drawn():
    law = ShareDraws.of(np.array([0.3, 0.3, np.nan]), np.array([np.nan, 0.0, 0.1]))
    np.testing.assert_array_equal(law.draw(rng()), np.float32([0.3, 0.3, np.nan]))
    numbers = NumberDraws.of(np.array([5.0]), np.array([np.nan]), positive=True)
    assert numbers.draw(rng()).tolist() == [5.0]


@pytest.mark.parametrize(("number", "error"), [(4000.0, 200.0), (100.0, 80.0), (10.0, 300.0)])
def test_populations_are_normal_and_above_zero(number, error):
    law = NumberDraws.of(np.full(MANY, number), np.full(MANY, error), positive=True)
    found = law.draw(rng())
    expected = truncnorm(-number / error, np.inf, loc=number, scale=error)
    assert found.min() > 0
    assert found.mean(dtype=float) == pytest.approx(expected.mean(), abs=5 * error / np.sqrt(MANY))
    assert found.std(dtype=float) == pytest.approx(expected.std(), rel=0.03)


def test_numbers_such_as_incomes_may_fall_to_either_side():
    law = NumberDraws.of(np.full(MANY, 10.0), np.full(MANY, 30.0), positive=False)
    assert (law.draw(rng()) < 0).mean() == pytest.approx(norm.cdf(-1 / 3), abs=0.01)


def test_truths_of_shares_lie_towards_their_group_and_stay_shares():
    group = np.repeat([0, 1], 20)
    values = np.where(group == 0, 0.2, 0.9) + np.tile([-0.08, 0.08], 20)
    values[5] = np.nan
    errors = np.full(40, 0.08)
    errors[6] = np.nan
    law = TruthDraws.of(values, errors, group, share=True)
    drawn = np.stack([law.draw(np.random.default_rng(i)) for i in range(300)])
    assert np.isnan(drawn[:, 5]).all()
    assert (drawn[:, 6] == np.float32(values[6])).all()
    drawn = np.delete(drawn, [5, 6], axis=1)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    off = drawn.mean(axis=0) - np.delete(np.where(group == 0, 0.2, 0.9), [5, 6])
    assert np.abs(off).max() < 0.06


def test_neighbors_are_a_class_in_a_county_then_a_county_then_a_class_then_all():
    ids = [f"51001{i:06d}" for i in range(22)] + [f"51{c:03d}000100" for c in range(100, 111)]
    ids += ["51500000100", "51500000200"]
    ruca = np.array([1.0] * 10 + [10.0] * 3 + [np.nan] * 9 + [4.0] * 11 + [8.0, 8.0])
    group = neighbors(ids, ruca, np.ones(len(ids), bool))
    first, county, towns, rest = group[:10], group[10:22], group[22:33], group[33:]
    for part in (first, county, towns, rest):
        assert len(set(part)) == 1
    assert len(set(group)) == 4
    # An area without a margin does not make a group large enough, yet belongs to one.
    counted = np.arange(len(ids)) > 0
    assert neighbors(ids, ruca, counted)[0] == neighbors(ids, ruca, counted)[10]


def test_a_trip_is_beyond_reach_as_often_as_its_share_says_and_all_or_nothing():
    chance = norm.cdf(np.log(25 / 30) / 0.22)
    assert chance == pytest.approx(0.203627, abs=1e-6)
    found = Trips.of(np.full(MANY, chance), LONE, 0.0).draw(rng())
    assert set(found.tolist()) == {0.0, 1.0}
    # The share of redrawn minutes, instead of the step, would count the error twice: .276.
    assert found.mean() == pytest.approx(0.2036, abs=0.008)


def test_the_step_is_that_of_minutes_redrawn_with_the_same_errors():
    minutes = np.array([10.0, 25.0, 30.0, 33.0, 60.0])
    trips = Trips.of(norm.cdf(np.log(minutes / 30) / 0.22), np.arange(5), 0.4)
    for seed in range(200):
        errors = trips.errors(np.random.default_rng(seed)).astype(float)
        redrawn = minutes * np.exp(0.22 * errors)
        np.testing.assert_array_equal(trips.draw(np.random.default_rng(seed)), redrawn > 30)


def test_shares_of_nothing_and_everything_stay_and_unknown_stays_unknown():
    trips = Trips.of(np.array([0.0, 1.0, np.nan]), np.zeros(3, np.intp), 0.0)
    for seed in range(50):
        np.testing.assert_array_equal(trips.draw(np.random.default_rng(seed)), [0, 1, np.nan])


def test_a_common_part_makes_a_county_err_together():
    county = np.repeat([0, 1], 500)
    trips = Trips.of(np.full(1000, 0.5), county, 0.6)
    errors = np.stack([trips.errors(np.random.default_rng(i)) for i in range(600)]).astype(float)
    assert np.corrcoef(errors[:, 0], errors[:, 1])[0, 1] == pytest.approx(0.6, abs=0.09)
    assert np.corrcoef(errors[:, 0], errors[:, 999])[0, 1] == pytest.approx(0.0, abs=0.13)
    assert errors.std() == pytest.approx(1.0, abs=0.05)
    alone = Trips.of(np.full(1000, 0.5), county, 0.0)
    errors = np.stack([alone.errors(np.random.default_rng(i)) for i in range(600)]).astype(float)
    assert np.corrcoef(errors[:, 0], errors[:, 1])[0, 1] == pytest.approx(0.0, abs=0.13)


def test_points_give_the_share_of_people_past_the_limit_in_each_draw():
    ids = pd.Index(["51001000100", "51001000200", "51001000300"])
    minutes = np.array([40.0, 20.0, 31.0, 28.0])
    points = pd.DataFrame(
        {
            "geoid": [ids[0], ids[0], ids[0], ids[1]],
            "population_n": [100.0, 300.0, 600.0, 50.0],
            "beyond_reach_share": norm.cdf(np.log(minutes / 30) / 0.22),
        }
    )
    whole = Trips.of(np.array([0.5, 0.4, 0.25]), np.zeros(3, np.intp), 0.0)
    trips = PointTrips.of(whole, points.sample(frac=1, random_state=2), ids)
    seen = []
    for seed in range(4000):
        error = whole.errors(np.random.default_rng(seed)).astype(float)
        over = minutes * np.exp(0.22 * error[[0, 0, 0, 1]]) > 30
        expected = [
            (over[:3] * [0.1, 0.3, 0.6]).sum(),
            float(over[3]),
            whole.draw(np.random.default_rng(seed))[2],
        ]
        found = trips.draw(np.random.default_rng(seed))
        np.testing.assert_allclose(found, expected, atol=1e-6)
        seen.append(found[0])
    chance = points["beyond_reach_share"].to_numpy()[:3] @ [0.1, 0.3, 0.6]
    assert np.mean(seen) == pytest.approx(chance, abs=0.02)


@pytest.mark.parametrize("common", [-0.1, 1.1])
def test_a_common_part_is_a_share(common):
    with pytest.raises(InputError, match="common part"):
        Travel(common=common)


def test_points_need_their_columns():
    with pytest.raises(MissingColumnError, match="population_n, beyond_reach_share"):
        Travel(points=pd.DataFrame({"geoid": ["1"]}))


def lines(over_report, technologies=(), n=4000):
    county = np.repeat([0, 1], n // 2)
    table = pd.DataFrame({"qualifying_tech50_n": [1.0] * n, "qualifying_tech71_n": [3.0] * n})
    table.iloc[0] = 0.0
    return Lines.of(table, np.full(n, 0.8), county, over_report, technologies)


def test_no_line_is_taken_away_by_default():
    assert (lines(0.0).draw(rng()) == np.float32(0.8)).all()


def test_over_reported_lines_are_the_same_for_a_whole_county():
    draws = np.stack([lines(0.1).draw(np.random.default_rng(i)) for i in range(800)]).astype(float)
    lost = 1 - draws / 0.8
    assert (np.ptp(lost[:, :2000], axis=1) < 1e-6).all()
    assert np.corrcoef(lost[:, 0], lost[:, -1])[0, 1] == pytest.approx(0, abs=0.11)
    assert lost.mean() == pytest.approx(0.1, abs=0.004)
    assert lost.max() <= 0.2


def test_technologies_err_apart_in_proportion_to_their_lines():
    drawn = [lines(0.1, (50, 71)).draw(np.random.default_rng(i)) for i in range(3000)]
    lost = 1 - np.stack(drawn).astype(float)[:, [0, 1]] / 0.8
    assert lost.mean() == pytest.approx(0.1, abs=0.003)
    # Uniform on 0 to 0.2: variance 0.04 / 12, times the squares of the weights.
    assert lost[:, 1].var() == pytest.approx(0.04 / 12 * (0.25**2 + 0.75**2), rel=0.1)
    assert lost[:, 0].var() == pytest.approx(0.04 / 12 / 2, rel=0.1)


def test_over_reporting_is_a_share_and_technologies_have_columns():
    for wrong in (-0.1, 0.6):
        with pytest.raises(InputError, match="over_report"):
            lines(wrong)
    with pytest.raises(MissingColumnError, match="qualifying_tech40_n"):
        lines(0.1, (40,))
