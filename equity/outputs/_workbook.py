"""A workbook with the data, the dictionary and the sources; ids are text, nothing is a formula.

The parts of the file are written as they are needed, row by row, and each text once: an object a
cell would cost several times as much as everything else that is written of a study.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import IO, Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from equity.areas.words import is_missing
from equity.outputs._csv import number_texts
from equity.outputs._harmless import FORMULA
from equity.outputs._steady import steady_entry

__all__ = ["workbook"]

#: Characters that XML cannot hold.
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MOST_TEXT = 32_767
_ROWS = 500
"""Rows made at a time: of a large table no more is in memory than these."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BOLD, _QUOTED = 1, 2
"""Styles add up: bold is 1, a text that stays one after somebody edits it is 2."""
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="2">'
    '<font><sz val="11"/><name val="Calibri"/><family val="2"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="4">'
    + "".join(
        f'<xf numFmtId="0" fontId="{bold}" fillId="0" borderId="0" xfId="0" '
        f'quotePrefix="{quoted}" applyFont="{bold}"/>'
        for quoted in (0, 1)
        for bold in (0, 1)
    )
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
    "</cellStyles></styleSheet>"
)


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

    References
    ----------
    .. [1] ECMA-376, Office Open XML File Formats, part 1: SpreadsheetML.
    """
    sheets = {
        "data": (flat.reset_index(names="geoid"), "C2"),
        "dictionary": (dictionary.reset_index(names="column"), "A2"),
        "sources": (about, "A2"),
    }
    texts: dict[str, int] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:
        for number, (frame, frozen) in enumerate(sheets.values(), start=1):
            with book.open(steady_entry(f"xl/worksheets/sheet{number}.xml"), "w") as part:
                _sheet(part, frame, frozen, texts)
        with book.open(steady_entry("xl/sharedStrings.xml"), "w") as part:
            _shared(part, texts)
        for name, xml in _around({name: frame for name, (frame, _) in sheets.items()}).items():
            book.writestr(steady_entry(name), _HEAD + xml)
    return out.getvalue()


def _sheet(part: IO[bytes], frame: pd.DataFrame, frozen: str, texts: dict[str, int]) -> None:
    letters = [_letters(number) for number in range(1, len(frame.columns) + 1)]
    widths = "".join(
        f'<col min="{i}" max="{i}" width="{_width(str(name), frame[name])}" customWidth="1"/>'
        for i, name in enumerate(frame.columns, start=1)
    )
    columns = ord(frozen[0]) - ord("A")
    across = f'xSplit="{columns}" ' if columns else ""
    pane = "bottomRight" if columns else "bottomLeft"
    start = (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        f'<pane {across}ySplit="1" topLeftCell="{frozen}" activePane="{pane}" state="frozen"/>'
        f'<selection pane="{pane}"/></sheetView></sheetViews><cols>{widths}</cols><sheetData>'
    )
    part.write(start.encode())
    head = [
        _cells([str(name)], letter, 1, texts, style=_BOLD)
        for name, letter in zip(frame.columns, letters, strict=True)
    ]
    part.write(_rows(head, 1))
    for above in range(0, len(frame), _ROWS):
        piece = frame.iloc[above : above + _ROWS]
        cells = [
            _column(piece[name], letter, above + 2, texts)
            for name, letter in zip(piece.columns, letters, strict=True)
        ]
        part.write(_rows(cells, above + 2))
    part.write(f'</sheetData><autoFilter ref="{_filtered(frame)}"/></worksheet>'.encode())


def _rows(columns: Sequence[Sequence[str]], first: int) -> bytes:
    rows = enumerate(zip(*columns, strict=True), start=first)
    return "".join(f'<row r="{n}">{"".join(row)}</row>' for n, row in rows).encode()


def _column(values: pd.Series, letter: str, first: int, texts: dict[str, int]) -> list[str]:
    if values.dtype != np.float64:
        return _cells(values.tolist(), letter, first, texts)
    numbers = enumerate(number_texts(values.to_numpy()), start=first)
    return [f'<c r="{letter}{row}"><v>{text}</v></c>' if text else "" for row, text in numbers]


def _cells(
    values: Sequence[Any], letter: str, first: int, texts: dict[str, int], *, style: int = 0
) -> list[str]:
    """Return the cells of one column; a value that is missing has none."""
    cells = []
    for row, value in enumerate(values, start=first):
        if is_missing(value):
            cells.append("")
        elif isinstance(value, bool):
            cells.append(f'<c r="{letter}{row}" t="b"><v>{value:d}</v></c>')
        elif isinstance(value, (int, float)):
            cells.append(f'<c r="{letter}{row}"><v>{value:.15g}</v></c>')
        else:
            text = str(value)
            look = style + (_QUOTED if FORMULA.match(text) else 0)
            styled = f' s="{look}"' if look else ""
            number = texts.setdefault(text, len(texts))
            cells.append(f'<c r="{letter}{row}"{styled} t="s"><v>{number}</v></c>')
    return cells


def _shared(part: IO[bytes], texts: dict[str, int]) -> None:
    part.write(f'{_HEAD}<sst xmlns="{_MAIN}" uniqueCount="{len(texts)}">'.encode())
    for text in texts:
        held = escape(_ILLEGAL.sub("", text)[:_MOST_TEXT])
        part.write(f'<si><t xml:space="preserve">{held}</t></si>'.encode())
    part.write(b"</sst>")


def _around(sheets: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return what ties the sheets together: the small parts of the file, by name."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, sheets, strict=True)
    )
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{n}" hidden="1">'
        f"'{name}'!{_filtered(frame, '$')}</definedName>"
        for n, (name, frame) in enumerate(sheets.items())
    )
    parts = {f"worksheets/sheet{n}.xml": "worksheet" for n in numbers}
    parts |= {"styles.xml": "styles", "sharedStrings.xml": "sharedStrings"}
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/{kind}" Target="{name}"/>'
        for n, (name, kind) in enumerate(parts.items(), start=1)
    )
    kinds = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{_TYPE}.{kind}+xml"/>'
        for name, kind in {"workbook.xml": "sheet.main", **parts}.items()
    )
    related = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    return {
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{listed}</sheets><definedNames>{filters}</definedNames></workbook>",
        "xl/styles.xml": _STYLES,
        "xl/_rels/workbook.xml.rels": f"{related}{links}</Relationships>",
        "_rels/.rels": f'{related}<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{kinds}</Types>',
    }


def _filtered(frame: pd.DataFrame, mark: str = "") -> str:
    last = _letters(len(frame.columns))
    return f"{mark}A{mark}1:{mark}{last}{mark}{len(frame) + 1}"


def _letters(number: int) -> str:
    """Return the letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _width(column: str, values: pd.Series) -> float:
    longest = max((len(str(v)) for v in values.head(50).tolist() if isinstance(v, str)), default=8)
    return float(min(max(len(column) + 2, longest + 1, 9), 60))
