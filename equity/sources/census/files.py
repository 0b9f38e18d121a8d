"""Files of the Census Bureau that need no key: boundaries, blocks, gazetteer, relationships."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd

from equity.areas.geoid import find_state, normalize
from equity.areas.points import refuse_other_state, refuse_turned
from equity.areas.table import Table
from equity.errors import InputError
from equity.files.delimited import read_text_table
from equity.files.shapes import read_attributes
from equity.net.desk import Desk, desk
from equity.net.publishers import publisher
from equity.net.request import Request
from equity.net.store import Stored
from equity.provenance import Source, file_source, meta, stamp
from equity.sources.area_rows import index_by_area, require_columns, to_numbers
from equity.sources.census.boundaries import read_boundaries

__all__ = [
    "fetch_blocks",
    "fetch_boundaries",
    "fetch_tract_relationship",
    "get_blocks",
    "get_boundaries",
    "get_tract_relationship",
    "read_blocks",
    "read_tract_relationship",
]

_CARTOGRAPHIC = {"tract": "tract", "block_group": "bg", "county": "county", "place": "place"}
_TIGER = {"tract": ("TRACT", "tract"), "block_group": ("BG", "bg"), "county": ("COUNTY", "county")}
_NATIONAL = {"county"}


def get_boundaries(
    state: str,
    *,
    year: int,
    level: str = "tract",
    detail: str = "cartographic",
    via: Desk | None = None,
) -> gpd.GeoDataFrame:
    """Download (once) and read area boundaries.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    year
        Year of the boundary file. It decides the vintage: in Connecticut, planning regions from
        2022 on.
    level
        ``"tract"``, ``"block_group"``, ``"county"`` or (cartographic only) ``"place"``.
    detail
        ``"cartographic"`` (1:500,000, cut at the shore, without water tracts) or ``"tiger"``.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    geopandas.GeoDataFrame
        As :func:`equity.read_boundaries`.

    Raises
    ------
    InputError
        If there is no such file for the level.
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    where = find_state(state)
    stored = fetch_boundaries(where.fips, year=year, level=level, detail=detail, via=via)
    table = read_boundaries(
        stored.path, year=year, level=level, state=where.fips, multi_state=level in _NATIONAL
    )
    return restamp(table, stored)


def fetch_boundaries(
    state: str,
    *,
    year: int,
    level: str = "tract",
    detail: str = "cartographic",
    via: Desk | None = None,
) -> Stored:
    """Download (once) the boundary file; same arguments as :func:`get_boundaries`."""
    where = "us" if level in _NATIONAL else find_state(state).fips
    if detail == "cartographic" and level in _CARTOGRAPHIC:
        name = f"cb_{year}_{where}_{_CARTOGRAPHIC[level]}_500k.zip"
        path = f"/geo/tiger/GENZ{year}/shp/{name}"
    elif detail == "tiger" and level in _TIGER:
        folder, short = _TIGER[level]
        name = f"tl_{year}_{where}_{short}.zip"
        path = f"/geo/tiger/TIGER{year}/{folder}/{name}"
    else:
        raise InputError(
            f"no boundary file for level={level!r}, detail={detail!r}",
            fix=f"use one of {', '.join(_CARTOGRAPHIC)} with detail='cartographic'",
        )
    return census_file(f"tiger/{year}/{name}", path, "zip", via)


def census_file(name: str, path: str, expect: str, via: Desk | None) -> Stored:
    request = Request(publisher("census-files"), path, expect=expect)
    return (via or desk()).get(f"census-files/{name}", request)


def restamp(table: Table, stored: Stored) -> Table:
    """Add the publisher's address, revision and checksum to what the reader knows."""
    known = meta(table)
    taken = [s.sha256 for s in known.sources if s.sha256]
    fresh = stored.source(sha256=taken[0] if taken else "")
    return stamp(
        table,
        level=known.level,
        geo_vintage=known.geo_vintage,
        sources=[
            replace(
                s,
                url=fresh.url or s.url,
                revision=fresh.revision,
                sha256=s.sha256 or fresh.sha256,
                note="; ".join(filter(None, (s.note, fresh.note))),
            )
            for s in known.sources
        ],
        notes=known.notes,
    )


# 2020 blocks


