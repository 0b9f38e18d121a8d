"""How far care is: nearest site, and sparse travel costs from people to sites.

Great-circle distances over the sphere, times a documented detour factor and speeds by rurality
(:mod:`equity.measures.reach._speeds`), or a user's own travel-time table. Sites across the state
line count: pass all of them. Never planar degrees, never Web Mercator.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from equity import provenance
from equity.errors import InputError, MissingColumnError
from equity.measures.checks import aligned, checked_number
from equity.measures.reach._speeds import (
    DETOUR_FACTOR,
    ROAD_KMH,
    ROADS,
    Roads,
    TravelEstimate,
    roads_of,
    travel_estimate,
)
from equity.measures.reach._sphere_pairs import Block, Ints, SphereIndex
from equity.measures.reach._travel_table import read_travel_table
from equity.measures.reach.costs import Held, Streamed, TravelCosts, hold
from equity.measures.reach.places import (
    Floats,
    Places,
    Table,
    checked_ids,
    chord_to_km,
    locate,
    unit_vectors,
)

__all__ = [
    "DETOUR_FACTOR",
    "PAIRS_KEPT",
    "ROADS",
    "ROAD_KMH",
    "Roads",
    "TravelCosts",
    "TravelEstimate",
    "nearest_sites",
    "population_centers",
    "travel_costs",
    "travel_estimate",
]

PAIRS_KEPT = 8_000_000
"""Pairs that :func:`travel_costs` keeps in memory unless it is told to."""

_MADE_OF_BLOCKS = ("block_group", "tract", "county", "state")
_log = logging.getLogger("equity.measures.reach.travel")


def nearest_sites(
    areas: Table,
    sites: Table,
    *,
    centers: Table | None = None,
    rurality: pd.Series | None = None,
    roads: Roads | str | None = None,
) -> pd.DataFrame:
    """Find the nearest site of every area.

    Parameters
    ----------
    areas
        GeoDataFrame of polygons or points in any coordinate system, or a DataFrame with ``lon``
        and ``lat`` (degrees), by area id.
    sites
        The same by site id. Give the sites of the neighboring states too. Sites without a
        location cannot be nearest to anybody; they are counted in the table's notes.
    centers
        Population-weighted centers by area id (:func:`population_centers`), used in place of the
        polygons' own centers where they are listed.
    rurality
        Series that lists every area: a class of ``roads.kmh`` or a primary RUCA code, missing
        where it is unknown; a column of ``areas`` does. None: unknown.
    roads
        Detour factor and road speeds, or a name in :data:`ROADS`; the documented default if None.

    Returns
    -------
    DataFrame
        By the index of ``areas``: ``nearest_site_km`` (great-circle km), ``nearest_site_min``
        (estimated minutes one way), ``nearest_site_id`` (of several at the same point the first by
        name) and ``nearest_site_status`` (``ok``, or ``not_computable`` for an area without a
        location). :func:`travel_estimate` of it says how far the minutes may be off.

    Raises
    ------
    InputError
        If there is no site with a location, an id repeats, or coordinates are swapped, at (0, 0),
        out of range or without a coordinate system.

    References
    ----------
    Boscoe, Henry & Zdeb 2012, The Professional Geographer 64(2), 188-196,
    doi:10.1080/00330124.2011.583586 (road and straight-line distance; only the abstract was read).

    Examples
    --------
    >>> import pandas as pd
    >>> areas = pd.DataFrame({"lon": [-78.0], "lat": [38.0]}, index=["51000000100"])
    >>> sites = pd.DataFrame({"lon": [-78.0], "lat": [39.0]}, index=["a"])
    >>> nearest_sites(areas, sites)["nearest_site_km"].round(1).tolist()
    [111.2]
    """
    here = locate(areas, role="areas", centers=centers)
    there, unlocated = _with_location(locate(sites, role="sites"))
    order = np.argsort(there.ids.astype(str), kind="stable")
    names = there.ids[order]
    points, first = _distinct_points(there.lon[order], there.lat[order])
    known = here.known
    chord = np.full(len(here.ids), np.nan)
    nearest = np.zeros(len(here.ids), dtype=np.int64)
    origins = unit_vectors(here.lon[known], here.lat[known])
    chord[known], nearest[known] = _first_nearest(points, first, origins)
    km = chord_to_km(chord)
    used = roads_of(roads)
    per_km = used.minutes_per_km(rurality, here.ids, geo_vintage=provenance.meta(areas).geo_vintage)
    result = pd.DataFrame(
        {
            "nearest_site_km": km,
            "nearest_site_min": used.minutes(km, per_km),
            "nearest_site_id": pd.Series(names[nearest], index=here.ids).where(known),
            "nearest_site_status": np.where(known, "ok", "not_computable"),
        },
        index=areas.index,
    )
    notes = [used.note()]
    if centers is not None:
        weighted = int(here.ids.isin(centers.index).sum())
        notes.append(
            f"Measured from population-weighted centers in {weighted:,} of {len(here.ids):,} "
            "areas, from the polygon's own in the others"
        )
    if unlocated:
        notes.append(f"{unlocated:,} sites without a location could not be nearest to anybody")
        _log.warning(notes[-1])
    used.estimate.stamp(result)
    return provenance.carry(result, *_given(areas, sites, centers, rurality), notes=notes)


def travel_costs(
    areas: Table,
    sites: Table,
    *,
    radius_km: float | None = None,
    max_minutes: float | None = None,
    centers: Table | None = None,
    rurality: pd.Series | None = None,
    roads: Roads | str | None = None,
    table: pd.DataFrame | str | Path | None = None,
    origin: str | None = None,
    destination: str | None = None,
    cost: str | None = None,
    unit: str | None = None,
    unlisted: str = "not_covered",
    keep: bool | None = None,
) -> TravelCosts:
    """Measure or read the cost of travel from people to the sites within reach.

    Either ``radius_km`` (costs are great-circle km), or ``max_minutes`` (costs are estimated
    minutes), or a ``table`` of one's own (costs in its unit, km or minutes).

    Parameters
    ----------
    areas
        Where people are, by area id: GeoDataFrame, or DataFrame with ``lon`` and ``lat``. With a
        ``table`` only the index counts.
    sites
        Where sites are, by site id, likewise. A site without a location reaches nobody.
    radius_km, max_minutes
        Limit, inclusive. A limit that reaches nothing is allowed: every area then has the status
        ``no_supply_in_reach``. With a ``table`` either one may cut it, in the table's unit.
    centers, rurality, roads
        As in :func:`nearest_sites`.
    table
        DataFrame, or path of a CSV (also compressed) or Parquet file: one row a pair. An empty
        cost says that the pair cannot be traveled.
    origin, destination, cost
        Columns of ``table``. The origin is where *people* are; the direction is never guessed.
    unit
        Unit of ``cost``: ``min``, ``s``, ``h``, ``km``, ``m`` or ``mi``.
    unlisted
        What to make of areas that ``table`` never mentions as an origin: ``"not_covered"``
        (their access is unknown) or ``"unreachable"`` (the table leaves out what is too far).
    keep
        True keeps the pairs in memory (12 bytes each). False measures them again at every pass and
        stores none: memory stays the same whatever the radius, and a two-step catchment takes two
        passes. None keeps up to :data:`PAIRS_KEPT` pairs.

    Returns
    -------
    TravelCosts

    Raises
    ------
    InputError
        For no rows of areas or sites, no limit, unknown units, a table passed the wrong way round,
        repeated pairs, negative costs, and all that :func:`nearest_sites` refuses.
    MissingFileError, MissingColumnError
        For a table that is not there or lacks a column.

    References
    ----------
    Boscoe, Henry & Zdeb 2012, The Professional Geographer 64(2), 188-196,
    doi:10.1080/00330124.2011.583586 (road and straight-line distance; only the abstract was read).
    """
    _check_limits(radius_km, max_minutes, from_table=table is not None)
    for rows, role in ((areas, "areas"), (sites, "sites")):
        if len(rows) == 0:
            raise InputError(
                f"{role} have no rows", fix="check the filter that made it", code="E-EMPTY"
            )
    if table is not None:
        costs = read_travel_table(
            table,
            checked_ids(areas, role="areas"),
            checked_ids(sites, role="sites"),
            columns=(origin, destination, cost),
            unit=unit,
            limits={"km": radius_km, "min": max_minutes},
            unlisted=unlisted,
        )
        own = table if isinstance(table, pd.DataFrame) else None
        return replace(costs, record=provenance.carry(pd.DataFrame(), *_given(areas, sites, own)))
    here = locate(areas, role="areas", centers=centers)
    there = locate(sites, role="sites")
    if max_minutes is not None:
        used = roads_of(roads)
        per_km = used.minutes_per_km(
            rurality, here.ids, geo_vintage=provenance.meta(areas).geo_vintage
        )
        limit, note, estimate = float(max_minutes), used.note(), used.estimate
    else:
        # A km costs a km.
        used, per_km, estimate = Roads(), np.ones(len(here.ids)), None
        limit, note = float(radius_km or 0.0), "Travel cost: great-circle km"
    search = _Search(here, there, used, per_km, limit)
    most = None if keep else PAIRS_KEPT
    held = None if keep is False else hold(search(), len(here.ids), most=most)
    pairs: Held | Streamed = Streamed(search) if held is None else held
    return TravelCosts(
        here.ids,
        there.ids,
        "km" if max_minutes is None else "min",
        limit,
        pairs,
        here.known,
        estimate=estimate,
        note=note,
        record=provenance.carry(pd.DataFrame(), *_given(areas, sites, centers, rurality)),
    )


def population_centers(
    blocks: Table, *, population: str = "population_n", level: str = "tract"
) -> pd.DataFrame:
    """Return population-weighted centers of areas, from the blocks inside them.

    Parameters
    ----------
    blocks
        By block id (15 digits, or any level below ``level``): geometry or ``lon`` and ``lat``,
        and a count of people.
    population
        Its column.
    level
        Level of the result.

    Returns
    -------
    DataFrame
        ``lon`` and ``lat`` (degrees) by area id, and ``population_n``. Areas where nobody lives
        are left out: a polygon's own center has to serve.

    Raises
    ------
    InputError
        For a negative or missing count.

    Notes
    -----
    The mean is taken of the points as vectors on the unit sphere and put back on its surface, so
    it needs no projection and no care at the antimeridian.

    Examples
    --------
    >>> import pandas as pd
    >>> blocks = pd.DataFrame(
    ...     {"lon": [-78.0, -77.0], "lat": [38.0, 38.0], "population_n": [30.0, 10.0]},
    ...     index=["510010901011000", "510010901011001"])
    >>> population_centers(blocks, level="tract").round(2).to_numpy().tolist()
    [[-77.75, 38.0, 40.0]]
    """
    from equity.areas.geoid import parent

    if level not in _MADE_OF_BLOCKS:
        raise InputError(
            f"the id of a block does not tell its {level}", fix=f"use {', '.join(_MADE_OF_BLOCKS)}"
        )
    places = locate(blocks, role="blocks")
    if population not in blocks.columns:
        raise MissingColumnError(
            f"the blocks have no column {population}", fix="name it in population="
        )
    people = aligned(blocks[population], places.ids, what="population", of="blocks")
    lost = ~places.known & (people > 0)
    if lost.any():
        raise InputError(
            "blocks where people live have no location",
            rows=places.ids[lost][:5].tolist(),
            count=int(lost.sum()),
        )
    use = people > 0
    parts = unit_vectors(places.lon[use], places.lat[use]) * people[use, None]
    frame = pd.DataFrame(parts, columns=["x", "y", "z"]).assign(population_n=people[use])
    total = frame.groupby(np.asarray(parent(places.ids[use], level))).sum()
    total.index.name = "geoid"
    centers = pd.DataFrame(
        {
            "lon": np.degrees(np.arctan2(total["y"], total["x"])),
            "lat": np.degrees(np.arctan2(total["z"], np.hypot(total["x"], total["y"]))),
            "population_n": total["population_n"],
        }
    )
    return provenance.carry(centers, blocks, level=level)


def _given(*inputs: Table | pd.Series | None) -> list[Table | pd.Series]:
    """Return the inputs that were given: the result keeps the record of each."""
    return [item for item in inputs if item is not None]


class _Search:
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


def _with_location(places: Places) -> tuple[Places, int]:
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


def _check_limits(radius_km: float | None, max_minutes: float | None, *, from_table: bool) -> None:
    given = {"radius_km": radius_km, "max_minutes": max_minutes}
    stated = {name: value for name, value in given.items() if value is not None}
    if len(stated) > 1 or (not stated and not from_table):
        raise InputError(
            f"{'both' if stated else 'neither'} radius_km and max_minutes given",
            fix="give one: costs are then in km or in estimated minutes",
        )
    for name, value in stated.items():
        checked_number(value, name)
