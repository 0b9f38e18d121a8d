"""The page a run leaves: finding first, then map, communities, method and sources."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from equity.areas.words import number, share
from equity.files.atomic import write_text
from equity.outputs import _content, _rows
from equity.outputs._content import SYNTHETIC, Table
from equity.outputs._panels import counts_table, panels
from equity.outputs._text import clean
from equity.outputs.report import Report

__all__ = ["write_page"]

#: Nothing may be loaded, not even by a name that smuggled itself past the escaping.
CSP = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'\">"
)


def write_page(report: Report, folder: str | Path) -> list[Path]:
    """Write ``index.html`` and ``map.html``.

    Parameters
    ----------
    report
        What there is to say.
    folder
        Folder to write into; made if it is not there.

    Returns
    -------
    list of pathlib.Path
        The files written, with a map of each larger kind of areas (``counties.html``). Without a
        single polygon there is no ``map.html``, and the page says why it has no map.
    """
    from equity.outputs._leaflet import page_from
    from equity.outputs.maps import make_map, save_map

    target = Path(folder)
    common: dict[str, Any] = {
        "layers": [*(layer.name for layer in report.layers), *report.care_layers],
        "title": report.title,
        "finding": report.finding[0] if report.finding else "",
        "sites": report.sites,
        "outlines": report.outlines,
        "synthetic": report.synthetic,
        "sources": report.sources,
        "sites_label": report.sites_label,
        "areas_label": report.rows_label,
    }
    column = report.layers[0].name if report.layers else ""
    if not column or _rows.without_polygon(report.table).all():
        parts = ("", '<p class="note">No area has a polygon, so there is no map.</p>', "")
        return [write_text(target / "index.html", clean(_page(report, parts)))]
    embedded = make_map(report.table, column, with_table=False, **common)
    alone = make_map(report.table, column, notes=_who(report), **common)
    return [
        write_text(target / "index.html", clean(_page(report, page_from(embedded)))),
        save_map(alone, target / "map.html"),
        *(_map_of(report, name, common, target) for name in report.levels),
    ]


def _map_of(report: Report, name: str, common: dict[str, Any], folder: Path) -> Path:
    """Write the map of the larger areas: the layers that add up or can be rebuilt."""
    from equity.outputs.maps import make_map, save_map

    table = report.levels[name]
    here = [layer for layer in common["layers"] if layer in table.columns]
    # The share first: counts of places of every size say where people are.
    first = "gap_share" if "gap_share" in here else here[0]
    drawn = make_map(table, first, **{**common, "layers": here, "areas_label": name})
    return save_map(drawn, folder / f"{name}.html")


def _who(report: Report) -> list[str]:
    """Say in one sentence or more what counts as under-resourced; every output prints it."""
    return [
        f"Under-resourced: {first}" if i == 0 else first for i, first in enumerate(report.criteria)
    ]


def _page(report: Report, map_parts: tuple[str, str, str]) -> str:
    from equity.outputs._text import template

    e = html.escape
    head, canvas, script = map_parts
    headline = report.finding[0] if report.finding else report.title
    banner = f'<div class="banner" role="note">{e(SYNTHETIC)}</div>' if report.synthetic else ""
    body = "".join(
        [
            _top(report, headline),
            '<main id="main">',
            _comparison(report),
            f'<h2 id="map">The map</h2>{canvas}{_larger(report)}',
            _communities(report),
            _panels(report),
            _rules(report),
            _method(report),
            _recipe(report),
            "</main>",
            _footer(report),
        ]
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{CSP}\n<title>{e(report.title)}: telehealth access gap</title>\n"
        f'<meta name="description" content="{e(headline)}">\n'
        f"<style>{template('page.css')}{template('table.css')}</style>\n{_content.NOSCRIPT}{head}\n</head>\n<body>\n"
        f'<a class="skip" href="#communities">Skip to the table of communities</a>{banner}'
        f"{body}\n<script>{template('sort.js')}</script>\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _top(report: Report, headline: str) -> str:
    e = html.escape
    rest = "".join(f'<p class="lede">{prose(s)}</p>' for s in report.finding[1:])
    # A headline that already names the study needs no second title above it.
    kicker = "Telehealth access gap" if headline.startswith(report.title) else report.title
    links = (
        ("map", "Map"),
        ("communities", "Places"),
        *((panel.anchor, panel.heading) for panel in panels(report)),
        ("rules", "Three rules" if len(report.rules) == 3 else "Rules"),
        ("method", "Method"),
        ("limits", "Limits"),
        ("sources", "Sources"),
    )
    nav = "".join(f'<li><a href="#{a}">{label}</a></li>' for a, label in links)
    return (
        f'<header class="top"><p class="kicker">{e(kicker)}</p><h1>{prose(headline)}</h1>{rest}'
        f'<nav aria-label="On this page"><ul>{nav}</ul></nav></header>'
    )


def _larger(report: Report) -> str:
    """Lead to the same by larger areas, in files beside the page."""
    if _rows.without_polygon(report.table).all():
        return ""
    links = "; ".join(
        f'{name}: <a href="{name}.html">map</a>, <a href="{name}.csv">table</a>'
        for name in report.levels
    )
    return (
        f'<p class="note">The same for larger areas. {_content.first_up(links)}.</p>'
        if links
        else ""
    )


def _comparison(report: Report) -> str:
    e = html.escape
    criteria = "".join(f"<li>{prose(c)}</li>" for c in report.criteria)
    who = (
        f'<h3>What counts as under-resourced here</h3><ul class="criteria">{criteria}</ul>'
        if criteria
        else ""
    )
    bars = "".join(
        f'<p class="note">{e(words)}</p>{_bars(report.comparison, name)}'
        for name, words in (
            ("no_link_share", "Share of residents without a usable link, near care or not"),
            ("gap_share", "Share of residents in the gap: beyond reach as well"),
        )
        if name in report.comparison
    )
    return (
        f'<h2 id="counts">The counts</h2>{draw(counts_table(report), sortable=False)}'
        '<h2 id="comparison">Under-resourced communities and everywhere else</h2>'
        f"{bars}{draw(_content.comparison_table(report), sortable=False)}{who}"
    )


def _bars(frame: pd.DataFrame, name: str) -> str:
    """Draw one bar a group, all on a scale that ends at a round number, which is said."""
    e = html.escape
    shown = frame[frame["areas_n"].notna()] if "areas_n" in frame else frame
    shares = pd.to_numeric(shown[name], errors="coerce").dropna()
    if not len(shares) or not shares.max() > 0:
        return ""
    top = next(end for end in (0.05, 0.1, 0.25, 0.5, 1.0) if shares.max() <= end)
    rows = "".join(
        f'<div class="row"><span class="where">{e(_content.first_up(str(key)))}</span>'
        f'<span class="track" aria-hidden="true"><span class="p0" '
        f'style="width:{value / top * 100:.2f}%"></span></span><b>{share(value)}</b></div>'
        for key, value in shares.items()
    )
    return f'<div class="bars">{rows}<p class="note">The track ends at {share(top, 0)}.</p></div>'


def _panels(report: Report) -> str:
    return "".join(
        f'<h2 id="{panel.anchor}">{html.escape(panel.heading)}</h2>'
        f'<p class="note">{prose(panel.note)}</p>'
        + "".join(draw(table, sortable=False) for table in panel.tables)
        for panel in panels(report)
    )


def _communities(report: Report) -> str:
    focus = _content.community_table(report, report.focus, caption=_content.FOCUS)
    out = [f'<h2 id="communities" tabindex="-1">{_content.FOCUS}</h2>']
    if report.focus:
        how = "Choose a heading to sort, a name to see it on the map."
        out.append(
            f'<p class="note">{number(len(report.focus))} {html.escape(report.areas_label)}, '
            f"{_content.ranked_by(report)} {how}</p>"
        )
        out.append(draw(focus, links=_on_map(report)))
    else:
        out.append(f"<p>{_content.NO_FOCUS}</p>")
    if report.pages:
        out = [_states_and_counties(report)]
    elif report.others:
        others = _content.community_table(report, report.others, caption="All other communities")
        out.append(
            f"<details><summary>All other communities ({number(len(report.others))})</summary>"
            f"{draw(others, links=_on_map(report))}</details>"
        )
    if len(report.unranked):
        out.append(
            f"<details><summary>Not ranked, and why ({number(len(report.unranked))})</summary>"
            f"{draw(_content.unranked_table(report))}</details>"
        )
    return "".join(out)


def _states_and_counties(report: Report) -> str:
    """Draw the states, each leading to its own page, and the counties."""
    e = html.escape
    counties = _content.community_table(report, report.others, caption="Counties")
    return (
        f'<h2 id="communities" tabindex="-1">{_content.STATES}</h2>'
        f'<p class="note">{e(_content.states_note(report))}</p>'
        f"{draw(_content.states_table(report), pages=report.pages)}"
        f'<h2 id="counties">Counties</h2><p class="note">{number(len(report.others))} counties, '
        "ranked by people in the gap. Choose a heading to sort, a name to see it on the map.</p>"
        f"{draw(counties, links=_on_map(report), files=report.table_name)}"
    )


def _on_map(report: Report) -> frozenset[str]:
    missing = _rows.without_polygon(report.table)
    return frozenset(
        str(g) for g, gone in zip(report.table.index, missing, strict=True) if not gone
    )


def _rules(report: Report) -> str:
    e = html.escape
    notes = "".join(
        f"<h3>{e(name)}</h3><p>{prose(text)}</p>" for name, text in _content.rule_notes(report)
    )
    return (
        '<h2 id="rules">The same gap under each rule</h2>'
        f'<p class="note">{_content.WHAT_A_RULE_DOES}</p>'
        f"{draw(_content.by_rule_table(report), sortable=False)}{notes}"
    )


def _method(report: Report) -> str:
    e = html.escape
    method = "".join(f"<h3>{e(h)}</h3><p>{prose(p)}</p>" for h, p in report.method)
    limits = "".join(f"<li>{prose(text)}</li>" for text in report.limits)
    sources = "".join(
        f"<li>{e(text)}"
        + (f' <a href="{e(url)}" rel="noreferrer">{e(url)}</a>' if _web(url) else "")
        for text, url in _content.source_lines(report.sources)
    )
    return (
        f'<h2 id="method">Method</h2>{method}<h2 id="limits">Limits</h2><ul>{limits}</ul>'
        f'<h2 id="sources">Sources</h2><ul class="sources">{sources}</ul>'
    )


def _web(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _recipe(report: Report) -> str:
    return (
        '<h2 id="recipe">Recipe</h2><p class="note">The study file as it was run; the same file '
        f'gives the same page.</p><pre tabindex="0">{html.escape(report.study_toml)}</pre>'
    )


def _footer(report: Report) -> str:
    e = html.escape
    made = f"{report.software.get('name', '')} {report.software.get('version', '')}".strip()
    stamp = f"{SYNTHETIC} " if report.synthetic else ""
    return (
        f"<footer><p>{e(stamp)}Made with {e(made)}. The map is "
        "drawn with Leaflet; this page loads nothing from elsewhere.</p></footer>"
    )


def prose(text: str) -> str:
    """Escape a sentence, and keep its numbers and percent signs together."""
    return html.escape(_content.joined(text))


def draw(
    table: Table,
    *,
    sortable: bool = True,
    links: frozenset[str] = frozenset(),
    pages: Mapping[str, str] = MappingProxyType({}),
    files: str = "communities",
) -> str:
    """Draw a table of finished words as HTML.

    A name leads to its place on the map (`links`) or to a page of its own (`pages`); `files` is
    what the files that hold all rows are called.
    """
    e = html.escape
    heads = "".join(
        f'<th scope="col"{" class=words" if h.words else ""}'
        + (f' data-label="{e(h.label)}">' if sortable else ">")
        + (f'<button type="button">{e(h.label)}</button>' if sortable else e(h.label))
        + "</th>"
        for h in table.heads
    )
    rows = "".join(
        _row(table, cells, key, links, pages)
        for cells, key in zip(table.rows, table.keys, strict=True)
    )
    inside = f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
    if sortable:
        return _content.listing(inside, len(table.rows), e(table.caption), files=files)
    return (
        f'<div class="scroll" role="region" aria-label="{e(table.caption)}" tabindex="0">'
        f"<table>{inside}</table></div>"
    )


def _row(
    table: Table,
    cells: Sequence[_content.Cell],
    key: str,
    links: frozenset[str],
    pages: Mapping[str, str],
) -> str:
    e = html.escape
    first, *rest = cells
    name = e(first.text)
    if key in links:
        name = f'<a href="#map" data-show="{e(key)}">{name}</a>'
    if key in pages:
        name = f'<a href="{e(pages[key])}">{name}</a>'
    small = f"<small>{e(first.small)}</small>" if first.small else ""
    out = [f'<tr data-key="{e(key)}"><th scope="row">{name}{small}</th>']
    for head, cell in zip(table.heads[1:], rest, strict=True):
        if head.words:
            out.append(f'<td class="words">{prose(cell.text)}</td>')
        else:
            kind = ' class="na"' if cell.unknown else ""
            value = "" if cell.value is None else f"{cell.value:.6g}"
            out.append(f'<td{kind} data-v="{value}">{e(cell.text)}</td>')
    return "".join(out) + "</tr>"
