"""The language of outputs: nothing is left untranslated, numbers and dates take its form."""

from __future__ import annotations

import datetime as dt
import pickle
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from equity import language as lang
from equity.areas.words import with_points
from equity.errors import InputError
from equity.language import language
from equity.outputs._around import sources_line
from equity.outputs._content import source_lines
from equity.outputs._html import published
from equity.provenance import Source

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import messages  # noqa: E402

OTHERS = [code for code in lang.languages() if code != lang.ENGLISH]
FIELD = re.compile(r"\{[^{}]*\}")


@pytest.fixture(scope="module")
def english():
    return messages.template()


def keys(catalog):
    return {message.id for message in catalog if message.id}


def test_the_english_file_has_every_sentence_of_the_code_and_no_other(english, tmp_path):
    messages.write(english, tmp_path / "messages.pot")
    kept = messages.LANGUAGES / "messages.pot"
    assert kept.read_bytes() == (tmp_path / "messages.pot").read_bytes(), (
        "run: python docs/messages.py"
    )


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_sentence_and_no_other(english, code):
    catalog = lang._catalog(code)
    assert keys(catalog) == keys(english), "run: python docs/messages.py"
    empty = [m.id for m in catalog if m.id and not all([m.string, *m.string])]
    assert empty == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_fills_in_what_the_english_does(code):
    wrong = []
    for message in lang._catalog(code):
        if message.id:
            one, many = message.id if isinstance(message.id, tuple) else (message.id, message.id)
            said = message.string if isinstance(message.string, tuple) else (message.string,)
            known = set(FIELD.findall(one)) | set(FIELD.findall(many))
            wrong += [s for s in said if not set(FIELD.findall(s)) <= known]
            if set(FIELD.findall(said[-1])) != set(FIELD.findall(many)):
                wrong.append(said[-1])
    assert wrong == []


def test_a_sentence_inside_an_f_string_is_found(tmp_path):
    path = tmp_path / "page.py"
    code = """f"<h2>{tr('One ' 'two')}</h2>"; trn("{n} a", "{n} b", 2); other("no"); tr(name)"""
    path.write_text(code, encoding="utf-8")
    assert set(messages.said(path)) == {("One two",), ("{n} a", "{n} b")}


def test_english_is_as_it_stands_in_the_code():
    assert lang.tr("a  {n}\n  b", n=3) == "a 3 b"
    assert lang.tr("{no field}") == "{no field}"
    assert lang.trn("{n} tract", "{n} tracts", 1, n="1") == "1 tract"
    assert lang.trn("{n} tract", "{n} tracts", 0.4, n="0.4") == "0.4 tracts"
    assert lang.review() == ""


def test_a_language_holds_inside_its_block_and_not_after_an_error():
    with lang.language("es"):
        assert lang.current() == "es"
        assert lang.tr("North is up") == "El norte está arriba"
        assert "92.201" in lang.review()
    with pytest.raises(KeyError), lang.language("es"):
        raise KeyError
    assert lang.current() == "en"
    assert lang.tr("North is up") == "North is up"


def test_a_language_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match=r"no language 'fr' to write in.*one of en, es"):
        lang.language("fr").__enter__()


def test_numbers_and_dates_take_the_form_of_the_language():
    date = dt.date(2026, 11, 6)
    assert lang.decimal(1234567.25, 1) == "1,234,567.2"
    assert lang.day(date) == "November 6, 2026"
    assert lang.dated("2026-11-06") == "2026-11-06"
    with lang.language("es"):
        assert lang.decimal(1234567.25, 1) == "1,234,567.2"
        assert lang.day(date) == "6 de noviembre de 2026"
        assert lang.dated("2026-11-06") == "6 de noviembre de 2026"
        assert lang.dated("about 2020") == "about 2020"


