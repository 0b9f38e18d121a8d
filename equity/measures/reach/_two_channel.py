"""In-person and virtual care out of one capacity: demand and supply are both conserved.

Better links move access between areas and create none: whoever is treated by video is treated by
somebody. With no virtual care this is E2SFCA; with nothing but virtual care it is 2SVCA.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.decay import Decay
from equity.measures.reach.floating import ratios, weighted
from equity.measures.reach.places import Floats

_LICENSING = ("anywhere", "in_state")


@dataclass(frozen=True)
class Licenses:
    """Which patients a site may treat by video: by state, never by pair.

    Attributes
    ----------
    area_state
        Position of each area's state.
    allowed
        Sites by states, 0 to 1.
    """

    area_state: NDArray[np.int64]
    allowed: Floats

    def demand(self, people: Floats) -> Floats:
        """Return for each site the people it may treat."""
        total = np.bincount(self.area_state, weights=people, minlength=self.allowed.shape[1])
        found: Floats = self.allowed @ total
        return found

    def access(self, by_site: Floats) -> Floats:
        """Return for each area the sum over the sites that may treat its people."""
        total: Floats = self.allowed.T @ by_site
        return total[self.area_state]


def licenses(
    licensing: str | pd.DataFrame,
    *,
    areas: pd.Index,
    sites: pd.Index,
    area_state: pd.Series | str | None = None,
    site_state: pd.Series | str | None = None,
    compact: Collection[str] = (),
) -> Licenses:
    """Return who may treat whom.

    Parameters
    ----------
    licensing
        ``"anywhere"``, ``"in_state"``, or a table of sites (rows) by states (columns) of 0 to 1.
    area_state, site_state
        State by id; areas default to the first two digits of their ids.
    compact
        States whose sites may treat patients in one another.
    """
    if isinstance(licensing, str) and licensing not in _LICENSING:
        raise InputError(
            f"licensing is {licensing!r}",
            fix=f"use {' or '.join(_LICENSING)}, or a table of sites by states",
        )
    if isinstance(licensing, str) and licensing == "anywhere":
        return Licenses(np.zeros(len(areas), dtype=np.int64), np.ones((len(sites), 1)))
    home = _states(areas.astype(str).str[:2] if area_state is None else area_state, areas, "areas")
    known, position = np.unique(home, return_inverse=True)
    if isinstance(licensing, pd.DataFrame):
        return Licenses(position, _table(licensing, sites, known))
    if site_state is None:
        raise InputError(
            "in-state licensing needs the state of every site",
            fix="give site_state=, or licensing='anywhere'",
        )
    base = _states(site_state, sites, "sites")
    allowed = (base[:, None] == known[None]).astype(np.float64)
    if compact:
        members = list(_codes(compact))
        allowed[np.isin(base, members)[:, None] & np.isin(known, members)[None]] = 1.0
    return Licenses(position, allowed)


def _codes(values: Iterable[str | int]) -> list[str]:
    from equity.areas.geoid import find_state

    return [find_state(value).fips for value in values]


def _states(values: pd.Series | pd.Index | str, ids: pd.Index, of: str) -> NDArray[np.str_]:
    series = values.reindex(ids) if isinstance(values, pd.Series) else pd.Series(values, index=ids)
    if series.isna().any():
        absent = ids[series.isna()]
        raise InputError(
            f"the state of {of} is missing", rows=absent[:5].tolist(), count=len(absent)
        )
    distinct = series.unique()
    return series.map(dict(zip(distinct, _codes(distinct), strict=True))).to_numpy(dtype=str)


def _table(table: pd.DataFrame, sites: pd.Index, states: NDArray[np.str_]) -> Floats:
    absent = sites.difference(table.index)
    if len(absent) or not table.index.is_unique:
        raise InputError(
            "the table of licenses must list every site once",
            rows=absent[:5].tolist(),
            count=len(absent),
        )
    renamed = table.set_axis(_codes(table.columns), axis="columns")
    # A state that no site is licensed in is a column of zeros, not a gap.
    values: Floats = (
        renamed.loc[sites].reindex(columns=list(states), fill_value=0.0).to_numpy(dtype=np.float64)
    )
    if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
        raise InputError("licenses must be numbers from 0 to 1")
    return values


@dataclass(frozen=True)
class Channels:
    """What the two-channel model is told, in the order of the costs' ids.

    Attributes
    ----------
    video, audio
        Share of each area's need that would be met by video, and by telephone.
    adequacy
        How much of a site's video its own line can carry, 0 to 1.
    ceiling
        Largest share of a site's capacity that may go to virtual care.
    licenses
        Who may treat whom by video.
    fixed
        Capacity set aside for virtual care whether used or not, in place of following demand.
    """

    video: Floats
    audio: Floats
    adequacy: Floats
    ceiling: Floats
    licenses: Licenses
    fixed: bool


@dataclass(frozen=True)
class TwoChannels:
    """The solved model, in plain arrays."""

    access: Floats
    in_person: Floats
    virtual: Floats
    supply_in_person: Floats
    supply_virtual: Floats
    demand_in_person: Floats
    demand_virtual: Floats
    reachable: Floats


def two_channels(
    costs: TravelCosts, decay: Decay, people: Floats, supply: Floats, told: Channels
) -> TwoChannels:
    """Solve the model: share out demand, then capacity, then add up access."""
    share = told.video + told.audio
    by_line, by_phone = (
        told.licenses.demand(told.video * people),
        told.licenses.demand(told.audio * people),
    )
    virtual_demand = by_line + by_phone
    demand = np.zeros(len(supply))
    for rows, f in weighted(costs, decay):
        demand += f.T @ ((1.0 - share[rows]) * people[rows])
    # A telephone call needs no line at the practice either.
    carried = np.where(
        virtual_demand > 0,
        (told.adequacy * by_line + by_phone) / np.where(virtual_demand > 0, virtual_demand, 1.0),
        told.adequacy,
    )
    most = told.ceiling * carried * supply
    if told.fixed:
        virtual_supply = most
    else:
        virtual_supply = np.minimum(most, supply * ratios(virtual_demand, virtual_demand + demand))
    left = supply - virtual_supply
    virtual = told.licenses.access(ratios(virtual_supply, virtual_demand))
    ratio = ratios(left, demand)
    in_person = np.zeros(len(people))
    near = np.zeros(len(people))
    for rows, f in weighted(costs, decay):
        in_person[rows] = f @ ratio
        near[rows] = f @ left
    return TwoChannels(
        access=(1.0 - share) * in_person + share * virtual,
        in_person=in_person,
        virtual=virtual,
        supply_in_person=left,
        supply_virtual=virtual_supply,
        demand_in_person=demand,
        demand_virtual=virtual_demand,
        reachable=(1.0 - share) * near + share * told.licenses.access(virtual_supply),
    )
