"""Whether longitudes and latitudes can be those of the United States, and what is wrong if not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from equity.errors import InputError
from equity.sources.area_rows import row_labels

__all__ = ["in_the_us", "refuse_elsewhere", "refuse_turned"]

_BOXES = (
    (-180.0, -15.0, -64.0, 72.0),  # the states, the Caribbean and American Samoa
    (130.0, 0.0, 175.0, 21.0),  # Guam, the Northern Marianas, the freely associated states
    (172.0, 51.0, 180.0, 54.0),  # the Aleutians beyond the date line
)
"""West, south, east, north of where the country and its territories lie, in degrees."""


def in_the_us(lon: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return True for points in the United States, its territories and associated states.

    Parameters
    ----------
    lon, lat
        Degrees; missing ones lie nowhere.
    """
    x, y = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    inside = np.zeros(x.shape, dtype=bool)
    for west, south, east, north in _BOXES:
        inside |= (west <= x) & (x <= east) & (south <= y) & (y <= north)
    return inside


def refuse_elsewhere(
    lon: pd.Series, lat: pd.Series, rows: pd.Index, path: str | Path, *, noun: str
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
    lon: pd.Series, lat: pd.Series, rows: pd.Index, path: str | Path, *, noun: str
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
    for right, what, fix in (
        (in_the_us(y, x), "latitude and longitude swapped", "exchange the two columns"),
        (in_the_us(-x, y), "a longitude without its minus sign", "write west as negative"),
    ):
        bad = ~good & right
        if bad.any():
            raise InputError(
                f"{int(bad.sum()):,} {noun} have {what}",
                file=path,
                rows=row_labels(rows, bad),
                fix=fix,
            )
