"""Projects that reach cells: what a choice of them is worth, and a greedy choice.

A cell is an area, or areas that the same projects reach. A project brings a line, a connected home,
or both, to its cells; what that is worth depends on what the cell has by then, and the two together
may be worth more than their sum. So a choice is worth the sum over cells of what their state is
worth, and nobody is counted twice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse

__all__ = ["FIXES", "Bar", "Cover", "Pick", "collapsed", "greedy", "in_order"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

FIXES = {"line": 1, "home": 2, "line+home": 3}
"""What a project brings -> the state of a cell that has it alone."""
_NOTHING = 1e-9


@dataclass(frozen=True)
class Bar:
    """Something a choice must reach: a sum over cells, at least a number, or a part of all people.

    Attributes
    ----------
    worth
        As :attr:`Cover.worth`, of the people who count for it.
    at_least_n, at_least_share
        One of the two.
    name
        How an error calls it.
    """

    worth: Floats
    name: str
    at_least_n: float | None = None
    at_least_share: float | None = None

    def missing(self, reached: float, everybody: float) -> float:
        """Return how many people are missing."""
        if self.at_least_n is not None:
            return self.at_least_n - reached
        return float(self.at_least_share or 0.0) * everybody - reached


@dataclass(frozen=True)
class Cover:
    """Projects, cells, and what binds the choice.

    Attributes
    ----------
    reach
        Projects by cells, true where a project reaches a cell (CSR, sorted, no zeros stored).
    brings
        A value of :data:`FIXES` for each project.
    cost
        Above 0, for each project.
    worth
        What a cell is worth in each state (nothing, line, home, both): 4 by cells.
    people
        The same unweighted: what bars and reports count.
    group
        At most one project of each group is chosen; numbers from 0.
    place, cap
        Where each project's cost counts, and the most that may be spent there.
    bars
        What a choice must reach.
    """

    reach: sparse.csr_array
    brings: npt.NDArray[np.int8]
    cost: Floats
    worth: Floats
    people: Floats
    group: Ints
    place: Ints
    cap: Floats
    bars: tuple[Bar, ...] = ()

    @property
    def mixed(self) -> bool:
        """True if a project may make another worth more."""
        return len(np.unique(self.brings)) > 1

    def cells(self, project: int) -> Ints:
        """Return the cells that a project reaches."""
        start, end = self.reach.indptr[project : project + 2]
        cells: Any = self.reach.indices[start:end]
        return np.asarray(cells)

    def states(self, chosen: Flags) -> npt.NDArray[np.int8]:
        """Return each cell's state under a choice, counted anew."""
        state = np.zeros(self.reach.shape[1], dtype=np.int8)
        for bit in (1, 2):
            having = self.reach[chosen & (self.brings & bit > 0)]
            state[np.unique(having.indices)] |= bit
        return state

    def value(self, chosen: Flags, worth: Floats | None = None) -> float:
        """Return what a choice is worth, counted anew from the choice alone."""
        worth = self.worth if worth is None else worth
        return float(worth[self.states(chosen), np.arange(worth.shape[1])].sum())

    def alone(self) -> Floats:
        """Return what each project is worth by itself."""
        found = np.zeros(len(self.cost))
        for state in FIXES.values():
            here = self.brings == state
            found[here] = self.reach[here] @ self.worth[state]
        return found

    def breaks(self, chosen: Flags, budget: float) -> str:
        """Say what a choice breaks, or nothing."""
        spent = self.cost[chosen]
        if spent.sum() > budget * (1 + _NOTHING):
            return "the budget"
        if len(np.unique(self.group[chosen])) < chosen.sum():
            return "a group of which one project may be chosen"
        if (self.spent(chosen) > self.cap * (1 + _NOTHING)).any():
            return "a cap"
        return self.below(chosen)

    def spent(self, chosen: Flags) -> Floats:
        """Return what a choice costs in each place."""
        spent: Floats = np.bincount(
            self.place[chosen], self.cost[chosen], minlength=len(self.cap)
        ).astype(float)
        return spent

    def below(self, chosen: Flags) -> str:
        """Return the bar that a choice does not reach, or nothing."""
        everybody = self.value(chosen, self.people)
        for bar in self.bars:
            if bar.missing(self.value(chosen, bar.worth), everybody) > 1e-6 * max(everybody, 1.0):
                return bar.name
        return ""


