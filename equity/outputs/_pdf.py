"""The appendix as PDF: typst reads the words as data, so no name can be markup."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from equity.files.atomic import scratch
from equity.language import current, tr
from equity.outputs._block import Block, page_words
from equity.outputs._letters import in_print, otherwise
from equity.outputs._text import clean
from equity.outputs._widths import column_widths, stays_whole

__all__ = ["document", "pdf"]

_ROOM = 468.0
"""Points across a letter page less its margins."""
_ROOM_OF_A_SHEET = 525.0

logger = logging.getLogger("equity.outputs")


class Titled(Protocol):
    """What a document is about."""

    @property
    def title(self) -> str: ...
    @property
    def synthetic(self) -> bool: ...
    @property
    def software(self) -> Mapping[str, str]: ...


def pdf(
    report: Titled,
    content: Sequence[Block],
    picture: bytes | None,
    alt: str,
    *,
    footer: str = "",
    compact: bool = False,
    one_page: bool = False,
) -> bytes:
    """Typeset the appendix: US Letter, tagged for screen readers, same bytes every time.

    Parameters
    ----------
    report
        Gives title and stamp.
    content
        What to set.
    picture, alt
        The map as PNG and in words.
    footer
        What stands below the title at the foot of every page.
    compact
        Smaller type and margins, for what has to fit on few pages.
    one_page
        Compact, and in the largest type in which it fits on one page.
    """
    import typst

    from equity.outputs._text import template

    printed = in_print(content, report.title, footer)
    with scratch() as folder:
        (folder / "appendix.typ").write_text(template("appendix.typ"), encoding="utf-8")
        (folder / "data.json").write_text(
            json.dumps(
                document(report, printed, alt, room=_ROOM_OF_A_SHEET if one_page else _ROOM)
                | {"compact": compact or one_page, "one_page": one_page, "footer": _said(footer)},
                ensure_ascii=False,
            ),
            encoding="utf-8",
        )
        (folder / "map.png").write_bytes(picture or b"")
        for number, block in enumerate(content):
            if block.picture is not None:
                (folder / f"picture-{number}.png").write_bytes(block.picture)
        try:
            return _compile(folder, pdf_standards="ua-1")
        except typst.TypstError as error:
            # What breaks the standard's promise, such as no title, does not break the document.
            logger.warning("appendix without the PDF/UA-1 mark: %s", error)
            return _compile(folder)


def _compile(folder: Path, **options: Any) -> bytes:
    import typst

    made: Any = typst.compile(
        folder / "appendix.typ",
        root=folder,
        format="pdf",
        ignore_system_fonts=True,  # the fonts inside typst: the same on every machine
        timestamp=315532800,  # 1 January 1980: no output depends on the clock
        **options,
    )
    return bytes(made)


def document(
    report: Titled, content: Sequence[Block], alt: str, *, room: float = _ROOM
) -> dict[str, Any]:
    """Return what the template reads."""
    return {
        "title": _said(report.title),
        "synthetic": report.synthetic,
        "software": clean(" ".join(str(v) for v in report.software.values())),
        "alt": clean(alt),
        "lang": current(),
        "page": page_words(),
        "words": {
            "Table": tr("Table"),
            "Map": tr("Map"),
            "Figure": tr("Figure"),
            "Tables": tr("Tables"),
            "synthetic": tr("Synthetic data"),
        },
        "blocks": [_block(b, number, room) for number, b in enumerate(content)],
    }


def _said(text: str) -> str:
    return clean(otherwise(text))


def _block(block: Block, number: int, room: float) -> dict[str, Any]:
    record: dict[str, Any] = {
        "kind": block.kind,
        "text": clean(block.text),
        "link": clean(block.link),
    }
    if block.picture is not None:
        record |= {"picture": f"picture-{number}.png", "alt": clean(block.alt)}
    if block.table is not None:
        table = block.table
        record["caption"] = clean(table.caption)
        widths = column_widths(table, room)
        record["whole"] = stays_whole(table, widths)
        record["heads"] = [
            {"label": clean(h.label), "words": h.words, "width": round(width, 1)}
            for h, width in zip(table.heads, widths, strict=True)
        ]
        record["rows"] = [
            [{"text": clean(c.text), "small": clean(c.small)} for c in row] for row in table.rows
        ]
    return record
