"""What lies where: the area that holds a point, and how much of an area lies in other lands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from equity import provenance
from equity.areas.table import refuse_duplicates
from equity.errors import InputError
from equity.language import said

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["area_of", "land_within"]

_EQUAL_AREA = "EPSG:5070"  # equal-area beyond the conterminous states too
_BORDER = 1e-9  # of an area: less is a shared border, drawn twice


def area_of(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    """Return the area that holds each point.

    Parameters
    ----------
    points
        By id, in any coordinate system that is stated.
    areas
        Polygons by geoid, likewise.

    Returns
    -------
    pandas.Series
        By the index of `points`: the geoid, the first by name where a point lies on a border;
        missing where a point lies in none or has no place, which a note counts.

    Raises
    ------
    InputError
        If a table does not say its coordinate system.
    GeoidError
        If an area is listed twice.
    """
    _check(points, "the points")
    crs = _check(areas, "the areas")
    ordered = areas[["geometry"]].sort_index()
    here = points.geometry.to_crs(crs)
    point, area = ordered.sindex.query(here, predicate="intersects", sort=True)
    first = np.unique(point, return_index=True)[1]
    found = pd.Series(None, index=points.index, dtype=object, name="geoid")
    found.iloc[point[first]] = ordered.index[area[first]]
    lost = int(found.isna().sum())
    notes = (
        [said("{n} of {all} places lie in none of the areas", n=f"{lost:,}", all=f"{len(found):,}")]
        if lost
        else []
    )
    return provenance.carry(found, points, areas, notes=notes)


def land_within(areas: gpd.GeoDataFrame, lands: gpd.GeoDataFrame, *, name: str) -> pd.DataFrame:
    """Return how much of each area lies in some lands, and which these are.

    Parameters
    ----------
    areas
        Area table with polygons, in any coordinate system that is stated.
    lands
        Polygons with a column ``name``, likewise; they may overlap.
    name
        Stem of the new columns, for example ``"tribal_land"``.

    Returns
    -------
    pandas.DataFrame
        The areas that have a polygon: ``<name>_share`` of it (0 to 1, land and water) and
        ``<name>``, the names of the lands, the largest part first; empty text where there is none.

    Raises
    ------
    InputError
        If a table does not say its coordinate system.
    GeoidError
        If an area is listed twice.
    """
    _check(areas, "the areas")
    _check(lands, "the lands")
    placed = areas[areas.geometry.notna()].geometry.to_crs(_EQUAL_AREA).make_valid()
    there = lands.geometry.to_crs(_EQUAL_AREA).make_valid()
    area, land = there.sindex.query(placed, predicate="intersects")
    whole = placed.area
    pieces = placed.iloc[area].intersection(there.iloc[land], align=False)
    parts = pd.DataFrame(
        {"area": pieces.index, "name": lands["name"].to_numpy()[land], "size": pieces.area}
    )
    inside = pieces.area.to_numpy() > whole.to_numpy()[area] * _BORDER
    covered = {
        geoid: shapely.union_all(some.to_numpy()).area
        for geoid, some in pieces[inside].groupby(level=0)
    }
    share = pd.Series(covered, index=placed.index, dtype=float) / whole
    named = parts[inside].sort_values(["size", "name"], ascending=[False, True])
    names = {geoid: "; ".join(dict.fromkeys(some)) for geoid, some in named.groupby("area")["name"]}
    result = pd.DataFrame(
        {
            f"{name}_share": share.fillna(0.0).clip(upper=1.0),
            name: [names.get(geoid, "") for geoid in placed.index],
        },
        index=placed.index,
    )
    return provenance.carry(result, areas, lands)


def _check(table: Any, what: str) -> Any:
    if table.crs is None:
        raise InputError(f"{what} do not say their coordinate system", fix="set_crs first")
    refuse_duplicates(table.index, what)
    return table.crs
