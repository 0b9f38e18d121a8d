"""What a reader meets: both pages in a real browser, from disk, with the network off."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import pandas as pd
import pytest
from outputs_data import config_of, make_report, make_table
from pypdf import PdfReader

from equity.outputs import maps
from equity.outputs._colors import RAMP, ZERO
from equity.outputs.maps import make_map, save_map
from equity.outputs.page import write_page
from equity.provenance import stamp

MAP = "document.querySelector('.eq-map')"


@pytest.fixture(scope="module")
def report():
    """The small place with its counties; one of its tracts lies in no county that is named."""
    made = make_report()
    table = made.table.assign(county_name="County " + made.table.index.str[4])
    table["name"] = table["name"].mask(table.index == table.index[40], "長" * 300)
    larger = table.dropna(subset="geometry").dissolve(table.index.to_series().str[:5])
    counted = table.groupby(table.index.str[:5])[["population_n", "gap_n", "no_link_n"]].sum()
    counties = gpd.GeoDataFrame(counted, geometry=larger.geometry.reindex(counted.index))
    counties.insert(0, "name", "County " + counties.index.str[4])
    counties["gap_share"] = counties["gap_n"] / counties["population_n"]
    counties = stamp(counties.rename_axis("geoid"), level="county", geo_vintage="2020", sources=())
    return dataclasses.replace(made, table=table, levels={"counties": counties})


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    target = tmp_path_factory.mktemp("pages")
    write_page(report, target)
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
    assert len({ZERO, *RAMP} & set(colors)) >= 4


def test_no_script_of_a_name_has_run(page):
    assert page.run("typeof window.pwned") == "undefined"
    assert page.run("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert page.run("document.title").startswith('Example <State> & "Co"')


def choose(page, selector, value):
    page.run(
        f"(() => {{ const s = document.querySelector({selector!r}); s.value = {value!r};"
        "s.dispatchEvent(new Event('change', {bubbles: true}));"
        "s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def tick(page, part):
    page.run(f"document.querySelector('[data-part={part}]').click()")


def said(page, selector):
    return page.run(f"document.querySelector({selector!r}).textContent")


def test_there_is_one_legend_and_it_follows_the_layer(page):
    assert said(page, ".eq-title") == "People in the telehealth gap"
    choose(page, ".eq-layers", "connected_share")
    assert said(page, ".eq-title") == "Homes with a device and broadband"
    assert "under 50 %" in said(page, ".eq-legend")
    assert page.run(f"{MAP}.dataset.layer") == "connected_share"
    assert page.run("document.querySelectorAll('.eq-legend').length") == 1
    assert page.errors == []


def test_a_layer_of_another_kind_of_care_shows_no_sites_of_the_first(browser, report, tmp_path):
    other = {"gap_n__mental": report.table["gap_n"], "beyond_reach_share__mental": 0.5}
    table = report.table.assign(**other, gap_n__rule=report.table["gap_n"])
    drawn = make_map(table, layers=["gap_n", "gap_n__mental", "gap_n__rule"], sites=report.sites)
    sites = f"[{MAP}.dataset.sites, document.querySelector('[data-sites-of]').hidden]"
    with browser.open(save_map(drawn, tmp_path / "map.html")) as page:
        shown = page.run(sites)
        assert int(shown[0]) > 0
        for layer, wanted in (("__mental", ["0", True]), ("__rule", shown), ("", shown)):
            choose(page, ".eq-layers", f"gap_n{layer}")
            assert page.run(sites) == wanted, layer
        assert page.errors == []


SHOWN = f"{MAP}.dataset.shown"


def middle(page):
    page.run(f"{MAP}.scrollIntoView()")
    return page.run(
        "(() => { const r = document.querySelector('.eq-canvas').getBoundingClientRect();"
        "return [r.x + r.width / 2 + 40, r.y + r.height / 2 + 40]; })()"
    )


def test_a_tip_follows_the_pointer_and_a_click_opens_the_panel_which_escape_closes(page):
    x, y = middle(page)
    page.point(x, y)
    page.until("document.querySelector('.eq-tip')")
    assert "class:" in said(page, ".eq-tip")
    over = page.run(f"{MAP}.dataset.over")
    page.point(x, y, click=True)
    page.until(SHOWN)
    assert page.run(SHOWN) == over
    page.point(x - 150, y - 90)
    page.settle()
    assert page.run(SHOWN) == over
    assert "Residents" in said(page, ".eq-panel")
    page.press("Escape")
    page.until(f"!{SHOWN}")
    assert page.run("document.querySelector('.eq-panel').hidden")


def test_the_panel_tells_counts_parts_intervals_and_against_whom(browser, folder, report):
    area = report.table["gap_n"].idxmax()
    row, county = report.table.loc[area], report.table[report.table.index.str[:5] == area[:5]]
    with browser.open(folder / "index.html") as page:
        page.run(f"document.querySelector('[data-show=\"{area}\"]').focus()")
        panel = said(page, ".eq-panel").replace("\u00a0", " ")
        shares = page.run("[...document.querySelectorAll('.eq-bars')].at(-1).textContent").replace(
            "\u00a0", " "
        )
    for name in ("gap_line_only_n", "gap_home_only_n", "gap_both_n"):
        assert f"{row[name]:,.0f}" in panel
    known = county[county["gap_n"].notna()]
    everywhere = report.table[report.table["gap_n"].notna()]
    for rows in (report.table.loc[[area]], known, everywhere):
        assert f"{100 * rows['gap_n'].sum() / rows['population_n'].sum():.1f} %" in shares
    assert "People in the gap lack" in panel


def find(page, text):
    """Type into the search and return what is offered, as a reader sees it."""
    page.run(
        "(() => { const i = document.querySelector('.eq-find input'); i.value = ''; i.focus(); })()"
    )
    page.type(text)
    return page.run(
        "[...document.querySelectorAll('.eq-find li')].map(li => li.innerText.replace(/\\s+/g, ' '))"
    )


def test_an_area_is_found_by_its_name_and_the_keys_choose_it(page):
    assert any("Tract 42" in hit for hit in find(page, "tract 42"))
    page.press("ArrowDown")
    active = page.run(
        "document.querySelector('.eq-find input').getAttribute('aria-activedescendant')"
    )
    assert page.run(f"document.getElementById({active!r}).getAttribute('aria-selected')") == "true"
    page.press("Enter")
    assert page.run(SHOWN) == "90001000042"
    assert "People in the telehealth gap: " in said(page, ".eq-status")  # for whoever cannot see
    assert find(page, "Atlantis") == []
    page.press("Enter")
    assert "No place" in said(page, ".eq-status")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The same shapes, said to be real: Delaware's towns and ZIP codes lie in them."""
    table = make_table()
    table = table.set_axis("10" + table.index.str[2:]).rename_axis("geoid")
    table["county_name"] = "Dover County"
    lines = gpd.GeoDataFrame(
        {"name": ["Dover"]}, geometry=[table.union_all()], index=["10001"], crs=4269
    )
    made = make_map(table, sources=(), synthetic=False, outlines=lines)
    return save_map(made, tmp_path_factory.mktemp("real") / "map.html")


