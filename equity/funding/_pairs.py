"""Pairs of area and site: within reach or not, and the covering problem that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import ndtr

from equity.funding._cover import Cover
from equity.measures.reach.costs import TravelCosts, at_most

__all__ = ["Pairs", "levels"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_TAIL = 0.01
"""A site that less than this part of an area's people reach is out of reach of it."""
_EXACT = 5_000_000
"""Most pairs of a level and a site; above, parts within reach are rounded up to hundredths."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of area and site, each with its cost, or with the part of the people within reach."""

    area: npt.NDArray[np.intp]
    site: npt.NDArray[np.intp]
    value: Floats
    areas: int

    @classmethod
    def of(cls, costs: TravelCosts) -> Pairs:
        """Take all pairs of travel costs that are held in memory."""
        held = costs.held()
        area = np.repeat(np.arange(len(costs.origins)), np.diff(held.indptr))
        return cls(area, held.sites.astype(np.intp), held.cost, len(costs.origins))

    def within(self, limit: float, sd: float) -> Pairs:
        """Return the parts of each area's people within the limit of each site."""
        part = (self.value <= at_most(limit)).astype(float)
        if sd > 0:
            with np.errstate(divide="ignore"):
                part = ndtr((np.log(limit) - np.log(self.value)) / sd)
        there = part >= _TAIL
        return Pairs(self.area[there], self.site[there], part[there], self.areas)

    def reached(self, people: Floats, chosen: Flags) -> Floats:
        """Return people reached by area: those of its best site."""
        best = np.zeros(self.areas)
        here = chosen[self.site]
        np.maximum.at(best, self.area[here], self.value[here])
        return people * best

    def nearest(self, chosen: Flags) -> Floats:
        """Return the least cost of each area to a chosen site; infinite if it reaches none."""
        nearest = np.full(self.areas, np.inf)
        here = chosen[self.site]
        np.minimum.at(nearest, self.area[here], self.value[here])
        return nearest


def levels(within: Pairs, people: Floats, sites: int) -> Cover:
    """Return the covering problem: a cell for each level of each area's parts within reach."""
    counted = people[within.area] > 0
    area, site, part = (v[counted] for v in (within.area, within.site, within.value))
    count = np.bincount(area, minlength=within.areas).astype(float)
    if (count * (count + 1) / 2).sum() > _EXACT:
        part = np.ceil(part * 100 - 1e-9) / 100  # up: the bound stays one
    order = np.lexsort((-part, area))
    area, site, part = area[order], site[order], part[order]
    new = np.ones(len(area), dtype=bool)
    new[1:] = (area[1:] != area[:-1]) | (part[1:] != part[:-1])
    level = np.cumsum(new) - 1
    last = np.append(new[1:], True) if len(new) else new
    # What the next level of the same area lacks of this one.
    here, there = area[last], part[last]
    below = np.where(np.append(here[1:], -1) == here, np.append(there[1:], 0.0), 0.0)
    worth = people[here] * (there - below)
    # A site attains its own level and all below it in its area.
    end = np.searchsorted(here, area, side="right")
    long = end - level
    cell = np.repeat(level, long) + np.arange(long.sum()) - np.repeat(np.cumsum(long) - long, long)
    shape = (sites, len(here))
    reach = sparse.csr_array(
        sparse.coo_array((np.ones(len(cell), bool), (np.repeat(site, long), cell)), shape=shape)
    )
    reach.sort_indices()
    nothing = np.zeros_like(worth)
    whole = np.stack([nothing, worth, nothing, worth])
    return Cover(
        reach=reach, brings=np.ones(sites, dtype=np.int8), cost=np.ones(sites), worth=whole,
        people=whole, group=np.arange(sites), place=np.zeros(sites, dtype=np.intp),
        cap=np.array([np.inf]),
    )  # fmt: skip
