"""All pairs of people and sites within a great-circle radius, a block of people at a time.

Sites are sorted into bands of latitude and, within a band, by longitude. For one origin the
sites that can be within reach are then one slice of each band, found by bisection: a superset
that is a few per cent too large, and whose size is known *before* a single distance is taken. So
memory is bounded whatever the radius, each row is independent of the order of the others, and
pairs come out row by row, ready for a sparse matrix. A k-d tree on the unit sphere, in blocks that
bound its memory as well, takes 1.25 times the CPU at 15 miles, 1.7 inside ``travel_costs`` where
each area has its own radius, and 2.5 at 60 miles with 100,000 sites
(``benchmarks/access.py search``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from equity.measures.reach.places import EARTH_RADIUS_KM, Floats, chord_to_km, unit_vectors

Ints = NDArray[np.int64]
Sites = NDArray[np.int32]

PAIRS_PER_BLOCK = 1 << 18
"""Candidate pairs worked on at once: a few megabytes an array, so they stay in the cache."""

_BANDS_PER_RADIUS = 6.0
_MIN_BAND_DEGREES = 0.01
_SPAN = 512.0  # wider than a full circle, so that a band's keys never meet the next band's
_SLACK = 1e-8  # radians added to every window; candidates are measured afterwards anyway


class Block(NamedTuple):
    """Pairs of consecutive origins, as the rows of a sparse matrix.

    ``indptr`` has ``stop - start + 1`` entries; ``sites`` and ``cost`` hold the pairs of origin
    ``start + k`` in ``indptr[k]:indptr[k + 1]``. A pair at cost 0 is a pair.
    """

    start: int
    stop: int
    indptr: Ints
    sites: Sites
    cost: Floats


class SphereIndex:
    """Sites sorted for :meth:`pairs`.

    Parameters
    ----------
    lon, lat
        Degrees, finite.
    reach_km
        Largest radius that will be asked for, km.
    """

    def __init__(self, lon: Floats, lat: Floats, *, reach_km: float) -> None:
        reach = np.degrees(max(reach_km, 0.0) / EARTH_RADIUS_KM)
        self._height = float(np.clip(reach / _BANDS_PER_RADIUS, _MIN_BAND_DEGREES, 180.0))
        band = np.floor((lat + 90.0) / self._height)
        east = np.mod(lon + 180.0, 360.0)
        self._order = np.lexsort((east, band)).astype(np.int32)
        self._keys = (band * _SPAN + east)[self._order]
        points = unit_vectors(lon, lat)[self._order]
        self._x, self._y, self._z = (np.ascontiguousarray(points[:, k]) for k in range(3))
        self.n = len(lon)

    def pairs(
        self, lon: Floats, lat: Floats, *, radius_km: Floats, block: int = PAIRS_PER_BLOCK
    ) -> Iterator[Block]:
        """Yield every pair with great-circle distance up to the origin's own radius, in km.

        Parameters
        ----------
        lon, lat
            Origins in degrees; NaN gives an origin without pairs.
        radius_km
            One radius an origin, km, inclusive.
        block
            Candidate pairs held at once (a single origin may exceed it).
        """
        n = len(lon)
        points = unit_vectors(lon, lat)
        rows = max(1, min(4096, block // 64))
        for start in range(0, n, rows):
            stop = min(start + rows, n)
            first, count = self._windows(lon[start:stop], lat[start:stop], radius_km[start:stop])
            total = np.cumsum(count.sum(axis=1))
            low = 0
            while low < stop - start:
                done = total[low - 1] if low else 0
                high = max(low + 1, int(np.searchsorted(total, done + block, side="right")))
                here = slice(start + low, start + high)
                yield self._measure(
                    start + low,
                    first[low:high],
                    count[low:high],
                    points[here],
                    radius_km[here],
                )
                low = high

    def _windows(self, lon: Floats, lat: Floats, radius_km: Floats) -> tuple[Ints, Ints]:
        """Return first position and length of every slice to look at, shape (origins, slices)."""
        known = np.isfinite(lon) & np.isfinite(lat) & (radius_km >= 0.0)
        reach = np.where(known, radius_km / EARTH_RADIUS_KM + _SLACK, 0.0)
        phi = np.radians(np.where(known, lat, 0.0))
        degrees = np.degrees(reach)
        lowest = np.floor((np.where(known, lat, 0.0) - degrees + 90.0) / self._height)
        highest = np.floor((np.where(known, lat, 0.0) + degrees + 90.0) / self._height)
        most = int((highest - lowest).max(initial=0.0)) + 1
        bands = lowest[:, None] + np.arange(most, dtype=np.float64)
        used = known[:, None] & (bands <= highest[:, None])

        half = np.degrees(_half_width(phi[:, None], reach[:, None], bands, self._height))
        center = np.mod(np.where(known, lon, 0.0) + 180.0, 360.0)[:, None]
        west, east = center - half, center + half
        whole = half >= 180.0
        west, east = np.where(whole, 0.0, west), np.where(whole, 360.0, east)
        first, count = self._slices(bands, np.maximum(west, 0.0), np.minimum(east, 360.0), used)
        # A window that crosses the antimeridian goes on at the other end of its band.
        over = used & ~whole & ((west < 0.0) | (east > 360.0))
        if over.any():
            other_west = np.where(west < 0.0, west + 360.0, 0.0)
            other_east = np.where(west < 0.0, 360.0, east - 360.0)
            more = self._slices(bands, other_west, other_east, over)
            first = np.concatenate([first, more[0]], axis=1)
            count = np.concatenate([count, more[1]], axis=1)
        return first, count

    def _slices(
        self, bands: Floats, west: Floats, east: Floats, used: NDArray[np.bool_]
    ) -> tuple[Ints, Ints]:
        first = np.searchsorted(self._keys, bands * _SPAN + west - 1e-6, side="left")
        last = np.searchsorted(self._keys, bands * _SPAN + east + 1e-6, side="right")
        return first, np.where(used, last - first, 0)

    def _measure(
        self, start: int, first: Ints, count: Ints, points: Floats, radius_km: Floats
    ) -> Block:
        """Measure the candidates of a few origins and keep those within reach."""
        per_row = count.sum(axis=1)
        flat = count.ravel()
        ends = np.cumsum(flat)
        total = int(ends[-1]) if len(ends) else 0
        position = np.arange(total) + np.repeat(first.ravel() - (ends - flat), flat)
        # Differences, not a dot product: a dot product loses all digits at short distances.
        square = (self._x[position] - np.repeat(points[:, 0], per_row)) ** 2
        square += (self._y[position] - np.repeat(points[:, 1], per_row)) ** 2
        square += (self._z[position] - np.repeat(points[:, 2], per_row)) ** 2
        limit = 2.0 * np.sin(np.minimum(radius_km / (2.0 * EARTH_RADIUS_KM), np.pi / 2.0))
        near = square <= np.repeat(limit**2 * (1.0 + 1e-9) + 1e-24, per_row)
        position = position[near]
        row = np.repeat(np.arange(len(points)), per_row)[near]
        km = chord_to_km(np.sqrt(square[near]))
        inside = km <= radius_km[row]
        if not inside.all():
            position, row, km = position[inside], row[inside], km[inside]
        indptr = np.zeros(len(points) + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=len(points)), out=indptr[1:])
        return Block(start, start + len(points), indptr, self._order[position], km)


def _half_width(phi: Floats, reach: Floats, bands: Floats, height: float) -> Floats:
    """Return how far east or west of an origin its circle goes inside each band, in radians.

    On the parallel at latitude ``q`` the circle of angular radius ``t`` around latitude ``p``
    ends at a difference of longitude with ``cos = (cos t - sin p sin q) / (cos p cos q)``. It is
    widest at ``sin q = sin p / cos t``, so the widest parallel of a band is that one, or the edge
    next to it.
    """
    low = np.radians(bands * height - 90.0)
    high = np.radians((bands + 1.0) * height - 90.0)
    low = np.maximum(low, phi - reach)
    high = np.minimum(high, phi + reach)
    polar = np.abs(phi) + reach >= np.pi / 2.0
    safe = np.where(polar, 0.0, reach)
    widest = np.arcsin(np.clip(np.sin(phi) / np.cos(safe), -1.0, 1.0))
    at = np.clip(widest, np.minimum(low, high), high)
    across = np.cos(phi) * np.cos(at)
    cosine = (np.cos(safe) - np.sin(phi) * np.sin(at)) / np.maximum(across, 1e-12)
    half = np.arccos(np.clip(cosine, -1.0, 1.0)) + _SLACK / np.maximum(np.cos(at), 1e-9)
    return np.where(polar, np.pi, half)
