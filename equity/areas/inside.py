"""How much of each area lies inside a polygon, and a table cut along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from equity.areas.blocks import block_amounts
from equity.areas.geoid import LEVELS
from equity.areas.relationship import BASES, Relationship
from equity.areas.roles import roles_of
from equity.areas.table import Table
from equity.errors import InputError, MissingColumnError
from equity.provenance import carry

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["OUTSIDE", "cut_by_blocks", "cut_by_land", "parts_of_areas", "shares_inside"]

OUTSIDE = "\x00outside"
"""Where the part of an area goes that lies outside."""
_EQUAL_AREA = "EPSG:6933"  # world-wide, so that Alaska and Hawaii need no case of their own
_DRAWN = ("gap_p05", "gap_p95")
"""Ends of an interval of a count: they have no column of their own to belong to."""


def cut_by_blocks(
    piece: gpd.GeoSeries, blocks: pd.DataFrame, level: str, label: str
) -> pd.DataFrame:
    """Return links from areas to `label` and to `OUTSIDE`, in people and homes of their blocks.

    A block belongs where its interior point lies; only areas with a block inside are listed.

    Raises
    ------
    MissingColumnError
        If the blocks have no point.
    """
    import geopandas as gpd

    if not {"lon", "lat"} <= set(blocks.columns):
        raise MissingColumnError("blocks need lon and lat", fix="use equity.read_blocks")
    points = gpd.GeoSeries.from_xy(blocks["lon"], blocks["lat"], crs="EPSG:4269")
    shape = piece.make_valid().to_crs("EPSG:4269").union_all()
    inside = points.within(shape).to_numpy()
    links = block_amounts(blocks).reset_index(drop=True)
    links["source"] = pd.Series(blocks.index, dtype=object).str[: LEVELS[level]]
    links["target"] = np.where(inside, label, OUTSIDE)
    touched = links.loc[inside, "source"].unique()
    return links[links["source"].isin(touched)].groupby(["source", "target"]).sum().reset_index()


def cut_by_land(table: pd.DataFrame, piece: gpd.GeoSeries, label: str) -> pd.DataFrame:
    """Return links from areas to `label` and to `OUTSIDE`, in land of their polygons.

    Raises
    ------
    InputError
        If the table has no polygons.
    """
    import geopandas as gpd

    if not isinstance(table, gpd.GeoDataFrame) or table.active_geometry_name is None:
        raise InputError(
            "the table has no geometry to cut by the polygon",
            fix="join boundaries with equity.combine, or give blocks=",
        )
    shapes = table.geometry.make_valid().to_crs(_EQUAL_AREA)
    shape = piece.make_valid().to_crs(_EQUAL_AREA).union_all()
    near = gpd.GeoSeries(shapes[shapes.intersects(shape)])
    part = near.intersection(shape).area
    # A shared border is not an overlap.
    part = part.where(part > near.area * 1e-9, 0.0)
    inside = pd.DataFrame({"source": near.index, "target": label, "area": part.to_numpy()})
    rest = pd.DataFrame(
        {"source": near.index, "target": OUTSIDE, "area": (near.area - part).clip(lower=0)}
    )
    links = pd.concat([inside, rest], ignore_index=True)
    links.loc[(links["target"] == OUTSIDE) & (links["area"] < 1e-6), "area"] = 0.0
    kept = set(inside.loc[inside["area"] > 0, "source"])
    return links[links["source"].isin(kept)]


def shares_inside(links: Relationship, label: str) -> pd.DataFrame:
    """Return the share of each area that lies inside, of its people, its homes and its land.

    Returns
    -------
    DataFrame
        Index the areas that are inside at least in part; ``population``, ``housing``, ``area``
        (0 to 1): each in the amount the links have, or the next one.
    """
    columns = {}
    for basis in BASES:
        weights = links.weights(basis)
        mine = weights[weights["target"] == label].set_index("source")["weight"]
        columns[basis] = mine
    found = pd.DataFrame(columns).fillna(0.0)
    return found[(found > 0).any(axis=1)]


def parts_of_areas(table: Table, shares: pd.DataFrame) -> Table:
    """Return the rows of some areas, the counts of each cut to its share; the rest as it stands.

    Parameters
    ----------
    table
        Area table.
    shares
        Index area ids; ``population``, ``housing``, ``area`` (0 to 1), as
        :func:`shares_inside` returns them.

    Returns
    -------
    DataFrame
        Rows of `table` that `shares` lists, in the table's order. A whole area's row is as it was,
        to the digit. Counts and their margins are multiplied; shares, minutes, reasons are those
        of the whole area.
    """
    result: Table = table[table.index.isin(shares.index)].copy()
    result.attrs = dict(table.attrs)
    mine = shares.reindex(result.index)
    cut = (mine < 1.0).any(axis=1).to_numpy()
    if cut.any():
        roles = roles_of(result.drop(columns="geometry", errors="ignore"), leave_rest=True)
        drawn = [name for name in _DRAWN if name in result.columns]
        for name, basis in {**roles.counts, **dict.fromkeys(drawn, "population")}.items():
            for column in roles.with_margins([name]):
                part = result[column] * mine[basis]
                result[column] = result[column].where(~cut, part)
    return carry(result.copy(), table)  # one block again: columns were replaced one by one
