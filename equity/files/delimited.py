"""Tables of text, read as text: every row checked, every row's line known.

The index of the result is the line on which each row begins in the file (``line``), or the row of a
workbook's sheet (``row``), so that any later complaint can say where to look, also after rows were
filtered.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from equity.errors import FormatError, InputError
from equity.files.features import is_json, read_features
from equity.files.opening import is_workbook, read_bytes
from equity.files.sheets import read_sheet
from equity.files.words import UTF16, as_text

__all__ = [
    "BLANK",
    "DECIMAL_COMMAS",
    "first_line",
    "read_records",
    "read_text_table",
    "refuse_swallowed",
    "usable_names",
]

BLANK = {"", "NA", "N/A", "NaN", "nan", "null", "None"}
"""How tables of text write that nothing is known."""

DECIMAL_COMMAS = "decimal_commas"
"""In the attrs of a table whose fields semicolons separate, as where commas stand before decimals:
1,234 may be less than two."""

_BLOCK = 1 << 30  # bytes; one block, unless the file is larger
_MOST_COLUMNS = 5_000
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR = re.compile(rb'"?sep=([,;|\t])"?(?=\r?\n)')  # what Excel is told by some programs
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"


def read_text_table(
    path: str | Path,
    *,
    delimiter: str = ",",
    data: bytes | None = None,
    trailing_comma: bool = False,
    header: Callable[[Sequence[str]], bool] | None = None,
) -> pd.DataFrame:
    """Read a delimited file, a sheet of a workbook, or features of a map, every cell as text.

    Parameters
    ----------
    path
        CSV or similar, possibly inside .zip, .gz or .xz; UTF-8, UTF-16 with its mark, or Latin-1
        where it is neither. Its lines may end in any way, and in several. Or an .xlsx workbook, or
        records of JSON, also as the features of a map (GeoJSON, Esri).
    delimiter
        Field separator; never sniffed, but for the tabs of a spreadsheet's UTF-16 text. A first
        line ``sep=;`` says it too.
    data
        Content already read, if any.
    trailing_comma
        The header, and perhaps rows, end in a stray delimiter, as in HRSA's files.
    header
        Tells a workbook's header by its names, where some are known.

    Returns
    -------
    pandas.DataFrame
        Text columns, their names stripped; index ``line``, the line of the file on which each
        row begins, or ``row``.

    Raises
    ------
    FormatError
        If the header repeats a name, a row has another number of fields than the header, or a
        quote is never closed or closed in a later row, and the lines are named; or if the sheet,
        or its header, is not to be told.
    InputError
        If the delimiter is not one character.
    """
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise InputError(
            f"fields cannot be separated by {delimiter!r}",
            file=path,
            fix='delimiter is one character: ",", ";", "|" or a tab',
        )
    content = read_bytes(path) if data is None else data
    if is_workbook(content):
        names, rows = read_sheet(content, path, header=header)
        return _from_rows(usable_names(names, path), rows, "row")
    if is_json(content):
        names, rows = read_features(content, path)
        return _from_rows(usable_names(names, path), rows, "row")
    if content.startswith(UTF16) and delimiter == "," and "\t" in first_line(content):
        delimiter = "\t"
    content = _as_utf8(content, path, delimiter)
    if told := _SEPARATOR.match(content):  # the line stays, so that others keep their numbers
        content = content[told.end() :]
        delimiter = told[1].decode() if delimiter == "," else delimiter
    end, names = _header(content, delimiter, path, drop_last=trailing_comma)
    _check_quotes(content, delimiter, path)
    if trailing_comma:
        frame = _by_hand(content, delimiter, names, path)
    elif not content[end:].strip():
        frame = _from_rows(names, [], "line")
    else:
        frame = _by_arrow(content, end, delimiter, names, path)
    if delimiter == ";":
        frame.attrs[DECIMAL_COMMAS] = True
    return frame


def first_line(data: bytes) -> str:
    """Return the first line of a text; nothing of a workbook."""
    if is_workbook(data):
        return ""
    if data.startswith(UTF16):
        return re.split(r"[\r\n]", data.decode("utf-16", errors="replace"), maxsplit=1)[0]
    return re.split(rb"[\r\n]", data, maxsplit=1)[0].decode("utf-8-sig", errors="replace")


def read_records(data: bytes, path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record of a headless CSV begins, and its fields."""
    return _records(_as_utf8(data, path, ","), ",", path)


