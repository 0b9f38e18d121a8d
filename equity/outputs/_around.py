"""The words and controls around a map: heading, finding, legend, table, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from equity.areas.geoid import STATES
from equity.areas.words import is_missing
from equity.language import mark, tr
from equity.outputs import _places, _rows
from equity.outputs._content import SHORT, SYNTHETIC, Cell, Head, Table, named
from equity.outputs._html import published, render
from equity.outputs._payload import View
from equity.provenance import Source, software

__all__ = ["Around", "body", "sources_line"]

_NO_RECORD = mark("provenance incomplete: the table carries no record")


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
        stamp=tr(SYNTHETIC) if around.synthetic else "",
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
            Cell(names[i], small=places[i], published=True),
            *(Cell(la.text[i], None if is_missing(v := la.values[i]) else v) for la in layers),
        )
        for i in order
    )
    heads = (
        Head(tr("Community"), words=True),
        *(Head(tr(layer.column.map_label)) for layer in layers),
    )
    keys = tuple(str(table.index[i]) for i in order)
    return Table(tr("Table of mapped values"), heads, rows, keys)


def sources_line(sources: Sequence[Source], *, synthetic: bool) -> Markup:
    """Who published what for when, in one line."""
    made = software()
    parts = dict.fromkeys(Markup(named(s, published)) for s in sources)  # noqa: S704  (escaped)
    listed = Markup("; ").join(parts) if parts else tr(_NO_RECORD)
    said = [
        tr("Synthetic data.") if synthetic else "",
        escape(tr("Sources: {list}.")).format(list=listed),
        "" if synthetic else tr(_places.CREDIT),
        tr("Made with {software} and Leaflet.", software=f"{made['name']} {made['version']}"),
    ]
    return Markup(" ").join(filter(None, said))
