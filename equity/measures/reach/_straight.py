"""Great-circle searches: the nearest site, and all sites within a limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree

from equity.errors import InputError
from equity.measures.reach._speeds import Roads
from equity.measures.reach._sphere_pairs import Block, Ints, SphereIndex
from equity.measures.reach.places import Floats, Places, chord_to_km, unit_vectors


def nearest_straight(here: Places, there: Places) -> tuple[Floats, Ints]:
    """Return great-circle km to, and position of, the nearest site; ties go to the first by name.

    Kilometers are missing, and the position is 0, where a place has no location.
    """
    order = np.argsort(there.ids.astype(str), kind="stable")
    points, first = _distinct_points(there.lon[order], there.lat[order])
    known = here.known
    chord = np.full(len(here.ids), np.nan)
    nearest = np.zeros(len(here.ids), dtype=np.int64)
    origins = unit_vectors(here.lon[known], here.lat[known])
    chord[known], nearest[known] = _first_nearest(points, first, origins)
    return chord_to_km(chord), order[nearest]


class StraightSearch:
    """A search that can be run again: origins, sites and how far each origin reaches."""

    def __init__(
        self, here: Places, there: Places, roads: Roads, per_km: Floats, limit: float
    ) -> None:
        known = there.known
        self._here, self._roads, self._per_km, self._limit = here, roads, per_km, limit
        self._site = np.flatnonzero(known).astype(np.int32)
        self._radius = roads.km_within(limit, per_km)
        reach = float(self._radius.max(initial=0.0))
        self._index = SphereIndex(there.lon[known], there.lat[known], reach_km=reach)

    def __call__(self) -> Iterator[Block]:
        # A cost exactly at the limit is within it: rounding in km must not lose the pair.
        radius = self._radius * (1.0 + 1e-12)
        for block in self._index.pairs(self._here.lon, self._here.lat, radius_km=radius):
            per_row = np.diff(block.indptr)
            per_km = np.repeat(self._per_km[block.start : block.stop], per_row)
            cost = self._roads.minutes(block.cost, per_km)
            np.minimum(cost, self._limit, out=cost)
            yield block._replace(sites=self._site[block.sites], cost=cost)


def with_location(places: Places) -> tuple[Places, int]:
    known = places.known
    if not known.any():
        raise InputError(
            "no site has a location" if len(known) else "there are no sites",
            fix="check the filter that made the table of sites, or geocode them",
            code="E-EMPTY",
        )
    return Places(places.ids[known], places.lon[known], places.lat[known]), int((~known).sum())


def _distinct_points(lon: Floats, lat: Floats) -> tuple[Floats, Ints]:
    """Return distinct points and, for each, the first site that lies there."""
    pairs = np.column_stack([lon, lat])
    _, first = np.unique(pairs, axis=0, return_index=True)
    return unit_vectors(lon[first], lat[first]), first


def _first_nearest(points: Floats, first: Ints, origins: Floats) -> tuple[Floats, Ints]:
    """Return chord to, and first site of, the nearest point; ties go to the first by name."""
    k = min(4, len(points))
    chord, at = map(np.asarray, cKDTree(points).query(origins, k=range(1, k + 1)))
    ties = np.where(chord <= chord[:, :1], first[at], np.iinfo(np.int64).max)
    return chord[:, 0], ties.min(axis=1)
