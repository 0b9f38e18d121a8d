"""Statistics of areas among their neighbors, and how far chance alone would take them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

__all__ = [
    "Moran", "false_discovery", "gi_star", "local_moran", "moran", "neighbor_p",
    "permutations_for",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
_BLOCK = 4_000_000
"""Most random areas drawn at a time: 32 MB."""


def gi_star(values: npt.ArrayLike, weights: csr_array) -> Floats:
    """Return Getis and Ord's Gi* as z-scores: binary weights, each area with itself.

    Parameters
    ----------
    values
        One number an area.
    weights
        What :func:`shared_borders` returns.

    Returns
    -------
    numpy.ndarray
        Missing where an area has no neighbors, or borders on all others.
    """
    y = np.asarray(values, dtype=float)
    size, held = len(y), np.diff(weights.indptr) + 1.0
    spread = np.sqrt(held * (size - held) / (size - 1)) if size > 1 else np.zeros(size)
    middle = y - y.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (weights @ middle + middle) / (y.std() * spread)
    return np.where((held > 1) & (held < size), z, np.nan)


def local_moran(values: npt.ArrayLike, weights: csr_array) -> Floats:
    """Return Anselin's local Moran: the area's distance from the mean times its neighbors' mean.

    Parameters
    ----------
    values, weights
        As for :func:`gi_star`; weights are row-standardized here.

    Returns
    -------
    numpy.ndarray
        Missing where an area has no neighbors.
    """
    y = np.asarray(values, dtype=float)
    middle = y - y.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        around = (weights @ middle) / np.diff(weights.indptr)
        return np.asarray((len(y) - 1) * middle * around / (middle**2).sum())


class Moran(NamedTuple):
    """Moran's I over all areas: above `expected` neighbors are alike, below it unlike."""

    i: float
    expected: float
    z_normality: float
    z_randomization: float


def moran(values: npt.ArrayLike, weights: csr_array) -> Moran:
    """Return Moran's I of all areas, and how far it is from chance.

    Parameters
    ----------
    values
        One number an area.
    weights
        Areas x areas, used as they are.

    Returns
    -------
    Moran
        Missing where all values are equal or no area has a neighbor; its z also below 4 areas.

    References
    ----------
    Cliff & Ord 1981, Spatial Processes: Models and Applications, ISBN 978-0-85086-081-8.

    Examples
    --------
    >>> path = csr_array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0.0]])
    >>> round(moran([1, 2, 3, 4], path).i, 3)
    0.333
    """
    y = np.asarray(values, dtype=float)
    n, z = np.float64(len(y)), y - y.mean()
    s0 = np.float64(weights.sum())
    both = weights + weights.T
    s1 = np.float64((both.multiply(both)).sum()) / 2
    s2 = ((np.asarray(weights.sum(axis=1)) + np.asarray(weights.sum(axis=0))) ** 2).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        i, expected = n / s0 * (z @ (weights @ z)) / (z @ z), -1 / (n - 1)
        normal = (n**2 * s1 - n * s2 + 3 * s0**2) / (s0**2 * (n**2 - 1))
        tails = n * (z**4).sum() / (z @ z) ** 2
        mixed = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
        mixed -= tails * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
        random = mixed / ((n - 1) * (n - 2) * (n - 3) * s0**2)
        spreads = [(i - expected) / np.sqrt(v - expected**2) for v in (normal, random)]
    return Moran(float(i), float(expected), *map(float, spreads))


def permutations_for(areas: int, discovery_rate: float) -> int:
    """Return how many permutations let a single area stand out among so many.

    The smallest two-sided p of R permutations is ``2 / (R + 1)``; one of n areas passes Benjamini
    and Hochberg's procedure if it is at most ``rate / n``.
    """
    return max(999, math.ceil(2 * areas / discovery_rate) - 1)


