"""The page: finding first, every row, every reason, nothing loaded, nothing smuggled in."""

from __future__ import annotations

import dataclasses
import re
from html import unescape

import pandas as pd
import pytest
from outputs_data import make_report, make_table, payload_of, words

from equity.outputs import _content
from equity.outputs._html import _cells
from equity.outputs.appendix import blocks
from equity.outputs.page import write_page


@pytest.fixture
def page(report, tmp_path):
    write_page(report, tmp_path)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_finding_comes_first(page, report):
    headline = re.search(r"<h1>(.*?)</h1>", page).group(1)
    assert unescape(headline).replace("\u00a0", " ") == report.finding[0]
    order = [
        "<h1>",
        'id="map"',
        'id="communities"',
        'id="counts"',
        'id="comparison"',
        'id="rules"',
        'id="method"',
        'id="limits"',
        'id="sources"',
        'id="data"',
        'id="recipe"',
    ]
    at = [page.index(mark) for mark in order]
    assert at == sorted(at)


def test_every_area_is_on_the_page(page, report):
    keys = re.findall(r'<tr data-key="(\d{11})">', page)
    assert keys == [*report.focus, *report.unranked.index]
    assert payload_of(page)["geoid"] == list(report.table.index)


def test_of_very_many_communities_the_page_lists_the_first_and_says_so(
    report, tmp_path, monkeypatch
):
    monkeypatch.setattr("equity.outputs.page.MOST_LISTED", 2)
    write_page(report, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    keys = re.findall(r'<tr data-key="(\d{11})">', page)
    assert keys == [*report.focus[:2], *report.unranked.index]
    assert "The first 2 are listed; communities.csv holds every one." in words(page)
    assert f"{len(report.focus)} census tracts, ranked by" in words(page)


@pytest.mark.parametrize(("n", "said"), [(1, "1 census tract, ranked"), (30, "30 census tracts")])
def test_a_list_says_how_many_it_holds_and_starts_short_if_much_longer(report, tmp_path, n, said):
    rows = (*report.focus, *report.others)[:n]
    write_page(dataclasses.replace(report, focus=rows), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert said in words(page)
    listed = page[page.index('id="communities"') : page.index('id="all"')]
    assert "is-short" not in listed


def test_the_bars_have_no_more_digits_than_the_finding_where_only_draws_tell_the_error(
    report, tmp_path
):
    counts = report.counts.astype(float)
    told = {"people_n": 715, "people_n_moe": None, "ceiling_n": 964, "p05_n": 0, "p95_n": 2300}
    counts.loc["gap_n", list(told)] = list(told.values())
    write_page(dataclasses.replace(report, counts=counts), tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    first = words(page[page.index('class="nest"') : page.index('class="see"')])
    assert "720 to 960 of them" in first
    assert "715" not in first


def test_a_method_of_several_lines_is_a_list(report, tmp_path):
    read = dataclasses.replace(report, method=(("Read", "A file.\nAnother <b>one</b>."),))
    write_page(read, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<li>A file.</li><li>Another &lt;b&gt;one&lt;/b&gt;.</li></ul>" in page


def test_each_cell_is_the_cell_of_the_content_model(page, report):
    shown = words(page)
    for table in (
        _content.community_table(report, report.focus, caption=""),
        _content.comparison_table(report),
        _content.by_rule_table(report),
        _content.unranked_table(report),
    ):
        for row in table.rows:
            assert " ".join(c.text for c in row[1:]) in shown


def test_nothing_is_loaded_and_a_policy_forbids_it(page):
    assert "default-src 'none'" in page
    markup = re.sub(r"<(script|style)\b.*?</\1>", "", page, flags=re.DOTALL)
    for found in re.findall(r'(?:src|href)="([^"]*)"', markup):
        beside = re.fullmatch(r"[a-z]+\.(csv|xlsx|gpkg|parquet|html|pdf|docx|toml|json)", found)
        assert beside or found.startswith(("#", "https://example.org/bdc"))
    assert not re.search(r"url\((?!data:|#)", page)


def test_no_name_is_ever_markup(page):
    assert "<script>alert" not in page
    assert "<img" not in page
    tables = re.findall(r"<table.*?</table>", page, flags=re.DOTALL)
    assert not [table for table in tables if "<b>" in table or "<script" in table]
    assert "&lt;b&gt;" in page
    assert any("{{ 7 * 7 }}" in name for name in payload_of(page)["name"])


def test_synthetic_is_said_on_both_pages_and_only_then(report, tmp_path):
    write_page(report, tmp_path / "made-up")
    for name in ("index.html", "map.html"):
        assert "Synthetic data: " in (tmp_path / "made-up" / name).read_text(encoding="utf-8")
    real = dataclasses.replace(
        report,
        synthetic=False,
        sources=tuple(dataclasses.replace(s, synthetic=False) for s in report.sources),
    )
    write_page(real, tmp_path / "real")
    for name in ("index.html", "map.html"):
        assert "ynthetic" not in words((tmp_path / "real" / name).read_text(encoding="utf-8"))


def test_the_word_that_only_an_agency_may_say_is_absent(page):
    assert "eligible" not in words(page).lower()


def test_empty_lists_are_said_not_shown_blank(tmp_path):
    report = make_report()
    bare = dataclasses.replace(
        report,
        focus=(),
        others=(*report.focus, *report.others),
        unranked=report.unranked.iloc[:0],
        sites=None,
        outlines=None,
        criteria=(),
        limits=(),
        sources=(),
    )
    write_page(bare, tmp_path)
    text = words((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "No community is both under-resourced and short" in text
    assert "provenance incomplete" in text


def test_without_polygons_there_is_a_page_and_no_map(tmp_path):
    table = make_table()
    table["geometry"] = None
    paths = write_page(make_report(table.set_geometry("geometry")), tmp_path)
    assert [p.name for p in paths] == ["index.html"]
    assert "there is no map" in paths[0].read_text(encoding="utf-8")


def test_columns_that_are_absent_are_left_out(tmp_path):
    table = make_table().drop(
        columns=["nearest_site_km", "gap_home_only_n", "under_resourced_reason"]
    )
    write_page(make_report(make_table()), tmp_path / "full")
    report = make_report()
    write_page(dataclasses.replace(report, table=table), tmp_path / "less")
    assert "Nearest site" in (tmp_path / "full" / "index.html").read_text(encoding="utf-8")
    assert "Nearest site" not in (tmp_path / "less" / "index.html").read_text(encoding="utf-8")


def test_same_report_same_bytes(report, tmp_path):
    write_page(report, tmp_path / "a")
    write_page(make_report(), tmp_path / "b")
    for name in ("index.html", "map.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert str(tmp_path) not in (tmp_path / "a" / name).read_text(encoding="utf-8")


def test_a_part_has_no_more_digits_than_its_whole():
    table = make_table()
    first = table.index[20]
    table.loc[first, ["gap_n", "gap_n_moe", "gap_line_only_n"]] = [12344.0, 9000.0, 12344.0]
    row = _content.community_table(make_report(table), [first], caption="").rows[0]
    assert row[3].text == "12,300 ± 9,000"
    assert row[5].text == "12,300"


def test_a_number_below_zero_has_a_minus_sign_and_a_name_keeps_its_hyphen():
    heads = [_content.Head("a"), _content.Head("b")]
    rows = [[_content.Cell(""), _content.Cell(text)] for text in ("-1.2 points", "-", "a-1")]
    shown = [str(_cells(cells, heads)) for cells in rows]
    assert [re.sub("<[^>]*>", "", one) for one in shown] == ["\u22121.2 points", "-", "a-1"]


def test_unknown_cells_say_why():
    report = make_report()
    table = _content.community_table(report, report.unranked.index, caption="")
    gaps = [row[2].text for row in table.rows]
    assert set(gaps) == {"n/a (nobody lives here)"}
    assert pd.isna(report.table.loc[report.unranked.index, "gap_n"]).all()


def test_who_counts_is_said_on_both_pages(report, tmp_path):
    for path in write_page(report, tmp_path):
        text = words(path.read_text(encoding="utf-8")).replace("\u00a0", " ")
        for sentence in report.criteria:
            assert sentence in text


def test_what_the_chances_mean_stands_right_above_the_list(report, tmp_path):
    meant = "“Likely” is five in ten, checked against a made-up state."
    said = dataclasses.replace(report, how_likely=meant)
    write_page(said, tmp_path)
    page = words((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert f"{meant} Choose a heading to sort" in page
    likely = dataclasses.replace(said, table=said.table.assign(tier="likely"))
    listed = list(blocks(likely))
    at = next(i for i, block in enumerate(listed) if meant in block.text)
    assert listed[at - 1].text == _content.FOCUS
    assert listed[at + 1].table is not None


def test_files_of_one_publication_stand_together(report):
    source = report.sources[0]
    files = [
        dataclasses.replace(source, id=f"s{k}", file=f"{k}.zip", sha256="ab" * 32) for k in range(3)
    ]
    (line, url), other = _content.source_lines([*files, report.sources[1]])
    assert url == source.url
    assert line.count("Broadband Data Collection") == 1
    assert [f"{k}.zip (SHA-256 abababababab…)" in line for k in range(3)] == [True] * 3
    assert "American Community Survey" in other[0]


def test_a_rule_that_cannot_be_judged_shows_no_number(report):
    table = report.by_rule.copy()
    table.loc["fcc-706-2024"] = [float("nan")] * 6 + ["cannot be computed"]
    bare = dataclasses.replace(report, by_rule=table)
    row = _content.by_rule_table(bare).rows[2]
    assert all(cell.text.startswith("n/a") for cell in row[1:])
    assert (
        "In this run: cannot be computed." in dict(_content.rule_notes(bare))["Rule fcc-706-2024"]
    )