def test_towns_counties_and_zip_codes_are_found_and_one_name_is_offered_as_each(browser, real):
    with browser.open(real) as page:
        offered = find(page, "dover")
        assert offered[0].startswith("Dover town")
        assert any(hit.startswith("Dover County county") for hit in offered)
        assert any(" ZIP, Dover" in hit for hit in offered)
        before = page.run(f"{MAP}.querySelector('.eq-city') && true")
        assert before, "towns are named on the map"
        find(page, "19901")
        page.press("Enter")
        assert page.run(SHOWN).startswith("10")
        assert "19901: its middle lies in" in said(page, ".eq-status")
        find(page, "Dover County")
        page.press("Enter")
        assert said(page, ".eq-status") == "Dover County."
        assert page.errors == page.outside == []


def test_names_on_the_map_do_not_overlap(browser, real):
    """Neither each other nor the buttons, the scale and the arrow that stand on it."""
    with browser.open(real) as page:
        # Somebody moved the map, so that a town lies under the buttons.
        page.run(
            "(() => { const m = Object.values(window).find(v => v instanceof L.Map);"
            "const p = m.latLngToContainerPoint([39.158, -75.524]);"
            "m.setMaxBounds(null).panBy([p.x - 20, p.y - 60], {animate: false}); })()"
        )
        overlaps = page.run(
            "(() => { const b = [...document.querySelectorAll('.leaflet-eqNames-pane span, .leaflet-control, .eq-north')].map(s => s.getBoundingClientRect());"
            "let n = 0; b.forEach((p, i) => b.slice(i + 1).forEach(q => {"
            "if (p.left < q.right && q.left < p.right && p.top < q.bottom && q.top < p.bottom) n++; })); return [b.length, n]; })()"
        )
    assert overlaps[0] > 8
    assert overlaps[1] == 0


