"""The appendix to a proposal: PDF and DOCX from one list of blocks, so no number can differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from equity.areas.vintage import required_record
from equity.areas.words import number, plural
from equity.errors import InputError
from equity.files.atomic import write_bytes
from equity.outputs import _content, _place_tables
from equity.outputs._block import Block
from equity.outputs._content import SYNTHETIC, Table
from equity.outputs._layout import (
    GENERIC,
    Layout,
    Part,
    asked_columns,
    find_layout,
    list_layouts,
    programs_of,
)
from equity.outputs._panels import counts_table, panels, without_race
from equity.outputs.report import Report
from equity.outputs.tables import recipe_text

__all__ = ["GENERIC", "asked_columns", "blocks", "list_layouts", "programs_of", "write_appendix"]

NO_RACE = " Race and ethnicity are left out here; the page tells of them."
#: Longer lists belong in the workbook; the appendix says where it stopped.
MOST_ROWS = 60
_STATES = (
    "population_n", "gap_n", "gap_share", "gap_line_only_n", "gap_home_only_n", "gap_both_n",
)  # fmt: skip
_COMPARED = ("population_n", "no_link_n", "no_link_share", "gap_n", "gap_share")
_READ = "What was read and joined"


def write_appendix(
    report: Report,
    path: str | Path,
    *,
    program: str = "",
    recipe: str = "",
    parts: Iterable[Block] = (),
) -> Path:
    """Write the appendix as PDF or DOCX, whichever the file's ending says.

    The study as it was run stands in a file beside it, whose name and checksum it prints.

    Parameters
    ----------
    report
        What there is to say.
    path
        File ending in ``.pdf`` (US Letter, tagged, made with typst) or ``.docx``.
    program
        Program that it is laid out for: ``usda-dlt``, ``usda-reconnect``, ``fcc-rhc``, ``hrsa``,
        ``bead``; by default none in particular.
    recipe
        Name of a file beside it that holds the study already; by default one is written, called
        ``<name>-study.toml``.
    parts
        Further parts, set before the method: of a plan, ``plan_part`` of
        :mod:`equity.outputs.plan`.

    Returns
    -------
    pathlib.Path
        The file, as it was named.

    Raises
    ------
    InputError
        The ending is neither, there is no such program, or the report's table has lost its record.
    StorageError
        The file cannot be written.

    Notes
    -----
    The appendix never says that a place or a project qualifies for a program: that is the agency's
    decision. What a program asks for and the study has not is said in its place, with where to get
    it.
    """
    from equity.outputs._figure import alt_text, figure_png

    target = Path(path)
    ending = target.suffix.lower()
    if ending not in (".pdf", ".docx"):
        raise InputError(f"an appendix is a .pdf or a .docx, not {ending!r}", file=target)
    layout = find_layout(program)
    required_record(report.table, name="the table of the report")
    picture = figure_png(report, said=layout.said)
    name = recipe or f"{target.stem}-study.toml"
    content = [
        in_words(b, layout)
        for b in blocks(report, program=program, recipe=name, parts=parts)
        if b.kind != "figure" or picture
    ]
    if not recipe:
        write_bytes(target.with_name(name), recipe_text(report).encode("utf-8"))
    alt = layout.said(alt_text(report))
    titled = replace(report, title=layout.said(report.title))
    if ending == ".pdf":
        from equity.outputs._pdf import pdf

        return write_bytes(target, pdf(titled, content, picture, alt))
    from equity.outputs._docx import docx

    return write_bytes(target, docx(titled, content, picture, alt))


def in_words(block: Block, layout: Layout) -> Block:
    """Return a block in the program's words, with numbers kept beside their signs."""
    table = block.table
    if table is not None:
        rows = tuple(
            tuple(_below(c, layout, words=h.words) for c, h in zip(row, table.heads, strict=True))
            for row in table.rows
        )
        heads = tuple(replace(h, label=layout.said(h.label)) for h in table.heads)
        table = replace(table, caption=layout.said(table.caption), heads=heads, rows=rows)
    return replace(block, text=_content.joined(layout.said(block.text)), table=table)


def _below(cell: _content.Cell, layout: Layout, *, words: bool) -> _content.Cell:
    """Return a cell in the program's words, the margin of a number below it: paper is narrow."""
    text, small = layout.said(cell.text), layout.said(cell.small)
    if not words and not small and " ± " in text:
        text, _, margin = text.partition(" ± ")
        small = f"± {margin}"
    return replace(cell, text=text, small=small)


