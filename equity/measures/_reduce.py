"""The reducer: one file's rows in, one row per location out. A pure function of the file.

Rows arrive grouped by provider, so each batch falls into a few runs of one provider and one
technology; inside a run everything but the location and the speeds is a constant, and "set True at
these slots" needs no care about repeated locations. Files in any other order give the same result,
only more slowly: such a batch is first sorted by provider.

Memory grows with the number of locations (about 60 bytes each) and with the providers (one bit per
location each), not with the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from equity.measures._ahead import read_ahead
from equity.measures._batch import NO_CELLS, Rows, hexadecimal, ints, letters, runs
from equity.measures._partial import (
    LISTED,
    QUALIFIES,
    SERVED,
    UNDERSERVED,
    UNKNOWN_TECHNOLOGY,
    Flags,
    Ints,
    Partial,
    RuleColumns,
    pack_speed,
)
from equity.measures._providers import ProviderSets
from equity.measures._slots import SlotIndex
from equity.rules import CoverageRule
from equity.rules._coverage import TECHNOLOGIES

_OFFER_COLUMNS = (
    "provider_id",
    "location_id",
    "technology",
    "max_advertised_download_speed",
    "max_advertised_upload_speed",
    "low_latency",
    "business_residential_code",
    "block_geoid",
)
_EXPORT_COLUMNS = ("location_id", "block_geoid")
_CELL = "h3_res8_id"
_BLOCKS_PER_STATE = 10**13
_MOST_EXPECTED = 1 << 20  # a file may also be large because many providers list each location
BLOCK_DIGITS = 15
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
    def batches(self, columns: Sequence[str]) -> Iterator[Any]: ...


def reduce_files(
    files: Sequence[LocationFile],
    rules: Sequence[CoverageRule],
    *,
    cells: bool,
    digits: int = BLOCK_DIGITS,
    readers: int = 1,
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
        Also keep each location's H3 cell, and tell providers apart by cell.
    digits
        How many digits of the block make the areas that providers are told apart by.
    readers
        Threads that parse ahead; the result is the same.
    """
    largest = max((file.size for file in files), default=0)
    reducer = _Reducer(rules, min(largest // _BYTES_A_LOCATION, _MOST_EXPECTED))

    def batches(file: LocationFile) -> Iterator[Any]:
        columns = _EXPORT_COLUMNS if _is_export(file) else _OFFER_COLUMNS
        return file.batches((*columns, _CELL) if cells else columns)

    for file, batch in read_ahead(files, batches, readers=readers):
        reducer.add(batch, file.state, export=_is_export(file))
    return reducer.result(10 ** (BLOCK_DIGITS - digits))


def _is_export(file: LocationFile) -> bool:
    return file.product == "served_unserved"


class _Run(NamedTuple):
    """Rows of one provider and one technology, and their slots."""

    provider: int
    code: int
    rows: Rows
    slots: Ints

    def meets(self, pair: tuple[float, float]) -> Flags:
        """Return where an offer reaches both speeds."""
        good: Flags = (self.rows.down >= pair[0]) & (self.rows.up >= pair[1])
        return good


class _Reducer:
    def __init__(self, rules: Sequence[CoverageRule], expected: int = 0) -> None:
        self._rules = rules
        self._expected = expected
        self._index = SlotIndex(expected)
        self._blocks = np.empty(0, np.int64)
        self._cells = np.empty(0, np.uint64)
        self._exported = np.empty(0, bool)
        self._room = 0
        self._clashing: list[Ints] = []
        self._tally: Counter[str] = Counter()
        self._listed = ProviderSets()
        self._qualified = [ProviderSets() for _ in rules]
        self._best = [np.empty(0, np.int64) for _ in rules]
        self._levels: dict[tuple[int, int, int], Flags] = {}

    def add(self, batch: Any, state: str, *, export: bool) -> None:
        rows = self._valid(self._arrays(batch, export=export), state)
        if not rows.location.size:
            return
        slots = self._place(rows)
        if export:
            self._exported[slots] = True
            return
        for part, where in runs(rows, slots):
            self._add_run(part, where)

    def _arrays(self, batch: Any, *, export: bool) -> Rows:
        self._tally["rows"] += batch.num_rows
        empty = np.empty(0, np.int32)
        location, block = ints(batch, "location_id"), ints(batch, "block_geoid")
        cell = hexadecimal(batch.column(_CELL)) if _CELL in batch.schema.names else NO_CELLS
        if export:
            return Rows(location, block, *(empty,) * 6, cell)  # type: ignore[arg-type]
        for name, key in (
            ("max_advertised_download_speed", "speed_blank"),
            ("max_advertised_upload_speed", "speed_blank"),
            ("low_latency", "latency_blank"),
        ):
            self._tally[key] += batch.column(name).null_count
        return Rows(
            location,
            block,
            ints(batch, "provider_id"),
            ints(batch, "technology", missing=UNKNOWN_TECHNOLOGY),
            ints(batch, "max_advertised_download_speed"),
            ints(batch, "max_advertised_upload_speed"),
            ints(batch, "low_latency"),
            letters(batch.column("business_residential_code")),
            cell,
        )

    def _valid(self, rows: Rows, state: str) -> Rows:
        """Leave out, and count, rows without an id or block, or in a block of another state."""
        low, high = 1, _BLOCKS_PER_STATE * 100
        if state:
            low = int(state) * _BLOCKS_PER_STATE
            high = low + _BLOCKS_PER_STATE
        if not rows.location.size or (
            rows.location.min() > 0 and rows.block.min() >= low and rows.block.max() < high
        ):
            return rows
        named = (rows.location > 0) & (rows.block > 0)
        here = (rows.block >= low) & (rows.block < high)
        self._tally["row_without_location_or_block"] += int((~named).sum())
        self._tally["row_in_another_state"] += int((named & ~here).sum())
        return rows.take(named & here)

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
            np.minimum.at(self._cells, slots, rows.cell)
        return slots

    def _grow(self, size: int) -> None:
        self._room = max(size * 3 // 2, 1 << 14, self._expected)
        self._blocks = _extend(self._blocks, self._room)
        self._cells = _extend(self._cells, self._room)
        self._exported = _extend(self._exported, self._room)
        self._best = [_extend(best, self._room) for best in self._best]
        self._levels = {key: _extend(flags, self._room) for key, flags in self._levels.items()}
        for sets in (self._listed, *self._qualified):
            sets.grow(self._room)

    def _add_run(self, rows: Rows, slots: Ints) -> None:
        """Add rows of one provider and one technology."""
        provider = max(int(rows.provider[0]), 0)
        code = int(rows.technology[0])
        if code not in TECHNOLOGIES:
            self._tally[f"technology_unknown_{code}"] += slots.size
            code = UNKNOWN_TECHNOLOGY
        self._tally["speed_zero"] += slots.size - int(np.count_nonzero(rows.down | rows.up))
        self._tally["customers_unknown"] += slots.size - int(
            np.count_nonzero(_among(rows.customers, ("R", "B", "X")))
        )
        self._listed.flags((provider, code))[slots] = True
        run = _Run(provider, code, rows, slots)
        for number, rule in enumerate(self._rules):
            counts = _among(rows.customers, rule.customers)
            if rule.low_latency:
                counts &= rows.latency == 1
            if counts.any():
                self._class(number, run, counts)

    def _class(self, number: int, run: _Run, counts: Flags) -> None:
        """Class each offer by its own two speeds under one rule."""
        rule, rows, slots = self._rules[number], run.rows, run.slots
        every = bool(counts.all())
        at: dict[tuple[float, float], Ints] = {}
        for level, pair in (
            (UNDERSERVED, rule.underserved),
            (SERVED, rule.served),
            (QUALIFIES, rule.qualifying),
        ):
            if pair not in at:
                good = run.meets(pair) if every else run.meets(pair) & counts
                at[pair] = slots if good.all() else slots[good]
            self._level(number, run.code, level)[at[pair]] = True
        if run.code not in rule.technologies:
            return
        if at[rule.qualifying].size:
            self._qualified[number].flags((run.provider, 0))[at[rule.qualifying]] = True
        offered = counts & ((rows.down | rows.up) > 0)
        some = slice(None) if offered.all() else offered
        speed = pack_speed(rows.down[some].astype(np.int64), rows.up[some].astype(np.int64))
        np.maximum.at(self._best[number], slots[some], speed)

    def _level(self, number: int, code: int, level: int) -> Flags:
        key = (number, code, level)
        flags = self._levels.get(key)
        if flags is None:
            flags = self._levels[key] = np.zeros(self._room, bool)
        return flags

    def result(self, divisor: int) -> Partial:
        size = self._index.size
        blocks = self._blocks[:size].copy()
        cells = self._cells[:size].astype(np.int64) if self._cells.any() else _NO_IDS
        areas = cells if cells.size else blocks // divisor
        listed = self._listed.by_technology(size)
        rules = []
        for number in range(len(self._rules)):
            pairs = self._listed.pairs(areas, self._qualified[number])
            rules.append(
                RuleColumns(
                    {code: self._bits(number, code, flags) for code, flags in listed.items()},
                    self._best[number][:size].copy(),
                    self._qualified[number].lowest_three(size),
                    *pairs,
                )
            )
        clashing = np.unique(np.concatenate(self._clashing)) if self._clashing else _NO_IDS
        return Partial(
            ids=self._index.ids[:size].copy(),
            blocks=blocks,
            cells=cells.astype(np.uint64),
            exported=self._exported[:size].copy(),
            rules=tuple(rules),
            clashing=clashing,
            tally=+self._tally,
        )

    def _bits(self, number: int, code: int, listed: Flags) -> NDArray[np.uint8]:
        bits = listed.astype(np.uint8) * np.uint8(LISTED)
        for level in (UNDERSERVED, SERVED, QUALIFIES):
            flags = self._levels.get((number, code, level))
            if flags is not None:
                bits |= flags[: bits.size].astype(np.uint8) * np.uint8(level)
        return bits


def _among(customers: NDArray[np.uint8], codes: Sequence[str]) -> Flags:
    """Return where a customer code is one of some; comparing beats looking up bytes."""
    found: Flags = customers == ord(codes[0])
    for code in codes[1:]:
        found |= customers == ord(code)
    return found


_NO_IDS = np.empty(0, np.int64)


def _extend(array: NDArray[Any], size: int) -> NDArray[Any]:
    grown = np.zeros(size, array.dtype)
    grown[: array.size] = array
    return grown
