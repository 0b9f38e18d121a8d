"""A batch of offers, classed: all that can be said of rows before they meet the table of locations.

Pure functions of the batch, so that several threads may class side by side while one of them at a
time adds to the table.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from equity.measures.lines._asked import Asked, Who
from equity.measures.lines._batch import NO_CELLS, Rows, h3_cells, in_runs, ints, letters
from equity.measures.lines._partial import (
    UNKNOWN_TECHNOLOGY,
    Flags,
    Ints,
    pack_speed,
)

CELL = "h3_res8_id"
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
_UNKNOWN_SPEED = -1
_BLOCKS_PER_STATE = 10**13

Where = Ints | slice
_ALL = slice(None)


class Run(NamedTuple):
    """Consecutive rows of one provider and one technology, and what is asked of them.

    Attributes
    ----------
    part
        Its rows of the batch; those below are counted from its first.
    provider, code
        Provider and technology.
    passed
        Number of each test (see :class:`~equity.measures.lines._asked.Asked`), and who passes.
    lines
        Number of each kind of qualifying line, and where there are such.
    offered
        Number of each kind of offer, where any speed is offered, both known, and each one's speed
        as a number.
    """

    part: slice
    provider: int
    code: int
    passed: list[tuple[int, Where]]
    lines: list[tuple[int, Where]]
    offered: list[tuple[int, Where, Ints]]


class Classed(NamedTuple):
    """A batch without its faulty rows; runs are empty for a served/unserved export."""

    rows: Rows
    runs: list[Run]
    tally: Counter[str]


def columns_needed(*, export: bool, cells: bool) -> tuple[str, ...]:
    """Return the publisher's columns that :func:`classed` needs."""
    columns = _EXPORT_COLUMNS if export else _OFFER_COLUMNS
    return (*columns, CELL) if cells else columns


def classed(batch: pa.RecordBatch, asked: Asked, *, state: str, export: bool) -> Classed:
    """Class a record batch's offers.

    Parameters
    ----------
    batch
        Record batch with the columns of :func:`columns_needed`.
    asked
        What the rules ask of offers.
    state
        FIPS code that every block must start with, or empty.
    export
        The rows are a served/unserved export: locations without offers.
    """
    tally: Counter[str] = Counter()
    rows = _valid(_arrays(batch, tally, export=export), state, tally)
    if export or not rows.location.size:
        return Classed(rows, [], tally)
    rows, parts = in_runs(rows)
    return Classed(rows, [_run(rows.take(part), part, asked, tally) for part in parts], tally)


def _arrays(batch: pa.RecordBatch, tally: Counter[str], *, export: bool) -> Rows:
    empty = np.empty(0, np.int32)
    location, block = ints(batch, "location_id"), ints(batch, "block_geoid")
    cell = h3_cells(batch.column(CELL)) if CELL in batch.schema.names else NO_CELLS
    if export:
        return Rows(location, block, *(empty,) * 6, cell)  # type: ignore[arg-type]
    tally["latency_blank"] += batch.column("low_latency").null_count
    return Rows(
        location,
        block,
        ints(batch, "provider_id"),
        ints(batch, "technology", missing=UNKNOWN_TECHNOLOGY),
        ints(batch, "max_advertised_download_speed", missing=_UNKNOWN_SPEED),
        ints(batch, "max_advertised_upload_speed", missing=_UNKNOWN_SPEED),
        ints(batch, "low_latency"),
        letters(batch.column("business_residential_code")),
        cell,
    )


def _valid(rows: Rows, state: str, tally: Counter[str]) -> Rows:
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
    tally["row_without_location_or_block"] += int((~named).sum())
    tally["row_in_another_state"] += int((named & ~here).sum())
    return rows.take(named & here)


def _run(rows: Rows, part: slice, asked: Asked, tally: Counter[str]) -> Run:
    size = rows.location.size
    code = int(rows.technology[0])
    if code == UNKNOWN_TECHNOLOGY:
        tally["technology_blank"] += size
    # Below 0 if either is unknown: such an offer reaches no rule's speeds and enters no median.
    both = rows.down | rows.up
    some_speed = both > 0
    tally["speed_zero"] += size - int(np.count_nonzero(both))
    tally["speed_blank"] += int(np.count_nonzero(both < 0))
    tally["customers_blank"] += size - int(np.count_nonzero(rows.customers))
    told = {who: _counting(rows, who) for who in asked.who}
    counts = {who: flags for who, flags in told.items() if flags.any()}
    # Each offer is classed by its own two speeds.
    passed = {
        number: _where((rows.down >= down) & (rows.up >= up) & counts[who])
        for number, (who, (down, up)) in enumerate(asked.tests)
        if who in counts
    }
    offered = [
        (number, *_speeds(rows, counts[who] & some_speed))
        for number, (who, codes) in enumerate(asked.offers)
        if who in counts and code in codes
    ]
    lines = [
        (number, passed[test])
        for number, (test, codes) in enumerate(asked.lines)
        if test in passed and code in codes
    ]
    return Run(part, max(int(rows.provider[0]), 0), code, list(passed.items()), lines, offered)


def _speeds(rows: Rows, flags: Flags) -> tuple[Where, Ints]:
    where = _where(flags)
    return where, pack_speed(rows.down[where].astype(np.int64), rows.up[where].astype(np.int64))


def _where(flags: Flags) -> Where:
    return _ALL if flags.all() else np.flatnonzero(flags)


def _counting(rows: Rows, who: Who) -> Flags:
    """Return which offers are to customers that count; comparing beats looking up bytes."""
    customers, low_latency = who
    found: Flags = rows.customers == ord(customers[0])
    for customer in customers[1:]:
        found |= rows.customers == ord(customer)
    if low_latency:
        found &= rows.latency == 1
    return found
