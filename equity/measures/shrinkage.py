"""Truths behind estimates, drawn towards those of their neighbors as far as their errors call for.

Each of many estimates is an unknown truth plus an error of known size. Truths are taken to scatter
about their group's mean with a variance of the group's own, the means of groups about a common one,
and the variances to be like one another, as far as the estimates themselves tell; an estimate with
a large error then says more of its group than of itself. Used for probabilities and intervals of
single places alone: no published estimate is replaced by a shrunk one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from equity.errors import InputError

__all__ = ["Shrunk", "Truths", "marshall", "paule_mandel", "shares_at", "steady_shares"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
_ROUNDS = 100
_SPREADS = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0])
"""Standard deviations between truths that are weighed, in units of the middle standard error."""
_ALIKE = 31


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


@dataclass(frozen=True)
class Truths:
    """Joint law of the truths behind estimates; make one with :meth:`behind`.

    Neither the means of groups nor the variances between truths are taken as known: few estimates
    tell them badly, and a variance that happens to come out as 0 would make every area the equal of
    its neighbors for certain. A draw takes a variance for each group, then the group's mean, then
    each truth.

    Attributes
    ----------
    chance
        By spread and group: how likely the group's truths scatter so far.
    mean, pull, sd
        By spread and estimate: the truth's mean given that of its group, how far it follows the
        group's, its standard deviation besides.
    center_error
        By spread and group: standard error of the group's mean, which is itself drawn towards the
        mean of all groups where there are several.
    group
        The group of each estimate.

    Notes
    -----
    Spreads run from 0 to 9 times the middle standard error. The chance of each is its likelihood
    with the group's mean integrated out, times what the other groups say of it: their chances
    added up, and one group's worth of an even law. Repeated until it stands, this is the collapsed
    variational update of a mixture (Asuncion et al. 2009).

    References
    ----------
    Morris 1983, Journal of the American Statistical Association 78(381), 47-55,
    doi:10.1080/01621459.1983.10477920; Asuncion, Welling, Smyth and Teh 2009, On smoothing and
    inference for topic models, arXiv:1205.2662 (both known from secondary sources).
    """

    chance: Floats
    mean: Singles
    pull: Singles
    sd: Singles
    center_error: Floats
    group: Places

    @classmethod
    def behind(
        cls, estimates: npt.ArrayLike, errors: npt.ArrayLike, *, groups: npt.ArrayLike | None = None
    ) -> Truths:
        """Take estimates, standard errors above 0 and groups, as :func:`paule_mandel` does."""
        y, variance, group, _ = _checked(estimates, errors, groups)
        spreads = np.sqrt(np.median(variance)) * _SPREADS
        likelihood, rows = [], []
        for spread in spreads:
            given = _given(spread**2, y, variance, group)
            likelihood.append(_log_likelihood(spread**2, y, variance, group))
            pull = variance / (variance + spread**2)
            rows.append((given.mean, pull, given.sd, given.center, given.center_error))
        mean, pull, sd, center, error = (np.stack(part) for part in zip(*rows, strict=True))
        _, one = np.unique(group, return_index=True)
        center, error = center[:, one], error[:, one]
        if len(one) > 1:
            for k, (found, its) in enumerate(zip(center, error, strict=True)):
                moved, error[k] = cls.behind(found, its).moments()
                mean[k] += pull[k] * (moved - found)[group]
        chance = _chances(np.stack(likelihood))
        small = np.float32
        return cls(chance, mean.astype(small), pull.astype(small), sd.astype(small), error, group)

    def moments(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of each truth."""
        chance = self.chance[:, self.group]
        mean = (chance * self.mean).sum(axis=0)
        off = self.pull * self.center_error[:, self.group]
        square = self.sd.astype(float) ** 2 + off**2 + (self.mean - mean) ** 2
        return mean, np.sqrt((chance * square).sum(axis=0))

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return one joint draw of all truths."""
        n, groups = len(self.group), self.chance.shape[1]
        spread = (rng.random(groups) > self.chance[:-1].cumsum(axis=0)).sum(axis=0)
        off = rng.standard_normal(groups) * self.center_error[spread, np.arange(groups)]
        at = spread[self.group] * n + np.arange(n)
        out = rng.standard_normal(n, dtype=np.float32)
        out *= self.sd.take(at)
        out += self.pull.take(at) * off.astype(np.float32)[self.group]
        out += self.mean.take(at)
        return out


def _log_likelihood(between: float, y: Floats, variance: Floats, group: Places) -> Floats:
    """Return each group's log-likelihood of a variance, its mean integrated out, up to a number."""
    weight = 1.0 / (variance + between)
    weights = np.bincount(group, weight)
    off = y - (np.bincount(group, weight * y) / weights)[group]
    fit = np.bincount(group, np.log(weight) - weight * off**2)
    likelihood: Floats = (fit - np.log(weights)) / 2.0
    return likelihood


def _chances(log_likelihood: Floats) -> Floats:
    """Return by spread and group how likely the spread is, given all groups."""
    edges = np.concatenate([[0.0], (_SPREADS[1:] + _SPREADS[:-1]) / 2.0, _SPREADS[-1:]])
    even = (np.diff(edges) / edges[-1])[:, np.newaxis]
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=0))
    chance = np.zeros_like(likelihood)
    for _ in range(_ALIKE):
        others = chance.sum(axis=1, keepdims=True) - chance
        chance = (even + others) * likelihood
        chance /= chance.sum(axis=0)
    return np.asarray(chance, dtype=float)


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


def steady_shares(shares: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Return shares on a scale on which a sample's error does not depend on the share it finds.

    A survey's error of a share is least where the share found is near 0 or 1: weighting by it pulls
    a group's mean towards whichever areas happened to come out extreme, and one variance between
    truths cannot serve small shares and large ones. The arcsine of the root has neither fault; 3/8
    of a respondent is added to both sides, so that few respondents do not bend it.

    Parameters
    ----------
    shares, errors
        Shares from 0 to 1 and their standard errors, above 0. The error stands for a simple random
        sample of ``shares (1 - shares) / errors**2``, at least 1; a share of 0 or 1 counts as one
        standard error away from it.

    Returns
    -------
    tuple of numpy.ndarray
        ``arcsin sqrt`` of the shares, and its standard error; :func:`shares_at` leads back.

    References
    ----------
    Anscombe 1948, Biometrika 35(3-4), 246-254, doi:10.1093/biomet/35.3-4.246 (known from secondary
    sources).
    """
    variance = np.maximum(shares * (1.0 - shares), errors * (1.0 - errors))
    sample = np.maximum(variance / errors**2, 1.0)
    found = np.arcsin(np.sqrt((sample * shares + 0.375) / (sample + 0.75)))
    return found, 1.0 / np.sqrt(4.0 * sample + 2.0)


def shares_at(angles: Singles) -> Singles:
    """Return the shares whose root has these arcsines; angles past an end fold back."""
    shares: Singles = np.sin(angles) ** 2
    return shares


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