def county_id(report, name):
    return report.table.index[report.table["county_name"] == name][0][:5]


def test_filters_count_what_is_left_on_map_table_and_in_words(browser, folder, report):
    under = report.table[report.table["is_under_resourced"]]
    with browser.open(folder / "index.html") as page:
        page.run("document.querySelector('.eq-open').click()")
        tick(page, "under")
        people = under["population_n"].sum()
        assert (
            said(page, ".eq-found")
            == f"Shown: {len(under)} census tracts, {people:,.0f} residents."
        )
        assert (
            said(page, "[data-eq-rows] caption")
            == f"{len(under)} of {len(report.table)} census tracts"
        )
        choose(page, "[data-part=county]", county_id(report, "County 1"))
        both = under[under["county_name"] == "County 1"]
        assert f"{len(both)} census tracts" in said(page, ".eq-found")
        page.run("document.querySelector('.eq-reset').click()")
        assert said(page, ".eq-found") == ""
        assert said(page, "[data-eq-rows] caption").startswith(f"{len(report.table)} of")


def test_two_measures_paint_and_count_their_overlap(browser, folder, report):
    with browser.open(folder / "index.html") as page:
        page.run("document.querySelector('.eq-open').click()")
        tick(page, "two")
        choose(page, "[data-part=a]", "nearest_site_km")
        choose(page, "[data-part=b]", "connected_share")
        choose(page, "[data-part=a-at]", "50")
        told = [said(page, f"[data-part={side}-said]") for side in "ab"]
        found, legend = said(page, ".eq-found"), said(page, ".eq-legend")
        painted = page.run("document.querySelectorAll('.eq-legend li').length")
    far = float(told[0].removeprefix("at least ").removesuffix(" km"))
    few = float(told[1].removeprefix("at most ").removesuffix(" %"))
    km, homes = (
        report.table["nearest_site_km"].round(1),
        (report.table["connected_share"] * 100).round(1),
    )
    both = report.table[(km >= far) & (homes <= few)]
    assert 0 < len(both) < len(report.table)
    assert found.startswith(
        f"Both: {len(both)} census tracts, {both['population_n'].sum():,.0f} residents."
    )
    assert painted == 4
    assert "Distance to the nearest site at least" in legend


def test_map_and_table_are_bound_both_ways_and_the_size_of_areas_can_change(
    browser, folder, report
):
    first = "document.querySelector('[data-eq-rows] tbody tr')"
    with browser.open(folder / "index.html") as page:
        page.run(f"{first}.querySelector('a').focus()")
        shown = page.run(SHOWN)
        assert shown == report.table["gap_n"].idxmax()
        assert page.run(f"{first}.hasAttribute('aria-current')")
        x, y = middle(page)
        page.point(x - 200, y, click=True)  # beside the panel
        assert page.run(SHOWN) != shown
        assert not page.run(f"{first}.hasAttribute('aria-current')")
        page.run("document.querySelectorAll('.eq-views input')[1].click()")
        assert said(page, "[data-eq-rows] caption") == "3 of 3 counties"
        assert page.run(f"{MAP}.dataset.drawn") == "3"
        assert "20,000 people or more" in said(page, ".eq-legend")
        assert page.errors == []


@pytest.fixture(scope="module")
def in_parts(report, tmp_path_factory):
    """A map of two states' counties, their tracts a state at a time."""
    second = report.table.copy().rename(index=lambda g: "44" + g[2:])
    second["geometry"] = second.geometry.translate(0, -1)
    table = stamp(pd.concat([report.table, second]), level="tract", geo_vintage="2020")
    drawn = make_map(report.levels["counties"], smaller={"census tracts": table}, synthetic=True,
                     sources=(), areas_label="counties")  # fmt: skip
    return save_map(drawn, tmp_path_factory.mktemp("parts") / "map.html")


def test_counties_of_one_name_in_two_states_are_told_apart(browser, report, tmp_path):
    second = report.table.rename(index=lambda g: "44" + g[2:])
    both = stamp(pd.concat([report.table, second]), level="tract", geo_vintage="2020")
    drawn = save_map(make_map(both, synthetic=True, sources=()), tmp_path / "map.html")
    offered = f"[...{MAP}.querySelectorAll('[data-part=county] option')].map(o => o.textContent)"
    with browser.open(drawn) as page:
        assert {"County 1 (90001)", "County 1 (44001)"} <= set(page.run(offered))
        choose(page, "[data-part=county]", "44001")
        here = report.table["county_name"].eq("County 1").sum()
        assert said(page, ".eq-found").startswith(f"Shown: {here} ")


