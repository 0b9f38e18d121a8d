"""One piece of the appendix, before it becomes PDF or DOCX."""

from __future__ import annotations

from dataclasses import dataclass

from equity.language import current, tr
from equity.outputs._content import Table

__all__ = ["Block", "locale", "page_words"]


@dataclass(frozen=True)
class Block:
    """One piece of the appendix.

    Attributes
    ----------
    kind
        ``heading``, ``subheading``, ``text``, ``note`` (stays with the table below it), ``lead``,
        ``stamp``, ``bullet``, ``numbered``, ``figure`` or ``table``.
    text
        Its words; for a figure, the caption.
    table
        For ``table``.
    link
        Address that follows the words.
    """

    kind: str
    text: str = ""
    table: Table | None = None
    link: str = ""
    #: A figure's own picture (PNG), in the place of the map, and what it shows in words.
    picture: bytes | None = None
    alt: str = ""
    #: A part of its words that stays English, as it was published.
    published: str = ""


def locale() -> str:
    """Return the tag of the language that a document says it is in: ``en-US``."""
    return f"{current()}-US"


def page_words() -> list[str]:
    """Return what stands before, between and after the number of a page and that of the last."""
    return tr("Page {n} of {last}", n="\0", last="\0").split("\0")
