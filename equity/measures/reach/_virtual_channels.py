"""The two-channel model as a table: parameters in, areas, sites and conservation check out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.reach import decay as _decay
from equity.measures.reach._two_channel import Channels, TwoChannels, licenses, two_channels
from equity.measures.reach._virtual_common import PER, balance, need, share, status
from equity.measures.reach.catchment import Catchment
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import ratios
from equity.measures.reach.places import Floats


def solve_two_channel(
    costs: TravelCosts, people: Floats, capacity: Floats, given: Mapping[str, Any]
) -> tuple[Catchment, str]:
    """Solve the model from its parameters; also say in words what they were."""
    usable, adequacy, ceiling, amenable, uptake = need(
        given,
        "two_channel",
        "link_usable_share",
        "site_link_adequacy",
        "virtual_ceiling",
        "amenable_share",
        "uptake",
    )
    decay = _decay.within_costs(_decay.steps(given.get("steps", "slow"), unit=costs.unit), costs)
    told = _channels(costs, given, (usable, adequacy, ceiling), amenable=amenable, uptake=uptake)
    used = np.where(costs.listed, people, 0.0)
    solved = two_channels(costs, decay, used, capacity, told)
    rule = (
        f"amenable {float(amenable):g} x uptake {float(uptake):g}, telephone "
        f"{float(given.get('audio_only_share', 0.0)):g}, capacity "
        f"{'fixed' if told.fixed else 'flexible'}, weights {decay.name}"
    )
    return _two_channel_result(costs, (people, used), capacity, told, solved), rule


def _channels(
    costs: TravelCosts,
    given: Mapping[str, Any],
    links: tuple[Any, Any, Any],
    *,
    amenable: Any,
    uptake: Any,
) -> Channels:
    mode = given.get("capacity", "flexible")
    if mode not in {"flexible", "fixed"}:
        raise InputError(f"capacity is {mode!r}", fix="use flexible or fixed")
    one = pd.Index(["all"])
    theta = float(
        (share(amenable, one, "amenable_share", "need") * share(uptake, one, "uptake", "need"))[0]
    )
    phone = float(share(given.get("audio_only_share", 0.0), one, "audio_only_share", "need")[0])
    usable = share(links[0], costs.origins, "link_usable_share", "areas")
    compact: Collection[str] = given.get("compact", ())
    return Channels(
        video=theta * usable,
        audio=phone * (1.0 - usable),
        adequacy=share(links[1], costs.sites, "site_link_adequacy", "sites"),
        ceiling=share(links[2], costs.sites, "virtual_ceiling", "sites"),
        licenses=licenses(
            given.get("licensing", "in_state"),
            areas=costs.origins,
            sites=costs.sites,
            area_state=given.get("area_state"),
            site_state=given.get("site_state"),
            compact=compact,
        ),
        fixed=mode == "fixed",
    )


def _two_channel_result(
    costs: TravelCosts,
    people: tuple[Floats, Floats],
    capacity: Floats,
    told: Channels,
    solved: TwoChannels,
) -> Catchment:
    everybody, _ = people
    listed = costs.listed
    virtual = told.video + told.audio
    areas = pd.DataFrame(
        {
            "access_per_10k": np.where(listed, solved.access * PER, np.nan),
            "in_person_access_per_10k": np.where(listed, solved.in_person * PER, np.nan),
            "virtual_access_per_10k": np.where(listed, solved.virtual * PER, np.nan),
            "virtual_share": virtual,
            "access_status": status(listed, everybody, np.ones_like(listed), solved.reachable),
        },
        index=costs.origins,
    )
    here, there = solved.demand_in_person > 0, solved.demand_virtual > 0
    stranded = np.where(here, 0.0, solved.supply_in_person) + np.where(
        there, 0.0, solved.supply_virtual
    )
    sites = pd.DataFrame(
        {
            "capacity_n": capacity,
            "in_person_capacity_n": solved.supply_in_person,
            "virtual_capacity_n": solved.supply_virtual,
            "in_person_demand_n": solved.demand_in_person,
            "virtual_demand_n": solved.demand_virtual,
            "in_person_ratio_per_10k": ratios(solved.supply_in_person, solved.demand_in_person)
            * PER,
            "virtual_ratio_per_10k": ratios(solved.supply_virtual, solved.demand_virtual) * PER,
            "stranded_capacity_n": stranded,
            "site_status": np.select(
                [capacity == 0, ~(here | there)], ["no_capacity", "stranded"], default="ok"
            ),
        },
        index=costs.sites,
    )
    check = balance(
        people,
        solved.access,
        solved.reachable,
        supply=float(capacity.sum()),
        stranded=float(stranded.sum()),
        demand_at_site=solved.demand_in_person + solved.demand_virtual,
    )
    return Catchment(areas, sites, check)
