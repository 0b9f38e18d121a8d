"""Words that were read byte for byte: UTF-8 where they are that, whatever their file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from equity.errors import FormatError

__all__ = ["UTF16", "as_text", "csv_cell", "decoded_words"]

Frame = TypeVar("Frame", bound=pd.DataFrame)

UTF16 = (b"\xff\xfe", b"\xfe\xff")
"""What a text in UTF-16 begins with."""


def as_text(content: bytes, path: str | Path) -> str:
    """Return a text in UTF-8, in UTF-16 with its mark, or else in Windows-1252 or Latin-1.

    Raises
    ------
    FormatError
        If it is UTF-16 and cut off.
    """
    if content.startswith(UTF16):
        try:
            return content.decode("utf-16")
        except UnicodeError:
            raise FormatError(
                "the text is UTF-16 and cut off",
                file=path,
                fix="download it again, or save it with the encoding UTF-8",
            ) from None
    return str(_text(content.removeprefix(b"\xef\xbb\xbf"), utf8=False))


def csv_cell(cell: object, otherwise: Callable[[object], str]) -> str:
    """Return a value as a CSV would hold it: ids and counts without a decimal point.

    What is no blank, truth or whole number is left to `otherwise`.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return otherwise(cell)


def decoded_words(frame: Frame) -> Frame:
    """Return a table whose text was read as ISO-8859-1, a character for each byte, as it is meant.

    Each cell is UTF-8 where its bytes can be, else Windows-1252, or Latin-1 where that has no
    character. In a table with UTF-8 a letter that its column's width cut in two is left off.
    """
    words = [n for n in frame.columns if any(isinstance(cell, str) for cell in frame[n])]
    raw = {name: frame[name].map(_bytes, na_action="ignore") for name in words}
    utf8 = any(_is_utf8(cell) for cells in raw.values() for cell in cells)
    told = {
        name: cells.map(lambda cell: _text(cell, utf8=utf8), na_action="ignore")
        for name, cells in raw.items()
    }
    return frame.assign(**told)


def _bytes(cell: Any) -> Any:
    return cell.encode("ISO-8859-1") if isinstance(cell, str) else cell


def _is_utf8(cell: Any) -> bool:
    """Return True for bytes that are UTF-8 and more than ASCII: chance does not make them."""
    if not isinstance(cell, bytes) or cell.isascii():
        return False
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _text(cell: Any, *, utf8: bool) -> Any:
    if not isinstance(cell, bytes):
        return cell
    try:
        return cell.decode("utf-8")
    except UnicodeDecodeError as error:
        if utf8 and error.reason == "unexpected end of data":  # cut at the width of its column
            return cell.decode("utf-8", errors="ignore")
    try:
        return cell.decode("cp1252")
    except UnicodeDecodeError:
        return cell.decode("ISO-8859-1")
