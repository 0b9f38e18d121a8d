"""The words and controls around a map: heading, layer switch, legend, table, sources."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from equity.areas.schema import Column
from equity.areas.words import is_missing, number
from equity.outputs import _rows
from equity.outputs._classes import Classes, around_zero
from equity.outputs._content import NOSCRIPT, SYNTHETIC, listing
from equity.outputs._text import template
from equity.provenance import Source, software

__all__ = ["Around", "Layer", "body", "sources_line"]


@dataclass(frozen=True)
class Layer:
    """One mapped column: its classes, and each area's value in words and as what sorts."""

    column: Column
    classes: Classes
    text: list[str]
    values: np.ndarray
    #: 1 where the estimate is unreliable.
    rough: list[int]


@dataclass(frozen=True)
class Around:
    """What stands around a map."""

    title: str
    finding: str
    synthetic: bool
    sources: Sequence[Source]
    sites_label: str
    areas_label: str
    with_outlines: bool
    with_table: bool
    #: Sentences under the legend, for example what counts as under-resourced.
    notes: Sequence[str]
    #: Width over height of the map on the screen.
    ratio: float


_FIND = (
    '<div class="eq-find"><label for="<%frame%>-find">Find a community</label>'
    '<input id="<%frame%>-find" list="<%frame%>-names" autocomplete="off" '
    'placeholder="Name or GEOID"><datalist id="<%frame%>-names"></datalist>'
    '<p class="eq-status" role="status">Drawing the map …</p></div>'
)


def body(table: Any, layers: list[Layer], around: Around) -> str:
    """Return the HTML around a map; ``<%frame%>`` and ``<%canvas%>`` are filled in later.

    No text of a reader's data can contain these marks: their angle brackets would be escaped.
    """
    e = html.escape
    alone = around.with_table
    legends = (_legend(layer, i, around.areas_label) for i, layer in enumerate(layers))
    notes = (f'<p class="eq-note">{e(note)}</p>' for note in around.notes)
    side = "".join([_choices(layers), _FIND, *legends, _marks(table, around), *notes])
    label = (
        f"Map of {around.areas_label}; arrow keys move it, plus and minus zoom; "
        "the table has the same values"
    )
    return "".join(
        [
            f"<style>{template('alone.css')}{template('table.css')}</style>{NOSCRIPT}"
            if alone
            else "",
            f'<section class="eq-map{" eq-alone" if alone else ""}" id="<%frame%>" ',
            f'aria-label="Map: {e(around.title)}">',
            f'<a class="eq-skip" href="#{"eq-values" if alone else "communities"}">',
            "Skip the map: the same values as a table</a>",
            _head(around) if alone else "",
            f'<div class="eq-grid"><div class="eq-canvas" style="--ratio:{around.ratio}" ',
            f'role="region" aria-label="{e(label)}">',
            f'<%canvas%>{_NORTH}</div><div class="eq-side">{side}</div></div>',
            f'<p class="eq-note">{sources_line(around.sources, synthetic=around.synthetic)}</p>',
            _values(table, layers) if alone else "",
            "</section>",
        ]
    )


def _head(around: Around) -> str:
    e = html.escape
    stamp = f'<p class="eq-synthetic">{e(SYNTHETIC)}</p>' if around.synthetic else ""
    finding = f'<p class="eq-finding">{e(around.finding)}</p>' if around.finding else ""
    return f"{stamp}<h1>{e(around.title)}</h1>{finding}"


_NORTH = (
    '<svg class="eq-north" viewBox="0 0 26 38" role="img" aria-label="North is up">'
    '<path d="M13 12 L20 34 L13 29 L6 34 Z" fill="#1d1d1b" stroke="#fff" stroke-width="1"/>'
    '<text x="13" y="10" text-anchor="middle" font-size="11" font-weight="700" '
    'font-family="sans-serif" fill="#1d1d1b" stroke="#fff" stroke-width=".4">N</text></svg>'
)


def _choices(layers: list[Layer]) -> str:
    if len(layers) < 2:
        return ""
    e = html.escape
    rows = "".join(
        f'<label><input type="radio" name="<%frame%>-layer" value="{e(layer.column.name)}"'
        f"{' checked' if i == 0 else ''}>{e(layer.column.map_label)}</label>"
        for i, layer in enumerate(layers)
    )
    return f'<fieldset class="eq-layers"><legend>Show on the map</legend>{rows}</fieldset>'


