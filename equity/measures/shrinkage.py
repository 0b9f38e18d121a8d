"""Estimates drawn towards those of their neighbors, as far as their errors call for.

Each of many estimates is an unknown truth plus an error of known size. Truths are taken to scatter
about their group's mean with a variance that the estimates themselves tell; an estimate with a
large error then says more of its group than of itself. Used for probabilities of standing alone:
no published estimate is replaced by a shrunk one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from equity.errors import InputError

__all__ = ["Shrunk", "marshall", "paule_mandel", "posterior", "stable_errors"]

Floats = npt.NDArray[np.float64]
_ROUNDS = 100
_RANKS = (0.1, 0.3, 0.5, 0.7, 0.9)


class Shrunk(NamedTuple):
    """What :func:`paule_mandel` returns, one number an estimate but for ``between``.

    Attributes
    ----------
    mean, sd
        Mean and standard deviation of the truth, given the estimate, the group's mean and the
        variance between truths.
    center, center_error
        Mean of the group's truths, and its standard error.
    between
        Variance of truths about the mean of their group, the same in all groups.
    """

    mean: Floats
    sd: Floats
    center: Floats
    center_error: Floats
    between: float


def paule_mandel(
    estimates: npt.ArrayLike, errors: npt.ArrayLike, *, groups: npt.ArrayLike | None = None
) -> Shrunk:
    """Shrink estimates towards the mean of their group.

    Parameters
    ----------
    estimates
        Estimates in any unit.
    errors
        Their standard errors in the same unit, above 0.
    groups
        A label for each estimate; one group by default.

    Returns
    -------
    Shrunk
        Arrays in the order of ``estimates``.

    Raises
    ------
    InputError
        If an estimate is missing or an error is not above 0.

    Notes
    -----
    With ``t`` the variance of truths, ``w = 1 / (error**2 + t)`` and ``m`` a group's mean of
    estimates weighted by ``w``, ``t`` solves ``sum w (estimate - m)**2 = estimates - groups``, and
    is 0 where the sum at 0 is already smaller. The left side falls and is convex in ``t``, so
    Newton's steps from 0 never overshoot.

    References
    ----------
    Paule & Mandel 1982, Journal of Research of the National Bureau of Standards 87(5), 377-385,
    doi:10.6028/jres.087.022 (known from secondary sources; the article was not read).

    Examples
    --------
    >>> paule_mandel([0.30, 0.25, 0.60, 0.40, 0.55], [0.10, 0.02, 0.15, 0.05, 0.03]).mean.round(4)
    array([0.3394, 0.2536, 0.4877, 0.4006, 0.5425])
    """
    y, variance, group, freedom = _checked(estimates, errors, groups)
    return _given(_between(y, variance, group, freedom), y, variance, group)


def posterior(
    estimates: npt.ArrayLike, errors: npt.ArrayLike, *, groups: npt.ArrayLike | None = None
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the truths behind estimates.

    As :func:`paule_mandel`, but neither the groups' means nor the variance between truths are taken
    as known: few estimates tell them badly, and a variance that happens to come out as 0 would make
    every area the equal of its neighbors for certain. The sum above has a chi-square law; each of
    five evenly spaced quantiles of it gives a variance, and what they give is averaged.

    References
    ----------
    Viechtbauer 2007, Statistics in Medicine 26(1), 37-52, doi:10.1002/sim.2514 (the same law
    used for intervals; known from secondary sources).
    """
    y, variance, group, freedom = _checked(estimates, errors, groups)
    mean, square = np.zeros(len(y)), np.zeros(len(y))
    for rank in _RANKS:
        target = 2.0 * float(gammaincinv(freedom / 2.0, rank)) if freedom else 0.0
        found = _given(_between(y, variance, group, target), y, variance, group)
        pulled = variance / (variance + found.between)
        mean += found.mean / len(_RANKS)
        spread = found.sd**2 + (pulled * found.center_error) ** 2
        square += (spread + found.mean**2) / len(_RANKS)
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))


def _checked(
    estimates: npt.ArrayLike, errors: npt.ArrayLike, groups: Any
) -> tuple[Floats, Floats, npt.NDArray[np.intp], int]:
    y, variance = np.asarray(estimates, dtype=float), np.asarray(errors, dtype=float) ** 2
    if not np.isfinite(y).all() or not (variance > 0).all():
        raise InputError(
            "an estimate is missing or its standard error is not above 0",
            fix="leave out what has no sampling error",
        )
    labels = np.zeros(len(y), dtype=int) if groups is None else np.asarray(groups)
    names, group = np.unique(labels, return_inverse=True)
    return y, variance, group, len(y) - len(names)