def _as_utf8(content: bytes, path: str | Path, delimiter: str) -> bytes:
    if content.startswith(UTF16):
        content = as_text(content, path).encode("utf-8")
    if content.startswith(_OLD_WORKBOOK):
        raise FormatError(
            "this is an old (.xls) or locked workbook",
            file=path,
            fix="open it and save it without a password, as .xlsx or CSV",
        )
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content[:65536]:
        raise FormatError("this is a binary file, not text", file=path, fix="save it as CSV")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        content = as_text(content, path).encode("utf-8")
    return _one_line_end(content, delimiter)


def _one_line_end(content: bytes, delimiter: str) -> bytes:
    """Give all lines of a file that ends them in several ways one end; cells stay as they are."""
    if content.count(b"\r") == content.count(b"\r\n"):
        return content
    quoted = rb"(?<![^\r\n" + re.escape(delimiter.encode()) + rb'])"(?:[^"]|"")*"'
    return re.sub(rb"(" + quoted + rb")|\r+\n|\r", lambda found: found[1] or b"\n", content)


def _header(
    content: bytes, delimiter: str, path: str | Path, *, drop_last: bool
) -> tuple[int, list[str]]:
    blank = len(content) - len(content.lstrip(b"\r\n"))
    end = content.find(b"\n", blank) + 1 or len(content)
    while content[:end].count(b'"') % 2 and end < len(content):  # a newline inside a quoted name
        end = content.find(b"\n", end) + 1 or len(content)
    _, raw = next(_records(content[:end], delimiter, path), (1, [""]))
    names = [name.strip() for name in raw]
    if drop_last and not names[-1]:
        names = names[:-1]
    if len(names) == 1:
        other = next((d for d in _DELIMITERS if d != delimiter and d in names[0]), None)
        if other is not None:
            raise FormatError(
                f"its fields are separated by {_DELIMITERS[other]}, "
                f"not by {_DELIMITERS.get(delimiter, repr(delimiter))}",
                file=path,
                fix="say so with delimiter= where the reader has it, or save it as CSV",
            )
    return end, usable_names(names, path)


def usable_names(raw: Sequence[str], path: str | Path) -> list[str]:
    """Return the names of a header without spaces around them.

    Raises
    ------
    FormatError
        If one stands twice, or there are more than any table has.
    """
    if len(raw) > _MOST_COLUMNS:
        raise FormatError(
            f"{len(raw):,} columns, where no table has more than {_MOST_COLUMNS:,}",
            file=path,
            fix="keep the columns that are needed",
        )
    # R and pandas write row numbers under an empty name.
    names = [name.strip() or f"unnamed_{position}" for position, name in enumerate(raw, start=1)]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise FormatError(
            f"column {twice[0]!r} stands twice in the header", file=path, fix="rename one of them"
        )
    return names


def _by_arrow(
    content: bytes, end: int, delimiter: str, names: list[str], path: str | Path
) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    wrong: list[Any] = []

    def skip(row: Any) -> str:
        wrong.append(row)
        return "skip"

    body = content[end:]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=min(len(body) + 1, _BLOCK)
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        _refuse_wrong_rows(content, delimiter, names, path)
        raise FormatError(f"not a readable table: {error}", file=path) from None
    if wrong:
        _refuse_wrong_rows(content, delimiter, names, path)
        raise FormatError(f"{len(wrong):,} rows are not readable", file=path)
    frame: pd.DataFrame = table.to_pandas()
    frame.index = _lines(content, end, delimiter, len(frame), path)
    return frame


def _lines(content: bytes, end: int, delimiter: str, rows: int, path: str | Path) -> pd.Index:
    first = content.count(b"\n", 0, end) + 1
    newlines = content.count(b"\n", end) + (not content.endswith(b"\n"))
    if newlines == rows:
        return pd.RangeIndex(first, first + rows, name="line")
    # Blank lines, or newlines inside quotes: count them.
    records = list(_records(content, delimiter, path))[1:]
    refuse_swallowed(records, delimiter, path)
    return pd.Index([line for line, _ in records][:rows], name="line")


