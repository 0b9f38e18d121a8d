"""Cells that hold one of a publisher's few words: another one is an error, never a row less.

A word that nothing knows would meet no condition, and its row would leave every count in silence.
Only the distinct words of a column are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import pandas as pd

from equity.errors import InputError
from equity.files.delimited import BLANK
from equity.sources.area_rows import row_labels

__all__ = ["meaning_of", "refuse_other_codes"]

_AGAIN = (
    "download the file again, and do not edit it; a new code needs a new version of this package"
)
Code = TypeVar("Code", str, int)
Meaning = TypeVar("Meaning")


def refuse_other_codes(
    found: Iterable[Code | None],
    allowed: Collection[Code] | Callable[[Code], object],
    *,
    column: str,
    file: str | Path,
    rows: Callable[[list[Code]], Sequence[str]],
    said: str = "",
) -> None:
    """Refuse a column that holds another word than its publisher's.

    Parameters
    ----------
    found
        Distinct words of the column; None or empty where nothing is known.
    allowed
        Words there may be, or what is true of one.
    column, file
        For errors.
    rows
        From the words that are none to the rows that hold them, as errors call rows.
    said
        What a word must be, where `allowed` does not list them.

    Raises
    ------
    InputError
        Naming the rows.
    """
    fits = allowed if callable(allowed) else allowed.__contains__
    odd = [word for word in found if word is not None and word != "" and not fits(word)]
    if odd:
        where = rows(odd)
        one_of = said or f"one of {', '.join(map(str, allowed))}"  # type: ignore[arg-type]
        raise InputError(
            f"column {column} holds {odd[0]!r}, which is not {one_of}",
            file=file,
            rows=where[:5],
            count=len(where),
            fix=_AGAIN,
        )


def meaning_of(cells: pd.Series, words: Mapping[str, Meaning], path: str | Path) -> pd.Series:
    """Return what each word of a column means, missing where nothing is known.

    Parameters
    ----------
    cells
        Text, with the lines of its rows as index; capitals and spaces around do not matter.
    words
        Word in small letters -> what it means.
    path
        For errors.

    Raises
    ------
    InputError
        If a cell holds another word.
    """
    plain = {word: str(word).strip() for word in cells.dropna().unique()}
    told = {word: "" if text in BLANK else text.casefold() for word, text in plain.items()}
    refuse_other_codes(
        told,
        lambda word: told[word] in {"", *words},
        column=str(cells.name),
        file=path,
        rows=lambda odd: row_labels(cells.index, cells.isin(odd)),
        said=f"one of {', '.join(words)}",
    )
    return cells.map({word: words.get(text) for word, text in told.items()})