def choose_state(page, fips):
    page.run(
        "(s => { s.value = '" + fips + "'; s.dispatchEvent(new Event('change')); })"
        "(document.querySelector('.eq-states'))"
    )
    page.until(f"{MAP}.dataset.view === 'census tracts'")


def test_a_state_s_areas_come_when_it_is_chosen_and_are_the_same_in_its_address(browser, in_parts):
    with browser.open(in_parts) as page:
        assert page.run(f"{MAP}.dataset.drawn") == "3"
        assert page.run("document.querySelectorAll('.eq-views input')[0].checked")
        choose_state(page, "90")
        assert page.run(f"{MAP}.dataset.drawn") == "78"
        choose_state(page, "44")
        assert page.run("document.querySelector('.eq-states').value") == "44"
        assert not page.run("document.querySelector('.eq-views input').checked")
        page.run(f"{MAP}.dispatchEvent(new Event('pointerdown'))")
        page.run("document.querySelector('.leaflet-control-zoom-in').click()")
        page.until("location.hash.includes('areas=44')")
        address = page.run("location.href")
        page.run("document.querySelectorAll('.eq-views input')[0].click()")
        page.until(f"{MAP}.dataset.drawn === '3'")
        assert page.errors == []
        page.go("about:blank")
        page.go(address)
        assert page.run(f"{MAP}.dataset.view") == "census tracts"
        assert page.run("document.querySelector('.eq-states').value") == "44"
        assert page.errors == []


def test_an_area_of_a_state_not_yet_read_is_found_by_its_id(browser, in_parts, report):
    wanted = "44" + report.table.index[20][2:]
    with browser.open(in_parts) as page:
        choose_state(page, "90")
        assert find(page, wanted) == []
        page.press("Enter")
        page.until(f"{MAP}.dataset.shown === '{wanted}'")
        assert page.run("document.querySelector('.eq-states').value") == "44"
        page.press("Escape")
        assert page.errors == []


def test_seen_from_near_a_state_s_areas_are_offered(browser, in_parts):
    with browser.open(in_parts) as page:
        closer = "document.querySelector('.eq-closer')"
        assert page.run(f"{closer}.hidden")
        nearer = "document.querySelector('.leaflet-control-zoom-in').click()"
        page.until(f"({nearer}, !{closer}.hidden)")
        page.run(f"{closer}.click()")
        page.until(f"{MAP}.dataset.view === 'census tracts'")
        assert page.run("document.querySelector('.eq-states').value") == "90"
        assert page.run(f"{closer}.hidden")
        assert page.axe() == []


def test_of_very_many_areas_the_larger_ones_are_drawn_first(report, tmp_path, monkeypatch):
    monkeypatch.setattr(maps, "MOST_AT_ONCE", 50)
    text = save_map(make_map(report.table, larger=report.levels), tmp_path / "m.html").read_text()
    assert [view.get("part", "") for view in config_of(text)["views"]] == ["", "90"]


def test_the_table_sorts_by_any_heading_with_unknown_last(browser, folder, report):
    texts = (
        "[...document.querySelectorAll('[data-eq-rows] tbody tr')].map(r => r.cells[4].textContent)"
    )
    with browser.open(folder / "index.html") as page:
        while page.run(
            "Boolean(document.querySelector('[data-eq-rows] + .more, [data-eq-rows] .more'))"
        ):
            page.run("document.querySelector('[data-eq-rows] .more').click()")
        assert page.run("document.querySelectorAll('[data-eq-rows] tbody tr').length") == len(
            report.table
        )
        for up in (False, True):
            page.run("document.querySelectorAll('[data-eq-rows] thead button')[3].click()")
            got = page.run(texts)
            known = [
                float(t.split(" ")[0].replace(",", "")) for t in got if not t.startswith("n/a")
            ]
            assert known == sorted(known, reverse=not up)
            assert all(t.startswith("n/a") for t in got[len(known) :])


