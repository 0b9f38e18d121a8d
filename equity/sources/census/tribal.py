"""Tribal lands, from the Census Bureau's boundary files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd

from equity.files.shapes import read_polygons
from equity.net.desk import Desk
from equity.net.store import Stored
from equity.provenance import stamp
from equity.sources.area_rows import require_columns
from equity.sources.census.files import census_file, source_of
from equity.sources.vintages import BOUNDARIES, check_edition

__all__ = ["fetch_tribal_areas", "get_tribal_areas", "read_tribal_areas"]


def get_tribal_areas(*, year: int, via: Desk | None = None) -> gpd.GeoDataFrame:
    """Download (once) and read American Indian, Alaska Native and Native Hawaiian areas.

    Parameters
    ----------
    year
        Year of the cartographic file.
    via
        Transport and cache; the session's own by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row for each area: ``tribal_id``, ``name``, ``short_name`` (without *Reservation* and
        the like), ``kind`` (``reservation`` or ``trust_land`` where the file says so),
        ``geometry`` in EPSG:4269.

    Raises
    ------
    NetworkError, OfflineError, FormatError, StorageError
        If it is neither at hand nor to be had, or is not what its publisher's format says.
    """
    return read_tribal_areas(fetch_tribal_areas(year=year, via=via).path, year=year)


def fetch_tribal_areas(*, year: int, via: Desk | None = None) -> Stored:
    """Download (once) the national file of tribal areas."""
    name = f"cb_{year}_us_aiannh_500k.zip"
    return census_file(f"tiger/{year}/{name}", f"/geo/tiger/GENZ{year}/shp/{name}", "zip", via)


def read_tribal_areas(path: str | Path, *, year: int) -> gpd.GeoDataFrame:
    """Read a file of tribal areas (cartographic or TIGER/Line).

    Parameters
    ----------
    path
        The zip or shapefile.
    year
        Year of the boundaries.

    Returns
    -------
    GeoDataFrame
        As :func:`get_tribal_areas`.

    Raises
    ------
    MissingFileError, FormatError, MissingColumnError
        If the file is absent, damaged, holds no polygon, or has no ``GEOID``.
    VintageError
        If its name says another year.
    """
    check_edition(path, year, name=BOUNDARIES)
    frame = read_polygons(path)
    require_columns(frame, ["GEOID"], path)
    named = [column for column in ("NAMELSAD", "NAME") if column in frame.columns] or ["GEOID"]
    kinds: Mapping[str, str] = {"R": "reservation", "T": "trust_land"}
    table = gpd.GeoDataFrame(
        {
            "tribal_id": frame["GEOID"].astype(str),
            "name": frame[named[0]].astype(str).str.strip(),
            "short_name": frame[named[-1]].astype(str).str.strip(),
            "kind": frame["COMPTYP"].map(kinds) if "COMPTYP" in frame.columns else None,
        },
        geometry=frame.geometry,
        crs=frame.crs,
    ).to_crs("EPSG:4269")
    source = source_of(path, f"tribal-areas-{year}", "Tribal areas", year)
    return stamp(table, sources=[source])
