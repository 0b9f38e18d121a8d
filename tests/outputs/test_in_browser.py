"""What a reader meets: both pages in a real browser, from disk, with the network off."""

from __future__ import annotations

import pytest
from outputs_data import make_report, make_table
from pypdf import PdfReader

from equity.outputs.page import write_page

MAP = "document.querySelector('.eq-map')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("pages")
    write_page(make_report(), target)
    return target


@pytest.fixture(scope="module", params=["index.html", "map.html"])
def name(request):
    return request.param


@pytest.fixture
def page(browser, folder, name):
    with browser.open(folder / name) as opened:
        yield opened


def test_polygons_are_drawn_and_nothing_is_asked_for(page):
    assert page.run(f"{MAP}.dataset.state") == "ready"
    assert page.run(f"{MAP}.dataset.drawn") == "78"
    assert page.outside == []
    assert page.errors == []
    colors = page.run(
        "(() => { const c = document.querySelector('.eq-map canvas');"
        "const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        "const seen = {}; for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 250) {"
        "const k = '#' + [d[i], d[i + 1], d[i + 2]].map(v => v.toString(16).padStart(2, '0')).join('');"
        "seen[k] = (seen[k] || 0) + 1; } return Object.keys(seen).filter(k => seen[k] > 400); })()"
    )
    assert {"#fee838", "#beaf6b", "#4a536c", "#002a5f"} <= set(colors)


