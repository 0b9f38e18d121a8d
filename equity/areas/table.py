"""What makes a table an area table: ids as text in the index, one row each, level and vintage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity import provenance
from equity.areas.geoid import LEVELS, is_water, normalize
from equity.areas.points import coordinate_pairs, refuse_elsewhere, refuse_other_state
from equity.areas.vintage import check_vintage
from equity.errors import GeoidError, InputError, MissingColumnError
from equity.provenance import Source

_LEVEL_OF_LENGTH = {
    2: "state",
    5: "county",
    7: "place",
    11: "tract",
    12: "block_group",
    15: "block",
}
Table = TypeVar("Table", bound=pd.DataFrame)
"""DataFrame or GeoDataFrame: what comes in comes out."""

_WITH_TRACT = ("tract", "block_group", "block")


def area_table(
    frame: Table,
    id_column: str | None = None,
    *,
    level: str,
    geo_vintage: str,
    state: str | None = None,
    file: str | Path | None = None,
    sources: Iterable[Source] = (),
) -> Table:
    """Make an area table of any table that has an id column: the way in for a user's own data.

    Parameters
    ----------
    frame
        DataFrame or GeoDataFrame, one row an area.
    id_column
        Column with the ids; the index if not given. Prefixes, lost zeros and decimals are
        repaired as in `equity.areas.geoid.normalize`.
    level
        Key of `equity.areas.geoid.LEVELS`.
    geo_vintage
        ``2010``, ``2020`` or ``2020-CT2022``: the areas the ids name, which is not the year of
        the data.
    state
        Refuse ids outside this state.
    file
        Name used in errors.
    sources
        Where the figures come from; added to what the table already carries.

    Returns
    -------
    DataFrame or GeoDataFrame
        A new table indexed by ``geoid``, rows in the order given.

    Raises
    ------
    GeoidError
        If an id is not of the level, or occurs twice.
    MissingColumnError
        If there is no such column.
    VintageError
        If the ids contradict the vintage.
    InputError
        If longitudes and latitudes, by their names, lie outside the country or outside the state
        that the ids name.
    """
    require_table(frame, str(file or "the table"))
    if id_column is None:
        raw = pd.Series(frame.index, index=range(len(frame)), dtype=object)
        result = frame.copy()
    elif id_column in frame.columns:
        raw = frame[id_column].reset_index(drop=True)
        result = frame.drop(columns=id_column)
    else:
        raise MissingColumnError(
            f"no column {id_column!r}",
            file=file,
            fix=f"choose from {', '.join(map(str, frame.columns[:12]))}",
        )
    ids = normalize(raw, level=level, state=state, file=file)
    result.index = pd.Index(ids.to_numpy(dtype=object), name="geoid")
    refuse_duplicates(result.index, "the table", file=file)
    check_vintage(result.index, level=level, geo_vintage=geo_vintage, file=file)
    for x, y in coordinate_pairs(pd.DataFrame(result).select_dtypes("number").columns):
        refuse_elsewhere(result[x], result[y], result.index, file, noun="areas")
        refuse_other_state(result[x], result[y], result.index, file, level=level, noun="areas")
    known = provenance.meta(frame)
    return provenance.stamp(
        result,
        level=level,
        geo_vintage=geo_vintage,
        sources=[*known.sources, *sources],
        notes=known.notes,
    )


def require_table(table: object, name: str) -> None:
    """Refuse what is no table, or a table whose columns or rows cannot be told apart by name.

    Raises
    ------
    InputError
        Naming the columns.
    """
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            f"{name} is no table of areas but a {type(table).__name__}",
            fix="pass a DataFrame or GeoDataFrame indexed by geoid",
        )
    if isinstance(table.index, pd.MultiIndex):
        raise InputError(f"{name} has an index of several levels", fix="use one: the geoid")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InputError(
            f"{name} has columns of the same name: {', '.join(map(str, twice.unique()))}",
            fix="rename or drop one of each",
        )


def refuse_duplicates(index: pd.Index, name: str, *, file: str | Path | None = None) -> None:
    """Refuse an index in which an id occurs more than once.

    Raises
    ------
    GeoidError
        Naming the ids.
    """
    twice = index.duplicated(keep=False)
    if twice.any():
        ids = list(dict.fromkeys(index[twice]))
        raise GeoidError(
            f"{name} has {len(ids):,} ids more than once",
            file=file,
            rows=ids,
            fix="keep one row an area: filter by year or measure, or add the rows up first",
            code="E-GEOID-DUPLICATE",
        )


def level_of(table: pd.DataFrame, *, name: str = "the table") -> str:
    """Return the level of a table: what it says, checked against the length of its ids.

    Raises
    ------
    GeoidError
        If the ids are not text of one length, or not of the length the level has.
    """
    require_table(table, name)
    stated = provenance.meta(table).level
    index = table.index
    if len(index) == 0:
        raise InputError(f"{name} has no rows")
    if stated in LEVELS and _are_digits(index.tolist(), LEVELS[stated]):
        return stated
    text = pd.Series(index, dtype=object)
    is_text = np.fromiter(
        (isinstance(v, str) and v.isascii() and v.isdigit() for v in index), bool, len(index)
    )
    if not is_text.all():
        raise GeoidError(
            f"{name} is not indexed by ids as text",
            rows=text[~is_text].astype(str),
            fix="make it an area table first: equity.area_table(table, 'GEOID', ...)",
        )
    lengths = text.str.len()
    expected = LEVELS.get(stated) if stated else None
    if expected is None:
        expected = int(lengths.mode().iloc[0])
    off = lengths != expected
    if off.any():
        hint = " (an id of 10 digits has lost its leading zero)" if (lengths == 10).any() else ""
        raise GeoidError(
            f"{name} has ids that are not {expected} digits long{hint}",
            rows=text[off],
            fix="make it an area table first: equity.area_table(table, 'GEOID', ...)",
        )
    level = stated or _LEVEL_OF_LENGTH.get(expected)
    if level is None:
        raise GeoidError(
            f"{name} has ids of {expected} digits, which is no level"
            + (" (a tract of 10 digits has lost its leading zero)" if expected == 10 else ""),
            fix="declare the level with equity.area_table(table, level=...)",
        )
    return level


def _are_digits(ids: list[object], length: int) -> bool:
    """Tell at a glance whether all ids are texts of so many digits; every join asks."""
    try:
        whole = "".join(ids)  # type: ignore[arg-type]  # whatever is no text is told by the error
    except TypeError:
        return False
    return whole.isascii() and whole.isdigit() and set(map(len, ids)) == {length}  # type: ignore[arg-type]


def water_rows(index: pd.Index, level: str) -> npt.NDArray[np.bool_]:
    """Tell, as a boolean array, which ids are areas of water only (tract codes 99xxxx)."""
    if level not in _WITH_TRACT:
        return np.zeros(len(index), dtype=bool)
    return np.asarray(is_water(pd.Series(index, dtype=object)), dtype=bool)


def area_status(table: pd.DataFrame) -> pd.Series:
    """Return why an area may not be ranked: ``ok``, ``water``, ``no_population`` or ``unknown``.

    ``unknown`` means that the table has a population column with nothing in this row.
    """
    return status_at(table, level_of(table))


def status_at(table: pd.DataFrame, level: str) -> pd.Series:
    """Return :func:`area_status` of a table whose ids have been seen to be of a level."""
    status = np.full(len(table), "ok", dtype=object)
    if "population_n" in table.columns:
        people = table["population_n"]
        status[people.isna().to_numpy()] = "unknown"
        status[(people == 0).fillna(value=False).to_numpy(dtype=bool)] = "no_population"
    status[water_rows(table.index, level)] = "water"
    return pd.Series(status, table.index, dtype=object, name="area_status")
