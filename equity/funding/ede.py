"""The equally-distributed equivalent of a burden or a good (Kolm-Pollak)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from equity.errors import InputError

__all__ = ["kolm_pollak_ede"]


def kolm_pollak_ede(
    values: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    kappa: float | None = None,
    epsilon: float | None = None,
) -> float:
    """Return what, were it the same for all, would be as good as these values.

    Parameters
    ----------
    values
        A burden (minutes, a share without) or a good, one for each area.
    weights
        People; 1 each if None.
    kappa
        Aversion to inequality, in one over the unit of the values: below 0 for burdens, above 0
        for goods.
    epsilon
        Instead: ``kappa = epsilon x sum p z / sum p z²``, which has no unit.

    Returns
    -------
    float
        ``-1/kappa ln sum p exp(-kappa z)``: for burdens at least the mean, for goods at most.

    Raises
    ------
    InputError
        If not exactly one of ``kappa`` and ``epsilon`` is given, or it is 0; for weights that are
        negative or all 0.

    Examples
    --------
    >>> [round(kolm_pollak_ede([1, 2, 3], kappa=kappa), 7) for kappa in (-1, 1)]
    [2.3089937, 1.6910063]
    """
    z = np.asarray(values, dtype=float)
    p = np.ones_like(z) if weights is None else np.asarray(weights, dtype=float)
    if not np.isfinite(z).all() or not (p >= 0).all() or not p.sum() > 0:
        raise InputError("values must be known, weights 0 or more and not all 0")
    if (kappa is None) == (epsilon is None):
        raise InputError("one of kappa and epsilon is needed", fix="give kappa=-1 for burdens")
    p = p / p.sum()
    if kappa is None:
        square = float((p * z**2).sum())
        kappa = float(epsilon or 0.0) * float((p * z).sum()) / square if square else 0.0
    if kappa == 0:
        raise InputError("kappa is 0, which is the mean", fix="give a number below or above 0")
    most = float((-kappa * z).max())
    return -(most + float(np.log((p * np.exp(-kappa * z - most)).sum()))) / kappa
