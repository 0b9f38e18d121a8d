"""From a report to blocks of text and tables of finished words.

The page, the PDF and the DOCX each draw these blocks in their own way; none formats a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from equity.areas.schema import Column, describe, placed_in
from equity.areas.words import is_missing, number, say, with_points
from equity.language import ENGLISH, current, dated, mark, tr, trn
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
    "named",
    "rule_notes",
    "signed",
    "source_lines",
    "unranked_table",
]

SYNTHETIC = mark(
    "Synthetic data: this place was generated to show and test the method. "
    "Nothing here describes a real community."
)

FOCUS = mark("Under-resourced communities that fall short")
STATES = mark("States")
NO_FOCUS = mark("No community is both under-resourced and short of telehealth by these criteria.")
OURS = frozenset(
    {
        mark("the study's own file"),
        mark("The study's own"),
        mark("the plan's own table"),
        mark("made up to show the method"),
        mark("Places of care"),
        mark("Polygons of the area"),
        mark("Table of districts"),
        mark("Applicant"),
        mark("List of sites"),
        mark("public domain"),
        mark("US federal data, public domain"),
    }
)
"""Words of citations that no publisher wrote; names and titles stay as they were published."""
WHAT_A_RULE_DOES = mark(
    "A rule decides which lines qualify and which subscriptions count, so it decides how large the "
    "gap looks."
)


def ranked_by(report: Report) -> str:
    """Say how a table of communities is ordered, and what its ± and its likelihoods mean."""
    margins = np.isfinite(_rows.margin_of(report.table, "gap_n")).any()
    margins |= np.isfinite(_rows.margin_of(report.table, "population_n")).any()
    said = [
        tr(
            "ranked by people in the gap, and how many of these people lack only a line, only a "
            "connected home, or both."
        ),
        tr("After ±: 90 % margin of error.") if margins else "",
        report.how_likely,
    ]
    return " ".join(filter(None, said))


def joined(text: str) -> str:
    """Keep a number with its percent sign, and a margin with its sign, on one line."""
    # Markup stays what it is.
    return type(text)(_PERCENT.sub("\\1\u00a0%", text)).replace("± ", "±\u00a0")


_PERCENT = re.compile(r"(\d) %")


@dataclass(frozen=True)
class Cell:
    """A finished cell: its words, and the number to sort by (None: unknown, sorts last)."""

    text: str
    value: float | None = None
    small: str = ""
    #: Stays as it was published, such as the name of a place: English in every language.
    published: bool = False

    @property
    def unknown(self) -> bool:
        """True if the cell says why there is no value."""
        return self.text.startswith(tr("n/a"))

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
    table = report.in_words(report.table.loc[list(geoids)])
    names = _rows.texts(table, "name", default=[str(g) for g in table.index])
    first = [
        Cell(name, small=small, published=True)
        for name, small in zip(names, _rows.places(table), strict=True)
    ]
    corner = tr("County") if report.pages else tr("Community")
    return _drawn(table, place, Head(corner, words=True, width=2.15), first, caption)


def states_table(report: Report) -> Table:
    """Each state of a study that was run state by state, largest gap first."""
    table = report.levels["states"].sort_values("gap_n", ascending=False, kind="stable")
    first = [Cell(str(name), published=True) for name in table["name"]]
    corner = Head(tr("State"), words=True, width=2.15)
    return _drawn(table, "communities", corner, first, tr(STATES))


def states_note(report: Report) -> str:
    """Say what the states' own pages hold that this one does not."""
    return tr(
        "Each state was run as a study of its own, and sites beyond its border count. Its page "
        "has its {areas}, the places that fall short by its own overall rate, and its files. "
        "All {n}: largest gap first.",
        areas=tr(report.areas_label),
        n=number(len(report.pages)),
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
    return Head(tr(heading(column)), words=column.unit == "text", width=width)


def heading_of(name: str) -> str:
    """Return what a column is called in tables, by its name."""
    (column,) = describe([name])
    return heading(column)


def heading(column: Column) -> str:
    """Return what a column is called in tables."""
    return (column.table.heading if column.table else "") or column.label


def _words(table: pd.DataFrame, column: Column) -> list[Cell]:
    return [Cell(tr(column.words.get(v, v)) or "–") for v in _rows.texts(table, column.name)]


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
        Cell(first_up(tr(str(key))), small=small)
        for key, small in zip(frame.index, _counted(report), strict=True)
    ]
    caption = tr("The gap in under-resourced communities and elsewhere")
    table = _drawn(frame, "comparison", Head(tr("Where"), words=True, width=1.75), first, caption)
    # Only rates are compared: the row of differences has no counts.
    rows = tuple(
        tuple(in_points(cell) for cell in row) if apart else row
        for apart, row in zip(_differences(report), table.rows, strict=True)
    )
    return replace(table, rows=rows)


