"""Where access points for telehealth reach most people of the gap.

A point (in a library, clinic, school, post office) is a place with a line, a screen and a room. It
gives nobody a link at home: whoever lives near one is still in the gap, and has somewhere to go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from equity.areas.words import number, plural
from equity.errors import InputError
from equity.funding._cover import collapsed, in_order
from equity.funding._location import locate
from equity.funding._pairs import Flags, Floats, Pairs, levels
from equity.funding._problem import Solver
from equity.measures.checks import aligned, checked_number
from equity.measures.reach.costs import TravelCosts, at_most
from equity.measures.reach.travel import TravelEstimate
from equity.provenance import carry

__all__ = ["Siting", "siting"]

OBJECTIVES = ("reach", "all", "mean", "worst", "ede")


@dataclass(frozen=True, eq=False)
class Siting:
    """The sites chosen, and whom they reach.

    Attributes
    ----------
    sites
        Of the sites chosen, in marginal order: ``people_added_n`` (reached anew) and
        ``people_so_far_n``; for the objectives other than ``reach`` only their ids.
    people_n
        People reached: expected, over the error of the minutes.
    bound_n
        No choice of so many sites reaches more; missing for the objectives other than ``reach``.
    by_limit
        One row a limit: ``people_n`` (reached by the sites chosen), ``best_n`` and ``bound_n`` (by
        those chosen for that limit), ``same_sites_n`` (of them also chosen here).
    areas
        By area id: ``site_id`` (the nearest chosen), ``site_min`` and ``reached_n``.
    value
        Of the objective: people, sites, weighted mean cost, largest cost, or EDE of the costs.
    notes
        What is left out.
    """

    sites: pd.DataFrame
    people_n: float
    bound_n: float
    by_limit: pd.DataFrame
    areas: pd.DataFrame
    value: float
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        sites = plural(len(self.sites), "site")
        known = np.isfinite(self.bound_n)
        bound = f"no choice reaches more than {number(self.bound_n)}"
        rest = bound if known else f"value of the objective {self.value:,.6g}"
        reach = "reaches" if len(self.sites) == 1 else "reach"
        return f"<Siting {sites} {reach} {number(self.people_n)} people; {rest}>"


def siting(
    costs: TravelCosts,
    people: pd.Series,
    *,
    sites_n: int | None = None,
    objective: Literal["reach", "all", "mean", "worst", "ede"] = "reach",
    limit_min: float = 30.0,
    limits_min: Sequence[float] = (20.0, 30.0, 40.0),
    sd: float | None = None,
    kappa: float = -1.0,
    method: Literal["milp", "greedy"] = "milp",
    gap: float = 1e-4,
    time_limit_s: float = 60.0,
) -> Siting:
    """Choose sites for access points.

    Parameters
    ----------
    costs
        Minutes from areas to candidate sites (:func:`equity.travel_costs`), looked for well past
        the limit: at 30 minutes and a spread of 0.22 up to 50.
    people
        People by area id, such as ``table["gap_n"]``; missing where unknown, which counts nobody
        and is noted.
    sites_n
        How many sites; not for ``all``.
    objective
        ``reach``: most people within the limit. ``all``: fewest sites such that every area with
        people is; refused where no candidate reaches one (make its people missing). ``mean``:
        least mean cost of people to their nearest site. ``worst``: least cost of the area farthest
        off. ``ede``: least equally-distributed equivalent of the costs (Kolm-Pollak), between the
        two.
    limit_min
        Longest trip that is within reach, inclusive, in the unit of the costs.
    limits_min
        Further limits to tell the result at (``reach`` only).
    sd
        Spread of the minutes, as for :func:`equity.beyond_reach`: within the limit is the part of
        an area's people whose trip is, not yes or no. None: what is known of the costs. 0: the
        step. The other objectives than ``reach`` take the costs as they are.
    kappa
        Of ``ede``, below 0: how much a long trip weighs above a short one.
    method, gap, time_limit_s
        As for :func:`equity.portfolio`; ``greedy`` for ``reach`` only.

    Returns
    -------
    Siting

    Raises
    ------
    InputError
        For more sites than candidates, a limit that is not above 0, costs that end too near the
        limit, or areas that no candidate reaches where every one must be reached.

    Notes
    -----
    With ``w`` the part of an area's people within reach of a site, an area of ``n`` people counts
    ``n`` times the largest ``w`` of the sites chosen (below 0.01: 0): levels of ``w`` are cells
    of a covering problem, each reached by the sites that attain it.

    References
    ----------
    Church, R. and ReVelle, C. (1974), doi:10.1007/BF01942293 (maximal covering). Horton, D., Logan,
    T., Murrell, J., Skipper, D. and Speakman, E. (2024), arXiv:2401.15452 (Kolm-Pollak location;
    only the abstract was read).

    Examples
    --------
    >>> import equity as eq
    >>> areas = pd.DataFrame({"lon": [-80.0, -80.3, -81.0], "lat": 37.0}, index=["a", "b", "c"])
    >>> minutes = eq.travel_costs(areas, areas, max_minutes=60)
    >>> chosen = siting(minutes, pd.Series([10.0, 20.0, 40.0], index=areas.index), sites_n=1, sd=0)
    >>> chosen.sites.index.tolist(), chosen.people_n
    (['c'], 40.0)
    """
    if objective not in OBJECTIVES:
        raise InputError(f"no objective {objective!r}", fix=f"use one of {', '.join(OBJECTIVES)}")
    for limit in (limit_min, *limits_min):
        checked_number(limit, "the limit", above=True)
    number_of = _number(sites_n, objective, len(costs.sites))
    known = people.notna()
    counted = people.where(known, 0.0)
    weights = aligned(counted, costs.origins, what="people", of="areas")
    reaching = Pairs.of(costs)
    notes = tuple(_notes(known, costs))
    spread = _spread(sd, costs)
    solver = Solver(method, number_of, gap, time_limit_s)
    if objective != "reach":
        if method != "milp":
            raise InputError(f"{objective} has no greedy twin", fix="leave method out")
        chosen, value = locate(
            reaching, weights, len(costs.sites), solver=solver, objective=objective,
            limit=at_most(limit_min), kappa=kappa, ids=costs.origins,
        )  # fmt: skip
        reached = reaching.within(limit_min, spread).reached(weights, chosen)
        return Siting(
            sites=pd.DataFrame(index=pd.Index(costs.sites[chosen], name="site_id")),
            people_n=float(reached.sum()),
            bound_n=np.nan,
            by_limit=pd.DataFrame(),
            areas=_areas(costs, chosen, reaching, reached),
            value=value,
            notes=notes,
        )
    _refuse_short(costs, max([limit_min, *limits_min]), spread)

    def best(limit: float) -> tuple[Flags, float, Pairs]:
        within = reaching.within(limit, spread)
        cover, _ = collapsed(levels(within, weights, len(costs.sites)))
        return *solver.solve(cover), within

    found = {limit: best(limit) for limit in dict.fromkeys([limit_min, *limits_min])}
    chosen, bound, within = found[limit_min]
    rows = {
        limit: (
            there.reached(weights, chosen).sum(),
            there.reached(weights, other).sum(),
            most,
            float((other & chosen).sum()),
        )
        for limit, (other, most, there) in found.items()
    }
    names = ["people_n", "best_n", "bound_n", "same_sites_n"]
    by_limit = pd.DataFrame(rows, index=names).T.rename_axis("limit_min").sort_index()
    reached = within.reached(weights, chosen)
    return Siting(
        sites=_ordered(within, weights, chosen, costs),
        people_n=float(reached.sum()),
        bound_n=bound,
        by_limit=by_limit,
        areas=_areas(costs, chosen, reaching, reached),
        value=float(reached.sum()),
        notes=notes,
    )


def _ordered(within: Pairs, people: Floats, chosen: Flags, costs: TravelCosts) -> pd.DataFrame:
    cover = levels(within, people, len(costs.sites))
    picks = in_order(cover, chosen)
    added = np.array([pick.gain for pick in picks])
    where = [pick.project for pick in picks]
    frame = pd.DataFrame({"people_added_n": added, "people_so_far_n": added.cumsum()})
    return frame.set_axis(pd.Index(costs.sites[where], name="site_id"), axis="index")


def _areas(costs: TravelCosts, chosen: Flags, pairs: Pairs, reached: Floats) -> pd.DataFrame:
    here = chosen[pairs.site]
    area, site, cost = pairs.area[here], pairs.site[here], pairs.value[here]
    order = np.lexsort((site, cost, area))
    nearest = order[np.unique(area[order], return_index=True)[1]]
    frame = pd.DataFrame(index=costs.origins)
    frame["site_id"] = pd.Series(costs.sites[site[nearest]], index=costs.origins[area[nearest]])
    frame["site_min"] = pd.Series(cost[nearest], index=costs.origins[area[nearest]])
    frame["reached_n"] = reached
    return carry(frame, costs.record)


def _notes(known: pd.Series, costs: TravelCosts) -> Iterator[str]:
    if unknown := int((~known).sum()):
        yield f"{plural(unknown, 'area')} without a number of people count nobody."
    if unlisted := int((~costs.listed).sum()):
        yield f"{plural(unlisted, 'area')} not in the table of trips: what they reach is unknown."


def _number(sites_n: int | None, objective: str, candidates: int) -> int:
    if objective == "all":
        if sites_n is not None:
            raise InputError("all asks for the fewest sites", fix="leave sites_n out")
        return candidates
    if sites_n is None or not 1 <= sites_n <= candidates:
        raise InputError(
            f"sites_n is {sites_n}, of {plural(candidates, 'candidate')}",
            fix="give how many sites there may be, from 1 to all candidates",
        )
    return sites_n


def _spread(sd: float | None, costs: TravelCosts) -> float:
    if sd is not None:
        return checked_number(sd, "the spread of travel minutes (sd)")
    if costs.unit != "min":
        return 0.0
    return (costs.estimate or TravelEstimate()).sd


def _refuse_short(costs: TravelCosts, limit: float, sd: float) -> None:
    needed = limit * float(np.exp(2 * sd))
    if costs.limit is not None and costs.limit < needed * (1 - 1e-6):
        raise InputError(
            f"costs were looked for up to {costs.limit:g} {costs.unit}, and trips of up to "
            f"{needed:.0f} may be within the limit of {limit:g}",
            fix=f"travel_costs(areas, sites, max_minutes={np.ceil(needed):.0f})",
        )
