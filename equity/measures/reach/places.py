"""Points on the sphere: where people and sites are, checked before anything is measured.

Distances are never taken in degrees and never in Web Mercator. A polygon's center is its
centroid in an equal-area projection; a distance is the great circle between two points.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from equity.errors import InputError, MissingColumnError

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG). A sphere is within 0.6 % of the ellipsoid everywhere."""

_EQUAL_AREA = "EPSG:5070"  # centroids only; equal-area beyond the conterminous states too
_US_LON = ((-180.0, -64.0), (144.0, 180.0))
_US_LAT = (-15.0, 72.0)

Floats = NDArray[np.float64]
Table = pd.DataFrame | gpd.GeoDataFrame
"""A table by id, with geometry or without."""


@dataclass(frozen=True)
class Places:
    """Ids with a longitude and a latitude in degrees; NaN where a place has no location."""

    ids: pd.Index
    lon: Floats
    lat: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which places have a location."""
        return np.isfinite(self.lon) & np.isfinite(self.lat)


def unit_vectors(lon: Floats, lat: Floats) -> Floats:
    """Return points in degrees as vectors of length one, shape (n, 3)."""
    x, y = np.radians(lon), np.radians(lat)
    flat = np.cos(y)
    return np.column_stack([flat * np.cos(x), flat * np.sin(x), np.sin(y)])


def chord_to_km(chord: Floats) -> Floats:
    """Return the great-circle length in km of chords of the unit sphere."""
    half = np.clip(0.5 * chord, 0.0, 1.0)
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(half)


def great_circle_km(here: Places, there: Places) -> Floats:
    """Return the great-circle km between places of two lists, row by row."""
    ends = (unit_vectors(places.lon, places.lat) for places in (here, there))
    return chord_to_km(np.linalg.norm(np.subtract(*ends), axis=1))


def locate(table: Table, *, role: str, centers: Table | None = None) -> Places:
    """Return where the rows of a table are.

    Parameters
    ----------
    table
        GeoDataFrame of points or polygons in any coordinate system, or a DataFrame with ``lon``
        and ``lat`` in degrees.
    role
        ``"areas"`` or ``"sites"``: how errors name the table.
    centers
        Points to use in place of a polygon's own center (GeoDataFrame of points, or ``lon`` and
        ``lat``), by the table's index. An area that is not listed keeps its polygon's center.

    Raises
    ------
    InputError
        For a repeated id, a coordinate system that is not stated, coordinates out of range,
        swapped or at (0, 0).
    MissingColumnError
        If the table has neither geometry nor ``lon`` and ``lat``.
    """
    ids = checked_ids(table, role=role)
    lon, lat = _coordinates(table, role=role)
    if centers is not None:
        better = locate(centers, role="centers")
        position = better.ids.get_indexer(ids)
        use = (position >= 0) & better.known[position]
        lon = np.where(use, better.lon[position], lon)
        lat = np.where(use, better.lat[position], lat)
    places = Places(ids, lon, lat)
    _check(places, role=role)
    return places


def checked_ids(table: Table, *, role: str) -> pd.Index:
    """Return a table's index; a repeated or missing id is an error."""
    if not isinstance(table, pd.DataFrame | pd.Series) or isinstance(table.index, pd.MultiIndex):
        raise InputError(
            f"{role} must be a table with one id a row as its index, not {type(table).__name__}",
            fix="for example sites.set_index('site_id')",
        )
    ids = table.index
    if ids.hasnans:
        raise InputError(f"{role} have rows without an id", fix="give every row an id")
    if not ids.is_unique:
        repeated = ids[ids.duplicated()].unique()
        raise InputError(
            f"{role} list an id more than once",
            rows=repeated[:5].tolist(),
            count=len(repeated),
            fix="keep one row per id",
            code="E-DUPLICATE",
        )
    return ids


