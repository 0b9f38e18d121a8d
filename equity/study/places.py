"""The area as a program's form asks for it: itself, its counties, and what lies around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.areas.geoid import LEVELS
from equity.areas.moe import moe_sum
from equity.areas.rates import moe_of_rate
from equity.areas.schema import companion, describe
from equity.areas.words import KM2_PER_MI2
from equity.language import tr
from equity.study.parts import StudyPlan
from equity.study.record import Record
from equity.study.runs import Run

__all__ = ["MOST_COUNTIES", "columns_of_criteria", "measured", "places"]

MOST_COUNTIES = 3
"""More counties than this have a table of their own rows, and no columns beside the area."""
_DESIGNATED = "_status"
_BASES = ("population_n", "households_n")
_COMPLEMENTS = {"usable_link_share": "no_link_share"}
"""Shares that are the rest of another, so its margin is theirs too."""
_WEIGHTS = {"households_n": "households_n", "housing_n": "households_n"}


def places(result: Record | Run, columns: Sequence[str]) -> pd.DataFrame:
    """Return measures of the area, of each of its counties if they are few, and of the rest.

    Those that communities are judged by stand beside the columns that are asked for.

    Counts are added up; shares are rebuilt from their parts where these are counted, else they are
    the areas' mean, weighted by residents (by homes, if they are of homes); minutes are the median
    of the residents. Margins follow from those of the areas. What an area lacks is left out of its
    own measure alone.

    Parameters
    ----------
    result
        What was found.
    columns
        Measures that are asked for; ``<name>_designated_share`` is the share of residents where
        ``<name>_status`` is ``designated``.

    Returns
    -------
    pandas.DataFrame
        One row a place: ``name``, and each measure with ``_moe``; missing where nothing tells it.
    """
    table: pd.DataFrame = result.table
    groups = {result.title: table}
    counties = table.groupby(table.index.str[: LEVELS["county"]], sort=True)
    if 1 < counties.ngroups <= MOST_COUNTIES and result.plan.study.level != "county":
        # Water tracts may spell their county in another way.
        groups |= {
            max(part["county_name"].astype(str), key=len) or key: part for key, part in counties
        }
    if result.rest is not None:
        groups[tr("Rest of {title}", title=result.plan.study.title)] = result.rest
    asked = [*dict.fromkeys([*columns, *columns_of_criteria(result.plan)])]
    rows = [{"name": name, **measured(part, asked)} for name, part in groups.items()]
    return pd.DataFrame(rows)


def columns_of_criteria(plan: StudyPlan) -> dict[str, str]:
    """Return each column that communities are judged by, and what the study calls it."""
    return {one.column: one.short or one.label for one in plan.under_resourced.criteria}


def measured(part: pd.DataFrame, columns: Sequence[str]) -> dict[str, float]:
    """Return measures of some areas together, with their margins, as :func:`places` does."""
    found: dict[str, float] = {}
    for name in columns:
        value, moe = _one(part, name)
        found[name] = value
        if np.isfinite(moe):
            found[_moe_of(name)] = moe
    return found


def _one(part: pd.DataFrame, name: str) -> tuple[float, float]:
    """Return a measure of a place and its margin, missing where nothing tells them."""
    if name.endswith("_designated_share"):
        return _designated(part, name.removesuffix("_designated_share") + _DESIGNATED), np.nan
    if name == "people_per_mi2":
        return _density(part), np.nan
    if name in _COMPLEMENTS and name in part:
        value, moe = _one(part[part[name].notna()], _COMPLEMENTS[name])
        if np.isfinite(value):
            return 1 - value, moe
    (column,) = describe([name])
    parts = column.parts
    needed = parts if parts and all(one in part for one in parts) else (name,)
    if not all(one in part for one in needed):
        return np.nan, np.nan
    # Few columns: a run's table has hundreds.
    asked = {*needed, *map(_moe_of, needed), name, _moe_of(name), *_BASES}
    few = pd.DataFrame({one: part[one] for one in sorted(asked) if one in part}, part.index)
    known = few[few[list(needed)].notna().all(axis=1)]
    return _of_column(known, name) if len(known) else (np.nan, np.nan)


def _of_column(known: pd.DataFrame, name: str) -> tuple[float, float]:
    (column,) = describe([name])
    if column.is_count:
        values = known[name].to_numpy(dtype=float)
        return float(values.sum()), float(np.asarray(moe_sum(values, _margins(known, name))))
    if column.unit == "share":
        return _share(known, name, column.parts, column.of)
    median = column.unit in ("min", "km")
    return _median(known[name], known["population_n"]) if median else np.nan, np.nan


def _designated(part: pd.DataFrame, status: str) -> float:
    if status not in part:
        return np.nan
    here = (part[status] == "designated").astype(float)
    return _mean(here, part["population_n"].astype(float))


def _density(part: pd.DataFrame) -> float:
    if "land_km2" not in part or not part["land_km2"].sum() > 0:
        return np.nan
    return float(part["population_n"].sum() / part["land_km2"].sum() * KM2_PER_MI2)


def _share(known: pd.DataFrame, name: str, parts: tuple[str, ...], of: str) -> tuple[float, float]:
    if parts and all(part in known for part in parts):
        above, below = parts
        rate = moe_of_rate(
            known[above].to_numpy(dtype=float),
            _margins(known, above),
            known[below].to_numpy(dtype=float),
            _margins(known, below),
        )
        return float(rate.rate), float(rate.moe)
    people = known["population_n"].astype(float)
    homes = known.get(_WEIGHTS.get(of, "population_n"), people).astype(float)
    weight = homes if homes.notna().all() else people
    total = float(weight.sum())
    if not total > 0:
        return np.nan, np.nan
    # Where nobody lives there is nothing to err about, and often no margin.
    there = weight.to_numpy() > 0
    return _mean(known[name].astype(float), weight), _root(
        (_margins(known, name) * weight.to_numpy())[there] / total
    )


def _mean(values: pd.Series, weight: pd.Series) -> float:
    total = float(weight[values.notna()].sum())
    return float((values * weight).sum() / total) if total > 0 else float("nan")


def _median(values: pd.Series, weight: pd.Series) -> float:
    """Return the value that half of the people are at or below."""
    order = values.astype(float).sort_values(kind="stable")
    running = weight.astype(float)[order.index].cumsum()
    if not len(running) or not running.iloc[-1] > 0:
        return float("nan")
    return float(order[running >= running.iloc[-1] / 2].iloc[0])


def _moe_of(name: str) -> str:
    return companion(name, "_moe")


def _margins(known: pd.DataFrame, name: str) -> np.ndarray:
    column = _moe_of(name)
    if column not in known:
        return np.full(len(known), np.nan)
    return np.asarray(known[column], dtype=float)


def _root(margins: np.ndarray) -> float:
    """Return the margin of a sum of independent parts."""
    return float(np.sqrt((margins**2).sum())) if len(margins) else float("nan")