def _legend(layer: Layer, i: int, areas_label: str) -> str:
    rows = [
        f'<li><span class="eq-swatch" style="background:{color}"></span>{html.escape(label)}'
        f'<span class="n">{number(n)}</span></li>'
        for label, color, n in zip(
            layer.classes.labels, layer.classes.colors, layer.classes.counts, strict=True
        )
    ]
    unknown = int((layer.classes.codes < 0).sum())
    if unknown:
        rows.append(
            '<li><span class="eq-swatch none"></span>no data'
            f'<span class="n">{number(unknown)}</span></li>'
        )
    if any(layer.rough):
        rows.append(
            '<li><span class="eq-swatch rough"></span>unreliable: margin too wide'
            f'<span class="n">{number(sum(layer.rough))}</span></li>'
        )
    note = f"{_colors_say(layer.column)} Right: number of {html.escape(areas_label)}."
    heading = html.escape(layer.column.map_label)
    return (
        f'<div class="eq-legend"{" hidden" if i else ""}><h3>{heading}</h3>'
        f"<ul>{''.join(rows)}</ul><p>{note}</p></div>"
    )


def _colors_say(column: Column) -> str:
    """Say which way the colors of a layer run."""
    neither = column.direction == "neither"
    if around_zero(column.scale):
        ways = "Green is more, purple less" if neither else "Red is worse, blue better"
        return f"{ways}, darker the further."
    return f"Darker is {'more' if neither else 'worse'}."


def _marks(table: Any, around: Around) -> str:
    rows = []
    if _rows.flag(table, "is_under_resourced").any():
        rows.append('<li><span class="eq-swatch focus"></span>under-resourced</li>')
    if _rows.out_of_reach(table).any():
        rows.append('<li><span class="eq-swatch far"></span>no site in reach</li>')
    if around.with_outlines:
        rows.append('<li><span class="eq-swatch line"></span>county line</li>')
    if around.sites_label:
        mark = '<span class="eq-swatch site"></span>'
        rows.append(f"<li>{mark}{html.escape(around.sites_label)} (paler: outside)</li>")
    return f'<div class="eq-marks"><ul>{"".join(rows)}</ul></div>' if rows else ""


def _values(table: Any, layers: list[Layer]) -> str:
    """Return the mapped values as a sortable table, highest first, unknown last."""
    e = html.escape
    columns = [layer.values for layer in layers]
    order = np.argsort(np.where(np.isfinite(columns[0]), -columns[0], np.inf), kind="stable")
    names = _rows.texts(table, "name", default=[str(g) for g in table.index])
    places = _rows.places(table)
    drawn = ~_rows.without_polygon(table)
    rows = []
    for i in order:
        geoid, name = e(str(table.index[i])), e(names[i])
        label = f'<a href="#<%frame%>" data-show="{geoid}">{name}</a>' if drawn[i] else name
        cells = "".join(
            f'<td data-v="{"" if is_missing(v[i]) else f"{v[i]:.6g}"}">{e(la.text[i])}</td>'
            for la, v in zip(layers, columns, strict=True)
        )
        head = f'<th scope="row">{label}<small>{e(places[i])}</small></th>'
        rows.append(f'<tr data-geoid="{geoid}">{head}{cells}</tr>')
    margins = (
        "After ±: 90 % margin of error." if any("±" in t for la in layers for t in la.text) else ""
    )
    labels = [e(la.column.map_label) for la in layers]
    heads = "".join(
        f'<th scope="col" data-label="{label}"{" aria-sort=descending" if i == 0 else ""}>'
        f'<button type="button">{label}</button></th>'
        for i, label in enumerate(labels)
    )
    return (
        '<h2 id="eq-values" tabindex="-1">The same values as a table</h2>'
        f'<p class="eq-note">{margins} Choose a heading to sort, a name to see it on the map.</p>'
        + listing(
            f'<thead><tr><th scope="col" data-label="Community"><button type="button">Community'
            f"</button></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>",
            len(rows),
            "Table of mapped values",
        )
        + f"<script>{template('sort.js')}</script>"
    )


def sources_line(sources: Sequence[Source], *, synthetic: bool) -> str:
    """Who published what for when, in one line of HTML."""
    e = html.escape
    made = software()
    parts = [f"{e(s.agency)}, {e(s.product)}, {e(s.vintage)}" for s in sources]
    text = "; ".join(dict.fromkeys(parts)) or "provenance incomplete: the table carries no record"
    stamp = "Synthetic data. " if synthetic else ""
    return f"{stamp}Sources: {text}. Made with {e(made['name'])} {e(made['version'])} and Leaflet. "
