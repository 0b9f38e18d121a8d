"""Rational agent access model: people weigh travel against congestion, on sparse pairs.

The cycle is that of Saxon & Snow's own code in pysal ``access``, number for number (a test holds
the two equal): each cycle every area moves some people from the dearest site it uses to the
cheapest one in reach, in whole persons and in steps that get smaller. Only the storage differs:
pairs within reach in place of a dense matrix of all areas and all sites.

References
----------
Saxon & Snow 2020, A rational agent model for the spatial accessibility of primary health care,
Annals of the American Association of Geographers, doi:10.1080/24694452.2019.1629870.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equity.measures.checks import checked_number
from equity.measures.reach._sphere_pairs import Ints
from equity.measures.reach.costs import TravelCosts
from equity.measures.reach.floating import Solution, ratios
from equity.measures.reach.places import Floats

CYCLES = 150
FIRST_STEP = 0.2
LEAST_STEP = 0.005
HALF_LIFE = 50
GENTLE_CYCLES = 20
_ROWS = 2048  # rows whose pairs are compared at once: they fit the cache


@dataclass(frozen=True)
class _Pairs:
    """The pairs that take part: areas with people, sites with capacity."""

    areas: Ints
    starts: Ints
    counts: Ints
    sites: NDArray[np.int32]
    travel: Floats

    def cheapest(self, burden: Floats) -> Ints:
        """Return, for each area, the position of its cheapest pair under a burden by site."""
        found = np.empty(len(self.areas), dtype=np.int64)
        for low in range(0, len(self.areas), _ROWS):
            high = min(low + _ROWS, len(self.areas))
            begin, end = self.starts[low], self.starts[high - 1] + self.counts[high - 1]
            total = self.travel[begin:end] + burden[self.sites[begin:end]]
            starts = self.starts[low:high] - begin
            least = np.minimum.reduceat(total, starts)
            found[low:high] = begin + _first(total, least, starts, self.counts[low:high])
        return found


class _Assignment:
    """Who goes where: people by pair, with the few pairs in use listed in order."""

    def __init__(self, pairs: _Pairs, first: Ints, demand: Floats) -> None:
        self._pairs = pairs
        self.people = np.zeros(len(pairs.sites))
        self.people[first] = demand
        self._list(first)

    def _list(self, used: Ints) -> None:
        # Every area uses at least one pair, so each row of the list has a start.
        self.used = used
        row = np.searchsorted(self._pairs.starts, used, side="right") - 1
        self._starts = np.searchsorted(row, np.arange(len(self._pairs.areas)))
        self._counts = np.diff(np.append(self._starts, len(used)))

    def load(self, n: int) -> Floats:
        """Return the people at each of ``n`` sites."""
        return by_site(self._pairs.sites[self.used], self.people[self.used], n)

    def dearest(self, burden: Floats) -> Ints:
        """Return, for each area, the position of the dearest pair that it uses."""
        total = self._pairs.travel[self.used] + burden[self._pairs.sites[self.used]]
        return self.used[
            _first(total, np.maximum.reduceat(total, self._starts), self._starts, self._counts)
        ]

    def move(self, people: Floats, dear: Ints, cheap: Ints) -> None:
        """Move people from one pair to another, area by area."""
        self.people[cheap] += people
        self.people[dear] -= people
        kept = self.used[self.people[self.used] > 0]
        new = cheap[(people > 0) & (self.people[cheap] == people)]
        if len(new) or len(kept) < len(self.used):
            self._list(np.sort(np.concatenate([kept, new])))


def by_site(sites: NDArray[np.int32], people: Floats, n: int) -> Floats:
    """Return people added up by site."""
    return np.bincount(sites, weights=people, minlength=n).astype(np.float64, copy=False)


def _first(total: Floats, best: Floats, starts: Ints, counts: Ints) -> Ints:
    """Return the position of the first entry of each row that equals the row's best."""
    at = np.flatnonzero(total == np.repeat(best, counts))
    row = np.searchsorted(starts, at, side="right") - 1
    found = np.empty(len(starts), dtype=np.int64)
    found[row[::-1]] = at[::-1]  # the first of equals is written last
    return found


