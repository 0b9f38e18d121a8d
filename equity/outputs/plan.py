"""A plan of projects as a page and two printed pages, from one content."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from markupsafe import Markup

from equity.areas.words import number, share
from equity.files.atomic import write_bytes, write_text
from equity.language import ENGLISH, current, mark, review, tr
from equity.outputs import _colors, _content, _rows
from equity.outputs._block import Block
from equity.outputs._content import SYNTHETIC, Cell, Head, Table
from equity.outputs._harmless import in_cells, inert
from equity.outputs._html import published
from equity.outputs._text import clean, template
from equity.outputs.appendix import MOST_ROWS
from equity.outputs.report import Report
from equity.provenance import Source, software

__all__ = ["MADE_UP", "PEOPLE", "PlanReport", "plan_part", "write_plan"]

MADE_UP = mark(
    "Made-up costs, to show the method: nothing here is a price, and the plan is no advice."
)
PEOPLE = "plan_people_n"
_PRINTED = 4
"""Projects that two printed pages have room for."""
_CSP = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'\">"
)


@dataclass(frozen=True)
class PlanReport:
    """Everything a reader is told about a plan.

    Attributes
    ----------
    title
        What it is about.
    synthetic, made_up
        True if any input was generated, and if any cost was made up; every output says so.
    finding
        Sentences; the first is the one that a board would read.
    areas
        What is drawn, by area id: ``name``, ``plan_people_n``, ``gap_n``, geometry, and
        ``plan_fixes`` where areas were planned for and not summed up.
    projects
        As of a portfolio: those chosen first, in marginal order.
    front
        As of a portfolio; may be empty.
    counts
        The three counts, and all without a usable link: ``before``, ``after``, ``change``.
    unknown
        What is not known, one sentence each.
    method
        How the plan was made, one sentence each.
    sources
        Every input, the costs among them.
    """

    title: str
    synthetic: bool
    made_up: bool
    finding: tuple[str, ...]
    areas: gpd.GeoDataFrame
    projects: pd.DataFrame
    front: pd.DataFrame
    counts: pd.DataFrame
    unknown: tuple[str, ...]
    method: tuple[str, ...]
    sources: tuple[Source, ...]

    @property
    def stamps(self) -> list[str]:
        """What stands above everything."""
        said = [tr(SYNTHETIC)] * self.synthetic + [tr(MADE_UP)] * self.made_up
        return [*said, *filter(None, [review()])]

    @property
    def drawn(self) -> bool:
        """True if there is anything to draw."""
        return not bool(np.asarray(_rows.without_polygon(self.areas)).all())


def write_plan(report: PlanReport, folder: str | Path) -> list[Path]:
    """Write ``index.html``, ``plan.pdf`` and ``projects.csv`` into a folder.

    Returns
    -------
    list of pathlib.Path
        The files written.
    """
    target = Path(folder)
    return [
        write_text(target / "index.html", clean(_page(report))),
        write_bytes(target / "plan.pdf", _printed(report)),
        write_text(target / "projects.csv", _csv(report.projects)),
    ]


def marginal_table(projects: pd.DataFrame, most: int) -> Table:
    """Return the projects chosen, each with what it adds after those above it."""
    chosen = projects[projects["chosen"]].head(most)
    heads = (
        Head(tr("Project"), words=True, width=4.0), Head(tr("Brings"), words=True, width=0.8),
        Head(tr("Cost"), width=1.2), Head(tr("People reached anew")),
        Head(tr("Dollars a person")), Head(tr("People so far")), Head(tr("Chosen again")),
        Head(tr("its place chosen again")),
    )  # fmt: skip
    rows = []
    for key, one in chosen.iterrows():
        each = one["usd_per_person"]
        rows.append(
            (
                Cell(str(one["name"]), small=str(key), published=True),
                Cell(tr(_BRINGS[str(one["fixes"])])),
                _usd(one["cost_usd"]),
                Cell(number(one["people_added_n"]), one["people_added_n"]),
                _usd(each) if np.isfinite(each) else Cell(tr("with the next")),
                Cell(number(one["people_so_far_n"]), one["people_so_far_n"]),
                *(_often(one[name]) for name in ("chosen_share", "group_chosen_share")),
            )
        )
    keys = tuple(map(str, chosen.index))
    return Table(tr("The projects chosen, in marginal order"), heads, tuple(rows), keys)


def _often(part: float) -> Cell:
    return Cell(share(part, 0), part) if np.isfinite(part) else Cell("–")


_BRINGS = {"line": mark("line"), "home": mark("home"), "line+home": mark("both")}


def _usd(value: float) -> Cell:
    return Cell(f"${number(value)}", float(value))


def front_table(front: pd.DataFrame) -> Table:
    """Return what more people in under-resourced communities cost in people."""
    heads = (
        Head(tr("Plan"), words=True, width=1.6), Head(tr("People reached")),
        Head(tr("of them in under-resourced communities")), Head(tr("Cost")),
    )  # fmt: skip
    rows = tuple(
        (
            Cell(tr("this plan") if one["is_plan"] else f"{chr(65 + int(i))}"),
            Cell(number(one["people_n"]), one["people_n"]),
            Cell(number(one["first_n"]), one["first_n"]),
            _usd(one["spent_usd"]),
        )
        for i, (_, one) in enumerate(front.iterrows())
    )
    return Table(tr("Efficiency against equity"), heads, rows, tuple(map(str, front.index)))


def counts_table(counts: pd.DataFrame) -> Table:
    """Return the counts before and after."""
    heads = (
        Head(tr("People"), words=True, width=2.0),
        Head(tr("now")),
        Head(tr("with the plan")),
        Head(tr("change")),
    )
    rows = []
    told = counts.loc[list(_COUNTS)].to_dict("records")
    for label, one in zip(_COUNTS.values(), told, strict=True):
        ends = [float(one.get(f"change_{end}", np.nan)) for end in ("p05", "p95")]
        small = ""
        if np.isfinite(ends).all():
            small = tr("{low} to {high}", low=number(ends[0]), high=number(ends[1]))
        now, later, change = (float(one[when]) for when in ("before", "after", "change"))
        rows.append(
            (
                Cell(tr(label)),
                Cell(number(now), now),
                Cell(number(later), later),
                Cell(number(change), change, small=small),
            )
        )
    return Table(tr("Before and after"), heads, tuple(rows), tuple(_COUNTS))


_COUNTS = {
    "population_n": mark("Residents"),
    "beyond_reach_n": mark("of them beyond reach of care in person"),
    "gap_n": mark("of these without a usable link: the gap"),
    "no_link_n": mark("Everybody without a usable link"),
}


def plan_part(report: PlanReport) -> Iterator[Block]:
    """Yield the plan as a part of an appendix: no pictures, and all projects if they are few."""
    yield Block("heading", tr("What a budget would buy"))
    yield from _said(report)
    yield Block("table", table=counts_table(report.counts))
    yield from _chosen(report, MOST_ROWS)
    if len(report.front) > 1:
        yield Block("text", tr(_FRONT))
        yield Block("table", table=front_table(report.front))
    yield Block("subheading", tr("How the plan was made"))
    yield from (Block("bullet", text) for text in report.method)
    yield Block("subheading", tr("What the plan does not know"))
    yield from (Block("bullet", text) for text in report.unknown)


def _said(report: PlanReport) -> Iterator[Block]:
    yield from (Block("stamp", stamp) for stamp in report.stamps)
    yield Block("lead", report.finding[0])
    yield from (Block("text", sentence) for sentence in report.finding[1:])


def _chosen(report: PlanReport, most: int) -> Iterator[Block]:
    yield Block("table", table=marginal_table(report.projects, most))
    chosen = int(report.projects["chosen"].sum())
    if cut := _content.shown_count(min(most, chosen), chosen, tr("projects chosen")):
        yield Block("text", tr("{cut}; all of them are in projects.csv.", cut=cut))


def _two_pages(report: PlanReport) -> Iterator[Block]:
    yield from _said(report)
    if report.drawn:
        yield Block("figure", tr("People of the gap whom the plan brings in, by area."))
    yield Block("table", table=counts_table(report.counts))
    picture = front_png(report.front)
    if picture is not None:
        yield Block("figure", tr(_FRONT), picture=picture, alt=_front_alt(report.front))
        yield Block("table", table=front_table(report.front))
    yield from _chosen(report, _PRINTED)
    yield Block("heading", tr("What is not known"))
    yield from (Block("bullet", text) for text in report.unknown)


_FRONT = mark(
    "Each point is a plan within the same budget: people reached in all, and in under-resourced "
    "communities."
)


def front_png(front: pd.DataFrame) -> bytes | None:
    """Draw the front; None where there is none."""
    if len(front) < 2:
        return None
    import io

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    figure = Figure(figsize=(6.5, 2.0), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    ordered, own = front.sort_values("first_n"), front[front["is_plan"]]
    axes.plot(
        ordered["first_n"], ordered["people_n"], "o-", color=_colors.COLORS["line"], markersize=4
    )
    axes.plot(
        own["first_n"],
        own["people_n"],
        "D",
        color=_colors.COLORS["under-print"],
        markersize=8,
        label=tr("this plan"),
    )
    axes.set_xlabel(tr("people reached in under-resourced communities"), fontsize=8)
    axes.set_ylabel(tr("people reached"), fontsize=8)
    axes.tick_params(labelsize=8)
    axes.set_ylim(0, 1.12 * float(front["people_n"].max()))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _front_alt(front: pd.DataFrame) -> str:
    points = []
    for _, one in front.iterrows():
        told = {"people": number(one["people_n"]), "first": number(one["first_n"])}
        points.append(
            tr(
                "{people} people, {first} of them in under-resourced communities (this plan)",
                **told,
            )
            if one["is_plan"]
            else tr("{people} people, {first} of them in under-resourced communities", **told)
        )
    return f"{tr(_FRONT)} {'; '.join(points)}."


def _printed(report: PlanReport) -> bytes:
    from equity.outputs._figure import alt_text, figure_png
    from equity.outputs._pdf import pdf

    whole = _as_report(report)
    picture = figure_png(whole) if report.drawn else None
    alt = alt_text(whole) if report.drawn else ""
    content = [b for b in _two_pages(report) if b.kind != "figure" or b.picture or picture]
    return pdf(whole, content, picture, alt, compact=True)


def _as_report(report: PlanReport) -> Report:
    """Return what figure and print read: the people brought in are the one layer."""
    shown = report.areas.drop(columns=[n for n in report.areas if n not in _SHOWN])
    nothing = pd.DataFrame()
    return Report(
        title=_titled(report), synthetic=report.synthetic,
        finding=report.finding, table=shown, focus=(), others=(), unranked=nothing, rules=(),
        by_rule=nothing, comparison=nothing, counts=nothing, kinds=nothing, fixes=nothing,
        overlaps=nothing, settings=nothing, practices=None, criteria=(), method=(), limits=(),
        sources=report.sources, software=software(), study_toml="", areas_label=mark("areas"),
    )  # fmt: skip


def _titled(report: PlanReport) -> str:
    return tr("{title}: what a budget would buy", title=report.title)


_SHOWN = ("name", PEOPLE, "gap_status", "is_under_resourced", "geometry")


def _page(report: PlanReport) -> str:
    e = html.escape
    head, canvas, script = _map(report)
    stamps = "".join(f'<div class="stamp" role="note">{e(text)}</div>' for text in report.stamps)
    rest = "".join(f"<p>{_prose(sentence)}</p>" for sentence in report.finding[1:])
    heading = f'<h2 id="communities" tabindex="-1">{e(tr("The projects chosen"))}</h2>'
    chosen = _drawn(marginal_table(report.projects, len(report.projects)))
    tables = [f'{heading}<p class="note">{e(tr(_MARGINAL))}</p>{chosen}']
    if len(report.front) > 1:
        picture = base64.b64encode(front_png(report.front) or b"").decode()
        tables.append(
            f'<h2>{e(tr("Efficiency against equity"))}</h2><p class="note">{e(tr(_FRONT))}</p>'
            f'<img class="front" alt="{e(_front_alt(report.front))}" '
            f'src="data:image/png;base64,{picture}">{_drawn(front_table(report.front))}'
        )
    sources = _content.source_lines(report.sources, published=published)
    lists = "".join(
        f"<h2>{e(heading)}</h2><ul>{''.join(f'<li>{_prose(text)}</li>' for text in texts)}</ul>"
        for heading, texts in (
            (tr("What is not known"), report.unknown),
            (tr("How the plan was made"), report.method),
            (tr("Sources"), [text for text, _ in sources]),
        )
    )  # fmt: skip
    made = " ".join(software().values())
    files = {"plan": "plan.pdf", "projects": "projects.csv", "areas": "areas.csv"}
    links = {key: f'<a href="{name}">{name}</a>' for key, name in files.items()}
    style = _colors.css() + template("plan.css") + template("table.css")
    title = _titled(report)
    return (
        f'<!DOCTYPE html>\n<html lang="{current()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{_CSP}\n'
        f"<title>{e(title)}</title>\n<style>{style}</style>\n"
        f"{head}\n</head>\n<body>\n<header>{stamps}<h1>{_prose(report.finding[0])}</h1>{rest}"
        f"</header>\n<main>{_drawn(counts_table(report.counts))}{canvas}{''.join(tables)}{lists}"
        f"</main>\n<footer><p>{tr(_FOOT, **links, made=e(made))}</p></footer>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


_FOOT = mark(
    "On paper: {plan}. All projects: {projects}; all areas: {areas}. Made with {made}; this page "
    "loads nothing from elsewhere."
)
_MARGINAL = mark(
    "Next is always the project that reaches most people anew for its cost; whom those above it "
    "reach counts for them alone. Chosen again: in which part of the plans made anew from what may "
    "be true; a place by whatever is brought there."
)


def _map(report: PlanReport) -> tuple[str, str, str]:
    if not report.drawn:
        nothing = html.escape(tr("No area has a polygon, so there is no map."))
        return "", f'<p class="note">{nothing}</p>', ""
    from equity.outputs._leaflet import page_from
    from equity.outputs.maps import make_map

    layers = [name for name in (PEOPLE, "plan_fixes", "gap_n") if name in report.areas]
    drawn = make_map(
        report.areas, PEOPLE, layers=layers, title=report.title, finding=report.finding[0],
        synthetic=report.synthetic, sources=report.sources, with_table=False,
    )  # fmt: skip
    head, canvas, script = page_from(drawn)
    return head, f'<h2 id="map">{html.escape(tr("Where"))}</h2>{canvas}', script


def _drawn(table: Table) -> str:
    e = html.escape
    heads = "".join(
        f'<th scope="col"{" class=words" if h.words else ""}>{e(h.label)}</th>' for h in table.heads
    )
    rows = "".join(_row(table, cells) for cells in table.rows)
    return (
        f'<div class="scroll" role="region" aria-label="{e(table.caption)}" tabindex="0"><table>'
        f"<caption>{e(table.caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(table: Table, cells: tuple[Cell, ...]) -> str:
    def inside(cell: Cell) -> str:
        small = f"<br><small>{html.escape(cell.small)}</small>" if cell.small else ""
        return f"{_prose(cell.text)}{small}"

    rest = "".join(
        f"<td{' class=words' if head.words else ''}>{inside(cell)}</td>"
        for head, cell in zip(table.heads[1:], cells[1:], strict=True)
    )
    english = ' lang="en"' if cells[0].published and current() != ENGLISH else ""
    return f'<tr><th scope="row"{english}>{inside(cells[0])}</th>{rest}</tr>'


def _prose(text: str) -> str:
    said = _content.joined(text)
    return str(said) if isinstance(said, Markup) else html.escape(said)


def _csv(projects: pd.DataFrame) -> str:
    """Return all projects, chosen or not, with where each cost is from."""
    flat: Any = projects.assign(areas=[" ".join(areas) for areas in projects["areas"]])
    flat = in_cells(flat)
    for column in flat.columns:
        if not pd.api.types.is_numeric_dtype(flat[column]):
            flat[column] = [inert(value) for value in flat[column]]
    text: str = flat.rename(index=inert).to_csv(
        index_label="project_id", lineterminator="\n", float_format="%.10g"
    )
    return text
