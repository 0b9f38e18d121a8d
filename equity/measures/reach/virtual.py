"""Access to care by video, with the line at both ends.

Three models. ``2svca``: a line or none on each side, within a travel reach. ``e2svca``: the
speed of the slower end in steps, no travel limit. ``two_channel``: in-person and virtual care out
of the same capacity, so that demand and supply are both conserved; it holds E2SFCA and 2SVCA as
special cases, and shows that better links move access between areas and create none.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import aligned, checked_number
from equity.measures.reach import decay as _decay
from equity.measures.reach._svca import (
    SPEED_STEPS,
    LineOrNone,
    SpeedSteps,
    stepped_virtual,
    two_step_virtual,
)
from equity.measures.reach._virtual_channels import solve_two_channel
from equity.measures.reach._virtual_common import PER, balance, need, share, status
from equity.measures.reach.catchment import Catchment
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import Solution
from equity.measures.reach.places import Floats

__all__ = [
    "SPEED_STEPS",
    "VIRTUAL_METHODS",
    "SpeedSteps",
    "solve_virtual_catchment",
    "virtual_catchment",
]

VIRTUAL_METHODS: Mapping[str, tuple[str, ...]] = {
    "2svca": (
        "area_available",
        "area_subscription",
        "site_available",
        "site_subscription",
        "as_published",
        "reach",
    ),
    "e2svca": ("area_speed_mbps", "site_speed_mbps", "speed_steps"),
    "two_channel": (
        "link_usable_share",
        "site_link_adequacy",
        "virtual_ceiling",
        "amenable_share",
        "uptake",
        "audio_only_share",
        "licensing",
        "area_state",
        "site_state",
        "compact",
        "capacity",
        "steps",
    ),
}
"""Each method and the parameters that are its own."""

_log = logging.getLogger("equity.measures.reach.virtual")


def virtual_catchment(
    costs: TravelCosts,
    *,
    demand: Any,
    supply: Any,
    method: str = "two_channel",
    area_available: Any = None,
    area_subscription: Any = None,
    site_available: Any = None,
    site_subscription: Any = None,
    as_published: bool | None = None,
    reach: float | None = None,
    area_speed_mbps: Any = None,
    site_speed_mbps: Any = None,
    speed_steps: str | SpeedSteps | None = None,
    link_usable_share: Any = None,
    site_link_adequacy: Any = None,
    virtual_ceiling: Any = None,
    amenable_share: float | None = None,
    uptake: float | None = None,
    audio_only_share: float | None = None,
    licensing: str | pd.DataFrame | None = None,
    area_state: Any = None,
    site_state: Any = None,
    compact: Collection[str] | None = None,
    capacity: str | None = None,
    steps: str | Mapping[float, float] | None = None,
) -> pd.DataFrame:
    """Return virtual access of every area; see :func:`solve_virtual_catchment` for both sides.

    A parameter that is not of the chosen method is an error (:data:`VIRTUAL_METHODS`).

    Parameters
    ----------
    costs
        Travel from people to sites, from :func:`equity.travel_costs`. ``e2svca`` uses its ids
        only.
    demand, supply
        People by area id and capacity by site id, as in :func:`equity.catchment`.
    method
        ``two_channel``, ``2svca`` or ``e2svca``.
    area_available, site_available
        ``2svca``: 1 where the best service offered is good enough (25/3 Mbps, say), else 0.
    area_subscription, site_subscription
        ``2svca``: share of households, and of sites, that subscribe. The first has no default: 1.0
        leaves it out on purpose. Sites default to 1.
    as_published
        ``2svca``: True leaves the patient's own availability out of the second step, as the
        authors' tool does; areas without a line then receive access and supply is not conserved.
    reach
        ``2svca``: limit in the costs' unit; the costs' own limit by default.
    area_speed_mbps, site_speed_mbps
        ``e2svca``: Series of one speed, or tables with ``down_mbps`` and ``up_mbps``.
    speed_steps
        ``e2svca``: name in :data:`SPEED_STEPS` (``video_e2svca`` by default) or one's own.
    link_usable_share
        ``two_channel``: share of an area's people who could use a link, 0 to 1.
    site_link_adequacy, virtual_ceiling
        ``two_channel``: share of its video that a site's line carries
        (:func:`equity.measures.practice.link_adequacy`), and largest share of its capacity that
        may go to virtual care, 0 to 1.
    amenable_share, uptake
        ``two_channel``: share of need that can be met by video (0.42 of primary-care visits is an
        upper figure), and the share of that which is.
    audio_only_share
        ``two_channel``: share of need met by telephone where no link is usable; 0 by default.
    licensing
        ``two_channel``: ``in_state`` (default), ``anywhere``, or a table of sites by states.
    area_state, site_state
        State by id: FIPS code, postal code or name. Areas default to the first two digits of
        their ids.
    compact
        ``two_channel``: states that recognize one another's licenses.
    capacity
        ``two_channel``: ``flexible`` (default: follows demand up to the ceiling) or ``fixed`` (the
        ceiling is set aside, used or not).
    steps
        ``two_channel``: weights of travel, as in :func:`equity.catchment`; ``slow`` by default.

    Returns
    -------
    DataFrame
        By area id. ``2svca`` and ``e2svca``: ``virtual_access_per_10k`` and ``access_status``.
        ``two_channel``: ``access_per_10k`` (of both channels together, per 10,000 people),
        ``in_person_access_per_10k`` and ``virtual_access_per_10k`` (per 10,000 who use that
        channel), ``virtual_share`` (of need) and ``access_status``. The status is that of
        :func:`equity.catchment`, or ``no_link`` where nobody has a line.

    Raises
    ------
    InputError
        For a missing or foreign parameter, shares outside 0 to 1, speeds that are missing or
        negative, and all that :func:`equity.catchment` refuses.

    Notes
    -----
    In ``two_channel`` more links are not always more access. Need that can use a link leaves the
    clinics within reach and queues at the lines of all practices that may serve it; where those
    carry little video (a low ``site_link_adequacy`` or ``virtual_ceiling``), raising an area's
    ``link_usable_share`` can lower its ``access_per_10k``. That is a finding about the practices.

    References
    ----------
    2SVCA: Alford-Teaster, Wang, Tosteson & Onega 2021, JAMIA 28(11), 2526-2530,
    doi:10.1093/jamia/ocab149 (formula from the authors' published tool).
    E2SVCA: Shao & Luo 2023, Computational Urban Science 3:16, doi:10.1007/s43762-023-00092-z (step
    values from a public script that names the method; unverified).

    Examples
    --------
    >>> import pandas as pd
    >>> from equity.measures.reach.travel import travel_costs
    >>> table = pd.DataFrame({"home": ["a", "b"], "clinic": ["x", "x"], "min": [5, 25]})
    >>> people = pd.Series({"a": 1000.0, "b": 2000.0})
    >>> costs = travel_costs(
    ...     people.to_frame("n"), pd.DataFrame(index=["x"]), table=table,
    ...     origin="home", destination="clinic", cost="min", unit="min")
    >>> found = virtual_catchment(
    ...     costs, demand=people, supply=1.0, method="e2svca",
    ...     area_speed_mbps=pd.Series({"a": 100.0, "b": 0.0}),
    ...     site_speed_mbps=pd.Series({"x": 100.0}))
    >>> found["access_status"].tolist()
    ['ok', 'no_link']
    """
    told = {
        "area_available": area_available,
        "area_subscription": area_subscription,
        "site_available": site_available,
        "site_subscription": site_subscription,
        "as_published": as_published,
        "reach": reach,
        "area_speed_mbps": area_speed_mbps,
        "site_speed_mbps": site_speed_mbps,
        "speed_steps": speed_steps,
        "link_usable_share": link_usable_share,
        "site_link_adequacy": site_link_adequacy,
        "virtual_ceiling": virtual_ceiling,
        "amenable_share": amenable_share,
        "uptake": uptake,
        "audio_only_share": audio_only_share,
        "licensing": licensing,
        "area_state": area_state,
        "site_state": site_state,
        "compact": compact,
        "capacity": capacity,
        "steps": steps,
    }
    return solve_virtual_catchment(costs, demand=demand, supply=supply, method=method, **told).areas


def solve_virtual_catchment(
    costs: TravelCosts, *, demand: Any, supply: Any, method: str = "two_channel", **parameters: Any
) -> Catchment:
    """Return a virtual catchment from both sides; it prints its conservation check.

    Parameters
    ----------
    costs, demand, supply, method
        As for :func:`virtual_catchment`.
    **parameters
        Those of the method; None stands for not given.

    Returns
    -------
    Catchment
        ``areas`` (what :func:`virtual_catchment` returns), ``sites`` and ``balance``.

    Raises
    ------
    InputError
        As for :func:`virtual_catchment`.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    solvers = {"2svca": _solve_2svca, "e2svca": _solve_e2svca, "two_channel": solve_two_channel}
    if method not in solvers:
        raise InputError(
            f"no virtual method {method!r}", fix=f"use one of {', '.join(VIRTUAL_METHODS)}"
        )
    foreign = sorted(set(given) - set(VIRTUAL_METHODS[method]))
    if foreign:
        raise InputError(
            f"{method} has no parameter {', '.join(foreign)}",
            fix=f"its parameters are {', '.join(VIRTUAL_METHODS[method])}",
        )
    people = aligned(demand, costs.origins, what="demand", of="areas")
    capacity = aligned(supply, costs.sites, what="capacity", of="sites")
    result, rule = solvers[method](costs, people, capacity, given)
    _log.info("%s: %s", method, result.balance)
    notes = [f"Virtual access: {method}, {rule}", str(result.balance)]
    if method != "e2svca" and costs.note:
        notes.insert(0, costs.note)
    costs.stamp(result.areas, result.sites, demand, supply, notes=notes)
    return result


def _flag(values: Any, ids: pd.Index, what: str, of: str) -> Floats:
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


def _solve_2svca(
    costs: TravelCosts, people: Floats, capacity: Floats, given: Mapping[str, Any]
) -> tuple[Catchment, str]:
    area_line, subscribed, site_line = need(
        given, "2svca", "area_available", "area_subscription", "site_available"
    )
    link = LineOrNone(
        _flag(area_line, costs.origins, "availability", "areas"),
        share(subscribed, costs.origins, "subscription", "areas"),
        _flag(site_line, costs.sites, "availability", "sites"),
        share(given.get("site_subscription", 1.0), costs.sites, "subscription", "sites"),
    )
    reach = given.get("reach", costs.limit)
    if reach is None:
        raise InputError("2svca needs a reach", fix=f"give reach= in {costs.unit}")
    published = bool(given.get("as_published", False))
    decay = _decay.within_costs(_decay.uniform(checked_number(reach, "reach")), costs)
    used = np.where(costs.listed, people, 0.0)
    solution, qualified = two_step_virtual(
        costs, decay, used, capacity, link=link, as_published=published
    )
    own = link.area_subscription if published else link.area_available * link.area_subscription
    form = "as published" if published else "corrected"
    result = _two_step_result(costs, people, (capacity, qualified), solution, connected=own > 0)
    return result, f"{form}, sites up to {reach:g} {costs.unit}"


def _solve_e2svca(
    costs: TravelCosts, people: Floats, capacity: Floats, given: Mapping[str, Any]
) -> tuple[Catchment, str]:
    areas, sites = need(given, "e2svca", "area_speed_mbps", "site_speed_mbps")
    steps = given.get("speed_steps", "video_e2svca")
    if not isinstance(steps, SpeedSteps):
        if steps not in SPEED_STEPS:
            raise InputError(
                f"no speed steps named {steps!r}", fix=f"use one of {', '.join(SPEED_STEPS)}"
            )
        steps, name = SPEED_STEPS[steps], str(steps)
    else:
        name = "own steps"
    area_class = steps.classes(areas, costs.origins, of="areas")
    site_class = steps.classes(sites, costs.sites, of="sites")
    solution = stepped_virtual(
        people, capacity, steps=steps, area_class=area_class, site_class=site_class
    )
    connected = np.asarray(steps.weights)[area_class] > 0
    result = _two_step_result(
        costs, people, (capacity, capacity), solution, connected=connected, everywhere=True
    )
    return result, f"speed steps {name}, no travel limit"


def _two_step_result(
    costs: TravelCosts,
    people: Floats,
    supply: tuple[Floats, Floats],
    solution: Solution,
    *,
    connected: Any,
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