def _coordinates(table: Table, *, role: str) -> tuple[Floats, Floats]:
    if isinstance(table, gpd.GeoDataFrame):
        return _from_geometry(table, role=role)
    missing = [name for name in ("lon", "lat") if name not in table.columns]
    if missing:
        raise MissingColumnError(
            f"{role} have no geometry and no column {' or '.join(missing)}",
            fix="pass a GeoDataFrame, or longitude and latitude in degrees as lon and lat",
        )
    try:
        lon = table["lon"].to_numpy(dtype=np.float64, na_value=np.nan)
        lat = table["lat"].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{role} have longitudes or latitudes that are not numbers",
            fix="give lon and lat as decimal degrees",
        ) from error
    return lon, lat


def _from_geometry(table: gpd.GeoDataFrame, *, role: str) -> tuple[Floats, Floats]:
    if table.active_geometry_name is None:
        raise InputError(f"{role} have no geometry", fix="name it with set_geometry")
    if table.crs is None:
        raise InputError(
            f"{role} do not say in which coordinate system they are",
            fix="set it, for example table.set_crs('EPSG:4269')",
            code="E-CRS",
        )
    present = ~(table.geometry.isna() | table.geometry.is_empty)
    lon = np.full(len(table), np.nan)
    lat = np.full(len(table), np.nan)
    shapes = table[present].geometry
    if not (shapes.geom_type == "Point").all():
        # A centroid in degrees leans toward the poles; an equal-area plane has none of that.
        # Polygons that arrive projected (Web Mercator too) are taken back first.
        shapes = _centers(shapes.to_crs(_EQUAL_AREA)).to_crs("EPSG:4269")
    elif not table.crs.is_geographic:
        shapes = shapes.to_crs("EPSG:4269")
    lon[present.to_numpy()] = shapes.x.to_numpy()
    lat[present.to_numpy()] = shapes.y.to_numpy()
    return lon, lat


def _centers(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return centroids; a broken polygon is mended first, a flat one gives a point on itself."""
    broken = ~shapes.is_valid
    if broken.any():
        shapes = shapes.where(~broken, shapes.make_valid())
    centers = shapes.centroid
    lost = ~(np.isfinite(centers.x) & np.isfinite(centers.y))
    return centers.where(~lost, shapes.representative_point()) if lost.any() else centers


def _in_us(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    across = ((lon >= _US_LON[0][0]) & (lon <= _US_LON[0][1])) | (
        (lon >= _US_LON[1][0]) & (lon <= _US_LON[1][1])
    )
    return across & (lat >= _US_LAT[0]) & (lat <= _US_LAT[1])


def _check(places: Places, *, role: str) -> None:
    lon, lat = places.lon, places.lat
    if np.isinf(lon).any() or np.isinf(lat).any():
        _refuse(
            places,
            np.isinf(lon) | np.isinf(lat),
            f"{role} have an infinite coordinate",
            "E-COORDINATES",
        )
    swapped = places.known & ~_in_us(lon, lat) & _in_us(lat, lon)
    _refuse(
        places,
        swapped,
        f"{role} seem to have longitude and latitude swapped",
        "E-SWAPPED",
        fix="longitude first: for the United States lon is negative and lat positive",
    )
    outside = places.known & ((np.abs(lat) > 90.0) | (lon < -180.0) | (lon > 180.0))
    _refuse(
        places, outside, f"{role} have coordinates outside the range of degrees", "E-COORDINATES"
    )
    # Degrees that are said to be meters end up within a few meters of the same point.
    zero = places.known & (np.abs(lon) < 0.01) & (np.abs(lat) < 0.01)
    _refuse(
        places,
        zero,
        f"{role} lie at (0, 0), where failed geocoding and wrong coordinate systems put them",
        "E-NULL-ISLAND",
        fix="geocode them again, leave their location empty, or correct the crs",
    )


def _refuse(
    places: Places,
    bad: NDArray[np.bool_],
    what: str,
    code: str,
    fix: str = "give decimal degrees, longitude -180 to 180 and latitude -90 to 90",
) -> None:
    if bad.any():
        raise InputError(
            what, rows=places.ids[bad][:5].tolist(), count=int(bad.sum()), fix=fix, code=code
        )
