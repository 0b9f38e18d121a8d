"""A rule put to a table of classes: exact where the classes cut at its speeds, else a bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from equity.errors import MissingColumnError
from equity.language import mark, said, together
from equity.provenance import carry
from equity.rules import CoverageRule
from equity.rules.coverage_rule import TECHNOLOGIES

_COUNTS = ("locations_n", "served_n", "underserved_n", "unserved_n")


def coverage_of_classes(table: pd.DataFrame, rule: CoverageRule) -> pd.DataFrame:
    """Return the table with qualifying locations, shares and a status that says how exact it is.

    A line of a class is at least as fast as the class's lower cut. So the locations in the classes
    from the nearest stricter cut on surely have a line at the rule's speed: a lower bound. Where no
    class is as strict as the rule, the strictest class is an upper bound.
    """
    missing = [name for name in _COUNTS if name not in table.columns]
    if missing:
        raise MissingColumnError(
            f"a table of classes needs {missing[0]!r}", fix="read it with read_coverage"
        )
    classes = table.attrs.get("coverage_classes", {})
    served = _pair(classes.get("served", (100, 20)))
    under = _pair(classes.get("underserved", (25, 3)))
    result = table.copy()
    reached = result["served_n"] + result["underserved_n"]
    wanted = rule.qualifying
    exact = wanted in {served, under}
    if wanted == under or (not exact and _covers(under, wanted)):
        result["qualifying_n"], bound, cut = reached, "lower_bound", under
    elif wanted == served or _covers(served, wanted):
        result["qualifying_n"], bound, cut = result["served_n"], "lower_bound", served
    else:
        result["qualifying_n"], bound, cut = result["served_n"], "upper_bound", served
    total = result["locations_n"].where(result["locations_n"] > 0)
    for name in ("served", "underserved", "unserved", "qualifying"):
        result[f"{name}_share"] = result[f"{name}_n"] / total
    notes = [rule.recorded]
    status = "ok"
    if not exact:
        status = bound
        notes.append(
            said(
                _BOUNDS[bound],
                served=_text(served),
                under=_text(under),
                wanted=_text(wanted),
                cut=_text(cut),
            )
        )
    differing = _technology_note(classes, rule)
    if differing:
        notes.append(differing)
        status = "other_technologies" if exact else f"{status}_other_technologies"
    result["coverage_status"] = (
        pd.Series(status, index=result.index).mask(total.isna(), "no_locations").astype("str")
    )
    return carry(result, table, notes=notes)


_BOUNDS = {
    "lower_bound": mark(
        "The table has classes at {served} and {under} Mbps; the rule asks for {wanted}. Locations "
        "at {cut} are counted: a lower bound of those that qualify"
    ),
    "upper_bound": mark(
        "The table has classes at {served} and {under} Mbps; the rule asks for {wanted}. Locations "
        "at {cut} are counted: an upper bound of those that qualify"
    ),
}


def _covers(cut: tuple[float, float], wanted: tuple[float, float]) -> bool:
    return cut[0] >= wanted[0] and cut[1] >= wanted[1]


def _pair(value: Sequence[float]) -> tuple[float, float]:
    return float(value[0]), float(value[1])


def _text(pair: tuple[float, float]) -> str:
    return f"{pair[0]:g}/{pair[1]:g}"


def _technology_note(classes: dict[str, Any], rule: CoverageRule) -> str:
    counted = set(classes.get("technologies", ()))
    if not counted:
        return said("Which technologies the table's classes count is not known")
    more = sorted(counted - set(rule.technologies))
    less = sorted(set(rule.technologies) - counted)
    values = {"less": _names(less), "more": _names(more)}
    if less and more:
        return said(
            "Other technologies than the rule's: the rule also counts {less} and the table also "
            "counts {more}",
            **values,
        )
    if less:
        return said("Other technologies than the rule's: the rule also counts {less}", **values)
    if more:
        return said("Other technologies than the rule's: the table also counts {more}", **values)
    return ""


def _names(codes: list[int]) -> str:
    named = ((said(TECHNOLOGIES.get(code, "unknown")), code) for code in codes)
    return together((said("{name} ({code})", name=name, code=code) for name, code in named), ", ")
