"""How many locations there are: shares mean nothing without those that no file lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from equity.errors import InputError
from equity.language import said
from equity.measures.lines._reduce import LocationFile
from equity.measures.lines._rollup import AREA_DIGITS, technology_name
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES

_SHARES = ("served", "underserved", "unserved", "qualifying")


def add_shares(
    table: pd.DataFrame,
    *,
    level: str,
    housing: pd.Series | None,
    files: Sequence[LocationFile],
    rule: CoverageRule,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the table with the denominator, unserved locations, shares and status; and notes."""
    notes = _technology_notes(table, files, rule)
    exported_states = {file.state for file in files if file.product == "served_unserved"}
    status = _status(table, level, exported_states)
    beyond = (table["locations_n"] - table["exported_n"]).where(status == "ok", 0.0)
    if beyond.sum():
        notes.append(
            said(
                "{n} locations with an offer are not in the served/unserved export; they are "
                "counted",
                n=f"{int(beyond.sum()):,}",
            )
        )
    if housing is not None:
        table, status = _with_housing(table, status, level, housing)
    if (status == "listed_only").any():
        notes.append(
            said(
                "No served/unserved export and no housing units: locations without any offer are "
                "unknown, so shares are of listed locations only and are upper bounds"
            )
        )
    if (status == "proxy").any():
        notes.append(said("Housing units of 2020 stand in for locations (coverage_status proxy)"))
    table = table.drop(columns="exported_n")
    reached = table["served_n"] + table["underserved_n"]
    at = list(table.columns).index("underserved_n") + 1
    table.insert(at, "unserved_n", table["locations_n"] - reached)
    table["no_provider_n"] = table["locations_n"] - table["qualifying_n"]
    total = table["locations_n"].where(table["locations_n"] > 0)
    for name in _SHARES:
        table[f"{name}_share"] = table[f"{name}_n"] / total
    table["coverage_status"] = status.mask(total.isna(), "no_locations").astype("str")
    return table, notes


def _status(table: pd.DataFrame, level: str, exported_states: set[str]) -> pd.Series:
    if level.startswith("h3") or exported_states == {""}:
        known = pd.Series(bool(exported_states), index=table.index)
    else:
        known = table.index.to_series().str[:2].isin(exported_states)
    return pd.Series(np.where(known, "ok", "listed_only"), index=table.index)


def _with_housing(
    table: pd.DataFrame, status: pd.Series, level: str, housing: pd.Series
) -> tuple[pd.DataFrame, pd.Series]:
    """Put housing units where the export is missing; never fewer than the listed locations."""
    if level not in AREA_DIGITS:
        raise InputError(
            "housing units cannot be put into H3 cells",
            fix="roll up to a census area, or read the served/unserved export",
        )
    areas = housing.index.astype(str)
    short = areas.str.len() < AREA_DIGITS[level]
    if short.any():
        raise InputError(
            f"housing units are given for areas larger than a {level}", rows=areas[short]
        )
    try:
        numbers = housing.astype(float)
    except (TypeError, ValueError):
        raise InputError("housing units are no numbers", fix="pandas.to_numeric(housing)") from None
    units = numbers.groupby(areas.str[: AREA_DIGITS[level]]).sum()
    status = status.reindex(table.index.union(units.index)).fillna("listed_only")
    table = table.reindex(status.index)
    counts = [c for c in table.columns if c.endswith("_n")]
    table[counts] = table[counts].fillna(0.0)
    known = units.reindex(table.index)
    use = (status == "listed_only") & known.notna()
    listed = table["locations_n"]
    table["locations_n"] = listed.where(~use, np.maximum(listed, known.fillna(0.0)))
    return table.rename_axis("geoid"), status.mask(use, "proxy")


def _technology_notes(
    table: pd.DataFrame, files: Sequence[LocationFile], rule: CoverageRule
) -> list[str]:
    """Blank out technologies that no file could tell about, and name them."""
    offers = [file for file in files if file.product != "served_unserved"]
    named = {getattr(file, "technology", None) for file in offers}
    if None in named or not named:
        return []
    absent = [code for code in TECHNOLOGIES if code not in named]
    for code in absent:
        name = technology_name(code)
        columns = [f"{kind}_{name}_n" for kind in ("listed", "served", "underserved", "qualifying")]
        if columns[0] in table and not table[columns[0]].any():
            table[columns] = np.nan
    counted = [f"{TECHNOLOGIES[c]} ({c})" for c in absent if c in rule.technologies]
    if not counted:
        return []
    listed = ", ".join(counted)
    return [said("No file was read for {technologies}, which the rule counts", technologies=listed)]