def get_blocks(state: str, *, year: int, via: Desk | None = None) -> pd.DataFrame:
    """Download (once) and read 2020 census blocks with their population and housing units.

    Parameters
    ----------
    state
        State (FIPS, postal code or name).
    year
        Year of the TIGER/Line file, 2020 or later. The blocks are those of 2020 in any case.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        As :func:`read_blocks`.

    Raises
    ------
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    where = find_state(state)
    stored = fetch_blocks(where.fips, year=year, via=via)
    return restamp(read_blocks(stored.path, year=year, state=where.fips), stored)


def fetch_blocks(state: str, *, year: int, via: Desk | None = None) -> Stored:
    """Download (once) the block file of a state."""
    name = f"tl_{year}_{find_state(state).fips}_tabblock20.zip"
    return census_file(
        f"tiger/{year}/{name}", f"/geo/tiger/TIGER{year}/TABBLOCK20/{name}", "zip", via
    )


def read_blocks(path: str | Path, *, year: int, state: str | None = None) -> pd.DataFrame:
    """Read the table (not the polygons) of a TIGER/Line block file.

    Parameters
    ----------
    path
        ``tl_YYYY_SS_tabblock20.zip``.
    year
        Year of the file.
    state
        State every block must lie in.

    Returns
    -------
    pandas.DataFrame
        Index ``geoid`` (15 digits); ``population_n`` (2020 census, with the noise of its disclosure
        avoidance), ``housing_n`` (housing units, exact), ``lon``, ``lat`` (degrees, NAD83),
        ``land_km2``, ``is_urban`` (missing where the file does not say).

    Raises
    ------
    FormatError, MissingColumnError
        If it is another file.
    GeoidError
        If a block lies in another state, or an id is none.
    """
    fields = ["GEOID20", "POP20", "HOUSING20", "INTPTLON20", "INTPTLAT20"]
    frame = read_attributes(path)
    require_columns(frame, fields, path)
    table = pd.DataFrame(
        {
            "population_n": frame["POP20"].astype(float),
            "housing_n": frame["HOUSING20"].astype(float),
            "lon": frame["INTPTLON20"].astype(float),
            "lat": frame["INTPTLAT20"].astype(float),
        }
    )
    if "ALAND20" in frame.columns:
        table["land_km2"] = frame["ALAND20"].astype(float) / 1e6
    if "UR20" in frame.columns:
        table["is_urban"] = frame["UR20"].map({"U": True, "R": False}).astype("boolean")
    table, notes = index_by_area(
        table,
        frame["GEOID20"],
        path,
        level="block",
        state=state,
        multi_state=False,
    )
    refuse_turned(table["lon"], table["lat"], table.index, path, noun="blocks")
    refuse_other_state(table["lon"], table["lat"], table.index, path, level="block", noun="blocks")
    source = source_of(path, f"blocks-2020-tiger{year}", "2020 census blocks (TIGER/Line)", year)
    return stamp(table, level="block", geo_vintage="2020", sources=[source], notes=notes)


# Relationship files


def get_tract_relationship(state: str | None = None, *, via: Desk | None = None) -> pd.DataFrame:
    """Download (once) and read how 2010 and 2020 tracts overlap, by area.

    Parameters
    ----------
    state
        State to take; the nation without it.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    pandas.DataFrame
        As :func:`read_tract_relationship`.

    Raises
    ------
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    stored = fetch_tract_relationship(state, via=via)
    return restamp(read_tract_relationship(stored.path), stored)


def fetch_tract_relationship(state: str | None = None, *, via: Desk | None = None) -> Stored:
    """Download (once) the 2020-2010 tract relationship file."""
    tail = "natl" if state is None else f"st{find_state(state).fips}"
    name = f"tab20_tract20_tract10_{tail}.txt"
    return census_file(
        f"rel2020/{name}", f"/geo/docs/maps-data/data/rel2020/tract/{name}", "text", via
    )


def read_tract_relationship(path: str | Path) -> pd.DataFrame:
    """Read a 2020-2010 tract relationship file.

    Parameters
    ----------
    path
        ``tab20_tract20_tract10_*.txt``.

    Returns
    -------
    pandas.DataFrame
        One row for each pair that touches: ``geoid_2020``, ``geoid_2010``, ``land_km2`` and
        ``water_km2`` of the common part. Areas only: people need block weights.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged or another one.
    """
    frame = read_text_table(path, delimiter="|")
    columns = {"AREALAND_PART": "land_km2", "AREAWATER_PART": "water_km2"}
    require_columns(frame, ["GEOID_TRACT_20", "GEOID_TRACT_10", *columns], path)
    both = (frame["GEOID_TRACT_20"] != "") & (frame["GEOID_TRACT_10"] != "")
    frame = frame[both]
    table = (to_numbers(frame, columns, path) / 1e6).reset_index(drop=True)
    for name, column in (("geoid_2010", "GEOID_TRACT_10"), ("geoid_2020", "GEOID_TRACT_20")):
        table.insert(0, name, normalize(frame[column], level="tract", file=path).to_numpy())
    source = source_of(path, "tract-relationship-2020-2010", "Tract relationship 2020-2010", 2020)
    return stamp(table, level="tract", geo_vintage="2020", sources=[source])


def source_of(path: str | Path, source_id: str, product: str, year: int) -> Source:
    return file_source(
        path,
        id=source_id,
        agency="U.S. Census Bureau",
        product=product,
        vintage=str(year),
        licence="public domain",
    )
