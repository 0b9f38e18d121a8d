"""Rows of a large CSV as typed record batches, inflated and parsed block by block.

The dialect and the types are given, never sniffed: rows are grouped by provider, so the first
quoted name may only come after tens of thousands of plain ones.

Arrow's own streaming reader takes each block over from a thread that inflates. Here one thread does
both, in one buffer that it uses again and again: what it has just inflated is still in its core's
cache when it is parsed, no memory is asked for, and readers side by side share nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import IO, Any

from equity.areas.geoid import find_state
from equity.errors import FormatError, InputError
from equity.sources.coded import refuse_other_codes

_BLOCK = 1 << 23
"""Bytes inflated at a time: many, because each time the interpreter is asked for."""
_PIECE = 1 << 20
"""Bytes parsed at a time: few, because they and what becomes of them should fit a core's cache."""
_LINE_END = re.compile(rb"\r*\n|\r")
"""Of the header: the rows may end in another way, and Arrow takes any."""
_EXAMPLES = 5
_BLOCKS_PER_STATE = 10**13
_AGAIN = "download the file again"


def parse_rows(
    stream: IO[bytes],
    header: list[str],
    types: dict[str, str],
    file: str,
    *,
    codes: Mapping[str, Collection[Any]] | None = None,
    state: str = "",
) -> Iterator[Any]:
    """Yield the record batches of a CSV stream with the types given, naming what is wrong.

    Parameters
    ----------
    stream
        Bytes from the header line on; may be any object with ``readinto``.
    header
        Names of all columns.
    types
        Arrow type by name, of the columns to keep.
    file
        For errors.
    codes
        Column -> all that may stand in it beside nothing.
    state
        FIPS code that every block begins with, if the file is of one state.

    Raises
    ------
    FormatError, InputError
        If a row is cut or not of its types, holds a code that its publisher does not use, or lies
        in another state.
    """
    import pyarrow as pa
    from pyarrow import csv

    # Arrow's own pools give memory back to the system and ask for it again, block after block.
    pool = pa.system_memory_pool()
    lines = 1  # the header
    bad = _BadRows()
    reading = csv.ReadOptions(use_threads=False, block_size=_PIECE, column_names=header)
    plain, parsing = csv.ParseOptions(), csv.ParseOptions(invalid_row_handler=bad)
    converting = csv.ConvertOptions(
        column_types={name: pa.type_for_alias(kind) for name, kind in types.items()},
        include_columns=list(types),
        null_values=[""],
        check_utf8=False,
    )
    for block in _blocks(stream, file):
        bad.before = lines
        left_out = bad.count
        try:
            try:
                table = csv.read_csv(pa.BufferReader(block), reading, plain, converting, pool)
            except pa.ArrowInvalid as error:
                # Arrow hands a row over as text, and where it is none prints a traceback.
                if not _is_text(block) or "Expected" not in str(error):
                    raise
                table = csv.read_csv(pa.BufferReader(block), reading, parsing, converting, pool)
        except pa.ArrowInvalid as error:
            raise _explain(str(error), header, file, before=lines) from None
        for name in types.keys() & (codes or {}).keys():
            _check_codes(table.column(name), (codes or {})[name], name, file, before=lines)
        if state and "block_geoid" in types:
            _check_state(table.column("block_geoid"), state, file, before=lines)
        lines += table.num_rows + bad.count - left_out
        yield from table.combine_chunks(pool).to_batches()
    bad.complain(file)


def _check_codes(
    column: Any, allowed: Collection[Any], name: str, file: str, *, before: int
) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    def lines(odd: list[Any]) -> list[str]:
        where = pc.indices_nonzero(pc.is_in(column, pa.array(odd, column.type)))
        return [f"line {before + 1 + row}" for row in where.to_pylist()]

    distinct = column.unique().to_pylist()
    refuse_other_codes(distinct, allowed, column=name, file=file, rows=lines)


