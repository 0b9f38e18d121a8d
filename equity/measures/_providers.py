"""Which locations each provider reaches, as sets of bits.

A set is open, one byte per location, while its provider's rows arrive, and closed to one bit per
location when others come: files are grouped by provider, so few are ever open at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from equity.measures._partial import NEAR, NO_PROVIDER, Flags, Ints
from equity.measures._slots import slots_of

Key = tuple[int, int]
_OPEN = 8


class ProviderSets:
    """One set of slots per key: (provider id, technology code), or (provider id, 0)."""

    def __init__(self) -> None:
        self._room = 0
        self._open: dict[Key, Flags] = {}
        self._closed: dict[Key, NDArray[np.uint8]] = {}

    def flags(self, key: Key) -> Flags:
        """Return the open set of a key, to be set True at some slots."""
        found = self._open.get(key)
        if found is None:
            if len(self._open) >= _OPEN:
                self._close(next(iter(self._open)))
            found = self._open[key] = np.zeros(self._room, bool)
        return found

    def grow(self, room: int) -> None:
        """Make room for more slots."""
        self._room = room
        for key, flags in self._open.items():
            grown = np.zeros(room, bool)
            grown[: flags.size] = flags
            self._open[key] = grown

    def keys(self) -> list[Key]:
        """Return all keys, sorted."""
        return sorted({*self._open, *self._closed})

    def get(self, key: Key, size: int) -> Flags:
        """Return one set as booleans of a given length."""
        closed = self._closed.get(key)
        flags = np.zeros(size, bool)
        if closed is not None:
            bits = np.unpackbits(closed)[:size].view(bool)
            flags[: bits.size] = bits
        opened = self._open.get(key)
        if opened is not None:
            flags |= opened[:size]
        return flags

    def by_technology(self, size: int) -> dict[int, Flags]:
        """Return the union of each technology's sets."""
        result: dict[int, Flags] = {}
        for key in self.keys():
            flags = self.get(key, size)
            result[key[1]] = result[key[1]] | flags if key[1] in result else flags
        return result

    def by_provider(self, size: int) -> Iterator[tuple[int, Flags]]:
        """Yield each provider's union over technologies, in the order of their ids."""
        current, flags = None, np.zeros(0, bool)
        for key in self.keys():
            if key[0] == current:
                flags |= self.get(key, size)
                continue
            if current is not None:
                yield current, flags
            current, flags = key[0], self.get(key, size)
        if current is not None:
            yield current, flags

    def lowest_three(self, size: int) -> NDArray[np.int32]:
        """Return the three lowest provider ids of each slot, ascending."""
        near = np.full((size, NEAR), NO_PROVIDER, np.int32)
        filled = np.zeros(size, np.uint8)
        for provider, flags in self.by_provider(size):
            slots = np.flatnonzero(flags)
            count = filled[slots]
            free = count < NEAR
            slots, count = slots[free], count[free]
            near[slots, count] = provider
            filled[slots] = count + 1
        return near

    def pairs(self, areas: Ints, qualified: ProviderSets) -> tuple[Ints, NDArray[np.int32], Flags]:
        """Return each provider's areas, once, and whether a line of his qualifies there."""
        place, distinct = slots_of(areas)
        area: list[Ints] = []
        who: list[NDArray[np.int32]] = []
        good: list[Flags] = []
        for provider, flags in self.by_provider(areas.size):
            here, better = np.zeros((2, distinct.size), bool)
            here[place[flags]] = True
            better[place[qualified.get((provider, 0), areas.size)]] = True
            found = np.flatnonzero(here)
            area.append(distinct[found])
            who.append(np.full(found.size, provider, np.int32))
            good.append(better[found])
        if not area:
            return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, bool)
        return np.concatenate(area), np.concatenate(who), np.concatenate(good)

    def _close(self, key: Key) -> None:
        bits = np.packbits(self._open.pop(key))
        old = self._closed.get(key)
        if old is not None:
            bits[: old.size] |= old
        self._closed[key] = bits
