"""Margin-of-error arithmetic for American Community Survey estimates.

Published margins are 90 % margins (z = 1.645). Every function takes numbers, sequences, arrays,
Series or DataFrames and gives back the same shape with the caller's index. A missing estimate or
margin makes the result missing: an unknown margin is never taken for 0.

Sums assume that the components do not covary, and drift from the truth over many cells; where the
Census Bureau publishes variance replicate tables, use `replicate_moe`. A part and its whole do
covary: shares, rates and `difference_test` with ``nested=True`` take that into account.

References
----------
U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All Data
Users Need to Know, chapters 7 and 8.
U.S. Census Bureau (2024). Variance Replicate Estimate Tables documentation, 2019-2023.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equity.areas._arrays import Answer, Floats, Numbers, unpack
from equity.areas.precision import (
    RELIABILITY,
    Z90,
    Z_LEVELS,
    cv,
    reliability,
    rescale_moe,
    standard_error,
    z_of,
)
from equity.areas.rates import Rate, moe_of_rate, moe_ratio, moe_share
from equity.areas.replicates import replicate_moe, replicate_variance
from equity.errors import InputError

__all__ = [
    "RELIABILITY",
    "Z90",
    "Z_LEVELS",
    "Difference",
    "Rate",
    "cv",
    "difference_test",
    "moe_of_rate",
    "moe_product",
    "moe_ratio",
    "moe_share",
    "moe_sum",
    "reliability",
    "replicate_moe",
    "replicate_variance",
    "rescale_moe",
    "standard_error",
]


class Difference(NamedTuple):
    """A difference, its margin (90 %), z, two-sided p and whether it stands out at the level."""

    difference: Any
    moe: Any
    z: Any
    p: Any
    is_different: Any


def moe_sum(estimates: Numbers, moes: Numbers, *, zero_rule: bool = True) -> Answer:
    """Margin of a sum (or of a difference) of estimates that share nothing.

    ``sqrt(sum of squared margins)``; of all components whose estimate is 0, only the largest
    margin enters, once.

    Parameters
    ----------
    estimates, moes
        One dimension: the components of one sum. Two dimensions: one row an area, one column a
        component. DataFrames whose column names differ are matched by position.
    zero_rule
        `False` gives the plain root of squares, as in the CDC's Social Vulnerability Index; it
        overstates the margin where several components are 0.

    Returns
    -------
    float, array or Series
        One margin for each row, in the unit of the estimates; missing when any component is.

    See Also
    --------
    difference_test : with ``nested=True`` for a quantity less a part of itself.
    equity.roll_up : for parts of areas that a crosswalk divided.

    Raises
    ------
    InputError
        If a margin is negative (an undecoded annotation code), or the shapes differ.

    References
    ----------
    U.S. Census Bureau (2024). Variance Replicate Estimate Tables documentation, example 5.

    Examples
    --------
    >>> round(moe_sum([500, 0, 0, 400], [100, 200, 150, 50]), 3)
    229.129
    """
    (estimate, margin), _, leader = unpack(estimates=estimates, moes=moes)
    if estimate.ndim not in (1, 2) or estimate.shape[-1] == 0:
        raise InputError("a sum needs at least one component, in one or two dimensions")
    squares = margin**2
    if zero_rule:
        zero = estimate == 0
        largest = np.where(zero, margin, 0.0).max(axis=-1)
        total = np.where(zero, 0.0, squares).sum(axis=-1) + largest**2
    else:
        total = squares.sum(axis=-1)
    unknown = (np.isnan(estimate) | np.isnan(margin)).any(axis=-1)
    result = np.where(unknown, np.nan, np.sqrt(total))
    if estimate.ndim == 1:
        return float(result)
    return result if leader is None else pd.Series(result, index=leader.index)


def moe_product(a: Numbers, a_moe: Numbers, b: Numbers, b_moe: Numbers) -> Answer:
    """Margin of a product A x B: ``sqrt(A^2 MOE_B^2 + B^2 MOE_A^2)``.

    Parameters
    ----------
    a, a_moe, b, b_moe
        Estimates and their 90 % margins.

    Returns
    -------
    float, array, Series or DataFrame
        Margin in the unit of the product; missing where anything is.

    Raises
    ------
    InputError
        If a margin is negative or the shapes differ.

    References
    ----------
    U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All
    Data Users Need to Know, chapter 8.

    Examples
    --------
    >>> round(moe_product(74_506_512, 228_238, 0.824, 0.001))
    202289
    """
    (left, left_moe, right, right_moe), wrap, _ = unpack(a=a, a_moe=a_moe, b=b, b_moe=b_moe)
    return wrap(np.sqrt(left**2 * right_moe**2 + right**2 * left_moe**2))


def difference_test(
    a: Numbers,
    a_moe: Numbers,
    b: Numbers,
    b_moe: Numbers,
    *,
    level: int = 90,
    overlap_share: float = 0.0,
    nested: bool = False,
) -> Difference | pd.DataFrame:
    """Test whether two estimates differ.

    ``z = (A - B) / sqrt(SE_A^2 + SE_B^2)``, compared with the z of the level. Overlapping
    intervals are not a test.

    Parameters
    ----------
    a, a_moe, b, b_moe
        Estimates and their 90 % margins, in one unit.
    level
        Confidence level in percent: 90, 95 or 99.
    overlap_share
        Share of years that two 5-year periods have in common (0 to under 1). The standard error
        is multiplied by ``sqrt(1 - overlap_share)``, a deprecated approximation: compare periods
        that do not overlap.
    nested
        True where one of the two is a part of the other, or both are the same: they share their
        error. With the smaller X, the larger Y and ``p = X / Y``, the covariance is ``p MOE_Y^2``
        as in the formula of a share, and at most ``MOE_X MOE_Y``. A quantity less itself has the
        margin 0.

    Returns
    -------
    Difference or DataFrame
        A DataFrame with the caller's index if any argument is a Series. `is_different` is
        missing where both margins are 0 (controlled estimates are not tested) or unknown.

    Raises
    ------
    InputError
        If the level is unknown, a margin is negative or the shapes differ.

    References
    ----------
    U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All
    Data Users Need to Know, chapter 7.

    Examples
    --------
    >>> round(difference_test(203_119, 5_070, 226_840, 5_556).z, 3)
    -5.188
    """
    z_level = z_of(level)
    if not 0 <= overlap_share < 1:
        raise InputError("overlap_share is a share of years, from 0 to less than 1")
    (left, left_moe, right, right_moe), wrap, leader = unpack(a=a, a_moe=a_moe, b=b, b_moe=b_moe)
    from scipy.special import erfc

    difference = left - right
    shared = _shared(left, left_moe, right, right_moe) if nested else 0.0
    variance = left_moe**2 + right_moe**2 - 2 * shared
    margin = np.sqrt(np.maximum(variance, 0.0) * (1 - overlap_share))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(margin == 0, np.nan, difference / (margin / Z90))
    p = np.asarray(erfc(np.abs(z) / np.sqrt(2)))
    flag = np.abs(z) > z_level
    if leader is None and z.ndim == 0:
        verdict: Any = None if np.isnan(z) else bool(flag)
        return Difference(difference.item(), margin.item(), z.item(), p.item(), verdict)
    verdict = pd.array(flag.ravel(), dtype="boolean")
    verdict[np.isnan(z).ravel()] = pd.NA
    if isinstance(leader, pd.Series):
        columns = {"difference": difference, "difference_moe": margin, "z": z, "p": p}
        return pd.DataFrame({**columns, "is_different": verdict}, index=leader.index)
    flags = np.where(np.isnan(z), np.nan, flag) if z.ndim > 1 else verdict
    return Difference(wrap(difference), wrap(margin), wrap(z), wrap(p), flags)


def _shared(left: Floats, left_moe: Floats, right: Floats, right_moe: Floats) -> Floats:
    """Covariance, in squared margins, of a part and its whole, whichever is which."""
    larger = np.abs(left) >= np.abs(right)
    whole, part = np.where(larger, left, right), np.where(larger, right, left)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(whole == 0, 1.0, part / whole)
    by_share: Floats = share * np.where(larger, left_moe, right_moe) ** 2
    return np.minimum(by_share, left_moe * right_moe)
