"""Access to care by video, with the line at both ends.

Three models, each an object that holds what it is told. :class:`LineOrNone` (2SVCA): a line or none
on each side, within a travel reach. :class:`SteppedSpeed` (E2SVCA): the speed of the slower end in
steps, no travel limit. :class:`TwoChannel`: in-person and virtual care out of the same capacity, so
that demand and supply are both conserved; it holds E2SFCA and 2SVCA as special cases, and shows
that better links move access between areas and create none.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers, aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach._svca import (
    SPEED_STEPS,
    Link,
    SpeedSteps,
    stepped_virtual,
    two_step_virtual,
)
from equity.measures.reach._virtual_channels import TwoChannel
from equity.measures.reach._virtual_common import PER, Flags, balance, share, status
from equity.measures.reach.catchment import Catchment
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import Solution
from equity.measures.reach.places import Floats

__all__ = [
    "SPEED_STEPS",
    "LineOrNone",
    "SpeedSteps",
    "SteppedSpeed",
    "TwoChannel",
    "solve_virtual_catchment",
    "virtual_catchment",
]

_log = logging.getLogger("equity.measures.reach.virtual")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LineOrNone:
    """2SVCA: a line or none on each side, sites within a travel reach.

    Each is a Series by id, or one number for all.

    Attributes
    ----------
    area_available, site_available
        1 where the best service offered is good enough (25/3 Mbps, say), else 0.
    area_subscription, site_subscription
        Share of households, and of sites, that subscribe. The first has no default: 1.0 leaves it
        out on purpose.
    as_published
        True leaves the patient's own availability out of the second step, as the authors' tool
        does; areas without a line then receive access and supply is not conserved.
    reach
        Limit in the costs' unit; the costs' own limit if None.

    References
    ----------
    Alford-Teaster, Wang, Tosteson & Onega 2021, JAMIA 28(11), 2526-2530,
    doi:10.1093/jamia/ocab149 (formula from the authors' published tool).
    """

    method: ClassVar[str] = "2svca"
    area_available: Numbers
    area_subscription: Numbers
    site_available: Numbers
    site_subscription: Numbers = 1.0
    as_published: bool = False
    reach: float | None = None

    def solve(
        self, costs: TravelCosts, *, people: Floats, capacity: Floats
    ) -> tuple[Catchment, str]:
        """Solve the model from arrays in the costs' order; also say in words what it was told."""
        link = Link(
            _flag(self.area_available, costs.origins, "availability", "areas"),
            share(self.area_subscription, costs.origins, "subscription", "areas"),
            _flag(self.site_available, costs.sites, "availability", "sites"),
            share(self.site_subscription, costs.sites, "subscription", "sites"),
        )
        reach = costs.limit if self.reach is None else self.reach
        if reach is None:
            raise InputError("2svca needs a reach", fix=f"give reach= in {costs.unit}")
        decay = _decay.within_costs(_decay.uniform(checked_number(reach, "reach")), costs)
        used = np.where(costs.listed, people, 0.0)
        solution, qualified = two_step_virtual(
            costs, decay, used, capacity, link=link, as_published=self.as_published
        )
        own = link.area_subscription
        if not self.as_published:
            own = own * link.area_available
        result = _two_step_result(costs, people, (capacity, qualified), solution, connected=own > 0)
        form = "as published" if self.as_published else "corrected"
        return result, f"{form}, sites up to {reach:g} {costs.unit}"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SteppedSpeed:
    """E2SVCA: the speed of the slower end in steps, no travel limit.

    Attributes
    ----------
    area_speed_mbps, site_speed_mbps
        Series of one speed by id, one number for all, or tables with ``down_mbps`` and
        ``up_mbps``.
    speed_steps
        Name in :data:`SPEED_STEPS`, or one's own.

    References
    ----------
    Shao & Luo 2023, Computational Urban Science 3:16, doi:10.1007/s43762-023-00092-z (step values
    from a public script that names the method; unverified).
    """

    method: ClassVar[str] = "e2svca"
    area_speed_mbps: Numbers | pd.DataFrame
    site_speed_mbps: Numbers | pd.DataFrame
    speed_steps: str | SpeedSteps = "video_e2svca"

    def solve(
        self, costs: TravelCosts, *, people: Floats, capacity: Floats
    ) -> tuple[Catchment, str]:
        """Solve the model from arrays in the costs' order; also say in words what it was told."""
        told = self.speed_steps
        if isinstance(told, SpeedSteps):
            steps, name = told, "own steps"
        elif told in SPEED_STEPS:
            steps, name = SPEED_STEPS[told], told
        else:
            raise InputError(
                f"no speed steps named {told!r}", fix=f"use one of {', '.join(SPEED_STEPS)}"
            )
        area_class = steps.classes(self.area_speed_mbps, costs.origins, of="areas")
        site_class = steps.classes(self.site_speed_mbps, costs.sites, of="sites")
        solution = stepped_virtual(
            people, capacity, steps=steps, area_class=area_class, site_class=site_class
        )
        connected = np.asarray(steps.weights)[area_class] > 0
        result = _two_step_result(
            costs, people, (capacity, capacity), solution, connected=connected, everywhere=True
        )
        return result, f"speed steps {name}, no travel limit"


def virtual_catchment(
    costs: TravelCosts,
    *,
    demand: Numbers,
    supply: Numbers,
    model: LineOrNone | SteppedSpeed | TwoChannel,
) -> pd.DataFrame:
    """Return virtual access of every area; see :func:`solve_virtual_catchment` for both sides.

    Parameters
    ----------
    costs
        Travel from people to sites, from :func:`equity.travel_costs`. :class:`SteppedSpeed` uses
        its ids only.
    demand, supply
        People by area id and capacity by site id, as in :func:`equity.catchment`.
    model
        What the lines are like, and how virtual access follows from them.

    Returns
    -------
    DataFrame
        By area id. :class:`LineOrNone` and :class:`SteppedSpeed`: ``virtual_access_per_10k`` and
        ``access_status``. :class:`TwoChannel`: ``access_per_10k`` (of both channels together, per
        10,000 people), ``in_person_access_per_10k`` and ``virtual_access_per_10k`` (per 10,000 who
        use that channel), ``virtual_share`` (of need) and ``access_status``. The status is that of
        :func:`equity.catchment`, or ``no_link`` where nobody has a line.

    Raises
    ------
    InputError
        For shares outside 0 to 1, speeds that are missing or negative, and all that
        :func:`equity.catchment` refuses.

    Notes
    -----
    In :class:`TwoChannel` more links are not always more access. Need that can use a link leaves
    the clinics within reach and queues at the lines of all practices that may serve it; where those
    carry little video (a low ``site_link_adequacy`` or ``virtual_ceiling``), raising an area's
    ``link_usable_share`` can lower its ``access_per_10k``. That is a finding about the practices.

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.measures.reach.travel import travel_costs
    >>> table = pd.DataFrame({"home": ["a", "b"], "clinic": ["x", "x"], "min": [5, 25]})
    >>> people = pd.Series({"a": 1000.0, "b": 2000.0})
    >>> costs = travel_costs(
    ...     people.to_frame("n"), pd.DataFrame(index=["x"]), table=table,
    ...     origin="home", destination="clinic", cost="min", unit="min")
    >>> lines = SteppedSpeed(
    ...     area_speed_mbps=pd.Series({"a": 100.0, "b": 0.0}), site_speed_mbps=100.0)
    >>> found = virtual_catchment(costs, demand=people, supply=1.0, model=lines)
    >>> found["access_status"].tolist()
    ['ok', 'no_link']
    """
    return solve_virtual_catchment(costs, demand=demand, supply=supply, model=model).areas


def solve_virtual_catchment(
    costs: TravelCosts,
    *,
    demand: Numbers,
    supply: Numbers,
    model: LineOrNone | SteppedSpeed | TwoChannel,
) -> Catchment:
    """Return a virtual catchment from both sides; it prints its conservation check.

    Parameters
    ----------
    costs, demand, supply, model
        As for :func:`virtual_catchment`.

    Returns
    -------
    Catchment
        ``areas`` (what :func:`virtual_catchment` returns), ``sites`` and ``balance``.

    Raises
    ------
    InputError
        As for :func:`virtual_catchment`.
    """
    if not isinstance(model, LineOrNone | SteppedSpeed | TwoChannel):
        raise InputError(
            f"{model!r} is no model of virtual care",
            fix="give LineOrNone(...), SteppedSpeed(...) or TwoChannel(...)",
        )
    people = aligned(demand, costs.origins, what="demand", of="areas")
    capacity = aligned(supply, costs.sites, what="capacity", of="sites")
    result, rule = model.solve(costs, people=people, capacity=capacity)
    _log.info("%s: %s", model.method, result.balance)
    notes = [f"Virtual access: {model.method}, {rule}", str(result.balance)]
    if costs.note and not isinstance(model, SteppedSpeed):
        notes.insert(0, costs.note)
    # The lines at both ends are inputs as much as people and capacity are.
    costs.stamp(result.areas, result.sites, demand, supply, *vars(model).values(), notes=notes)
    return result


def _flag(values: Numbers, ids: pd.Index, what: str, of: str) -> Floats:
    flags = share(values, ids, what, of)
    between = (flags > 0) & (flags < 1)
    if between.any():
        raise InputError(
            f"{what} of {of} must be 0 or 1",
            rows=ids[between][:5].tolist(),
            count=int(between.sum()),
            fix="apply the speed rule first: a line qualifies or it does not",
        )
    return flags


def _two_step_result(
    costs: TravelCosts,
    people: Floats,
    supply: tuple[Floats, Floats],
    solution: Solution,
    *,
    connected: Flags,
    everywhere: bool = False,
) -> Catchment:
    capacity, qualified = supply
    listed = costs.listed | everywhere
    areas = pd.DataFrame(
        {
            "virtual_access_per_10k": np.where(listed, solution.access * PER, np.nan),
            "access_status": status(listed, people, connected, solution.reachable),
        },
        index=costs.origins,
    )
    reached = solution.demand_at_site > 0
    sites = pd.DataFrame(
        {
            "capacity_n": capacity,
            "qualified_capacity_n": qualified,
            "demand_in_reach_n": solution.demand_at_site,
            "ratio_per_10k": solution.ratio * PER,
            "stranded_capacity_n": np.where(reached, 0.0, qualified),
            "site_status": np.select(
                [capacity == 0, qualified == 0, ~reached],
                ["no_capacity", "no_line", "stranded"],
                default="ok",
            ),
        },
        index=costs.sites,
    )
    check = balance(
        (people, np.where(listed, people, 0.0)),
        solution.access,
        solution.reachable,
        supply=float(qualified.sum()),
        stranded=float(qualified[~reached].sum()),
        demand_at_site=solution.demand_at_site,
    )
    return Catchment(areas, sites, check)
