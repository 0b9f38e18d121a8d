"""One piece of the appendix, before it becomes PDF or DOCX."""

from __future__ import annotations

from dataclasses import dataclass

from equity.outputs._content import Table

__all__ = ["Block"]


@dataclass(frozen=True)
class Block:
    """One piece of the appendix.

    Attributes
    ----------
    kind
        ``heading``, ``subheading``, ``text``, ``lead``, ``stamp``, ``bullet``, ``figure``,
        ``table`` or ``code``.
    text
        Its words; for a figure, the caption.
    table
        For ``table``.
    link
        Address that follows the words.
    wide
        True for blocks on a page turned on its side.
    """

    kind: str
    text: str = ""
    table: Table | None = None
    link: str = ""
    #: On a page turned on its side.
    wide: bool = False
    #: A figure's own picture (PNG), in the place of the map, and what it shows in words.
    picture: bytes | None = None
    alt: str = ""
