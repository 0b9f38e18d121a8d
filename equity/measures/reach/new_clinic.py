"""What one new site at an area's own center would leave of its shortfall."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import weighted
from equity.provenance import carry

__all__ = ["beyond_reach_with_clinic"]


def beyond_reach_with_clinic(
    table: pd.DataFrame,
    costs: TravelCosts,
    *,
    benchmark_per_10k: float,
    capacity: float = 1.0,
    steps: _decay.Weights = "slow",
    demand: Numbers | None = None,
) -> pd.Series:
    """Return each area's share beyond reach if one new site opened at its own center.

    Parameters
    ----------
    table
        By area id: ``access_per_10k`` as it is, from :func:`equity.catchment` with the same
        ``steps``.
    costs
        Travel from areas to areas, ``travel_costs(areas, areas, …)``: a new site in area ``j``
        is shared by the people of every area that reaches ``j``.
    benchmark_per_10k
        Access that leaves nobody beyond reach.
    capacity
        Capacity of the new site (full-time equivalents).
    steps
        As in :func:`equity.catchment`.
    demand
        People by area id; ``table["population_n"]`` if None.

    Returns
    -------
    Series
        ``beyond_reach_with_clinic_share``, 0 to 1, by the index of ``table``; missing where
        access is.

    Raises
    ------
    InputError
        If the costs are not from the table's areas to the same areas.
    """
    if not costs.origins.equals(table.index) or not costs.sites.equals(table.index):
        raise InputError(
            "the costs must lead from the table's areas to the same areas, in the same order",
            fix="travel_costs(areas, areas, max_minutes=30)",
            code="E-ALIGN",
        )
    benchmark = checked_number(benchmark_per_10k, "the benchmark", above=True)
    checked_number(capacity, "the new site's capacity", above=True)
    people = aligned(
        table["population_n"] if demand is None else demand,
        costs.origins,
        what="demand",
        of="areas",
    )
    decay = _decay.decay_of(steps, costs)
    around = np.zeros(len(people))
    own = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        around += f.T @ people[rows]
        own[rows] = f.diagonal(rows.start)
    gained = np.divide(own * capacity, around, out=np.zeros_like(own), where=around > 0) * 10_000.0
    access = table["access_per_10k"] + gained
    share = (1.0 - access / benchmark).clip(lower=0.0).rename("beyond_reach_with_clinic_share")
    return carry(share, table, costs.record)
