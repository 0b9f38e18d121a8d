"""The same choice by mixed-integer programming: HiGHS through scipy, with its bound, checked again.

Nothing of the solver's answer but the choice itself is believed: what it is worth, and what it
breaks, is counted anew (HiGHS has given wrong answers to tiny problems). The bound is the solver's.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from equity.errors import EquityError
from equity.funding._cover import FIXES, Cover, greedy

__all__ = ["Answer", "best_cover", "cover_bound", "maximise"]

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_NEAR = 1e-6


@contextmanager
def _without_its_remarks() -> Iterator[None]:
    """Keep HiGHS from printing: version 1.12 writes a line of its own, whatever it is told."""

    def flush() -> None:
        with suppress(OSError, TypeError, AttributeError):
            ctypes.CDLL(None).fflush(None)

    flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


class Answer(NamedTuple):
    """A solver's answer: the variables, what no answer can pass, and whether any answer exists."""

    x: Floats | None
    bound: float
    feasible: bool


def maximise(
    gain: Floats, rows: sparse.csr_array, upper: Floats, *, whole: Flags, gap: float,
    seconds: float, lower: Floats | None = None, most: Floats | float = 1.0, presolve: bool = True,
) -> Answer:  # fmt: skip
    """Maximise a sum of variables from 0 to ``most`` with ``lower <= rows x <= upper``."""
    low = np.full(len(upper), -np.inf) if lower is None else lower
    with _without_its_remarks():
        found: Any = milp(
            -gain,
            constraints=LinearConstraint(rows, low, upper),
            integrality=whole.astype(int),
            bounds=Bounds(0.0, most),
            options={"mip_rel_gap": gap, "time_limit": seconds, "presolve": presolve},
        )
    if found.status == 2:  # infeasible
        return Answer(None, np.nan, feasible=False)
    bound = found.get("mip_dual_bound")
    if bound is None or not np.isfinite(bound):
        bound = found.fun if found.status == 0 and not whole.any() else -np.inf
    return Answer(found.x, -float(bound), feasible=True)


@dataclass(frozen=True)
class _Model:
    """Columns: a project each, then a state of a shared cell each, then people of one each."""

    gain: Floats
    rows: sparse.csr_array
    upper: Floats
    most: Floats


def best_cover(cover: Cover, budget: float, *, gap: float, seconds: float) -> tuple[Flags, float]:
    """Return the best choice found and a bound of what any choice is worth; missing if none.

    The choice is never worth less than the greedy one. Where no choice reaches the bars, the one
    returned does not either (:meth:`Cover.below`), and the bound is missing.

    Raises
    ------
    EquityError
        If the solver's bound lies below a choice at hand: then one of the two is wrong; or if
        it had no time to find any.
    """
    twin = greedy(cover, budget)
    twin_worth = cover.value(twin) if not cover.breaks(twin, budget) else -np.inf
    model = _model(cover, budget)
    whole = np.zeros(len(model.gain), dtype=bool)
    whole[: len(cover.cost)] = True
    for presolve in (True, False):
        found = maximise(
            model.gain, model.rows, model.upper, whole=whole, gap=gap, seconds=seconds,
            most=model.most, presolve=presolve,
        )  # fmt: skip
        if not found.feasible and twin_worth == -np.inf:
            return twin, np.nan
        if found.x is None and found.feasible and twin_worth == -np.inf:
            raise EquityError(
                "no plan that keeps all limits was found in the time it had",
                fix="raise time_limit_s",
                code="E-SOLVER",
            )
        chosen = twin if found.x is None else found.x[: len(cover.cost)] > 0.5
        worth = cover.value(chosen) if not cover.breaks(chosen, budget) else -np.inf
        slack = _NEAR * max(abs(worth), abs(twin_worth), 1.0)
        if found.feasible and found.bound >= max(worth, twin_worth) - slack and worth > -np.inf:
            best = chosen if worth >= twin_worth else twin
            bound = max(found.bound, worth, twin_worth)
            return best, bound if np.isfinite(bound) else np.nan
    raise EquityError(
        "the solver's answer breaks a limit or its bound lies below a plan at hand",
        fix="ask for method='greedy', and report it with the table of projects",
        code="E-SOLVER",
    )


