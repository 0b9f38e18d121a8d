"""The page and its maps in Spanish: what stays English says so, and scripts speak it too."""

from __future__ import annotations

import re

import pytest
from outputs_data import config_of, make_report, make_table

from equity.areas.words import number
from equity.language import language
from equity.outputs.maps import make_map, page_text
from equity.outputs.page import write_page


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
    assert f'<span lang="en">{published}</span>' in (spanish / "map.html").read_text(
        encoding="utf-8"
    )


def test_scripts_speak_the_language_of_the_page_and_write_its_numbers(browser, spanish):
    with browser.open(spanish / "index.html") as page:
        page.run("document.querySelector('[data-show]').focus()")
        seen = page.run(
            "['.eq-panel', '.eq-legend', '.eq-status', '[data-eq-rows] caption'].map("
            "s => document.querySelector(s).innerText.replace(/\\u00a0/g, ' '))"
        )
        for text, words in zip(
            seen,
            ("A las personas en la brecha les falta", "Cuanto más oscuro, peor. Números: sectores"),
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


def test_what_an_address_holds_is_the_same_in_every_language():
    table = make_table()
    with language("es"):
        drawn = make_map(table, larger={"counties": table}, sources=())
        views = config_of(page_text(drawn))["views"]
    assert [view["label"] for view in views] == ["áreas", "condados"]
    assert views[1]["key"] == "counties"
