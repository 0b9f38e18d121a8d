"""How wide the columns of a printed table are: no word is cut, no two headings touch."""

from __future__ import annotations

from equity.outputs._content import Table

__all__ = ["column_widths"]

_NARROW, _WIDE = set("iljtfr.,;:'’!|()[]- "), set("mwMW%—")
_PADDING = 9.0
_BOLD = 1.09


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


def _length(word: str, *, bold: bool) -> float:
    """Return about how long a word is, in ems."""
    ems = sum(
        0.32 if c in _NARROW else 0.84 if c in _WIDE else 0.66 if c.isupper() else 0.5 for c in word
    )
    return ems * (_BOLD if bold else 1.0)
