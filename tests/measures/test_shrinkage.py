"""Shrinkage against a reference case, a root finder and worlds of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from equity.errors import InputError
from equity.measures.shrinkage import paule_mandel, posterior, stable_errors

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
    mean, sd = posterior(y, se)
    # The group's mean alone has an error of 0.1 / 2, the truths may scatter besides.
    assert (sd > 0.05).all()
    assert (sd < 0.1).all()
    assert np.ptp(mean) < np.ptp(y)


def test_an_estimate_without_neighbors_is_left_alone():
    mean, sd = posterior([0.4, 0.7], [0.1, 0.02], groups=["a", "b"])
    np.testing.assert_allclose(mean, [0.4, 0.7])
    np.testing.assert_allclose(sd, [0.1, 0.02])


@pytest.mark.parametrize("between", [0.0, 0.03, 0.2])
def test_nine_in_ten_truths_lie_where_the_posterior_says(between):
    rng = np.random.default_rng(8)
    group = np.repeat(np.arange(60), 15)
    truth = rng.normal(0, 0.3, 60)[group] + rng.normal(0, between, len(group))
    se = rng.uniform(0.04, 0.12, len(group))
    mean, sd = posterior(truth + rng.normal(0, se), se, groups=group)
    held = (np.abs(truth - mean) <= 1.645 * sd).mean()
    # Truths that do not scatter at all are held too often, never too seldom.
    assert held > 0.87
    assert held < 0.94 or between == 0


def test_stable_errors_depend_on_the_sample_and_not_on_the_share_it_happened_to_give():
    sample, shares = 80.0, np.array([0.05, 0.3, 0.5, 0.95])
    se = np.sqrt(shares * (1 - shares) / sample)
    np.testing.assert_allclose(
        stable_errors(shares, se, groups=np.zeros(4)), np.sqrt(0.45 * 0.55 / sample)
    )
    # A group of zeros has nothing to take an error from but the published one.
    np.testing.assert_allclose(
        stable_errors(np.zeros(2), np.array([0.01, 0.02]), groups=[1, 1]), [0.01, 0.02]
    )


@pytest.mark.parametrize(("y", "se"), [([0.1, np.nan], [0.1, 0.1]), ([0.1, 0.2], [0.1, 0.0])])
def test_what_has_no_error_is_refused(y, se):
    with pytest.raises(InputError, match="not above 0"):
        paule_mandel(y, se)
