"""The rows that a program's tests run over: areas, or sites, with the metrics in plain names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from equity.areas.words import plural
from equity.errors import GeoidError, InputError
from equity.rules.coverage_rule import CoverageRule, load_coverage_rule
from equity.rules.program_metrics import program_metric
from equity.rules.program_rule import ProgramRule

KM2_PER_MI2 = 2.589988110336
_CLASSES = ("unserved_n", "underserved_n")
_LOCATIONS = ("locations_n", *_CLASSES)
_HUB = "hub"
_BASIS = (
    "population_n", "land_km2", "locations_n", "unserved_", "underserved_", "funded_",
    "coverage_status",
)  # fmt: skip
"""How columns begin that metrics are made of."""


@dataclass(frozen=True)
class Rows:
    """Rows to test.

    Attributes
    ----------
    frame
        One column a metric.
    left_out_n
        Locations, or sites, that do not count.
    notes
        What is to be said of them.
    noun
        What a row is.
    """

    frame: pd.DataFrame
    left_out_n: float = 0.0
    notes: tuple[str, ...] = ()
    noun: str = "area"

    def has(self, name: str) -> bool:
        """Tell whether a metric is there; a column without a single value is not."""
        return name in self.frame and bool(self.frame[name].notna().any())


def rows_of_areas(table: pd.DataFrame, rule: ProgramRule, coverage_rule: str) -> Rows:
    """Return the areas of a table with the metrics of a program.

    Locations are taken under the program's own coverage rule: the plain columns if `coverage_rule`
    classes them alike, else those with its suffix, else none.
    """
    asked = {m + end for c in rule.criteria for m in c.metrics for end in ("", "_moe")}
    frame = pd.DataFrame({n: table[n] for n in table if _is_needed(str(n), asked)}, table.index)
    made: dict[str, pd.Series] = {}
    if "land_km2" in frame:
        land = frame["land_km2"].astype(float)
        made["land_mi2"] = land / KM2_PER_MI2
        if "population_n" in frame:
            made["people_per_mi2"] = frame["population_n"] / made["land_mi2"].where(land > 0)
    if not rule.coverage:
        return Rows(frame.assign(**made))
    lines, left_out, notes = _lines(frame, rule, coverage_rule)
    return Rows(
        frame.drop(columns=[*_LOCATIONS], errors="ignore").assign(**made, **lines), left_out, notes
    )


def _is_needed(name: str, asked: set[str]) -> bool:
    return name in asked or name.startswith(_BASIS)


def _lines(
    frame: pd.DataFrame, rule: ProgramRule, coverage_rule: str
) -> tuple[dict[str, pd.Series], float, tuple[str, ...]]:
    wanted = load_coverage_rule(rule.coverage)
    plain = bool(coverage_rule) and _classes_alike(load_coverage_rule(coverage_rule), wanted)
    suffix = "" if plain else wanted.suffix
    found = {
        name: frame[name + (suffix if name in _CLASSES else "")].astype(float)
        for name in _LOCATIONS
        if name + (suffix if name in _CLASSES else "") in frame
    }
    notes = []
    status = frame.get(f"coverage_status{suffix}", pd.Series("", index=frame.index)).astype(str)
    if status.str.contains("other_technologies").any():
        notes.append(
            f"The coverage table counts other technologies than {wanted.id}: "
            "its classes stand in for that rule's."
        )
    if not rule.less_funded or "funded_n" not in frame:
        return found, 0.0, tuple(notes)
    if not plain:
        notes.append("Which of these locations are already funded is not known under this rule.")
        return found, 0.0, tuple(notes)
    left_out = float(frame["funded_n"].sum())
    less = {name: frame[f"{name[:-2]}_unfunded_n"].astype(float) for name in _CLASSES}
    less["locations_n"] = found["locations_n"] - frame["funded_n"]
    notes.append(
        f"{left_out:,.0f} locations that an enforceable commitment already covers are left out."
    )
    if frame.get("funded_status", pd.Series(dtype=str)).eq("by_area").any():
        notes.append("They were matched by area, not one by one: the share is a lower bound.")
    return {name: less[name] for name in found}, left_out, tuple(notes)


def _classes_alike(one: CoverageRule, other: CoverageRule) -> bool:
    """Tell whether two rules put every location in the same class."""
    return all(
        sorted(getattr(one, key)) == sorted(getattr(other, key))
        for key in ("technologies", "customers")
    ) and all(
        getattr(one, key) == getattr(other, key) for key in ("served", "underserved", "low_latency")
    )


def rows_of_sites(sites: pd.DataFrame, table: pd.DataFrame) -> Rows:
    """Return end-user sites, with the metrics that they take from the area they lie in.

    Raises
    ------
    InputError
        If no site is left, or an id stands twice.
    GeoidError
        If a site's area is not in the table.
    """
    frame = pd.DataFrame(sites).drop(columns=["geometry"], errors="ignore")
    if not frame.index.is_unique:
        raise InputError(
            "sites stand more than once",
            rows=frame.index[frame.index.duplicated()],
            fix="keep one row a site, with an index of its own",
        )
    hubs = _role(frame).eq(_HUB)
    frame = frame[~hubs]
    if frame.empty:
        raise InputError(
            "the list of sites holds no end-user site", fix='say role = "end-user" or "both"'
        )
    notes = (f"{plural(int(hubs.sum()), 'hub')} without end users left out.",) if hubs.any() else ()
    return Rows(_refused(_with_area(frame, table)), float(hubs.sum()), notes, noun="site")


def _role(frame: pd.DataFrame) -> pd.Series:
    if "role" not in frame:
        return pd.Series("", index=frame.index)
    return frame["role"].astype(str).str.strip().str.casefold()


def _with_area(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Add what a site's own columns do not tell, from the area that it lies in."""
    if "geoid" not in frame:
        return frame
    ids = frame["geoid"].astype(str)
    lost = ~ids.isin(table.index)
    if lost.any():
        raise GeoidError(
            f"{int(lost.sum()):,} sites lie in areas that are not in the table",
            rows=ids[lost],
            fix="give the id of the area (tract) that each site lies in, of this run",
        )
    bare = [n for n in table.columns if n not in frame.columns and n != "geometry"]
    areas = pd.DataFrame(table)[bare].loc[ids.tolist()].set_axis(frame.index, axis=0)
    return pd.concat([frame, areas], axis=1)


def _refused(frame: pd.DataFrame) -> pd.DataFrame:
    """Refuse a number that a metric cannot be, before it earns points."""
    for name in frame.columns:
        unit = program_metric(str(name)).unit
        if unit not in ("share", "people", "n"):
            continue
        try:
            values = pd.to_numeric(frame[name]).astype(float)
        except (TypeError, ValueError):
            raise InputError(f"{name} of the sites holds words", fix="write numbers") from None
        odd = (values < 0) | np.isinf(values) | ((values > 1) if unit == "share" else False)
        if odd.any():
            fix = (
                "write shares, 0.195 for 19.5 %" if unit == "share" else "write counts of 0 or more"
            )
            raise InputError(
                f"{name} of the sites holds {values[odd].iloc[0]:g}", rows=frame.index[odd], fix=fix
            )
    return frame