def cover_bound(cover: Cover, budget: float, *, seconds: float = 300.0) -> float:
    """Return what no choice passes, by the problem without whole numbers; missing if unsolved."""
    model = _model(cover, budget)
    found = maximise(
        model.gain, model.rows, model.upper, whole=np.zeros(len(model.gain), dtype=bool),
        gap=0.0, seconds=seconds, most=model.most,
    )  # fmt: skip
    return found.bound if np.isfinite(found.bound) else np.nan


class _Rows:
    """Rows of a sparse matrix as they come."""

    def __init__(self) -> None:
        self.row: list[npt.NDArray[np.intp]] = []
        self.column: list[npt.NDArray[np.intp]] = []
        self.value: list[Floats] = []
        self.upper: list[Floats] = []
        self.count = 0

    def add(self, row: Any, column: Any, value: Any, upper: Any) -> None:
        """Add a block: entries with rows from 0, and the upper ends of its rows."""
        row = np.asarray(row, dtype=np.intp)
        self.row.append(row + self.count)
        self.column.append(np.asarray(column, dtype=np.intp))
        self.value.append(np.broadcast_to(np.asarray(value, dtype=float), row.shape))
        ends = np.atleast_1d(np.asarray(upper, dtype=float))
        self.upper.append(ends)
        self.count += len(ends)

    def matrix(self, columns: int) -> sparse.csr_array:
        """Return all of them."""
        where = (np.concatenate(self.row), np.concatenate(self.column))
        made = sparse.coo_array((np.concatenate(self.value), where), shape=(self.count, columns))
        return sparse.csr_array(made)


def _model(cover: Cover, budget: float) -> _Model:
    m = len(cover.cost)
    columns = sparse.csc_array(cover.reach.tocsc())
    cell_of = np.repeat(np.arange(columns.shape[1]), np.diff(columns.indptr))
    project_of = columns.indices.astype(np.intp)
    # Where at most one project can reach a cell, its people are the project's own.
    group = cover.group[project_of]
    low = np.full(columns.shape[1], np.iinfo(np.intp).max)
    high = np.full(columns.shape[1], -1)
    np.minimum.at(low, cell_of, group)
    np.maximum.at(high, cell_of, group)
    own = (low == high)[cell_of]
    shared = _Shared.of(cover, cell_of[~own], project_of[~own])
    state = cover.brings[project_of[own]]
    rows = _Rows()
    # Limits as parts of themselves: the solver's tolerances are absolute.
    rows.add(np.zeros(m), np.arange(m), cover.cost / budget, 1.0)
    _groups(cover, rows)
    for place in np.flatnonzero(np.isfinite(cover.cap)):
        there = np.flatnonzero(cover.place == place)
        scale = max(cover.cap[place], 1.0)
        rows.add(np.zeros(len(there)), there, cover.cost[there] / scale, cover.cap[place] / scale)
    shared.tie(rows, m)
    size = m + len(shared.cell)

    def worth(of: Floats) -> Floats:
        mine = np.bincount(project_of[own], of[state, cell_of[own]], minlength=m)
        return np.concatenate([mine, of[shared.state, shared.cell]])

    gain = worth(cover.worth)
    most = np.ones(size)
    for bar in cover.bars:
        reached, everybody = worth(bar.worth), worth(cover.people)
        if bar.at_least_n is not None:
            scale = max(bar.at_least_n, 1.0)
            rows.add(np.zeros(size), np.arange(size), -reached / scale, -bar.at_least_n / scale)
            continue
        # A part of all people: those who do not count for it may not be told too few.
        part = float(bar.at_least_share or 0.0)
        value = -(1 - part) * reached
        others = np.maximum(cover.people - bar.worth, 0.0)
        value[:m] += part * (everybody - reached)[:m]
        start = len(gain)
        more = shared.told(others, rows, first=start)
        columns_of = np.concatenate([np.arange(size), np.arange(start, start + more)])
        rows.add(
            np.zeros(len(columns_of)), columns_of, np.concatenate([value, np.full(more, part)]), 0.0
        )
        gain, most = np.append(gain, np.zeros(more)), np.append(most, np.full(more, np.inf))
    return _Model(gain, rows.matrix(len(gain)), np.concatenate(rows.upper), most)


