"""Small look-ups in an area table that every output needs in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.schema import companion, describe, split_suffix
from equity.areas.words import UNRELIABLE_CV, Z90, is_missing

__all__ = [
    "flag",
    "is_bound",
    "margin_of",
    "out_of_reach",
    "places",
    "status_of",
    "texts",
    "unreliable",
    "variation",
    "without_polygon",
]


def texts(table: Any, column: str, *, default: Sequence[str] | None = None) -> list[str]:
    """Return a text column without missing values; `default` where there is nothing to say."""
    fallback = [""] * len(table) if default is None else list(default)
    if column not in table.columns:
        return fallback
    return [
        fallback[i] if is_missing(v) or not str(v).strip() else str(v).strip()
        for i, v in enumerate(table[column].tolist())
    ]


def flag(table: Any, column: str) -> np.ndarray:
    """Return a yes-no column; unknown counts as no."""
    if column not in table.columns:
        return np.zeros(len(table), dtype=bool)
    return np.array([not is_missing(v) and bool(v) for v in table[column].tolist()], dtype=bool)


def status_of(table: Any, column: str) -> list[Any]:
    """Return why values may be missing: the column's own status, else the one it is told by."""
    (known,) = describe([column])
    suffix = split_suffix(column)[1]
    for name in (companion(column, "_status"), known.status + suffix, known.status):
        if name in table.columns:
            return list(table[name].tolist())
    return [None] * len(table)


def is_bound(table: Any, column: str) -> bool:
    """Tell whether a share is the most that can be, in some areas: no table counts it."""
    return column in table and "upper_bound" in status_of(table, column)


def margin_of(table: Any, column: str) -> np.ndarray:
    """Return the 90 % margin of error of a column, NaN where there is none."""
    name = companion(column, "_moe")
    if name in table.columns:
        return np.asarray(pd.to_numeric(table[name], errors="coerce"), dtype=float)
    return np.full(len(table), np.nan)


def out_of_reach(table: Any) -> np.ndarray:
    """Tell which areas have no site in reach."""
    found = np.zeros(len(table), dtype=bool)
    for name in ("nearest_site_status", "access_status"):
        if name in table.columns:
            found |= np.array([v == "no_supply_in_reach" for v in table[name].tolist()], dtype=bool)
    return found


def variation(table: Any, column: str) -> np.ndarray:
    """Return a column's coefficient of variation, NaN where it is unknown."""
    name = companion(column, "_cv")
    if name in table.columns:
        return np.asarray(pd.to_numeric(table[name], errors="coerce"), dtype=float)
    if column not in table.columns:
        return np.full(len(table), np.nan)
    value = np.abs(np.asarray(pd.to_numeric(table[column], errors="coerce"), dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(margin_of(table, column) / Z90 / value)


def unreliable(table: Any, column: str) -> np.ndarray:
    """Tell where a value's coefficient of variation is above 0.40."""
    cv = variation(table, column)
    # An estimate of zero has no coefficient of variation; it is not called unreliable for that.
    found: np.ndarray = np.isfinite(cv) & (cv > UNRELIABLE_CV)
    return found


def places(table: Any) -> list[str]:
    """Return what tells two areas of one name apart: county and GEOID."""
    counties = texts(table, "county_name")
    ids = [str(g) for g in table.index]
    return [f"{county}, {i}" if county else i for county, i in zip(counties, ids, strict=True)]


def without_polygon(table: Any) -> np.ndarray:
    """Tell which rows cannot be drawn."""
    if "geometry" not in getattr(table, "columns", ()):
        return np.ones(len(table), dtype=bool)
    shapes = table.geometry
    return np.asarray(shapes.isna() | shapes.is_empty, dtype=bool)
