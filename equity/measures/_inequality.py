"""How far the rates of groups lie apart, and the error of each measure by its gradient.

Rates ``y`` and shares of people ``p`` (which add up to 1) come group by group, in
order where the measure needs one; ``cov`` is the covariance of the errors of the rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from equity.measures._groups import Rates
from equity.measures.reach.places import Floats

Measure = Callable[[Floats, Floats], float]
_STEP = 1e-5


def mean(y: Floats, p: Floats) -> float:
    """Return the rate of everybody; of numpy's kind, over which nothing is undefined, no error."""
    return np.float64(p @ y)


def ridits(p: Floats) -> Floats:
    """Return where the middle of each group stands in the order of all people, from 0 to 1."""
    return np.asarray(np.cumsum(p) - p / 2)


def variance(y: Floats, p: Floats) -> float:
    """Return the between-group variance as observed, noise included."""
    return float(p @ (y - mean(y, p)) ** 2)


def noise(p: Floats, cov: Floats) -> float:
    """Return what errors alone add to the between-group variance: ``sum p (1 - p) SE^2``."""
    return float(np.trace(_centering(p) @ cov))


def variance_error(y: Floats, p: Floats, cov: Floats) -> float:
    """Return the standard error of the between-group variance, exact for normal errors."""
    form = _centering(p)
    moved, mixed = form @ y, form @ cov
    return float(np.sqrt(4 * moved @ cov @ moved + 2 * np.trace(mixed @ mixed)))


def _centering(p: Floats) -> Floats:
    return np.asarray(np.diag(p) - np.outer(p, p))


def theil(y: Floats, p: Floats) -> float:
    """Theil's T; a rate of 0 adds nothing."""
    r = y / mean(y, p)
    return float(p @ (r * np.log(np.where(r > 0, r, 1.0))))


def mean_log_deviation(y: Floats, p: Floats) -> float:
    """Mean log deviation; not defined where a rate is 0."""
    return float(-p @ np.log(y / mean(y, p)))


def atkinson(aversion: float) -> Measure:
    """Atkinson's index for one aversion to inequality; from 1 on not defined at a rate of 0."""

    def index(y: Floats, p: Floats) -> float:
        if aversion >= 1 and not (y > 0).all():
            return np.nan
        if aversion == 1:
            return float(1 - np.exp(p @ np.log(y)) / mean(y, p))
        power = 1 - aversion
        return float(1 - (p @ y**power) ** (1 / power) / mean(y, p))

    return index


def gini(y: Floats, p: Floats) -> float:
    """Gini: the concentration index of groups in the order of their own rates."""
    order = np.argsort(y, kind="stable")
    return concentration(y[order], p[order])


def concentration(y: Floats, p: Floats) -> float:
    """Concentration index, below 0 where the first groups have more than their part."""
    return float(2 * (p * y) @ ridits(p) / mean(y, p) - 1)


def concentration_absolute(y: Floats, p: Floats) -> float:
    """Concentration index times the mean."""
    return float(2 * (p * y) @ ridits(p) - mean(y, p))


def erreygers(low: float, high: float) -> Measure:
    """Erreygers' index of an outcome from ``low`` to ``high``."""
    return lambda y, p: 4 * concentration_absolute(y, p) / (high - low)


def wagstaff(low: float, high: float) -> Measure:
    """Wagstaff's index of an outcome from ``low`` to ``high``."""

    def index(y: Floats, p: Floats) -> float:
        middle = mean(y, p)
        return concentration_absolute(y, p) * (high - low) / ((high - middle) * (middle - low))

    return index


def slope(y: Floats, p: Floats) -> float:
    """Slope index of inequality: the weighted least-squares line, from first to last."""
    off = ridits(p) - p @ ridits(p)
    return float((p * off) @ y / ((p * off) @ off))


def relative_slope(y: Floats, p: Floats) -> float:
    """Relative index of inequality: the slope over the mean."""
    return slope(y, p) / mean(y, p)


def kunst_mackenbach(y: Floats, p: Floats) -> float:
    """Relative index of inequality as the line's end over its start."""
    rise, middle = slope(y, p), mean(y, p)
    return (middle + rise / 2) / (middle - rise / 2)


def attributable(reference: int, sign: int) -> Measure:
    """How much worse everybody's rate is than the reference group's."""
    return lambda y, p: sign * (mean(y, p) - float(y[reference]))


