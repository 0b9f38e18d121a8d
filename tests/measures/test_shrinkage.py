"""Shrinkage against a reference case, a root finder and worlds of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from equity.errors import InputError
from equity.measures.shrinkage import Truths, paule_mandel, shares_at, steady_shares

ESTIMATES, ERRORS = [0.30, 0.25, 0.60, 0.40, 0.55], [0.10, 0.02, 0.15, 0.05, 0.03]


def test_the_reference_case():
    """Computed independently with two root finders that agree."""
    found = paule_mandel(ESTIMATES, ERRORS)
    assert found.between == pytest.approx(0.016615305378707878, rel=1e-7)
    np.testing.assert_allclose(found.center, 0.404773556841943, rtol=1e-7)
    np.testing.assert_allclose(
        found.mean,
        [
            0.33936590444900977,
            0.2536384549885451,
            0.4877013760079869,
            0.4006243108267656,
            0.5425377379374077,
        ],
        rtol=1e-7,
    )
    np.testing.assert_allclose(
        found.sd,
        [
            0.07901115984974974,
            0.01976351945474682,
            0.09776244629739374,
            0.0466158435948103,
            0.029219081633507678,
        ],
        rtol=1e-7,
    )


def test_estimates_that_differ_no_more_than_their_errors_all_equal_their_mean():
    found = paule_mandel([0.3, 0.31, 0.29], [0.1, 0.1, 0.1])
    assert found.between == 0
    np.testing.assert_allclose(found.mean, 0.3, rtol=1e-9)
    np.testing.assert_allclose(found.sd, 0, atol=1e-12)


def test_groups_have_means_of_their_own_and_one_variance():
    rng = np.random.default_rng(4)
    group = np.repeat([5, 2, 9], [7, 4, 12])
    y, se = rng.normal(group / 10, 0.2), rng.uniform(0.05, 0.2, len(group))

    def left(t):
        total = 0.0
        for g in (2, 5, 9):
            w, v = 1 / (se[group == g] ** 2 + t), y[group == g]
            total += (w * (v - (w * v).sum() / w.sum()) ** 2).sum()
        return total - (len(y) - 3)

    found = paule_mandel(y, se, groups=group)
    assert found.between == pytest.approx(brentq(left, 0, 5, xtol=1e-14), rel=1e-9)
    shuffle = rng.permutation(len(y))
    np.testing.assert_allclose(
        paule_mandel(y[shuffle], se[shuffle], groups=group[shuffle]).mean,
        found.mean[shuffle],
        rtol=1e-9,
    )


def test_neighbors_that_look_alike_are_not_taken_to_be_equal_for_certain():
    y, se = np.array([0.3, 0.31, 0.29, 0.3]), np.full(4, 0.1)
    assert paule_mandel(y, se).sd.max() == pytest.approx(0, abs=1e-9)
    mean, sd = Truths.behind(y, se).moments()
    # The group's mean alone has an error of 0.1 / 2, the truths may scatter besides.
    assert (sd > 0.05).all()
    assert (sd < 0.1).all()
    assert np.ptp(mean) < np.ptp(y)


def test_one_group_is_what_an_integral_over_mean_and_spread_gives():
    """A flat law for the mean and the spread, by brute force on a fine grid of both."""
    y, se = np.array([0.30, 0.25, 0.60, 0.40, 0.55]), np.array([0.10, 0.08, 0.15, 0.09, 0.10])
    spread = np.linspace(0, 9 * 0.1, 1500)[:, None, None]
    center = np.linspace(-4, 5, 1800)[None, :, None]
    variance = se**2 + spread**2
    weight = np.exp(-((y - center) ** 2 / variance + np.log(variance)).sum(axis=2) / 2)
    weight /= weight.sum()
    kept = spread**2 / variance
    mean = center + kept * (y - center)
    expected = (weight[..., None] * mean).sum(axis=(0, 1))
    square = (weight[..., None] * (kept * se**2 + (mean - expected) ** 2)).sum(axis=(0, 1))
    found, sd = Truths.behind(y, se).moments()
    # Eleven spreads stand for all.
    np.testing.assert_allclose(found, expected, atol=0.01)
    np.testing.assert_allclose(sd, np.sqrt(square), rtol=0.05)


def test_draws_have_the_moments_of_their_law_and_a_group_moves_together():
    rng = np.random.default_rng(3)
    group = np.repeat([0, 1, 2], [4, 12, 12])
    y = np.concatenate([np.full(4, 0.3), rng.normal(0.5, 0.1, 12), rng.normal(0.1, 0.03, 12)])
    law = Truths.behind(y, np.full(28, 0.04), groups=group)
    drawn = np.stack([law.draw(rng) for _ in range(6000)]).astype(float)
    mean, sd = law.moments()
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=4 * 0.04 / np.sqrt(6000))
    np.testing.assert_allclose(drawn.std(axis=0), sd, rtol=0.05)
    alike = np.corrcoef(drawn[:, :5].T)
    assert alike[0, 1] > 0.15
    assert abs(alike[0, 4]) < 0.06


def test_a_group_keeps_a_spread_of_its_own_unless_the_others_speak_against_it():
    rng = np.random.default_rng(5)
    wide = rng.normal(0.5, 0.2, 40)
    even = rng.normal(0.5, 0.03, 40)
    both = Truths.behind(
        np.concatenate([wide, even]), np.full(80, 0.03), groups=np.repeat([0, 1], 40)
    ).moments()[1]
    assert both[:40].mean() > 0.028
    assert both[40:].mean() < 0.02

    def spread_of(*others):
        every = [np.array([0.47, 0.5, 0.53]), *others]
        size = [len(one) for one in every]
        law = Truths.behind(
            np.concatenate(every),
            np.full(sum(size), 0.03),
            groups=np.repeat(range(len(size)), size),
        )
        return law.moments()[1][0]

    # Three estimates say little of their spread; forty alike in each of four other groups do.
    calm = [rng.normal(middle, 0.03, 40) for middle in (0.3, 0.4, 0.6, 0.7)]
    wild = [rng.normal(middle, 0.20, 40) for middle in (0.3, 0.4, 0.6, 0.7)]
    assert spread_of(*calm) < 0.8 * spread_of(*wild)


def test_means_of_groups_are_drawn_towards_the_mean_of_all():
    y = np.repeat([0.28, 0.31, 0.29, 0.30, 0.40], 3) + np.tile([-0.02, 0.0, 0.02], 5)
    mean, _ = Truths.behind(y, np.full(15, 0.1), groups=np.repeat(range(5), 3)).moments()
    alone, _ = Truths.behind(y[12:], np.full(3, 0.1)).moments()
    assert alone.mean() == pytest.approx(0.40, abs=0.001)
    assert 0.31 < mean[12:].mean() < 0.38


def test_a_single_estimate_is_left_alone():
    mean, sd = Truths.behind([0.4], [0.1]).moments()
    np.testing.assert_allclose(mean, [0.4], rtol=1e-6)
    np.testing.assert_allclose(sd, [0.1], rtol=1e-6)


@pytest.mark.parametrize("between", [0.0, 0.03, 0.2])
def test_nine_in_ten_truths_lie_where_the_law_says(between):
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(60), 15)
    truth = rng.normal(0, 0.3, 60)[group] + rng.normal(0, between, len(group))
    se = rng.uniform(0.04, 0.12, len(group))
    mean, sd = Truths.behind(truth + rng.normal(0, se), se, groups=group).moments()
    held = (np.abs(truth - mean) <= 1.645 * sd).mean()
    # Truths that do not scatter at all are held too often, never too seldom.
    assert held > 0.87
    assert held < 0.94 or between == 0


@pytest.mark.parametrize("share", [0.03, 0.2, 0.5, 0.9])
def test_the_scale_has_the_error_of_the_sample_whatever_the_share(share):
    rng, size = np.random.default_rng(2), 80
    met = rng.binomial(size, share, 40_000)
    pulled = np.clip(met / size, 0.5 / size, 1 - 0.5 / size)
    found, error = steady_shares(met / size, np.sqrt(pulled * (1 - pulled) / size))
    assert found.std() == pytest.approx(1 / np.sqrt(4 * size), rel=0.1)
    assert np.median(error) == pytest.approx(1 / np.sqrt(4 * size + 2), rel=0.02)
    assert shares_at(found).mean() == pytest.approx(share, abs=0.006)


def test_none_and_all_count_as_one_error_away_and_a_sample_is_of_one_at_least():
    """An error of 0.02 of none is that of 0.02 * 0.98 / 0.02**2 = 49 people."""
    found, error = steady_shares(np.array([0.0, 1.0, 0.5]), np.array([0.02, 0.02, 1.0]))
    none = np.arcsin(np.sqrt(0.375 / 49.75))
    np.testing.assert_allclose(found, [none, np.pi / 2 - none, np.pi / 4])
    np.testing.assert_allclose(error, 1 / np.sqrt([198, 198, 6]))


@pytest.mark.parametrize(("y", "se"), [([0.1, np.nan], [0.1, 0.1]), ([0.1, 0.2], [0.1, 0.0])])
def test_what_has_no_error_is_refused(y, se):
    with pytest.raises(InputError, match="not above 0"):
        paule_mandel(y, se)
