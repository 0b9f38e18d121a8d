"""From text cells to a table of areas: columns by name, numbers, ids.

Every reader goes through here, so that a missing column, text where a number belongs and an id of
another state are told in the same words. Opening and splitting files is next door.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.geoid import find_state, normalize
from equity.areas.table import Table
from equity.errors import InputError, MissingColumnError
from equity.files.delimited import BLANK

__all__ = [
    "PART_WIDTHS",
    "floats",
    "id_of_parts",
    "index_by_area",
    "pick_id",
    "require_columns",
    "row_labels",
    "to_numbers",
]

_ID_NAMES = (
    "GEOID", "geoid", "GEOID20", "GEOID10", "GEOIDFQ", "GEO_ID", "AFFGEOID", "geo_id",
    "HEROP_ID", "HeropID", "TractFIPS20", "TractFIPS", "tractFIPS", "FIPS", "fips", "LocationID",
    "COUNTY ID",
)  # fmt: skip
"""Names that published tables give their area id, most specific first."""


def pick_id(frame: pd.DataFrame, path: str | Path, given: str | None = None) -> str:
    """Return the name of the column that holds the area id.

    Raises
    ------
    MissingColumnError
        If the named column, or any known one, is absent.
    """
    if given is not None:
        require_columns(frame, [given], path)
        return given
    for name in _ID_NAMES:
        if name in frame.columns:
            return name
    raise MissingColumnError(
        f"no id column among {', '.join(map(repr, frame.columns[:8]))} …",
        file=path,
        fix="name it with id_column=",
    )


PART_WIDTHS = (2, 3, 6, 1)
"""Digits of the parts of an id: state, county, tract, block group."""


def id_of_parts(
    frame: pd.DataFrame,
    parts: Sequence[str],
    path: str | Path,
    *,
    widths: Sequence[int] = PART_WIDTHS,
) -> pd.Series:
    """Return the ids that some columns make together, each with its leading zeros.

    Raises
    ------
    MissingColumnError
        If a column is absent.
    """
    require_columns(frame, parts, path)
    ids = pd.Series("", index=frame.index)
    for name, width in zip(parts, widths, strict=False):
        ids = ids + frame[name].str.strip().str.zfill(width)
    return ids


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
    text: pd.Series, unknown: pd.Series, path: str | Path, *, fix: Callable[[str], str | None]
) -> pd.Series:
    """Return stripped cells of text as floats, missing where nothing is known.

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
    numbers = pd.to_numeric(text.mask(unknown), errors="coerce").astype(float)
    bad = ~unknown & ~np.isfinite(numbers)
    if bad.any():
        odd = text[bad].iloc[0]
        raise InputError(
            f"column {text.name} holds {odd!r} where a number belongs",
            file=path,
            rows=row_labels(text.index, bad),
            fix=fix(odd),
        )
    return numbers


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
        Ids of a wrong length or another state.
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
            notes.append(f"{Path(path).name}: {int((~keep).sum()):,} rows of other states left out")
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


def row_labels(index: pd.Index, bad: pd.Series | npt.NDArray[np.bool_]) -> list[str]:
    """Return how an error names rows: ``line 7`` of a text file, ``row 7`` of anything else."""
    noun = index.name if index.name in {"line", "row"} else ""
    return [f"{noun} {label}".strip() for label in index[np.asarray(bad, dtype=bool)]]


def _number_hint(text: str) -> str | None:
    if "," in text and text.replace(",", "").replace(".", "").lstrip("-").isdigit():
        return "write numbers without thousands separators, with a point before decimals"
    return None
