"""A language that nobody speaks: every letter of a translation is ``ж``, so what is Latin was said
without `tr`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest

from equity import language as lang

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs"))

import messages

CODE = "xx"
_PIECE = re.compile(r"(\{[^{}]*\}|<[^<>]*>|&\w+;)")
_LATIN = re.compile(r"[^\W\d_]{3,}")


def disguised(text: str) -> str:
    """Return a text with every letter outside of fields and markup as another one."""
    return "".join(
        piece if number % 2 else re.sub(r"[^\W\d_]", "ж", piece)
        for number, piece in enumerate(_PIECE.split(text))
    )


@contextmanager
def pseudo_language(folder: Path) -> Iterator[str]:
    """Make the language while the block lasts, and yield its code; `folder` takes its file."""
    catalog = messages.template()
    for message in catalog:
        if message.id:
            pair = isinstance(message.id, tuple)
            message.string = tuple(map(disguised, message.id)) if pair else disguised(message.id)
    path, own = folder / f"{CODE}.po", lang._file
    messages.write(catalog, path)
    with pytest.MonkeyPatch.context() as patch:
        # Separators as in English, and months without a Latin letter.
        patch.setitem(lang._LOCALES, CODE, "zh_CN")
        patch.setattr(lang, "_file", lambda code: path if code == CODE else own(code))
        yield CODE
    for kept in (lang._catalog, lang._messages):
        kept.cache_clear()


def latin_words(text: str, *allowed: str) -> list[str]:
    """Return the words of three letters and more that no translation made, without `allowed`.

    An allowed text is taken out first, the longest before what it holds.
    """
    for known in sorted(filter(None, allowed), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", text)
    return [word for word in _LATIN.findall(text) if not set(word) <= {"ж", "Ж"}]


class Shown(HTMLParser):
    """What a reader meets of a page, apart from elements that say that they are English."""

    READ = ("aria-label", "title", "placeholder", "alt")
    VOID = ("meta", "input", "link", "br", "img", "path")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stays: list[bool] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        here = given.get("lang") == "en" or tag in ("script", "style", "textarea")
        if not here and not any(self.stays):
            self.said += [str(given[name]) for name in self.READ if name in given]
        if tag not in self.VOID:
            self.stays.append(here)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.stays.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.stays):
            self.said.append(data)