def in_points(cell: Cell) -> Cell:
    """Write a difference of shares in points, and a count, which has none, as a dash."""
    if cell.unknown:
        return Cell("–")
    if cell.value is None:
        return cell
    return replace(cell, text=with_points(cell.text.replace(" %", "")))


def _differences(report: Report) -> list[bool]:
    """Tell which rows of the comparison are differences: they have no residents."""
    return [is_missing(n) for n in report.comparison["population_n"].tolist()]


def _counted(report: Report) -> list[str]:
    """Say how many areas each row of the comparison has, and what differences are of."""
    frame = report.comparison
    counts = frame["areas_n"].tolist() if "areas_n" in frame else [None] * len(frame)
    return [
        tr("before rounding")
        if apart
        else ""
        if is_missing(n)
        else f"{number(n)} {tr(report.areas_label)}"
        for n, apart in zip(counts, _differences(report), strict=True)
    ]


def by_rule_table(report: Report, *, brief: bool = False) -> Table:
    """Put the same gap under each rule side by side; `brief` leaves the notes to the text."""
    frame = report.by_rule
    names = {str(r["id"]): _rule_name(r) for r in report.rules}
    notes = [""] * len(frame) if brief else _rows.texts(frame, "note")
    first = [
        Cell(first_up(names.get(str(key), str(key))), small=note)
        for key, note in zip(frame.index, notes, strict=True)
    ]
    corner = Head(tr("Rule"), words=True, width=1.75)
    return _drawn(frame, "rules", corner, first, tr("The gap under each rule"))


def _rule_name(rule: Mapping[str, Any]) -> str:
    name = tr(str(rule.get("title") or rule["id"]))
    return tr("{rule} (headline)", rule=name) if rule.get("headline") else name


def signed(text: str) -> str:
    """Return a number with a minus sign in place of a hyphen."""
    return f"\u2212{text[1:]}" if text[:1] == "-" and text[1:2].isdecimal() else text


def first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def unranked_table(report: Report) -> Table:
    """Areas without a value, and why: never dropped silently."""
    frame = report.unranked
    names = _rows.texts(frame, "name", default=[str(g) for g in frame.index])
    reasons = _rows.texts(frame, "reason", default=[tr("no reason recorded")] * len(frame))
    rows = tuple(
        (Cell(name, small=str(geoid), published=True), Cell(reason))
        for name, geoid, reason in zip(names, frame.index, reasons, strict=True)
    )
    heads = (Head(tr("Area"), words=True), Head(tr("Why it is not ranked"), words=True, width=2.0))
    keys = tuple(str(g) for g in frame.index)
    return Table(tr("Areas that are not ranked"), heads, rows, keys)


