"""The language that outputs are written in: English as it stands in the code, others from files.

Every sentence of page, map, document and fact sheet passes through `tr` (or `trn`, if it depends on
a number). Its English stands once, where it is said; ``languages/messages.pot`` lists them all, and
one file a language (``languages/es.po``) holds the translations in the form that translators' tools
read. ``python docs/messages.py`` brings both up to date; a test finds what is missing.

Errors and logs stay English, and so do the names of columns in files.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache, partial
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from types import ModuleType
from typing import TYPE_CHECKING

from equity.errors import InputError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from babel.messages.catalog import Catalog

__all__ = [
    "ENGLISH", "Said", "current", "dated", "day", "decimal", "flat", "known_language", "language",
    "languages", "mark", "messages_of", "own_words", "review", "said", "together", "tr",
    "translated", "trn", "worded",
]  # fmt: skip

ENGLISH = "en"
_LOCALES = {ENGLISH: "en_US", "es": "es_US"}
"""Number and date forms: of the language as it is written in the United States (CLDR)."""

REVIEWED = re.compile(r"Reviewed by (?P<who>.+) on (?P<day>\d{4}-\d{2}-\d{2})\.$", re.MULTILINE)
"""The line at the head of a file of messages by which a qualified translator answers for it."""

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


def current() -> str:
    """Return the code of the language that is being written: ``en`` unless `language` set it."""
    return _current.get()


def languages() -> list[str]:
    """Return the codes of the languages that outputs can be written in."""
    return [code for code in _LOCALES if code == ENGLISH or _file(code).is_file()]


def known_language(code: str) -> str:
    """Return the code of a language that there is.

    Raises
    ------
    InputError
        If there is no such language; the error lists those that there are.
    """
    if code not in languages():
        listed = ", ".join(languages())
        raise InputError(
            f"no language {code!r} to write in", fix=f"one of {listed}, or add its file of messages"
        )
    return code


@contextmanager
def language(code: str) -> Iterator[None]:
    """Write what is made inside the ``with`` block in this language.

    Parameters
    ----------
    code
        ``en`` or ``es``.

    Raises
    ------
    InputError
        If there is no such language; the error lists those that there are.

    Examples
    --------
    >>> with language("es"):
    ...     print(tr("North is up"))
    El norte está arriba
    """
    token = _current.set(known_language(code))
    try:
        yield
    finally:
        _current.reset(token)


class Said(str):  # noqa: SLOT000 - a str with fields cannot have slots
    """An English sentence that knows how it was made, so that `tr` can say it in a language."""

    text: str
    values: Mapping[str, object]
    make: Callable[[], str] | None = None


def said(text: str, /, **values: object) -> str:
    """Return an English sentence, ``{names}`` filled, that `tr` translates where it is shown.

    Notes of a table are such: files, logs and what is kept for another day have them in English.
    """
    made = Said(flat(text).format(**values) if values else flat(text))
    made.text, made.values = flat(text), values
    return made


def worded(make: Callable[..., str], *given: object) -> str:
    """Return the English words that a function makes, which `tr` has made in a language.

    For what is no single sentence: a list of names, a number of something. A module's own function,
    because what holds such words is sent to other processes.
    """
    with language(ENGLISH):
        made = Said(make(*given))
    made.text, made.values, made.make = str(made), {}, partial(make, *given)
    return made


def together(sentences: Iterable[str], between: str = "; ") -> str:
    """Put sentences behind each other; `tr` translates each."""
    parts = {f"part{number}": one for number, one in enumerate(sentences)}
    return said(between.join(f"{{{name}}}" for name in parts), **parts)


def tr(text: str, /, **values: object) -> str:
    """Return a sentence in the current language, its ``{names}`` filled with finished words."""
    if isinstance(text, Said):
        if text.make is not None:
            return text.make()
        values = {
            name: translated(value) if isinstance(value, str) else value
            for name, value in text.values.items()
        }
        text = text.text
    # The empty text is the key of a file's header.
    found = _messages(_current.get()).gettext(flat(text)) if text else ""
    return found.format(**values) if values else found


def own_words(text: str) -> str:
    """Return what the author of a study calls something: where no message knows it, as a quote.

    English outputs have it as it was written.
    """
    code = _current.get()
    if code == ENGLISH or not text or flat(text) in _catalog(code):
        return tr(text)
    return f"“{text}”"


def translated(words: str) -> str:
    """Return words in the current language if they know how they were made, others as they are."""
    return tr(words) if isinstance(words, Said) else words


def trn(one: str, many: str, n: float, /, **values: object) -> str:
    """Return the sentence for one or for many, by the rules of the language; see `tr`."""
    whole = int(n) if float(n).is_integer() else 2
    found = _messages(_current.get()).ngettext(flat(one), flat(many), whole)
    return found.format(**values) if values else found


def mark(text: str) -> str:
    """Return a sentence as it is, on one line: `tr` translates it where it is shown."""
    return flat(text)


@lru_cache(maxsize=4096)  # the same few sentences are said of every cell of a table
def flat(text: str) -> str:
    """Return text with its line breaks and indentation as single spaces."""
    return " ".join(text.split())


def decimal(value: float, digits: int = 0) -> str:
    """Write a number with the separators of the current language."""
    text = f"{value:,.{digits}f}"
    signs = _signs(_current.get())
    return text.translate(signs) if signs else text


def day(date: dt.date) -> str:
    """Write a date as people read it: ``November 26, 2026``."""
    from babel.dates import format_date

    return format_date(date, format="long", locale=_LOCALES[_current.get()])


def dated(text: str) -> str:
    """Write a day given as ``2026-06-30`` as people read it; English outputs keep that form."""
    if _current.get() == ENGLISH or not _ISO_DAY.fullmatch(text):
        return text
    return day(dt.date.fromisoformat(text))


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def review() -> str:
    """Say who reviewed the translation that is being written, and when; empty in English."""
    code = _current.get()
    if code == ENGLISH:
        return ""
    found = REVIEWED.search(_catalog(code).header_comment)
    if found is None:
        return tr("No qualified translator has reviewed this translation (45 CFR 92.201(c)(3)).")
    on = day(dt.date.fromisoformat(found["day"]))
    return tr(
        "A qualified translator, {who}, reviewed this translation on {day} (45 CFR 92.201(c)(3)).",
        who=found["who"],
        day=on,
    )


def messages_of(ending: str) -> dict[str, str]:
    """Return the translations of what files with this ending say, e.g. ``.js``; none in English."""
    code = _current.get()
    if code == ENGLISH:
        return {}
    return {
        str(message.id): str(message.string)
        for message in _catalog(code)
        if message.id and any(name.endswith(ending) for name, _ in message.locations)
    }


@cache
def _signs(code: str) -> dict[int, str]:
    """Return the separators of a language, by those of English; none where they are the same."""
    if code == ENGLISH:
        return {}
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = _LOCALES[code]
    own = {",": get_group_symbol(locale), ".": get_decimal_symbol(locale)}
    return {ord(sign): other for sign, other in own.items() if sign != other}


def _file(code: str) -> Traversable:
    return resources.files("equity") / "languages" / f"{code}.po"


@cache
def _catalog(code: str) -> Catalog:
    from babel.messages.pofile import read_po

    with _file(code).open("rb") as stream:
        return read_po(stream, locale=code)


@cache
def _messages(code: str) -> NullTranslations:
    if code == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo

    packed = io.BytesIO()
    write_mo(packed, _catalog(code))
    packed.seek(0)
    return GNUTranslations(packed)


class _Module(ModuleType):
    """The module, which ``equity.language("es")`` calls: the package has one name for both."""

    def __call__(self, code: str) -> AbstractContextManager[None]:
        return language(code)


sys.modules[__name__].__class__ = _Module
