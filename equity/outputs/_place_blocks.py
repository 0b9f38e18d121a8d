"""Where it is: the map with the counties, the communities listed, and everywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from equity.areas.words import counted, number
from equity.language import mark, tr, trn
from equity.outputs import _content, _place_tables, _rows
from equity.outputs._block import Block
from equity.outputs._content import Table
from equity.outputs.report import Report

__all__ = ["MOST_ROWS", "area_blocks", "community_blocks", "comparison_blocks"]

_WITHOUT_VALUE = mark(
    "Residents of areas without a value stand in the tables of lines, care and people, and in no "
    "row here."
)
_FEW_COUNTIES = 12
#: Longer lists belong in the workbook; the appendix says where it stopped.
MOST_ROWS = 60
_STATES = (
    "population_n", "gap_n", "gap_share", "gap_line_only_n", "gap_home_only_n", "gap_both_n",
)  # fmt: skip
_COMPARED = ("population_n", "no_link_n", "no_link_share", "gap_n", "gap_share")


def area_blocks(report: Report) -> Iterator[Block]:
    """Yield where it is: the map, and the counties, one row each."""
    counties = _place_tables.county_table(report, most=MOST_ROWS)
    if not report.layers and counties is None:
        return
    yield Block("heading", tr("Service area"))
    total = report.table["population_n"].sum() if "population_n" in report.table else 0
    here = {
        "title": report.title,
        "areas": counted(len(report.table), report.areas_label),
        "n": number(total),
    }
    without = _without_value(report)
    yield Block(
        "note",
        tr("{title}: {areas}, {n} residents.", **here)
        if without < 0.5
        else tr(
            "{title}: {areas}, {n} residents, of whom {without} live in areas without a value.",
            **here,
            without=number(without),
        ),
    )
    # A short table goes first: of two that need a page, a word processor puts the second overleaf.
    first = counties is not None and len(counties.rows) <= _FEW_COUNTIES
    yield from () if first else _figure(report)
    if counties is not None:
        rows = counties.rows
        cut = _content.shown_count(min(len(rows), MOST_ROWS), len(rows), tr("counties"))
        if cut:
            said = tr("{cut}, largest gap first; all of them are in counties.csv.", cut=cut)
            yield Block("note", said)
        yield Block("table", table=replace(counties, rows=rows[:MOST_ROWS]))
    yield from _figure(report) if first else ()


def _without_value(report: Report) -> float:
    """Return the residents of areas that no gap is known of."""
    if "population_n" not in report.table or "gap_n" not in report.table:
        return 0.0
    return float(report.table.loc[report.table["gap_n"].isna(), "population_n"].sum())


def _figure(report: Report) -> Iterator[Block]:
    if not report.layers:
        return
    caption = tr(
        "{what}, by {areas}.",
        what=tr(report.layers[0].map_label),
        areas=tr(report.rows_label),
    )
    stamp = f" {tr('Synthetic data.')}" if report.synthetic else ""
    yield Block("figure", f"{caption}{stamp}")


def community_blocks(report: Report) -> Iterator[Block]:
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
        told = report
        if report.how_likely and not any(_rows.texts(report.table.loc[list(shown)], "tier")):
            none = trn(
                "It is not likely (5 in 10 or more) to belong on this list, as far as the errors "
                "that are at hand can tell.",
                "None of them is likely (5 in 10 or more) to belong on this list, as far as the "
                "errors that are at hand can tell.",
                total,
            )
            told = replace(report, how_likely=none)
        said = [f"{counted(total, report.areas_label)}, {_content.ranked_by(told)}"]
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


def comparison_blocks(report: Report) -> Iterator[Block]:
    yield Block("heading", tr("Under-resourced communities and everywhere else"))
    yield from [Block("note", tr(_WITHOUT_VALUE))] * _some_left_out(report)
    yield Block("table", table=narrow(_content.comparison_table(report), _COMPARED))
    if report.criteria:
        yield Block("note", tr("What counts as under-resourced here:"))
        yield from (Block("bullet", text) for text in report.criteria)


def _some_left_out(report: Report) -> bool:
    """Tell whether the comparison has fewer residents than the tables of places."""
    if report.places is None or "population_n" not in report.places:
        return False
    whole = report.places["population_n"].max()
    return bool(round(report.comparison["population_n"].max()) < round(whole))
