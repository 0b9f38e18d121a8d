"""Capacity within reach, as it is: cumulative, by gravity, and beside the people who share it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned
from equity.measures.reach import decay as _decay
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.decay import Decay, Weights
from equity.measures.reach.floating import ratios, weighted
from equity.measures.reach.places import Floats

__all__ = ["capacity_in_reach"]


def capacity_in_reach(
    costs: TravelCosts,
    *,
    supply: Numbers,
    steps: Weights | None = None,
    demand: Numbers | None = None,
    between: TravelCosts | None = None,
) -> pd.DataFrame:
    """Return the capacity within reach of each area, and its ratio to the people within reach.

    Parameters
    ----------
    costs
        Travel from people to sites, from :func:`equity.travel_costs`.
    supply
        Capacity by site id, or one number for all (1 counts sites).
    steps
        How a site counts: None counts all within the costs' limit alike (cumulative); a decay
        such as :func:`equity.measures.reach.decay.exponential` gives a gravity potential; or what
        else :data:`equity.measures.reach.decay.Weights` may be.
    demand, between
        For the ratio: people by area id, and travel from areas to areas
        (``travel_costs(areas, areas, …)``), by which they count with the same weights.

    Returns
    -------
    DataFrame
        By area id: ``capacity_in_reach_n`` (weighted capacity), ``capacity_in_reach_per_10k``
        (that per 10,000 people in reach, where these are given) and ``access_status``: ``ok``,
        ``no_supply_in_reach`` (0), ``no_population`` (nobody in reach: no ratio) or
        ``not_covered`` (missing).

    Raises
    ------
    InputError
        For ids that do not match, all capacity zero, costs that end before the weights do, one
        of ``demand`` and ``between`` without the other, or ``between`` in another unit or, where
        the weights never end, up to another limit than ``costs``.

    Notes
    -----
    Nobody competes for the capacity here: whoever is in reach of it counts all of it. A catchment
    (:func:`equity.catchment`) shares it out. Ratios of a fixed catchment around each area equal
    ``fca_ratio`` of pysal ``access``, sums its ``weighted_catchment``.

    Examples
    --------
    >>> from equity.measures.reach.travel import travel_costs
    >>> table = pd.DataFrame({"home": ["a", "b"], "clinic": ["x", "x"], "min": [5, 25]})
    >>> homes = pd.DataFrame(index=["a", "b"])
    >>> costs = travel_costs(
    ...     homes, pd.DataFrame(index=["x"]), table=table,
    ...     origin="home", destination="clinic", cost="min", unit="min")
    >>> capacity_in_reach(costs, supply=4.0, steps={10: 1.0, 30: 0.5})["capacity_in_reach_n"]
    a    4.0
    b    2.0
    Name: capacity_in_reach_n, dtype: float64
    """
    capacity = aligned(supply, costs.sites, what="capacity", of="sites")
    reached = _within(costs, capacity, _weights(costs, steps))
    result = pd.DataFrame(
        {"capacity_in_reach_n": np.where(costs.listed, reached, np.nan)}, index=costs.origins
    )
    status = np.select(
        [~costs.listed, reached == 0], ["not_covered", "no_supply_in_reach"], default="ok"
    )
    if (demand is None) != (between is None):
        raise InputError(
            "a ratio needs the people and the travel between their areas, and one is missing",
            fix="give demand= and between=travel_costs(areas, areas, …), or neither",
        )
    if between is not None and demand is not None:
        if not (between.origins.equals(costs.origins) and between.sites.equals(costs.origins)):
            raise InputError(
                "between must lead from the areas of the costs to the same areas, in their order",
                fix="between=travel_costs(areas, areas, …)",
                code="E-ALIGN",
            )
        decay = _weights(between, steps)
        _check_alike(costs, between, ends=steps is not None and decay.reach is not None)
        people = _within(between, aligned(demand, costs.origins, what="demand", of="areas"), decay)
        known = costs.listed & between.listed & (people > 0)
        result["capacity_in_reach_per_10k"] = np.where(
            known, ratios(reached, people) * 10_000.0, np.nan
        )
        status = np.where((status != "not_covered") & ~known, "no_population", status)
    result["access_status"] = status
    notes = [f"Capacity in reach: {'all within the limit' if steps is None else 'weighted'}"]
    costs.stamp(result, pd.DataFrame(), supply, demand, notes=[costs.note, *notes])
    return result


def _weights(costs: TravelCosts, steps: Weights | None) -> Decay:
    if steps is None and costs.unit != "weight":
        return _decay.uniform(np.inf if costs.limit is None else costs.limit)
    return _decay.decay_of("slow" if steps is None else steps, costs)


def _check_alike(costs: TravelCosts, between: TravelCosts, *, ends: bool) -> None:
    """Refuse people who would be counted by another measure of reach than capacity is."""
    if between.unit != costs.unit:
        raise InputError(
            f"the costs are in {costs.unit}, and between is in {between.unit}",
            fix="make both in the same unit",
            code="E-UNIT",
        )
    if not ends and between.limit != costs.limit:
        limits = [
            "without a limit" if one.limit is None else f"up to {one.limit:g} {one.unit}"
            for one in (costs, between)
        ]
        raise InputError(
            f"the costs go {limits[0]}, and between goes {limits[1]}",
            fix="make both with the same limit (max_minutes= or radius_km=)",
            code="E-REACH",
        )


def _within(costs: TravelCosts, amounts: Floats, decay: Decay) -> Floats:
    """Return what is within reach of each origin, by weight."""
    total = np.zeros(len(costs.origins))
    for rows, f in weighted(costs, decay):
        total[rows] = f @ amounts
    return total