def test_an_address_restores_the_view_that_was_shared(browser, folder, report):
    table = report.table[report.table["is_under_resourced"]]
    area = table.loc[table["county_name"] == "County 1", "gap_n"].idxmax()
    state = (
        "[document.querySelector('.eq-layers').value, document.querySelector('.eq-found').textContent,"
        f"{SHOWN}, Object.values(window).find(v => v instanceof L.Map).getZoom().toFixed(1)]"
    )
    with browser.open(folder / "index.html") as page:
        page.press("Tab")
        page.run(
            "document.querySelector('.eq-open').dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}))"
        )
        choose(page, ".eq-layers", "gap_share")
        tick(page, "under")
        choose(page, "[data-part=county]", county_id(report, "County 1"))
        page.run(f"document.querySelector('[data-show=\"{area}\"]').click()")
        page.run("new Promise(done => setTimeout(done, 500))")
        here, left = page.run("location.hash"), page.run(state)
    assert "layer=gap_share" in here
    with browser.open(folder / "index.html") as page:
        page.go((folder / "index.html").as_uri() + here)
        page.run(f"{MAP}.remove()")  # what is waited for is the next one
        page.run("location.reload()")
        page.until(
            "document.readyState === 'complete' && document.querySelector('.eq-map')?.dataset.state"
        )
        assert page.run(state) == left
        assert left[2] == area
        assert page.errors == []


def test_the_first_screen_holds_finding_counts_and_map(browser, folder):
    tops = "['h1', '.lede', '.nest', '.eq-canvas'].map(s => document.querySelector(s).getBoundingClientRect())"
    with browser.open(folder / "index.html", width=1400, height=900) as page:
        boxes = page.run(f"{tops}.map(b => [b.top, b.bottom])")
        assert max(bottom for _, bottom in boxes) <= 900
        assert boxes[3][0] < 220, "the map begins beside the finding"
    with browser.open(folder / "index.html", width=390, height=844) as page:
        boxes = page.run(f"{tops}.map(b => [b.top, b.bottom])")
        assert boxes[2][1] < boxes[3][0] < 844 - 40, "right under it, before one scrolls"


def test_the_contents_stay_in_reach(browser, folder):
    with browser.open(folder / "index.html") as page:
        page.run("document.querySelector('#sources').scrollIntoView()")
        page.settle()
        assert page.run("document.querySelector('.contents').getBoundingClientRect().top") == 0
        page.run("document.querySelector('.contents p').textContent = 'A county, '.repeat(40)")
        list_ = "document.querySelector('.contents ul')"
        assert page.run(f"{list_}.scrollWidth - {list_}.clientWidth") <= 1, "a long title gives way"
        links = page.run("[...document.querySelectorAll('.contents a')].map(a => a.hash)")
        assert page.run(f"{links}.every(h => document.querySelector(h))")


def test_the_wheel_scrolls_the_page_and_with_ctrl_the_map(page):
    zoom = "Object.values(window).find(v => v instanceof L.Map).getZoom()"
    x, y = middle(page)
    before = page.run(zoom)
    wheel = {"type": "mouseWheel", "x": x, "y": y, "deltaX": 0}
    page.send("Input.dispatchMouseEvent", deltaY=-120, **wheel)
    page.until("!document.querySelector('.eq-hint').hidden")
    assert "Ctrl" in said(page, ".eq-hint")
    assert page.run(zoom) == before
    x, y = middle(page)
    page.send("Input.dispatchMouseEvent", deltaY=-240, modifiers=2, **wheel)
    page.until(f"{zoom} > {before}")
    page.until("!document.querySelector('.leaflet-zoom-anim')")
    page.run("document.querySelector('.eq-home a').click()")
    page.until(f"Math.abs({zoom} - {before}) < 0.05")


def test_a_touch_opens_a_panel_under_the_map_and_no_tip_is_cut(browser, folder, name):
    with browser.open(folder / name, width=390, height=844) as page:
        page.send("Emulation.setTouchEmulationEnabled", enabled=True)
        x, y = middle(page)
        page.touch(x - 60, y - 40)
        page.until(SHOWN)
        panel, canvas = page.run(
            "['.eq-panel', '.eq-canvas'].map(s => document.querySelector(s).getBoundingClientRect()).map(b => [b.top, b.bottom, b.left, b.right])"
        )
        assert panel[0] >= canvas[1]
        assert panel[2] >= 0
        assert panel[3] <= 390


