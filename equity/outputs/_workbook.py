"""A workbook with the data, the dictionary and the sources; ids are text, nothing is a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.words import is_missing
from equity.outputs._harmless import FORMULA
from equity.outputs._steady import steady_zip

__all__ = ["workbook"]

#: Characters that XML cannot hold.
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def workbook(flat: pd.DataFrame, dictionary: pd.DataFrame, about: pd.DataFrame) -> bytes:
    """Return an XLSX file with three sheets: data, dictionary, sources.

    Parameters
    ----------
    flat
        Area table without polygons, index ``geoid``.
    dictionary
        What its columns mean, index ``column``.
    about
        Sources, software and stamps: columns ``what`` and ``value``.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _sheet(book, "data", flat.reset_index(names="geoid"), frozen="C2")
    _sheet(book, "dictionary", dictionary.reset_index(names="column"), frozen="A2")
    _sheet(book, "sources", about, frozen="A2")
    out = io.BytesIO()
    book.save(out)
    return steady_zip(out.getvalue())


def _sheet(book: Any, title: str, frame: pd.DataFrame, *, frozen: str) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    sheet.freeze_panes = frozen
    for i, column in enumerate(frame.columns, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = _width(str(column), frame[column])
    bold = Font(bold=True)

    def text(value: str) -> Any:
        cell = WriteOnlyCell(sheet, _ILLEGAL.sub("", value)[:32767])
        cell.data_type = "s"  # a name that begins with "=" stays a name
        if FORMULA.match(value):
            cell.quotePrefix = True  # also after somebody edits it
        return cell

    head = [text(str(c)) for c in frame.columns]
    for cell in head:
        cell.font = bold
    sheet.append(head)
    columns = [_values(frame[c].tolist(), text) for c in frame.columns]
    for row in zip(*columns, strict=True):
        sheet.append(row)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(frame.columns))}{len(frame) + 1}"


def _values(values: Sequence[Any], text: Any) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if is_missing(value):
            out.append(None)
        elif isinstance(value, (bool, np.bool_)):
            out.append(bool(value))
        elif isinstance(value, (int, float, np.integer, np.floating)):
            out.append(value)
        else:
            out.append(text(str(value)))
    return out


def _width(column: str, values: pd.Series) -> float:
    longest = max((len(str(v)) for v in values.head(50).tolist() if isinstance(v, str)), default=8)
    return float(min(max(len(column) + 2, longest + 1, 9), 60))
