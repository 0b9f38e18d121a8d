"""Homes, people and locations of the example state, before anybody samples them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from equity.example import _plan as plan
from equity.example._land import Land
from equity.example._plan import Floats, Ints

_PEOPLE_A_HOME = 2.4
_MOST_BLOCKS_A_GROUP = 950


@dataclass(frozen=True)
class Homes:
    """Truth by cell: housing units, households, wealth (-1 to 1), share of older households."""

    units: Ints
    households: Ints
    wealth: Floats
    older: Floats


@dataclass(frozen=True)
class Blocks:
    """Truth by block: its cell, id, housing units, people and broadband serviceable locations."""

    cell: Ints
    part: Ints
    parts: int
    geoid: list[str]
    units: Ints
    people: Ints
    locations: Ints


def wealth_of(land: Land, rng: np.random.Generator) -> Floats:
    """Draw wealth by cell: poorer in the eastern hollows and inner city, richer in the suburbs."""
    xy = land.mesh.seeds
    wealth = np.full(len(xy), -0.02)
    for town in plan.TOWNS:
        away = np.hypot(xy[:, 0] - town.x, xy[:, 1] - town.y)
        wealth += town.wealth * np.exp(-((away / (3.5 * town.radius_km)) ** 2))
    city = plan.TOWNS[0]
    away = np.hypot(xy[:, 0] - city.x, xy[:, 1] - city.y)
    wealth += 0.38 * np.exp(-(((away - 9.0) / 4.0) ** 2)) - 0.50 * np.exp(-((away / 3.0) ** 2))
    wealth -= 0.42 / (1 + np.exp(-(xy[:, 0] - 140.0) / 7.0))
    wealth -= 0.20 * (np.log10(land.density) < 0.9)
    by_tract = rng.normal(0, 0.12, len(land.tract_county))
    return np.round(wealth + by_tract[land.tract], 6)


def build_homes(land: Land, wealth: Floats, scale: float, rng: np.random.Generator) -> Homes:
    """Settle people on the land; `scale` multiplies them."""
    people = land.density * land.mesh.area_km2
    people[land.mesh.lake | land.forest] = 0
    people *= plan.PEOPLE * scale / people.sum()
    lived_in = np.where(np.log10(land.density) < 0.9, 0.78, 0.91)
    units = _whole(people / _PEOPLE_A_HOME / lived_in)
    households = np.minimum(units, _whole(units * lived_in))
    older = (
        0.30
        - 0.075 * (np.log10(land.density) - 1.5)
        - 0.05 * wealth
        + rng.normal(0, 0.02, len(units))
    )
    return Homes(units, households, wealth, np.round(np.clip(older, 0.12, 0.55), 6))


def build_blocks(land: Land, homes: Homes, scale: float) -> Blocks:
    """Cut cells into blocks: one each, or more in a scaled-up state (three digits number them)."""
    parts = int(
        np.clip(np.ceil(scale), 1, max(1, _MOST_BLOCKS_A_GROUP // (int(land.rank.max()) + 1)))
    )
    cell = np.repeat(np.arange(len(homes.units)), parts)
    part = np.tile(np.arange(parts), len(homes.units))
    units = _whole(np.repeat(homes.units, parts) / parts)
    dense = np.log10(land.density)
    single = np.clip(
        0.95 - 0.16 * np.maximum(dense - 1.3, 0), 0.55, 0.95
    )  # the rest share a building
    listed = np.where(land.range_, 0.0, single * (1.0 + 0.05 + 0.02 * np.maximum(dense, 0)))
    lived_in = np.where(homes.units > 0, homes.households / np.maximum(homes.units, 1), 0.0)
    number = 1 + land.rank[cell] * parts + part
    tracts = land.tract_geoids
    geoid = [
        f"{tracts[t]}{g}{n:03d}"
        for t, g, n in zip(land.tract[cell], land.group[cell], number, strict=True)
    ]
    return Blocks(
        cell=cell,
        part=part,
        parts=parts,
        geoid=geoid,
        units=units,
        people=_whole(units * lived_in[cell] * _PEOPLE_A_HOME),
        locations=np.where(units > 0, _whole(units * listed[cell]), 0),
    )


def _whole(amounts: Floats) -> Ints:
    """Whole numbers that keep the running total; nothing stays nothing."""
    total = np.floor(np.cumsum(np.round(amounts, 6)) + 0.5)
    whole: Ints = np.diff(total, prepend=0.0).astype(np.int64)
    return whole
