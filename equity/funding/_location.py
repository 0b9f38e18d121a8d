"""The other questions of location: everybody reached, mean, worst and equally-distributed cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from equity.errors import EquityError, InputError
from equity.funding._milp import maximise
from equity.funding._pairs import Flags, Floats, Pairs
from equity.funding._problem import Solver
from equity.funding.ede import kolm_pollak_ede

__all__ = ["locate"]


def locate(
    pairs: Pairs, people: Floats, sites: int, *, solver: Solver, objective: str, limit: float,
    kappa: float, ids: pd.Index,
) -> tuple[Flags, float]:  # fmt: skip
    """Return the sites chosen and the value of the objective, recomputed from the choice."""
    counted = people > 0
    near = pairs.value <= limit if objective == "all" else np.ones(len(pairs.value), dtype=bool)
    _refuse_unreached(counted, pairs.area[near], ids, limited=objective == "all")
    if objective == "all":
        chosen = _fewest(pairs, counted, sites, limit, solver)
        return chosen, float(chosen.sum())
    if objective == "worst":
        return _worst(pairs, counted, sites, solver)
    if objective == "ede" and not kappa < 0:
        raise InputError(f"kappa is {kappa:g}", fix="give a number below 0: costs are a burden")
    weights = people / people.sum()
    # The EDE rises with the mean of exp(-kappa cost): the same sites are best for both.
    most = float(pairs.value.max(initial=0.0))
    price = np.exp(-kappa * (pairs.value - most)) if objective == "ede" else pairs.value
    chosen = _assigned(pairs, weights, price, sites, solver)
    nearest = pairs.nearest(chosen)
    if objective == "ede":
        return chosen, kolm_pollak_ede(nearest[counted], people[counted], kappa=kappa)
    return chosen, float((weights[counted] * nearest[counted]).sum())


def _refuse_unreached(
    counted: Flags, area: npt.NDArray[np.intp], ids: pd.Index, *, limited: bool
) -> None:
    """Refuse areas with people that nothing reaches."""
    lost = counted.copy()
    lost[area] = False
    if lost.any():
        longer = (
            "raise limit_min" if limited else "look for longer trips, travel_costs(max_minutes=)"
        )
        raise InputError(
            f"no candidate reaches {int(lost.sum()):,} of the areas with people",
            rows=ids[lost],
            fix=f"add candidates, {longer}, or leave the areas out: make their people missing",
        )


def _needed(counted: Flags) -> npt.NDArray[np.intp]:
    """Return the row of each area that must be reached."""
    row = np.full(len(counted), -1, dtype=np.intp)
    row[counted] = np.arange(counted.sum())
    return row


def _fewest(pairs: Pairs, counted: Flags, sites: int, limit: float, solver: Solver) -> Flags:
    near = (pairs.value <= limit) & counted[pairs.area]
    row = _needed(counted)
    count = int(counted.sum())
    ones = -np.ones(int(near.sum()))
    where = (row[pairs.area[near]], pairs.site[near])
    rows = sparse.csr_array(sparse.coo_array((ones, where), shape=(count, sites)))
    found = maximise(
        -np.ones(sites), rows, -np.ones(count), whole=np.ones(sites, dtype=bool),
        gap=solver.gap, seconds=solver.seconds,
    )  # fmt: skip
    chosen = _chosen(found.x, sites)
    _check(bool(np.isin(np.flatnonzero(counted), pairs.area[near & chosen[pairs.site]]).all()))
    return chosen


def _worst(pairs: Pairs, counted: Flags, sites: int, solver: Solver) -> tuple[Flags, float]:
    """Return sites of least largest cost, by halving among the costs that there are."""
    costs = np.unique(pairs.value)
    low, high, best = 0, len(costs) - 1, None
    while low <= high:
        middle = (low + high) // 2
        near = (pairs.value <= costs[middle]) & counted[pairs.area]
        chosen = None
        if np.isin(np.flatnonzero(counted), pairs.area[near]).all():
            chosen = _fewest(pairs, counted, sites, costs[middle], solver)
        if chosen is not None and chosen.sum() <= solver.budget:
            best, high = chosen, middle - 1
        else:
            low = middle + 1
    if best is None:
        raise InputError(
            f"{solver.budget:,.0f} sites cannot reach every area with people",
            fix="ask for more sites, or leave out the areas farthest off",
        )
    return best, float(pairs.nearest(best)[counted].max())


def _assigned(pairs: Pairs, weights: Floats, price: Floats, sites: int, solver: Solver) -> Flags:
    """Return sites of least mean price: every area is assigned to a chosen one."""
    counted = weights > 0
    used = counted[pairs.area]
    area, site, price = pairs.area[used], pairs.site[used], price[used]
    row = _needed(counted)
    areas, n = int(counted.sum()), len(area)
    order = np.arange(n)
    each = sparse.coo_array((np.ones(n), (row[area], sites + order)), shape=(areas, sites + n))
    tied = sparse.coo_array(
        (np.r_[np.ones(n), -np.ones(n)], (np.r_[order, order], np.r_[sites + order, site])),
        shape=(n, sites + n),
    )
    total = sparse.coo_array(
        (np.ones(sites), (np.zeros(sites, int), np.arange(sites))), shape=(1, sites + n)
    )
    rows = sparse.csr_array(sparse.vstack([each, tied, total]))
    whole = np.zeros(sites + n, dtype=bool)
    whole[:sites] = True
    found = maximise(
        np.r_[np.zeros(sites), -weights[area] * price],
        rows,
        np.r_[np.ones(areas), np.zeros(n), solver.budget],
        lower=np.r_[np.ones(areas), np.full(n, -np.inf), 0.0],
        whole=whole, gap=solver.gap, seconds=solver.seconds,
    )  # fmt: skip
    if not found.feasible:
        raise InputError(
            f"{solver.budget:,.0f} sites cannot reach every area with people",
            fix="ask for more sites, or look for longer trips",
        )
    chosen = _chosen(None if found.x is None else found.x[:sites], sites)
    reached = np.isin(np.flatnonzero(counted), pairs.area[chosen[pairs.site]]).all()
    _check(bool(chosen.sum() <= solver.budget and reached))
    return chosen


def _chosen(x: Floats | None, sites: int) -> Flags:
    if x is None:
        raise EquityError(
            "the solver found no choice in the time it had",
            fix="raise time_limit_s, or ask for reach",
        )
    return np.asarray(x[:sites] > 0.5)


def _check(holds: bool) -> None:  # noqa: FBT001 - what was counted anew
    if not holds:
        raise EquityError(
            "the solver's answer breaks a limit", fix="report it with the table", code="E-SOLVER"
        )