def test_no_script_of_a_name_has_run(page):
    assert page.run("typeof window.pwned") == "undefined"
    assert page.run("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert page.run("document.title").startswith('Example <State> & "Co"')


def test_the_legend_follows_the_layer(page):
    def shown():
        return page.run(
            "[...document.querySelectorAll('.eq-legend')].filter(l => !l.hidden).map(l => l.querySelector('h3').textContent)"
        )

    first = shown()
    assert len(first) == 1
    page.run("document.querySelectorAll('.eq-layers input')[1].click()")
    assert len(shown()) == 1
    assert shown() != first
    assert page.run(f"{MAP}.dataset.layer") == "gap_share"
    assert page.errors == []


def test_tooltips_open_on_focus_hover_and_click_and_close_with_escape(page):
    tip = "document.querySelector('.eq-tip')"
    link = "[...document.querySelectorAll('[data-show]')].find(a => a.offsetParent)"
    page.run(f"{link}.focus()")
    assert page.run(f"{tip}.textContent.includes({link}.textContent)")
    assert "class:" in page.run(f"{tip}.textContent")
    page.press("Escape")
    page.until(f"!{tip}")
    page.run(f"{MAP}.scrollIntoView()")
    box = page.run(
        "(() => { const r = document.querySelector('.eq-canvas').getBoundingClientRect();"
        "return [r.x + r.width / 2 + 40, r.y + r.height / 2 + 40]; })()"
    )
    page.point(*box)
    page.until(tip)
    hovered = page.run(f"{MAP}.dataset.shown")
    page.point(*box, click=True)
    page.point(box[0] - 150, box[1] - 90)
    page.settle()
    assert page.run(f"{MAP}.dataset.shown") == hovered
    page.press("Escape")
    page.until(f"!{tip}")


def test_an_area_is_found_by_its_name(page):
    page.run(
        "(() => { const i = document.querySelector('.eq-find input'); i.value = 'tract 42';"
        "i.dispatchEvent(new Event('change')); })()"
    )
    assert page.run(f"{MAP}.dataset.shown") == "90001000042"
    said = page.run("document.querySelector('.eq-status').textContent")
    assert "People in the telehealth gap: " in said  # for whoever cannot see the tooltip
    page.run(
        "(() => { const i = document.querySelector('.eq-find input'); i.value = 'Atlantis';"
        "i.dispatchEvent(new Event('change')); })()"
    )
    assert "No area" in page.run("document.querySelector('.eq-status').textContent")


def test_every_sort_keeps_unknown_last_and_loses_no_row(page):
    table = "document.querySelector('table.sortable')"
    rows = f"{table}.tBodies[0].rows.length"
    before = page.run(rows)
    values = f"[...{table}.tBodies[0].rows].map(r => r.cells[1].dataset.v)"
    for direction in ("descending", "ascending"):
        page.run(f"{table}.querySelectorAll('thead button')[1].click()")
        head = page.run(f"{table}.querySelectorAll('thead th')[1].getAttribute('aria-sort')")
        got = page.run(values)
        known = [float(v) for v in got if v != ""]
        assert got[: len(known)] == [v for v in got if v != ""]
        assert known == sorted(known, reverse=head == "descending"), direction
    assert page.run(rows) == before


def test_keyboard_reaches_the_skip_link_first(page):
    page.press("Tab")
    assert "Skip" in page.run("document.activeElement.textContent")
    assert page.run("document.activeElement.getBoundingClientRect().width > 40")


def test_controls_are_large_enough_to_hit(page):
    small = page.run(
        "[...document.querySelectorAll('button, .eq-layers label, .eq-find input, .leaflet-bar a, summary, tbody th a')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 80))"
    )
    assert small == []


def test_words_have_contrast(page):
    poor = page.run(
        """(() => {
          const lum = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255)
            .map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
            return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
          const ground = e => { for (; e; e = e.parentElement) {
            const c = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255,255,255)'; };
          return [...document.querySelectorAll('body *')].filter(e => e.offsetParent &&
              [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && !e.closest('svg, script, style'))
            .map(e => { const a = lum(getComputedStyle(e).color), b = lum(ground(e));
              return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.outerHTML.slice(0, 90)]; })
            .filter(([ratio]) => ratio < 4.5);
        })()"""
    )
    assert poor == []


def test_a_narrow_screen_does_not_scroll_sideways(browser, folder, name):
    with browser.open(folder / name, width=400, height=800) as page:
        assert page.run("document.documentElement.scrollWidth") <= 400
        assert page.run(f"{MAP}.dataset.state") == "ready"
        box = page.run("document.querySelector('.eq-canvas').getBoundingClientRect().width")
        assert 300 < box <= 400
        assert page.errors == []


def test_motion_is_reduced_when_asked(browser, folder, name):
    moving = "(() => { for (const k in window) if (window[k] instanceof L.Map) return window[k].options.zoomAnimation; })()"
    with browser.open(folder / name, prefers_reduced_motion="reduce") as page:
        assert page.run(moving) is False
    with browser.open(folder / name) as page:
        assert page.run(moving) is True


def test_without_the_decoder_the_table_still_stands(browser, folder, name, tmp_path):
    text = (folder / name).read_text(encoding="utf-8")
    old = tmp_path / name
    old.write_text(
        text.replace("<title>", "<script>delete window.DecompressionStream</script><title>"),
        encoding="utf-8",
    )
    with browser.open(old) as page:
        assert page.run(f"{MAP}.dataset.state") == "unsupported"
        assert "too old" in page.run("document.querySelector('.eq-status').textContent")
        assert page.run("document.querySelector('table.sortable').tBodies[0].rows.length") > 10


def test_a_printed_page_has_map_and_legend_and_no_controls(browser, folder, name, tmp_path):
    with browser.open(folder / name) as page:
        page.send("Emulation.setEmulatedMedia", media="print")
        assert page.run("getComputedStyle(document.querySelector('.eq-layers')).display") == "none"
        assert page.run("getComputedStyle(document.querySelector('.eq-legend')).display") == "block"
        printed = PdfReader(page.print(tmp_path / "page.pdf"))
        heads = [t for p in printed.pages if "Tract" in (t := p.extract_text())]
        assert len(heads) > (name == "map.html")  # its table runs over several sheets
        assert all("Community" in text for text in heads)
        page.run("window.dispatchEvent(new Event('beforeprint'))")
        inside = (
            "(() => { const m = Object.values(window).find(v => v instanceof L.Map);"
            "const c = JSON.parse(document.querySelector('script[type=\"application/json\"]').textContent);"
            "return [m.getSize().x, m.getBounds().contains(c.bounds)]; })()"
        )
        assert page.run(inside) == [670, True]


def test_a_state_of_two_thousand_areas_stays_small(tmp_path):
    for path in write_page(make_report(make_table(47)), tmp_path):
        assert path.stat().st_size < 2_000_000


def test_a_long_table_starts_short_and_opens(browser, folder):
    with browser.open(folder / "map.html") as page:
        seen = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent).length"
        assert page.run(seen) == 25
        page.run("document.querySelector('button.more').click()")
        assert page.run(seen) == 81
        page.run("document.querySelector('button.more').click()")
        page.send("Emulation.setEmulatedMedia", media="print")
        assert "the first 25 of 81" in page.run("document.querySelector('.cut').innerText")


def test_without_scripts_every_row_is_there(browser, folder):
    with browser.open(folder / "map.html") as page:
        page.send("Emulation.setScriptExecutionDisabled", value=True)
        page.send("Page.reload")
        page.until(
            "document.readyState === 'complete' && !document.querySelector('.eq-map').dataset.state"
        )
        seen = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent).length"
        assert page.run(seen) == 81
