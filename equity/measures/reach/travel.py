"""How far care is: nearest site, and sparse travel costs from people to sites.

Great-circle distances over the sphere, times a documented detour factor and speeds by rurality
(:mod:`equity.measures.reach._speeds`); minutes on real roads (:mod:`equity.measures.reach.roads`);
or a user's own travel-time table. Sites across the state line count: pass all of them. Never planar
degrees, never Web Mercator.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from equity import provenance
from equity.errors import InputError
from equity.language import said, together
from equity.measures.checks import checked_number
from equity.measures.reach._speeds import (
    DETOUR_FACTOR,
    ROAD_KMH,
    ROADS,
    Roads,
    TravelEstimate,
    roads_of,
    travel_estimate,
)
from equity.measures.reach._straight import StraightSearch, nearest_straight, with_location
from equity.measures.reach._travel_table import read_travel_table
from equity.measures.reach.costs import Streamed, TravelCosts, hold
from equity.measures.reach.places import (
    Floats,
    Places,
    Table,
    checked_ids,
    great_circle_km,
    locate,
)
from equity.measures.reach.roads import (
    OFF_ROAD_KMH,
    ROAD_MINUTES,
    RoadGraph,
    RoadSearch,
    nearest_by_road,
    road_graph,
    to_roads,
)

__all__ = [
    "DETOUR_FACTOR",
    "PAIRS_KEPT",
    "ROADS",
    "ROAD_KMH",
    "TRAVEL_METHODS",
    "RoadGraph",
    "Roads",
    "TravelCosts",
    "TravelEstimate",
    "nearest_sites",
    "travel_costs",
    "travel_estimate",
]

PAIRS_KEPT = 8_000_000
"""Pairs that :func:`travel_costs` keeps in memory unless it is told to."""

TRAVEL_METHODS = ("great_circle", "roads")
"""How travel is measured: estimated from straight lines, or along the roads of the map."""

_BY_ROAD = said(
    "Minutes are those of the quickest way by road, and of a straight line at {kmh} km/h to the "
    "roads and from them; without traffic",
    kmh=f"{OFF_ROAD_KMH:g}",
)
_log = logging.getLogger("equity.measures.reach.travel")


def nearest_sites(
    areas: Table,
    sites: Table,
    *,
    method: str = "great_circle",
    centers: Table | None = None,
    rurality: pd.Series | None = None,
    roads: Roads | RoadGraph | str | None = None,
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
    method
        A name in :data:`TRAVEL_METHODS`: ``great_circle`` (minutes estimated from the straight
        line) or ``roads`` (the quickest way over real roads).
    centers
        Population-weighted centers by area id (:func:`population_centers`), used in place of the
        polygons' own centers where they are listed.
    rurality
        Series that lists every area: a class of ``roads.kmh`` or a primary RUCA code, missing
        where it is unknown; a column of ``areas`` does. None: unknown. Not with ``roads``.
    roads
        For ``great_circle``: detour factor and road speeds, or a name in :data:`ROADS`; the
        documented default if None. For ``roads``: the roads, from :func:`equity.read_roads`.

    Returns
    -------
    DataFrame
        By the index of ``areas``: ``nearest_site_km`` (great-circle km), ``nearest_site_min``
        (minutes one way, estimated or by road), ``nearest_site_id`` (of several at the same point
        the first by name) and ``nearest_site_status`` (``ok``; ``not_computable`` for an area
        without a location; by road also ``not_covered`` where no road is near and
        ``no_supply_in_reach`` where none leads to a site). :func:`travel_estimate` of it says how
        far the minutes may be off.

    Raises
    ------
    InputError
        If there is no site with a location, an id repeats, coordinates are swapped, at (0, 0),
        out of range or without a coordinate system, or the roads are those of another place.

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
    by_road = _checked_method(method, roads, rurality)
    here = locate(areas, role="areas", centers=centers)
    there, unlocated = with_location(locate(sites, role="sites"))
    if by_road is not None:
        start, end, notes = to_roads(by_road, here, there)
        minutes, nearest = nearest_by_road(by_road, start, end, there.ids)
        km = great_circle_km(here, Places(here.ids, there.lon[nearest], there.lat[nearest]))
        status = np.select(
            [~here.known, ~start.known, ~np.isfinite(minutes)],
            ["not_computable", "not_covered", "no_supply_in_reach"],
            default="ok",
        )
        estimate, note = ROAD_MINUTES, _BY_ROAD
        km, minutes = (np.where(status == "ok", values, np.nan) for values in (km, minutes))
    else:
        km, nearest = nearest_straight(here, there)
        used, per_km = _speeds(roads, rurality, areas, here)
        minutes, status = used.minutes(km, per_km), np.where(here.known, "ok", "not_computable")
        estimate, note, notes = used.estimate, used.note(), []
    result = pd.DataFrame(
        {
            "nearest_site_km": km,
            "nearest_site_min": minutes,
            "nearest_site_id": pd.Series(there.ids[nearest], index=here.ids).where(status == "ok"),
            "nearest_site_status": status,
        },
        index=areas.index,
    )
    notes.insert(0, note)
    if centers is not None:
        weighted = int(here.ids.isin(centers.index).sum())
        notes.append(
            said(
                "Measured from population-weighted centers in {n} of {all} areas, from the "
                "polygon's own in the others",
                n=f"{weighted:,}",
                all=f"{len(here.ids):,}",
            )
        )
    if unlocated:
        notes.append(
            said("{n} sites without a location could not be nearest to anybody", n=f"{unlocated:,}")
        )
        _log.warning(notes[-1])
    estimate.stamp(result)
    return provenance.carry(result, *_given(areas, sites, centers, rurality, by_road), notes=notes)


def travel_costs(
    areas: Table,
    sites: Table,
    *,
    radius_km: float | None = None,
    max_minutes: float | None = None,
    method: str = "great_circle",
    centers: Table | None = None,
    rurality: pd.Series | None = None,
    roads: Roads | RoadGraph | str | None = None,
    table: pd.DataFrame | str | Path | None = None,
    origin: str | None = None,
    destination: str | None = None,
    cost: str | None = None,
    unit: str | None = None,
    unlisted: str = "not_covered",
    keep: bool | None = None,
) -> TravelCosts:
    """Measure or read the cost of travel from people to the sites within reach.

    Either ``radius_km`` (costs are great-circle km), or ``max_minutes`` (costs are minutes,
    estimated or by road), or a ``table`` of one's own (costs in its unit: km, minutes, or the
    weights themselves).

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
    method, centers, rurality, roads
        As in :func:`nearest_sites`. With a ``table`` nothing is measured: neither ``method`` nor
        ``rurality`` nor ``roads`` is taken.
    table
        DataFrame, or path of a CSV (also compressed) or Parquet file: one row a pair. An empty
        cost says that the pair cannot be traveled.
    origin, destination, cost
        Columns of ``table``. The origin is where *people* are; the direction is never guessed.
    unit
        Unit of ``cost``: ``min``, ``s``, ``h``, ``km``, ``m`` or ``mi``; ``weight`` where it is
        the weight of the pair in a catchment, of 0 or more.
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
        if method != "great_circle" or roads is not None or rurality is not None:
            raise InputError(
                "a table says what trips cost, and method, roads or rurality how to measure them",
                fix="give table, or method, roads and rurality",
            )
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
    by_road = _checked_method(method, roads, rurality)
    here = locate(areas, role="areas", centers=centers)
    there = locate(sites, role="sites")
    most, listed, pairs = None if keep else PAIRS_KEPT, here.known, None
    if by_road is not None:
        if max_minutes is None:
            raise InputError("trips by road cost minutes", fix="give max_minutes, not radius_km")
        start, end, notes = to_roads(by_road, here, there)
        limit, estimate, listed = float(max_minutes), ROAD_MINUTES, start.known
        note = together([_BY_ROAD, *notes])
        pairs = RoadSearch(by_road, start, end, limit).pairs(most=most, keep=keep)
    else:
        if max_minutes is not None:
            used, per_km = _speeds(roads, rurality, areas, here)
            limit, note, estimate = float(max_minutes), used.note(), used.estimate
        else:
            # A km costs a km.
            used, per_km, estimate = Roads(), np.ones(len(here.ids)), None
            limit, note = float(radius_km or 0.0), said("Travel cost: great-circle km")
        search = StraightSearch(here, there, used, per_km, limit)
        held = None if keep is False else hold(search(), len(here.ids), most=most)
        pairs = Streamed(search) if held is None else held
    return TravelCosts(
        here.ids,
        there.ids,
        "km" if max_minutes is None else "min",
        limit,
        pairs,
        listed,
        estimate=estimate,
        note=note,
        record=provenance.carry(pd.DataFrame(), *_given(areas, sites, centers, rurality, by_road)),
    )


