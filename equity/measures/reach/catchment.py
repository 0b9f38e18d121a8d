"""In-person access by floating catchments, with the places that reach nothing kept in.

Access is 0 with the status ``no_supply_in_reach`` where nothing is in reach, and capacity that
nobody can reach is reported as stranded: neither is ever missing or infinite. Whatever the
connectivity, two-step access is zero-sum (people times access adds up to the capacity reached),
so it shows who is worse off, never how much care there is.

Results equal those of pysal ``access`` 1.1.10 to rounding wherever both have one, RAAM included.
They differ on purpose where it has none: it returns a missing value for an area that reaches
nothing and infinity beside a site whose catchment holds nobody, and its 3SFCA lets sites beyond
``max_cost`` into the selection weights.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.language import said, together
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach import floating as _floating
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.decay import STEPS, Decay, Weights
from equity.measures.reach.places import Floats

__all__ = ["METHODS", "NO_RATIO", "STEPS", "Balance", "Catchment", "catchment", "solve_catchment"]

METHODS = ("2sfca", "e2sfca", "gaussian", "gravity", "3sfca", "m2sfca", "bfca", "i2sfca", "raam")
"""Names of the methods.

``bfca``, ``i2sfca`` and ``raam`` conserve people, ``m2sfca`` nothing, the others capacity.
"""

NO_RATIO = MappingProxyType(
    {
        "bfca": "level_of_service_per_10k",
        "i2sfca": "crowding_n",
        "raam": "travel_congestion_cost",
    }
)
"""Methods whose result is no capacity per person, and the column that they return instead."""

_KEEP_DEMAND = ("bfca", "i2sfca", "raam")
_NO_STEPS = ("2sfca", "gaussian", "gravity", "raam")
_PER = 10_000.0

_log = logging.getLogger("equity.measures.reach.catchment")


@dataclass(frozen=True)
class Balance:
    """What was to be had, what was handed out, and what nobody could reach.

    Attributes
    ----------
    supply, reached, stranded
        Capacity in all, at sites that somebody reaches, and at the others.
    handed_out
        Sum over areas of people times access (NaN for methods without a ratio).
    demand, demand_in_reach, allocated
        People in all, where some capacity is in reach, and sent to sites.
    conserves
        What the method promises to keep: ``"supply"``, ``"demand"`` or ``"nothing"``.
    """

    supply: float
    reached: float
    stranded: float
    handed_out: float
    demand: float
    demand_in_reach: float
    allocated: float
    conserves: str

    @property
    def leak(self) -> float:
        """What is handed out (or sent to sites) beyond, or if negative short of, what there is."""
        if self.conserves == "demand":
            return self.allocated - self.demand_in_reach
        return self.handed_out - self.reached

    @property
    def holds(self) -> bool:
        """Whether what the method promises to keep is kept, to one part in a thousand million."""
        whole = self.demand_in_reach if self.conserves == "demand" else self.reached
        return abs(self.leak) <= 1e-9 * max(whole, 1.0)

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> str:
        """Whether it holds, as a sentence."""
        # No residue of rounding in the text: it would differ from machine to machine.
        verdict = [
            said("exact") if self.holds else said("difference {leak}", leak=f"{self.leak:+,.6g}")
        ]
        if self.conserves == "nothing":
            verdict.append(said("this method does not conserve supply"))
        values = {
            "verdict": together(verdict),
            "stranded": f"{self.stranded:,.6g}",
            "supply": f"{self.supply:,.6g}",
        }
        if self.conserves == "demand":
            return said(
                "Conservation: {people} people at sites of {all} in reach ({verdict}); stranded "
                "{stranded} of {supply}",
                people=f"{self.allocated:,.6g}",
                all=f"{self.demand_in_reach:,.6g}",
                **values,
            )
        return said(
            "Conservation: people x access = {n} of {all} capacity reached ({verdict}); stranded "
            "{stranded} of {supply}",
            n=f"{self.handed_out:,.6g}",
            all=f"{self.reached:,.6g}",
            **values,
        )


@dataclass(frozen=True, repr=False)
class Catchment:
    """A solved catchment: the people's side, the providers' side and the conservation check.

    Attributes
    ----------
    areas
        By area id; what :func:`catchment` returns.
    sites
        By site id: ``capacity_n``, ``demand_in_reach_n`` (weighted people), ``ratio_per_10k``,
        ``crowding_n`` (weighted people per unit of capacity), ``stranded_capacity_n`` and
        ``site_status`` (``ok``, ``stranded``, ``no_capacity``).
    balance
        The conservation check.
    """

    areas: pd.DataFrame
    sites: pd.DataFrame
    balance: Balance

    def __repr__(self) -> str:
        counts = self.areas["access_status"].value_counts()
        status = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        return f"{len(self.areas):,} areas ({status}), {len(self.sites):,} sites\n{self.balance}"


def catchment(
    costs: TravelCosts,
    *,
    demand: Numbers,
    supply: Numbers,
    method: str = "e2sfca",
    steps: Weights = "slow",
    reach: float | None = None,
    exponent: float = 1.5,
    floor: float = 1.0,
    tau: float = 60.0,
) -> pd.DataFrame:
    """Return in-person access of every area; see :func:`solve_catchment` for both sides of it.

    Parameters
    ----------
    costs
        Travel from people to sites, from :func:`equity.travel_costs`.
    demand
        People by area id: a Series, or one number for all.
    supply
        Capacity by site id (clinicians in full-time equivalents, say): a Series, or one number
        for all (1 counts sites).
    method
        ``2sfca`` (sites within ``reach`` count the same), ``e2sfca`` (weights fall by ``steps``),
        ``gaussian`` (a bell that ends at ``reach``), ``gravity`` (``cost ** -exponent``),
        ``3sfca`` (people choose among sites), ``m2sfca`` (a badly placed site serves fewer),
        ``bfca`` (nobody counted twice), ``i2sfca`` (crowding) or ``raam`` (travel and congestion
        balanced by rational patients; lower is better).
    steps
        Name in :data:`STEPS`, or limits and weights in the costs' unit, for ``e2sfca``,
        ``3sfca``, ``m2sfca``, ``bfca`` and ``i2sfca``; a decay (:func:`~.decay.exponential`,
        :func:`~.decay.linear` …) or a function of the cost does as well. Costs that are weights
        themselves take none, and neither do the other methods.
    reach
        Limit in the costs' unit for ``2sfca`` and ``gaussian``, inclusive; the costs' own if None.
    exponent, floor
        Of ``gravity``; costs below ``floor`` (in the costs' unit) count as ``floor``.
    tau
        For ``raam``: the cost of travel that weighs as much as average congestion.

    Returns
    -------
    DataFrame
        By area id: ``access_per_10k`` (capacity per 10,000 people) or, for the methods of
        :data:`NO_RATIO`, ``crowding_n`` (people per unit of capacity), ``travel_congestion_cost``
        (without unit) or ``level_of_service_per_10k`` (what an area gets of the sites' ratios per
        10,000: over all areas it adds up to those ratios, people times it is no capacity, and an
        area cut in two parts it between them), and ``access_status``: ``ok``,
        ``no_supply_in_reach`` (access is 0; ``raam`` and ``i2sfca`` have no value),
        ``no_population`` (the access somebody there would have) or ``not_covered`` (the travel
        table does not say: missing).

    Raises
    ------
    InputError
        For nobody to serve, all capacity zero, a missing, negative or infinite number, ids that
        do not match the costs, an unknown method or unit, or costs that end before the weights
        do.

    References
    ----------
    2SFCA: Luo & Wang 2003, Environment and Planning B 30(6), 865-884, doi:10.1068/b29120.
    E2SFCA: Luo & Qi 2009, Health & Place 15(4), 1100-1107, doi:10.1016/j.healthplace.2009.06.002.
    Gaussian: Dai 2010, Health & Place 16, 1038-1052, doi:10.1016/j.healthplace.2010.06.012.
    3SFCA: Wan, Zou & Sternberg 2012, IJGIS 26(6), 1073-1089, doi:10.1080/13658816.2011.624987.
    M2SFCA: Delamater 2013, Health & Place 24, 30-43, doi:10.1016/j.healthplace.2013.07.012.
    BFCA: Paez, Higgins & Vivona 2019, PLoS ONE 14(6) e0218773, doi:10.1371/journal.pone.0218773.
    RAAM: Saxon & Snow 2020, Annals of the AAG, doi:10.1080/24694452.2019.1629870.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.measures.reach.travel import travel_costs
    >>> table = pd.DataFrame({"home": ["a", "b"], "clinic": ["x", "x"], "min": [5, 25]})
    >>> people = pd.Series({"a": 1000.0, "b": 2000.0})
    >>> costs = travel_costs(
    ...     people.to_frame("n"), pd.DataFrame(index=["x"]), table=table,
    ...     origin="home", destination="clinic", cost="min", unit="min")
    >>> catchment(costs, demand=people, supply=1.0)["access_per_10k"].round(2).tolist()
    [6.94, 1.53]
    """
    return solve_catchment(
        costs,
        demand=demand,
        supply=supply,
        method=method,
        steps=steps,
        reach=reach,
        exponent=exponent,
        floor=floor,
        tau=tau,
    ).areas


def solve_catchment(
    costs: TravelCosts,
    *,
    demand: Numbers,
    supply: Numbers,
    method: str = "e2sfca",
    steps: Weights = "slow",
    reach: float | None = None,
    exponent: float = 1.5,
    floor: float = 1.0,
    tau: float = 60.0,
) -> Catchment:
    """Return a catchment from both sides, with its conservation check.

    Parameters
    ----------
    costs, demand, supply, method, steps, reach, exponent, floor, tau
        As for :func:`catchment`.

    Returns
    -------
    Catchment
        ``areas`` (what :func:`catchment` returns), ``sites`` (load of each site) and ``balance``
        (people and capacity that meet, and that do not).

    Raises
    ------
    InputError
        As for :func:`catchment`.
    """
    if method not in METHODS:
        raise InputError(f"no method {method!r}", fix=f"use one of {', '.join(METHODS)}")
    if method in _NO_STEPS and steps != "slow":
        raise InputError(
            f"{method} has a curve of its own, and steps are given",
            fix='leave steps out, or use method="e2sfca"',
        )
    people = aligned(demand, costs.origins, what="demand", of="areas")
    capacity = aligned(supply, costs.sites, what="capacity", of="sites")
    # An area whose travel is unknown takes part in neither step.
    used = np.where(costs.listed, people, 0.0)
    if method == "raam":
        from equity.measures.reach._raam import solve_raam

        _decay.refuse_weights(costs)
        solution = solve_raam(costs, used, capacity, tau=tau)
        rule = f"tau {tau:g} {costs.unit}"
    else:
        decay = _decay_for(method, costs, steps=steps, reach=reach, exponent=exponent, floor=floor)
        solution = _solve(method, costs, decay, used, capacity)
        rule = decay.name
    areas = _areas_side(costs, method, people, solution)
    sites = _sites_side(costs, method, capacity, solution)
    balance = _balance(method, used, people, capacity, solution)
    _log.info("%s: %s", method, balance)
    notes = [
        said("Access: {method}, weights {rule}", method=method, rule=rule),
        balance.sentence,
    ]
    costs.stamp(areas, sites, demand, supply, notes=[costs.note, *notes] if costs.note else notes)
    return Catchment(areas, sites, balance)


def _decay_for(
    method: str,
    costs: TravelCosts,
    *,
    steps: Weights,
    reach: float | None,
    exponent: float,
    floor: float,
) -> Decay:
    if method not in _NO_STEPS:
        return _decay.decay_of(steps, costs)
    _decay.refuse_weights(costs)
    if method == "gravity":
        return _decay.power(exponent, floor=floor)
    limit = costs.limit if reach is None else checked_number(reach, "reach")
    if limit is None:
        raise InputError(
            f"{method} needs a reach", fix=f"give reach= in {costs.unit}, for example 30"
        )
    decay = _decay.uniform(limit) if method == "2sfca" else _decay.gaussian(limit)
    return _decay.within_costs(decay, costs)


def _solve(
    method: str, costs: TravelCosts, decay: Decay, people: Floats, capacity: Floats
) -> _floating.Solution:
    if method == "bfca":
        return _floating.balanced(costs, decay, people, capacity)
    if method == "i2sfca":
        return _floating.inverted(costs, decay, people, capacity)
    return _floating.two_step(
        costs,
        decay,
        people,
        capacity,
        second_power=2 if method == "m2sfca" else 1,
        selection=method == "3sfca",
    )


def _areas_side(
    costs: TravelCosts, method: str, people: Floats, solution: _floating.Solution
) -> pd.DataFrame:
    some = solution.reachable > 0
    status = np.select(
        [~costs.listed, people == 0, ~some],
        ["not_covered", "no_population", "no_supply_in_reach"],
        default="ok",
    )
    known = costs.listed
    column = NO_RATIO.get(method, "access_per_10k")
    value = solution.access * _PER if column.endswith("_per_10k") else solution.access
    if method == "raam":
        known = known & some & (people > 0)
    elif method == "i2sfca":
        known = known & some
    return pd.DataFrame(
        {column: np.where(known, value, np.nan), "access_status": status}, index=costs.origins
    )


def _sites_side(
    costs: TravelCosts, method: str, capacity: Floats, solution: _floating.Solution
) -> pd.DataFrame:
    reached = solution.demand_at_site > 0
    ratio = _floating.ratios(capacity, solution.demand_at_site)
    if method == "bfca":
        ratio = solution.ratio
    return pd.DataFrame(
        {
            "capacity_n": capacity,
            "demand_in_reach_n": solution.demand_at_site,
            "ratio_per_10k": ratio * _PER,
            "crowding_n": np.where(
                capacity > 0, solution.demand_at_site / np.where(capacity > 0, capacity, 1), np.nan
            ),
            "stranded_capacity_n": np.where(reached, 0.0, capacity),
            "site_status": np.select(
                [capacity == 0, ~reached], ["no_capacity", "stranded"], default="ok"
            ),
        },
        index=costs.sites,
    )


def _balance(
    method: str,
    used: Floats,
    people: Floats,
    capacity: Floats,
    solution: _floating.Solution,
) -> Balance:
    reached = float(capacity[solution.demand_at_site > 0].sum())
    total = float(capacity.sum())
    keeps_demand = method in _KEEP_DEMAND
    return Balance(
        supply=total,
        reached=reached,
        stranded=total - reached,
        handed_out=float("nan") if method in NO_RATIO else float((used * solution.access).sum()),
        demand=float(people.sum()),
        demand_in_reach=float(used[solution.reachable > 0].sum()),
        allocated=float(solution.demand_at_site.sum()),
        conserves="demand" if keeps_demand else "nothing" if method == "m2sfca" else "supply",
    )