def _by_hand(content: bytes, delimiter: str, names: list[str], path: str | Path) -> pd.DataFrame:
    """Read rows that may or may not end in the header's stray delimiter."""
    width, rows, wrong = len(names), [], []
    for line, fields in list(_records(content, delimiter, path))[1:]:
        if len(fields) == width + 1 and not fields[-1].strip():
            fields.pop()
        if len(fields) != width:
            wrong.append((line, len(fields)))
        rows.append((line, fields))
    if wrong:
        raise _wrong_rows(wrong, width, path)
    refuse_swallowed(rows, delimiter, path)
    return _from_rows(names, rows, "line")


def _from_rows(
    names: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]], noun: str
) -> pd.DataFrame:
    columns = zip(*(fields for _, fields in rows), strict=True) if rows else ([] for _ in names)
    index = pd.Index([number for number, _ in rows], dtype="int64", name=noun)
    named = zip(names, columns, strict=True)
    return pd.DataFrame({name: pd.Series(list(cells), index, str) for name, cells in named})


def _refuse_wrong_rows(content: bytes, delimiter: str, names: list[str], path: str | Path) -> None:
    records = list(_records(content, delimiter, path))[1:]
    wrong = [(line, len(fields)) for line, fields in records if len(fields) != len(names)]
    if wrong:
        raise _wrong_rows(wrong, len(names), path)


def _wrong_rows(wrong: list[tuple[int, int]], width: int, path: str | Path) -> FormatError:
    return FormatError(
        f"{len(wrong):,} rows do not have the header's {width} fields",
        file=path,
        rows=[f"line {line} ({fields} fields)" for line, fields in wrong],
        fix="download the file again; a cut row or an unquoted comma breaks it",
    )


def _check_quotes(content: bytes, delimiter: str, path: str | Path) -> None:
    """Refuse a quote that is opened and never closed: it would swallow the rows after it."""
    if content.count(b'"') % 2 == 0:
        return
    line = 1
    reader = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter, strict=True)
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error) or "field larger" in str(error):
            raise FormatError(
                "a quote is opened and never closed",
                file=path,
                rows=[f"line {line}"],
                fix="download the file again, or close the quote",
            ) from None


def refuse_swallowed(
    records: Iterable[tuple[int, list[str]]], delimiter: str, path: str | Path
) -> None:
    """Refuse rows that two stray quotes have made one cell of.

    What stands in the cell before its first line end then fills up the first of these rows, and
    what follows the last one has as many fields as stand before the cell.

    Parameters
    ----------
    records
        Line on which each row begins, and its cells.
    delimiter
        Between the fields.
    path
        For errors.

    Raises
    ------
    FormatError
        Naming the lines.
    """
    bad = [line for line, fields in records if _swallows(fields, delimiter)]
    if bad:
        raise FormatError(
            "a quote that is opened in one row is closed in a later one",
            file=path,
            rows=[f"line {line}" for line in bad],
            fix="close the quote in its row, or download the file again",
        )


def _swallows(fields: Sequence[str], delimiter: str) -> bool:
    for position, cell in enumerate(fields):
        if "\n" not in cell and "\r" not in cell:
            continue
        first, *_, last = re.split(r"\r*\n|\r", cell)
        begins = last.split(delimiter)
        if (
            first.count(delimiter) == len(fields) - 1 - position
            and len(begins) == position + 1
            # Prose goes on with words where a row would begin with an id.
            and _has_digit(begins[0]) == _has_digit(first if position == 0 else fields[0])
        ):
            return True
    return False


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _records(content: bytes, delimiter: str, path: str | Path) -> Iterator[tuple[int, list[str]]]:
    yield from numbered(io.StringIO(content.decode(), newline=""), delimiter, path)


def numbered(
    text: Iterable[str], delimiter: str, path: str | Path
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which each record of a text begins, and its fields; blank lines are none.

    Raises
    ------
    FormatError
        If a record cannot be told apart.
    """
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(
            f"not a readable table: {error}", file=path, rows=[f"line {line}"]
        ) from None