def neighbor_p(
    values: npt.ArrayLike, weights: csr_array, *, permutations: int, seed: int = 0
) -> Floats:
    """Return two-sided p-values of the sums over neighbors, by conditional permutation.

    Parameters
    ----------
    values, weights
        As for :func:`gi_star`.
    permutations
        How often neighbors are drawn: for each area as many others as it has neighbors, itself
        held.
    seed
        Of the draws.

    Returns
    -------
    numpy.ndarray
        Twice the smaller tail, ``2 (1 + as far) / (permutations + 1)``, at most 1; missing where an
        area has no neighbors.

    Notes
    -----
    All areas share the draws. A draw lists one area more than the most neighbors that any area
    has; the first k are the neighbors of an area with k of them, and if it is itself among these,
    the one that follows takes its place: every set of k others is equally likely.
    """
    y = np.asarray(values, dtype=float)
    counts = np.diff(weights.indptr)
    observed, most = weights @ y, int(counts.max(initial=0))
    tails = np.zeros((2, len(y)))
    rng, left = np.random.default_rng(seed), permutations if most else 0
    while left:
        block = min(left, max(_BLOCK // (most + 1), 1))
        left -= block
        drawn = _drawn(rng, len(y), most + 1, block)
        sums = np.cumsum(y[drawn], axis=0)
        for k in np.unique(counts[counts > 0]).tolist():
            tails += _tails(
                y,
                observed,
                mine=counts == k,
                drawn=drawn[:k],
                sums=sums[k - 1],
                one_more=sums[k],
            )
    p = 2 * (1 + tails.min(axis=0)) / (permutations + 1)
    return np.where(counts > 0, np.minimum(p, 1.0), np.nan)


def _drawn(rng: np.random.Generator, size: int, rows: int, draws: int) -> npt.NDArray[np.intp]:
    """Draw different areas, in random order, in every column."""
    drawn = np.empty((rows, draws), dtype=np.intp)
    for row in range(rows):
        again = np.arange(draws)
        while len(again):
            drawn[row, again] = rng.integers(0, size, len(again))
            again = again[(drawn[:row, again] == drawn[row, again]).any(axis=0)]
    return drawn


def _tails(
    y: Floats,
    observed: Floats,
    *,
    mine: npt.NDArray[np.bool_],
    drawn: npt.NDArray[np.intp],
    sums: Floats,
    one_more: Floats,
) -> Floats:
    """Count draws as high and as low as what was observed, for areas with so many neighbors."""
    # The same numbers added in another order differ in the last digits: a tie counts as as far.
    slack = 1e-12 * np.abs(y).max() * (len(drawn) + 1)
    high, low = observed - slack, observed + slack
    ordered = np.sort(sums)
    above = len(sums) - np.searchsorted(ordered, high, side="left")
    below = np.searchsorted(ordered, low, side="right")
    # Where an area drew itself, what follows takes its place.
    row, draw = np.nonzero(mine[drawn])
    area = drawn[row, draw]
    wrong, right = sums[draw], one_more[draw] - y[area]
    more = (right >= high[area]).astype(float) - (wrong >= high[area])
    less = (right <= low[area]).astype(float) - (wrong <= low[area])
    mended = [np.bincount(area, change, minlength=len(y)) for change in (more, less)]
    return np.where(mine, np.stack([above, below]) + np.stack(mended), 0.0)


def false_discovery(p: npt.ArrayLike) -> Floats:
    """Return Benjamini and Hochberg's adjusted p-values.

    Parameters
    ----------
    p
        p-values; missing ones do not count.

    Returns
    -------
    numpy.ndarray
        The least rate of false discoveries at which each is called; missing where p is.

    References
    ----------
    Benjamini & Hochberg 1995, JRSS B 57(1), 289-300, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Examples
    --------
    >>> false_discovery([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    values = np.asarray(p, dtype=float)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known])]
    scaled = values[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.full(len(values), np.nan)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return adjusted
