"""From ways and nodes to a graph: who can drive from where to where, and in how many minutes.

Nodes that only give a road its shape are left out, save one every :data:`STEP_KM`: so the way to
the road ends close to where it really does, and the graph stays small. A crossing with traffic
lights costs :data:`LIGHT_MIN`; turns (also those that are forbidden), barriers and traffic are in
no minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from equity.errors import FormatError
from equity.provenance import Source

__all__ = ["FEWEST_VERTICES", "STEP_KM", "RoadNetwork", "Ways", "build_network"]

STEP_KM = 0.3
"""Longest stretch of road between two points that people or sites can be counted to, about."""

FEWEST_VERTICES = 100
"""A part of the roads with fewer points, apart from the largest, is taken for a slip in the map."""

LIGHT_MIN = 1 / 3
"""Minutes that the traffic lights of one crossing cost on average.

Set on a piece of Washington, where trips of 1 to 7 km then take 0.93 to 1.05 of what the estimate
fitted on published road minutes gives (0.58 to 0.65 with lights for nothing); in a piece of
Columbus, which had no part in it, they take 0.80 to 0.88 (0.70 to 0.74).
"""

CROSSING_KM = 0.04
"""Lights this close belong to one crossing: stop lines and crossing lanes cost one wait."""

_EARTH_KM = 6371.0088
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Ways:
    """Ways that can be driven, and the nodes that they run through.

    Attributes
    ----------
    starts, refs
        Where each way begins among ``refs``, ids of nodes, and where the last one ends.
    ahead_kmh, back_kmh, minutes, is_ferry, may_stop
        By way, as :class:`equity.sources.roads.tags.Way` has them.
    ids, lon, lat
        Nodes by id, ascending; degrees. A node that a way names and that is not here is outside.
    is_light
        By node: whether a traffic light stands there.
    """

    starts: Ints
    refs: Ints
    ahead_kmh: Floats
    back_kmh: Floats
    minutes: Floats
    is_ferry: Flags
    may_stop: Flags
    ids: Ints
    lon: Floats
    lat: Floats
    is_light: Flags


@dataclass(frozen=True, repr=False)
class RoadNetwork:
    """Roads as a graph, from :func:`equity.read_roads`.

    Attributes
    ----------
    lon, lat
        Points of the roads, degrees.
    minutes
        Minutes from one point (row) to a neighboring one (column), as a sparse matrix.
    is_ferry
        For each entry of ``minutes``, in its order: whether it is a ferry.
    may_stop
        By point: whether people and sites can be counted to it. It lies on a road that is no
        motorway and no ferry, in a part of the roads that is large, and from which one gets back.
    is_apart
        By point: whether they could be, were its part of the roads not small.
    part
        By point: which part it is in; parts that cannot reach each other and return have other
        numbers. -1 for the small ones.
    sources, notes
        Where it comes from, and what a reader must know.
    """

    lon: Floats
    lat: Floats
    minutes: sparse.csr_array
    is_ferry: Flags
    may_stop: Flags
    is_apart: Flags
    part: NDArray[np.int32]
    sources: Sequence[Source] = field(default=())
    notes: Sequence[str] = field(default=())

    def __repr__(self) -> str:
        parts = len(np.unique(self.part[self.part >= 0]))
        ferries = int(self.is_ferry.sum())
        return (
            f"RoadNetwork({len(self.lon):,} points, {self.minutes.nnz:,} stretches, of which "
            f"{ferries:,} by ferry, {parts:,} large part{'' if parts == 1 else 's'})"
        )


@dataclass(frozen=True)
class _Stretches:
    """Pieces of ways between two nodes, in the order of the ways."""

    start: Ints
    end: Ints
    way: Ints
    km: Floats
    goes_on: Flags
    """Whether a stretch goes on where the one before it ended, on the same way."""


def build_network(ways: Ways, *, file: str | None = None) -> RoadNetwork:
    """Return the graph of some ways.

    Parameters
    ----------
    ways
        With at least one node inside.
    file
        Where they come from, for the error.

    Raises
    ------
    FormatError
        If no way has two nodes inside that follow each other.
    """
    whole = _stretches(ways)
    if not len(whole.start):
        raise FormatError(
            "no road of this file has two neighboring nodes in it",
            file=file,
            fix="take an extract with all of the map (….osm.pbf of a state)",
        )
    pieces, lon, lat = _divided(whole, ways)
    kept = _vertices(pieces, ways.is_ferry, len(lon))
    first = np.flatnonzero(kept[pieces.start])
    edges = _edges(pieces, first)
    used = np.flatnonzero(kept)
    number = np.zeros(len(kept), dtype=np.int64)
    number[used] = np.arange(len(used))
    start, end = number[edges.start], number[edges.end]
    ahead, back = _minutes(edges, ways)
    # A light is paid for where it is come to: in the other direction at the other end.
    is_light = np.zeros(len(kept), dtype=bool)
    is_light[: len(ways.ids)] = ways.is_light
    ahead += np.add.reduceat(_waits(pieces.start, pieces.end, is_light, lon, lat), first)
    back += np.add.reduceat(_waits(pieces.end, pieces.start, is_light, lon, lat), first)
    minutes, is_ferry = _matrix(
        np.concatenate([start, end]),
        np.concatenate([end, start]),
        np.concatenate([ahead, back]),
        np.tile(ways.is_ferry[edges.way], 2),
        len(used),
    )
    may_stop = np.zeros(len(used), dtype=bool)
    stops = ways.may_stop[edges.way]
    may_stop[start[stops]] = may_stop[end[stops]] = True
    part = _parts(minutes)
    large = part >= 0
    return RoadNetwork(
        lon[used], lat[used], minutes, is_ferry, may_stop & large, may_stop & ~large, part
    )


def _stretches(ways: Ways) -> _Stretches:
    """Return the pieces between two nodes that are both inside; a gap ends a piece."""
    at = np.minimum(np.searchsorted(ways.ids, ways.refs), len(ways.ids) - 1)
    inside = ways.ids[at] == ways.refs
    way = np.repeat(np.arange(len(ways.starts) - 1), np.diff(ways.starts))
    use = (way[:-1] == way[1:]) & inside[:-1] & inside[1:] & (at[:-1] != at[1:])
    first = np.flatnonzero(use)
    start, end, way = at[first], at[first + 1], way[first]
    goes_on = np.zeros(len(first), dtype=bool)
    goes_on[1:] = (way[1:] == way[:-1]) & (start[1:] == end[:-1])
    km = _km(ways.lon[start], ways.lat[start], ways.lon[end], ways.lat[end])
    return _Stretches(start, end, way, km, goes_on)


def _km(lon: Floats, lat: Floats, other_lon: Floats, other_lat: Floats) -> Floats:
    """Return great-circle km, by the haversine."""
    one, other = np.radians(lat), np.radians(other_lat)
    half = np.sin((other - one) / 2) ** 2
    half += np.cos(one) * np.cos(other) * np.sin(np.radians(other_lon - lon) / 2) ** 2
    km: Floats = 2.0 * _EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    return km


def _divided(pieces: _Stretches, ways: Ways) -> tuple[_Stretches, Floats, Floats]:
    """Divide what is longer than a step: a straight road has no node for miles."""
    parts = np.maximum(np.ceil(pieces.km / STEP_KM), 1.0).astype(np.int64)
    total = int(parts.sum())
    first = np.cumsum(parts) - parts
    whole = np.repeat(np.arange(len(parts)), parts)
    step = np.arange(total) - first[whole]
    # New nodes come after those that are there; the last part of a piece ends at its old end.
    inner = np.flatnonzero(step < parts[whole] - 1)
    end = pieces.end[whole]
    end[inner] = len(ways.ids) + np.arange(len(inner))
    start = pieces.start[whole]
    start[inner + 1] = end[inner]
    goes_on = np.ones(total, dtype=bool)
    goes_on[first] = pieces.goes_on
    of, share = whole[inner], (step[inner] + 1.0) / parts[whole[inner]]
    where = [
        np.append(x, x[pieces.start[of]] * (1 - share) + x[pieces.end[of]] * share)
        for x in (ways.lon, ways.lat)
    ]
    km = (pieces.km / parts)[whole]
    return _Stretches(start, end, pieces.way[whole], km, goes_on), where[0], where[1]


def _vertices(pieces: _Stretches, is_ferry: Flags, n: int) -> Flags:
    """Return which nodes stay: ends, junctions, and one about every step of a road."""
    used = np.bincount(pieces.start, minlength=n) + np.bincount(pieces.end, minlength=n)
    kept = used > 2
    ends = ~np.append(pieces.goes_on[1:], False)
    kept[pieces.start[~pieces.goes_on]] = True
    kept[pieces.end[ends]] = True
    after = np.cumsum(pieces.km)
    before = after - pieces.km
    # Where the road since the last node that stays began.
    opens = kept[pieces.start]
    since = before[np.maximum.accumulate(np.where(opens, np.arange(len(opens)), 0))]
    passes = np.floor((after - since) / STEP_KM) > np.floor((before - since) / STEP_KM)
    kept[pieces.start[passes & ~is_ferry[pieces.way]]] = True
    return kept


def _edges(pieces: _Stretches, first: Ints) -> _Stretches:
    """Join the pieces between two nodes that stay, from each that is first on."""
    last = np.append(first[1:], len(pieces.start)) - 1
    km = np.add.reduceat(pieces.km, first)
    return _Stretches(
        pieces.start[first], pieces.end[last], pieces.way[first], km, pieces.goes_on[first]
    )


def _minutes(edges: _Stretches, ways: Ways) -> tuple[Floats, Floats]:
    """Return minutes along and against each edge; infinite where that is not allowed."""
    # Nodes at one place: a way without length is crossed in no time, unless it states one.
    km = np.maximum(edges.km, np.finfo(np.float64).tiny)
    way_km = np.bincount(edges.way, km, minlength=len(ways.minutes))
    stated = np.where(_is_cut(ways), 0.0, ways.minutes)[edges.way]
    by_clock = km / way_km[edges.way] * stated
    found = []
    for kmh in (ways.ahead_kmh[edges.way], ways.back_kmh[edges.way]):
        with np.errstate(divide="ignore"):
            driven = km / kmh * 60.0
        found.append(np.where((stated > 0) & (kmh > 0), by_clock, driven))
    return found[0], found[1]


def _waits(start: Ints, end: Ints, is_light: Flags, lon: Floats, lat: Floats) -> Floats:
    """Return the minutes at a light where a piece ends, unless one of that crossing is behind."""
    wait = np.where(is_light[end], LIGHT_MIN, 0.0)
    at, lights = np.flatnonzero(is_light[end]), np.flatnonzero(is_light)
    from_, here, there = (_xyz(lon[x], lat[x]) for x in (start[at], end[at], lights))
    tree = cKDTree(there)
    near = tree.query_ball_point(here, CROSSING_KM, return_sorted=False)
    count = np.asarray(tree.query_ball_point(here, CROSSING_KM, return_length=True), dtype=np.int64)
    piece = np.repeat(np.arange(len(at)), count)
    other = there[np.concatenate([np.empty(0), *near]).astype(np.int64)]
    came, gone = (here - from_)[piece], here[piece] - other
    lengths = np.linalg.norm(came, axis=1) * np.linalg.norm(gone, axis=1)
    # Behind: within 60 degrees of where it was come from. At the light itself both sides are 0.
    behind = (came * gone).sum(axis=1) > lengths / 2
    wait[at[piece[behind]]] = 0.0
    return wait


def _xyz(lon: Floats, lat: Floats) -> Floats:
    """Return places in space, km."""
    x, y = np.radians(lon), np.radians(lat)
    axes = [np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)]
    points: Floats = _EARTH_KM * np.column_stack(axes)
    return points


def _is_cut(ways: Ways) -> Flags:
    """Return which ways state minutes that are not of the part inside: nodes of theirs are out."""
    count = np.diff(ways.starts)
    timed = np.repeat(ways.minutes > 0, count)
    outside = ~np.isin(ways.refs[timed], ways.ids)
    way = np.repeat(np.arange(len(count)), count)[timed]
    return np.bincount(way, outside, minlength=len(count)) > 0


def _matrix(
    start: Ints, end: Ints, minutes: Floats, is_ferry: Flags, n: int
) -> tuple[sparse.csr_array, Flags]:
    """Return edges as a matrix; of several between two points the quickest."""
    use = np.flatnonzero(np.isfinite(minutes) & (start != end))
    order = use[np.lexsort((minutes[use], end[use], start[use]))]
    again = (np.diff(start[order]) == 0) & (np.diff(end[order]) == 0)
    order = order[np.append(True, ~again)[: len(order)]]
    indptr = np.zeros(n + 1, dtype=np.int32)
    np.cumsum(np.bincount(start[order], minlength=n), out=indptr[1:])
    columns = end[order].astype(np.int32)
    return sparse.csr_array((minutes[order], columns, indptr), shape=(n, n)), is_ferry[order]


def _parts(minutes: sparse.csr_array) -> NDArray[np.int32]:
    """Return the part each point is in, -1 for those that are small."""
    _, part = connected_components(minutes, directed=True, connection="strong")
    size = np.bincount(part)
    large = size >= min(FEWEST_VERTICES, int(size.max()))
    return np.where(large[part], part, -1).astype(np.int32)
