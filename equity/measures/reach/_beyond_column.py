"""A user's own minutes, kilometers, ratios or shares, as the share beyond reach of care."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from equity.areas.words import KM_PER_MI
from equity.errors import InputError
from equity.language import said, together
from equity.measures.checks import checked_number
from equity.measures.reach._beyond_forms import (
    Found,
    by_access,
    lognormal,
    number_column,
    spread_of,
    spread_text,
    travel_limit,
)
from equity.measures.reach._speeds import MEASURED_MINUTES, Roads, TravelEstimate, roads_of
from equity.measures.reach.places import Floats

COLUMN_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "min": "minutes one way to the nearest site, on the road",
        "km": "great-circle km to the nearest site",
        "road_km": "road km to the nearest site",
        "mi": "great-circle miles to the nearest site",
        "road_mi": "road miles to the nearest site",
        "per_1k": "capacity per 1,000 residents",
        "per_10k": "capacity per 10,000 residents",
        "share": "share of residents beyond reach, 0 to 1",
    }
)
"""What a column of one's own may hold."""

PLAUSIBLE_PER_10K = (0.5, 100.0)
"""Clinicians per 10,000 residents of a whole table, below and above which a unit must be wrong.

From a sixth of the shortage benchmark (1 for 3,500 people, 42 CFR part 5, appendix A) to one for
every 100 people. A unit that is wrong by a factor of 10 can still fall inside: give ``supply_n``.
"""

_PER_10K = {"per_1k": 10.0, "per_10k": 1.0}
_FAR_OFF = 3.0


def own_column(
    table: pd.DataFrame,
    column: str | None,
    unit: str | None,
    *,
    limit_min: float | None,
    sd: float | pd.Series | None,
    roads: Roads | str | None,
    benchmark_per_10k: float | None,
    supply_n: float | None,
) -> Found:
    """Return shares from a column of one's own; see :func:`equity.measures.reach.beyond`."""
    if column is None or unit is None or unit not in COLUMN_UNITS:
        raise InputError(
            "a column of one's own needs its name and its unit"
            if column is None or unit is None
            else f"no unit {unit!r} for {column}",
            fix=f"column='…', unit= one of {', '.join(COLUMN_UNITS)}",
            code="E-UNIT",
        )
    values = number_column(table, column, 1.0 if unit == "share" else np.inf)
    if unit == "share":
        return Found(
            values,
            np.zeros(len(values), dtype=bool),
            said("Beyond reach: {column}, as it was given", column=column),
        )
    if unit in _PER_10K:
        told = _plausible(table, values * _PER_10K[unit], column, unit, supply_n)
        found = by_access(values * _PER_10K[unit], benchmark_per_10k)
        return Found(found.share, found.missing, together([found.note, told]))
    limit = travel_limit(limit_min)
    minutes, known = _minutes(values, unit, table.index, roads)
    spread = spread_of(sd, table.index, known)
    note = said(
        "Beyond reach: {column} ({unit}), more than {limit} minutes, {spread}",
        column=column,
        unit=unit,
        limit=f"{limit:g}",
        spread=spread_text(spread),
    )
    return Found(lognormal(minutes / known.bias, limit, spread), np.isnan(minutes), note)


def _minutes(
    values: Floats, unit: str, index: pd.Index, roads: Roads | str | None
) -> tuple[Floats, TravelEstimate]:
    if unit == "min":
        return values, MEASURED_MINUTES
    used = roads_of(roads)
    km = values * KM_PER_MI if unit.endswith("mi") else values
    straight = km / used.detour if unit.startswith("road") else km
    return used.minutes(straight, used.minutes_per_km(None, index)), used.estimate


def _plausible(
    table: pd.DataFrame, per_10k: Floats, column: str, unit: str, supply_n: float | None
) -> str:
    """Refuse ratios that would mean impossibly many or few clinicians; say how many they mean."""
    people = number_column(table, "population_n", np.inf)
    both = np.isfinite(people) & np.isfinite(per_10k)
    residents = float(people[both].sum())
    clinicians = float((people * per_10k)[both].sum()) / 1e4
    values = {
        "column": column, "clinicians": f"{clinicians:,.0f}", "people": f"{residents:,.0f}",
    }  # fmt: skip
    told = said("people times {column} is {clinicians} for {people} residents", **values)
    mean = clinicians / residents * 1e4 if residents else np.nan
    wrong = not PLAUSIBLE_PER_10K[0] <= mean <= PLAUSIBLE_PER_10K[1]
    if supply_n is not None:
        there = checked_number(supply_n, "the number of clinicians (supply_n)", above=True)
        wrong |= not there / _FAR_OFF <= clinicians <= there * _FAR_OFF
        told = said(
            "people times {column} is {clinicians} for {people} residents ({there} stated)",
            there=f"{there:,.0f}",
            **values,
        )
    if wrong:
        raise InputError(
            f"{column} cannot be {COLUMN_UNITS[unit]}: {told}",
            fix=f"state another unit: {', '.join(_PER_10K)}",
            code="E-UNIT",
        )
    return told
