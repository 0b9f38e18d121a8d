"""The arithmetic of moving counts and margins along weighted links."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from equity.areas._arrays import Floats


class Links:
    """Sparse weights from sources (columns) to targets (rows)."""

    def __init__(
        self, source: Any, target: Any, weight: Floats, *, n_source: int, n_target: int
    ) -> None:
        order = np.argsort(target, kind="stable")
        self.source = np.asarray(source)[order]
        self.target = np.asarray(target)[order]
        self.weight = weight[order]
        self.n_target = n_target
        shape = (n_target, n_source)
        self.matrix = sparse.csr_array((self.weight, (self.target, self.source)), shape=shape)
        # Where each target's links begin; targets without links are not in it.
        self.present, self.starts = np.unique(self.target, return_index=True)

    def touches(self, flags: Any) -> Any:
        """Targets that receive anything from a flagged source, as booleans, column by column."""
        return (self.matrix @ flags.astype("float64")) > 0

    def counts(self, values: Floats) -> Any:
        """Weighted sums; a target that receives a missing value is missing."""
        unknown = np.isnan(values)
        moved = np.asarray(self.matrix @ np.where(unknown, 0.0, values))
        if unknown.any():
            moved[self.touches(unknown)] = np.nan
        return moved

    def margins(self, values: Floats, margins: Floats, *, zero_rule: bool) -> Any:
        """Margins of the weighted sums: ``sqrt((W^2) moe^2)``, with the zero-estimate rule."""
        unknown = np.isnan(margins) | np.isnan(values)
        known = np.where(unknown, 0.0, margins)
        zero = (values == 0) & zero_rule
        squared = self.matrix.copy()
        squared.data = squared.data**2
        variance = np.asarray(squared @ np.where(zero, 0.0, known) ** 2)
        if zero.any():
            largest = np.zeros_like(variance)
            weighted = np.where(zero, known, 0.0)[self.source] * self.weight[:, None]
            largest[self.present] = np.maximum.reduceat(weighted, self.starts, axis=0)
            variance = variance + largest**2
        result = np.sqrt(variance)
        if unknown.any():
            result[self.touches(unknown)] = np.nan
        return result
