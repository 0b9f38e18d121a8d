"""The page and its maps in another language: nothing is left in English but what stays so."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import pytest
from outputs_data import payload_of
from pseudo import latin_words, pseudo_language

from equity.language import language
from equity.outputs.page import write_page
from equity.study.finding import build_report

#: Attributes that a reader meets.
READ = ("aria-label", "title", "placeholder", "alt", "content")
VOID = {"meta", "input", "link", "br", "img", "path"}
#: What the page takes from other tongues, or from the study itself.
NAMES = (
    "telehealth-equity", "Leaflet", "GeoNames", "Mbps", "FCC", "ACS", "CFR", "HPSA", "FQHC",
    "communities.csv", "communities.xlsx", "map.html",
)  # fmt: skip


class Shown(HTMLParser):
    """What a reader meets of a page, apart from elements that say that they are English."""

    def __init__(self, text):
        super().__init__()
        self.open, self.said = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        stays = given.get("lang") == "en" or tag in ("script", "style", "textarea")
        if tag not in VOID:
            self.open.append(stays)
        if not stays and not any(self.open):
            self.said += [
                given[name] for name in READ if given.get(name) and "http-equiv" not in given
            ]

    def handle_endtag(self, tag):
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        if not any(self.open):
            self.said.append(data)


@pytest.fixture(scope="module")
def pages(example_result, tmp_path_factory):
    """The example's page and maps, by name, in a language without a single Latin letter."""
    folder = tmp_path_factory.mktemp("other")
    with pseudo_language(folder) as code, language(code):
        report = dataclasses.replace(build_report(example_result), lang=code)
        files = write_page(report, folder / "pages")
        return {path.name: path.read_text(encoding="utf-8") for path in files}


@pytest.fixture(scope="module")
def published(example_result):
    """What the run itself holds in words: names, and what the English run said of its settings."""
    table, settings = example_result.table, example_result.choices.settings
    texts = {
        example_result.title,
        *table["name"],
        *table["county_name"],
        *table["under_resourced_reason"],
    }
    return (*NAMES, *texts, *settings["label"], *settings["note"])


@pytest.mark.parametrize("name", ["index.html", "map.html", "counties.html"])
def test_no_sentence_of_the_page_is_left_in_english(pages, published, name):
    assert '<html lang="xx">' in pages[name]
    assert latin_words("\n".join(Shown(pages[name]).said), *published) == []