def _check_state(blocks: Any, state: str, file: str, *, before: int) -> None:
    """Refuse rows in another state; a block that is not known is the business of who counts."""
    import pyarrow.compute as pc

    low, high = int(state) * _BLOCKS_PER_STATE, (int(state) + 1) * _BLOCKS_PER_STATE
    ends = pc.min_max(blocks)
    if (ends["min"].as_py() or low) >= low and (ends["max"].as_py() or low) < high:
        return
    elsewhere = pc.or_(pc.and_(pc.greater(blocks, 0), pc.less(blocks, low)),
                       pc.greater_equal(blocks, high))  # fmt: skip
    rows = pc.indices_nonzero(elsewhere).to_pylist()
    if rows:
        raise InputError(
            f"its name says that it is of {find_state(state).name}, and block "
            f"{blocks[rows[0]].as_py():015d} lies in another state",
            file=file,
            rows=[f"line {before + 1 + row}" for row in rows[:_EXAMPLES]],
            count=len(rows),
            fix=f"{_AGAIN}; one that covers several states is named bdc_us_…",
        )


def _is_text(block: Any) -> bool:
    try:
        block.to_pybytes().decode()
    except UnicodeDecodeError:
        return False
    return True


def _blocks(stream: Any, file: str) -> Iterator[Any]:
    """Yield whole lines after the first one, as views of one buffer: each is good until the next.

    Fields with a line break inside are not of this dialect.
    """
    import pyarrow as pa

    buffer = bytearray(_BLOCK)
    view, shared = memoryview(buffer), pa.py_buffer(buffer)
    kept, first, ended = 0, True, False
    while not ended:
        filled = kept
        while filled < _BLOCK and not ended:
            read = stream.readinto(view[filled:])
            ended = not read
            filled += read or 0
        stop = filled if ended else buffer.rfind(b"\n", 0, filled) + 1
        if not stop and not ended:
            raise FormatError(f"no line ends in {_BLOCK:,} bytes", file=file, fix=_AGAIN)
        start = _after_header(buffer, stop) if first else 0
        if start < stop:
            yield shared.slice(start, stop - start)
        kept = filled - stop
        view[:kept] = bytes(view[stop:filled])
        first = False


def _after_header(buffer: bytearray, stop: int) -> int:
    end = _LINE_END.search(buffer, 0, stop)
    return end.end() if end else stop


class _BadRows:
    """Collects the lines with a wrong number of fields, so that one error names them all."""

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.count = 0
        self.before = 0
        self.example = (0, 0)

    def __call__(self, row: Any) -> str:
        self.count += 1
        if len(self.lines) < _EXAMPLES:
            self.lines.append(self.before + int(row.number or 0))
            self.example = (row.expected_columns, row.actual_columns)
        return "skip"

    def complain(self, file: str) -> None:
        if not self.count:
            return
        expected, actual = self.example
        raise FormatError(
            f"{self.count:,} lines do not have {expected} fields (the first has {actual})",
            file=file,
            rows=[f"line {number}" for number in self.lines],
            count=self.count,
            fix="download the file again; if it was edited, quote names that hold a comma",
        )


def _explain(message: str, header: list[str], file: str, *, before: int) -> FormatError:
    """Turn Arrow's message into ours: column by name, line by number."""
    column = re.search(r"CSV column #(\d+)", message)
    row = re.search(r"Row #(\d+)", message)
    value = re.search(r"invalid value '(.*)'", message)
    if column is None:
        return FormatError(f"not readable as CSV ({message})", file=file)
    name = header[int(column[1])] if int(column[1]) < len(header) else column[1]
    shown = f": {value[1]!r}" if value else ""
    return FormatError(
        f"the column {name!r} holds what is no whole number{shown}",
        file=file,
        rows=[f"line {before + int(row[1])}"] if row else None,
        fix="download the file again; do not open it in a spreadsheet first",
    )
