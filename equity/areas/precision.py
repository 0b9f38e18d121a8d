"""How precise an estimate is: standard error, coefficient of variation, classes by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from equity.areas._arrays import Answer, Numbers, unpack
from equity.errors import InputError

Z90 = 1.645
"""z of the published margins."""

Z_LEVELS = {90: Z90, 95: 1.96, 99: 2.576}
"""Confidence levels (%) and the z values the Census Bureau uses for them."""

RELIABILITY = {"esri": (12.0, 40.0, True), "15/30": (15.0, 30.0, False)}
"""Named classes: cut-offs of the coefficient of variation (%), and whether they are inclusive.

The Census Bureau publishes no such rule for tracts. "esri" is Esri's (<= 12 high, 12-40 medium,
> 40 low); "15/30" is the Housing Assistance Council's (< 15, 15-30, >= 30).
"""


def standard_error(moe: Numbers) -> Answer:
    """Turn a published (90 %) margin into its standard error: ``MOE / 1.645``."""
    (margin,), wrap, _ = unpack(moe=moe)
    return wrap(margin / Z90)


def rescale_moe(moe: Numbers, *, level: int) -> Answer:
    """Turn 90 % margins into margins at another level (90, 95 or 99 %)."""
    (margin,), wrap, _ = unpack(moe=moe)
    return wrap(margin * (z_of(level) / Z90))


def cv(estimate: Numbers, moe: Numbers) -> Answer:
    """Coefficient of variation in percent, ``100 SE / abs(estimate)``.

    Missing, never 0, where the estimate is 0.

    Examples
    --------
    >>> round(cv(2_557, 350), 3)
    8.321
    """
    (value, margin), wrap, _ = unpack(estimate=estimate, moe=moe)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = 100 * margin / Z90 / np.abs(value)
    return wrap(np.where(value == 0, np.nan, result))


def reliability(
    estimate: Numbers, moe: Numbers, *, scheme: str | tuple[float, float] = "esri"
) -> Answer:
    """Class each estimate by its coefficient of variation: high, medium, low or unknown.

    A CV misleads for shares near 0 or 1: read the margin in points there.

    Parameters
    ----------
    estimate, moe
        Estimates and 90 % margins.
    scheme
        A name in `RELIABILITY`, or two cut-offs in percent (inclusive).

    Returns
    -------
    str, array, Series or DataFrame
        In the shape of the estimates: ``high``, ``medium``, ``low`` or ``unknown``.

    Raises
    ------
    InputError
        If the scheme is unknown or its cut-offs do not rise.
    """
    if isinstance(scheme, str):
        if scheme not in RELIABILITY:
            known = ", ".join(sorted(RELIABILITY))
            raise InputError(f"no reliability scheme is called {scheme!r}", fix=f"use {known}")
        low, high, inclusive = RELIABILITY[scheme]
    else:
        (low, high), inclusive = scheme, True
    if not 0 < low < high:
        raise InputError("the cut-offs of a reliability scheme must rise from above 0")
    # A CV meant to be 12 must not become 12.000000000000002.
    variation = np.round(np.asarray(cv(estimate, moe)), 9)
    first = variation <= low if inclusive else variation < low
    second = variation <= high if inclusive else variation < high
    names: Any = np.where(first, "high", np.where(second, "medium", "low"))
    names = np.where(np.isnan(variation), "unknown", names)
    return unpack(estimate=estimate, moe=moe)[1](names)


def z_of(level: int) -> float:
    """Give the Census Bureau's z of a confidence level in percent."""
    if level not in Z_LEVELS:
        raise InputError(f"no z value for a level of {level} %", fix="use 90, 95 or 99")
    return Z_LEVELS[level]
