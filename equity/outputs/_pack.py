"""Polygons in as few bytes as a browser can still decode without help.

Areas are simplified as one coverage, so neighbors keep their common border; coordinates become
whole multiples of a small angle, then differences, then zigzag varints, then deflate, then base64.
A page holds one such block and all its layers share it.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from equity.errors import InputError

__all__ = ["display_geometry", "joined", "pack", "step_for", "to_base64"]

#: Simplification tolerance as a part of the larger side of the map.
DETAIL = 1 / 4000
EMPTY = shapely.MultiPolygon()


def lon_lat(geometry: gpd.GeoSeries) -> np.ndarray:
    """Return geometries as longitude and latitude (EPSG:4269), empty where missing."""
    series = geometry
    if series.crs is not None and not series.crs.equals("EPSG:4269"):
        series = series.to_crs("EPSG:4269")
    values = np.array(series.to_numpy(), dtype=object)
    gone = shapely.is_missing(values) | shapely.is_empty(values)
    values[gone] = EMPTY
    if (np.abs(shapely.total_bounds(values)) > [360, 90, 360, 90]).any():
        raise InputError(
            "the geometry is not in longitude and latitude and has no CRS that says what it is in",
            fix="set it: table.set_crs(...), for example EPSG:5070",
        )
    return _west_of_the_date_line(values)


def _west_of_the_date_line(values: np.ndarray) -> np.ndarray:
    """Shift the far Aleutians west, so that Alaska is one piece and not as wide as the world."""
    bounds = shapely.total_bounds(values)
    if not np.isfinite(bounds).all() or bounds[2] - bounds[0] < 180:
        return values

    def shift(xy: np.ndarray) -> np.ndarray:
        xy = xy.copy()
        xy[xy[:, 0] > 0, 0] -= 360
        return xy

    moved: np.ndarray = shapely.transform(values, shift)
    return moved


def span(values: np.ndarray) -> float:
    """Return the larger side of the geometries' common box, degrees."""
    west, south, east, north = shapely.total_bounds(values)
    return float(max(east - west, north - south))


def step_for(values: np.ndarray) -> float:
    """Return the rounding angle in degrees: 1e-4 (11 m) for a state, finer for a town."""
    return 1e-4 if span(values) > 0.5 else 1e-5


def display_geometry(geometry: gpd.GeoSeries, *, detail: float = DETAIL) -> np.ndarray:
    """Simplify areas for drawing, keeping common borders common.

    Parameters
    ----------
    geometry
        Polygons in any CRS; missing ones allowed.
    detail
        Tolerance as a part of the larger side of the map (0 keeps every vertex).

    Returns
    -------
    numpy.ndarray
        Shapely geometries in longitude and latitude, empty where there was none.
    """
    values = lon_lat(geometry)
    content = hashlib.sha256(b"".join(shapely.to_wkb(values)))
    return _simplified(_Areas(content.digest(), values), detail).copy()


@dataclass(frozen=True)
class _Areas:
    """Geometries that are equal where their content is."""

    content: bytes
    values: np.ndarray = field(compare=False)


@lru_cache(maxsize=4)  # one run draws the same areas on several maps and in two documents
def _simplified(areas: _Areas, detail: float) -> np.ndarray:
    values = np.array([_as_multi(g) for g in areas.values], dtype=object)
    drawn = ~shapely.is_empty(values)
    tolerance = span(values) * detail if drawn.any() else 0.0
    if tolerance > 0:
        values[drawn] = shapely.coverage_simplify(values[drawn], tolerance)
    return values


def joined(values: np.ndarray) -> Any:
    """Return areas as one shape: by their common borders, or, where those are crossed, repaired."""
    try:
        return shapely.coverage_union_all(values)
    except shapely.errors.GEOSException:
        return _as_multi(shapely.union_all(shapely.make_valid(values)))


def _varint(values: np.ndarray) -> bytes:
    """Encode non-negative integers, seven bits a byte, lowest first."""
    values = values.astype(np.uint64)
    width = np.ones(len(values), dtype=np.int64)
    for bits in range(7, 64, 7):
        width += values >= (np.uint64(1) << np.uint64(bits))
    out = np.zeros(int(width.sum()), dtype=np.uint8)
    start = np.cumsum(width) - width
    for k in range(int(width.max(initial=0))):
        has = width > k
        byte = (values[has] >> np.uint64(7 * k)) & np.uint64(0x7F)
        more = (width[has] > k + 1).astype(np.uint64) << np.uint64(7)
        out[start[has] + k] = (byte | more).astype(np.uint8)
    return out.tobytes()


def _drop_repeats(xy: np.ndarray, ring_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop a vertex that rounding made equal to the one before it in the same ring."""
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (xy[1:] != xy[:-1]).any(axis=1) | (ring_of[1:] != ring_of[:-1])
    return xy[keep], ring_of[keep]


def pack(values: np.ndarray, step: float) -> bytes:
    """Pack polygons: counts of areas, polygons, rings and vertices, then vertex differences.

    Parameters
    ----------
    values
        Polygons or multipolygons in longitude and latitude; empty ones allowed.
    step
        Rounding angle in degrees.

    Returns
    -------
    bytes
        Varints: ``N``, polygons of each area, rings of each polygon, vertices of each ring (without
        the closing one), then zigzag differences x, y that run on over the whole block.
    """
    multi = np.array([_as_multi(g) for g in values], dtype=object)
    _, xy, offsets = shapely.to_ragged_array(np.array([*multi, EMPTY], dtype=object))
    ring_ends, polygon_ends, area_ends = (np.asarray(o, dtype=np.int64) for o in offsets)
    quantised = np.round(xy / step).astype(np.int64)
    ring_of = np.repeat(np.arange(len(ring_ends) - 1), np.diff(ring_ends))
    last = np.zeros(len(quantised), dtype=bool)
    last[ring_ends[1:] - 1] = True  # the closing vertex repeats the first
    quantised, ring_of = _drop_repeats(quantised[~last], ring_of[~last])
    vertices = np.bincount(ring_of, minlength=len(ring_ends) - 1)
    delta = np.diff(quantised, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel()
    zigzag = np.where(delta < 0, -2 * delta - 1, 2 * delta)
    parts = [
        np.array([len(values)]),
        np.diff(area_ends)[: len(values)],
        np.diff(polygon_ends),
        vertices,
        zigzag,
    ]
    return _varint(np.concatenate(parts))


def _as_multi(geometry: Any) -> Any:
    if geometry.geom_type == "MultiPolygon":
        return geometry
    parts = shapely.get_parts(geometry)
    return shapely.MultiPolygon([g for g in parts if g.geom_type == "Polygon" and not g.is_empty])


@lru_cache(maxsize=4)  # the page and the map that stands alone hold the same blocks
def to_base64(data: bytes) -> str:
    """Deflate and write as base64."""
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")
