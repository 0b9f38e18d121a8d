"""What a program's form asks for: its published tests, the sites, and tables A, B and C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from equity.areas.words import number
from equity.language import dated, mark, tr, trn
from equity.outputs import _place_tables
from equity.outputs._block import Block
from equity.outputs._content import Table, first_up
from equity.outputs._layout import Layout, Part
from equity.outputs.report import ProgramFinding, Report

__all__ = ["lettered_blocks", "site_blocks", "tests_blocks"]

_MARGINS = mark("After ±: 90 % margin of error; where none stands, a part has none.")
_CONTROLLED = mark(
    "The ± of residents is that of the areas added up: of whole counties and states the Census "
    "Bureau sets the number itself and publishes no margin."
)
_READING = mark(
    "Below each result stands how the words of the test were read: in the original, second hand "
    "(as others repeat them), or recalled only."
)
_CUT = mark(
    "The last column tells how far the value lies from the cut-off nearest to it: above it with +, "
    "below it with a minus sign."
)
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
    table = _place_tables.tests_table(list(tests.values()))
    yield Block("table", table=table)
    cut = tr(_CUT) if tr("To the nearest cut") in (head.label for head in table.heads) else ""
    yield Block("text", " ".join(filter(None, [tr(_READING), cut])))
    # Parts of what is missing are joined like this where tests are put.
    lacking = [w for t in tests.values() for row in t.criteria["missing"] for w in row.split("; ")]
    if any(lacking):
        yield Block("note", tr("Tests that cannot be told here need:"))
        yield from (Block("bullet", f"{first_up(w)}.") for w in dict.fromkeys(lacking) if w)
    for test in tests.values():
        yield Block("subheading", tr(test.title))
        yield Block("note", tr("Confirm with: {agency}.", agency=tr(test.confirm_at)))
        yield from _texts(test)


def _texts(test: ProgramFinding) -> Iterator[Block]:
    """Yield where each test of a program is published, and then what is said beside them."""
    for _, row in test.criteria.iterrows():
        said = tr(
            "{test}: {citation}, {date}.",
            test=tr(str(row["label"])),
            citation=row["citation"],
            date=dated(str(row["date"])),
        )
        text = " ".join(filter(None, [said, row["note"]]))
        yield Block("bullet", text, link=str(row.get("url", "")))
    yield from (Block("text", note) for note in test.notes)


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
            tr(_CONTROLLED) if _has_margin(table, "population_n") else "",
        ]
        yield from [Block("text", " ".join(filter(None, below)))] * any(below)
    if lacking:
        yield Block("note", tr("Not in this study, and where it is published:"))
        yield from (Block("bullet", f"{text}.") for text in lacking)


def _has_margin(table: Table, name: str) -> bool:
    rows = dict(zip(table.keys, table.rows, strict=True))
    return any(cell.small for cell in rows.get(name, ()))


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
    beyond = len(report.sites) - n if report.sites is not None else 0
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
    if beyond:
        said.append(_place_tables.beyond_border(beyond))
    yield Block("note", " ".join(said))
    yield Block("table", table=table)
