"""How wide the columns of a printed table are: no word is cut, no two headings touch."""

from __future__ import annotations

from equity.outputs._content import Table

__all__ = ["column_widths", "stays_whole"]

_NARROW, _WIDE = set("iljtfr.,;:'’!|()[]- "), set("mwMW%—")
_PADDING = 9.0
_BOLD = 1.09
_MOST_LINES = 15
"""Lines of a table that is never split: two fifths of a page, which may stay empty above it."""


def column_widths(table: Table, room: float, *, size: float = 11.0) -> list[float]:
    """Return the width of each column.

    Parameters
    ----------
    table
        The table.
    room
        Width of the page less its margins, in points.
    size
        Of the letters, in points.

    Returns
    -------
    list of float
        Points that add up to `room`. Every column holds its longest word, as far as there is room;
        what is left goes where the table asks for it.

    Notes
    -----
    Lengths are those of a common serif face: a document may be opened with other letters.
    """
    need = []
    for i, head in enumerate(table.heads):
        words = [(word, True) for word in head.label.split(" ")]
        for row in table.rows:
            for text in (row[i].text, row[i].small):
                words += [(word, False) for word in text.split(" ")]
        need.append(max(_length(word, bold=bold) for word, bold in words) * size + _PADDING)
    if sum(need) >= room:
        return [width * room / sum(need) for width in need]
    asked = sum(head.width for head in table.heads)
    want = [
        max(room * head.width / asked - least, 0.0)
        for head, least in zip(table.heads, need, strict=True)
    ]
    left, total = room - sum(need), sum(want)
    return [
        least + (left * more / total if total else left / len(need))
        for least, more in zip(need, want, strict=True)
    ]


def stays_whole(table: Table, widths: list[float], *, size: float = 11.0) -> bool:
    """Tell whether a table is short enough never to be split over two pages."""
    lines = 0
    for row in table.rows:
        lines += max(
            _lines(cell.text, width, size) + _lines(cell.small, width, size)
            for cell, width in zip(row, widths, strict=True)
        )
    return lines <= _MOST_LINES


def _lines(text: str, width: float, size: float) -> int:
    """Return about how many lines a text takes in a column."""
    lines, room = 0, 0.0
    for word in text.split(" ") if text else ():
        length = _length(word, bold=False) * size
        if length > room:
            lines, room = lines + 1, width - _PADDING
        room -= length + 0.25 * size
    return lines


def _length(word: str, *, bold: bool) -> float:
    """Return about how long a word is, in ems."""
    ems = sum(
        0.32 if c in _NARROW else 0.84 if c in _WIDE else 0.66 if c.isupper() else 0.5 for c in word
    )
    return ems * (_BOLD if bold else 1.0)
