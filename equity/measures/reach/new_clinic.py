"""What new sites would leave of the share beyond reach: one at an area's center, or any."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach.beyond import beyond_reach
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import weighted
from equity.provenance import carry

__all__ = ["beyond_reach_with_clinic", "beyond_reach_with_sites"]


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


def beyond_reach_with_sites(
    table: pd.DataFrame,
    costs: TravelCosts,
    *,
    limit_min: float,
    sd: float | pd.Series | None = None,
) -> pd.Series:
    """Return the share beyond reach once new sites stand, by minutes of travel.

    Parameters
    ----------
    table
        By area id: ``nearest_site_min`` and ``beyond_reach_share``.
    costs
        Minutes from the areas to the new sites, :func:`equity.travel_costs`.
    limit_min, sd
        As ``beyond_reach_share`` was made with.

    Returns
    -------
    pandas.Series
        ``beyond_reach_share`` by area id, for ``beyond_reach_after`` of :func:`equity.scenario`.

    Raises
    ------
    InputError
        If the costs are not from these areas in minutes, or the share does not follow from the
        minutes by this limit and spread.
    """
    if costs.unit != "min" or not costs.origins.equals(table.index):
        raise InputError(
            "the costs must be minutes from the table's areas, in its order",
            fix="travel_costs(areas, new_sites, max_minutes=60)",
            code="E-ALIGN",
        )
    said = beyond_reach(table, limit_min=limit_min, sd=sd)["beyond_reach_share"]
    off = (said - table["beyond_reach_share"]).abs() > 1e-6
    if off.any():
        raise InputError(
            "beyond_reach_share does not follow from nearest_site_min by this limit and spread",
            rows=table.index[off],
            fix="give limit_min and sd of the study; a share over blocks is made anew with points=",
        )
    minutes = table["nearest_site_min"].to_numpy(dtype=float, na_value=np.nan).copy()
    for block in costs.blocks():
        sizes = np.diff(block.indptr)
        nearest = np.full(len(sizes), np.inf)
        np.minimum.at(nearest, np.repeat(np.arange(len(sizes)), sizes), block.cost)
        here = slice(block.start, block.stop)
        minutes[here] = np.minimum(minutes[here], nearest)
    moved = table.assign(nearest_site_min=minutes)
    moved.attrs = dict(table.attrs)
    return beyond_reach(moved, limit_min=limit_min, sd=sd)["beyond_reach_share"]
