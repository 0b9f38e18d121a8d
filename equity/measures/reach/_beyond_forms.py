"""The two formulas of being beyond reach, and the checks that every form of it shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from equity.errors import MissingColumnError
from equity.language import said
from equity.measures.checks import aligned, checked_column, checked_number
from equity.measures.reach._speeds import TravelEstimate
from equity.measures.reach.catchment import NO_RATIO
from equity.measures.reach.costs import at_most
from equity.measures.reach.places import Floats

ACCESS = "access_per_10k"


@dataclass(frozen=True)
class Found:
    """Shares by row, the rows that lack minutes, and how the shares were made."""

    share: Floats
    missing: NDArray[np.bool_]
    note: str


def travel_limit(limit_min: float | None) -> float:
    """Return a travel limit in minutes, above 0."""
    return checked_number(limit_min, "the travel limit in minutes", above=True)


def number_column(table: pd.DataFrame, name: str, most: float) -> Floats:
    """Return a column as numbers from 0 to ``most``; NaN where it is unknown."""
    if name not in table.columns:
        other = next((c for c in NO_RATIO.values() if c in table.columns), None)
        said = f", and {other} is no capacity per person" if other and name == ACCESS else ""
        raise MissingColumnError(
            f"the table lacks {name}{said}",
            fix="make it with catchment(…, method='e2sfca')" if name == ACCESS else None,
        )
    return checked_column(table, name, most)


def lognormal(minutes: Floats, limit: float, sd: Floats) -> Floats:
    """Return Phi((ln t - ln limit) / sd); the step where sd is 0; missing where t is."""
    step = (minutes > at_most(limit)).astype(np.float64)
    with np.errstate(divide="ignore"):
        away = np.log(minutes) - np.log(limit)
    z = np.divide(away, sd, out=np.zeros_like(away), where=sd > 0)
    share: Floats = np.where(sd > 0, ndtr(z), step)
    return np.where(np.isnan(minutes), np.nan, share)


def spread_of(sd: float | pd.Series | None, index: pd.Index, known: TravelEstimate) -> Floats:
    """Return the spread by row: as given, else what is known of the minutes."""
    if sd is None:
        return np.full(len(index), known.sd)
    if isinstance(sd, pd.Series):
        return aligned(sd, index, what="the spread (sd)", of="areas", positive=False)
    return np.full(len(index), checked_number(sd, "the spread of travel minutes (sd)"))


def spread_text(spread: Floats) -> str:
    """Return the spread in words."""
    low, high = (float(spread.min()), float(spread.max())) if len(spread) else (0.0, 0.0)
    if low == high:
        return said("spread {low}", low=f"{low:.2g}")
    return said("spread {low} to {high} by area", low=f"{low:.2g}", high=f"{high:.2g}")


def by_access(access: Floats, benchmark_per_10k: float | None) -> Found:
    """Return how far access falls short of a benchmark."""
    enough = checked_number(benchmark_per_10k, "the benchmark per 10,000", above=True)
    share = np.maximum(0.0, 1.0 - access / enough)
    note = said(
        "Beyond reach: 1 - access / {n} clinicians per 10,000 residents, at least 0",
        n=f"{enough:.4g}",
    )
    return Found(share, np.zeros(len(share), dtype=bool), note)
