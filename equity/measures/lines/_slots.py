"""Location id -> slot, for arrays of ids: a hash table in numpy.

Slots are given in order of first appearance, so the arrays beside the table only ever grow at
their end. Open addressing. Eight ids in a row share one line of the processor's cache, because ids
that are near each other often come together; the lines are scattered by multiplication, and a full
place is passed over by a whole line, so that neither dense runs of ids nor regular gaps pile up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Slots = NDArray[np.intp]

_SLOT_BITS = 26  # 67 million locations in one state; the largest has about 12
_SLOT_MASK = (1 << _SLOT_BITS) - 1
_PACKED_LIMIT = 1 << (62 - _SLOT_BITS)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # Knuth's multiplier: 2**64 / golden ratio
_LINE_BITS = 3
_LINE = 1 << _LINE_BITS
_STEP = _LINE + 1  # to the next line, and odd, so that every place is reached in the end
_PIECE = 1 << 16
_FIRST_BITS = 14
_SPARE = 3  # places per id: a third full at the most, even if every incoming id is new
_FAST_BITS = 22  # up to here the table grows fourfold, so that it is seldom rebuilt


def slots_of(values: Ints) -> tuple[Slots, Ints]:
    """Return where each value stands among the distinct ones, and these in order of appearance.

    Made for many values of which few are distinct, such as the blocks of locations.
    """
    index = SlotIndex()
    place = np.empty(values.size, np.intp)
    for at in range(0, values.size, _PIECE):
        place[at : at + _PIECE] = index.slots(values[at : at + _PIECE] + 1)
    return place, index.ids[: index.size] - 1


def sorted_slots(values: Ints) -> tuple[Slots, Ints]:
    """Return where each value stands among the distinct ones, and these in ascending order."""
    place, distinct = slots_of(values)
    order = np.argsort(distinct)
    rank = np.empty(order.size, np.intp)
    rank[order] = np.arange(order.size)
    return rank[place], distinct[order]


class SlotIndex:
    """Gives each distinct id, from 1 on, a slot number from 0 on.

    Ids below 2**36, as all are today, share one 64-bit entry with the number after their slot's,
    which halves the memory traffic; longer ids, which the specification allows, use two arrays. An
    entry of 0 is free: memory that the system hands out empty needs no filling.
    """

    def __init__(self, expected: int = 0) -> None:
        self.ids: Ints = np.empty(max(expected, 1 << 12), np.int64)
        self.size = 0
        self._wide = False
        self._bits = max(_FIRST_BITS, min(expected * _SPARE, 1 << _FAST_BITS).bit_length())
        self._clear()

    def slots(self, ids: Ints) -> Slots:
        """Return the slot of each id, giving new ids the next free slots."""
        if ids.size <= _PIECE:
            return self._slots(ids)
        # In pieces, because room is made as if every id were new, and because they fit a cache.
        return np.concatenate(
            [self._slots(ids[at : at + _PIECE]) for at in range(0, ids.size, _PIECE)]
        )

    def _slots(self, ids: Ints) -> Slots:
        if not self._wide and ids.size and int(ids.max()) >= _PACKED_LIMIT:
            self._wide = True
            self._rebuild()
        self._make_room(ids.size)
        place = self._place(ids)
        entry, hit = self._look(place, ids)
        slots = (entry & _SLOT_MASK) - 1
        if not hit.all():
            missing = np.flatnonzero(~hit)
            self._walk(slots, missing, ids[missing], place[missing], entry[missing])
        return slots

    def _walk(self, slots: Slots, todo: Slots, ids: Ints, place: Ints, entry: Ints) -> None:
        """Follow the probe sequence of ids not in their first place; insert those at its end."""
        while todo.size:
            free = np.flatnonzero(entry == 0)
            left = np.ones(todo.size, bool)
            if free.size:
                given = self._insert(ids[free], place[free])
                same = self.ids[given] == ids[free]
                slots[todo[free[same]]] = given[same]
                left[free[same]] = False
            todo, ids, place = todo[left], ids[left], (place[left] + _STEP) & self._mask
            entry, hit = self._look(place, ids)
            slots[todo[hit]] = (entry[hit] & _SLOT_MASK) - 1
            left = ~hit
            todo, ids, place, entry = todo[left], ids[left], place[left], entry[left]

    def _insert(self, ids: Ints, place: Ints) -> Slots:
        """Put ids into free places. Of several ids for one place one wins; all get its slot."""
        claim = np.arange(ids.size)
        self._entries[place] = claim
        winner = self._entries[place]
        new = np.flatnonzero(winner == claim)
        slot = np.empty(ids.size, np.intp)
        slot[new] = self.size + np.arange(new.size)
        self._grow_ids(new.size)
        self.ids[self.size : self.size + new.size] = ids[new]
        self.size += new.size
        self._write(place[new], ids[new], slot[new])
        return slot[winner]

    def _make_room(self, incoming: int) -> None:
        if (self.size + incoming) * _SPARE > self._mask + 1:
            while (self.size + incoming) * _SPARE > 1 << self._bits:
                self._bits += 2 if self._bits < _FAST_BITS else 1
            self._rebuild()

    def _rebuild(self) -> None:
        self._clear()
        slot = np.arange(self.size)
        ids = self.ids[: self.size]
        place = self._place(ids)
        while slot.size:
            free = np.flatnonzero(self._entries.take(place) == 0)
            self._entries[place[free]] = slot[free]
            won = free[self._entries[place[free]] == slot[free]]
            self._write(place[won], ids[won], slot[won])
            left = np.ones(slot.size, bool)
            left[won] = False
            slot, ids, place = slot[left], ids[left], (place[left] + _STEP) & self._mask

    def _grow_ids(self, extra: int) -> None:
        if self.size + extra > self.ids.size:
            grown = np.empty(max(self.ids.size * 2, self.size + extra), np.int64)
            grown[: self.size] = self.ids[: self.size]
            self.ids = grown

    def _clear(self) -> None:
        self._mask = (1 << self._bits) - 1
        self._entries: Ints = np.zeros(1 << self._bits, np.int64)
        self._keys: Ints | None = np.empty(1 << self._bits, np.int64) if self._wide else None

    def _place(self, ids: Ints) -> Ints:
        spread = (ids >> _LINE_BITS).view(np.uint64) * _MIX
        spread >>= np.uint64(64 - self._bits)
        return spread.view(np.int64) ^ ids & _LINE - 1

    def _look(self, place: Ints, ids: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Return the entries at some places, and whether they are those of the ids."""
        entry = self._entries.take(place)
        if self._keys is None:
            return entry, (entry >> _SLOT_BITS) == ids
        return entry, (entry != 0) & (self._keys.take(place) == ids)

    def _write(self, place: Ints, ids: Ints, slot: Slots) -> None:
        if self._keys is None:
            self._entries[place] = (ids << _SLOT_BITS) | (slot + 1)
        else:
            self._keys[place] = ids
            self._entries[place] = slot + 1
