"""What a program's form asks for: its published tests, the sites, and tables A, B and C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from equity.areas.words import number
from equity.language import dated, mark, tr, trn
from equity.outputs import _place_tables
from equity.outputs._block import Block
from equity.outputs._layout import Layout, Part
from equity.outputs.report import Report

__all__ = ["lettered_blocks", "site_blocks", "tests_blocks"]

_MARGINS = mark("After ±: 90 % margin of error; where none stands, a part has none.")
_BY_HOMES = mark(
    "Shares of homes are counted by homes, those of residents by residents: of a whole county the "
    "second may be a little above the first."
)


def tests_blocks(report: Report, layout: Layout) -> Iterator[Block]:
    """Yield rural status and the other tests, as the program publishes them."""
    tests = {name: report.programs[name] for name in layout.programs if name in report.programs}
    if not tests:
        return
    rural, others = tr("Rural status and published tests"), tr("Published tests")
    yield Block("heading", rural if layout.rural else others)
    yield Block(
        "note",
        tr(
            "What the arithmetic gives under each published test on the day named. The agency "
            "decides: confirm every line with whoever it names below."
        ),
    )
    yield Block("table", table=_place_tables.tests_table(list(tests.values())))
    for test in tests.values():
        for _, row in test.criteria.iterrows():
            said = [
                tr(
                    "{test}: {citation}, {date}; confirm with {agency}.",
                    test=tr(str(row["label"])),
                    citation=row["citation"],
                    date=dated(str(row["date"])),
                    agency=tr(test.confirm_at),
                )
            ]
            if row["missing"]:
                said.append(tr("It needs {missing}.", missing=row["missing"]))
            if row["note"]:
                said.append(row["note"])
            yield Block("bullet", " ".join(said), link=str(row.get("url", "")))
        of = tr(test.title)
        yield from (
            Block("bullet", tr("{program}: {note}", program=of, note=note)) for note in test.notes
        )


def lettered_blocks(report: Report, layout: Layout) -> Iterator[Block]:
    """Yield tables A, B and C."""
    asked = dict.fromkeys([*layout.people.columns, *_criteria_columns(report)])
    people = replace(layout.people, columns=tuple(asked))
    for heading, caption, part in (
        (tr("A. Lines"), tr("Lines in the service area"), layout.lines),
        (tr("B. Care"), tr("Care in the service area"), layout.care),
        (tr("C. People"), tr("People in the service area"), people),
    ):
        yield from _one_part(report, heading, caption, part)


def _criteria_columns(report: Report) -> list[str]:
    """Return what communities are judged by, as far as it has a value for whole places."""
    frame = report.places
    if frame is None:
        return []
    return [name for name in report.criteria_columns if name in frame and frame[name].notna().any()]


def _one_part(report: Report, heading: str, caption: str, part: Part) -> Iterator[Block]:
    table = _place_tables.place_table(report, part, caption)
    lacking = _place_tables.absent(report, part)
    if table is None and report.places is None:
        return
    yield Block("heading", heading)
    margins = table is not None and any(c.small for row in table.rows for c in row)
    yield Block("note", " ".join([tr(part.note), *[tr(_MARGINS)] * margins]))
    if table is not None:
        yield Block("table", table=table)
        # Below it: a long text above would not stay with the table.
        below = [
            _classes(report) if "unserved_n" in table.keys else "",
            tr(_BY_HOMES) if {"connected_share", "usable_link_share"} <= {*table.keys} else "",
            report.minutes_known if "nearest_site_min" in table.keys else "",
        ]
        yield from [Block("text", " ".join(filter(None, below)))] * any(below)
    if lacking:
        yield Block("note", tr("Not in this study, and where it is published:"))
        yield from (Block("bullet", f"{text}.") for text in lacking)


def _classes(report: Report) -> str:
    """Say which speeds tell unserved from underserved locations under the headline's rule."""
    for rule in report.rules:
        if rule.get("headline") and rule.get("speeds"):
            low, high = cast("Sequence[str]", rule["speeds"])
            return tr(
                "Unserved: no line from {low} Mbps; underserved: one of these, but none from "
                "{high} Mbps.",
                low=low,
                high=high,
            )
    return ""


def site_blocks(report: Report, layout: Layout) -> Iterator[Block]:
    own = _place_tables.application_table(report)
    found = _place_tables.site_table(report, layout.rural)
    if found is None and own is None:
        return
    yield Block("heading", tr("Sites"))
    yield from [Block("text", tr(layout.sites))] * bool(layout.sites)
    if own is not None:
        yield Block("note", tr("The sites of the application, as its list has them."))
        yield Block("table", table=own)
    if found is None:
        return
    table, more = found
    n = len(table.rows) + more
    said = [
        trn(
            "Places of care that this study counts: {n} lies in the area.",
            "Places of care that this study counts: {n} lie in the area.",
            n,
            n=number(n),
        )
    ]
    if more:
        said.append(
            tr(
                "The first {shown} stand here, the rest on the map of the run.",
                shown=number(len(table.rows)),
            )
        )
    yield Block("note", " ".join(said))
    yield Block("table", table=table)
