"""Minutes on real roads: shortest paths over a graph, from where people are to where sites are.

A trip is the way from a point to the roads, the quickest path over them in the direction that is
allowed, and the way from the roads to the other point. The way to and from the roads is a straight
line at :data:`OFF_ROAD_KMH`; past :data:`OFF_ROAD_KM` there is none, and a point is off the roads.
So is one by a small part of the roads that is joined to no other, if those lie :data:`APART_KM` on.
Paths are Dijkstra's, from whichever side has fewer points, and stop at the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from equity import provenance
from equity.errors import InputError
from equity.language import mark, said
from equity.measures.reach._speeds import INSIDE_SD, TravelEstimate
from equity.measures.reach._sphere_pairs import Block, Ints
from equity.measures.reach.costs import Held, Streamed, at_most
from equity.measures.reach.places import (
    EARTH_RADIUS_KM,
    Floats,
    Places,
    chord_to_km,
    unit_vectors,
)

__all__ = ["APART_KM", "OFF_ROAD_KM", "OFF_ROAD_KMH", "ROAD_MINUTES", "RoadGraph"]

OFF_ROAD_KMH = 20.0
"""Speed on the way to the next road, in a straight line, km/h."""

OFF_ROAD_KM = 3.0
"""Longest way to the next road: farther off, nothing is known of how people get to it."""

APART_KM = 1.0
"""How much nearer a road that leads nowhere else must be for a place to lie on it, km.

An island without a ferry, say: nothing is known of how people get across. Nearer than that it may
be a slip of the map. Of the points in small parts of a piece of Columbus and of one of Washington
2 in 100 are farther from a road that leads on.
"""

ROAD_MINUTES = TravelEstimate(
    sd=INSIDE_SD,
    source="shortest paths on OpenStreetMap roads without traffic: spread of the people inside an "
    "area",
)
"""What is known of the error of minutes by road."""

NEAREST_TO_NOBODY = "and could not be nearest to anybody"
"""How a note on sites off the roads ends."""

_FAR = said("more than {km} km from every road that leads on", km=f"{OFF_ROAD_KM:g}")
_APART = said(
    "by roads that lead nowhere else (an island without a ferry, say), and more than {km} km "
    "farther from every other,",
    km=f"{APART_KM:g}",
)
_ELSEWHERE = 0.5  # share of the areas off the roads from which the roads must be another place's
_TOGETHER = 64  # places whose trips are searched on one piece of the roads
_WORK = 256 << 20  # bytes of distances held at once
_BAND = 0.25  # degrees
_POLAR = 85.0  # degrees


@runtime_checkable
class RoadGraph(Protocol):
    """Roads as :func:`equity.read_roads` gives them.

    Attributes
    ----------
    lon, lat
        Points, degrees.
    minutes
        From one point (row) to a neighboring one (column).
    may_stop
        Points that people and sites can be counted to.
    is_apart
        Points that they could be counted to if their part of the roads led on.
    sources, notes
        Where the roads come from, and what a reader must know.
    """

    @property
    def lon(self) -> Floats: ...  # noqa: D102
    @property
    def lat(self) -> Floats: ...  # noqa: D102
    @property
    def minutes(self) -> sparse.csr_array: ...  # noqa: D102
    @property
    def may_stop(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def is_apart(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def sources(self) -> Sequence[provenance.Source]: ...  # noqa: D102
    @property
    def notes(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class OnRoad:
    """The next point of the roads for each place: its number (-1: off the roads) and minutes."""

    vertex: Ints
    minutes: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which places the roads lead to."""
        return self.vertex >= 0


def road_graph(roads: object) -> RoadGraph:
    """Return the roads that were given, if that is what they are."""
    if not isinstance(roads, RoadGraph):
        raise InputError(
            "minutes by road need the roads",
            fix='roads = equity.read_roads("….osm.pbf"), then method="roads", roads=roads',
        )
    return roads


