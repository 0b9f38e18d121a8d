"""A user's own travel times: one row a pair, direction and unit named, nothing guessed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas.words import KM_PER_MI
from equity.errors import FormatError, InputError, MissingColumnError, MissingFileError
from equity.files.delimited import BLANK
from equity.files.large import read_columns
from equity.measures.reach._speeds import MEASURED_MINUTES
from equity.measures.reach._sphere_pairs import Ints
from equity.measures.reach.costs import Held, TravelCosts, at_most
from equity.measures.reach.places import Floats

# The unit costs are kept in, and what to multiply with and divide by: 1,400 / 1000 is 1.4, while
# 1,400 x 0.001 is a little more.
_UNITS = {
    "min": ("min", 1.0, 1.0),
    "minutes": ("min", 1.0, 1.0),
    "s": ("min", 1.0, 60.0),
    "seconds": ("min", 1.0, 60.0),
    "h": ("min", 60.0, 1.0),
    "hours": ("min", 60.0, 1.0),
    "km": ("km", 1.0, 1.0),
    "m": ("km", 1.0, 1000.0),
    "mi": ("km", KM_PER_MI, 1.0),
    "miles": ("km", KM_PER_MI, 1.0),
    "weight": ("weight", 1.0, 1.0),
}
_UNLISTED = ("not_covered", "unreachable")


def read_travel_table(
    table: pd.DataFrame | str | Path,
    origins: pd.Index,
    sites: pd.Index,
    *,
    columns: tuple[str | None, str | None, str | None],
    unit: str | None,
    limits: Mapping[str, float | None],
    unlisted: str,
) -> TravelCosts:
    """Return the pairs of a table as travel costs; see :func:`equity.travel_costs`."""
    names = _named(columns)
    target, times, over = _unit(unit)
    if unlisted not in _UNLISTED:
        raise InputError(f"unlisted is {unlisted!r}", fix=f"use one of {', '.join(_UNLISTED)}")
    other = [name for name, limit in limits.items() if name != target and limit is not None]
    if other:
        raise InputError(
            f"the table is in {target}, the limit in {other[0]}",
            fix="give max_minutes for a table of times, radius_km for one of distances",
        )
    file = None if isinstance(table, pd.DataFrame) else str(table)
    rows = _load(table, names, file=file)
    if len(rows) == 0:
        raise InputError("the travel table has no rows", file=file, code="E-EMPTY")
    row, column = _positions(rows, names, origins, sites, file=file)
    cost = _numbers(rows[names[2]], file=file) * times / over
    limit = limits.get(target)

    listed = np.zeros(len(origins), dtype=bool)
    listed[row[row >= 0]] = True
    use = (row >= 0) & (column >= 0) & np.isfinite(cost)
    if limit is not None:
        use &= cost <= at_most(limit)
    row, column, cost = row[use], column[use], cost[use]
    order = np.lexsort((column, row))
    row, column, cost = row[order], column[order], cost[order]
    _refuse_repeats(row, column, origins, sites, file=file)
    indptr = np.zeros(len(origins) + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=len(origins)), out=indptr[1:])
    return TravelCosts(
        origins,
        sites,
        target,
        limit,
        Held(indptr, column.astype(np.int32), cost),
        listed | (unlisted == "unreachable"),
        estimate=MEASURED_MINUTES if target == "min" else None,
        note=f"Travel cost: {'a table given by the user' if file is None else Path(file).name}",
    )


def _named(columns: tuple[str | None, str | None, str | None]) -> tuple[str, str, str]:
    origin, destination, cost = columns
    if origin is None or destination is None or cost is None:
        raise InputError(
            "a travel table needs its direction and its cost named",
            fix="travel_costs(..., table=..., origin='where people are', destination='site', "
            "cost='minutes', unit='min')",
        )
    if len({origin, destination, cost}) < 3:
        raise InputError("origin, destination and cost must be three different columns")
    return origin, destination, cost


def _unit(unit: str | None) -> tuple[str, float, float]:
    if unit not in _UNITS:
        raise InputError(
            "the travel table's unit is not stated" if unit is None else f"unknown unit {unit!r}",
            fix=f"unit= one of {', '.join(_UNITS)}",
            code="E-UNIT",
        )
    return _UNITS[unit]


def _load(
    table: pd.DataFrame | str | Path, names: tuple[str, str, str], *, file: str | None
) -> pd.DataFrame:
    if isinstance(table, pd.DataFrame):
        _need(names, list(table.columns), file=None)
        if not table.columns.is_unique:
            raise InputError("the travel table has two columns of one name")
        return table
    path = Path(table)
    if not path.is_file():
        raise MissingFileError("the travel table is not there", file=file)
    if path.suffix.lower() in {".parquet", ".pq"}:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            _need(names, pq.read_schema(path).names, file=file)
            rows: pd.DataFrame = pq.read_table(path, columns=list(names)).to_pandas()
        except pa.ArrowInvalid as error:
            raise FormatError("this is not a Parquet file", file=file) from error
        return rows

    def pick(present: list[str]) -> list[str]:
        _need(names, present, file=file)
        return list(names)

    # Ids are text: a leading zero is part of them.
    rows = read_columns(path, pick)
    return rows.mask(rows.apply(lambda cells: cells.str.strip().isin(BLANK)))


def _need(names: tuple[str, ...], present: list[str], *, file: str | None) -> None:
    missing = [name for name in names if name not in present]
    if missing:
        raise MissingColumnError(
            f"the travel table has no column {', '.join(missing)}",
            file=file,
            fix=f"its columns are {', '.join(map(str, present[:12]))}",
        )


def _positions(
    rows: pd.DataFrame,
    names: tuple[str, str, str],
    origins: pd.Index,
    sites: pd.Index,
    *,
    file: str | None,
) -> tuple[Ints, Ints]:
    start, end = rows[names[0]], rows[names[1]]
    row, column = _find(start, origins), _find(end, sites)
    if len(rows) and not ((row >= 0) & (column >= 0)).any():
        backwards = (_find(end, origins) >= 0).any() and (_find(start, sites) >= 0).any()
        raise InputError(
            "the travel table is the wrong way round: its origins are sites, its destinations areas"
            if backwards
            else "no row of the travel table joins an area to a site",
            file=file,
            rows=[f"{a} -> {b}" for a, b in zip(start[:3], end[:3], strict=True)],
            count=len(rows),
            fix="swap the names given as origin and destination"
            if backwards
            else "check that its ids are those of areas and sites (text, with leading zeros)",
            code="E-DIRECTION" if backwards else "E-IDS",
        )
    return row, column


def _find(ids: pd.Series, index: pd.Index) -> Ints:
    """Return positions in ``index``, -1 where absent; each distinct id is looked up once."""
    codes, distinct = pd.factorize(ids)
    if len(distinct) == 0:
        return np.full(len(ids), -1)
    found = index.get_indexer(pd.Index(distinct))
    return np.where(codes >= 0, found[codes], -1)


def _numbers(values: pd.Series, *, file: str | None) -> Floats:
    if pd.api.types.is_timedelta64_dtype(values) or pd.api.types.is_bool_dtype(values):
        raise InputError(
            f"costs of type {values.dtype} are not numbers",
            file=file,
            fix="turn durations into minutes: column.dt.total_seconds() / 60",
        )
    cost = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    text = np.isnan(cost) & values.notna().to_numpy()
    if text.any():
        raise InputError(
            "costs that are not numbers",
            file=file,
            rows=values[text].head(5).tolist(),
            count=int(text.sum()),
            fix="leave the cost of a pair that cannot be traveled empty",
        )
    if (cost < 0).any():
        raise InputError(
            "negative costs",
            file=file,
            rows=cost[cost < 0][:5].tolist(),
            count=int((cost < 0).sum()),
        )
    return cost


def _refuse_repeats(
    row: Ints, column: Ints, origins: pd.Index, sites: pd.Index, *, file: str | None
) -> None:
    again = np.flatnonzero((np.diff(row) == 0) & (np.diff(column) == 0))
    if len(again):
        raise InputError(
            "pairs listed more than once",
            file=file,
            rows=[f"{origins[row[k]]} -> {sites[column[k]]}" for k in again[:5]],
            count=len(again),
            fix="keep one cost a pair (the mean of several departures, say)",
            code="E-DUPLICATE",
        )
