"""A batch of offers, classed: all that can be said of rows before they meet the table of locations.

Pure functions of the batch, so that several threads may class side by side while one of them at a
time adds to the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from equity.measures.lines._batch import NO_CELLS, Rows, hexadecimal, in_runs, ints, letters
from equity.measures.lines._partial import (
    QUALIFIES,
    SERVED,
    UNDERSERVED,
    UNKNOWN_TECHNOLOGY,
    Flags,
    Ints,
    pack_speed,
)
from equity.rules import CoverageRule

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


class Ruled(NamedTuple):
    """What a rule says of a run's rows.

    Attributes
    ----------
    reached
        Rows and the bits (see :mod:`equity.measures.lines._partial`) they give their locations.
    qualifying
        Rows with a qualifying line of a technology that the rule counts, or None.
    offered
        Rows with any speed over such a technology, both known, and each one's speed as a number;
        or None.
    """

    reached: list[tuple[Where, np.uint8]]
    qualifying: Where | None
    offered: tuple[Where, Ints] | None


class Run(NamedTuple):
    """Consecutive rows of one provider and one technology, and what each rule says of them."""

    part: slice
    provider: int
    code: int
    ruled: list[Ruled | None]


class Classed(NamedTuple):
    """A batch without its faulty rows; runs are empty for a served/unserved export."""

    rows: Rows
    runs: list[Run]
    tally: Counter[str]


def columns_needed(*, export: bool, cells: bool) -> tuple[str, ...]:
    """Return the publisher's columns that :func:`classed` needs."""
    columns = _EXPORT_COLUMNS if export else _OFFER_COLUMNS
    return (*columns, CELL) if cells else columns


def classed(
    batch: pa.RecordBatch, rules: Sequence[CoverageRule], *, state: str, export: bool
) -> Classed:
    """Class a record batch's offers under some rules.

    Parameters
    ----------
    batch
        Record batch with the columns of :func:`columns_needed`.
    rules
        All are looked at in one pass.
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
    return Classed(rows, [_run(rows.take(part), part, rules, tally) for part in parts], tally)


def _arrays(batch: pa.RecordBatch, tally: Counter[str], *, export: bool) -> Rows:
    tally["rows"] += batch.num_rows
    empty = np.empty(0, np.int32)
    location, block = ints(batch, "location_id"), ints(batch, "block_geoid")
    cell = hexadecimal(batch.column(CELL)) if CELL in batch.schema.names else NO_CELLS
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


def _run(rows: Rows, part: slice, rules: Sequence[CoverageRule], tally: Counter[str]) -> Run:
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
    ruled = [_ruled(rows, code, rule, some_speed) for rule in rules]
    return Run(part, max(int(rows.provider[0]), 0), code, ruled)


def _ruled(rows: Rows, code: int, rule: CoverageRule, some_speed: Flags) -> Ruled | None:
    """Class each offer by its own two speeds under one rule; None if none counts."""
    counts = _among(rows.customers, rule.customers)
    if rule.low_latency:
        counts &= rows.latency == 1
    if not counts.any():
        return None
    at = {
        pair: _where((rows.down >= pair[0]) & (rows.up >= pair[1]) & counts)
        for pair in {rule.underserved, rule.served, rule.qualifying}
    }
    bits = {pair: np.uint8(0) for pair in at}
    bits[rule.underserved] |= UNDERSERVED
    bits[rule.served] |= SERVED
    bits[rule.qualifying] |= QUALIFIES
    reached = [(at[pair], bits[pair]) for pair in at]
    if code not in rule.technologies:
        return Ruled(reached, None, None)
    offered = _where(counts & some_speed)
    speed = pack_speed(rows.down[offered].astype(np.int64), rows.up[offered].astype(np.int64))
    return Ruled(reached, at[rule.qualifying], (offered, speed))


def _where(flags: Flags) -> Where:
    return _ALL if flags.all() else np.flatnonzero(flags)


def _among(customers: NDArray[np.uint8], codes: Sequence[str]) -> Flags:
    """Return where a customer code is one of some; comparing beats looking up bytes."""
    found: Flags = customers == ord(codes[0])
    for code in codes[1:]:
        found |= customers == ord(code)
    return found
