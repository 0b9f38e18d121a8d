"""Medians rebuilt from grouped counts, since medians can be neither summed nor averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from equity.areas._arrays import Floats, Numbers, to_floats
from equity.areas.precision import Z90
from equity.errors import InputError

FIVE_YEAR_SAMPLE_PERCENT = 12.5
"""Share of the population sampled over five years of the ACS, in percent."""


class MedianBins(NamedTuple):
    """What a median is rebuilt from in `equity.roll_up`, `equity.crosswalk` and `service_area`.

    Attributes
    ----------
    columns
        Columns with the count in each bin.
    bins
        Lowest and highest value of each bin, rising, in the unit of the median.
    design_factor, sampling_percent
        See `grouped_median`; the Census Bureau publishes design factors by state and item.
    """

    columns: Sequence[str]
    bins: Sequence[tuple[float, float]]
    design_factor: float = 1.0
    sampling_percent: float = FIVE_YEAR_SAMPLE_PERCENT


class GroupedMedian(NamedTuple):
    """A median from bins, its approximate 90 % margin, the bounds behind it, and a status.

    `status` is ``ok``; ``open_interval`` (the median lies in the first or last bin: `median` is
    that bin's inner edge, a bound and not a number to rank); ``no_moe`` (only a bound of the
    interval lies there, or the sample is too small); ``no_population``; or ``unknown`` (a bin is
    missing). The margin is missing in all but the first.
    """

    median: Any
    moe: Any
    lower: Any
    upper: Any
    se_percent: Any
    n: Any
    status: Any


def grouped_median(
    counts: Numbers,
    bins: Sequence[tuple[float, float]],
    *,
    sampling_percent: float = FIVE_YEAR_SAMPLE_PERCENT,
    design_factor: float = 1.0,
    open_ends: bool = True,
) -> GroupedMedian | pd.DataFrame:
    """Median by linear interpolation in the bin that holds half the count.

    Parameters
    ----------
    counts
        Count in each bin: one dimension for one area, or one row an area (array or DataFrame).
    bins
        Lowest and highest value of each bin, rising, in the unit of the result.
    sampling_percent
        Share of the universe in the sample, in percent: 12.5 for 5-year data.
    design_factor
        Published design factor of the item; 1 means simple random sampling.
    open_ends
        Treat the first and the last bin as open-ended: a median there is only a bound.

    Returns
    -------
    GroupedMedian or DataFrame
        A DataFrame with the caller's index (and the fields as columns) for a DataFrame. The
        margin is approximate: published descriptions differ in its constant.

    Raises
    ------
    InputError
        If bins overlap, do not rise or do not match the counts, or a count is negative.

    References
    ----------
    California State Data Center (2016). Recalculating medians and their margins of error for
    aggregated ACS data.
    """
    values = to_floats(counts, "counts")
    table = np.atleast_2d(values)
    edges = _edges(bins, table.shape[-1])
    with np.errstate(invalid="ignore"):
        if (table < 0).any():
            raise InputError("a bin holds a count below 0", fix="decode annotation codes first")
    if not 0 < sampling_percent < 100 or design_factor <= 0:
        raise InputError("sampling_percent lies between 0 and 100, design_factor above 0")
    fields = _medians(table, edges, sampling_percent, design_factor, open_ends=open_ends)
    if isinstance(counts, pd.DataFrame):
        return pd.DataFrame(fields._asdict(), index=counts.index)
    if values.ndim == 1:
        return GroupedMedian._make(np.asarray(field).tolist()[0] for field in fields)
    return fields


def _edges(bins: Sequence[tuple[float, float]], count: int) -> Floats:
    edges = np.asarray(bins, dtype="float64")
    if not count:
        raise InputError("a median needs at least one bin")
    if edges.shape != (count, 2):
        raise InputError(f"{count} counts need {count} (low, high) bins, not {len(bins)}")
    if (edges[:, 0] >= edges[:, 1]).any() or (edges[1:, 0] < edges[:-1, 1]).any():
        raise InputError("bins must rise and must not overlap", fix="sort them and their counts")
    return edges


def _bin_of(target: Floats, cumulative: Floats) -> Any:
    """First bin whose cumulative range holds the target, which is at most the last sum."""
    return (cumulative < target[:, None]).sum(axis=1)


def _medians(
    counts: Floats, edges: Floats, sampling: float, factor: float, *, open_ends: bool
) -> GroupedMedian:
    total = counts.sum(axis=1)
    unknown = np.isnan(total)
    usable = ~unknown & (total > 0)
    safe = np.where(usable[:, None], counts, 1.0)
    cumulative = safe.cumsum(axis=1)
    n = cumulative[:, -1]
    below = cumulative - safe
    rows = np.arange(len(safe))

    middle = _bin_of(n / 2, cumulative)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = (n / 2 - below[rows, middle]) / safe[rows, middle]
    low, high = edges[middle, 0], edges[middle, 1]
    median = low + (high - low) * part

    se = factor * np.sqrt((100 - sampling) / (n * sampling) * 50**2) / 100
    # Bounds run to the start of the next bin, the median to the end of its own: the convention
    # of the published reference computation.
    ends = np.append(edges[1:, 0], edges[-1, 1])
    outside = (se >= 0.5) & usable
    bounds, at = [], [middle]
    for share in (np.clip(0.5 - se, 0, 1), np.clip(0.5 + se, 0, 1)):
        i = _bin_of(n * share, cumulative)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = (n * share - below[rows, i]) / safe[rows, i]
        bounds.append(edges[i, 0] + (ends[i] - edges[i, 0]) * np.nan_to_num(inside))
        at.append(i)
    lower, upper = bounds
    moe = Z90 * 0.5 * (upper - lower)

    last = edges.shape[0] - 1
    in_end = np.isin(np.stack(at), [0, last]) & open_ends
    median = np.where(in_end[0] & (middle == 0), edges[0, 1], median)
    median = np.where(in_end[0] & (middle == last), edges[last, 0], median)
    no_moe = in_end.any(axis=0) | outside
    status = np.where(in_end[0], "open_interval", np.where(no_moe, "no_moe", "ok")).astype(object)
    status[unknown] = "unknown"
    status[~unknown & ~usable] = "no_population"
    hide = ~usable
    blank = hide | no_moe
    return GroupedMedian(
        np.where(hide, np.nan, median),
        np.where(blank, np.nan, moe),
        np.where(hide, np.nan, lower),
        np.where(hide, np.nan, upper),
        np.where(hide, np.nan, se),
        np.where(unknown, np.nan, total),
        status,
    )