def to_roads(graph: RoadGraph, areas: Places, sites: Places) -> tuple[OnRoad, OnRoad, list[str]]:
    """Return where areas and sites meet the roads, and what to say of those that do not.

    Raises
    ------
    InputError
        If no site meets the roads, or more than half of the areas do not: they are of elsewhere.
    """
    stops = np.flatnonzero(graph.may_stop)
    if not len(stops):
        raise InputError(
            "people and sites can be counted to none of these roads: where they hold together they "
            "are motorways or ferries",
            fix="read an extract with all of the map (….osm.pbf of a state)",
        )
    tree = cKDTree(unit_vectors(graph.lon[stops], graph.lat[stops]))
    (here, here_off, here_past), (there, there_off, there_past) = (
        _met(graph, tree, stops, places) for places in (areas, sites)
    )
    for places, on, role in ((areas, here, "areas"), (sites, there, "sites")):
        lost = places.known & ~on.known
        count, known = int(lost.sum()), int(places.known.sum())
        if count > (_ELSEWHERE * known if role == "areas" else known - 1) >= 0:
            raise InputError(
                f"{count:,} of {known:,} {role} are joined to none of the roads that were read "
                f"(longitude {graph.lon.min():.2f} to {graph.lon.max():.2f}, latitude "
                f"{graph.lat.min():.2f} to {graph.lat.max():.2f})",
                rows=places.ids[lost][:5].tolist(),
                count=count,
                fix="read the extracts of the states where people and sites are",
                code="E-ROADS-ELSEWHERE",
            )
    notes = [
        said(text, n=f"{count:,}", far=where)
        for off, text in (
            (here_off, mark("{n} areas lie {far} and have no minutes")),
            (there_off, mark("{n} sites lie {far} and could not be nearest to anybody")),
        )
        for where, count in zip((_FAR, _APART), off, strict=True)
        if count
    ]
    if here_past or there_past:
        notes.append(
            said(
                "{areas} areas and {sites} sites are counted to the next road that leads on, past "
                "a nearer one in a small part that is joined to no other",
                areas=f"{here_past:,}",
                sites=f"{there_past:,}",
            )
        )
    return here, there, notes


def _met(
    graph: RoadGraph, tree: cKDTree, stops: Ints, places: Places
) -> tuple[OnRoad, tuple[int, int], int]:
    """Return where places meet the roads, how many do not (far, apart), and how many pass some."""
    vertex = np.full(len(places.ids), -1, dtype=np.int64)
    apart = np.flatnonzero(graph.is_apart)
    known = np.flatnonzero(places.known)
    if not len(known):
        return OnRoad(vertex, np.full(len(vertex), np.nan)), (0, 0), 0
    where = unit_vectors(places.lon[known], places.lat[known])
    chord, at = tree.query(where)
    km, other = chord_to_km(np.asarray(chord)), np.full(len(known), np.inf)
    if len(apart):
        islands = cKDTree(unit_vectors(graph.lon[apart], graph.lat[apart]))
        other = chord_to_km(np.asarray(islands.query(where)[0]))
    is_apart = (km - other > APART_KM) & (other <= OFF_ROAD_KM)
    is_far = ~is_apart & (km > OFF_ROAD_KM)
    on = ~is_apart & ~is_far
    vertex[known[on]] = stops[np.asarray(at)[on]]
    minutes = np.full(len(vertex), np.nan)
    minutes[known[on]] = km[on] / OFF_ROAD_KMH * 60.0
    off = int(is_far.sum()), int(is_apart.sum())
    return OnRoad(vertex, minutes), off, int((other < km)[on].sum())


def nearest_by_road(
    graph: RoadGraph, here: OnRoad, there: OnRoad, names: pd.Index
) -> tuple[Floats, Ints]:
    """Return minutes to, and position of, the site that is nearest by road.

    Minutes are infinite where no site can be reached, missing off the roads. Of sites at one point
    the first by name is the nearest.
    """
    by_name = np.argsort(names.astype(str), kind="stable")
    by_name = by_name[there.known[by_name]]
    order = by_name[np.lexsort((there.minutes[by_name], there.vertex[by_name]))]
    at, first = np.unique(there.vertex[order], return_index=True)
    site = order[first]
    # One more point for each site, joined to the roads by the way to them; backward, so that one
    # search from all sites gives everybody's trip to the nearest.
    n, graph_back = len(graph.lon), graph.minutes.T.tocsr()
    whole = sparse.csr_array(
        (
            np.append(graph_back.data, there.minutes[site]),
            np.append(graph_back.indices, at).astype(np.int32),
            np.append(graph_back.indptr, graph_back.indptr[-1] + np.arange(1, len(site) + 1)),
        ),
        shape=(n + len(site), n + len(site)),
    )
    far, _, source = dijkstra(
        whole, indices=n + np.arange(len(site)), min_only=True, return_predecessors=True
    )
    vertex = np.where(here.known, here.vertex, 0)
    minutes = np.where(here.known, far[vertex] + here.minutes, np.nan)
    return minutes, site[np.maximum(source[vertex] - n, 0)]


