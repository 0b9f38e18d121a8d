"""From text cells to a table of areas: columns by name, numbers, ids.

Every reader goes through here, so that a missing column, text where a number belongs and an id of
another state are told in the same words. Opening and splitting files is next door.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas.geoid import find_state, normalize
from equity.areas.table import Table
from equity.areas.vintage import in_a_county
from equity.areas.words import row_labels
from equity.errors import GeoidError, InputError, MissingColumnError
from equity.files.delimited import BLANK, DECIMAL_COMMAS
from equity.language import said

__all__ = [
    "floats",
    "index_by_area",
    "refuse_either",
    "refuse_rounded",
    "require_columns",
    "row_labels",
    "to_numbers",
    "without_thousands",
]

_POWER = r"^[-+]?[0-9](?:\.(?P<decimals>[0-9]+))?E\+(?P<places>[0-9]+)$"
_THOUSANDS = r"[-+]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?"


def require_columns(frame: pd.DataFrame, names: Iterable[str], path: str | Path) -> None:
    """Refuse a table that lacks a column, with the closest names it does have."""
    missing = [name for name in names if name not in frame.columns]
    if not missing:
        return
    there = {str(name).casefold(): str(name) for name in frame.columns}
    close = [
        there[name] for name in difflib.get_close_matches(missing[0].casefold(), there, n=3)
    ] or list(there.values())[:8]
    raise MissingColumnError(
        f"lacks column {', '.join(missing[:5])}"
        + (f" and {len(missing) - 5} more" if len(missing) > 5 else ""),
        file=path,
        fix=f"the file has {', '.join(close)}",
    )


def to_numbers(frame: pd.DataFrame, columns: Mapping[str, str], path: str | Path) -> pd.DataFrame:
    """Return the named text columns as floats; blanks are missing.

    Parameters
    ----------
    frame
        Text table, with the lines of its rows as index.
    columns
        Column of the file -> name in the result.
    path
        For errors.

    Raises
    ------
    InputError
        If a cell is neither a finite number nor blank.
    """
    require_columns(frame, columns, path)
    names = list(columns.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"two columns are mapped to {twice[0]!r}", file=path, fix="keep one in columns="
        )
    result = {}
    for name, new in columns.items():
        text = frame[name].str.strip()
        result[new] = floats(text, text.isin(BLANK), path, fix=_number_hint)
    return pd.DataFrame(result, index=frame.index)


def floats(
    text: pd.Series,
    unknown: pd.Series,
    path: str | Path,
    *,
    fix: Callable[[str], str | None],
) -> pd.Series:
    """Return stripped cells of text as floats, missing where nothing is known.

    Commas may separate thousands. Not in a file that separates its fields by semicolons: there a
    comma stands before decimals.

    Parameters
    ----------
    text
        Cells, with the lines of their rows as index.
    unknown
        Where nothing is known.
    path
        For errors.
    fix
        From the first cell that is no number to the remedy.

    Raises
    ------
    InputError
        If another cell is no finite number.
    """
    refuse_rounded(text, path)
    numbers = pd.to_numeric(text.mask(unknown), errors="coerce").astype(float)
    bad = ~unknown & ~np.isfinite(numbers)
    refuse_either(text[bad], path)
    if bad.any():
        again = pd.to_numeric(without_thousands(text[bad]), errors="coerce").astype(float)
        numbers = numbers.where(~bad, again)
        bad &= ~np.isfinite(numbers)
    if bad.any():
        odd = text[bad].iloc[0]
        raise InputError(
            f"column {text.name} holds {odd!r} where a number belongs",
            file=path,
            rows=row_labels(text.index, bad),
            fix=fix(odd),
        )
    return numbers


def refuse_either(text: pd.Series, path: str | Path) -> None:
    """Refuse cells whose comma may separate thousands or stand before decimals.

    Raises
    ------
    InputError
        If there are some, and the fields of the file are separated by semicolons.
    """
    either = text.str.fullmatch(_THOUSANDS)
    if text.attrs.get(DECIMAL_COMMAS) and either.any():
        odd = text[either].iloc[0]
        raise InputError(
            f"column {text.name} holds {odd!r}: with semicolons between fields, its comma may "
            "separate thousands or stand before decimals",
            file=path,
            rows=row_labels(text.index, either),
            fix="write a point before decimals, and nothing between thousands",
        )


def refuse_rounded(text: pd.Series, path: str | Path) -> None:
    """Refuse numbers of which a narrow column of a spreadsheet left a power of ten: ``1.2E+05``.

    What shows all its digits, and what programs write (``1e+05``), is whole.

    Raises
    ------
    InputError
        If there are some.
    """
    if not (powers := text.str.contains("E+", regex=False)).any():
        return
    parts = text[powers].str.extract(_POWER)
    shown, places = parts["decimals"].fillna("").str.len(), pd.to_numeric(parts["places"])
    cut = powers.copy()
    cut[powers] = (shown < places).to_numpy()
    if cut.any():
        raise InputError(
            f"column {text.name} holds {text[cut].iloc[0]!r}, which a spreadsheet rounded to a "
            "power of ten",
            file=path,
            rows=row_labels(text.index, cut),
            fix="the last digits are lost: take the file as published",
        )


def without_thousands(text: pd.Series) -> pd.Series:
    """Return cells without the commas that separate thousands; other commas stay."""
    return text.mask(text.str.fullmatch(_THOUSANDS), text.str.replace(",", "", regex=False))


def index_by_area(
    table: Table,
    ids: pd.Series,
    path: str | Path,
    *,
    level: str,
    state: str | None,
    multi_state: bool,
) -> tuple[Table, list[str]]:
    """Put the areas' ids on a table as its index.

    Parameters
    ----------
    table
        Rows in the order of ``ids``.
    ids
        Ids in any spelling.
    path
        For errors; rows are named by the index of ``ids``, which is the line in the file.
    level
        Level of the areas.
    state
        State wanted, in any spelling; None keeps all.
    multi_state
        The file covers several states: keep the wanted one and say how many rows were left out.
        Otherwise an id of another state is an error.

    Returns
    -------
    table
        With index ``geoid``.
    notes : list of str
        What was left out.

    Raises
    ------
    GeoidError
        Ids of a wrong length or another state, or codes of counties in place of ZIP areas.
    InputError
        Duplicated areas, or nothing left.
    """
    wanted = None if state is None else find_state(state)
    text = normalize(
        ids,
        level=level,
        state=None if multi_state or wanted is None else wanted.fips,
        file=path,
    )
    notes: list[str] = []
    keep = np.ones(len(text), dtype=bool)
    if wanted is not None and multi_state:
        keep = (text.str[:2] == wanted.fips).to_numpy()
        if not keep.all():
            notes.append(
                said(
                    "{file}: {n} rows of other states left out",
                    file=Path(path).name,
                    n=f"{int((~keep).sum()):,}",
                )
            )
    if level == "zcta":
        _refuse_counties(ids, text, path)
    kept = text[keep]
    if not len(kept):
        raise InputError(
            f"no {level.replace('_', ' ')} of {wanted.name} in the file"
            if wanted
            else "the file holds no rows",
            file=path,
            fix="check that this is the right file for the state",
        )
    twice = kept.duplicated(keep=False)
    if twice.any():
        raise InputError(
            f"{kept[twice].nunique():,} areas stand more than once",
            file=path,
            rows=kept[twice].unique(),
            count=kept[twice].nunique(),
            fix="keep one row per area",
        )
    result = table[keep].copy()
    result.index = pd.Index(kept.to_numpy(), name="geoid", dtype=object)
    return result, notes


def _refuse_counties(ids: pd.Series, text: pd.Series, path: str | Path) -> None:
    """Refuse codes of counties where ZIP areas are wanted: both have five digits."""
    if re.search(r"zip|zcta|postal", str(ids.name), re.IGNORECASE):
        return
    bare = ~ids.astype("string").str.contains("US", regex=False).fillna(value=False)
    if len(text) and bare.all() and (in_a_county(text) | text.str.endswith("000")).all():
        raise GeoidError(
            f"every id under {ids.name} is the code of a county, and ZIP areas are wanted",
            file=path,
            rows=row_labels(ids.index, bare),
            fix='level = "county" if they are counties; if not, call their column ZCTA',
        )


def _number_hint(text: str) -> str:
    if "," in text and text.replace(",", "").replace(".", "").lstrip("-").isdigit():
        return "write a point before decimals, and commas between thousands or not at all"
    return "write it as a number, without units or signs; blank where nothing is known"
