"""Gazetteer: an inner point and the area of every tract, county, place and ZIP area."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from equity.areas.points import refuse_other_state, refuse_turned
from equity.errors import InputError
from equity.files.delimited import first_line, read_text_table
from equity.files.opening import read_bytes
from equity.net.desk import Desk
from equity.net.store import Stored
from equity.provenance import stamp
from equity.sources.area_rows import index_by_area, require_columns, to_numbers
from equity.sources.census.files import census_file, restamp, source_of
from equity.sources.vintages import check_edition, vintage_of

__all__ = ["fetch_gazetteer", "get_gazetteer", "read_gazetteer"]


def get_gazetteer(
    level: str, *, year: int, state: str | None = None, via: Desk | None = None
) -> pd.DataFrame:
    """Download (once) and read the gazetteer: an inner point and the area of each place.

    Parameters
    ----------
    level
        ``"tract"``, ``"county"``, ``"place"`` or ``"zcta"``.
    year
        Year of the gazetteer.
    state
        State to keep.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        As :func:`read_gazetteer`.

    Raises
    ------
    InputError
        If there is no such file for the level.
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    stored = fetch_gazetteer(level, year=year, via=via)
    return restamp(read_gazetteer(stored.path, year=year, level=level, state=state), stored)


_TABS, _BARS = range(2010, 2025), range(2025, 2100)
_GAZETTEER = {"tract": "tracts", "county": "counties", "place": "place", "zcta": "zcta"}


def fetch_gazetteer(level: str, *, year: int, via: Desk | None = None) -> Stored:
    """Download (once) a national gazetteer file."""
    if level not in _GAZETTEER:
        raise InputError(f"no gazetteer for {level!r}", fix=f"use {', '.join(_GAZETTEER)}")
    kind = _GAZETTEER[level]
    # The first edition lies beside the folders of the later years.
    late = year > 2010
    name = f"{year}_Gaz_{kind}_national.zip" if late else f"Gaz_{kind}_national.zip"
    folder = f"{year}_Gazetteer/" if late else ""
    path = f"/geo/docs/maps-data/data/gazetteer/{folder}{name}"
    return census_file(f"gazetteer/{year}/{name}", path, "zip", via)


def read_gazetteer(
    path: str | Path, *, year: int, level: str, state: str | None = None
) -> pd.DataFrame:
    """Read a gazetteer file of any year (tabs until 2024, bars from 2025 on).

    Parameters
    ----------
    path
        The ZIP or the text file in it.
    year
        Year of the gazetteer.
    level
        Level of its areas.
    state
        State to keep; not for ZIP areas, which lie across states.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid``; ``lon``, ``lat`` (degrees, NAD83), ``land_km2``, ``water_km2``.

    Raises
    ------
    InputError
        If there is no gazetteer of the level.
    MissingFileError, FormatError, MissingColumnError, GeoidError
        If the file is absent, damaged or another one.
    VintageError
        If the file is of another year.
    """
    data = read_bytes(path, suffix=".txt")
    bar = "|" in first_line(data)
    frame = read_text_table(path, delimiter="|" if bar else "\t", data=data)
    require_columns(frame, ["GEOID"], path)
    told = {"a file with bars" if bar else "a file with tabs": _BARS if bar else _TABS}
    if "POP10" in frame.columns:
        told["a column POP10"] = range(2010, 2011)
    check_edition(path, year, name=r"(20\d\d)_gaz", layout=told)
    columns = {"INTPTLONG": "lon", "INTPTLAT": "lat", "ALAND": "land_km2", "AWATER": "water_km2"}
    require_columns(frame, ["GEOID"], path)
    table = to_numbers(frame, columns, path)
    table[["land_km2", "water_km2"]] /= 1e6
    # The file of ZIP areas alone names no states: its ids are none of counties.
    ids = frame["GEOID"] if "USPS" in frame.columns else frame["GEOID"].rename("ZCTA")
    table, notes = index_by_area(table, ids, path, level=level, state=state, multi_state=True)
    refuse_turned(table["lon"], table["lat"], table.index, path, noun="areas")
    refuse_other_state(table["lon"], table["lat"], table.index, path, level=level, noun="areas")
    source = source_of(path, f"gazetteer-{level}-{year}", f"Gazetteer, {level}", year)
    return stamp(
        table,
        level=level,
        geo_vintage=vintage_of(table.index, year=year, file=path),
        sources=[source],
        notes=notes,
    )
