"""Columns of area tables, declared once in ``columns.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
    universe: str = ""
    adds: bool = True
    parts: tuple[str, str] | None = None

    @property
    def is_count(self) -> bool:
        """True if areas add up: a count, an area; not a share, a distance or a median."""
        return self.unit in _ADDITIVE and self.adds


@cache
def columns() -> dict[str, Column]:
    """Return every declared column by name."""
    text = (resources.files(__package__) / "columns.toml").read_text(encoding="utf-8")
    declared = {}
    for name, fields in tomllib.loads(text).items():
        limits = {"minimum": 0.0, "maximum": 1.0} if fields["unit"] == "share" else {}
        parts = {"parts": tuple(fields["parts"])} if "parts" in fields else {}
        declared[name] = Column(name=name, **{**limits, **fields, **parts})
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

    Examples
    --------
    >>> table = pd.DataFrame({"gap_share": [0.1], "gap_share_moe": [0.02]})
    >>> data_dictionary(table)["unit"].to_dict()
    {'gap_share': 'share', 'gap_share_moe': 'share'}
    """
    rows = [
        {"column": c.name, "dtype": c.dtype, "unit": c.unit, "label": c.label, "source": c.source}
        for c in describe(str(name) for name in table.columns if name != "geometry")
    ]
    return pd.DataFrame(rows, columns=["column", "dtype", "unit", "label", "source"]).set_index(
        "column"
    )


def base_name(name: str) -> str:
    """Return the column a ``_moe``, ``_p05``, ``_p95``, ``_cv`` or ``_status`` column belongs to.

    ``gap_n_moe__fcc_25_3`` belongs to ``gap_n__fcc_25_3``; any other name is its own.
    """
    stem, mark, rule = name.partition("__")
    for suffix in _DERIVED:
        if stem.endswith(suffix) and stem != suffix:
            return stem.removesuffix(suffix) + mark + rule
    return name


def companion(name: str, suffix: str) -> str:
    """Return the name of a column's ``_moe``, ``_status`` ... column, under the same rule."""
    stem, mark, rule = name.partition("__")
    return stem + suffix + mark + rule


def _describe(name: str) -> Column:
    base, _, rule = name.partition("__")
    known = columns()
    if base in known:
        column = known[base]
        return replace(column, name=name, label=_under(column.label, rule))
    for suffix, meaning in _DERIVED.items():
        stem = base.removesuffix(suffix)
        if stem != base and stem in known:
            return _derived(
                known[stem], name, suffix, _under(f"{known[stem].label}: {meaning}", rule)
            )
    technology = _TECHNOLOGY.match(base)
    if technology and technology[1] + "_n" in known:
        column = known[technology[1] + "_n"]
        code = technology[2].replace("unknown", "not known")
        return replace(column, name=name, label=_under(f"{column.label}: technology {code}", rule))
    acs = _ACS.match(base)
    if acs:
        meaning = f"{acs[1]}: {_ACS_MEANING[acs[2]]}"
        source = f"American Community Survey, table {acs[1].partition('_')[0]}"
        return Column(name, "str" if "status" in acs[2] else "", "", _under(meaning, rule), source)
    unit = next((u for u in _UNITS if re.search(rf"_{u}$", base)), "")
    return Column(name, "", unit, base.replace("_", " "), "column of the user's own table")


def _derived(column: Column, name: str, suffix: str, label: str) -> Column:
    if suffix == "_status":
        return Column(name, "str", "text", label, column.source)
    if suffix == "_cv":
        return Column(name, "float", "percent", label, column.source, minimum=0)
    if suffix == "_moe":
        return Column(name, "float", column.unit, label, column.source, minimum=0)
    return Column(name, "float", column.unit, label, column.source, column.minimum, column.maximum)


# One column a technology: served_tech50_n is served_n over fiber alone.
_TECHNOLOGY = re.compile(r"^(\w+?)_tech_?(\d+|unknown)_n$")
_ACS = re.compile(r"^([BC]\d{5}[A-Z]*_\d{3})([EM]|E_status)$")
_ACS_MEANING = {"E": "estimate", "M": _DERIVED["_moe"], "E_status": _DERIVED["_status"]}
_UNITS = ("share", "n", "km", "min", "mbps", "usd", "per_10k", "km2")
_ADDITIVE = ("n", "km2")


def _under(label: str, rule: str) -> str:
    return f"{label} (under {rule.replace('_', '-')})" if rule else label