def _between(y: Floats, variance: Floats, group: npt.NDArray[np.intp], target: float) -> float:
    """Return the variance between truths at which the weighted squares add up to a target."""
    between = 0.0
    for _ in range(_ROUNDS):
        weight = 1.0 / (variance + between)
        center = np.bincount(group, weight * y) / np.bincount(group, weight)
        squares = weight * (y - center[group]) ** 2
        excess = squares.sum() - target
        if excess <= 1e-12 * max(target, 1.0):
            break
        between += excess / (weight * squares).sum()
    return float(between)


def _given(between: float, y: Floats, variance: Floats, group: npt.NDArray[np.intp]) -> Shrunk:
    weight = 1.0 / (variance + between)
    weights = np.bincount(group, weight)
    center = (np.bincount(group, weight * y) / weights)[group]
    kept = between * weight
    mean = center + kept * (y - center)
    return Shrunk(mean, np.sqrt(kept * variance), center, 1.0 / np.sqrt(weights[group]), between)


def stable_errors(shares: Floats, errors: Floats, *, groups: npt.ArrayLike) -> Floats:
    """Return standard errors of shares that do not depend on the share that happened to be found.

    A survey's error of a share is least where the share found is near 0 or 1. Weighting by it pulls
    a group's mean towards whichever areas happened to come out extreme. Here every share has the
    error that its sample would have at the group's mean.

    Parameters
    ----------
    shares, errors
        Shares from 0 to 1 and their standard errors, above 0.
    groups
        A label for each share.
    """
    sample = _effective_sample(shares, errors)
    _, group = np.unique(np.asarray(groups), return_inverse=True)
    mean = np.bincount(group, sample * shares) / np.bincount(group, sample)
    spread = np.sqrt((mean * (1.0 - mean))[group] / sample)
    return np.where(spread > 0, spread, errors)


def _effective_sample(shares: Floats, errors: Floats) -> Floats:
    """Return the size of the simple random sample whose share would have the same error.

    A share of 0 or 1 counts as one standard error away from it; no sample is below 1.
    """
    variance = np.maximum(shares * (1.0 - shares), errors * (1.0 - errors))
    sample: Floats = np.maximum(variance / errors**2, 1.0)
    return sample


class Smoothed(NamedTuple):
    """What :func:`marshall` returns: rates, the weight each keeps, the whole's rate, the spread."""

    mean: Floats
    weight: Floats
    center: float
    between: float


def marshall(events: npt.ArrayLike, people: npt.ArrayLike) -> Smoothed:
    """Shrink rates of counts towards the rate of all, the more the fewer people they rest on.

    Parameters
    ----------
    events, people
        Counts, and those they are counted among (above 0).

    Returns
    -------
    Smoothed
        ``mean`` = w rate + (1 - w) m, ``weight`` = w = A / (A + m / people), ``center`` = m, the
        rate of all, and ``between`` = A, the variance between rates beyond that of counts; 0
        where rates differ less than counts do by chance, and then every rate is m.

    Raises
    ------
    InputError
        If there are no people somewhere, or a count is missing.

    References
    ----------
    Marshall 1991, Applied Statistics 40(2), 283-294, doi:10.2307/2347593.

    Examples
    --------
    >>> marshall([2, 10, 5, 0, 30], [100, 1000, 200, 50, 1000]).mean.round(5).tolist()
    [0.02, 0.01273, 0.02174, 0.01765, 0.02727]
    """
    count, whole = np.asarray(events, dtype=float), np.asarray(people, dtype=float)
    if not (whole > 0).all() or not np.isfinite(count).all():
        raise InputError("a rate needs a count and people", fix="leave out areas without people")
    rate, center = count / whole, count.sum() / whole.sum()
    spread = (whole * (rate - center) ** 2).sum() / whole.sum()
    between = max(0.0, spread - center / whole.mean())
    noise = center / whole
    weight = np.divide(between, between + noise, out=np.zeros(len(rate)), where=between + noise > 0)
    return Smoothed(center + weight * (rate - center), weight, float(center), float(between))
