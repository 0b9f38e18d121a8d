"""The appendix to a proposal: PDF and DOCX from one list of blocks, so no number can differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from equity.areas.vintage import required_record
from equity.errors import InputError
from equity.files.atomic import write_bytes
from equity.language import ENGLISH, current, dated, mark, review, tr
from equity.outputs import _content, _rows
from equity.outputs._block import Block
from equity.outputs._content import SYNTHETIC
from equity.outputs._layout import (
    GENERIC,
    Layout,
    asked_columns,
    find_layout,
    list_layouts,
    programs_of,
)
from equity.outputs._panels import counts_table, panels, without_race
from equity.outputs._place_blocks import (
    MOST_ROWS,
    area_blocks,
    community_blocks,
    comparison_blocks,
)
from equity.outputs._program_blocks import lettered_blocks, site_blocks, tests_blocks
from equity.outputs._steady import made_on
from equity.outputs.report import Report, in_its_language
from equity.outputs.tables import recipe_text

__all__ = [
    "GENERIC",
    "MOST_ROWS",
    "asked_columns",
    "blocks",
    "list_layouts",
    "programs_of",
    "write_appendix",
]

NO_RACE = mark("Race and ethnicity are left out here; the page tells of them.")
_SITES_NEAREST = mark("The list of sites has all that lie in the area, and no other.")
_SHORT, _LONG_NOTE = 20, 320
_FEW_COLUMNS = 3
"""So few columns have room for a margin beside its number."""
_READ = "What was read and joined"
_OWN_CHOICES = mark(
    "How many minutes are too far, and what counts as under-resourced, are choices of this study, "
    "not of the program."
)
_DRAWS = mark(
    "Draws: the counts made again and again, each time with the inputs moved within their errors."
)
_USABLE = {
    "any_broadband": mark(
        "A usable link is a line from {speed} Mbps (down/up) to a connected home: one with a "
        "device and any broadband subscription."
    ),
    "cable_fiber_dsl": mark(
        "A usable link is a line from {speed} Mbps (down/up) to a connected home: one with a "
        "device and a cable, fiber or DSL subscription."
    ),
}
_CRITERIA = mark("Criteria below say which communities are under-resourced, and which fall short.")
_LAWS_WORDS = mark(
    "Names of programs, laws, publishers and places, words quoted from a law or a notice, and the "
    "study's own labels and notes stand in English, as they were written."
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
    every = _content_of(report, program, name, tuple(parts), current(), made_on())
    content = [b for b in every if b.kind != "figure" or picture]
    if not recipe:
        write_bytes(target.with_name(name), recipe_text(report).encode("utf-8"))
    alt = layout.said(alt_text(report))
    titled = replace(report, title=layout.said(report.title))
    footer = " · ".join([*[tr(layout.title)] * bool(program), dated(made_on())])
    if ending == ".pdf":
        from equity.outputs._pdf import pdf

        return write_bytes(target, pdf(titled, content, picture, alt, footer=footer))
    from equity.outputs._docx import docx

    return write_bytes(target, docx(titled, content, picture, alt, footer=footer))


@lru_cache(maxsize=1)  # the same content stands in the PDF and in the DOCX
def _content_of(
    report: Report, program: str, recipe: str, parts: tuple[Block, ...], _language: str, _day: str
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
    text = _content.signed(text)
    if stays and small.startswith("± "):
        text, small = f"{text} {small}", ""
    if not stays and not small and " ± " in text:
        text, _, margin = text.partition(" ± ")
        margin, _, unit = margin.partition(" ")
        text, small = f"{text} {unit}".rstrip(), f"± {margin}"
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
    yield from _opening(report, layout, program)
    yield Block("heading", tr("Finding"))
    for i, sentence in enumerate(report.finding):
        yield Block("text" if i else "lead", sentence)
    yield Block("table", table=counts_table(report))
    drawn = "p05_n" in report.counts and bool(report.counts["p05_n"].notna().any())
    told = [tr(_DRAWS)] * drawn
    if report.notes:
        told.append(tr("The study says of itself: {notes}", notes=" ".join(report.notes)))
    yield from [Block("text", " ".join(told))] * bool(told)
    yield from area_blocks(report)
    yield from tests_blocks(report, layout)
    # Where rural status is that of sites, they stand beside it.
    yield from site_blocks(report, layout) if layout.rural else ()
    yield from lettered_blocks(report, layout)
    yield from community_blocks(report)
    yield from comparison_blocks(report)
    yield from () if layout.rural else site_blocks(report, layout)
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
    yield from (Block("bullet", text) for text in report.limits if text not in report.notes)
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


def _words(report: Report) -> list[str]:
    """Say what the finding calls a usable link and a connected home, and where the rest stands."""
    said = [
        tr(_USABLE[str(rule["subscription"])], speed=rule["qualifying"])
        for rule in report.rules
        if rule.get("headline") and rule.get("qualifying") and rule.get("subscription")
    ]
    return [*said, *[tr(_CRITERIA)] * bool(report.criteria)]


def _opening(report: Report, layout: Layout, program: str) -> Iterator[Block]:
    """Yield when it was made, what it is for, what is not the program's, and its words."""
    said = [tr("Made on {day}.", day=dated(made_on()))]
    if program:
        statute = f" ({layout.statute})" if layout.statute else ""
        yield Block("lead", f"{tr(layout.title)}{statute}")
    if layout.statute:
        said += [tr(layout.lead), tr(_OWN_CHOICES)]
    said += [*_words(report), layout.translated]
    yield Block("text", " ".join(filter(None, said)))
    if program and current() != ENGLISH:
        yield Block("text", tr(_LAWS_WORDS))


def _panels(report: Report, layout: Layout) -> Iterator[Block]:
    shown = report if report.race_in_appendix else without_race(report)
    fewer = any(len(shown.disparities[name]) < len(f) for name, f in report.disparities.items())
    if report.by_person is not None and shown.by_person is not None:
        fewer |= len(shown.by_person) < len(report.by_person)
    for panel in panels(shown):
        if panel.anchor == "whom" and not layout.whom:
            continue
        if panel.anchor == "practices" and not _some_line_known(report):
            continue  # the finding says so: no table for that
        yield Block("heading", panel.heading)
        said = [panel.note]
        if fewer and panel.anchor == "whom":
            said.append(tr(NO_RACE))
        if panel.anchor == "practices":
            said.append(tr(_SITES_NEAREST))
        yield Block("note", " ".join(said))
        yield from (Block("table", table=table) for table in panel.tables)


def _some_line_known(report: Report) -> bool:
    lines = report.practices
    return lines is not None and bool(lines.loc[["fit", "below"], "sites_n"].sum())


def _rules(report: Report) -> Iterator[Block]:
    yield Block("heading", tr("The same gap under each rule"))
    yield Block("note", tr(_content.WHAT_A_RULE_DOES))
    table = _content.by_rule_table(report, brief=True)
    bounds = map(_bound, _rows.texts(report.by_rule, "note"))
    rows = tuple(
        (
            replace(row[0], small=bound),
            # Why stands below the name: no narrow cell says it again.
            *(_content.Cell("–") if bound and cell.unknown else cell for cell in row[1:]),
        )
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