class RoadSearch:
    """All trips within a limit, from the side that has fewer points on the roads."""

    def __init__(self, graph: RoadGraph, here: OnRoad, there: OnRoad, limit: float) -> None:
        self._graph, self._here, self._there = graph, here, there
        self._most = at_most(limit)
        # No trip leads farther than this, whatever the roads: a search needs only what is inside.
        self._reach_km = _fastest(graph) * self._most

    def pairs(self, *, most: int | None, keep: bool | None) -> Held | Streamed:
        """Return the trips: in memory, or as a search from the areas at every pass."""
        starts, ends = (len(np.unique(x.vertex[x.known])) for x in (self._here, self._there))
        held = None if keep is False else self._held(by_site=ends < starts, most=most)
        return Streamed(self._by_area) if held is None else held

    def _by_area(self) -> Iterator[Block]:
        """Yield the trips of consecutive areas."""
        n = len(self._here.vertex)
        for low in range(0, n, _TOGETHER):
            rows = np.arange(low, min(low + _TOGETHER, n))
            start, site, cost = self._within(self._graph.minutes, self._here, self._there, rows)
            indptr = np.zeros(len(rows) + 1, dtype=np.int64)
            np.cumsum(np.bincount(start - low, minlength=len(rows)), out=indptr[1:])
            yield Block(low, low + len(rows), indptr, site.astype(np.int32), cost)

    def _held(self, *, by_site: bool, most: int | None) -> Held | None:
        n_areas, n_sites = len(self._here.vertex), len(self._there.vertex)
        graph = self._graph.minutes.T.tocsr() if by_site else self._graph.minutes
        sides = (self._there, self._here) if by_site else (self._here, self._there)
        # Neighbors together: they search the same piece of the roads.
        vertex = sides[0].vertex
        band = np.floor(self._graph.lat[vertex] / _BAND)
        order = np.lexsort((self._graph.lon[vertex], band))
        parts, count = [], 0
        for low in range(0, len(order), _TOGETHER):
            parts.append(self._within(graph, *sides, order[low : low + _TOGETHER]))
            count += len(parts[-1][2])
            if most is not None and count > most:
                return None
        start, end, cost = (np.concatenate(x) for x in zip(*parts, strict=True))
        area, site = (end, start) if by_site else (start, end)
        trips = sparse.coo_array((cost, (area, site)), shape=(n_areas, n_sites)).tocsr()
        trips.sort_indices()
        return Held(trips.indptr.astype(np.int64), trips.indices.astype(np.int32), trips.data)

    def _within(
        self, graph: sparse.csr_array, one: OnRoad, other: OnRoad, rows: Ints
    ) -> tuple[Ints, Ints, Floats]:
        """Return the trips between some places of one side and all of the other."""
        rows = rows[one.known[rows]]
        ends = np.flatnonzero(other.known)
        if not len(rows):
            return rows, ends[:0], np.empty(0)
        points, which = np.unique(one.vertex[rows], return_inverse=True)
        inside = self._around(points)
        ends = ends[inside[other.vertex[ends]]]
        number = np.cumsum(inside) - 1
        piece, columns = graph[inside][:, inside], number[other.vertex[ends]]
        step = max(1, _WORK // (8 * piece.shape[0]))
        far = [
            dijkstra(piece, indices=number[points[k : k + step]], limit=self._most)[:, columns]
            for k in range(0, len(points), step)
        ]
        cost = np.concatenate(far)[which]
        cost += one.minutes[rows][:, None] + other.minutes[ends]
        start, end = np.nonzero(cost <= self._most)
        return rows[start], ends[end], cost[start, end]

    def _around(self, points: Ints) -> NDArray[np.bool_]:
        """Return which points of the roads a search from some of them can come to."""
        lon, lat = self._graph.lon, self._graph.lat
        high = np.degrees(self._reach_km / EARTH_RADIUS_KM)
        south, north = lat[points].min() - high, lat[points].max() + high
        inside: NDArray[np.bool_] = (lat >= south) & (lat <= north)
        # A degree of longitude is shortest at the end that is nearer to the pole.
        polar = max(abs(south), abs(north))
        wide = high / np.cos(np.radians(polar)) if polar < _POLAR else 360.0
        west, east = lon[points].min() - wide, lon[points].max() + wide
        if west < -180.0 or east > 180.0:  # the Aleutians
            return inside
        inside &= (lon >= west) & (lon <= east)
        return inside


def _fastest(graph: RoadGraph) -> float:
    """Return the most km in a straight line that a minute on these roads makes good."""
    minutes = graph.minutes.tocoo()
    start, end = minutes.coords
    points = unit_vectors(graph.lon, graph.lat)
    km = chord_to_km(np.sqrt(((points[start] - points[end]) ** 2).sum(axis=1)))
    moving = km > 0
    with np.errstate(divide="ignore"):
        return float((km[moving] / minutes.data[moving]).max(initial=0.0))
