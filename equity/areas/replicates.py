"""Variances from the Census Bureau's Variance Replicate Estimate tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.areas._arrays import Answer, Numbers, to_floats
from equity.areas.precision import Z90
from equity.errors import InputError


def replicate_variance(estimate: Numbers, replicates: Numbers) -> Answer:
    """Variance from successive-difference replicates: ``(4 / R) sum (X_r - X_0)^2``.

    Exact for any statistic computed alike on the estimate and on every replicate (a sum of
    cells, a ratio), where the Census Bureau publishes Variance Replicate Estimate tables.

    Parameters
    ----------
    estimate
        One number, or one for each area.
    replicates
        The replicate values; the last dimension (the columns) holds the replicates, 80 in the
        ACS.

    Returns
    -------
    float, array or Series
        In the square of the estimate's unit; missing where any value is.

    Raises
    ------
    InputError
        If there are fewer than two replicates, or the rows differ.

    References
    ----------
    Fay, R. and Train, G. (1995). Aspects of survey and model-based postcensal estimation of
    income and poverty characteristics for states and counties. Proceedings of the Section on
    Government Statistics, American Statistical Association, 154-159.
    """
    if isinstance(estimate, pd.Series) and isinstance(replicates, pd.DataFrame):
        missing = ~estimate.index.isin(replicates.index)
        if missing.any() or not replicates.index.is_unique:
            raise InputError(
                "the replicates do not have one row for each estimate",
                rows=list(estimate.index[missing]),
                count=int(missing.sum()),
            )
        replicates = replicates.loc[estimate.index]
    base = to_floats(estimate, "estimate")
    values = to_floats(replicates, "replicates")
    if values.ndim == 0 or values.shape[-1] < 2 or values.shape[:-1] != base.shape:
        raise InputError(
            f"replicates have shape {values.shape} for estimates of shape {base.shape}",
            fix="give one row of (80) replicates for each estimate",
        )
    squares = (values - base[..., None]) ** 2
    result = 4 / values.shape[-1] * squares.sum(axis=-1)
    if isinstance(estimate, pd.Series):
        return pd.Series(result, index=estimate.index)
    return float(result) if base.ndim == 0 else np.asarray(result)


def replicate_moe(estimate: Numbers, replicates: Numbers) -> Answer:
    """90 % margin from successive-difference replicates; see `replicate_variance`."""
    return Z90 * replicate_variance(estimate, replicates) ** 0.5
