"""A record batch as arrays: what the reducer works on."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from equity.errors import FormatError
from equity.measures.lines._partial import Ints

NO_CELLS = np.empty(0, np.uint64)
_MAX_RUNS = 64
_CELL_DIGITS = 15
_RESOLUTION_8 = 0x88


class Rows(NamedTuple):
    """Columns of a batch as arrays of one length."""

    location: Ints
    block: Ints
    provider: NDArray[np.int32]
    technology: NDArray[np.int16]
    down: NDArray[np.int32]
    up: NDArray[np.int32]
    latency: NDArray[np.int8]
    customers: NDArray[np.uint8]
    cell: NDArray[np.uint64]

    def take(self, rows: NDArray[Any] | slice) -> Rows:
        """Return the rows at some positions (or a slice of them)."""
        cut: Any = [column[rows] if column.size else column for column in self]
        return Rows(*cut)


def in_runs(rows: Rows) -> tuple[Rows, list[slice]]:
    """Return a batch and where it falls into runs of one provider and one technology.

    A batch whose rows are not grouped like that, as the publisher's are, is sorted first.
    """
    key = rows.provider.astype(np.int64) << 16 | rows.technology.astype(np.int64) & 0xFFFF
    cut = np.flatnonzero(key[1:] != key[:-1]) + 1
    if cut.size > _MAX_RUNS:
        order = np.argsort(key, kind="stable")
        key, rows = key[order], rows.take(order)
        cut = np.flatnonzero(key[1:] != key[:-1]) + 1
    return rows, [slice(*edges) for edges in pairwise([0, *cut.tolist(), key.size])]


def ints(batch: pa.RecordBatch, name: str, missing: int = 0) -> NDArray[Any]:
    """Return a column of whole numbers, with ``missing`` where there is none."""
    column = batch.column(name)
    if column.null_count:
        column = column.fill_null(missing)
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values


def letters(column: pa.Array) -> NDArray[np.uint8]:
    """Return the letter of each one-letter text, 0 for any other."""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
    data = column.buffers()[2]
    # Lengths that add up to the number of texts, none of them 0, are all 1.
    single = offsets[-1] - offsets[0] == len(column) and (offsets[1:] > offsets[:-1]).all()
    if single and not column.null_count and data is not None:
        return np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    text = column.to_pylist()
    return np.array(
        [ord(t) if t is not None and len(t) == 1 and t.isascii() else 0 for t in text], np.uint8
    )


def h3_cells(column: pa.Array) -> NDArray[np.uint64]:
    """Return the ids of H3 cells of resolution 8, which are 15 hexadecimal digits, as numbers.

    References
    ----------
    .. [1] Uber, H3 documentation, "H3Index bit layout": cells begin with 8, then the resolution.
    """
    starts = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
    even = not column.null_count and (np.diff(starts) == _CELL_DIGITS).all()
    if not even or not len(column):
        cells = np.zeros(len(column), np.uint64)
    else:
        # The first eight digits of each and the last eight, which have one in common.
        first, last = (
            np.ndarray(len(column), ">u8", column.buffers()[2], starts[0] + at, _CELL_DIGITS)
            for at in (0, _CELL_DIGITS - 8)
        )
        cells = _eight_digits(first) << np.uint64(28)
        cells |= _eight_digits(last) & np.uint64(0xFFFFFFF)
    if (cells >> np.uint64(52) != _RESOLUTION_8).any():
        raise FormatError("h3_res8_id holds what is no H3 cell")
    return cells


def _eight_digits(text: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values of eight hexadecimal digits each, whose bytes are one number."""
    value = text.astype(np.uint64)
    letters = value >> np.uint64(6)
    letters &= np.uint64(0x0101010101010101)
    letters *= np.uint64(9)
    value &= np.uint64(0x0F0F0F0F0F0F0F0F)
    value += letters
    for shift, kept in ((4, 0x00FF00FF00FF00FF), (8, 0x0000FFFF0000FFFF), (16, 0xFFFFFFFF)):
        value |= value >> np.uint64(shift)
        value &= np.uint64(kept)
    return value
