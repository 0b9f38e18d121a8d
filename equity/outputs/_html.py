"""HTML from the templates: every value is escaped unless it is markup already."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from equity.areas.words import number, share
from equity.language import ENGLISH, current, messages_of, review, tr, trn
from equity.outputs import _colors
from equity.outputs._content import Cell, Head, first_up, joined, signed
from equity.outputs._text import template

__all__ = ["SCRIPTS", "published", "render", "scripts"]

#: What draws and explores a map, in the order it is loaded.
SCRIPTS = (
    "words.js", "pack.js", "map.js", "labels.js", "find.js", "panel.js", "explore.js", "start.js",
)  # fmt: skip


def render(name: str, **values: Any) -> Markup:
    """Return a template filled with values, ready to stand inside another."""
    return Markup(_environment().get_template(name).render(values))  # noqa: S704  (autoescaped)


def scripts(*names: str) -> Markup:
    """Return scripts of this package, led by what they say where the page is not in English."""
    said = messages_of(".js")
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).replace("<", r"\u003c")
    table = f"window.equityMessages={text};\n" if said else ""
    return Markup(table) + _static(*names)  # noqa: S704  (no text of a reader's data)


def published(text: str) -> Markup:
    """Return text that stays as it was published; on a page of another language, as English."""
    if current() == ENGLISH:
        return escape(text)
    return Markup("<span{}>{}</span>").format(_as_english(), text)


def _with_published(text: str, part: str) -> Markup:
    """Return text of which a part stays as it was published."""
    if not part:
        return escape(joined(text))
    before, found, after = joined(text).partition(joined(part))
    return escape(before) + published(found) + escape(after)


def _as_english() -> Markup:
    """Return the attribute of an element whose text stays English; none on an English page."""
    return Markup("") if current() == ENGLISH else Markup(' lang="en"')


def _cells(cells: Sequence[Cell], heads: Sequence[Head]) -> Markup:
    """Return the cells of a row behind its first: a template takes three times as long."""
    english, unknown = _as_english(), tr("n/a")
    out = []
    for cell, head in zip(cells[1:], heads[1:], strict=True):
        if head.words:
            told = english if cell.published else ""
            out.append(f'<td class="words"{told}>{escape(joined(cell.text))}</td>')
        else:
            none = ' class="na"' if cell.text.startswith(unknown) else ""
            out.append(f'<td{none} data-v="{cell.sort}">{escape(signed(cell.text))}</td>')
    return Markup("".join(out))  # noqa: S704  (every text is escaped)


def _static(*names: str) -> Markup:
    """Return style sheets or scripts of this package, as they are."""
    return Markup("".join(map(template, names)))  # noqa: S704  (our own files)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FunctionLoader(template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        static=_static,
        colors=Markup(_colors.css()),  # noqa: S704
        tr=tr,
        trn=trn,
        language=current,
        scripts=scripts,
        as_english=_as_english,
        cells_of=_cells,
        review=review,
    )
    made.filters.update(
        first_up=first_up,
        number=number,
        prose=joined,
        share=share,
        with_published=_with_published,
    )
    return made
