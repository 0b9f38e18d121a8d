"""The names on a map: of counties, towns, ZIP codes and sites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from equity.areas.geoid import STATES
from equity.areas.words import number
from equity.language import tr
from equity.outputs import _pack, _places, _rows

if TYPE_CHECKING:
    import geopandas as gpd

    from equity.outputs._payload import View

__all__ = ["kinds_of", "names_of"]

#: More sites than this are summed by squares before they go into the page.
MOST_SITES = 5000


def names_of(
    view: View,
    outlines: gpd.GeoDataFrame | None,
    sites: gpd.GeoDataFrame | None,
    *,
    sites_label: str,
    real: bool,
) -> dict[str, Any]:
    """Return the names on a map; towns and ZIP codes only where the place is a `real` one."""
    drawn, geoids = view.drawn, [str(g) for g in view.table.index]
    places = _places.places_in(drawn) if real else []
    return {
        "counties": _counties(view.table, outlines),
        "places": [
            (name, round(lat, 3), round(lon, 3), people, state, area)
            for name, lon, lat, people, state, area in places
        ],
        "zips": _places.zips_in(drawn, geoids) if real else [],
        "sites": site_rows(sites, drawn, sites_label),
        "sitesLabel": sites_label,
    }


def _counties(table: pd.DataFrame, outlines: gpd.GeoDataFrame | None) -> list[tuple[Any, ...]]:
    """Return each outline's name, a point inside it, its box (west, east, south, north) and id."""
    if outlines is None or not len(outlines):
        return []
    shapes = _pack.display_geometry(outlines.geometry)
    said = zip((str(g)[:5] for g in table.index), _rows.texts(table, "county_name"), strict=True)
    known = {geoid: name for geoid, name in said if name}
    names = _rows.texts(outlines, "name")
    inside = shapely.point_on_surface(shapes)
    found = []
    for geoid, name, shape, point in zip(outlines.index, names, shapes, inside, strict=True):
        label = known.get(str(geoid)) or _without_state(name, str(geoid))
        if label and not shape.is_empty:
            west, south, east, north = shape.bounds
            box = [round(float(v), 3) for v in (point.y, point.x, west, east, south, north)]
            found.append((label, *box, str(geoid)))
    return found


def _without_state(name: str, geoid: str) -> str:
    """Return the name of a county without its state, which is too long to stand on a map."""
    state = STATES.get(geoid[:2])
    return name.removesuffix(f", {state.name}") if state and len(geoid) > len(state.fips) else name


def site_rows(
    sites: gpd.GeoDataFrame | None, drawn: np.ndarray, label: str
) -> list[tuple[float, float, str, int, int, int]]:
    """Return latitude, longitude, name, kind, how many, and whether it lies inside the areas.

    Those outside count too, and are drawn fainter. Thousands are summed by squares of the map.
    """
    if sites is None or not len(sites):
        return []
    points = _pack.lon_lat(sites.geometry)
    names = _rows.texts(sites, "name", default=[tr("site")] * len(sites))
    if "offers_telehealth" in sites:
        offered = sites["offers_telehealth"].map({True: True}).notna()
        names = [
            tr("{site} (offers telehealth)", site=name) if there else name
            for name, there in zip(names, offered, strict=True)
        ]
    inside = _places.holders(drawn, points) >= 0
    order = kinds_of(sites)
    kinds = [order.index(kind) if kind in order else 0 for kind in _rows.texts(sites, "kind")]
    rows = [
        (round(float(p.y), 5), round(float(p.x), 5), name, kind, 1, int(within))
        for p, name, kind, within in zip(points, names, kinds, inside, strict=True)
        if p.geom_type == "Point" and not p.is_empty
    ]
    return rows if len(rows) <= MOST_SITES else _summed(rows, _pack.span(drawn) / 60, label)


def kinds_of(sites: gpd.GeoDataFrame | None) -> list[str]:
    """Return the kinds of sites that have a mark of their own: the four that are most."""
    if sites is None or "kind" not in sites:
        return []
    kinds = pd.Series([kind for kind in _rows.texts(sites, "kind") if kind], dtype=object)
    return [str(kind) for kind in kinds.value_counts().index[:4]]


def _summed(rows: Sequence[tuple[Any, ...]], cell: float, label: str) -> list[tuple[Any, ...]]:
    frame = pd.DataFrame(rows, columns=["lat", "lon", "name", "kind", "n", "inside"])
    squares = [np.floor(frame["lat"] / cell), np.floor(frame["lon"] / cell)]
    one = frame.groupby(squares).agg(
        lat=("lat", "mean"), lon=("lon", "mean"), name=("name", "first"), kind=("kind", "first"),
        n=("n", "sum"), inside=("inside", "max"),
    )  # fmt: skip
    one["name"] = one["name"].where(one["n"] == 1, [f"{number(n)} {label}" for n in one["n"]])
    return [
        (round(lat, 4), round(lon, 4), name, kind, int(n), inside)
        for lat, lon, name, kind, n, inside in one.itertuples(index=False)
    ]
