"""The rows that a program's tests run over: areas, or sites, with the metrics in plain names."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from equity.areas.schema import statuses
from equity.areas.words import KM2_PER_MI2, number
from equity.errors import GeoidError, InputError
from equity.language import tr, trn
from equity.rules.coverage_rule import CoverageRule, load_coverage_rule
from equity.rules.program_metrics import NO, YES, Metric, is_program_metric, program_metric
from equity.rules.program_rule import ProgramRule

_CLASSES = ("unserved_n", "underserved_n")
_LOCATIONS = ("locations_n", *_CLASSES)
_HUB = "hub"
_ROLES = ("", _HUB, "end-user", "both")
ROUNDING = 1e-6
"""Locations that are no difference, where counts were carried by weights."""
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
    unplaced_n
        Of the locations left out, those of each area that may be of any class; None if there are
        none. Its classes then hold them still.
    """

    frame: pd.DataFrame
    left_out_n: float = 0.0
    notes: tuple[str, ...] = ()
    noun: str = "area"
    unplaced_n: pd.Series | None = None

    def part(self, some: int) -> str:
        """Say so many of all rows: ``3 of 4 sites``."""
        n, of = number(some), len(self.frame)
        if self.noun == "site":
            return trn("{n} of {all} site", "{n} of {all} sites", of, n=n, all=number(of))
        return trn("{n} of {all} area", "{n} of {all} areas", of, n=n, all=number(of))

    def has(self, name: str) -> bool:
        """Tell whether a metric is there; a column without a single value is not."""
        return name in self.frame and bool(self.frame[name].notna().any())


def rows_of_areas(table: pd.DataFrame, rule: ProgramRule, coverage_rule: str) -> Rows:
    """Return the areas of a table with the metrics of a program.

    Locations are taken under the program's own coverage rule: the plain columns if `coverage_rule`
    classes them alike, else those with its suffix, else none.

    Raises
    ------
    InputError
        If a metric holds what it cannot.
    """
    asked = {m + end for c in rule.criteria for m in c.metrics for end in ("", "_moe")}
    frame = pd.DataFrame({n: table[n] for n in table if _is_needed(str(n), asked)}, table.index)
    made: dict[str, pd.Series] = {}
    if "ruca_primary" in asked and "ruca_primary" not in frame and "ruca_code" in table:
        # A study's own column of codes; 99 is a tract that has none.
        codes = pd.to_numeric(table["ruca_code"], errors="coerce")
        made["ruca_primary"] = codes.where(codes.between(1, 10))
    if "land_km2" in frame:
        land = frame["land_km2"].astype(float)
        made["land_mi2"] = land / KM2_PER_MI2
        if "population_n" in frame:
            made["people_per_mi2"] = frame["population_n"] / made["land_mi2"].where(land > 0)
    if not rule.coverage:
        return Rows(_checked(frame.assign(**made), "areas"))
    rows = _lines(frame, rule, coverage_rule)
    bare = frame.drop(columns=[*_LOCATIONS], errors="ignore")
    return replace(
        rows, frame=_checked(pd.concat([bare.assign(**made), rows.frame], axis=1), "areas")
    )


def _is_needed(name: str, asked: set[str]) -> bool:
    return name in asked or name.startswith(_BASIS)


def _lines(frame: pd.DataFrame, rule: ProgramRule, coverage_rule: str) -> Rows:
    wanted = load_coverage_rule(rule.coverage)
    plain = bool(coverage_rule) and _classes_alike(load_coverage_rule(coverage_rule), wanted)
    suffix = "" if plain else wanted.suffix
    found = pd.DataFrame(
        {
            name: frame[name + (suffix if name in _CLASSES else "")].astype(float)
            for name in _LOCATIONS
            if name + (suffix if name in _CLASSES else "") in frame
        },
        frame.index,
    )
    notes = []
    status = frame.get(f"coverage_status{suffix}", pd.Series("", index=frame.index)).astype(str)
    if status.str.contains("other_technologies").any():
        notes.append(
            tr(
                "The coverage table counts other technologies than {rule}: its classes stand in "
                "for that rule's.",
                rule=tr(wanted.title),
            )
        )
    if not rule.less_funded or "funded_n" not in frame or "locations_n" not in found:
        return Rows(found, notes=tuple(notes))
    if not plain:
        notes.append(
            tr("Which of these locations are already funded is not known under this rule.")
        )
        return Rows(found, notes=tuple(notes))
    return _less_funded(frame, found, notes)