def blocks(
    report: Report,
    *,
    program: str = "",
    recipe: str = "study.toml",
    parts: Iterable[Block] = (),
) -> Iterator[Block]:
    """Yield the appendix from title to checksum."""
    layout = find_layout(program)
    if report.synthetic:
        yield Block("stamp", SYNTHETIC)
    if program:
        yield Block("lead", f"{layout.title} ({layout.statute})")
        yield Block("text", layout.lead)
    yield Block("heading", "Finding")
    for i, sentence in enumerate(report.finding):
        yield Block("text" if i else "lead", sentence)
    yield Block("table", table=counts_table(report))
    yield from _area(report)
    yield from _tests(report, layout)
    yield from _lettered(report, layout)
    yield from _communities(report)
    yield from _where(report)
    yield from _sites(report)
    yield from _panels(report, layout)
    if len(report.by_rule):
        yield from _rules(report)
    yield from parts
    yield Block("heading", "Method")
    for heading, paragraph in report.method:
        if heading != _READ:
            yield Block("subheading", heading)
            yield Block("text", paragraph)
    yield Block("heading", "Limits")
    yield from (Block("bullet", text) for text in report.limits)
    yield Block("heading", "Sources")
    yield from (
        Block("numbered", text, link=url) for text, url in _content.source_lines(report.sources)
    )
    yield Block("heading", "Record")
    made = f"{report.software.get('name', '')} {report.software.get('version', '')}".strip()
    digest = hashlib.sha256(recipe_text(report).encode("utf-8")).hexdigest()
    yield Block(
        "text",
        f"Made with {made}. The study as it was run is the file {recipe} beside this document "
        f"(SHA-256 {digest}); the same file and inputs give the same numbers. What was read and "
        "joined, row by row, stands on the page of the run and in its provenance.json.",
    )


def _area(report: Report) -> Iterator[Block]:
    """Yield where it is: the counties, one row each, and the map."""
    counties = _place_tables.county_table(report, most=MOST_ROWS)
    if not report.layers and counties is None:
        return
    yield Block("heading", "Service area")
    total = report.table["population_n"].sum() if "population_n" in report.table else 0
    sentence = f"{report.title}: {_counted(report, len(report.table))}"
    yield Block("note", f"{sentence}, {number(total)} residents.")
    many = counties is not None and len(counties.rows) > MOST_ROWS
    if many:
        yield from _figure(report)
    if counties is not None:
        rows = counties.rows
        cut = _content.shown_count(min(len(rows), MOST_ROWS), len(rows), "counties")
        if cut:
            yield Block("note", f"{cut}, largest gap first; all of them are in counties.csv.")
        yield Block("table", table=replace(counties, rows=rows[:MOST_ROWS]))
    if not many:
        yield from _figure(report)


def _figure(report: Report) -> Iterator[Block]:
    if not report.layers:
        return
    last = len(_content.source_lines(report.sources))
    named = f"Sources 1 to {last} below" if last > 1 else "The source below"
    stamp = " Synthetic data." if report.synthetic else ""
    what = f"{report.layers[0].map_label}, by {report.rows_label}"
    yield Block("figure", f"{what}. {named}.{stamp}")


def _tests(report: Report, layout: Layout) -> Iterator[Block]:
    """Yield rural status and the other tests, as the program publishes them."""
    tests = {name: report.programs[name] for name in layout.programs if name in report.programs}
    if not tests:
        return
    yield Block(
        "heading", "Rural status and published tests" if layout.rural else "Published tests"
    )
    yield Block(
        "note",
        "What the arithmetic gives under each published test on the day named. The agency decides: "
        "confirm every line with whoever it names below.",
    )
    yield Block("table", table=_place_tables.tests_table(list(tests.values())))
    for test in tests.values():
        for _, row in test.criteria.iterrows():
            needs = f" It needs {row['missing']}." if row["missing"] else ""
            note = f" {row['note']}" if row["note"] else ""
            yield Block(
                "bullet",
                f"{row['label']}: {row['citation']}, {row['date']}; confirm with "
                f"{test.confirm_at}.{needs}{note}",
                link=str(row.get("url", "")),
            )
        yield from (Block("bullet", note) for note in test.notes)


def _lettered(report: Report, layout: Layout) -> Iterator[Block]:
    """Yield tables A, B and C."""
    for letter, heading, part in (
        ("A", "Lines", layout.lines),
        ("B", "Care", layout.care),
        ("C", "People", layout.people),
    ):
        yield from _one_part(report, f"{letter}. {heading}", part)