def _given(*inputs: Table | pd.Series | RoadGraph | None) -> list[Table | pd.Series]:
    """Return the inputs that were given: the result keeps the record of each."""
    return [
        provenance.stamp(pd.DataFrame(), sources=item.sources, notes=item.notes)
        if isinstance(item, RoadGraph)
        else item
        for item in inputs
        if item is not None
    ]


def _checked_method(
    method: str, roads: Roads | RoadGraph | str | None, rurality: pd.Series | None
) -> RoadGraph | None:
    """Return the roads to travel on, or None where a straight line stands for them."""
    if method not in TRAVEL_METHODS:
        raise InputError(f"no method {method!r}", fix=f"use one of {', '.join(TRAVEL_METHODS)}")
    if method == "great_circle":
        return None
    if rurality is not None:
        raise InputError(
            "rurality makes no difference to minutes by road", fix="leave it out, or the roads"
        )
    return road_graph(roads)


def _speeds(
    roads: Roads | RoadGraph | str | None,
    rurality: pd.Series | None,
    areas: Table,
    here: Places,
) -> tuple[Roads, Floats]:
    """Return the speeds of an estimate, and minutes per km for each area."""
    if isinstance(roads, RoadGraph):
        raise InputError("roads were given, and no trip follows them", fix='add method="roads"')
    used, vintage = roads_of(roads), provenance.meta(areas).geo_vintage
    return used, used.minutes_per_km(rurality, here.ids, geo_vintage=vintage)


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
