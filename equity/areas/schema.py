"""Columns of area tables, declared once in ``columns.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import pandas as pd

_DERIVED = {
    "_moe": "margin of error (90 %)",
    "_p05": "5th percentile",
    "_p95": "95th percentile",
    "_cv": "coefficient of variation",
    "_status": "status",
}


@dataclass(frozen=True)
class Column:
    """One column: its type, unit, label, limits and origin."""

    name: str
    dtype: str
    unit: str
    label: str
    source: str
    minimum: float | None = None
    maximum: float | None = None


@cache
def columns() -> dict[str, Column]:
    """Return every declared column by name."""
    text = (resources.files(__package__) / "columns.toml").read_text(encoding="utf-8")
    declared = {}
    for name, fields in tomllib.loads(text).items():
        limits = {"minimum": 0.0, "maximum": 1.0} if fields["unit"] == "share" else {}
        declared[name] = Column(name=name, **{**limits, **fields})
    return declared


def describe(names: Iterable[str]) -> list[Column]:
    """Return what is known of each name; derived and per-rule columns inherit from their base."""
    return [_describe(name) for name in names]


def data_dictionary(table: Any) -> pd.DataFrame:
    """Return a dictionary of a table's columns.

    Parameters
    ----------
    table
        Area table.

    Returns
    -------
    pandas.DataFrame
        One row per column, indexed by ``column``: dtype, unit, label, source.
    """
    rows = [
        {"column": c.name, "dtype": c.dtype, "unit": c.unit, "label": c.label, "source": c.source}
        for c in describe(name for name in table.columns if name != "geometry")
    ]
    return pd.DataFrame(rows, columns=["column", "dtype", "unit", "label", "source"]).set_index(
        "column"
    )


def _describe(name: str) -> Column:
    base, _, rule = name.partition("__")
    known = columns()
    if base in known:
        return _renamed(known[base], name, known[base].label, rule)
    for suffix, meaning in _DERIVED.items():
        stem = base.removesuffix(suffix)
        if stem != base and stem in known:
            column = known[stem]
            dtype, unit = ("str", "text") if suffix == "_status" else ("float", column.unit)
            return Column(
                name, dtype, unit, _under(f"{column.label}: {meaning}", rule), column.source
            )
    unit = next((u for u in _UNITS if re.search(rf"_{u}$", base)), "")
    return Column(name, "", unit, base.replace("_", " "), "column of the user's own table")


_UNITS = ("share", "n", "km", "min", "mbps", "usd", "per_10k", "km2")


def _renamed(column: Column, name: str, label: str, rule: str) -> Column:
    return Column(
        name,
        column.dtype,
        column.unit,
        _under(label, rule),
        column.source,
        column.minimum,
        column.maximum,
    )


def _under(label: str, rule: str) -> str:
    return f"{label} (under {rule.replace('_', '-')})" if rule else label