def test_the_whole_page_can_be_worked_by_keys(browser, folder):
    at = "(a => a.id || a.dataset.part || a.className || a.textContent.trim())(document.activeElement)"
    with browser.open(folder / "index.html", width=1400) as page:
        seen = []
        for _ in range(200):
            page.press("Tab")
            seen.append(page.run(at))
            if seen[-1] == "cite":
                break
        assert seen[-1] == "cite", "the last field of the page"
        wanted = ("eq-open", "-layer", "leaflet-control-zoom-in", "more", "embed", "map_")
        for what in wanted:
            assert any(what in one for one in seen), what
        page.run("document.querySelector('.eq-open').focus()")
        page.press("Enter")
        page.press("Tab")
        assert page.run(at) == "under"
        page.press("Space")
        assert said(page, ".eq-found").startswith("Shown: ")
        page.run("document.querySelector('.eq-find input').focus()")
        page.type("tract 42")
        page.press("Enter")
        assert page.run(SHOWN) == "90001000042"
        assert page.run("document.querySelector('.eq-panel').tabIndex") == 0


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A page of few rows: what axe-core looks at grows with them, what it finds does not."""
    target = tmp_path_factory.mktemp("small")
    write_page(make_report(make_table(6)), target)
    return target


@pytest.mark.parametrize("width", [320, 700, 768, 1400])
def test_axe_finds_nothing_at_any_width_with_everything_open(browser, small, name, width):
    """700 px is a screen of 1400 px at 200 %."""
    with browser.open(small / name, width=width) as page:
        page.run("document.querySelector('.eq-open').click()")
        tick(page, "two")
        find(page, "tract")
        page.run("[...document.querySelectorAll('[data-show]')].find(a => a.offsetParent).focus()")
        page.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert page.axe() == []
        assert page.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "media", [{"forced_colors": "active"}, {"prefers_reduced_motion": "reduce"}]
)
def test_axe_finds_nothing_in_forced_colors_and_with_little_motion(browser, small, name, media):
    with browser.open(small / name, **media) as page:
        assert page.axe() == []
        assert page.errors == []


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
        "[...document.querySelectorAll('button, .eq-layers, .eq-views label, .eq-find input, .leaflet-bar a, summary, tbody th a')]"
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
        wide = "[...document.querySelectorAll('caption')].map(c => c.getBoundingClientRect().right)"
        assert all(right <= 400 for right in page.run(wide)), "a caption wraps in a narrow frame"
        assert page.errors == []


def test_what_is_searched_for_on_a_phone_comes_into_sight(browser, folder, name):
    """The search stands below the map there."""
    top = "document.querySelector('.eq-canvas').getBoundingClientRect().top"
    with browser.open(
        folder / name, width=390, height=500, prefers_reduced_motion="reduce"
    ) as page:
        page.run("document.querySelector('.eq-find').scrollIntoView()")
        assert page.run(top) < 0
        find(page, "tract 42")
        page.press("Enter")
        assert 0 <= page.run(top) < 500 - 100


def test_the_map_stays_where_it_is_when_a_place_is_chosen(page):
    top = "document.querySelector('.eq-canvas').getBoundingClientRect().top + scrollY"
    before, (x, y) = page.run(top), middle(page)
    page.point(x - 60, y - 40, click=True)
    assert page.run(SHOWN)
    assert said(page, ".eq-status")
    assert page.run(top) == before


def test_a_map_in_a_hidden_frame_is_whole_once_it_is_seen(browser, folder, tmp_path):
    text = (folder / "map.html").read_text(encoding="utf-8")
    hidden = tmp_path / "hidden.html"
    hidden.write_text(text.replace("<body", '<body style="display:none"', 1), encoding="utf-8")
    zoom = "Object.values(window).find(v => v instanceof L.Map).getZoom().toFixed(2)"
    with browser.open(folder / "map.html") as page:
        usual = page.run(zoom)
    with browser.open(hidden) as page:
        assert page.run(f"{MAP}.dataset.state") == "ready"
        for shown in ("", "none", ""):
            page.run(f"document.body.style.display = '{shown}'")
            page.settle()
        assert page.run(zoom) == usual
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
        assert page.run("document.querySelector('.eq-layers').offsetParent") is None
        assert page.run("getComputedStyle(document.querySelector('.eq-legend')).display") == "block"
        printed = PdfReader(page.print(tmp_path / "page.pdf"))
        heads = [t for p in printed.pages if "Tract" in (t := p.extract_text())]
        assert len(heads) > (name == "map.html")  # its table runs over several sheets
        assert all("Community" in text for text in heads)
        legend = next(t for p in printed.pages if "Darker is worse" in (t := p.extract_text()))
        assert "1,000 people or more" in legend
        assert "health centers (paler: outside)" in legend, "one sheet has the whole legend"
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