def rule_notes(report: Report, *, published: Callable[[str], str] = str) -> list[tuple[str, str]]:
    """One paragraph a rule: what it counts, who says so, how sure that is.

    `published` says of a citation that it is English as published; if it returns markup, so does
    this.
    """
    notes = []
    keys = [str(key) for key in report.by_rule.index]
    notes_here = dict(zip(keys, _rows.texts(report.by_rule, "note"), strict=True))
    for rule in report.rules:
        origin = _origin(rule, published)
        here = notes_here.get(str(rule["id"]), "")
        text = (
            str(rule.get("text") or ""),
            origin,
            tr(_SURE[str(rule["confidence"])]) if rule.get("confidence") else "",
            tr("In this run: {note}", note=_closed(here)) if here else "",
        )
        space = type(published(""))(" ")
        notes.append((_rule_name(rule), space.join(filter(None, text))))
    return notes


def _origin(rule: Mapping[str, Any], published: Callable[[str], str]) -> str:
    """Return who says what a rule is, and since when; a day spelled out is in our words."""
    citation, date = (str(rule.get(key) or "") for key in ("citation", "date"))
    if not citation or not date or dated(date) == date:
        both = ", ".join(filter(None, [citation, date]))
        return published(_closed(both)) if both else ""
    said = published(citation)
    return type(said)(", ").join([said, _closed(dated(date))])


_SURE = {
    "primary": mark("Confidence in this reading: primary."),
    "secondary": mark("Confidence in this reading: secondary."),
    "unverified": mark("Confidence in this reading: unverified."),
}


def _closed(text: str) -> str:
    return f"{text}." if text and text[-1] not in ".!?" else text


def source_lines(
    sources: Sequence[Source], *, published: Callable[[str], str] = str
) -> list[tuple[str, str]]:
    """Return one line and one address a publication; its files stand together.

    `published` says of a part that it is English as published; if it returns markup, so does this.
    """
    groups: dict[Source, dict[str, None]] = {}
    for s in sources:
        mark = f" (SHA-256 {s.sha256[:12]}…)" if s.sha256 else ""
        file = f"{s.file or 'file'}{mark}" if s.file or s.sha256 else ""
        groups.setdefault(replace(s, id="", file="", sha256=""), {})[file] = None
    of = published
    return [(_source_text(s, [f for f in files if f], of), s.url) for s, files in groups.items()]


def _source_text(s: Source, files: Sequence[str], published: Callable[[str], str]) -> str:
    # Words between are ours and have no markup: markup of the parts makes markup of the whole.
    parts = [named(s, published)]
    if s.retrieved:
        date = dated(s.retrieved)  # spelled out it is ours, as it was given the publisher's
        date = published(date) if date == s.retrieved else date
        parts += [tr("retrieved {date}", date=date)]
    parts += [tr("revision {revision}", revision=published(s.revision))] if s.revision else []
    if s.mirror:
        mirror = published(s.mirror)
        parts += [tr("fetched from {mirror} in the publisher's place", mirror=mirror)]
    if s.licence:
        ours = s.licence in OURS and current() != ENGLISH
        licence = tr(s.licence) if ours else published(s.licence)
        parts += [tr("licence: {licence}", licence=licence)]
    if files:
        listed = published(", ".join(files))
        parts += [trn("file {files}", "files {files}", len(files), files=listed)]
    text = _closed("; ".join(parts))
    text += f" {published(_closed(s.note))}" if s.note else ""
    stamp = tr("Synthetic.")
    return type(parts[0])(f"{text} {stamp}" if s.synthetic else text)


def named(s: Source, published: Callable[[str], str]) -> str:
    """Return publisher, title and edition; what we call a study's own files is said by us."""
    if current() == ENGLISH or not OURS.intersection((s.agency, s.product)):
        return published(f"{s.agency}, {s.product}, {s.vintage}")
    said = [tr(p) if p in OURS else published(p) for p in (s.agency, s.product, s.vintage)]
    return type(said[-1])(", ".join(said))


#: Rows a long table starts with; the rest is one click away, and there at once without scripts.
SHORT = 25


def shown_count(shown: int, total: int, noun: str) -> str:
    """Say when a list is cut: ``The first 60 of 412 communities``; empty if it is whole."""
    if shown >= total:
        return ""
    counts = {"n": number(shown), "all": number(total)}
    return tr("The first {n} of {all} {what}", **counts, what=tr(noun))
