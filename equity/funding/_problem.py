"""From tables of areas and projects to a choice: the problem, its solver, its front, its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from equity.areas.words import number, sentence_list
from equity.errors import InputError, MissingColumnError
from equity.funding._cover import FIXES, Bar, Cover, collapsed, greedy
from equity.funding._milp import best_cover, cover_bound
from equity.measures.checks import aligned, checked_number

__all__ = ["FIRST", "Floor", "Problem", "Solver"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FIRST = "is_under_resourced"
"""Column of the areas that come first, where they are known."""
FRONT = ("floor_n", "people_n", "first_n", "spent_usd", "is_plan")
"""Columns of a front."""


@dataclass(frozen=True)
class Floor:
    """A floor for the people reached who live in certain areas.

    Attributes
    ----------
    column
        Column of the area table, yes or no.
    at_least_share, at_least_n
        Least part (0 to 1) of all people reached, or least number of people; one of the two.
    """

    column: str = FIRST
    at_least_share: float | None = None
    at_least_n: float | None = None

    def __post_init__(self) -> None:
        """Refuse a floor without a number, with two, or that nothing can reach."""
        if (self.at_least_share is None) == (self.at_least_n is None):
            raise InputError(
                f"the floor on {self.column} needs one number",
                fix="give either at_least_share or at_least_n",
            )
        if self.at_least_share is not None and not 0 <= self.at_least_share <= 1:
            raise InputError(
                f"the floor on {self.column} is {self.at_least_share:g} of the people",
                fix="give at_least_share from 0 to 1",
            )
        if self.at_least_n is not None and not self.at_least_n >= 0:
            raise InputError(f"the floor on {self.column} is negative", fix="give 0 or more people")

    @property
    def said(self) -> str:
        """The floor in words."""
        amount = (
            f"{self.at_least_share:.0%}" if self.at_least_n is None else number(self.at_least_n)
        )
        return f"{amount} of the people in areas where {self.column}"


@dataclass(frozen=True)
class Solver:
    """How a choice is made: ``milp`` or ``greedy``, and how close to the best and how long."""

    method: str
    budget: float
    gap: float
    seconds: float

    def __post_init__(self) -> None:
        """Refuse a method that there is not, and limits that stop nothing."""
        if self.method not in ("milp", "greedy"):
            raise InputError(f"no method {self.method!r}", fix="use milp or greedy")
        if not 0 <= self.gap < 1:
            raise InputError(f"gap is {self.gap!r}", fix="give a part of the best, from 0 to 1")
        checked_number(self.seconds, "time_limit_s", above=True)

    def solve(self, cover: Cover) -> tuple[Flags, float]:
        """Return a choice and a bound."""
        if self.method == "milp":
            return best_cover(cover, self.budget, gap=self.gap, seconds=self.seconds)
        chosen = greedy(cover, self.budget)
        return chosen, cover_bound(cover, self.budget, seconds=self.seconds)


@dataclass(frozen=True)
class Problem:
    """A choice of projects over areas; make one with :meth:`of`.

    Attributes
    ----------
    table
        The areas.
    whole, small
        The problem over all areas, and over cells that no project tells apart.
    cell
        The cell of each area; -1 where no project reaches it.
    weights
        What a person counts, by area.
    floors
        What a choice must reach.
    solver
        How it is made.
    """

    table: pd.DataFrame
    whole: Cover
    small: Cover
    cell: npt.NDArray[np.intp]
    weights: Floats
    floors: tuple[Floor, ...]
    solver: Solver

    @classmethod
    def of(
        cls,
        table: pd.DataFrame,
        projects: pd.DataFrame,
        *,
        gains: pd.DataFrame,
        weight: pd.Series | None,
        floors: Sequence[Floor],
        cap: float | Mapping[str, float] | None,
        solver: Solver,
    ) -> Problem:
        """Take areas, checked projects, and what each bundle brings in."""
        weights = np.ones(len(table))
        if weight is not None:
            weights = aligned(weight, table.index, what="weight", of="areas")
        people = _worth(gains)
        counties = pd.Index(projects["county"].unique())
        whole = Cover(
            reach=_reach(table, projects),
            brings=np.array([FIXES[fixes] for fixes in projects["fixes"]], dtype=np.int8),
            cost=projects["cost_usd"].to_numpy(dtype=float),
            worth=people * weights,
            people=people,
            group=_groups(projects),
            place=counties.get_indexer(pd.Index(projects["county"])).astype(np.intp),
            cap=_caps(cap, counties),
            bars=tuple(_bar(floor, table, people) for floor in floors),
        )
        _refuse_caps(whole, projects, solver.budget)
        small, cell = collapsed(whole)
        made = cls(table, whole, small, cell, weights, tuple(floors), solver)
        made._refuse_idle(projects)
        return made

    def solve(self) -> tuple[Flags, float]:
        """Return the choice and its bound; refuse floors that cannot be met, by name."""
        chosen, bound = self.solver.solve(self.small)
        if self.small.bars and (self.small.below(chosen) or not chosen.any()):
            self._blame()
        return _without_idle(self.small, chosen), bound

    def shares_in(self, drawn: Mapping[str, npt.NDArray[np.float32]]) -> Floats:
        """Return the share of draws (draws by areas) whose greedy plan has each project."""
        count = len(drawn["line"])
        times = np.zeros(len(self.small.cost))
        for one in range(count):
            people = _worth({name: values[one] for name, values in drawn.items()})
            bars = tuple(_bar(floor, self.table, people) for floor in self.floors)
            here = replace(
                self.small,
                worth=self._in_cells(people * self.weights),
                people=self._in_cells(people),
                bars=tuple(replace(bar, worth=self._in_cells(bar.worth)) for bar in bars),
            )
            times += greedy(here, self.solver.budget)
        return times / count

    def front(self, chosen: Flags, points: int) -> pd.DataFrame:
        """Return plans that reach ever more people in the areas that come first, with the chosen.

        Maximise all people, with a floor for those who come first that rises from what the
        unconstrained plan reaches to the most that any plan does.
        """
        first = first_areas(self.table)
        if not points or first is None or not first.any():
            return pd.DataFrame(columns=list(FRONT))
        if points < 2:
            raise InputError(f"front is {points}", fix="ask for 2 plans or more, or 0")
        there = self._in_cells(self.whole.people * first)
        free = replace(self.small, worth=self.small.people, bars=())
        least, _ = self.solver.solve(free)
        # Whoever comes first, and of equal plans the one that reaches most.
        most, _ = self.solver.solve(replace(free, worth=there + 1e-6 * free.people))
        low, high = (free.value(one, there) for one in (least, most))
        plans = [(np.nan, chosen, True), (low, least, False), (high, most, False)]
        for floor in np.linspace(low, high, points)[1:-1].tolist():
            barred = replace(free, bars=(Bar(there, "front", at_least_n=floor),))
            one, _ = self.solver.solve(barred)
            if not barred.below(one):
                plans.append((floor, one, False))
        found = [(floor, _without_idle(free, one), own) for floor, one, own in plans]
        rows = [
            (floor, free.value(one), free.value(one, there), free.cost[one].sum(), own)
            for floor, one, own in found
        ]
        frame = pd.DataFrame(rows, columns=list(FRONT)).round(6)
        order = ["first_n", "people_n", "is_plan"]
        frame = frame.sort_values(order, ascending=[True, False, False], kind="stable")
        return frame.drop_duplicates(["first_n", "people_n"]).reset_index(drop=True)

    def _in_cells(self, worth: Floats) -> Floats:
        used, size = self.cell >= 0, self.small.people.shape[1]
        return np.stack([np.bincount(self.cell[used], row[used], minlength=size) for row in worth])

    def _refuse_idle(self, projects: pd.DataFrame) -> None:
        """Refuse projects that bring nobody in, alone or with any other."""
        cover = self.small
        if not cover.people.any():
            raise InputError(
                "no area that a project reaches has anybody in its gap, or a value of it",
                fix="look at gap_status and gap_n of these areas",
            )
        having = cover.states(np.ones(len(cover.cost), dtype=bool))
        cells = np.arange(cover.people.shape[1])
        most = np.zeros(len(cover.cost))
        for state in FIXES.values():
            here = cover.brings == state
            # With what the others bring to a cell, a project is worth what they lack.
            without = cover.people[having & ~state & 3, cells]
            more = cover.people[having | state, cells] - without
            most[here] = cover.reach[here] @ np.maximum(more, cover.people[state])
        idle = most <= 0
        if idle.any():
            raise InputError(
                "a project brings nobody in: what it fixes is not what keeps people of its areas "
                "in the gap, or nobody there is",
                rows=projects.index[idle].tolist(),
                fix="see gap_line_only_n, gap_home_only_n, gap_both_n there, or leave it out",
            )

    def _blame(self) -> None:
        """Say which floors no plan meets, or only the plan of doing nothing."""
        for count in range(1, len(self.small.bars) + 1):
            for some in combinations(self.small.bars, count):
                trial = replace(self.small, bars=some)
                tried, _ = self.solver.solve(trial)
                if not trial.below(tried) and tried.any():
                    continue
                names = sentence_list([bar.name for bar in some])
                what = "floors cannot all" if count > 1 else "a floor cannot"
                most = self._most(some[0]) if count == 1 else ""
                raise InputError(
                    f"{what} be met within the budget and the caps: {names}{most}",
                    fix="lower the floor, or raise the budget or the caps",
                )

    def _most(self, bar: Bar) -> str:
        best, _ = self.solver.solve(replace(self.small, worth=bar.worth, bars=()))
        return f" (at most {number(self.small.value(best, bar.worth))} can be reached there)"


def first_areas(table: pd.DataFrame) -> Flags | None:
    """Return which areas come first; None where the table does not say."""
    if FIRST not in table.columns:
        return None
    return table[FIRST].fillna(value=False).to_numpy(dtype=bool)


def _worth(gains: Mapping[str, npt.NDArray[np.float32]] | pd.DataFrame) -> Floats:
    """Return what a cell is worth in each state; where it is unknown, nothing."""
    parts = [np.nan_to_num(np.asarray(gains[fixes], dtype=float)) for fixes in FIXES]
    return np.stack([np.zeros_like(parts[0]), *parts])


def _reach(table: pd.DataFrame, projects: pd.DataFrame) -> sparse.csr_array:
    where = pd.Series(np.arange(len(table)), index=table.index.astype(str))
    if not where.index.is_unique:
        twice = where.index[where.index.duplicated()].unique()
        raise InputError("an area is listed twice", rows=twice[:5].tolist(), count=len(twice))
    columns = where.loc[[area for areas in projects["areas"] for area in areas]].to_numpy()
    rows = np.repeat(np.arange(len(projects)), [len(areas) for areas in projects["areas"]])
    shape = (len(projects), len(table))
    ones = np.ones(len(rows), dtype=bool)
    reach = sparse.csr_array(sparse.coo_array((ones, (rows, columns)), shape=shape))
    reach.sort_indices()
    return reach


def _groups(projects: pd.DataFrame) -> npt.NDArray[np.intp]:
    named = projects["exclusive_group"].astype(str)
    # A project without a group is its own, whatever the groups are called.
    keys = np.where(named == "", "project " + projects.index.astype(str), "group " + named)
    return pd.factorize(keys)[0].astype(np.intp)


def _caps(cap: float | Mapping[str, float] | None, counties: pd.Index) -> Floats:
    if cap is None:
        return np.full(len(counties), np.inf)
    if not isinstance(cap, Mapping):
        return np.full(len(counties), checked_number(cap, "the cap per county", above=True))
    strange = sorted(set(cap) - set(counties))
    if strange:
        raise InputError(
            "a cap names a county in which no project lies",
            rows=strange,
            fix="write five digits as text, of counties of the projects",
        )
    known = {county: checked_number(usd, f"the cap of {county}") for county, usd in cap.items()}
    return np.array([known.get(county, np.inf) for county in counties])


def _refuse_caps(cover: Cover, projects: pd.DataFrame, budget: float) -> None:
    """Refuse caps that no project fits, or that one over several counties would walk round."""
    capped = set(projects["county"][np.isfinite(cover.cap[cover.place])])
    spread = [
        len(there := {area[:5] for area in areas}) > 1 and bool(there & capped)
        for areas in projects["areas"]
    ]
    if any(spread):
        raise InputError(
            "a project lies in several counties, and there is a cap per county",
            rows=projects.index[spread].tolist(),
            fix="list what it would cost in each county as a project of its own, or leave the cap",
        )
    fits = cover.cost <= np.minimum(budget, cover.cap[cover.place]) * (1 + 1e-9)
    if not fits.any():
        cheapest = int(cover.cost.argmin())
        raise InputError(
            "no project fits the budget and the cap of its county (the cheapest costs "
            f"${number(cover.cost[cheapest])}, {projects.index[cheapest]})",
            fix="raise the cap, or list smaller projects",
        )


def _bar(floor: Floor, table: pd.DataFrame, people: Floats) -> Bar:
    if floor.column not in table.columns:
        raise MissingColumnError(
            f"a floor names {floor.column}, which the table does not have",
            fix="make it with under_resourced, or name another column of yes and no",
        )
    marked = table[floor.column].fillna(value=False).to_numpy(dtype=bool)
    if not marked.any():
        raise InputError(
            f"the floor on {floor.column} is for areas of which there are none",
            fix="leave it out, or name another column",
        )
    return Bar(people * marked, floor.said, floor.at_least_n, floor.at_least_share)


def _without_idle(cover: Cover, chosen: Flags) -> Flags:
    """Leave out what reaches nobody anew, the dearest first: a budget to spare would buy it."""
    kept = chosen.copy()
    by_bit = {bit: chosen & (cover.brings & bit > 0) for bit in (1, 2)}
    givers = {
        bit: np.bincount(cover.reach[here].indices, minlength=cover.reach.shape[1])
        for bit, here in by_bit.items()
    }
    for one in sorted(np.flatnonzero(chosen).tolist(), key=lambda one: (-cover.cost[one], -one)):
        cells = cover.cells(one)
        now = sum(bit * (given[cells] > 0) for bit, given in givers.items())
        left = {bit: given[cells] - by_bit[bit][one] for bit, given in givers.items()}
        later = sum(bit * (given > 0) for bit, given in left.items())
        lost = cover.people[now, cells] - cover.people[later, cells]
        if lost.sum() <= 1e-9:
            kept[one] = False
            for bit, given in left.items():
                givers[bit][cells] = given
    return kept
