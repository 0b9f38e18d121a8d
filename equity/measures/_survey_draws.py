"""What a survey might have found, and what may be true: draws from estimates and standard errors.

Shares come from the Beta law with the estimate's mean and standard error, numbers from the normal
law, truths from their law given the neighbors (:mod:`equity.measures.shrinkage`). An estimate
without a known error is returned as it is, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from equity.measures.shrinkage import Truths, shares_at, steady_shares

__all__ = ["NumberDraws", "ShareDraws", "TruthDraws", "beta_matched", "neighbors"]

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]

LEAST_NEIGHBORS = 10
"""A group with fewer estimates than this gives way to a wider one."""
_WIDEST = 1.0
_FAR = 6.0


def beta_matched(shares: Floats, errors: Floats) -> tuple[Floats, Floats]:
    """Return the two parameters of the Beta law with a mean and a standard deviation.

    ``k = p (1 - p) / error**2 - 1``, ``Beta(p k, (1 - p) k)``. Where the error is larger than a
    share between 0 and 1 can have (``k <= 0``), or so large that the law would sit on 0 and 1
    alone, ``k`` is 1: as wide a law as still says something.

    Examples
    --------
    >>> alpha, beta = beta_matched(np.array([0.7]), np.array([0.05]))
    >>> float(alpha[0].round(6)), float(beta[0].round(6))
    (58.1, 24.9)
    """
    k = np.maximum(shares * (1.0 - shares) / errors**2 - 1.0, _WIDEST)
    return shares * k, (1.0 - shares) * k


@dataclass(frozen=True)
class ShareDraws:
    """Draws of shares from 0 to 1; make one with :meth:`of`."""

    shares: Singles
    inside: Places
    alpha: Singles
    beta: Singles
    edge: Places
    edge_error: Singles

    @classmethod
    def of(cls, shares: Floats, errors: Floats) -> ShareDraws:
        """Take shares with their standard errors; a missing error is not drawn."""
        drawn = np.isfinite(shares) & (errors > 0)
        middle = (shares > 0) & (shares < 1)
        inside, edge = np.flatnonzero(drawn & middle), np.flatnonzero(drawn & ~middle)
        alpha, beta = beta_matched(shares[inside], errors[inside])
        return cls(
            shares=_single(shares), inside=inside, alpha=_single(alpha), beta=_single(beta),
            edge=edge, edge_error=_single(errors[edge]),
        )  # fmt: skip

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return one draw of every share."""
        out = self.shares.copy()
        one = rng.standard_gamma(self.alpha, dtype=np.float32)
        other = rng.standard_gamma(self.beta, dtype=np.float32)
        out[self.inside] = one / (one + other)
        # None, or all, of a sample: the truth lies to one side of it.
        away = np.abs(rng.standard_normal(len(self.edge), dtype=np.float32)) * self.edge_error
        away = np.minimum(away, np.float32(1))
        out[self.edge] = np.where(self.shares[self.edge] > 0, 1 - away, away)
        return out


@dataclass(frozen=True)
class NumberDraws:
    """Draws of numbers, above 0 where they are ``positive``; make one with :meth:`of`."""

    numbers: Singles
    errors: Singles
    tight: Places
    below: Floats

    @classmethod
    def of(cls, numbers: Floats, errors: Floats, *, positive: bool) -> NumberDraws:
        """Take numbers with their standard errors; a missing error is not drawn."""
        drawn = np.isfinite(numbers) & (errors > 0)
        used = np.where(drawn, errors, 0.0)
        # Six standard errors above 0 nothing has to be cut off.
        tight = (
            np.flatnonzero(drawn & (numbers < _FAR * used)) if positive else np.empty(0, np.intp)
        )
        return cls(
            numbers=_single(numbers), errors=_single(used), tight=tight,
            below=ndtr(-numbers[tight] / used[tight]),
        )  # fmt: skip

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return one draw of every number."""
        away = rng.standard_normal(len(self.numbers), dtype=np.float32)
        chance = 1.0 - rng.random(len(self.tight))
        away[self.tight] = ndtri(self.below + (1.0 - self.below) * chance)
        out: Singles = self.numbers + away * self.errors
        out[self.tight] = np.maximum(out[self.tight], np.finfo(np.float32).tiny)
        return out


def neighbors(geoids: Sequence[str], ruca: Floats | None, counted: npt.NDArray[np.bool_]) -> Places:
    """Return the group towards whose mean each area is shrunk.

    The areas of its rurality class in its county (the first five digits of the id) if at least
    :data:`LEAST_NEIGHBORS` of them count; else, of the areas left, those of its county; else those
    of its rurality class; else all.
    """
    _, county = np.unique([geoid[:5] for geoid in geoids], return_inverse=True)
    rural = _rurality(ruca, len(county))
    everybody = np.zeros(len(county), dtype=np.intp)
    group = np.full(len(county), -1, dtype=np.intp)
    left = np.ones(len(county), dtype=bool)
    for labels in (county * 5 + rural, county, rural, everybody):
        n = np.bincount(labels[left & counted], minlength=labels.max(initial=0) + 1)
        here = left & ((n[labels] >= LEAST_NEIGHBORS) | (labels is everybody))
        group[here] = group.max(initial=-1) + 1 + labels[here]
        left &= ~here
    return group


def _rurality(ruca: Floats | None, n: int) -> Places:
    """Metropolitan, micropolitan, small town, rural, unknown: 0 to 4."""
    if ruca is None:
        return np.full(n, 4)
    known = np.isfinite(ruca) & (ruca >= 1) & (ruca <= 10)
    return np.where(known, np.digitize(np.where(known, ruca, 0.0), [4, 7, 10]), 4)


@dataclass(frozen=True)
class TruthDraws:
    """Draws of the truth behind estimates, given each estimate and its group.

    Make one with :meth:`of`.
    """

    values: Singles
    at: Places
    truths: Truths | None
    share: bool

    @classmethod
    def of(cls, values: Floats, errors: Floats, groups: Places, *, share: bool) -> TruthDraws:
        """Take estimates, standard errors and groups; a missing error is not drawn."""
        at = np.flatnonzero(np.isfinite(values) & (errors > 0))
        truths = None
        if len(at):
            found, noise = values[at], errors[at]
            if share:
                found, noise = steady_shares(found, noise)
            truths = Truths.behind(found, noise, groups=groups[at])
        return cls(_single(values), at, truths, share)

    def draw(self, rng: np.random.Generator) -> Singles:
        """Return one joint draw of every truth."""
        out = self.values.copy()
        if self.truths is not None:
            drawn = self.truths.draw(rng)
            out[self.at] = shares_at(drawn) if self.share else drawn
        return out


def _single(values: Floats) -> Singles:
    return values.astype(np.float32)
