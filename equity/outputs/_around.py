"""The words and controls around a map: heading, finding, legend, table, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from equity.areas.geoid import STATES
from equity.areas.words import is_missing
from equity.outputs import _places, _rows
from equity.outputs._content import SHORT, SYNTHETIC, Cell, Head, Table
from equity.outputs._html import render
from equity.outputs._payload import View
from equity.provenance import Source, software

__all__ = ["Around", "body", "sources_line"]


@dataclass(frozen=True)
class Around:
    """What stands around a map."""

    title: str
    finding: str
    synthetic: bool
    sources: Sequence[Source]
    sites_label: str
    #: Kinds of sites that have a mark of their own.
    kinds: Sequence[str]
    with_outlines: bool
    with_table: bool
    #: Sentences under the legend, for example what counts as under-resourced.
    notes: Sequence[str]
    #: Width over height of the map on the screen.
    ratio: float


def body(views: Sequence[View], around: Around) -> Markup:
    """Return the HTML around a map; ``<%frame%>`` and ``<%canvas%>`` are filled in later.

    No text of a reader's data can contain these marks: their angle brackets would be escaped.
    """
    first = views[0]
    return render(
        "map.html.j2",
        around=around,
        views=views,
        parts=[(view.part, STATES[view.part].name) for view in views if view.part],
        under=any(_rows.flag(view.table, "is_under_resourced").any() for view in views),
        far=any(_rows.out_of_reach(view.table).any() for view in views),
        # Beside another page's list of sites one mark is enough.
        kinds=around.kinds if len(around.kinds) > 1 else (),
        sources=sources_line(around.sources, synthetic=around.synthetic),
        values=_values(first) if around.with_table else None,
        links=_drawn(first),
        margins=any("±" in text for layer in first.layers for text in layer.text),
        stamp=SYNTHETIC if around.synthetic else "",
        short=SHORT,
    )


def _drawn(view: View) -> frozenset[str]:
    there = ~_rows.without_polygon(view.table)
    return frozenset(str(g) for g in view.table.index[there])


def _values(view: View) -> Table:
    """Return the mapped values as a table, highest first, unknown last."""
    table, layers = view.table, view.layers
    first = layers[0].values
    order = np.argsort(np.where(np.isfinite(first), -first, np.inf), kind="stable")
    names = _rows.texts(table, "name", default=[str(g) for g in table.index])
    places = _rows.places(table)
    rows = tuple(
        (
            Cell(names[i], small=places[i]),
            *(Cell(la.text[i], None if is_missing(v := la.values[i]) else v) for la in layers),
        )
        for i in order
    )
    heads = (
        Head("Community", words=True),
        *(Head(layer.column.map_label) for layer in layers),
    )
    return Table("Table of mapped values", heads, rows, tuple(str(table.index[i]) for i in order))


def sources_line(sources: Sequence[Source], *, synthetic: bool) -> str:
    """Who published what for when, in one line."""
    made = software()
    parts = [f"{s.agency}, {s.product}, {s.vintage}" for s in sources]
    text = "; ".join(dict.fromkeys(parts)) or "provenance incomplete: the table carries no record"
    stamp = "Synthetic data. " if synthetic else ""
    names = "" if synthetic else f" {_places.CREDIT}"
    return f"{stamp}Sources: {text}.{names} Made with {made['name']} {made['version']} and Leaflet."
