"""Whether longitudes and latitudes can be where they are said to be, and what is wrong if not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.areas.geoid import LEVELS, STATES
from equity.areas.words import row_labels
from equity.errors import InputError

__all__ = [
    "coordinate_pairs",
    "in_the_us",
    "refuse_elsewhere",
    "refuse_other_state",
    "refuse_turned",
]

_ASSOCIATED = (130.0, 0.0, 175.0, 21.0)
"""West, south, east, north of the freely associated states, in degrees."""
_MARGIN = 1.0
"""Degrees around a state's box: for its waters, and for lines drawn coarsely."""
_APART = {"nation", "zcta"}
"""Levels whose ids name no state."""
Floats = npt.NDArray[np.float64]
_LON = re.compile(r"(?:(.*)_)?(?:lon|lng|longitude)(?:_(.*))?", re.IGNORECASE)
_LAT = re.compile(r"(?:(.*)_)?(?:lat|latitude)(?:_(.*))?", re.IGNORECASE)


def in_the_us(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return True for points in the United States, its territories and associated states.

    Parameters
    ----------
    lon, lat
        Degrees; missing ones lie nowhere.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    west, south, east, north = _ASSOCIATED
    inside = (west <= x) & (x <= east) & (south <= y) & (y <= north)
    for box in _boxes().to_numpy():
        inside |= _inside(x, y, box[None])
    return inside


def refuse_elsewhere(
    lon: pd.Series, lat: pd.Series, rows: pd.Index, path: str | Path | None, *, noun: str
) -> None:
    """Refuse known points outside the United States, its territories and associated states.

    Parameters
    ----------
    lon, lat
        Degrees.
    rows
        What errors call the points.
    path, noun
        For errors.

    Raises
    ------
    InputError
        Naming them; where the axes or the sign are turned, saying so.
    """
    refuse_turned(lon, lat, rows, path, noun=noun)
    bad = ~in_the_us(lon, lat) & (lon.notna() | lat.notna()).to_numpy()
    if bad.any():
        x, y = lon[bad].iloc[0], lat[bad].iloc[0]
        raise InputError(
            f"{int(bad.sum()):,} {noun} lie outside the United States, the first at {x:g}, {y:g}",
            file=path,
            rows=row_labels(rows, bad),
            fix="check the coordinates and the coordinate reference system that the file names",
        )


def refuse_turned(
    lon: pd.Series, lat: pd.Series, rows: pd.Index, path: str | Path | None, *, noun: str
) -> None:
    """Refuse points that lie in the United States once their axes or their sign are turned.

    Parameters
    ----------
    lon, lat
        Degrees.
    rows
        What errors call the points.
    path, noun
        For errors.

    Raises
    ------
    InputError
        Saying which of the two it is.
    """
    x, y = lon.to_numpy(dtype=float), lat.to_numpy(dtype=float)
    good = in_the_us(x, y)
    if good.all():
        return
    other = in_the_us(-x, y)
    for right, what, fix in (
        (in_the_us(y, x), "latitude and longitude swapped", "exchange the two columns"),
        (other & (x > 0), "a longitude without its minus sign", "write west as negative"),
        (other & (x < 0), "a longitude with a minus sign too many", "write east as positive"),
    ):
        bad = ~good & right
        if bad.any():
            raise InputError(
                f"{int(bad.sum()):,} {noun} have {what}",
                file=path,
                rows=row_labels(rows, bad),
                fix=fix,
            )


def coordinate_pairs(names: Iterable[object]) -> list[tuple[str, str]]:
    """Return the columns that are called longitude and latitude of one thing.

    Examples
    --------
    >>> coordinate_pairs(["intpt_lat", "intpt_lon", "colony_n", "lon"])
    [('intpt_lon', 'intpt_lat')]
    """
    words = [name for name in names if isinstance(name, str)]
    lats = {found.groups(): name for name in words if (found := _LAT.fullmatch(name))}
    lons = {found.groups(): name for name in words if (found := _LON.fullmatch(name))}
    return [(name, lats[of]) for of, name in lons.items() if of in lats]


@cache
def _boxes() -> pd.DataFrame:
    text = (resources.files(__package__) / "state_boxes.toml").read_text(encoding="utf-8")
    names = ["west", "south", "east", "north"]
    return pd.DataFrame.from_dict(tomllib.loads(text), orient="index", columns=names)


def _inside(x: Floats, y: Floats, boxes: Floats) -> npt.NDArray[np.bool_]:
    """Return True for points in their boxes, or near them."""
    west, south, east, north = boxes.T
    # Alaska is counted on beyond the date line, where points are said to be in the east.
    x = np.where((x > 0) & (east < 0), x - 360, x)
    inside: npt.NDArray[np.bool_] = (west - _MARGIN <= x) & (x <= east + _MARGIN)
    inside &= (south - _MARGIN <= y) & (y <= north + _MARGIN)
    return inside


def refuse_other_state(
    lon: pd.Series,
    lat: pd.Series,
    geoids: pd.Index,
    path: str | Path | None,
    *,
    level: str,
    noun: str,
) -> None:
    """Refuse points far outside the state that the ids of their areas name.

    Parameters
    ----------
    lon, lat
        Degrees; a missing one lies nowhere and is not looked at.
    geoids
        Ids of the areas.
    path, noun
        For errors.
    level
        Level of the areas; ids of some name no state.

    Raises
    ------
    InputError
        Naming the areas.

    References
    ----------
    U.S. Census Bureau. Cartographic boundary files, 2018.
    """
    if level not in LEVELS or level in _APART:
        return
    boxes = _boxes().reindex(geoids.str[:2]).to_numpy()
    x, y = lon.to_numpy(dtype=float), lat.to_numpy(dtype=float)
    looked_at = ~np.isnan(x) & ~np.isnan(y) & ~np.isnan(boxes[:, 0])
    bad = looked_at & ~_inside(x, y, boxes)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        state = STATES[geoids[first][:2]].name
        raise InputError(
            f"{int(bad.sum()):,} {noun} lie outside the state of their ids, the first at "
            f"{lon.iloc[first]:g}, {lat.iloc[first]:g}, which is not in {state}",
            file=path,
            rows=geoids[bad],
            fix="check that ids and coordinates belong together: one of the two was sorted or "
            "pasted without the other",
        )