def solve_raam(costs: TravelCosts, people: Floats, supply: Floats, *, tau: float) -> Solution:
    """Return the mean cost of travel and congestion of each area's people.

    Parameters
    ----------
    tau
        Cost of travel (in the costs' unit) that weighs as much as average congestion.

    Returns
    -------
    Solution
        ``access`` is the mean cost (lower is better), 0 where nobody lives or nothing is in reach.
    """
    pairs = _pairs(costs, people, supply, checked_number(tau, "tau", above=True))
    access = np.zeros(len(people))
    reachable = np.zeros(len(people))
    load = np.zeros(len(supply))
    if len(pairs.areas):
        reachable[pairs.areas] = np.add.reduceat(supply[pairs.sites], pairs.starts)
        demand = people[pairs.areas]
        scaled = supply * (people.sum() / supply.sum())
        mean, assigned = _settle(pairs, demand, scaled)
        access[pairs.areas] = mean
        load = by_site(pairs.sites, assigned, len(supply))
    return Solution(access, load, ratios(supply, load), reachable)


def _pairs(costs: TravelCosts, people: Floats, supply: Floats, tau: float) -> _Pairs:
    held = costs.held()
    per_row = np.diff(held.indptr)
    use = np.repeat(people > 0, per_row) & (supply[held.sites] > 0)
    rows = np.repeat(np.arange(len(people)), per_row)[use]
    counts = np.bincount(rows, minlength=len(people))
    areas = np.flatnonzero(counts)
    counts = counts[areas]
    return _Pairs(areas, np.cumsum(counts) - counts, counts, held.sites[use], held.cost[use] / tau)


def _settle(pairs: _Pairs, demand: Floats, supply: Floats) -> tuple[Floats, Floats]:
    """Move people until the cycles end, or until nobody moves any more."""
    assigned = _Assignment(pairs, pairs.cheapest(np.zeros(len(supply))), demand)
    burden = np.zeros(len(supply))
    for cycle in range(CYCLES):
        load = assigned.load(len(supply))
        burden = ratios(load, supply)
        cheap, dear = pairs.cheapest(burden), assigned.dearest(burden)
        shift = _shift(pairs, assigned.people, load, supply, moves=(cheap, dear))
        step = max(FIRST_STEP * 0.5 ** (cycle / HALF_LIFE), LEAST_STEP)
        moved = np.trunc(np.minimum(shift, step * demand))
        if cycle < GENTLE_CYCLES:
            # An attractive site is not mobbed by everybody at once.
            rush = by_site(pairs.sites[cheap], moved, len(supply))
            moved = np.round(moved / np.maximum(ratios(rush, supply), 1.0)[pairs.sites[cheap]])
        elif not moved.any():
            break  # steps only get smaller: nothing moves any more
        assigned.move(moved, dear, cheap)
    total = (pairs.travel + burden[pairs.sites]) * assigned.people
    return np.add.reduceat(total, pairs.starts) / demand, assigned.people


def _shift(
    pairs: _Pairs, assigned: Floats, load: Floats, supply: Floats, *, moves: tuple[Ints, Ints]
) -> Floats:
    """Return how many people each area would move to make the two sites cost it the same."""
    cheap, dear = moves
    near, far = pairs.sites[cheap], pairs.sites[dear]
    here, there = assigned[cheap], assigned[dear]
    others_near, others_far = load[near] - here, load[far] - there
    both = (supply[near] * supply[far]) / (supply[near] + supply[far])
    even = both * (
        (pairs.travel[dear] - pairs.travel[cheap])
        + (here + there + others_far) / supply[far]
        - others_near / supply[near]
    )
    wanted = np.minimum(even - here, there)
    return np.where(near == far, 0.0, wanted)
