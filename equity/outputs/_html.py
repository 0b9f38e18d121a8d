"""HTML from the templates: every value is escaped unless it is markup already."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from equity.areas.words import number, share
from equity.language import current, review, tr, trn
from equity.outputs import _colors
from equity.outputs._content import first_up, joined
from equity.outputs._text import template

__all__ = ["SCRIPTS", "render"]

#: What draws and explores a map, in the order it is loaded.
SCRIPTS = ("pack.js", "map.js", "labels.js", "find.js", "panel.js", "explore.js", "start.js")


def render(name: str, **values: Any) -> Markup:
    """Return a template filled with values, ready to stand inside another."""
    return Markup(_environment().get_template(name).render(values))  # noqa: S704  (autoescaped)


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
        review=review,
    )
    made.filters.update(first_up=first_up, number=number, prose=joined, share=share)
    return made
