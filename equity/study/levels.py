"""One result at other levels: counties, states, the districts that a study names."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from equity.areas.aggregate import roll_up
from equity.areas.geoid import STATES, geo_id
from equity.errors import InputError
from equity.provenance import carry
from equity.study.naming import county_names
from equity.study.record import Record

__all__ = ["DISTRICT", "at_level", "outlined"]

DISTRICT = "district"


def at_level(result: Record, level: str) -> gpd.GeoDataFrame:
    """Return a result's table at a level; see :meth:`equity.StudyResult.at`."""
    table = result.table
    if level == result.plan.study.level:
        return table
    counted = _with_people_of(table)
    if level == DISTRICT:
        groups = None if result.area is None else result.area.districts
        if groups is None:
            raise InputError(
                "the study names no districts",
                fix="name a table of them in [area.districts], or ask for counties",
            )
        rolled = roll_up(counted, groups.reindex(table.index).rename(DISTRICT))
        names = pd.Series(rolled.index, index=rolled.index)
        of = groups.reindex(table.index)
    else:
        rolled = roll_up(counted, level)
        of = pd.Series(table.index.str[: len(rolled.index[0])], index=table.index)
        names = _names(result, rolled.index, level)
    placed = outlined(rolled, table, of)
    placed.insert(0, "name", names)
    if level != DISTRICT:
        placed.insert(0, "geo_id", geo_id(placed.index.to_series(), level))
    return carry(placed, rolled)


def _with_people_of(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Add what can be added up of the flags: areas, those listed, and people of the first."""
    first = table["is_under_resourced"].astype(bool)
    result = table.assign(
        areas_n=1.0,
        named_n=(first & table["falls_short"].astype(bool)).astype(float),
        under_resourced_people_n=table["population_n"].where(first, 0.0),
    )
    return carry(result, table)


def _names(result: Record, codes: pd.Index, level: str) -> pd.Series:
    if level == "state":
        return pd.Series({code: STATES[code].name for code in codes})
    known = county_names(result.table, result.outlines) if level == "county" else {}
    return pd.Series({code: known.get(code) or code for code in codes})


def outlined(rolled: pd.DataFrame, table: gpd.GeoDataFrame, of: pd.Series) -> gpd.GeoDataFrame:
    """Give each larger area the outline of its parts: of those that were measured, no others."""
    parts = table[["geometry"]].dropna()
    shapes = parts.dissolve(by=of[parts.index].to_numpy(), method="unary")
    geometry = shapes.geometry.reindex(rolled.index)
    return gpd.GeoDataFrame(rolled.copy(), geometry=geometry, crs=table.crs)
