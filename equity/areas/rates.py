"""Margins of shares, ratios and rates: one estimate over another.

A part and its whole are estimated from the same sample, so their errors go together, and how much
so decides the margin. The published formula of a share lets the correlation rise to 1 where its
radicand reaches 0, and then jumps to the formula of a ratio, which has none. On 7,977 percentages
whose own margins the Census Bureau publishes (tracts of Delaware and Virginia, 2014-2018 to
2018-2022) the correlation was about the share itself:

=====================  =====================  =====================
formula over published  all, 5th-50th-95th     radicand near 0 (159)
=====================  =====================  =====================
``census``             0.66  0.99  1.08       0.17  0.39  1.43
``steady``             0.93  1.01  1.15       0.85  0.98  1.49
=====================  =====================  =====================

Near 0: the published margin of the whole, times the share, is 0.85 to 1.15 of the part's.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from equity.areas._arrays import Answer, Floats, Numbers, rows_where, unpack
from equity.areas.medians import FIVE_YEAR_SAMPLE_PERCENT
from equity.areas.precision import Z90
from equity.errors import InputError

_ROUNDING = 1e-9  # a crosswalk leaves the last digits of a sum to it

ShareRule = Literal["census", "steady"]


class Rate(NamedTuple):
    """Totals over a set of areas, their rate, and the 90 % margins of the three."""

    numerator: float
    numerator_moe: float
    denominator: float
    denominator_moe: float
    rate: float
    moe: float


def moe_share(
    numerator: Numbers,
    numerator_moe: Numbers,
    denominator: Numbers,
    denominator_moe: Numbers,
    *,
    complement_moe: Numbers | None = None,
    rule: ShareRule = "census",
) -> Answer:
    """Margin of a share X / Y where X is part of Y, as a share (0 to 1).

    ``census``, the published rule: ``sqrt(MOE_X^2 - p^2 MOE_Y^2) / Y``; where the radicand is
    negative, the ratio formula. It jumps there: 3,270 of 4,140 ± 562 has ± 15.2 points if the
    margin of the part is 443, and ± 0.8 if it is 445.

    ``steady``: the same where the whole's margin is at most the part's; else the correlation of
    the two is taken no higher than p, ``sqrt(MOE_X^2 + p^2 MOE_Y (MOE_Y - 2 MOE_X)) / Y``, which
    has no jump (± 6.9 and ± 7.0 points) and is closer to published margins of percentages.

    A share of exactly 1, or of 0 with a part of 0 ± 0, was measured on a sample, too. It has the
    margin of its complement; where that is not given, the reach of the 90 % score interval of a
    sample of an eighth (5-year data): ``z^2 / (n + z^2)``, ``n = Y / 8``, 22 of many homes (the
    published margins of a count of 0 are 12 to 19).

    Parameters
    ----------
    numerator, numerator_moe
        Estimates of the part and their 90 % margins.
    denominator, denominator_moe
        Estimates of the whole and their 90 % margins. Of a whole of at most 1, itself a share, it
        is not known how many were asked: a share of 1 keeps the formula's value there unless
        `complement_moe` is given.
    complement_moe
        Published margin of the rest, Y - X, for shares of exactly 1 or 0; 0 gives the bare
        formula, as in the CDC's Social Vulnerability Index.
    rule
        ``census`` to reproduce published margins, ``steady`` for new ones.

    Returns
    -------
    float, array, Series or DataFrame
        Missing where the denominator is 0 or anything is missing.

    Raises
    ------
    InputError
        If a numerator exceeds its denominator (then it is a ratio: `moe_ratio`), a margin is
        negative, or the rule is not known.

    References
    ----------
    U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All
    Data Users Need to Know, chapter 8.
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158), 209-212.
    doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> round(moe_share(203_119, 5_070, 690_746, 831), 7)
    0.0073314
    >>> round(moe_share(500, 60, 500, 60, complement_moe=12), 3)
    0.024
    """
    if rule not in ("census", "steady"):
        raise InputError(f"no rule of shares is called {rule!r}", fix="use census or steady")
    (x, x_moe, y, y_moe, *given), wrap, _ = unpack(
        numerator=numerator,
        numerator_moe=numerator_moe,
        denominator=denominator,
        denominator_moe=denominator_moe,
        **({} if complement_moe is None else {"complement_moe": complement_moe}),
    )
    with np.errstate(invalid="ignore"):
        over = (x > y * (1 + _ROUNDING)) & (y != 0)
    if over.any():
        raise InputError(
            "a numerator is larger than its denominator, so it is not a share",
            rows=rows_where(numerator, over),
            fix="use moe_ratio, or check that both columns count the same thing",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        share = x / y
        part, whole = x_moe**2, share**2 * y_moe**2
        radicand = part - whole
        if rule == "census":
            radicand = np.where(radicand < 0, part + whole, radicand)
        else:
            capped = part + share**2 * y_moe * (y_moe - 2 * x_moe)
            # The last digits of a difference of equal squares may fall below 0.
            radicand = np.where(y_moe > x_moe, np.maximum(capped, 0.0), np.maximum(radicand, 0.0))
        result = np.asarray(np.sqrt(radicand) / np.abs(y))
        edge = np.asarray((share >= 1 - _ROUNDING) | ((share == 0) & (x_moe == 0)))
    edge[edge] = (x_moe[edge] > 0) | (y_moe[edge] > 0)  # what was not sampled has no error
    if edge.any():
        rest_moe = given[0][edge] if given else np.full(int(edge.sum()), np.nan)
        result[edge] = _complement(result[edge], rest_moe, y[edge])
    return wrap(np.where(y == 0, np.nan, result))


def _complement(formula: Floats, rest_moe: Floats, y: Floats) -> Floats:
    """Margin of the rest as a share: the one that was given, else of a sample of that size."""
    asked = np.abs(y) * FIVE_YEAR_SAMPLE_PERCENT / 100
    supposed = np.where(np.abs(y) > 1, Z90**2 / (asked + Z90**2), formula)
    given: Floats = np.minimum(rest_moe / np.abs(y), 1.0)
    given = np.where(rest_moe == 0, formula, given)
    return np.where(np.isnan(rest_moe), supposed, given)


def moe_ratio(
    numerator: Numbers,
    numerator_moe: Numbers,
    denominator: Numbers,
    denominator_moe: Numbers,
) -> Answer:
    """Margin of a ratio X / Y where X is not part of Y.

    ``sqrt(MOE_X^2 + R^2 MOE_Y^2) / Y``. Missing where the denominator is 0.

    Parameters
    ----------
    numerator, numerator_moe
        Estimates above the line and their 90 % margins.
    denominator, denominator_moe
        Estimates of what is below it and their 90 % margins.

    Returns
    -------
    float, array, Series or DataFrame
        Margin in the unit of the ratio; missing where the denominator is 0 or anything is missing.

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
    >>> round(moe_ratio(226_840, 5_556, 203_119, 5_070), 3)
    0.039
    """
    (x, x_moe, y, y_moe), wrap, _ = unpack(
        numerator=numerator,
        numerator_moe=numerator_moe,
        denominator=denominator,
        denominator_moe=denominator_moe,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.sqrt(x_moe**2 + (x / y) ** 2 * y_moe**2) / np.abs(y)
    return wrap(np.where(y == 0, np.nan, result))


def moe_of_rate(
    numerator: Numbers,
    numerator_moe: Numbers,
    denominator: Numbers,
    denominator_moe: Numbers,
    *,
    zero_rule: bool = True,
) -> Rate:
    """Totals over a group of areas and the rate of the whole group, each with its margin.

    With ``R = sum X / sum Y`` and areas that do not covary, the margin of the rate is
    ``sqrt(sum(MOE_X^2 + R^2 MOE_Y^2 - 2 R C)) / sum Y``. The covariance of a part and its whole
    inside an area is that of the formula of a share, ``C = p MOE_Y^2``, and at most
    ``MOE_X MOE_Y``, so that there is no radicand below 0 and no fallback. It is exact where the
    numerator is the denominator times a share that has an error of its own (people without a
    link); for one area it is `moe_share` wherever that has no fallback.

    Two groups without a common area do not covary: their difference is that of `difference_test`.

    Parameters
    ----------
    numerator, numerator_moe
        One value an area: people or homes concerned, and the 90 % margins.
    denominator, denominator_moe
        One value an area: all of them, and the 90 % margins.
    zero_rule
        Of all areas with a numerator (denominator) of 0 only the largest margin enters, once; see
        `moe_sum`.

    Returns
    -------
    Rate
        Numbers. Totals are missing where any area has no value (leave out areas that are not
        known, and say so), margins where any has no margin; the rate where the total is 0.

    Raises
    ------
    InputError
        If there is no area, a margin is negative or the shapes differ.

    References
    ----------
    U.S. Census Bureau (2020). Understanding and Using American Community Survey Data: What All
    Data Users Need to Know, chapter 8.

    Examples
    --------
    >>> first = moe_of_rate([120, 80], [40, 30], [900, 700], [90, 80])
    >>> rest = moe_of_rate([60, 50, 0], [25, 20, 12], [800, 950, 400], [70, 90, 50])
    >>> round(first.numerator), round(first.numerator_moe), round(first.rate, 3)
    (200, 50, 0.125)
    >>> from equity.areas.moe import difference_test
    >>> test = difference_test(first.rate, first.moe, rest.rate, rest.moe)
    >>> round(test.difference, 3), round(test.moe, 3), test.is_different
    (0.074, 0.034, True)
    """
    (x, x_moe, y, y_moe), _, _ = unpack(
        numerator=numerator,
        numerator_moe=numerator_moe,
        denominator=denominator,
        denominator_moe=denominator_moe,
    )
    if x.ndim != 1 or not len(x):
        raise InputError("a rate of a group needs one value for each of its areas")
    if zero_rule:
        x_moe, y_moe = _largest_of_zeros(x, x_moe), _largest_of_zeros(y, y_moe)
    top, bottom = float(x.sum()), float(y.sum())
    rate = top / bottom if bottom else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(y == 0, 0.0, x / y)
    shared = np.minimum(part * y_moe**2, x_moe * y_moe)
    variance = (x_moe**2 + rate**2 * y_moe**2 - 2 * rate * shared).sum()
    moe = float(np.sqrt(np.maximum(variance, 0.0))) / abs(bottom) if bottom else np.nan
    spreads = [float(np.sqrt((margin**2).sum())) for margin in (x_moe, y_moe)]
    unknown = np.isnan([top, bottom])
    top_moe, bottom_moe = np.where(unknown, np.nan, spreads).tolist()
    return Rate(top, top_moe, bottom, bottom_moe, rate, moe)


def _largest_of_zeros(estimate: Floats, moe: Floats) -> Floats:
    """Margins in which of all areas with an estimate of 0 only the largest is left."""
    zero = np.flatnonzero(estimate == 0)
    result = moe.copy()
    if len(zero):
        result[zero] = 0.0
        result[zero[0]] = moe[zero].max()
    return result
