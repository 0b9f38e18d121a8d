"""The two-channel model: what it is told, and areas, sites and conservation check made of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.measures.checks import Numbers
from equity.measures.reach import decay as _decay
from equity.measures.reach._two_channel import Channels, TwoChannels, licenses, two_channels
from equity.measures.reach._virtual_common import PER, balance, share, status
from equity.measures.reach.catchment import Catchment
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import ratios
from equity.measures.reach.places import Floats


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TwoChannel:
    """In-person and virtual care out of one capacity: demand and supply are both conserved.

    Attributes
    ----------
    link_usable_share
        Share of an area's people who could use a link, 0 to 1: Series by id, or one number.
    site_link_adequacy, virtual_ceiling
        Share of its video that a site's line carries
        (:func:`equity.measures.practice.link_adequacy`), and largest share of its capacity that
        may go to virtual care, 0 to 1: Series by id, or one number.
    amenable_share, uptake
        Share of need that can be met by video (0.42 of primary-care visits is an upper figure),
        and the share of that which is.
    audio_only_share
        Share of need met by telephone where no link is usable.
    licensing
        ``in_state``, ``anywhere``, or a table of sites by states.
    area_state, site_state
        State by id: FIPS code, postal code or name. Areas default to the first two digits of
        their ids.
    compact
        States that recognize one another's licenses.
    capacity
        ``flexible`` (follows demand up to the ceiling) or ``fixed`` (the ceiling is set aside,
        used or not).
    steps
        Weights of travel, as in :func:`equity.catchment`.
    """

    method: ClassVar[str] = "two_channel"
    link_usable_share: Numbers
    site_link_adequacy: Numbers
    virtual_ceiling: Numbers
    amenable_share: float
    uptake: float
    audio_only_share: float = 0.0
    licensing: str | pd.DataFrame = "in_state"
    area_state: pd.Series | str | None = None
    site_state: pd.Series | str | None = None
    compact: Collection[str] = ()
    capacity: str = "flexible"
    steps: _decay.Weights = "slow"

    def solve(
        self, costs: TravelCosts, *, people: Floats, capacity: Floats
    ) -> tuple[Catchment, str]:
        """Solve the model from arrays in the costs' order; also say in words what it was told."""
        decay = _decay.decay_of(self.steps, costs)
        told = self._channels(costs)
        used = np.where(costs.listed, people, 0.0)
        solved = two_channels(costs, decay, used, capacity, told)
        rule = (
            f"amenable {self.amenable_share:g} x uptake {self.uptake:g}, telephone "
            f"{self.audio_only_share:g}, capacity {self.capacity}, weights {decay.name}"
        )
        return _two_channel_result(costs, (people, used), capacity, told, solved), rule

    def _channels(self, costs: TravelCosts) -> Channels:
        if self.capacity not in {"flexible", "fixed"}:
            raise InputError(f"capacity is {self.capacity!r}", fix="use flexible or fixed")
        usable = share(self.link_usable_share, costs.origins, "link_usable_share", "areas")
        theta = _of_need(self.amenable_share, "amenable_share") * _of_need(self.uptake, "uptake")
        return Channels(
            video=theta * usable,
            audio=_of_need(self.audio_only_share, "audio_only_share") * (1.0 - usable),
            adequacy=share(self.site_link_adequacy, costs.sites, "site_link_adequacy", "sites"),
            ceiling=share(self.virtual_ceiling, costs.sites, "virtual_ceiling", "sites"),
            licenses=licenses(
                self.licensing,
                areas=costs.origins,
                sites=costs.sites,
                area_state=self.area_state,
                site_state=self.site_state,
                compact=self.compact,
            ),
            fixed=self.capacity == "fixed",
        )


def _of_need(value: float, what: str) -> float:
    return float(share(value, pd.Index(["all"]), what, "need")[0])


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
