"""The appendix to a proposal: PDF and DOCX from one list of blocks, so no number can differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from equity.areas.vintage import required_record
from equity.areas.words import number
from equity.errors import InputError
from equity.files.atomic import write_bytes
from equity.outputs import _content
from equity.outputs._block import Block
from equity.outputs._content import SYNTHETIC
from equity.outputs._panels import counts_table, panels
from equity.outputs.report import Report

__all__ = ["blocks", "write_appendix"]

#: Longer lists belong in the workbook; the appendix says where it stopped.
MOST_ROWS = 60


def write_appendix(report: Report, path: str | Path, *, parts: Iterable[Block] = ()) -> Path:
    """Write the appendix as PDF or DOCX, whichever the file's ending says.

    Parameters
    ----------
    report
        What there is to say.
    path
        File ending in ``.pdf`` (US Letter, tagged, made with typst) or ``.docx``.
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
        The ending is neither, or the report's table has lost its record.
    StorageError
        The file cannot be written.

    Notes
    -----
    The appendix never says that a place or a project qualifies for a program: that is the agency's
    decision.
    """
    from equity.outputs._figure import alt_text, figure_png

    target = Path(path)
    ending = target.suffix.lower()
    if ending not in (".pdf", ".docx"):
        raise InputError(f"an appendix is a .pdf or a .docx, not {ending!r}", file=target)
    required_record(report.table, name="the table of the report")
    picture = figure_png(report)
    content = [
        b if b.kind == "code" else replace(b, text=_content.joined(b.text))
        for b in blocks(report, parts)
        if b.kind != "figure" or picture
    ]
    alt = alt_text(report)
    if ending == ".pdf":
        from equity.outputs._pdf import pdf

        return write_bytes(target, pdf(report, content, picture, alt))
    from equity.outputs._docx import docx

    return write_bytes(target, docx(report, content, picture, alt))


def blocks(report: Report, parts: Iterable[Block] = ()) -> Iterator[Block]:
    """Yield the appendix from title to recipe."""
    if report.synthetic:
        yield Block("stamp", SYNTHETIC)
    yield Block("heading", "Finding")
    for i, sentence in enumerate(report.finding):
        yield Block("text" if i else "lead", sentence)
    yield Block("table", table=counts_table(report))
    yield from _figure(report)
    yield from (replace(b, wide=True) for b in _communities(report))
    yield from _where(report)
    yield from _panels(report)
    yield from _rules(report)
    yield from parts
    yield Block("heading", "Method")
    for heading, paragraph in report.method:
        yield Block("subheading", heading)
        yield Block("text", paragraph)
    yield Block("heading", "Limits")
    yield from (Block("bullet", text) for text in report.limits)
    yield Block("heading", "Sources")
    yield from (
        Block("bullet", text, link=url) for text, url in _content.source_lines(report.sources)
    )
    made = f"{report.software.get('name', '')} {report.software.get('version', '')}".strip()
    yield Block("text", f"Made with {made}.")
    yield Block("heading", "Recipe")
    yield Block("text", "The study file as it was run; the same file gives the same appendix.")
    yield Block("code", report.study_toml)


def _figure(report: Report) -> Iterator[Block]:
    if not report.layers:
        return
    named = dict.fromkeys(f"{s.product}, {s.vintage}" for s in report.sources)
    stamp = " Synthetic data." if report.synthetic else ""
    what = f"{report.layers[0].map_label}, by {report.rows_label}"
    yield Block("figure", f"{what}. Sources: {'; '.join(named)}.{stamp}")


def _where(report: Report) -> Iterator[Block]:
    yield Block("heading", "Under-resourced communities and everywhere else")
    yield Block("table", table=_content.comparison_table(report))
    if report.criteria:
        yield Block("text", "What counts as under-resourced here:")
        yield from (Block("bullet", text) for text in report.criteria)


def _panels(report: Report) -> Iterator[Block]:
    for panel in panels(report):
        yield Block("heading", panel.heading)
        yield Block("text", panel.note)
        yield from (Block("table", table=table) for table in panel.tables)


def _communities(report: Report) -> Iterator[Block]:
    if report.pages:
        yield Block("heading", _content.STATES)
        yield Block("text", _content.states_note(report))
        yield Block("table", table=_content.states_table(report))
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
            "text",
            f"{number(total)} {report.areas_label}, {_content.ranked_by(report)}{rest}",
        )
        communities = _content.community_table(
            report, shown, caption=_content.FOCUS, place="appendix"
        )
        yield Block("table", table=communities)
    if len(report.unranked):
        counts = report.unranked["why"].astype(str).value_counts(sort=False)
        said = "; ".join(f"{number(n)}: {reason}" for reason, n in counts.items())
        yield Block(
            "text", f"Not ranked: {number(len(report.unranked))} {report.areas_label} ({said})."
        )


def _rules(report: Report) -> Iterator[Block]:
    yield Block("heading", "The same gap under each rule")
    yield Block(
        "text",
        _content.WHAT_A_RULE_DOES,
    )
    yield Block("table", table=_content.by_rule_table(report, brief=True))
    for name, text in _content.rule_notes(report):
        yield Block("subheading", name)
        yield Block("text", text)
