"""From small areas to large ones: counties, states, the service area of a grant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from equity import provenance
from equity.areas._table import Medians, move
from equity.areas._unknown import Unknown
from equity.areas.geoid import LEVELS, parent
from equity.areas.inside import cut_by_blocks, cut_by_land
from equity.areas.relationship import Relationship, relationship
from equity.areas.schema import base_name, describe
from equity.areas.table import level_of, refuse_duplicates
from equity.areas.vintage import check_vintage, required_vintage
from equity.errors import GeoidError, InputError
from equity.language import said

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    Where: TypeAlias = (
        str
        | Collection[str]
        | pd.Index
        | pd.Series
        | BaseGeometry
        | gpd.GeoSeries
        | gpd.GeoDataFrame
    )

__all__ = ["roll_up", "service_area", "spread"]

_UP = {
    "block": ("block_group", "tract", "county", "state", "nation"),
    "block_group": ("tract", "county", "state", "nation"),
    "tract": ("county", "state", "nation"),
    "county": ("state", "nation"),
    "state": ("nation",),
}


def roll_up(
    table: pd.DataFrame | gpd.GeoDataFrame,
    level: str | pd.Series | Mapping[str, str],
    *,
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
    unknown: Unknown = "partial",
) -> pd.DataFrame:
    """Add small areas up to the larger ones that hold them, with margins.

    Counts are added; shares are rebuilt from their parts where both are in the table; what neither
    adds up nor can be rebuilt (medians, distances, text, flags) stays behind, and a note says so.

    Parameters
    ----------
    table
        Area table of blocks, block groups, tracts, counties or states.
    level
        ``block_group``, ``tract``, ``county``, ``state`` or ``nation`` (one row, ``US``); or the
        group of every area, by its id: microdata areas, metropolitan areas, districts of one's
        own. An area whose group is missing is left out and counted in a note.
    counts, ratios, medians, drop, zero_rule
        See `equity.crosswalk`. A published margin of the larger area is always
        better than a computed one: components covary.
    unknown
        What an area with people but without a value does: ``partial`` (the sum is of the others,
        and its ``_status`` says ``partial``) or ``missing``; see `equity.crosswalk`, also for
        areas where nobody lives.

    Returns
    -------
    DataFrame
        One row a larger area, by id. A sum that is partial without being marked does not occur;
        where it is not known whether anybody lives in an area without a value, it is missing.

    Raises
    ------
    InputError
        If the level does not hold the table's areas, or nothing in the table adds up.
    GeoidError
        If the groups do not name every area, or name one twice.

    Examples
    --------
    >>> from equity.areas.table import area_table
    >>> tracts = pd.DataFrame(
    ...     {"id": ["51001090101", "51001090102"], "locations_n": [120.0, 80.0]})
    >>> table = area_table(tracts, "id", level="tract", geo_vintage="2020")
    >>> roll_up(table, "county")["locations_n"].to_dict()
    {'51001': 200.0}
    """
    have = level_of(table)
    refuse_duplicates(table.index, "the table")
    vintage = required_vintage(provenance.meta(table).geo_vintage, name="the table")
    check_vintage(table.index, level=have, geo_vintage=vintage)
    ids = pd.Series(table.index, dtype=object)
    if isinstance(level, str):
        if level not in _UP.get(have, ()):
            raise InputError(
                f"{have} areas do not make up {level} areas",
                fix="use a relationship file with equity.crosswalk (ZCTAs), a polygon with "
                "equity.service_area, or give the group of every area",
            )
        target = pd.Series("US", ids.index) if level == "nation" else parent(ids, level)
        kind, notes = level, list[str]()
    else:
        target, notes = _groups(ids, pd.Series(level, dtype=object))
        kind = "service_area"
    links = pd.DataFrame({"source": ids, "target": target, "area": 1.0})[target.notna()]
    nested = Relationship(links, have, kind, vintage, vintage)
    chosen = provenance.carry(table.loc[target.notna().to_numpy()], table, notes=notes)
    return move(
        chosen,
        nested,
        to=vintage,
        counts=counts,
        ratios=ratios,
        medians=medians,
        drop=drop,
        zero_rule=zero_rule,
        unknown=unknown,
        leave_rest=True,
    )


def _groups(ids: pd.Series, groups: pd.Series) -> tuple[pd.Series, list[str]]:
    """Return the group of each id, and how many have none."""
    refuse_duplicates(groups.index, "the groups")
    lost = ids[~ids.isin(groups.index)]
    if len(lost):
        raise GeoidError(
            f"{len(lost):,} areas have no group",
            rows=lost,
            fix="name every area of the table; give None to those that belong to none",
        )
    found = ids.map(groups)
    out = int(found.isna().sum())
    return found.map(str, na_action="ignore"), [f"{out:,} areas belong to no group"] * bool(out)


def spread(
    table: pd.DataFrame | gpd.GeoDataFrame, areas: pd.DataFrame | gpd.GeoDataFrame
) -> pd.DataFrame:
    """Give every small area the value of the larger one that holds it.

    Only what may be said of a part as of the whole: shares, rates, classes, names. A count of
    the larger area is refused.

    Parameters
    ----------
    table
        Area table of the larger areas (counties, states, tracts).
    areas
        Area table whose rows are wanted (tracts, block groups).

    Returns
    -------
    DataFrame
        The columns of `table` in the rows of `areas`; missing where `table` has no such area.

    Raises
    ------
    InputError
        If a column is a count, or `table` does not hold the areas.
    """
    large, small = level_of(table), level_of(areas)
    refuse_duplicates(table.index, "the table")
    if large not in _UP.get(small, ()):
        raise InputError(f"{small} areas do not lie in {large} areas")
    for item in (table, areas):
        vintage = required_vintage(provenance.meta(item).geo_vintage, name="the table")
        check_vintage(item.index, level=level_of(item), geo_vintage=vintage)
    added = [c.name for c in describe(map(str, table.columns)) if c.is_count]
    added = [name for name in added if base_name(name) == name]
    if added:
        raise InputError(
            f"counts of a {large} are not those of each of its parts: {', '.join(added[:5])}",
            fix="drop them, or divide by population first",
        )
    frame = pd.DataFrame(table).drop(columns="geometry", errors="ignore")
    ids = parent(pd.Series(areas.index, dtype=object), large)
    result = frame.reindex(ids.to_numpy())
    result.index = pd.Index(areas.index, name="geoid")
    known = provenance.meta(areas)
    note = said("values of the {large} given to each {small}", large=large, small=small)
    result = provenance.carry(result, table, notes=[note])
    return provenance.stamp(
        result,
        level=small,
        geo_vintage=known.geo_vintage,
        sources=provenance.meta(result).sources,
        notes=provenance.meta(result).notes,
    )


def service_area(
    table: pd.DataFrame | gpd.GeoDataFrame,
    where: Where,
    *,
    blocks: pd.DataFrame | None = None,
    name: str = "service area",
    crs: str = "EPSG:4269",
    counts: Mapping[str, str] | None = None,
    ratios: Mapping[str, tuple[str, str]] | None = None,
    medians: Medians | None = None,
    drop: Collection[str] = (),
    zero_rule: bool = True,
    unknown: Unknown = "partial",
) -> pd.DataFrame:
    """Add areas up to a list of ids or to polygons, with margins.

    Areas partly inside a polygon count by the people (or homes) of the blocks whose interior
    point lies in it; without blocks by land, which is said in the notes.

    Parameters
    ----------
    table
        Area table; with its own geometry if `where` is a polygon and no blocks are given.
    where
        Ids of the table's level or of a level above (counties), a geometry, or a GeoDataFrame
        with one named polygon a row (its index).
    blocks
        Blocks of the table's vintage, from `equity.read_blocks`: index block id, `lon`, `lat`
        (degrees, NAD83), `population_n` and/or `housing_n`.
    name
        Row label of a list of ids or a bare geometry.
    crs
        Coordinates of a bare geometry.
    counts, ratios, medians, drop, zero_rule, unknown
        See `equity.roll_up`.

    Returns
    -------
    DataFrame
        One row a service area. `crosswalk_status` says whether it is made of whole areas.

    Raises
    ------
    GeoidError
        If an id of the list is not in the table.
    InputError
        If a polygon touches no area, or there is nothing to divide areas by.
    """
    level = level_of(table)
    refuse_duplicates(table.index, "the table")
    vintage = required_vintage(provenance.meta(table).geo_vintage, name="the table")
    rows = []
    for label, piece in _wanted(where, name, crs):
        if isinstance(piece, list):
            links = _by_ids(table, piece, level, label)
        elif blocks is not None:
            links = cut_by_blocks(piece, blocks, level, label)
        else:
            links = cut_by_land(table, piece, label)
        bases = {"population": "people of blocks", "housing": "homes of blocks", "area": "land"}
        parts = relationship(
            links,
            source_level=level,
            target_level="service_area",
            source_vintage=vintage,
            target_vintage=vintage,
            bases=bases,
        )
        inside = links.loc[links["target"] == label, "source"]
        mine = table.loc[table.index.isin(inside)]
        if not len(mine):
            raise InputError(f"{label} touches none of the table's areas", fix="check its place")
        moved = move(
            mine,
            parts,
            to=vintage,
            counts=counts,
            ratios=ratios,
            medians=medians,
            drop=drop,
            zero_rule=zero_rule,
            unknown=unknown,
            leave_rest=True,
        )
        rows.append(moved.loc[[label]])
    result = pd.concat(rows)
    result.index.name = "service_area"
    notes = [note for row in rows for note in provenance.meta(row).notes]
    known = provenance.meta(rows[0])
    return provenance.stamp(
        result,
        level="service_area",
        geo_vintage=vintage,
        sources=known.sources,
        notes=notes,
    )


def _wanted(where: Where, name: str, crs: str) -> list[tuple[str, Any]]:
    """Named pieces: a list of ids, or a geometry as a GeoSeries of one."""
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    if isinstance(where, gpd.GeoDataFrame | gpd.GeoSeries):
        if isinstance(where, gpd.GeoDataFrame) and where.active_geometry_name is None:
            raise InputError("the polygons have no geometry", fix="name it with set_geometry")
        if where.crs is None:
            raise InputError("the polygons do not say their coordinates", fix="set their crs")
        shapes = where.geometry
        refuse_duplicates(pd.Index(shapes.index.astype(str)), "the polygons")
        return [(str(label), shapes.loc[[label]]) for label in shapes.index]
    if isinstance(where, BaseGeometry):
        return [(name, gpd.GeoSeries([where], crs=crs))]
    if isinstance(where, str):
        return [(name, [where])]
    if isinstance(where, Sequence | pd.Index | pd.Series | np.ndarray | set | frozenset):
        return [(name, sorted({str(geoid) for geoid in where}))]
    raise InputError("give a list of ids, a geometry or a GeoDataFrame of polygons")


def _by_ids(table: pd.DataFrame, ids: list[str], level: str, label: str) -> pd.DataFrame:
    have = pd.Series(table.index, dtype=object)
    lengths = {LEVELS[up] for up in ("state", *_UP.get(level, ())) if LEVELS[up]} | {LEVELS[level]}
    chosen = np.zeros(len(have), dtype=bool)
    lost = []
    for geoid in ids:
        hit = have.str.startswith(geoid) if len(geoid) in lengths else have == geoid
        if not hit.any():
            lost.append(geoid)
        chosen |= hit.to_numpy(dtype=bool)
    if lost:
        raise GeoidError(
            "ids are not in the table", rows=lost, fix="check their spelling and vintage"
        )
    return pd.DataFrame({"source": have[chosen], "target": label, "area": 1.0})
