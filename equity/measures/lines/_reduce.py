"""The reducer: one file's rows in, one row per location out. A pure function of the file.

Rows arrive grouped by provider, so each batch falls into a few runs of one provider and one
technology; inside a run everything but the location and the speeds is a constant, and "set True at
these slots" needs no care about repeated locations. Files in any other order give the same result,
only more slowly: such a batch is first sorted by provider.

Threads that read side by side inflate, parse and class each on its own; only the adding to the
table, about a fifth of the work, is done by one at a time.

Memory grows with the number of locations (150 to 200 bytes each at its peak) and with the providers
(one bit per location each), not with the rows.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from equity.measures.lines._asked import Asked, asked_by
from equity.measures.lines._batch import Rows
from equity.measures.lines._classed import Classed, Run, classed, columns_needed
from equity.measures.lines._partial import (
    BLOCK_DIGITS,
    LISTED,
    QUALIFIES,
    SERVED,
    UNDERSERVED,
    Bits,
    Flags,
    Ints,
    Number,
    Partial,
    RuleColumns,
    shortened,
)
from equity.measures.lines._providers import Areas, ProviderSets
from equity.measures.lines._slots import SlotIndex
from equity.measures.lines._threads import at_once, side_by_side
from equity.rules import CoverageRule

_MOST_EXPECTED = 1 << 21  # a file may also be large because many providers list each location
_WAITING = 4  # parts that wait to be added before a reader waits too
_BYTES_A_LOCATION = 64  # of the largest zip: a guess that only saves growing the tables


class LocationFile(Protocol):
    """What a file must offer; ``read_bdc`` returns such files."""

    @property
    def name(self) -> str: ...
    @property
    def product(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def size(self) -> int: ...

    def fingerprint(self) -> str: ...
    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]: ...


def reduce_files(
    files: Sequence[LocationFile],
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    digits: int = BLOCK_DIGITS,
    whole: int | None = None,
    readers: int = 1,
    done: Callable[[int], object] = lambda _: None,
) -> Partial:
    """Reduce files of offers, and served/unserved exports, to one row per location.

    Files reduced together share one table of locations, which saves merging; the result is the
    same as that of each alone, merged.

    Parameters
    ----------
    files
        See :class:`LocationFile`.
    rules
        Rules to class offers under, all in one pass.
    cells
        Also keep each location's H3 cell.
    digits
        How many digits of the block make the areas that providers are told apart by; with 0 they
        are told apart by cell.
    whole
        How many of the rules, the first ones, are told wholly; of the others the classes alone are.
    readers
        Threads that read side by side; the result is the same.
    done
        Told of every file that has been read, from its thread, by one at a time.
    """
    largest = max((file.size for file in files), default=0)
    asked = asked_by(rules, whole)
    reducer = _Reducer(asked, min(largest // _BYTES_A_LOCATION, _MOST_EXPECTED), cells=cells)
    adding, over = threading.Lock(), threading.Event()
    classed_parts: deque[tuple[Classed, bool]] = deque()

    def add() -> None:
        while classed_parts:
            part, export = classed_parts.popleft()
            reducer.add(part, export=export)

    def read(file: LocationFile) -> None:
        export = file.product == "served_unserved"
        for batch in file.batches(columns_needed(export=export, cells=cells)):
            part = classed(batch, asked, state=file.state, export=export)
            classed_parts.append((part, export))
            # Whoever finds another one adding leaves his part to him and reads on.
            if adding.acquire(blocking=len(classed_parts) > _WAITING):
                try:
                    add()
                finally:
                    adding.release()
            if over.is_set():
                return
        with adding:
            done(1)

    side_by_side(read, files, threads=min(readers, len(files)), stop=over.set)
    add()
    return reducer.result(digits, threads=readers)


class _Reducer:
    def __init__(self, asked: Asked, expected: int = 0, *, cells: bool) -> None:
        self._asked = asked
        self._expected = expected
        self._keep_cells = cells
        self._index = SlotIndex(expected)
        self._blocks = np.empty(0, np.int64)
        self._cells = np.empty(0, np.uint64)
        self._exported = np.empty(0, bool)
        self._room = 0
        self._clashing: list[Ints] = []
        self._tally: Counter[str] = Counter()
        self._listed = ProviderSets()
        self._qualified = [ProviderSets() for _ in asked.lines]
        self._best = [np.empty(0, np.int64) for _ in asked.offers]
        self._passed: dict[tuple[int, int], Bits] = {}
        """Technology and every eighth test -> a bit a test and location."""

    def add(self, part: Classed, *, export: bool) -> None:
        self._tally.update(part.tally)
        if not part.rows.location.size:
            return
        slots = self._place(part.rows)
        if export:
            self._exported[slots] = True
        for run in part.runs:
            self._add_run(run, slots[run.part])

    def _place(self, rows: Rows) -> Ints:
        """Return each row's slot, and note the block of new locations."""
        known = self._index.size
        slots = self._index.slots(rows.location)
        size = self._index.size
        if size > self._room:
            self._grow(size)
        if size > known:
            new = np.flatnonzero(slots >= known)
            self._blocks[slots[new]] = rows.block[new]
            if rows.cell.size:
                self._cells[slots[new]] = rows.cell[new]
        clash = self._blocks.take(slots) != rows.block
        if clash.any():
            np.minimum.at(self._blocks, slots[clash], rows.block[clash])
            self._clashing.append(rows.location[clash])
        if rows.cell.size:
            other = self._cells.take(slots) != rows.cell
            np.minimum.at(self._cells, slots[other], rows.cell[other])
        return slots

    def _grow(self, size: int) -> None:
        self._room = max(size * 3 // 2, 1 << 14, self._expected)
        self._blocks = _extend(self._blocks, self._room)
        if self._keep_cells:
            self._cells = _extend(self._cells, self._room)
        self._exported = _extend(self._exported, self._room)
        self._best = [_extend(best, self._room) for best in self._best]
        for key, bits in self._passed.items():
            self._passed[key] = _extend(bits, self._room)
        for sets in (self._listed, *self._qualified):
            sets.grow(self._room)

    def _add_run(self, run: Run, slots: Ints) -> None:
        self._listed.flags((run.provider, run.code))[slots] = True
        for test, where in run.passed:
            key = (run.code, test // 8)
            if key not in self._passed:
                self._passed[key] = np.zeros(self._room, np.uint8)
            self._passed[key][slots[where]] |= np.uint8(1 << test % 8)
        for kind, where in run.lines:
            some = slots[where]
            if some.size:
                self._qualified[kind].flags((run.provider, 0))[some] = True
        for kind, where, speed in run.offered:
            np.maximum.at(self._best[kind], slots[where], speed)

    def result(self, digits: int, *, threads: int) -> Partial:
        """Return what has been added; the reducer is used up, so that its memory serves here."""
        size, ids = self._index.size, self._index.ids
        del self._index
        blocks = self._blocks[:size]
        cells = self._cells[:size]
        codes = shortened(blocks, digits) if digits else cells.astype(np.int64)
        providers = self._listed.providers()

        # The longest first, so that none is left to be done alone.
        *near, areas, listed = at_once(
            (
                *(partial(one.lowest_three, size) for one in self._qualified),
                partial(Areas, codes),
                partial(self._listed.by_technology, size),
            ),
            threads=threads,
        )
        reached, *qualified = at_once(
            (partial(one.reach, providers, areas) for one in (self._listed, *self._qualified)),
            threads=threads,
        )
        best = [one[:size] for one in self._best]
        pairs = [areas.pairs(providers, reached, one) for one in qualified]
        asked = self._asked
        levels = [
            {code: self._level(code, flags, tests) for code, flags in sorted(listed.items())}
            for tests in asked.tests_of
        ]
        rules = [
            RuleColumns(one, best[offers], near[lines], *pairs[lines])
            for one, offers, lines in zip(levels, asked.offers_of, asked.lines_of, strict=False)
        ]
        rules += [RuleColumns(one) for one in levels[len(rules) :]]
        clashing = np.unique(np.concatenate(self._clashing)) if self._clashing else _NO_IDS
        return Partial(
            ids=ids[:size],
            blocks=blocks,
            cells=cells,
            exported=self._exported[:size],
            rules=tuple(rules),
            clashing=clashing,
            tally=+self._tally,
            areas=(areas.place, areas.distinct),
        )

    def _level(self, code: int, listed: Flags, tests: Sequence[int]) -> Bits:
        """Return the bits of locations in one technology, from the tests of one rule."""
        bits = listed.view(np.uint8) * np.uint8(LISTED)
        for test, bit in zip(tests, (UNDERSERVED, SERVED, QUALIFIES), strict=True):
            passed = self._passed.get((code, test // 8))
            if passed is not None:
                bits |= (passed[: bits.size] >> np.uint8(test % 8) & 1) * np.uint8(bit)
        return bits


_NO_IDS = np.empty(0, np.int64)


def _extend(array: NDArray[Number], size: int) -> NDArray[Number]:
    grown = np.zeros(size, array.dtype)
    grown[: array.size] = array
    return grown
