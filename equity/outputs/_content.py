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

from equity.areas.schema import Column, describe, placed_in
from equity.areas.words import is_missing, number, say
from equity.outputs import _rows
from equity.outputs._classes import with_miles
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
STATES = "States"
NO_FOCUS = "No community is both under-resourced and short of telehealth by these criteria."
WHAT_A_RULE_DOES = (
    "A rule decides which lines qualify and which subscriptions count, so it decides how large the "
    "gap looks."
)


def ranked_by(report: Report) -> str:
    """Say how a table of communities is ordered, and what its ± and its likelihoods mean."""
    margins = np.isfinite(_rows.margin_of(report.table, "gap_n")).any()
    margins |= np.isfinite(_rows.margin_of(report.table, "population_n")).any()
    return (
        "ranked by people in the gap, and how many of these people lack only a line, only a "
        "connected home, or both."
        + (" After ±: 90 % margin of error." if margins else "")
        + (f" {report.how_likely}" if report.how_likely else "")
    )


def joined(text: str) -> str:
    """Keep a number with its percent sign, and a margin with its sign, on one line."""
    return _PERCENT.sub("\\1\u00a0%", text).replace("± ", "±\u00a0")


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

    @property
    def sort(self) -> str:
        """What a page sorts by; empty where it is unknown."""
        return "" if self.value is None else f"{self.value:.6g}"


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


def community_table(
    report: Report, geoids: Sequence[str], *, caption: str, place: str = "communities"
) -> Table:
    """Ranked communities with margins, the parts of their gap and why they count.

    `place` is where the table stands: ``communities`` (the page) or ``appendix`` (paper is narrow).
    """
    table = report.table.loc[list(geoids)]
    names = _rows.texts(table, "name", default=[str(g) for g in table.index])
    first = [
        Cell(name, small=small) for name, small in zip(names, _rows.places(table), strict=True)
    ]
    corner = "County" if report.pages else "Community"
    return _drawn(table, place, Head(corner, words=True, width=2.15), first, caption)


def states_table(report: Report) -> Table:
    """Each state of a study that was run state by state, largest gap first."""
    table = report.levels["states"].sort_values("gap_n", ascending=False, kind="stable")
    first = [Cell(str(name)) for name in table["name"]]
    return _drawn(table, "communities", Head("State", words=True, width=2.15), first, STATES)


def states_note(report: Report) -> str:
    """Say what the states' own pages hold that this one does not."""
    return (
        f"Each state was run as a study of its own, and sites beyond its border count. Its page "
        f"has its {report.areas_label}, the places that fall short by its own overall rate, and "
        f"its files. All {number(len(report.pages))}: largest gap first."
    )


def _drawn(
    frame: pd.DataFrame, place: str, corner: Head, first: Sequence[Cell], caption: str
) -> Table:
    """Draw the columns that stand in one table; `first` names the rows."""
    heads, columns = [corner], [list(first)]
    for column in placed_in(place, frame.columns):
        if column.unit == "text" and not any(_rows.texts(frame, column.name)):
            continue
        heads.append(_head(column))
        columns.append(_words(frame, column) if heads[-1].words else _numbers(frame, column))
    keys = tuple(str(k) for k in frame.index)
    return Table(caption, tuple(heads), tuple(zip(*columns, strict=True)), keys)


def _head(column: Column) -> Head:
    place = column.table
    width = place.width if place else 1.0
    return Head(heading(column), words=column.unit == "text", width=width)


def heading_of(name: str) -> str:
    """Return what a column is called in tables, by its name."""
    (column,) = describe([name])
    return heading(column)


def heading(column: Column) -> str:
    """Return what a column is called in tables."""
    return (column.table.heading if column.table else "") or column.label


def _words(table: pd.DataFrame, column: Column) -> list[Cell]:
    return [Cell(column.words.get(v, v) or "–") for v in _rows.texts(table, column.name)]


def _numbers(table: pd.DataFrame, column: Column) -> list[Cell]:
    name, unit = column.name, column.unit
    margins = _rows.margin_of(table, name)
    statuses = _rows.status_of(table, name)
    values = pd.to_numeric(table[name], errors="coerce").tolist()
    # A part is not shown with more digits than its whole.
    like = _rows.variation(table, column.part_of or name)
    said = [
        say(v, unit, moe=m, status=s, with_unit=unit == "share", like=c)
        for v, m, s, c in zip(values, margins, statuses, like, strict=True)
    ]
    if unit == "km":
        said = [with_miles(text, v) for text, v in zip(said, values, strict=True)]
    return [
        Cell(text, None if is_missing(v) else float(v))
        for text, v in zip(said, values, strict=True)
    ]


def comparison_table(report: Report) -> Table:
    """Set under-resourced communities against everywhere else."""
    frame = report.comparison
    first = [
        Cell(first_up(str(key)), small=small)
        for key, small in zip(frame.index, _counted(report), strict=True)
    ]
    caption = "The gap in under-resourced communities and elsewhere"
    table = _drawn(frame, "comparison", Head("Where", words=True, width=1.75), first, caption)
    # Only rates are compared: the row of differences has no counts.
    rows = tuple(
        tuple(in_points(cell) for cell in row) if key.startswith("difference") else row
        for key, row in zip(table.keys, table.rows, strict=True)
    )
    return replace(table, rows=rows)


def in_points(cell: Cell) -> Cell:
    """Write a difference of shares in points, and a count, which has none, as a dash."""
    if cell.unknown:
        return Cell("–")
    return (
        cell if cell.value is None else replace(cell, text=f"{cell.text.replace(' %', '')} points")
    )


def _counted(report: Report) -> list[str]:
    """Say how many areas each row of the comparison has."""
    if "areas_n" not in report.comparison:
        return [""] * len(report.comparison)
    counts = pd.to_numeric(report.comparison["areas_n"], errors="coerce").tolist()
    return ["" if is_missing(n) else f"{number(n)} {report.areas_label}" for n in counts]


def by_rule_table(report: Report, *, brief: bool = False) -> Table:
    """Put the same gap under each rule side by side; `brief` leaves the notes to the text."""
    frame = report.by_rule
    names = {str(r["id"]): _rule_name(r) for r in report.rules}
    notes = [""] * len(frame) if brief else _rows.texts(frame, "note")
    first = [
        Cell(first_up(names.get(str(key), str(key))), small=note)
        for key, note in zip(frame.index, notes, strict=True)
    ]
    corner = Head("Rule", words=True, width=1.75)
    return _drawn(frame, "rules", corner, first, "The gap under each rule")


def _rule_name(rule: Mapping[str, Any]) -> str:
    mark = " (headline)" if rule.get("headline") else ""
    return f"{rule.get('title') or rule['id']}{mark}"


def first_up(text: str) -> str:
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
    parts += [f"fetched from {s.mirror} in the publisher's place"] if s.mirror else []
    parts += [f"licence: {s.licence}"] if s.licence else []
    parts += [f"{'files' if len(files) > 1 else 'file'} {', '.join(files)}"] if files else []
    text = _closed("; ".join(parts))
    text += f" {_closed(s.note)}" if s.note else ""
    return text + (" Synthetic." if s.synthetic else "")


#: Rows a long table starts with; the rest is one click away, and there at once without scripts.
SHORT = 25


def shown_count(shown: int, total: int, noun: str) -> str:
    """Say when a list is cut: ``The first 60 of 412 communities``; empty if it is whole."""
    return "" if shown >= total else f"The first {number(shown)} of {number(total)} {noun}"
