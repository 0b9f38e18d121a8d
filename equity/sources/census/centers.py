"""Centers of population: where the people of an area are on average, from the census."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equity.areas.points import refuse_other_state, refuse_turned
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.provenance import stamp
from equity.sources.area_ids import joined_ids
from equity.sources.area_rows import index_by_area, require_columns, to_numbers
from equity.sources.census.files import source_of
from equity.sources.vintages import check_edition, ids_of_edition

__all__ = ["read_centers"]

_PARTS = {
    "county": ("STATEFP", "COUNTYFP"),
    "tract": ("STATEFP", "COUNTYFP", "TRACTCE"),
    "block_group": ("STATEFP", "COUNTYFP", "TRACTCE", "BLKGRPCE"),
}


def read_centers(
    path: str | Path, *, year: int, level: str = "tract", state: str | None = None
) -> pd.DataFrame:
    """Read a file of the Census Bureau's centers of population.

    Parameters
    ----------
    path
        For example ``CenPop2020_Mean_TR.txt`` (tracts), ``_BG`` (block groups), ``_CO``.
    year
        Census: 2010 or 2020.
    level
        ``"county"``, ``"tract"`` or ``"block_group"``.
    state
        State to keep.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``lon``, ``lat`` (degrees, NAD83) and ``population_n`` of that census.
        Areas where nobody lived have no center and are left out.

    Raises
    ------
    InputError
        If the level has no such file, or a center lies outside the globe.
    VintageError
        If the year has none, or the file is of the other one.
    MissingFileError, FormatError, MissingColumnError, GeoidError
        If the file is absent, damaged or another one.
    """
    check_edition(path, year, editions=(2010, 2020), name=r"cenpop(20\d\d)")
    if level not in _PARTS:
        raise InputError(
            f"no centers of population of a {level}", file=path, fix=f"use {', '.join(_PARTS)}"
        )
    frame = read_text_table(path)
    parts = _PARTS[level]
    require_columns(frame, [*parts, "POPULATION", "LATITUDE", "LONGITUDE"], path)
    if level != "block_group" and "BLKGRPCE" in frame:
        raise InputError("the file has block groups", file=path, fix='use level = "block_group"')
    columns = {"LONGITUDE": "lon", "LATITUDE": "lat", "POPULATION": "population_n"}
    table = to_numbers(frame, columns, path)
    ids = joined_ids(frame, path, parts)
    table, notes = index_by_area(table, ids, path, level=level, state=state, multi_state=True)
    refuse_turned(table["lon"], table["lat"], table.index, path, noun="centers")
    outside = ~(table["lon"].between(-180, 180) & table["lat"].between(-90, 90))
    if outside.any():
        raise InputError("a center lies outside the globe", file=path, rows=table.index[outside])
    refuse_other_state(table["lon"], table["lat"], table.index, path, level=level, noun="centers")
    ids_of_edition(table.index, path, level=level, year=year, geo_vintage=str(year))
    source = source_of(path, f"centers-{level}-{year}", f"Centers of population, {level}", year)
    centers: pd.DataFrame = table
    return stamp(centers, level=level, geo_vintage=str(year), sources=[source], notes=notes)
