"""The appendix to a proposal: PDF and DOCX from one list of blocks, so no number can differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from equity.areas.vintage import required_record
from equity.areas.words import counted, number
from equity.errors import InputError
from equity.files.atomic import write_bytes
from equity.language import ENGLISH, current, dated, mark, review, tr, trn
from equity.outputs import _content, _place_tables, _rows
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
from equity.outputs.report import Report, in_its_language
from equity.outputs.tables import recipe_text

__all__ = ["GENERIC", "asked_columns", "blocks", "list_layouts", "programs_of", "write_appendix"]

NO_RACE = mark("Race and ethnicity are left out here; the page tells of them.")
_MARGINS = mark("After ±: 90 % margin of error.")
#: Longer lists belong in the workbook; the appendix says where it stopped.
MOST_ROWS = 60
_STATES = (
    "population_n", "gap_n", "gap_share", "gap_line_only_n", "gap_home_only_n", "gap_both_n",
)  # fmt: skip
_COMPARED = ("population_n", "no_link_n", "no_link_share", "gap_n", "gap_share")
_SITES_NEAREST = mark(
    "Sites are counted here if somebody in the area has them nearest, also beyond its border; the "
    "list of sites has all that lie in it, and no other."
)
_SHORT, _LONG_NOTE = 20, 240
_FEW_COLUMNS = 3
"""So few columns have room for a margin beside its number."""
_READ = "What was read and joined"
_LAWS_WORDS = mark(
    "Names of programs, laws and publishers, and words quoted from a law or a notice, stand in "
    "English: they are its own."
)


@in_its_language
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
    every = _content_of(report, program, name, tuple(parts), current())
    content = [b for b in every if b.kind != "figure" or picture]
    if not recipe:
        write_bytes(target.with_name(name), recipe_text(report).encode("utf-8"))
    alt = layout.said(alt_text(report))
    titled = replace(report, title=layout.said(report.title))
    if ending == ".pdf":
        from equity.outputs._pdf import pdf

        return write_bytes(target, pdf(titled, content, picture, alt))
    from equity.outputs._docx import docx

    return write_bytes(target, docx(titled, content, picture, alt))


@lru_cache(maxsize=1)  # the same content stands in the PDF and in the DOCX
def _content_of(
    report: Report, program: str, recipe: str, parts: tuple[Block, ...], _language: str
) -> tuple[Block, ...]:
    layout = find_layout(program)
    every = blocks(report, program=program, recipe=recipe, parts=parts)
    return tuple(in_words(block, layout) for block in every)


def in_words(block: Block, layout: Layout) -> Block:
    """Return a block in the program's words, with numbers kept beside their signs."""
    table = block.table
    if table is not None:
        wide = len(table.heads) <= _FEW_COLUMNS
        rows = tuple(
            tuple(
                _below(c, layout, stays=wide or h.words)
                for c, h in zip(row, table.heads, strict=True)
            )
            for row in table.rows
        )
        heads = tuple(replace(h, label=layout.said(h.label)) for h in table.heads)
        table = replace(table, caption=layout.said(table.caption), heads=heads, rows=rows)
    text = _content.joined(layout.said(block.text))
    # A paragraph held together with a tall table would leave half a page empty above it.
    kind = "text" if block.kind == "note" and len(text) > _LONG_NOTE else block.kind
    return replace(block, kind=kind, text=text, table=table)


def _below(cell: _content.Cell, layout: Layout, *, stays: bool) -> _content.Cell:
    """Return a cell in the program's words; its margin stands beside it, or below it."""
    text, small = layout.said(cell.text), layout.said(cell.small)
    if stays and small.startswith("± "):
        text, small = f"{text} {small}", ""
    if not stays and not small and " ± " in text:
        text, _, margin = text.partition(" ± ")
        small = f"± {margin}"
    return replace(cell, text=text, small=_content.joined(small))


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
        yield Block("stamp", tr(SYNTHETIC))
    if said := review():
        yield Block("stamp", said)
    if program:
        yield Block("lead", f"{tr(layout.title)} ({layout.statute})")
        yield Block("text", tr(layout.lead))
        if current() != ENGLISH:
            yield Block("text", tr(_LAWS_WORDS))
    yield Block("heading", tr("Finding"))
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
    yield Block("heading", tr("Method"))
    for heading, paragraph in report.method:
        if heading not in (_READ, tr(_READ)):
            yield Block("subheading", heading)
            yield Block("text", paragraph)
    yield Block("heading", tr("Limits"))
    yield from (Block("bullet", text) for text in report.limits)
    yield Block("heading", tr("Sources"))
    yield from (
        Block("numbered", text, link=url) for text, url in _content.source_lines(report.sources)
    )
    yield Block("heading", tr("Record"))
    made = f"{report.software.get('name', '')} {report.software.get('version', '')}".strip()
    digest = hashlib.sha256(recipe_text(report).encode("utf-8")).hexdigest()
    yield Block(
        "text",
        tr(
            "Made with {made}. The study as it was run is the file {recipe} beside this document "
            "(SHA-256 {digest}); the same file and inputs give the same numbers. What was read and "
            "joined, row by row, stands on the page of the run and in its provenance.json.",
            made=made,
            recipe=recipe,
            digest=digest,
        ),
    )