def collapsed(cover: Cover) -> tuple[Cover, Ints]:
    """Put cells that the same projects reach into one, and leave out those that none reaches.

    Returns
    -------
    Cover
        With fewer cells and the same value for every choice.
    ndarray
        The new cell of each old one; -1 for those left out.
    """
    columns = cover.reach.tocsc()
    rng = np.random.default_rng(0)
    marks = rng.integers(0, 2**63, (2, len(cover.cost)), dtype=np.uint64)
    # Two sums of random 64-bit marks tell two sets of projects apart.
    whole = columns.indices.astype(np.intp)
    ends = np.concatenate([np.zeros((2, 1), np.uint64), np.cumsum(marks[:, whole], axis=1)], axis=1)
    sums = ends[:, columns.indptr[1:]] - ends[:, columns.indptr[:-1]]
    reached = np.diff(columns.indptr) > 0
    _, first, number = np.unique(sums[:, reached], axis=1, return_index=True, return_inverse=True)
    cell = np.full(len(reached), -1, dtype=np.intp)
    cell[reached] = number.ravel()
    kept = np.flatnonzero(reached)[first]

    def added(worth: Floats) -> Floats:
        return np.stack(
            [np.bincount(cell[reached], row[reached], minlength=len(kept)) for row in worth]
        )

    small = replace(
        cover,
        reach=sparse.csr_array(columns[:, kept].tocsr()),
        worth=added(cover.worth),
        people=added(cover.people),
        bars=tuple(replace(bar, worth=added(bar.worth)) for bar in cover.bars),
    )
    return small, cell


class Pick(NamedTuple):
    """A step of a greedy choice: the project, the one it takes the place of (or -1), the gain."""

    project: int
    instead: int
    gain: float
    cost: float


def greedy(cover: Cover, budget: float) -> Flags:
    """Choose by gain per cost, each gain counted after the steps before; or the best single one.

    For projects of one kind without groups, caps and bars the better of the two is worth at least
    half of 1 - 1/e of the best choice (Khuller, Moss and Naor 1999,
    doi:10.1016/S0020-0190(99)00031-9).
    A dearer project of a group may take the place of the one chosen first. Bars are reached by
    counting the people behind them for more, as little more as does; where nothing does, the
    choice comes nearest and :meth:`Cover.below` says so.
    """
    chosen = _better(cover, budget)
    if not cover.below(chosen):
        return chosen
    low, high, best = 0.0, 1.0, chosen
    for _ in range(40):
        tilted = _better(_tilted(cover, high), budget, cover.worth)
        if not cover.below(tilted):
            best = tilted
            break
        low, high = high, high * 4
        if high > 1e12:
            return tilted
    for _ in range(10):
        middle = (low + high) / 2
        tilted = _better(_tilted(cover, middle), budget, cover.worth)
        if cover.below(tilted):
            low = middle
        else:
            high = middle
            if cover.value(tilted) >= cover.value(best):
                best = tilted
    return best


def _tilted(cover: Cover, by: float) -> Cover:
    worth = cover.worth + by * sum(bar.worth for bar in cover.bars)
    return replace(cover, worth=np.asarray(worth))


def _better(cover: Cover, budget: float, worth: Floats | None = None) -> Flags:
    chosen = np.zeros(len(cover.cost), dtype=bool)
    for pick in _Walk(cover, budget).picks():
        chosen[pick.project] = True
        if pick.instead >= 0:
            chosen[pick.instead] = False
    fits = cover.cost <= np.minimum(budget, cover.cap[cover.place])
    if not fits.any():
        return chosen
    single = int(np.argmax(np.where(fits, cover.alone(), -1.0)))
    alone = np.zeros_like(chosen)
    alone[single] = True
    worth = cover.worth if worth is None else worth
    reached = not (cover.below(alone) and not cover.below(chosen))
    better = cover.value(alone, worth) > cover.value(chosen, worth)
    return alone if better and reached else chosen


def in_order(cover: Cover, chosen: Flags) -> list[Pick]:
    """Put a choice in order: next is always what reaches most people anew for its cost.

    A pair that reaches nobody but together stands last, the second with what both reach.
    """
    people = replace(cover, worth=cover.people, bars=())
    walk = _Walk(people, np.inf, only=chosen, capped=False)
    picks = list(walk.picks())
    left = set(np.flatnonzero(chosen).tolist()) - {pick.project for pick in picks}
    for project in sorted(left, key=lambda one: (cover.cost[one], one)):
        if project not in left:
            continue
        picks.append(walk.take(project, walk.gain(project)))
        # What it makes worth while comes next.
        for pick in walk.picks():
            left.discard(pick.project)
            picks.append(pick)
    return picks