def attributable_fraction(reference: int, sign: int) -> Measure:
    """Return the same as a part of everybody's rate."""
    return lambda y, p: sign * (1 - float(y[reference]) / mean(y, p))


def disparity_from(reference: int) -> Measure:
    """Index of disparity by Pearcy and Keppel: mean distance from the reference, over it."""
    return lambda y, p: float(np.abs(y - y[reference]).sum() / (len(p) - 1) / y[reference])


def disparity_from_mean(y: Floats, p: Floats) -> float:
    """Index of disparity as the WHO writes it: mean distance from the mean, over it."""
    return float(np.abs(y - mean(y, p)).mean() / mean(y, p))


def error_of(measure: Measure, y: Floats, p: Floats, cov: Floats) -> float:
    """Return the standard error of a measure to first order, shares of people as they are."""
    step = np.float64(_STEP * np.abs(y).max())
    at = np.eye(len(y)) * step
    gradient = np.array([(measure(y + h, p) - measure(y - h, p)) / (2 * step) for h in at])
    return float(np.sqrt(max(gradient @ cov @ gradient, 0.0)))


def measures_of(
    rates: Rates | None, ends: tuple[float, float], *, ordered: bool, at: int | None, sign: int
) -> pd.DataFrame:
    """Return every measure that applies: kind, value, standard error and status.

    Parameters
    ----------
    rates
        The groups; None where they may overlap.
    ends
        Least and greatest value of a rate.
    ordered
        The groups stand in an order.
    at
        Place of the reference among them.
    sign
        1 where a higher rate is worse, else -1.
    """
    columns = ["kind", "value", "se", "status"]
    if rates is None:
        return pd.DataFrame(columns=columns, index=pd.Index([], name="measure"))
    there = rates.people > 0
    y, cov = rates.rate[there], rates.cov[np.ix_(there, there)]
    p = rates.people[there] / rates.people.sum()
    at = None if at is None or not there[at] else int(there[:at].sum())
    rows = {
        "variance_observed": ("absolute", variance(y, p), variance_error(y, p, cov)),
        "variance_noise": ("absolute", noise(p, cov), np.nan),
        "variance_less_noise": (
            "absolute",
            variance(y, p) - noise(p, cov),
            variance_error(y, p, cov),
        ),
    }
    for name, kind, measure in _asked(ends, ordered=ordered, at=at, sign=sign):
        rows[name] = (kind, *_measured(measure, y, p, cov))
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=columns[:3])
    known = bool(np.isfinite(cov).all())
    # Noise is what margins tell: without them there is none to subtract.
    rests_on_margins = frame.index.isin(["variance_noise", "variance_less_noise"])
    equal = np.ptp(y) <= 1e-12 * np.abs(y).max()
    frame["status"] = np.select(
        [frame["value"].isna() & ~rests_on_margins, not known, equal],
        ["not_computable", "no_moe", "all_equal"],
        default="ok",
    )
    return frame.rename_axis("measure")


def _asked(
    ends: tuple[float, float], *, ordered: bool, at: int | None, sign: int
) -> Iterator[tuple[str, str, Measure]]:
    yield "theil", "relative", theil
    yield "mean_log_deviation", "relative", mean_log_deviation
    yield "gini", "relative", gini
    for aversion, name in ((0.5, "atkinson_0_5"), (1, "atkinson_1"), (2, "atkinson_2")):
        yield name, "relative", atkinson(aversion)
    yield "disparity_from_mean", "relative", disparity_from_mean
    if at is not None:
        yield "attributable_rate", "absolute", attributable(at, sign)
        yield "attributable_fraction", "relative", attributable_fraction(at, sign)
        yield "disparity_from_reference", "relative", disparity_from(at)
    if ordered:
        yield "concentration_absolute", "absolute", concentration_absolute
        yield "concentration", "relative", concentration
        if np.isfinite(ends).all():
            yield "erreygers", "absolute", erreygers(*ends)
            yield "wagstaff", "relative", wagstaff(*ends)
        yield "slope", "absolute", slope
        yield "slope_over_mean", "relative", relative_slope
        yield "slope_end_over_start", "relative", kunst_mackenbach


def _measured(measure: Measure, y: Floats, p: Floats, cov: Floats) -> tuple[float, float]:
    """Return a measure and its standard error; missing where it is not defined."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, error = measure(y, p), error_of(measure, y, p, cov)
    if not np.isfinite(value):
        return np.nan, np.nan
    return value, error if np.isfinite(error) else np.nan
