"""What the change of the gap came through: people, reach, lines and homes, in exact parts.

The gap is a product, so what one factor's change did depends on which changed first. Every factor
gets the mean of what it did over all 24 orders (Shapley's value): the parts add up exactly.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.precision import Z90

__all__ = ["PARTS", "Split", "split_change"]

Floats = npt.NDArray[np.float64]
PARTS = {
    "people": "gap_from_people_n",
    "reach": "gap_from_reach_n",
    "lines": "gap_from_lines_n",
    "homes": "gap_from_homes_n",
}
"""What the gap can change through -> its column."""
_FACTORS = ("population_n", "beyond_reach_share", "qualifying_share", "connected_share")
_BLOCK = 200_000
"""Most draws of areas at a time."""


class Split(NamedTuple):
    """The parts by area, with intervals, and the intervals of the sums (parts, then all)."""

    areas: pd.DataFrame
    total_p05: Floats
    total_p95: Floats


def split_change(
    before: pd.DataFrame, after: pd.DataFrame, *, draws: int = 200, seed: int = 0
) -> Split:
    """Split the change of the gap between two tables.

    Parameters
    ----------
    before, after
        Tables with ``population_n``, ``beyond_reach_share``, ``qualifying_share``,
        ``connected_share``, ``gap_n``, and for intervals ``population_n_moe`` and
        ``connected_share_moe``.
    draws
        How often population and homes are drawn from their margins, apart on both sides; 0 gives
        no intervals.
    seed
        Of the draws.

    Returns
    -------
    Split
        By area id, for the areas of both tables in sorted order; missing where an input is, and
        where ``gap_n`` is not the product of the four (areas made of divided ones, lines unknown).
        An interval of a sum is missing where the margins of any area in it are.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games II,
    307-317, doi:10.1515/9781400881970-018.
    """
    both = before.index.intersection(after.index).sort_values()
    old, new = (_factors(table, both) for table in (before, after))
    found = _shapley(old, new)
    fits = np.logical_and(
        *(_fits(table, both, factors) for table, factors in ((before, old), (after, new)))
    )
    found[:, ~fits] = np.nan
    frame = pd.DataFrame(dict(zip(PARTS.values(), found, strict=True)), index=both)
    nothing = np.full(len(PARTS) + 1, np.nan)
    rows = np.flatnonzero(fits & np.isfinite(found).all(axis=0))
    if not draws or not len(rows):
        return Split(frame, nothing, nothing)
    errors = [_errors(table, both)[:, rows] for table in (before, after)]
    low, high, sums = _intervals(old[:, rows], new[:, rows], errors, draws, seed)
    for number, name in enumerate(PARTS.values()):
        for ending, values in (("_p05", low), ("_p95", high)):
            column = np.full(len(both), np.nan)
            column[rows] = values[number]
            frame[f"{name}{ending}"] = column
    sums = np.vstack([sums, sums.sum(axis=0)])
    return Split(frame, *np.quantile(sums, [0.05, 0.95], axis=1))


def _factors(table: pd.DataFrame, ids: pd.Index) -> Floats:
    have = table.loc[ids]
    nothing = np.full(len(ids), np.nan)
    return np.stack(
        [have[n].to_numpy(dtype=float, na_value=np.nan) if n in have else nothing for n in _FACTORS]
    )


def _errors(table: pd.DataFrame, ids: pd.Index) -> Floats:
    """Return standard errors of the factors: care and lines are not sampled."""
    have, none = table.loc[ids], np.zeros(len(ids))
    unknown = np.full(len(ids), np.nan)
    margins = [
        have[f"{n}_moe"].to_numpy(dtype=float, na_value=np.nan) if f"{n}_moe" in have else unknown
        for n in (_FACTORS[0], _FACTORS[3])
    ]
    return np.stack([margins[0], none, none, margins[1]]) / Z90


def _gap(people: Floats, reach: Floats, line: Floats, home: Floats) -> Floats:
    gap: Floats = people * reach * (1 - np.minimum(line, home))
    return gap


def _fits(table: pd.DataFrame, ids: pd.Index, factors: Floats) -> npt.NDArray[np.bool_]:
    if "gap_n" not in table:
        return np.zeros(len(ids), dtype=bool)
    stated = table.loc[ids, "gap_n"].to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(np.abs(_gap(*factors) - stated) <= 1e-6 * np.maximum(factors[0], 1.0))


def _shapley(old: Floats, new: Floats) -> Floats:
    """Return the mean over all orders of what each factor does when it changes."""
    size = len(old)
    gap = {
        changed: _gap(*(new[i] if i in changed else old[i] for i in range(size)))
        for count in range(size + 1)
        for changed in combinations(range(size), count)
    }
    parts = np.zeros(old.shape)
    for changed, value in gap.items():
        for i in set(range(size)) - set(changed):
            first = len(changed)
            weight = factorial(first) * factorial(size - first - 1) / factorial(size)
            parts[i] += weight * (gap[tuple(sorted((*changed, i)))] - value)
    return parts


def _intervals(
    old: Floats, new: Floats, errors: list[Floats], draws: int, seed: int
) -> tuple[Floats, Floats, Floats]:
    """Return 5th and 95th percentiles by factor and area, and the sums of every draw."""
    size, areas = old.shape
    rng = np.random.default_rng(seed)
    low, high, sums = np.empty(old.shape), np.empty(old.shape), np.zeros((size, draws))
    step = max(_BLOCK // draws, 1)
    for start in range(0, areas, step):
        part = slice(start, start + step)
        sides = []
        for factors, error in ((old, errors[0]), (new, errors[1])):
            noise = rng.standard_normal((size, draws, factors[:, part].shape[1]))
            drawn = factors[:, None, part] + error[:, None, part] * noise
            drawn[1:] = np.clip(drawn[1:], 0.0, 1.0)
            sides.append(np.maximum(drawn, 0.0))
        found = _shapley(*sides)
        low[:, part], high[:, part] = np.quantile(found, [0.05, 0.95], axis=1)
        sums += found.sum(axis=2)
    return low, high, sums
