"""What a file of offers is reduced to: one row per location, and how two such results merge.

Every part merges by a maximum, a union or a sum, so the order of files never matters:

- the class of a location by technology is a set of bits, merged by *or*;
- its best offer is a number that orders by download, then upload speed, merged by maximum;
- of the providers with a qualifying line the three lowest ids are kept, which is what telling
  0, 1, 2 and 3 or more apart needs;
- its block is the lowest that any row gives (rows that disagree are counted);
- tallies add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equity.measures._slots import SlotIndex, slots_of

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Flags = NDArray[np.bool_]

LISTED, UNDERSERVED, SERVED, QUALIFIES = 1, 2, 4, 8
"""Bits of a location's class in one technology: listed at all; at least underserved; served;
with a line that qualifies."""

UNKNOWN_TECHNOLOGY = -1
NO_PROVIDER = np.iinfo(np.int32).max
NEAR = 3
_UP_BITS = 24
_PROVIDER_BITS = 33


@dataclass
class RuleColumns:
    """What depends on the rule.

    Attributes
    ----------
    levels
        Technology code -> bits per location.
    best
        Best offer per location over the rule's technologies, see :func:`pack_speed`; 0 for none.
    near
        (n, 3): lowest ids of the providers with a qualifying line, ascending.
    pair_area, pair_provider, pair_qualifies
        Each provider's blocks (H3 cells, where those were asked for), once, and whether a line
        of his qualifies there.
    """

    levels: dict[int, Bits]
    best: Ints
    near: NDArray[np.int32]
    pair_area: Ints
    pair_provider: NDArray[np.int32]
    pair_qualifies: Flags


@dataclass
class Partial:
    """One row per location, from one file or many.

    Attributes
    ----------
    ids, blocks
        Location id and 15-digit block as integers.
    cells
        H3 cells as integers; empty if they were not asked for.
    exported
        True where the served/unserved export has the location.
    rules
        Columns for each rule, in the order asked for.
    clashing
        Ids of locations that rows put into different blocks.
    tally
        Rows read and left out, by reason.
    """

    ids: Ints
    blocks: Ints
    cells: NDArray[np.uint64]
    exported: Flags
    rules: tuple[RuleColumns, ...]
    clashing: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    tally: Counter[str] = field(default_factory=Counter)


def pack_speed(down: Ints, up: Ints) -> Ints:
    """Return one number per offer that orders by download, then upload speed; never 0."""
    return (down << _UP_BITS | np.minimum(up, (1 << _UP_BITS) - 2)) + 1


def unpack_speed(best: Ints) -> tuple[Ints, Ints]:
    """Return (down, up) in Mbps; (0, 0) where there is no offer."""
    value = np.maximum(best - 1, 0)
    return value >> _UP_BITS, value & ((1 << _UP_BITS) - 1)


def merge(partials: Iterable[Partial]) -> Partial:
    """Merge results of several files into one, sorted by location id."""
    total = Accumulator()
    for partial in partials:
        total.add(partial)
    return sort_by_id(total.result())


class Accumulator:
    """Takes partial results one by one and holds one row per location."""

    def __init__(self) -> None:
        self._only: Partial | None = None
        self._index = SlotIndex()
        self._blocks = np.empty(0, np.int64)
        self._cells = np.empty(0, np.uint64)
        self._exported = np.empty(0, bool)
        self._rules: list[_RuleSum] = []
        self._clashing = np.empty(0, np.int64)
        self._tally: Counter[str] = Counter()

    def add(self, partial: Partial) -> None:
        """Merge one partial result in."""
        if self._only is None and not self._rules:
            self._only = partial
            return
        if self._only is not None:
            first, self._only = self._only, None
            self._adopt(first)
        self._merge(partial)

    def _adopt(self, partial: Partial) -> None:
        """Begin with the first partial result; its arrays are never changed in place."""
        self._index = SlotIndex(partial.ids.size)
        order = np.empty(partial.ids.size, np.intp)
        order[self._index.slots(partial.ids)] = np.arange(partial.ids.size)
        self._blocks = partial.blocks[order]
        self._cells = partial.cells[order] if partial.cells.size else partial.cells
        self._exported = partial.exported[order]
        self._rules = [_RuleSum(columns, order) for columns in partial.rules]
        self._clashing = partial.clashing
        self._tally.update(partial.tally)

    def _merge(self, partial: Partial) -> None:
        known = self._index.size
        slots = self._index.slots(partial.ids)
        size = self._index.size
        self._tally.update(partial.tally)
        self._merge_blocks(partial, slots, known, size)
        self._exported = _sized(self._exported, size)
        self._exported[slots] |= partial.exported
        for total, columns in zip(self._rules, partial.rules, strict=True):
            total.add(columns, slots, size)

    def _merge_blocks(self, partial: Partial, slots: Ints, known: int, size: int) -> None:
        self._blocks = _sized(self._blocks, size)
        old = slots < known
        before = self._blocks[slots[old]]
        clash = before != partial.blocks[old]
        if clash.any() or partial.clashing.size:
            found = partial.ids[old][clash]
            self._clashing = np.union1d(self._clashing, np.union1d(found, partial.clashing))
        self._blocks[slots[~old]] = partial.blocks[~old]
        self._blocks[slots[old]] = np.minimum(before, partial.blocks[old])
        if partial.cells.size or self._cells.size:
            self._cells = _sized(self._cells, size)
            here = partial.cells if partial.cells.size else np.zeros(slots.size, np.uint64)
            self._cells[slots] = _lowest_but_zero(self._cells[slots], here)

    def result(self) -> Partial:
        """Return everything merged so far, in no particular order of locations."""
        if self._only is not None:
            return self._only
        size = self._index.size
        return Partial(
            ids=self._index.ids[:size],
            blocks=self._blocks[:size],
            cells=self._cells[:size],
            exported=self._exported[:size],
            rules=tuple(total.result(size) for total in self._rules),
            clashing=self._clashing,
            tally=Counter(self._tally),
        )


def sort_by_id(part: Partial) -> Partial:
    """Return the same locations in the order of their ids."""
    order = np.argsort(part.ids)
    rules = []
    for one in part.rules:
        levels = {code: bits[order] for code, bits in sorted(one.levels.items())}
        pairs = distinct_pairs([(one.pair_area, one.pair_provider, one.pair_qualifies)])
        rules.append(RuleColumns(levels, one.best[order], one.near[order], *pairs))
    return replace(
        part,
        ids=part.ids[order],
        blocks=part.blocks[order],
        cells=part.cells[order] if part.cells.size else part.cells,
        exported=part.exported[order],
        rules=tuple(rules),
    )


class _RuleSum:
    def __init__(self, first: RuleColumns, order: Ints) -> None:
        self.levels = {code: bits[order] for code, bits in first.levels.items()}
        self.best = first.best[order]
        self.near = first.near[order]
        self.pairs = [(first.pair_area, first.pair_provider, first.pair_qualifies)]

    def add(self, columns: RuleColumns, slots: Ints, size: int) -> None:
        for code, bits in columns.levels.items():
            if code in self.levels:
                total = _sized(self.levels[code], size)
                total[slots] |= bits
            else:
                total = _sized(np.empty(0, np.uint8), size)
                total[slots] = bits
            self.levels[code] = total
        self.best = _sized(self.best, size)
        if columns.best.any():
            self.best[slots] = np.maximum(self.best[slots], columns.best)
        self.near = _sized_near(self.near, size)
        some = np.flatnonzero(columns.near[:, 0] != NO_PROVIDER)
        if some.size:
            self.near[slots[some]] = _lowest_three(self.near[slots[some]], columns.near[some])
        self.pairs.append((columns.pair_area, columns.pair_provider, columns.pair_qualifies))

    def result(self, size: int) -> RuleColumns:
        block, provider, qualifies = distinct_pairs(self.pairs)
        return RuleColumns(
            levels={c: _sized(self.levels[c], size)[:size] for c in sorted(self.levels)},
            best=self.best[:size],
            near=self.near[:size],
            pair_area=block,
            pair_provider=provider,
            pair_qualifies=qualifies,
        )


def distinct_pairs(
    pairs: Iterable[tuple[Ints, NDArray[np.int32], Flags]],
) -> tuple[Ints, NDArray[np.int32], Flags]:
    """Return each (area, provider) once, sorted, with True where any of its rows qualifies."""
    columns = [np.concatenate(column) for column in zip(*pairs, strict=True)]
    if not columns:
        return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, bool)
    area, provider, qualifies = columns
    # One number per pair sorts many times quicker than two columns do.
    place, distinct = slots_of(area)
    order = np.argsort(distinct)
    rank = np.empty(order.size, np.int64)
    rank[order] = np.arange(order.size)
    key = np.sort(rank[place] << _PROVIDER_BITS | provider.astype(np.int64) << 1 | qualifies)
    last = np.ones(key.size, bool)
    last[:-1] = key[1:] >> 1 != key[:-1] >> 1
    key = key[last]  # the last of equal pairs is one that qualifies, if any does
    who = (key >> 1 & ((1 << _PROVIDER_BITS - 1) - 1)).astype(np.int32)
    return distinct[order][key >> _PROVIDER_BITS], who, (key & 1).astype(bool)


def _lowest_three(one: NDArray[np.int32], two: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the three lowest distinct values of each row of two (n, 3) arrays, ascending."""
    low, middle, high = (one[:, n].copy() for n in range(NEAR))
    for n in range(NEAR):
        new = two[:, n].copy()
        new[(new == low) | (new == middle) | (new == high)] = NO_PROVIDER
        low, new = np.minimum(low, new), np.maximum(low, new)
        middle, new = np.minimum(middle, new), np.maximum(middle, new)
        high = np.minimum(high, new)
    return np.stack([low, middle, high], axis=1)


def _lowest_but_zero(one: NDArray[np.uint64], two: NDArray[np.uint64]) -> NDArray[np.uint64]:
    both = np.minimum(one, two)
    return np.where(both == 0, np.maximum(one, two), both)


def _sized(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the array, lengthened with zeros (False) to hold at least ``size`` rows."""
    if len(array) >= size:
        return array
    grown = np.zeros(max(size, len(array) * 5 // 4), array.dtype)
    grown[: len(array)] = array
    return grown


def _sized_near(array: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    if len(array) >= size:
        return array
    grown = np.full((max(size, len(array) * 5 // 4), NEAR), NO_PROVIDER, np.int32)
    grown[: len(array)] = array
    return grown
