"""The arithmetic of moving counts and margins along weighted links."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from equity.areas._arrays import Floats

Flags = npt.NDArray[np.bool_]


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

    @classmethod
    def of(cls, matrix: Any) -> Links:
        """Make links of a sparse matrix, targets in its rows."""
        links = matrix.tocoo()
        n_target, n_source = matrix.shape
        return cls(links.col, links.row, links.data, n_source=n_source, n_target=n_target)

    @property
    def divides(self) -> bool:
        """True if any source goes to more than one target."""
        return bool(len(self.source)) and int(np.bincount(self.source).max()) > 1

    def touches(self, flags: Flags) -> Flags:
        """Targets that receive anything from a flagged source, as booleans, column by column."""
        return np.asarray(self.matrix @ flags.astype("float64")) > 0

    def counts(self, values: Floats) -> Floats:
        """Weighted sums; a target that receives a missing value is missing."""
        unknown = np.isnan(values)
        moved = np.asarray(self.matrix @ np.where(unknown, 0.0, values))
        if unknown.any():
            moved[self.touches(unknown)] = np.nan
        return moved

    def margins(
        self, values: Floats, margins: Floats, *, zero_rule: bool, joint: Flags | None = None
    ) -> Floats:
        """Margins of the weighted sums: ``sqrt((W^2) moe^2)``, with the zero-estimate rule.

        Sources flagged as `joint` may be parts of one area: their margins are added up as they
        are, which is the most that the margin of the sum can be.
        """
        unknown = np.isnan(margins) | np.isnan(values)
        known = np.where(unknown, 0.0, margins)
        alone = known if joint is None else np.where(joint[:, None], 0.0, known)
        zero = (values == 0) & zero_rule
        squared = self.matrix.copy()
        squared.data = squared.data**2
        counted = np.where(zero, 0.0, alone) if zero.any() else alone
        variance = np.asarray(squared @ counted**2)
        if zero.any():
            largest = np.zeros_like(variance)
            weighted = np.where(zero, alone, 0.0)[self.source] * self.weight[:, None]
            largest[self.present] = np.maximum.reduceat(weighted, self.starts, axis=0)
            variance = variance + largest**2
        if joint is not None:
            together = np.asarray(self.matrix @ np.where(joint[:, None], known, 0.0))
            variance = variance + together**2
        result: Floats = np.sqrt(variance)
        if unknown.any():
            result[self.touches(unknown)] = np.nan
        return result
