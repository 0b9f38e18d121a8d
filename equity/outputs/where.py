"""Which area of a table holds a point, or a town: the names that the map finds, found in words."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from equity.errors import InputError
from equity.outputs import _rows
from equity.outputs._places import holders, places_in

__all__ = ["POINT", "area_at", "towns_of"]

_KM = 111.195  # of a degree of latitude
POINT = (
    "write degrees with a comma between, latitude (-90 to 90) first, then longitude "
    "(-180 to 180): --at 37.54,-77.44"
)
"""How a point is written, for an error."""


def towns_of(areas: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the towns inside areas: name, id of the area that holds its point.

    Parameters
    ----------
    areas
        Index ``geoid``; polygons in longitude and latitude.
    """
    there = areas[~_rows.without_polygon(areas)]
    if not len(there):
        return []
    ids = there.index.astype(str)
    return [(one[0], ids[one[5]]) for one in places_in(there.geometry.to_numpy())]


def area_at(areas: gpd.GeoDataFrame, latitude: float, longitude: float) -> str:
    """Return the id of the area that holds a point in degrees.

    Raises
    ------
    InputError
        If no area does; it names the nearest one, and says if the two numbers were swapped or
        are those of no place on Earth.
    """
    there = areas[~_rows.without_polygon(areas)]
    if not len(there):
        raise InputError("no area of the run has a polygon", fix="name the place by its id")
    shapes, ids = there.geometry.to_numpy(), there.index.astype(str)
    straight, swapped = holders(shapes, [(longitude, latitude), (latitude, longitude)])
    if straight >= 0:
        return str(ids[straight])
    what = f"{latitude:g},{longitude:g} lies in no area of the run"
    if swapped >= 0:
        raise InputError(what, fix=f"latitude comes first: --at {longitude:g},{latitude:g}")
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise InputError(f"{latitude:g},{longitude:g} is no latitude and longitude", fix=POINT)
    away = shapely.distance(shapes, shapely.Point(longitude, latitude))
    nearest = int(np.argmin(away))
    name, place = _rows.texts(there, "name")[nearest], _rows.places(there)[nearest]
    raise InputError(
        what,
        fix=f"the nearest area is {name} ({place}), about {away[nearest] * _KM:,.0f} km away",
    )
