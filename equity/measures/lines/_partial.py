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
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from equity.measures.lines._slots import slots_of

Ints = NDArray[np.int64]
Bits = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Number = TypeVar("Number", bound=np.generic)

LISTED, UNDERSERVED, SERVED, QUALIFIES = 1, 2, 4, 8
"""Bits of a location's class in one technology: listed at all; at least underserved; served;
with a line that qualifies."""

UNKNOWN_TECHNOLOGY = -1
NO_PROVIDER = np.iinfo(np.int32).max
NEAR = 3
BLOCK_DIGITS = 15
_UP_BITS = 24
_PROVIDER_BITS = 33


@dataclass
class RuleColumns:
    """What depends on the rule; all but the levels are empty where classes alone were asked for.

    Attributes
    ----------
    levels
        Technology code -> bits per location.
    best
        Best offer per location over the rule's technologies, see :func:`pack_speed`; 0 for none.
    near
        (n, 3): lowest ids of the providers with a qualifying line, ascending.
    pair_area, pair_provider, pair_qualifies
        Each provider's areas (of the level asked for, or H3 cells), once, and whether a line of
        his qualifies there.
    """

    levels: dict[int, Bits]
    best: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    near: NDArray[np.int32] = field(default_factory=lambda: np.empty((0, NEAR), np.int32))
    pair_area: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    pair_provider: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    pair_qualifies: Flags = field(default_factory=lambda: np.empty(0, bool))


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
    areas
        Where each location's area (of the level asked for) stands among the distinct
        ones, and these in order; None once results have been merged or sorted.
    """

    ids: Ints
    blocks: Ints
    cells: NDArray[np.uint64]
    exported: Flags
    rules: tuple[RuleColumns, ...]
    clashing: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    tally: Counter[str] = field(default_factory=Counter)
    areas: tuple[Ints, Ints] | None = None


def shortened(blocks: Ints, digits: int) -> Ints:
    """Return the first digits of the ids of blocks: the area that holds each."""
    areas: Ints = blocks // 10 ** (BLOCK_DIGITS - digits)
    return areas


def pack_speed(down: Ints, up: Ints) -> Ints:
    """Return one number per offer that orders by download, then upload speed; never 0."""
    return (down << _UP_BITS | np.minimum(up, (1 << _UP_BITS) - 2)) + 1


def unpack_speed(best: Ints) -> tuple[Ints, Ints]:
    """Return (down, up) in Mbps; (0, 0) where there is no offer."""
    value = np.maximum(best - 1, 0)
    return value >> _UP_BITS, value & ((1 << _UP_BITS) - 1)


def merge(partials: Iterable[Partial]) -> Partial:
    """Merge results of several files into one, sorted by location id."""
    total: Partial | None = None
    for partial in partials:
        total = partial if total is None else merge_two(total, partial)
    return _EMPTY if total is None else sort_by_id(total)


def sort_by_id(part: Partial) -> Partial:
    """Return the same locations in the order of their ids."""
    if (part.ids[1:] > part.ids[:-1]).all():
        return part
    order = np.argsort(part.ids)
    rules = [
        replace(
            one,
            levels={code: bits[order] for code, bits in one.levels.items()},
            best=one.best[order] if one.best.size else one.best,
            near=one.near[order] if one.near.size else one.near,
        )
        for one in part.rules
    ]
    return replace(
        part,
        ids=part.ids[order],
        blocks=part.blocks[order],
        cells=part.cells[order] if part.cells.size else part.cells,
        exported=part.exported[order],
        rules=tuple(rules),
        areas=None,
    )


def merge_two(one: Partial, two: Partial) -> Partial:
    """Merge two results into a new one, sorted by location id."""
    one, two = sort_by_id(one), sort_by_id(two)
    place = _Places(one.ids, two.ids)
    here, there = place.one(one.blocks), place.two(two.blocks)
    clash = (here != there) & (here > 0) & (there > 0)
    cells = one.cells
    if one.cells.size or two.cells.size:
        cells = _lowest_but_zero(place.one(one.cells), place.two(two.cells))
    return Partial(
        ids=place.ids,
        blocks=_lowest_but_zero(here, there),
        cells=cells,
        exported=place.one(one.exported) | place.two(two.exported),
        rules=tuple(_merge_columns(a, b, place) for a, b in zip(one.rules, two.rules, strict=True)),
        clashing=np.union1d(place.ids[clash], np.union1d(one.clashing, two.clashing)),
        tally=one.tally + two.tally,
    )


def _merge_columns(one: RuleColumns, two: RuleColumns, place: _Places) -> RuleColumns:
    levels = {code: place.one(bits) for code, bits in one.levels.items()}
    for code, bits in two.levels.items():
        more = place.two(bits)
        levels[code] = levels[code] | more if code in levels else more
    levels = {code: levels[code] for code in sorted(levels)}
    if not one.best.size and not two.best.size:
        return RuleColumns(levels)
    area, provider, qualifies = distinct_pairs(
        (c.pair_area, c.pair_provider, c.pair_qualifies) for c in (one, two)
    )
    return RuleColumns(
        levels=levels,
        best=np.maximum(place.one(one.best), place.two(two.best)),
        near=_lowest_three(place.one(one.near, NO_PROVIDER), place.two(two.near, NO_PROVIDER)),
        pair_area=area,
        pair_provider=provider,
        pair_qualifies=qualifies,
    )


class _Places:
    """Where the rows of two sorted tables go in their union."""

    def __init__(self, one: Ints, two: Ints) -> None:
        found = np.searchsorted(one, two)
        known = found < one.size
        known[known] = one[found[known]] == two[known]
        new = two[~known]
        self.ids = one if not new.size else np.sort(np.concatenate([one, new]))
        self._one = None if not new.size else np.arange(one.size) + np.searchsorted(new, one)
        same = two.size == self.ids.size
        self._two = None if same else np.searchsorted(self.ids, two)

    def one(self, array: NDArray[Number], fill: int = 0) -> NDArray[Number]:
        """Return a column of the first table, with ``fill`` in the rows it lacks."""
        return self._put(array, self._one, fill)

    def two(self, array: NDArray[Number], fill: int = 0) -> NDArray[Number]:
        """Return a column of the second table, with ``fill`` in the rows it lacks."""
        return self._put(array, self._two, fill)

    def _put(self, array: NDArray[Number], at: Ints | None, fill: int) -> NDArray[Number]:
        if at is None:
            return array
        result = np.full((self.ids.size, *array.shape[1:]), fill, array.dtype)
        if array.size:
            result[at] = array
        return result


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
    who = (key >> 1).astype(np.int32)  # its lower half
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


def _lowest_but_zero(one: NDArray[Number], two: NDArray[Number]) -> NDArray[Number]:
    both = np.minimum(one, two)
    lowest: NDArray[Number] = np.where(both == 0, np.maximum(one, two), both)
    return lowest


_EMPTY = Partial(
    ids=np.empty(0, np.int64),
    blocks=np.empty(0, np.int64),
    cells=np.empty(0, np.uint64),
    exported=np.empty(0, bool),
    rules=(),
)
