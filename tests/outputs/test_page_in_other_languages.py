"""The page and its maps in another language: nothing is left in English but what stays so."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from outputs_data import make_report, payload_of
from pseudo import latin_words, pseudo_language

from equity.areas.words import number
from equity.language import language
from equity.outputs._content import first_up
from equity.outputs.page import write_page
from equity.study.finding import build_report

READ = ("aria-label", "title", "placeholder", "alt")
FILE = re.compile(r"\b\w+\.(?:csv|xlsx|html|json)\b")
VOID = {"meta", "input", "link", "br", "img", "path"}
#: What the page says as others do, in any language.
NAMES = (
    "telehealth-equity", "Leaflet", "GeoNames", "Mbps", "FCC", "ACS", "CFR", "FQHC", "Virginia",
    "Virginia coalfield", "Delaware", "New Jersey",
)  # fmt: skip


class Shown(HTMLParser):
    """What a reader meets of a page, apart from elements that say that they are English."""

    def __init__(self, text):
        super().__init__()
        self.stays, self.said = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        here = given.get("lang") == "en" or tag in ("script", "style", "textarea")
        if not here and not any(self.stays):
            self.said += [given[name] for name in READ if name in given]
        if tag not in VOID:
            self.stays.append(here)

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.stays.pop()

    def handle_data(self, data):
        if not any(self.stays):
            self.said.append(data)

    @property
    def text(self):
        return FILE.sub("", "\n".join(self.said).replace("\u00a0", " "))


@pytest.fixture(scope="module")
def pages(example_result, tmp_path_factory):
    """The example's page and maps, by name, in a language without a single Latin letter."""
    folder = tmp_path_factory.mktemp("other")
    with pseudo_language(folder) as code, language(code):
        report = dataclasses.replace(build_report(example_result), lang=code)
        files = write_page(report, folder / "pages")
        return {path.name: path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def kept(example_result):
    """What the run itself holds in words: names, and what it said of its places and settings."""
    table, settings = example_result.table, example_result.choices.settings
    said = {*settings["label"], *settings["note"], *table["under_resourced_reason"]}
    names = {example_result.title, *table["name"], *table["county_name"]}
    return (*NAMES, *names, *said, *map(first_up, said))


@pytest.mark.parametrize("name", ["index.html", "map.html", "counties.html"])
def test_no_sentence_of_the_page_is_left_in_english(pages, kept, name):
    assert '<html lang="xx">' in pages[name]
    assert latin_words(Shown(pages[name]).text, *kept) == []


def test_no_word_that_the_map_carries_is_left_in_english(pages, kept):
    for view in (0, 1):
        columns = payload_of(pages["index.html"], view)["columns"]
        said = [c[key] for c in columns for key in ("label", "unit", "heading")]
        said += [text for c in columns for key in ("text", "classes") for text in c.get(key, ())]
        assert len(said) > 100
        assert latin_words("\n".join(said), *kept, "people") == []


@pytest.fixture(scope="module")
def spanish(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spanish")
    with language("es"):
        write_page(make_report(), folder)
    return folder


def test_what_stays_english_says_so(spanish):
    page = (spanish / "index.html").read_text(encoding="utf-8")
    published = "FCC, Broadband Data Collection, June 2025"
    assert re.search(rf'<li><span lang="en">{published}</span>; obtenido el ', page)
    for stays in ('<th scope="row" lang="en">', '<pre tabindex="0" lang="en">'):
        assert stays in page
    assert f'<span lang="en">{published};' in (spanish / "map.html").read_text(encoding="utf-8")


def test_scripts_speak_the_language_of_the_page_and_write_its_numbers(browser, spanish):
    with browser.open(spanish / "index.html") as page:
        page.run("document.querySelector('[data-show]').focus()")
        seen = page.run(
            "['.eq-panel', '.eq-legend', '.eq-status', '[data-eq-rows] caption'].map("
            "s => document.querySelector(s).innerText.replace(/\\u00a0/g, ' '))"
        )
        for text, words in zip(
            seen,
            ("A las personas en la brecha les falta", "Más oscuro es peor. Números: sectores"),
            strict=False,
        ):
            assert words in text
        assert re.search(r"^81 de 81 sectores censales$", seen[3])
        assert page.run("document.querySelector('.leaflet-control-zoom-in').title") == "Acercar"
        search = "document.querySelector('.eq-find input')"
        page.run(f"{search}.value = 'atlantis'; {search}.focus()")
        page.press("Enter")
        status = page.run("document.querySelector('.eq-status').textContent")
        assert status == "Ningún lugar del mapa tiene este nombre."
        shown = page.run(
            "[1, 1234.5, 1234567].map(n => equity.count(n)).concat(equity.share(1, 8))"
        )
        with language("es"):
            assert shown == [number(1), number(1234.6), number(1234567), "12.5\u00a0%"]
        assert page.run("equity.numeric('menos de 0.1 %') < equity.numeric('0.1 %')")
        assert page.run("document.documentElement.scrollWidth <= innerWidth")
        assert page.errors == []
