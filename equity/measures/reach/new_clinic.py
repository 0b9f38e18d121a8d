"""What new sites would leave of the share beyond reach: one at an area's center, or any."""

from __future__ import annotations

from functools import partial
from typing import TypedDict

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach.beyond import beyond_reach
from equity.measures.reach.catchment import catchment
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import weighted
from equity.provenance import carry

__all__ = ["Asked", "beyond_reach_with_clinic", "beyond_reach_with_sites"]


class Asked(TypedDict, total=False):
    """How a share beyond reach was asked for, as :func:`beyond_reach_with_sites` has to know it."""

    limit_min: float | None
    sd: float | pd.Series | None
    points: pd.DataFrame | None
    benchmark_per_10k: float | None
    steps: _decay.Weights
    demand: Numbers | None


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
    capacity: pd.Series | None = None,
    limit_min: float | None = None,
    sd: float | pd.Series | None = None,
    points: pd.DataFrame | None = None,
    benchmark_per_10k: float | None = None,
    steps: _decay.Weights = "slow",
    demand: Numbers | None = None,
) -> pd.Series:
    """Return the share beyond reach once clinics are new or larger, as the table's own was made.

    Parameters
    ----------
    table
        By area id: ``beyond_reach_share``, and what it was made of: ``nearest_site_min``, or
        ``access_per_10k`` and ``population_n`` where `capacity` is given.
    costs
        Travel from the areas (or `points`) to the clinics concerned alone,
        :func:`equity.travel_costs`.
    capacity
        Full-time equivalents that each clinic gains, by its id: all of a new one's, and what a
        larger one has more than now.
    limit_min, sd, points
        By minutes: as :func:`equity.beyond_reach` was asked.
    benchmark_per_10k, steps, demand
        By capacity: as :func:`equity.beyond_reach` and :func:`equity.catchment` (``e2sfca``) were
        asked.

    Returns
    -------
    pandas.Series
        ``beyond_reach_share`` by area id; missing where `costs` do not say how an area travels.

    Raises
    ------
    InputError
        If the costs are not those of the areas, the clinics and their capacity differ, or the
        table's share does not follow from what it holds in the way that is said.

    Notes
    -----
    In a floating catchment the access of an area is the sum of what each site offers it, and what
    a site offers depends on no other site: what capacity adds can be added to the access there is.
    """
    if capacity is not None:
        ask = partial(beyond_reach, method="capacity", benchmark_per_10k=benchmark_per_10k)
        now = ask(table)["beyond_reach_share"]
        _refuse_other(table, now, "access_per_10k by this benchmark", "benchmark_per_10k")
        more = _with_capacity(table, costs, capacity, steps=steps, demand=demand)
        return ask(more)["beyond_reach_share"]
    where = table if points is None else points
    if costs.unit != "min" or not costs.origins.equals(where.index):
        raise InputError(
            "the costs must be minutes from the table's areas (or points), in their order",
            fix="travel_costs(areas, new_sites, max_minutes=60)",
            code="E-ALIGN",
        )
    ask = partial(beyond_reach, limit_min=limit_min, sd=sd)
    now = ask(table, points=points)["beyond_reach_share"]
    _refuse_other(
        table, now, "nearest_site_min by this limit and spread", "limit_min, sd and points="
    )
    minutes = where["nearest_site_min"].to_numpy(dtype=float, na_value=np.nan).copy()
    for block in costs.blocks():
        sizes = np.diff(block.indptr)
        nearest = np.full(len(sizes), np.inf)
        np.minimum.at(nearest, np.repeat(np.arange(len(sizes)), sizes), block.cost)
        here = slice(block.start, block.stop)
        minutes[here] = np.minimum(minutes[here], nearest)
    moved = where.assign(nearest_site_min=minutes)
    moved.attrs = dict(where.attrs)
    later = ask(moved) if points is None else ask(table, points=moved)
    return later["beyond_reach_share"]


def _with_capacity(
    table: pd.DataFrame,
    costs: TravelCosts,
    capacity: pd.Series,
    *,
    steps: _decay.Weights,
    demand: Numbers | None,
) -> pd.DataFrame:
    """Return the table with the access that clinics add."""
    if len(costs.sites.symmetric_difference(capacity.index)):
        raise InputError(
            "capacity is not that of the clinics that the costs lead to",
            rows=costs.sites.symmetric_difference(capacity.index).tolist(),
            fix="give each clinic that is new or larger what it gains, and costs to these alone",
            code="E-ALIGN",
        )
    strange = costs.origins.difference(table.index)
    if len(strange):
        raise InputError(
            "the costs lead from areas that the table does not have",
            rows=strange.tolist(),
            fix="travel_costs(areas, clinics, max_minutes=30)",
            code="E-ALIGN",
        )
    people = table["population_n"].fillna(0.0) if demand is None else demand
    if isinstance(people, pd.Series):
        people = people.reindex(costs.origins)
    added = catchment(costs, demand=people, supply=capacity, steps=steps)["access_per_10k"]
    access = table["access_per_10k"] + added.reindex(table.index)
    return carry(table.assign(access_per_10k=access), table)


def _refuse_other(table: pd.DataFrame, now: pd.Series, what: str, give: str) -> None:
    off = (now - table["beyond_reach_share"]).abs() > 1e-6
    if off.any():
        raise InputError(
            f"beyond_reach_share does not follow from {what}",
            rows=table.index[off],
            fix=f"give {give} of the study",
        )
