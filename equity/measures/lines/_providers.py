"""Which locations each provider reaches, as sets of bits.

A set is open, one byte per location, while its provider's rows arrive, and closed to one bit per
location when others come: files are grouped by provider, so few are ever open at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from equity.measures.lines._partial import NEAR, NO_PROVIDER, Flags, Ints
from equity.measures.lines._slots import sorted_slots

Key = tuple[int, int]
_OPEN = 8
_STRETCH = 1 << 18
"""Slots whose lowest providers are found at a time: what is written to stays in a core's cache."""


class Areas:
    """Which slots lie in each area.

    Attributes
    ----------
    place, distinct
        Where each slot's area stands among the distinct ones, and these in ascending order.
    order, starts
        Slots in the order of their areas, and where in it each area begins.
    """

    def __init__(self, areas: Ints) -> None:
        self.place, self.distinct = sorted_slots(areas)
        self.order = np.argsort(self.place.astype(np.int32))
        counts = np.bincount(self.place, minlength=self.distinct.size)
        self.starts = np.cumsum(counts) - counts

    def pairs(
        self, providers: Sequence[int], listed: Sequence[Ints], qualified: Sequence[Ints]
    ) -> tuple[Ints, NDArray[np.int32], Flags]:
        """Return each provider's areas, once, and whether a line of his qualifies there.

        Parameters
        ----------
        providers
            Ids.
        listed, qualified
            What :meth:`ProviderSets.reach` returns for them.
        """
        if not providers:
            return np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, bool)
        good = [np.isin(one, two) for one, two in zip(listed, qualified, strict=True)]
        who = np.repeat(np.array(providers, np.int32), [one.size for one in listed])
        return self.distinct[np.concatenate(listed)], who, np.concatenate(good)


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
            full = len(self._open) >= _OPEN
            found = self._close(next(iter(self._open))) if full else np.zeros(self._room, bool)
            self._open[key] = found
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

    def get(self, key: Key, start: int, stop: int) -> Flags:
        """Return the part of one set from a slot (a multiple of 8) to another, as booleans."""
        flags = np.zeros(stop - start, bool)
        closed = self._closed.get(key)
        if closed is not None:
            bits = np.unpackbits(closed[start >> 3 : (stop + 7) >> 3])[: flags.size].view(bool)
            flags[: bits.size] = bits
        opened = self._open.get(key)
        if opened is not None:
            flags |= opened[start:stop]
        return flags

    def by_technology(self, size: int) -> dict[int, Flags]:
        """Return the union of each technology's sets."""
        result: dict[int, Flags] = {}
        for key in self.keys():
            flags = self.get(key, 0, size)
            result[key[1]] = result[key[1]] | flags if key[1] in result else flags
        return result

    def providers(self) -> list[int]:
        """Return the ids of all providers, ascending."""
        return list(self._by_provider())

    def lowest_three(self, size: int) -> NDArray[np.int32]:
        """Return the three lowest provider ids of each slot, ascending."""
        near = np.full((size, NEAR), NO_PROVIDER, np.int32)
        sets = self._by_provider()
        for start in range(0, size, _STRETCH):
            part = near[start : start + _STRETCH]
            filled = np.zeros(len(part), np.uint8)
            for provider, keys in sets.items():
                free = self._union(keys, start, start + len(part)) & (filled < NEAR)
                slots = np.flatnonzero(free)
                count = filled[slots]
                part[slots, count] = provider
                filled[slots] = count + 1
        return near

    def reach(self, providers: Sequence[int], areas: Areas) -> list[Ints]:
        """Return the places, among the distinct areas, that each of some providers reaches."""
        sets = self._by_provider()
        size = areas.order.size
        places: list[Ints] = []
        for first in range(0, len(providers), 8):
            # A bit a provider: the slots are put in the order of areas once for eight of them.
            bits = np.zeros(size, np.uint8)
            some = providers[first : first + 8]
            for bit, provider in enumerate(some):
                if provider in sets:
                    bits |= self._union(sets[provider], 0, size).view(np.uint8) << np.uint8(bit)
            here = np.bitwise_or.reduceat(bits[areas.order], areas.starts)
            places += [np.flatnonzero(here >> bit & 1) for bit in range(len(some))]
        return places

    def _by_provider(self) -> dict[int, list[Key]]:
        """Return the keys of each provider, in the order of their ids."""
        sets: dict[int, list[Key]] = {}
        for key in self.keys():
            sets.setdefault(key[0], []).append(key)
        return sets

    def _union(self, keys: Sequence[Key], start: int, stop: int) -> Flags:
        flags = self.get(keys[0], start, stop)
        for key in keys[1:]:
            flags |= self.get(key, start, stop)
        return flags

    def _close(self, key: Key) -> Flags:
        """Close a set and return the memory it was open in, all False."""
        flags = self._open.pop(key)
        bits = np.packbits(flags)
        old = self._closed.get(key)
        if old is not None:
            bits[: old.size] |= old
        self._closed[key] = bits
        flags[:] = False
        return flags