def _area(report: Report) -> Iterator[Block]:
    """Yield where it is: the map, and the counties, one row each."""
    counties = _place_tables.county_table(report, most=MOST_ROWS)
    if not report.layers and counties is None:
        return
    yield Block("heading", tr("Service area"))
    total = report.table["population_n"].sum() if "population_n" in report.table else 0
    yield Block(
        "text",
        tr(
            "{title}: {areas}, {n} residents.",
            title=report.title,
            areas=counted(len(report.table), report.areas_label),
            n=number(total),
        ),
    )
    yield from _figure(report)
    if counties is not None:
        rows = counties.rows
        cut = _content.shown_count(min(len(rows), MOST_ROWS), len(rows), tr("counties"))
        if cut:
            said = tr("{cut}, largest gap first; all of them are in counties.csv.", cut=cut)
            yield Block("note", said)
        yield Block("table", table=replace(counties, rows=rows[:MOST_ROWS]))


def _figure(report: Report) -> Iterator[Block]:
    if not report.layers:
        return
    last = len(_content.source_lines(report.sources))
    what = {"what": tr(report.layers[0].map_label), "areas": tr(report.rows_label)}
    caption = (
        tr("{what}, by {areas}. Sources 1 to {last} below.", **what, last=str(last))
        if last > 1
        else tr("{what}, by {areas}. The source below.", **what)
    )
    stamp = f" {tr('Synthetic data.')}" if report.synthetic else ""
    yield Block("figure", f"{caption}{stamp}")


def _tests(report: Report, layout: Layout) -> Iterator[Block]:
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
        yield from (Block("bullet", note) for note in test.notes)


def _lettered(report: Report, layout: Layout) -> Iterator[Block]:
    """Yield tables A, B and C."""
    for heading, caption, part in (
        (tr("A. Lines"), tr("Lines in the service area"), layout.lines),
        (tr("B. Care"), tr("Care in the service area"), layout.care),
        (tr("C. People"), tr("People in the service area"), layout.people),
    ):
        yield from _one_part(report, heading, caption, part)


def _one_part(report: Report, heading: str, caption: str, part: Part) -> Iterator[Block]:
    table = _place_tables.place_table(report, part, caption)
    lacking = _place_tables.absent(report, part)
    if table is None and report.places is None:
        return
    yield Block("heading", heading)
    margins = table is not None and any(c.small for row in table.rows for c in row)
    said = [tr(part.note), *[tr(_MARGINS)] * margins]
    if table is not None and "nearest_site_min" in table.keys and report.minutes_known:
        said.append(report.minutes_known)
    yield Block("note", " ".join(said))
    if table is not None:
        yield Block("table", table=table)
    if lacking:
        yield Block("note", tr("Not in this study, and where it is published:"))
        yield from (Block("bullet", f"{text}.") for text in lacking)


def _sites(report: Report) -> Iterator[Block]:
    own = _place_tables.application_table(report)
    found = _place_tables.site_table(report)
    if found is None and own is None:
        return
    yield Block("heading", tr("Sites"))
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


def _where(report: Report) -> Iterator[Block]:
    yield Block("heading", tr("Under-resourced communities and everywhere else"))
    yield Block("table", table=narrow(_content.comparison_table(report), _COMPARED))
    if report.criteria:
        yield Block("text", tr("What counts as under-resourced here:"))
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
        said = [panel.note]
        if fewer and panel.anchor == "whom":
            said.append(tr(NO_RACE))
        if panel.anchor == "practices":
            said.append(tr(_SITES_NEAREST))
        yield Block("note", " ".join(said))
        yield from (Block("table", table=table) for table in panel.tables)


def _communities(report: Report) -> Iterator[Block]:
    if report.pages:
        yield Block("heading", tr(_content.STATES))
        yield Block("note", _content.states_note(report))
        yield Block("table", table=narrow(_content.states_table(report), _STATES))
        return
    yield Block("heading", tr(_content.FOCUS))
    total = len(report.focus)
    if not total:
        yield Block("text", tr(_content.NO_FOCUS))
    else:
        shown = report.focus[:MOST_ROWS]
        cut = _content.shown_count(len(shown), total, tr(report.areas_label))
        said = [f"{counted(total, report.areas_label)}, {_content.ranked_by(report)}"]
        if cut:
            said.append(tr("{cut}; all of them are in communities.xlsx.", cut=cut))
        yield Block("note", " ".join(said))
        communities = _content.community_table(
            report, shown, caption=tr(_content.FOCUS), place="appendix"
        )
        yield Block("table", table=narrow(communities))
    if table := _place_tables.named_table(report):
        yield Block("table", table=table)
    if len(report.unranked):
        counts = report.unranked["why"].astype(str).value_counts(sort=False)
        reasons = "; ".join(f"{number(n)}: {reason}" for reason, n in counts.items())
        areas = counted(len(report.unranked), report.areas_label)
        yield Block("text", tr("Not ranked: {areas} ({reasons}).", areas=areas, reasons=reasons))


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
    corner = replace(table.heads[0], width=3.4 if words else 2.2)
    return replace(table, heads=(corner, *(table.heads[i] for i in numbers)), rows=rows)


def _said(row: tuple[_content.Cell, ...], at: list[int]) -> list[str]:
    return [row[i].text for i in at if row[i].text != "–"]


def _rules(report: Report) -> Iterator[Block]:
    yield Block("heading", tr("The same gap under each rule"))
    yield Block("note", tr(_content.WHAT_A_RULE_DOES))
    table = _content.by_rule_table(report, brief=True)
    bounds = map(_bound, _rows.texts(report.by_rule, "note"))
    rows = tuple(
        (replace(row[0], small=bound), *row[1:])
        for row, bound in zip(table.rows, bounds, strict=True)
    )
    yield Block("table", table=replace(table, rows=rows))
    for name, text in _content.rule_notes(report):
        yield Block("subheading", name)
        yield Block("text", text)


def _bound(note: str) -> str:
    """Return the “at most” or “at least” that a rule's note begins with, for the table's row."""
    heads = (part.partition(":") for part in note.split("; "))
    return "; ".join(head for head, colon, _ in heads if colon and len(head) < _SHORT)