class _Walk:
    """A greedy walk: states of the cells, what is chosen, and a heap of gains per cost.

    Gains fall as cells fill, so an old gain is a bound and is counted again only when it comes up.
    Where one thing makes another worth more (a line where a home is, the rest of a group) the gains
    that may have risen are counted again at once.
    """

    def __init__(
        self, cover: Cover, budget: float, *, only: Flags | None = None, capped: bool = True
    ) -> None:
        self.cover = cover
        self.left = budget
        self.room = cover.cap.copy() if capped else np.full(len(cover.cap), np.inf)
        size = cover.reach.shape[1]
        self.has = np.zeros((2, size), dtype=np.int32)
        self.state = np.zeros(size, dtype=np.int8)
        self.member = np.full(cover.group.max(initial=-1) + 1, -1, dtype=np.intp)
        self.taken = np.zeros(len(cover.cost), dtype=bool)
        self.allowed = np.ones_like(self.taken) if only is None else only
        self.rounds = 0
        ratio = np.where(self.allowed, cover.alone() / cover.cost, 0.0)
        self.ratio = ratio
        self.heap = [(-ratio[j], int(j)) for j in np.flatnonzero(ratio > 0)]
        heapq.heapify(self.heap)
        self.counted = np.zeros(len(ratio), dtype=np.intp)
        sizes = np.bincount(cover.group, minlength=len(self.member))
        self.alike = _members(cover.group) if (sizes > 1).any() else None
        self.touching = cover.reach.tocsc() if cover.mixed else None

    def picks(self) -> Iterable[Pick]:
        """Yield step after step until nothing fits or helps."""
        while self.heap:
            key, project = heapq.heappop(self.heap)
            if -key != self.ratio[project] or self.taken[project]:
                continue  # counted anew since
            if not self._fits(project):
                self.ratio[project] = 0.0
                continue
            if self.counted[project] != self.rounds:
                self._count(project)
                continue
            yield self.take(project, self.gain(project))

    def gain(self, project: int) -> float:
        """Return what a project would add, in the place of its group's."""
        old = self._instead(project)
        cells, worth = self.cover.cells(project), self.cover.worth
        if old < 0:
            now = self.state[cells]
            return float((worth[now | self.cover.brings[project], cells] - worth[now, cells]).sum())
        both = np.union1d(cells, self.cover.cells(old))
        before = worth[self.state[both], both].sum()
        self._add(old, -1)
        self._add(project, 1)
        after = worth[self.state[both], both].sum()
        self._add(project, -1)
        self._add(old, 1)
        return float(after - before)

    def take(self, project: int, gain: float) -> Pick:
        """Choose a project, and count again what may be worth more by it."""
        old, cost = self._instead(project), self._price(project)
        cells = self.cover.cells(project)
        was = self.state[cells]
        if old >= 0:
            self._add(old, -1)
            self.taken[old] = False
            self.ratio[old] = 0.0
            self.room[self.cover.place[old]] += self.cover.cost[old]
        self._add(project, 1)
        self.taken[project] = True
        self.member[self.cover.group[project]] = project
        self.left -= cost
        self.room[self.cover.place[project]] -= self.cover.cost[project]
        self.rounds += 1
        again: set[int] = set()
        if self.alike is not None:
            again |= set(self.alike[self.cover.group[project]].tolist())
        if self.touching is not None:
            again |= self._risen(project, cells[self.state[cells] != was])
        for other in again:
            if self.allowed[other] and not self.taken[other]:
                self._count(other)
        return Pick(project, old, gain, cost)

    def _risen(self, project: int, changed: Ints) -> set[int]:
        """Return projects of another kind that reach the cells that have changed."""
        assert self.touching is not None, "asked for where kinds differ"
        start, end = self.touching.indptr[changed], self.touching.indptr[changed + 1]
        parts = [self.touching.indices[a:b] for a, b in zip(start, end, strict=True)]
        there = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.intp)
        other = there[self.cover.brings[there] != self.cover.brings[project]]
        found: set[int] = set(other.tolist())
        return found

    def _instead(self, project: int) -> int:
        return int(self.member[self.cover.group[project]])

    def _price(self, project: int) -> float:
        old = self._instead(project)
        return float(self.cover.cost[project] - (self.cover.cost[old] if old >= 0 else 0.0))

    def _fits(self, project: int) -> bool:
        cost, old = self.cover.cost[project], self._instead(project)
        room = self.room[self.cover.place[project]]
        if old >= 0 and self.cover.place[old] == self.cover.place[project]:
            room += self.cover.cost[old]
        slack = 1 + _NOTHING
        return bool(self._price(project) <= self.left * slack and cost <= room * slack)

    def _count(self, project: int) -> None:
        gain, price = self.gain(project), self._price(project)
        # What costs no more than what it takes the place of comes first.
        ratio = gain / price if price > 0 else (np.inf if gain > 0 else 0.0)
        self.ratio[project] = ratio
        self.counted[project] = self.rounds
        if gain > _NOTHING:
            heapq.heappush(self.heap, (-ratio, project))

    def _add(self, project: int, by: int) -> None:
        cells, brings = self.cover.cells(project), int(self.cover.brings[project])
        for bit in (1, 2):
            if brings & bit:
                self.has[bit - 1, cells] += by
        state = (self.has[0, cells] > 0) + 2 * (self.has[1, cells] > 0)
        self.state[cells] = state.astype(np.int8)


def _members(group: Ints) -> list[Ints]:
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group))[:-1]
    return list(np.split(order, ends))
