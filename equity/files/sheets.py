"""A sheet of an .xlsx workbook as text, as if it had been saved as CSV.

Title rows above the header are found and passed over; where the sheet or its header cannot be told,
the error says so. The index of the result is the row of the sheet (``row``).
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from equity.errors import FormatError
from equity.files.words import csv_cell
from equity.files.zips import OpenZip, open_zip

__all__ = ["read_sheet"]

Row = tuple[int, list[str]]
"""Number of a row in its sheet, and its cells as text."""


def read_sheet(
    data: bytes, path: str | Path, *, header: Callable[[Sequence[str]], bool] | None = None
) -> tuple[list[str], list[Row]]:
    """Return the header of the one sheet that holds a table, and the rows below it.

    Parameters
    ----------
    data
        Content of the workbook.
    path
        For errors.
    header
        Tells the header by its names, where some are known; then other sheets, and what stands
        above it, do not matter. Where no row has them, the header is told by its shape.

    Raises
    ------
    FormatError
        If the workbook is damaged, several sheets are filled, the table goes on in another sheet
        without a header, no row can be the header, or a formula has no result.
    """
    sheets = _filled(data, path)
    fits = [] if header is None else [(r, at) for r in sheets.values() for at in _told(r, header)]
    if len(fits) == 1:
        rows, at = fits[0]
        _refuse_rest(sheets, rows[at + 1 :], path)
        return _below(rows, at)
    if len(sheets) > 1:
        raise FormatError(
            f"{len(sheets)} sheets of the workbook are filled ({_names(sheets)}): which one is "
            "meant?",
            file=path,
            fix="keep that sheet alone in the workbook, or save it as CSV",
        )
    if not sheets:
        hidden = _filled(data, path, state="hidden")
        raise FormatError(
            f"the sheets of the workbook that are filled are hidden ({_names(hidden)})"
            if hidden
            else "the workbook is empty",
            file=path,
            fix="show the one that is meant and save the workbook, or save that sheet as CSV"
            if hidden
            else "download it again",
        )
    (rows,) = sheets.values()
    return _below(rows, _header_of(rows, path))


def _told(rows: list[Row], header: Callable[[Sequence[str]], bool]) -> list[int]:
    """Return the position of the first row that the header is told by, if there is one."""
    found = (at for at, (_, cells) in enumerate(rows) if header([cell.strip() for cell in cells]))
    return [at for at, _ in zip(found, range(1), strict=False)]


def _refuse_rest(sheets: dict[str, list[Row]], body: list[Row], path: str | Path) -> None:
    """Refuse a sheet whose first wide row is like those of the table: it goes on without names."""
    by_column = zip_longest(*(cells for _, cells in body), fillvalue="")
    kinds = [set(map(_kind, cells)) - {""} for cells in by_column]
    width = sum(map(bool, kinds))
    for title, rows in sheets.items():
        wide = next((c for _, c in rows if sum(map(bool, map(_kind, c))) >= max(2, width - 1)), [])
        alike = all(
            _kind(cell) in {"", *kind} for cell, kind in zip_longest(wide, kinds, fillvalue="")
        )
        if wide and alike and not _is_words(wide) and not any(rows[-1] is row for row in body):
            raise FormatError(
                f"the table seems to go on in the sheet {title!r}, which has no names of columns",
                file=path,
                fix="put all rows under one header in one sheet, or take that sheet out",
            )


def _kind(cell: str) -> str:
    """Return what a cell is, so that cells of one column are alike: a number, words, a code."""
    text = cell.strip()
    if re.fullmatch(r"[-+]?[0-9.,]+(?:[eE][-+]?[0-9]+)?", text):
        return "number"
    if not re.search("[0-9]", text):
        return text and "words"
    return re.sub(r"[^\W0-9]+", "a", re.sub(r"[0-9]+", "0", text))


def _names(sheets: dict[str, list[Row]]) -> str:
    return ", ".join(map(repr, list(sheets)[:5])) or "none"


def _filled(data: bytes, path: str | Path, *, state: str = "visible") -> dict[str, list[Row]]:
    """Return the rows that are not blank of every sheet in a state, as shown, that has some."""
    from openpyxl.utils.exceptions import InvalidFileException

    with open_zip(io.BytesIO(data), file=path) as opened:
        opened.check()  # the library that reads it trusts the lengths that it states
        try:
            values = _cells(data, state, results=True)
            if _has_formulas(opened):
                _refuse_unknown_results(values, _cells(data, state, results=False), path)
        except FormatError:
            raise
        except (
            InvalidFileException, KeyError, OSError, SyntaxError, TypeError, ValueError,
        ) as trouble:  # fmt: skip
            raise FormatError(
                f"not a readable workbook ({trouble})", file=path, fix="save it again as .xlsx"
            ) from None
    filled = {}
    for title, rows in values.items():
        texts = [
            (number, [csv_cell(cell, _text) for cell in row]) for number, row in enumerate(rows, 1)
        ]
        kept = [(number, cells) for number, cells in texts if any(c.strip() for c in cells)]
        if kept:
            filled[title] = kept
    return filled


def _cells(data: bytes, state: str, *, results: bool) -> dict[str, list[tuple[Any, ...]]]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and forms, which hold no data
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=results)
        shown = [sheet for sheet in book.worksheets if sheet.sheet_state.lower().endswith(state)]
        for sheet in shown:
            sheet.reset_dimensions()  # what other programs write there is not to be trusted
        return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in shown}


def _has_formulas(opened: OpenZip) -> bool:
    sheets = [m for m in opened.members() if m.filename.startswith("xl/worksheets/")]
    return any(b"<f>" in xml or b"<f " in xml for xml in map(opened.read, sheets))


def _refuse_unknown_results(values: dict[str, Any], formulas: dict[str, Any], path: Any) -> None:
    """Refuse formulas whose result was never stored: they would be read as blank cells."""
    unknown = [
        f"row {number}"
        for title, rows in formulas.items()
        for number, (row, known) in enumerate(zip(rows, values[title], strict=True), 1)
        if any(
            isinstance(cell, str) and cell.startswith("=") and result is None
            for cell, result in zip(row, known, strict=True)
        )
    ]
    if unknown:
        raise FormatError(
            "formulas stand in it whose results are not stored",
            file=path,
            rows=unknown,
            fix="open it in a spreadsheet program and save it, or save it as CSV",
        )


def _text(cell: object) -> str:
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)


def _below(rows: list[Row], at: int) -> tuple[list[str], list[Row]]:
    _, names = rows[at]
    width = max(n for _, cells in rows[at:] for n, cell in enumerate(cells, 1) if cell.strip())

    def fitted(cells: list[str]) -> list[str]:
        return (cells + [""] * width)[:width]

    return fitted(names), [(number, fitted(cells)) for number, cells in rows[at + 1 :]]


def _header_of(rows: list[Row], path: str | Path) -> int:
    """Return the position of the header: the first row as wide as the table, all of it words.

    Titles are narrower. Where the first of the wide rows holds numbers it is data, and the row
    above it is the header if that lacks one name only, as row numbers do.
    """
    counts = [sum(bool(cell.strip()) for cell in cells) for _, cells in rows]
    widest = max(counts)
    first = counts.index(widest)
    if _is_words(rows[first][1]):
        return first
    if first and counts[first - 1] >= max(2, widest - 1) and _is_words(rows[first - 1][1]):
        return first - 1
    raise FormatError(
        "no row of the sheet can be the header: above the widest row, which holds numbers, there "
        "must be one with a name for each column",
        file=path,
        rows=[f"row {rows[first][0]}"],
        fix="write the names of the columns in one row above the data",
    )


def _is_words(cells: list[str]) -> bool:
    numbers = pd.to_numeric(pd.Series([c for c in cells if c.strip()], dtype=str), errors="coerce")
    return bool(numbers.isna().all())