def _one_part(report: Report, heading: str, part: Part) -> Iterator[Block]:
    table = _place_tables.place_table(report, part, f"{heading[3:]} in the service area")
    lacking = _place_tables.absent(report, part)
    if table is None and report.places is None:
        return
    yield Block("heading", heading)
    margins = table is not None and any(c.small for row in table.rows for c in row)
    yield Block("note", part.note + (" After ±: 90 % margin of error." if margins else ""))
    if table is not None:
        yield Block("table", table=table)
    if lacking:
        yield Block("note", "Not in this study, and where it is published:")
        yield from (Block("bullet", f"{text}.") for text in lacking)


def _sites(report: Report) -> Iterator[Block]:
    own = _place_tables.application_table(report)
    found = _place_tables.site_table(report)
    if found is None and own is None:
        return
    yield Block("heading", "Sites")
    if own is not None:
        yield Block("note", "The sites of the application, as its list has them.")
        yield Block("table", table=own)
    if found is None:
        return
    table, more = found
    rest = f" {number(more)} more are on the map of the run." if more else ""
    yield Block("note", f"Places of care in the area that this study counts.{rest}")
    yield Block("table", table=table)


def _where(report: Report) -> Iterator[Block]:
    yield Block("heading", "Under-resourced communities and everywhere else")
    yield Block("table", table=narrow(_content.comparison_table(report), _COMPARED))
    if report.criteria:
        yield Block("text", "What counts as under-resourced here:")
        yield from (Block("bullet", text) for text in report.criteria)


def _panels(report: Report, layout: Layout) -> Iterator[Block]:
    shown = report if report.race_in_appendix else without_race(report)
    fewer = any(len(shown.disparities[name]) < len(f) for name, f in report.disparities.items())
    if report.by_person is not None and shown.by_person is not None:
        fewer |= len(shown.by_person) < len(report.by_person)
    for panel in panels(shown):
        if panel.anchor == "whom" and not layout.whom:
            continue
        yield Block("heading", panel.heading)
        yield Block("note", panel.note + (NO_RACE if fewer and panel.anchor == "whom" else ""))
        yield from (Block("table", table=table) for table in panel.tables)


def _communities(report: Report) -> Iterator[Block]:
    if report.pages:
        yield Block("heading", _content.STATES)
        yield Block("note", _content.states_note(report))
        yield Block("table", table=narrow(_content.states_table(report), _STATES))
        return
    yield Block("heading", _content.FOCUS)
    total = len(report.focus)
    if not total:
        yield Block("text", _content.NO_FOCUS)
    else:
        shown = report.focus[:MOST_ROWS]
        cut = _content.shown_count(len(shown), total, report.areas_label)
        rest = f" {cut}; all of them are in communities.xlsx." if cut else ""
        yield Block(
            "note",
            f"{_counted(report, total)}, {_content.ranked_by(report)}{rest}",
        )
        communities = _content.community_table(
            report, shown, caption=_content.FOCUS, place="appendix"
        )
        yield Block("table", table=narrow(communities))
    if len(report.unranked):
        counts = report.unranked["why"].astype(str).value_counts(sort=False)
        said = "; ".join(f"{number(n)}: {reason}" for reason, n in counts.items())
        yield Block("text", f"Not ranked: {_counted(report, len(report.unranked))} ({said}).")


def _counted(report: Report, n: int) -> str:
    """Write a number of areas as one says it: 1 census tract, 9 census tracts, 2 counties."""
    many = report.areas_label
    one = f"{many[:-3]}y" if many.endswith("ies") else many.removesuffix("s")
    return plural(n, one, many)


def narrow(table: Table, columns: tuple[str, ...] = ()) -> Table:
    """Return a table as an upright page holds it: words go below the name, and these numbers stay.

    Without columns all numbers stay: of communities the registry tells which an appendix has.
    """
    kept = {_content.heading_of(name) for name in columns}
    words = [i for i, head in enumerate(table.heads) if i and head.words]
    numbers = [
        i
        for i, head in enumerate(table.heads)
        if i and not head.words and (not columns or head.label in kept)
    ]
    rows = tuple(
        (
            replace(row[0], small="; ".join(filter(None, [row[0].small, *_said(row, words)]))),
            *(row[i] for i in numbers),
        )
        for row in table.rows
    )
    corner = replace(table.heads[0], width=3.4)
    return replace(table, heads=(corner, *(table.heads[i] for i in numbers)), rows=rows)


def _said(row: tuple[_content.Cell, ...], at: list[int]) -> list[str]:
    return [row[i].text for i in at if row[i].text != "–"]


def _rules(report: Report) -> Iterator[Block]:
    yield Block("heading", "The same gap under each rule")
    yield Block("note", _content.WHAT_A_RULE_DOES)
    yield Block("table", table=_content.by_rule_table(report, brief=True))
    for name, text in _content.rule_notes(report):
        yield Block("subheading", name)
        yield Block("text", text)
