"""From a report to blocks of text and tables of finished words.

The page, the PDF and the DOCX each draw these blocks in their own way; none formats a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.words import is_missing, number, say, share
from equity.outputs import _rows
from equity.outputs.report import Report
from equity.provenance import Source

__all__ = [
    "SYNTHETIC",
    "Cell",
    "Head",
    "Table",
    "by_rule_table",
    "community_table",
    "comparison_table",
    "rule_notes",
    "source_lines",
    "unranked_table",
]

SYNTHETIC = (
    "Synthetic data: this place was generated to show and test the method. "
    "Nothing here describes a real community."
)

FOCUS = "Under-resourced communities that fall short"
NO_FOCUS = "No community is both under-resourced and short of telehealth by these criteria."
WHAT_A_RULE_DOES = (
    "A rule decides which lines qualify and which subscriptions count, so it decides how large the "
    "gap looks."
)

BARRIERS = {
    "infrastructure": "no qualifying line",
    "line": "no qualifying line",
    "clinic": "care within reach",
    "practice_line": "the practice's own line",
    "gap_infrastructure_n": "no qualifying line",
    "device": "no device",
    "gap_device_n": "no device",
    "subscription": "no subscription",
    "gap_subscription_n": "no subscription",
}


def ranked_by(report: Report) -> str:
    """Say how a table of communities is ordered, and what its ± means if it has any."""
    margins = np.isfinite(_rows.margin_of(report.table, "gap_n")).any()
    margins |= np.isfinite(_rows.margin_of(report.table, "population_n")).any()
    return (
        "ranked by people in the gap, and how many of these people lack a qualifying line, a "
        "subscription or a device." + (" After ±: 90 % margin of error." if margins else "")
    )


def joined(text: str) -> str:
    """Keep a number and its percent sign on one line."""
    return _PERCENT.sub("\\1\u00a0%", text)


_PERCENT = re.compile(r"(\d) %")


@dataclass(frozen=True)
class Cell:
    """A finished cell: its words, and the number to sort by (None: unknown, sorts last)."""

    text: str
    value: float | None = None
    small: str = ""

    @property
    def unknown(self) -> bool:
        """True if the cell says why there is no value."""
        return self.text.startswith("n/a")


@dataclass(frozen=True)
class Head:
    """A column heading; `words` columns are set flush left and may wrap."""

    label: str
    words: bool = False
    #: Relative width in print.
    width: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table ready to be drawn; the first column names its row."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[str, ...]


def _cell(value: Any, unit: str, *, moe: Any, status: Any, like: float) -> Cell:
    text = say(value, unit, moe=moe, status=status, with_unit=unit == "share", like=like)
    return Cell(text, None if is_missing(value) else float(value))


#: Columns of a table of communities: column, unit, heading, width. Absent ones are left out.
_COMMUNITY = (
    ("population_n", "n", "Residents", 1.15),
    ("gap_n", "n", "People in the gap", 1.15),
    ("gap_share", "share", "Share of residents", 1.05),
    ("gap_infrastructure_n", "n", "No line", 0.8),
    ("gap_subscription_n", "n", "No subscription", 1.25),
    ("gap_device_n", "n", "No device", 0.75),
    ("nearest_site_km", "km", "Nearest site, km", 0.85),
)


def community_table(
    report: Report, geoids: Sequence[str], *, caption: str, brief: bool = False
) -> Table:
    """Ranked communities with margins, the parts of their gap and why they count.

    `brief` leaves out what a reader can see from the parts: paper is narrow.
    """
    table = report.table.loc[list(geoids)]
    used = [c for c in _COMMUNITY if c[0] in table.columns]
    columns = [_column(table, name, unit) for name, unit, _, _ in used]
    heads = [Head("Community", words=True, width=2.15)]
    heads += [Head(label, width=width) for _, _, label, width in used]
    names = _rows.texts(table, "name", default=[str(g) for g in table.index])
    first = [
        Cell(name, small=place) for name, place in zip(names, _rows.places(table), strict=True)
    ]
    columns.insert(0, first)
    if "main_barrier" in table.columns and not brief:
        heads.append(Head("Mainly missing", words=True, width=1.3))
        columns.append([Cell(_barrier(v)) for v in table["main_barrier"].tolist()])
    if any(_rows.texts(table, "under_resourced_reason")):
        heads.append(Head("Under-resourced because", words=True, width=2.65))
        columns.append([Cell(why or "–") for why in _rows.texts(table, "under_resourced_reason")])
    keys = tuple(str(g) for g in table.index)
    rows = tuple(zip(*columns, strict=True)) if keys else ()
    return Table(caption, tuple(heads), rows, keys)


def _column(table: Any, column: str, unit: str) -> list[Cell]:
    margins = _rows.margin_of(table, column)
    statuses = _rows.status_of(table, column)
    values = pd.to_numeric(table[column], errors="coerce").tolist()
    part = column.startswith("gap_") and column.endswith("_n")
    like = _rows.variation(table, "gap_n" if part else column)
    return [
        _cell(v, unit, moe=m, status=s, like=c)
        for v, m, s, c in zip(values, margins, statuses, like, strict=True)
    ]


def _barrier(value: Any) -> str:
    if is_missing(value) or not str(value).strip():
        return "–"
    return BARRIERS.get(str(value), str(value).replace("_", " "))


_PARTS = (
    ("gap_infrastructure_n", "n", "no qualifying line"),
    ("gap_subscription_n", "n", "no subscription"),
    ("gap_device_n", "n", "no device"),
)


def comparison_table(report: Report) -> Table:
    """Set under-resourced communities against everywhere else."""
    columns = (
        ("population_n", "n", "Residents"),
        ("gap_n", "n", "People in the gap"),
        ("gap_share", "share", "Share of residents"),
        *((c, u, label.capitalize()) for c, u, label in _PARTS),
    )
    return _plain(
        report.comparison,
        columns,
        "Where",
        "The gap in under-resourced communities and elsewhere",
        names={},
        small=_counted(report),
    )


def _counted(report: Report) -> list[str]:
    """Say how many areas each row of the comparison has."""
    if "areas_n" not in report.comparison:
        return [""] * len(report.comparison)
    counts = pd.to_numeric(report.comparison["areas_n"], errors="coerce").tolist()
    return ["" if is_missing(n) else f"{number(n)} {report.areas_label}" for n in counts]


def by_rule_table(report: Report, *, brief: bool = False) -> Table:
    """Put the same gap under each rule side by side; `brief` leaves the notes to the text."""
    columns = (
        ("gap_n", "n", "People in the gap"),
        ("gap_share", "share", "Share of residents"),
        *((c, u, label.capitalize()) for c, u, label in _PARTS),
        (
            "subscribed_beyond_rule_share",
            "share",
            "Homes that subscribe to something the rule does not count",
        ),
    )
    names = {str(r["id"]): _rule_name(r) for r in report.rules}
    small = [""] * len(report.by_rule) if brief else None
    return _plain(
        report.by_rule, columns, "Rule", "The gap under each rule", names=names, small=small
    )


def _rule_name(rule: Mapping[str, Any]) -> str:
    mark = " (headline)" if rule.get("headline") else ""
    return f"{rule.get('title') or rule['id']}{mark}"


_PLAIN_WIDTHS = {"gap_subscription_n": 1.15, "subscribed_beyond_rule_share": 1.3}


def _plain(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str, str]],
    corner: str,
    caption: str,
    *,
    names: Mapping[str, str],
    small: Sequence[str] | None = None,
) -> Table:
    used = [c for c in columns if c[0] in frame.columns]
    cells = [_column(frame, name, unit) for name, unit, _ in used]
    notes = _rows.texts(frame, "note") if small is None else small
    first = [
        Cell(_first_up(names.get(str(key), str(key))), small=note)
        for key, note in zip(frame.index, notes, strict=True)
    ]
    heads = (
        Head(corner, words=True, width=1.75),
        *(Head(label, width=_PLAIN_WIDTHS.get(name, 0.9)) for name, _, label in used),
    )
    keys = tuple(str(k) for k in frame.index)
    return Table(caption, heads, tuple(zip(first, *cells, strict=True)), keys)


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def unranked_table(report: Report) -> Table:
    """Areas without a value, and why: never dropped silently."""
    frame = report.unranked
    names = _rows.texts(frame, "name", default=[str(g) for g in frame.index])
    reasons = _rows.texts(frame, "reason", default=["no reason recorded"] * len(frame))
    rows = tuple(
        (Cell(name, small=str(geoid)), Cell(reason))
        for name, geoid, reason in zip(names, frame.index, reasons, strict=True)
    )
    heads = (Head("Area", words=True), Head("Why it is not ranked", words=True, width=2.0))
    return Table("Areas that are not ranked", heads, rows, tuple(str(g) for g in frame.index))


def rule_notes(report: Report) -> list[tuple[str, str]]:
    """One paragraph a rule: what it counts, who says so, how sure that is."""
    notes = []
    keys = [str(key) for key in report.by_rule.index]
    notes_here = dict(zip(keys, _rows.texts(report.by_rule, "note"), strict=True))
    for rule in report.rules:
        origin = [str(rule[k]) for k in ("citation", "date") if rule.get(k)]
        here = notes_here.get(str(rule["id"]), "")
        here = f"In this run: {_closed(here)}" if here else ""
        sure = (
            f"Confidence in this reading: {rule['confidence']}." if rule.get("confidence") else ""
        )
        text = " ".join(
            part
            for part in (str(rule.get("text") or ""), _closed(", ".join(origin)), sure, here)
            if part
        )
        notes.append((_rule_name(rule), text))
    return notes


def _closed(text: str) -> str:
    return f"{text}." if text and text[-1] not in ".!?" else text


def source_lines(sources: Sequence[Source]) -> list[tuple[str, str]]:
    """Return one line and one address a publication; its files stand together."""
    groups: dict[Source, dict[str, None]] = {}
    for s in sources:
        mark = f" (SHA-256 {s.sha256[:12]}…)" if s.sha256 else ""
        file = f"{s.file or 'file'}{mark}" if s.file or s.sha256 else ""
        groups.setdefault(replace(s, id="", file="", sha256=""), {})[file] = None
    return [(_source_text(s, [f for f in files if f]), s.url) for s, files in groups.items()]


def _source_text(s: Source, files: Sequence[str]) -> str:
    parts = [f"{s.agency}, {s.product}, {s.vintage}"]
    parts += [f"retrieved {s.retrieved}"] if s.retrieved else []
    parts += [f"revision {s.revision}"] if s.revision else []
    parts += [f"licence: {s.licence}"] if s.licence else []
    parts += [f"{'files' if len(files) > 1 else 'file'} {', '.join(files)}"] if files else []
    text = _closed("; ".join(parts))
    text += f" {_closed(s.note)}" if s.note else ""
    return text + (" Synthetic." if s.synthetic else "")


#: Rows a long table starts with; the rest is one click away, and there at once without scripts.
SHORT = 25
NOSCRIPT = (
    "<noscript><style>table.is-short tbody tr{display:table-row!important}</style></noscript>"
)


def listing(table: str, rows: int, label: str) -> str:
    """Wrap a sortable HTML table (its inside is `table`) so that a long one starts short."""
    short = rows > SHORT
    cut = (
        f'<p class="cut">Printed: the first {SHORT} of {number(rows)} rows; all are in '
        "communities.csv and communities.xlsx.</p>"
        if short
        else ""
    )
    return (
        '<div class="listing">'
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0">'
        f'<table class="sortable{" is-short" if short else ""}" data-short="{SHORT}">'
        f"{table}</table></div>{cut}</div>"
    )


def shown_count(shown: int, total: int, noun: str) -> str:
    """Say when a list is cut: ``The first 60 of 412 communities``; empty if it is whole."""
    return "" if shown >= total else f"The first {number(shown)} of {number(total)} {noun}"


def part_shares(row: Mapping[str, Any]) -> list[tuple[str, float, str]]:
    """Parts of one gap: label, share of the gap, percentage in words."""
    total = row.get("gap_n")
    if total is None or is_missing(total) or not float(total) > 0:
        return []
    return [
        (label, float(row[c]) / float(total), share(float(row[c]) / float(total), 0))
        for c, _, label in _PARTS
        if c in row and not is_missing(row[c])
    ]
