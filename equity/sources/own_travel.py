"""A user's own travel times: one row a pair of area and site, as minutes to the nearest site."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from equity.areas.vintage import check_vintage
from equity.errors import InputError
from equity.files.delimited import BLANK
from equity.files.large import read_columns
from equity.provenance import file_source, stamp
from equity.sources.area_rows import floats, index_by_area, require_columns, row_labels
from equity.sources.plausible import refuse_other_time

__all__ = ["read_travel_times"]

_PER_MINUTE = {"min": 1.0, "s": 60.0, "h": 1.0 / 60.0}


def read_travel_times(
    path: str | Path,
    *,
    level: str,
    geo_vintage: str,
    origin: str,
    destination: str,
    cost: str,
    unit: str,
    agency: str,
    product: str,
    vintage: str,
    state: str | None = None,
    multi_state: bool = False,
    url: str = "",
    confirmed: bool = False,
    synthetic: bool = False,
) -> pd.DataFrame:
    r"""Read a table of travel times and keep the shortest of each area.

    :func:`equity.travel_costs` keeps every pair of such a table, for a catchment.

    Parameters
    ----------
    path
        CSV, possibly packed, one row a pair.
    level, geo_vintage
        Of the areas that people start from.
    origin, destination, cost
        Columns: the area people start from, the site they go to, and the time one way. An empty
        cost says that the pair cannot be traveled.
    unit
        Unit of `cost`: ``min``, ``s`` or ``h``.
    agency, product, vintage, url
        Who published what, for when: printed as the source.
    state, multi_state
        State to keep; set ``multi_state`` if the file covers several.
    confirmed
        True if the unit is right although the times, or the name of `cost`, look like another's.
    synthetic
        Mark the source as generated data.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``: ``travel_min``, minutes to the nearest site of the table;
        ``travel_site_id`` (the first by name of equally near ones); ``travel_min_status``:
        ``ok``, or ``no_supply_in_reach`` where every pair of the area is empty.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError, GeoidError, InputError
        If the file is absent or damaged, lacks a column or an id, lists a pair twice, or holds a
        cost that is no time, or times in what looks like another unit.
    VintageError
        If the ids are not those of `geo_vintage`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "times.csv")
    ...     _ = path.write_text("tract,clinic,s\n51001090101,a,900\n51001090101,b,600\n")
    ...     times = read_travel_times(
    ...         path, level="tract", geo_vintage="2020", origin="tract", destination="clinic",
    ...         cost="s", unit="s", agency="County", product="Drive times", vintage="2025",
    ...     )
    >>> times[["travel_min", "travel_site_id"]].values.tolist()
    [[10.0, 'b']]
    """
    names = [origin, destination, cost]
    if unit not in _PER_MINUTE:
        raise InputError(f"no unit {unit!r} of time", fix=f"use one of {', '.join(_PER_MINUTE)}")
    if len(set(names)) < len(names):
        raise InputError("origin, destination and cost must be three different columns")

    def pick(present: list[str]) -> list[str]:
        require_columns(pd.DataFrame(columns=present), names, path)
        return names

    rows = read_columns(path, pick).apply(lambda cells: cells.str.strip())
    costs = floats(rows[cost], rows[cost].isin(BLANK), path, fix=lambda _odd: None)
    _refuse(costs < 0, rows, path, "a time is negative", None)
    minutes = costs / _PER_MINUTE[unit]
    if not confirmed:
        refuse_other_time(costs, minutes, unit, path)
    again = rows.duplicated([origin, destination])
    _refuse(again, rows, path, "a pair is listed twice", "keep one time a pair")
    table = pd.DataFrame(
        {
            "travel_min": minutes,
            "travel_site_id": rows[destination].where(minutes.notna(), None),
            "origin": rows[origin],
        }
    ).sort_values(["travel_min", "travel_site_id"])
    table = table.drop_duplicates("origin").sort_index()
    status = np.where(table["travel_min"].isna(), "no_supply_in_reach", "ok")
    found, notes = index_by_area(
        table.drop(columns="origin").assign(travel_min_status=status),
        table["origin"],
        path,
        level=level,
        state=state,
        multi_state=multi_state,
    )
    check_vintage(found.index, level=level, geo_vintage=geo_vintage, file=path)
    source = file_source(
        path,
        id=f"travel-{Path(path).name.split('.')[0]}",
        agency=agency,
        product=product,
        vintage=vintage,
        url=url,
        synthetic=synthetic,
    )
    return stamp(found, level=level, geo_vintage=geo_vintage, sources=[source], notes=notes)


def _refuse(
    bad: pd.Series, rows: pd.DataFrame, path: str | Path, what: str, fix: str | None
) -> None:
    if bad.any():
        raise InputError(what, file=path, rows=row_labels(rows.index, bad), fix=fix)