def test_spanish_says_one_point_of_a_one_only():
    with lang.language("es"):
        said = [with_points(text) for text in ("1", "-1.0", "+1.0", "1.0 ± 0.3", "0.9", "10.0")]
    assert said == ["1 punto", "-1.0 punto", "+1.0 punto", "1.0 ± 0.3 puntos", "0.9 puntos",
                    "10.0 puntos"]  # fmt: skip
    assert with_points("1.0") == "1.0 points"


REVIEW = "Reviewed by Rosa Ejemplo, certified translator on 2027-02-03."


@pytest.fixture
def reviewed(monkeypatch, tmp_path):
    """The Spanish as it stands, with the line of a review at its head."""
    path, own = tmp_path / "es.po", lang._file
    text = own("es").read_text(encoding="utf-8")
    assert "# Reviewed by nobody yet.\n" in text
    path.write_text(text.replace("Reviewed by nobody yet.", REVIEW), encoding="utf-8")
    monkeypatch.setattr(lang, "_file", lambda code: path if code == "es" else own(code))
    lang._catalog.cache_clear()
    yield path
    lang._catalog.cache_clear()


def test_a_review_is_told_with_name_and_day(reviewed):
    with lang.language("es"):
        told = lang.review()
    assert "3 de febrero de 2027" in told
    assert "Rosa Ejemplo, certified translator" in told
    assert "Ningún" not in told


def test_a_review_ends_with_the_first_sentence_that_it_did_not_see(reviewed):
    english = lang._catalog("es")  # the same sentences
    assert REVIEW in messages.brought_up_to_date(english, reviewed).header_comment
    english.add("A sentence that nobody translated")
    head = messages.brought_up_to_date(english, reviewed).header_comment
    assert "Reviewed by nobody yet." in head
    assert "conexión utilizable" in head, "the glossary stays"


def test_a_note_is_english_until_it_is_shown_whatever_it_is_made_of():
    inner = lang.said("{n} water", n="3")
    note = lang.together([lang.said("{n} missing ({reasons})", n="3", reasons=inner), "as given"])
    assert note == "3 missing (3 water); as given"
    with lang.language("es"):
        assert note == "3 missing (3 water); as given"
        assert lang.tr(note) == "faltan 3 (3 de agua); as given"
        assert lang.tr(pickle.loads(pickle.dumps(note))) == lang.tr(note)
    assert lang.tr(note) == note
    assert lang.said("{left as it is}") == "{left as it is}"


def test_a_citation_says_our_own_words_in_spanish_and_leaves_titles():
    own = Source(
        id="a", agency="the study's own file", product="Places of care", vintage="2023",
        retrieved="2026-11-26", file="sites.csv", licence="public domain",
    )  # fmt: skip
    bureau = replace(own, agency="U.S. Census Bureau", product="Boundaries, tract")
    english = [line for line, _ in source_lines([own, bureau])]
    assert english[0].startswith("the study's own file, Places of care, 2023; retrieved 2026-11-26")
    with language("es"):
        (mine, _), (theirs, _) = source_lines([own, bureau])
        marked, _ = source_lines([own], published=published)[0]
        below_map = sources_line([own, bureau], synthetic=False)
    assert mine == (
        "archivo propio del estudio, Lugares de atención, 2023; obtenido el 26 de noviembre de 2026; "
        "licencia: dominio público; archivo sites.csv."
    )
    assert theirs.startswith("U.S. Census Bureau, Boundaries, tract, 2023; ")
    assert 'estudio, Lugares de atención, <span lang="en"' in marked
    assert "archivo propio del estudio, Lugares de atención, <span" in below_map
    assert '<span lang="en">U.S. Census Bureau, Boundaries, tract, 2023</span>' in below_map


def test_an_authors_own_words_are_a_quote_where_no_message_has_them():
    assert lang.own_words("median income") == "median income"
    with language("es"):
        assert lang.own_words("median income") == "“median income”"
        assert lang.own_words("hospital care") == "atención hospitalaria"
        assert lang.own_words("hospital") == "hospital", "a message, though spelled alike"
        assert lang.own_words("") == ""
