"""Some columns of a large CSV, in one pass: what is not wanted is never held."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pandas as pd

from equity.files.delimited import (
    numbered,
    read_text_table,
    refuse_swallowed,
    usable_names,
)
from equity.files.features import is_json
from equity.files.opening import check_data, is_packed, regular
from equity.files.words import UTF16

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["read_columns", "stream_columns", "stream_whole_rows"]

Pick = Callable[[list[str]], Sequence[str]]
"""From the names in a header to those that are wanted."""

_BLOCK = 4 << 20
_LARGE = 64 << 20
_LONGEST_HEADER = 1 << 20
_HEADER = re.compile(rb'(?:"(?:[^"]|"")*"|[^"\r\n]+)*')
_LINE_END = re.compile(rb"\r*\n|\r")


def read_columns(path: str | Path, pick: Pick) -> pd.DataFrame:
    """Read the columns that `pick` chooses as text, in the file's order; packed files too.

    Returns
    -------
    pandas.DataFrame
        Index as of :func:`equity.files.delimited.read_text_table`, ``line``; in a file over
        :data:`_LARGE` with blank lines ``row``, counted without them.

    Raises
    ------
    MissingFileError, FormatError
        As :func:`equity.files.delimited.read_text_table`, rows named.
    """
    import pyarrow as pa

    with regular(path).open("rb") as handle:
        start = handle.read(4096)
        check_data(start, path)
        handle.seek(0)
        told = start.removeprefix(b"\xef\xbb\xbf").startswith((b"sep=", b'"sep='))
        apart = told or start.startswith(UTF16)
        if not (apart or is_packed(start, path) or is_json(start)):
            read, spoiled = None, False
            try:
                read = _streamed(handle, pick, path)
            except pa.ArrowInvalid as trouble:
                spoiled = "UTF8" in str(trouble)
            with contextlib.suppress(pa.ArrowInvalid):  # the careful reader names the rows
                if spoiled:
                    handle.seek(0)
                    read = _streamed(io.BufferedReader(_AsUtf8(handle), _BLOCK), pick, path)
            if read is not None:
                return read
    frame = read_text_table(path)
    return frame[list(pick(list(frame.columns)))]


def _streamed(handle: IO[bytes], pick: Pick, path: str | Path) -> pd.DataFrame | None:
    """Return the columns, or None where the rows have to be looked at one by one."""
    import pyarrow as pa

    counted = _Counted(handle)
    rest = io.BufferedReader(counted, _BLOCK)
    table = pa.Table.from_batches(stream_columns(rest, pick, file=path))
    # Rows fewer than lines: blank ones, or quotes across rows, which may be stray.
    fewer = table.num_rows + 1 < counted.lines
    if fewer and (counted.quotes or counted.size <= _LARGE):
        return None
    frame = cast("pd.DataFrame", table.to_pandas())
    first, name = (1, "row") if fewer else (2, "line")
    return frame.set_axis(pd.RangeIndex(first, first + len(frame), name=name), axis="index")


def stream_whole_rows(
    opened: Callable[[], AbstractContextManager[IO[bytes]]], pick: Pick, *, file: str | Path
) -> Iterator[pa.RecordBatch]:
    """Yield what :func:`stream_columns` does, and make sure that no row was lost inside a cell.

    Parameters
    ----------
    opened
        Opens the CSV: a second time where there are fewer rows than lines.
    pick, file
        As there.

    Raises
    ------
    FormatError
        At the end, if two stray quotes make one cell of several rows; the lines are named.
    """
    rows = 0
    with opened() as handle:
        counted = _Counted(handle)
        for batch in stream_columns(io.BufferedReader(counted, _BLOCK), pick, file=file):
            rows += batch.num_rows
            yield batch
    if rows + 1 < counted.lines:  # blank lines, or quotes across rows, which may be stray
        with opened() as handle:
            text = io.TextIOWrapper(handle, encoding="utf-8", errors="replace", newline="")
            refuse_swallowed(numbered(text, ",", file), ",", file)


def stream_columns(handle: IO[bytes], pick: Pick, *, file: str | Path) -> Iterator[pa.RecordBatch]:
    """Yield record batches of the columns that `pick` chooses, as text.

    Parameters
    ----------
    handle
        A CSV in UTF-8 from its first byte on; its lines may end in any way.
    file
        For errors.

    Raises
    ------
    FormatError
        If the header names a column twice.
    pyarrow.ArrowInvalid
        If a row has another number of fields than the header, or the text is not UTF-8.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names, rest = _header(handle, file)
    wanted = pick(names)
    try:
        reader = arrow_csv.open_csv(
            rest,
            read_options=arrow_csv.ReadOptions(
                column_names=names, block_size=_BLOCK, use_threads=False
            ),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(wanted),
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as trouble:
        if "empty" not in str(trouble).lower():
            raise
        yield pa.RecordBatch.from_pydict({name: pa.array([], pa.string()) for name in wanted})
        return
    yield from reader


def _header(handle: IO[bytes], file: str | Path) -> tuple[list[str], IO[bytes]]:
    """Return the names in the header, and a stream of the rows."""
    head = handle.readline(_LONGEST_HEADER)
    while head.count(b'"') % 2 and len(head) < _LONGEST_HEADER:  # a newline inside a quoted name
        more = handle.readline(_LONGEST_HEADER)
        if not more:
            break
        head += more
    head = head.removeprefix(b"\xef\xbb\xbf")
    found = _HEADER.match(head)
    text = found[0] if found else b""
    # Where the header ends in another way than the rows, some of them have been read with it.
    rows = _LINE_END.sub(b"", head[len(text) :], count=1)
    names = next(csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline="")), [])
    rest = io.BufferedReader(_After(rows, handle)) if rows else handle
    return usable_names(names, file), rest


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    """Take bytes that are no UTF-8 for Windows-1252, as an old system wrote them."""
    assert isinstance(error, UnicodeDecodeError), "asked for reading only"
    odd = error.object[error.start : error.end]
    return odd.decode("cp1252", "replace").replace("\ufffd", "?"), error.end


codecs.register_error("equity-windows", _as_windows)


class _AsUtf8(io.RawIOBase):
    """A text in UTF-8 with stray bytes of another encoding, as UTF-8 throughout."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle, self._ready = handle, b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("equity-windows")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            read = self._handle.read(_BLOCK)
            self._ready = self._decoder.decode(read, final=not read).encode()
            if not read and not self._ready:
                return 0
        view = memoryview(buffer)
        piece, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(piece)] = piece
        return len(piece)


class _Counted(io.RawIOBase):
    """A stream that counts its lines and bytes, and tells whether a quote was read."""

    def __init__(self, handle: IO[bytes]) -> None:
        self._handle, self._last = handle, b"\n"
        self.lines, self.quotes, self.size = 1, False, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._handle.read(len(buffer))
        buffer[: len(piece)] = piece
        if piece:
            self.size += len(piece)
            feeds = piece.count(b"\n")
            self.lines += feeds or piece.count(b"\r")
            self.quotes = self.quotes or b'"' in piece
            self._last = piece[-1:]
        elif self._last in b"\r\n":
            self.lines -= 1
            self._last = b" "
        return len(piece)


class _After(io.RawIOBase):
    """Bytes that were already read, and then the rest."""

    def __init__(self, first: bytes, rest: IO[bytes]) -> None:
        self._first, self._rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        piece = self._first[: len(view)] or self._rest.read(len(view))
        self._first = self._first[len(piece) :]
        view[: len(piece)] = piece
        return len(piece)
