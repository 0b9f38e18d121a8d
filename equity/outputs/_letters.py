"""Letters that print has fonts for, and how a name in others is written there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from equity.language import mark, tr
from equity.outputs._block import Block

__all__ = ["OTHER_LETTERS", "SAID_OTHERWISE", "in_print", "otherwise"]

OTHER_LETTERS = mark("(a name in letters that this print lacks)")
SAID_OTHERWISE = mark(
    "Names in letters that this print has no font for stand on the HTML page that goes with it."
)

#: What typst's own fonts and the pictures' (DejaVu Sans) both have: Latin, Greek and Cyrillic with
#: their accents, and signs; and what no document holds and :func:`~equity.outputs._text.clean`
#: drops. Not Arabic and Hebrew: a part of them is there, but neither whole nor joined.
_THERE = (
    r"\s\x00-\u02e9\u0300-\u034f\u0370-\u0377\u037a-\u037e\u0384-\u038a\u038c\u038e-\u03a1"
    r"\u03a3-\u04ff\u1e00-\u1efb\u2000-\u2040\u2066-\u2069\u20ac\u2116\u2122\u2150\u2151"
    r"\u2153-\u215e\u2190-\u226f\ufeff\ufffe\uffff\ud800-\udfff"
)
_ODD = re.compile(f"[^{_THERE}]")
#: A word ends at a blank, or at a sign of the sentence that it stands in.
_ENDS = r"\s()\[\]“”\",.;:"
_WORD = rf"(?<![^{_ENDS}])(?:(?![{_ENDS}])[{_THERE}])*[^{_THERE}][^{_ENDS}]*"
_WORDS = re.compile(rf"{_WORD}(?:\s+{_WORD})*")


def otherwise(text: str) -> str:
    """Return text with words in letters that print has no font for shown otherwise."""
    return _WORDS.sub(lambda _: tr(OTHER_LETTERS), text) if _ODD.search(text) else text


def in_print(content: Sequence[Block], *texts: str) -> list[Block]:
    """Return blocks as they are printed.

    Parameters
    ----------
    content
        What is to be printed. A picture's words stay: they are read aloud, in no font.
    texts
        What is printed beside it.

    Returns
    -------
    list of Block
        If any name is shown otherwise, the last paragraph says where it stands.
    """
    printed = [_printed(block) for block in content]
    if printed != list(content) or any(map(_ODD.search, texts)):
        # With the paragraph, not after it: it might stand alone on a page.
        last = max((n for n, block in enumerate(printed) if block.kind == "text"), default=None)
        if last is None:
            return [*printed, Block("text", tr(SAID_OTHERWISE))]
        told = f"{printed[last].text} {tr(SAID_OTHERWISE)}"
        printed[last] = replace(printed[last], text=told)
    return printed


def _printed(block: Block) -> Block:
    table = block.table
    if table is not None:
        table = replace(
            table,
            caption=otherwise(table.caption),
            heads=tuple(replace(head, label=otherwise(head.label)) for head in table.heads),
            rows=tuple(
                tuple(replace(c, text=otherwise(c.text), small=otherwise(c.small)) for c in row)
                for row in table.rows
            ),
        )
    return replace(
        block,
        text=otherwise(block.text),
        link=_ODD.sub(lambda odd: quote(odd[0]), block.link),  # the same address, and it works
        table=table,
    )