def _less_funded(frame: pd.DataFrame, found: pd.DataFrame, notes: list[str]) -> Rows:
    """Leave out what is funded; where only its number is known, the classes stay whole."""
    whole, listed = found["locations_n"], frame["funded_n"].astype(float)
    over = listed > whole + ROUNDING
    funded = listed.mask(over, whole)
    # A table that lost the column, as one that was added up does, no longer tells which.
    by_area = frame.get("funded_status", pd.Series("", index=frame.index)).ne("ok")
    less = {
        name: frame[f"{name[:-2]}_unfunded_n"].astype(float).mask(by_area, found[name])
        for name in found.columns.intersection([*_CLASSES])
    }
    left_out, unplaced = float(funded.sum()), funded.where(by_area, 0.0)
    said = [
        tr(
            "{n} locations that an enforceable commitment already covers are left out.",
            n=number(left_out),
        )
    ]
    if over.any():
        said.append(
            trn(
                "{n} area with more funded locations listed than locations: {more} are not "
                "counted.",
                "{n} areas with more funded locations listed than locations: {more} are not "
                "counted.",
                int(over.sum()),
                n=number(over.sum()),
                more=number((listed - whole)[over].sum()),
            )
        )
    if unplaced.any():
        said.append(tr("They were not matched one by one: which are funded is not known."))
    return Rows(
        found.assign(**less, locations_n=(whole - funded).clip(lower=0.0)),
        left_out,
        (*notes, *said),
        unplaced_n=unplaced if unplaced.any() else None,
    )


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
        If no site is left, an id stands twice, a role is unknown, or a metric holds what it cannot.
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
    n = int(hubs.sum())
    said = trn(
        "{n} hub without end users left out.",
        "{n} hubs without end users left out.",
        n,
        n=number(n),
    )
    return Rows(
        _checked(_with_area(frame, table), "sites"), float(n), (said,) if n else (), noun="site"
    )


def _role(frame: pd.DataFrame) -> pd.Series:
    if "role" not in frame:
        return pd.Series("", index=frame.index)
    said = frame["role"].where(frame["role"].notna(), "").astype(str).str.strip()
    role = said.str.casefold()
    if (odd := ~role.isin(_ROLES)).any():
        raise InputError(
            f"role of the sites holds {said[odd].iloc[0]!r}",
            rows=frame.index[odd],
            fix=f"write {', '.join(filter(None, _ROLES))}, or leave it blank",
        )
    return role


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


def _checked(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Refuse what a metric cannot be, before it decides a test; words for unknown are missing."""
    made = {}
    for metric in (program_metric(str(n)) for n in frame if is_program_metric(str(n))):
        name = metric.name
        if metric.unit in ("share", "people", "n"):
            _refuse_numbers(frame[name], metric, what)
        elif metric.unit == "bool" or metric.words:
            made[name] = _words(frame[name], metric, what)
    return frame.assign(**made)


def _refuse_numbers(given: pd.Series, metric: Metric, what: str) -> None:
    try:
        values = pd.to_numeric(given).astype(float)
    except (TypeError, ValueError):
        raise InputError(f"{metric.name} of the {what} holds words", fix="write numbers") from None
    share = metric.unit == "share"
    odd = (values < 0) | np.isinf(values) | ((values > 1) if share else False)
    if odd.any():
        fix = "write shares, 0.195 for 19.5 %" if share else "write counts of 0 or more"
        raise InputError(
            f"{metric.name} of the {what} holds {values[odd].iloc[0]:g}",
            rows=given.index[odd],
            fix=fix,
        )


def _words(given: pd.Series, metric: Metric, what: str) -> pd.Series:
    """Return the words of a metric: an unknown word is no No."""
    text = given.astype(object).map(lambda v: str(v).strip().casefold(), na_action="ignore")
    allowed = (*YES, *NO) if metric.unit == "bool" else metric.words
    odd = text.notna() & ~text.isin([*allowed, *statuses(), ""])
    if odd.any():
        raise InputError(
            f"{metric.name} of the {what} holds {given[odd].iloc[0]!r}",
            rows=given.index[odd],
            fix="write true or false, or leave it blank"
            if metric.unit == "bool"
            else f"write {', '.join(metric.words)}, or leave it blank",
        )
    return given.astype(object).where(text.isin(allowed), None)