def _groups(cover: Cover, rows: _Rows) -> None:
    sizes = np.bincount(cover.group)
    several = np.flatnonzero(sizes > 1)
    number = np.full(len(sizes), -1)
    number[several] = np.arange(len(several))
    here = np.flatnonzero(number[cover.group] >= 0)
    if len(here):
        rows.add(number[cover.group[here]], here, 1.0, np.ones(len(several)))


@dataclass(frozen=True)
class _Shared:
    """Cells that several projects may reach: one column for each state that they may come into."""

    cell: npt.NDArray[np.intp]
    state: npt.NDArray[np.intp]
    pair_cell: npt.NDArray[np.intp]
    pair_project: npt.NDArray[np.intp]
    brings: npt.NDArray[np.int8]

    @classmethod
    def of(cls, cover: Cover, cell: npt.NDArray[np.intp], project: npt.NDArray[np.intp]) -> _Shared:
        """Take the pairs of cell and project."""
        brings = cover.brings[project]
        size = cover.reach.shape[1]
        can = np.zeros((4, size), dtype=bool)
        for state in FIXES.values():
            can[state, cell[brings == state]] = True
        can[3] |= can[1] & can[2]
        # Two at once alone: then it is the only state there is.
        can[1] &= cover.worth[1] > 0
        can[2] &= cover.worth[2] > 0
        states, cells = np.nonzero(can)
        return cls(cells, states, cell, project, brings)

    def tie(self, rows: _Rows, m: int) -> None:
        """Say that a cell has what a chosen project brings, and is in one state."""
        if not len(self.cell):
            return
        for bit in (1, 2):
            needs = np.flatnonzero(self.state & bit)
            giving = self.brings & bit > 0
            given_cell, given = self.pair_cell[giving], self.pair_project[giving]
            order = np.argsort(given_cell, kind="stable")
            given_cell, given = given_cell[order], given[order]
            start = np.searchsorted(given_cell, self.cell[needs], side="left")
            end = np.searchsorted(given_cell, self.cell[needs], side="right")
            long = end - start
            row = np.repeat(np.arange(len(needs)), long)
            at = np.arange(long.sum()) - np.repeat(np.cumsum(long) - long, long)
            rows.add(
                np.concatenate([np.arange(len(needs)), row]),
                np.concatenate([m + needs, given[np.repeat(start, long) + at]]),
                np.concatenate([np.ones(len(needs)), -np.ones(len(row))]),
                np.zeros(len(needs)),
            )
        several = np.flatnonzero(np.bincount(self.cell) > 1)
        number = np.full(self.cell.max() + 1, -1)
        number[several] = np.arange(len(several))
        here = np.flatnonzero(number[self.cell] >= 0)
        if len(here):
            rows.add(number[self.cell[here]], m + here, 1.0, np.ones(len(several)))

    def told(self, people: Floats, rows: _Rows, *, first: int) -> int:
        """Add a column for each cell that is at least the people whom a choice reaches there."""
        cells = np.unique(self.pair_cell)
        if not len(cells):
            return 0
        column = dict(zip(cells.tolist(), range(first, first + len(cells)), strict=True))
        for cell in cells.tolist():
            here = self.pair_cell == cell
            projects, brings = self.pair_project[here], self.brings[here]
            for project, state in zip(projects.tolist(), brings.tolist(), strict=True):
                rows.add([0, 0], [project, column[cell]], [people[state, cell], -1.0], 0.0)
            both = people[3, cell]
            for line in projects[brings == 1].tolist():
                for home in projects[brings == 2].tolist():
                    rows.add([0, 0, 0], [line, home, column[cell]], [both, both, -1.0], both)
        return len(cells)
