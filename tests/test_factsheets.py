"""Fact sheets of a run: the numbers of its table, one page, nothing small, every place found."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pypdf
import pytest
from matplotlib.figure import Figure
from numbers_said import lost_numbers
from pseudo import latin_words, pseudo_language
from shapely import Point
from typer.testing import CliRunner

from equity.areas.words import about, coarse, say
from equity.cli import app
from equity.errors import EquityError
from equity.language import language, tr
from equity.outputs._content import SYNTHETIC, community_table, heading_of
from equity.outputs._letters import OTHER_LETTERS, SAID_OTHERWISE
from equity.outputs._panels import counts_table, fixes_table
from equity.outputs.factsheet import (
    FEW,
    NOT_SHOWN,
    RULE,
    STRAIGHT,
    WITH_A_VALUE,
    hidden,
    sheet_blocks,
    write_factsheet,
)
from equity.outputs.ownership import RECORD, owned_files
from equity.study.factsheet import _numbers, _without_value, fact_sheets
from equity.study.naming import called
from equity.study.runs import read_run
from equity.study.totals import NONE_INSIDE

COUNTY = "90003"
PARTS = ("gap_line_only_n", "gap_home_only_n", "gap_both_n")


@pytest.fixture(scope="module")
def report(example_result):
    return example_result.report()


@pytest.fixture(scope="module")
def written(example_run, report, tmp_path_factory):
    """A tract that is listed, a county and all of the run."""
    found = fact_sheets(example_run, [report.focus[0], COUNTY, "Example State"])
    return found, found.write(tmp_path_factory.mktemp("sheets"))


def test_their_folder_is_called_by_the_run_the_first_place_and_how_many_more(written, example_run):
    found, _ = written
    assert found.name == f"{example_run.name}-factsheet-{found.sheets[0].key}-and-2-more"
    assert fact_sheets(example_run, [COUNTY]).name.endswith(f"-factsheet-{COUNTY}")


def cells(sheet) -> dict[str, list[str]]:
    """The words of the tables, by the measure of their row."""
    tables = [block.table for block in sheet_blocks(sheet) if block.table is not None]
    return {
        key: [cell.text for cell in row[1:]]
        for table in tables
        for key, row in zip(table.keys, table.rows, strict=True)
    }


def printed(path) -> str:
    (page,) = pypdf.PdfReader(path).pages
    return " ".join(page.extract_text().split())


def test_each_place_has_one_letter_page_and_a_page_that_loads_nothing(written):
    found, folder = written
    assert set(owned_files(folder)) == {path.name for path in folder.iterdir()}
    assert {path.suffix for path in folder.iterdir()} == {".pdf", ".html", ".json"}
    for sheet in found.sheets:
        reader = pypdf.PdfReader(folder / f"{sheet.key}.pdf")
        assert [tuple(map(float, page.mediabox[2:])) for page in reader.pages] == [(612, 792)]
        text, page = (
            printed(folder / f"{sheet.key}.pdf"),
            (folder / f"{sheet.key}.html").read_text(),
        )
        day = "Made on 2026-06-30 with telehealth-equity"
        for said in (SYNTHETIC, RULE, sheet.title, "Sources", day):
            assert said in text
            assert said in page
        assert "ABCDEFG" not in page
        assert re.findall(r"<script|<link|src=\"(?!data:)", page) == []
        assert "Black" not in text + page
        assert sheet.lead.replace(" %", "\u00a0%") in page.replace("&#39;", "'")
    assert json.loads((folder / RECORD).read_text())["synthetic"] is True


def test_all_of_a_run_says_what_page_and_appendix_say(written, report):
    said = cells(written[0].sheets[-1])
    for key, row in zip(counts_table(report).keys, counts_table(report).rows, strict=True):
        people, share = row[1].text, row[2].text
        wanted = people if key == "population_n" else f"{people} ({share})"
        assert said[key] == [wanted]
    fixes = {key: row[1].text for key, row in zip(
        fixes_table(report).keys, fixes_table(report).rows, strict=True
    )}  # fmt: skip
    assert said["recoverable_device_n"] == [fixes["device"]]
    assert said["recoverable_line_and_home_n"] == [fixes["line and home"]]
    assert said["gap_line_only_n"][0].partition(" ±")[0] == fixes["line"]
    assert written[0].sheets[-1].lead == report.finding[0]
    assert any("17 sites" in text for text in written[0].sheets[-1].notes["Care and practices"])


def test_without_margins_a_sheet_has_no_more_digits_than_the_finding(example_run):
    run = read_run(example_run)
    bare = run.table.assign(
        **dict.fromkeys([n for n in run.table if n.endswith("_moe")], float("nan"))
    )
    gap = bare.loc[bare["gap_status"] == "ok", "gap_n"].sum()
    assert f"A: {coarse(gap)} to " in _numbers(run.plan, "A", bare)
    assert f"A: {about(gap)} to " in _numbers(run.plan, "A", bare.drop(columns="gap_p05"))
    assert coarse(gap) != about(gap)


def test_areas_where_nobody_lives_are_told_from_those_that_people_are_left_out_of():
    lost = pd.DataFrame({"population_n": [24_000.0, 618.0, 0.0]})
    assert list(_without_value(lost)) == [
        "2 areas with 24,618 residents have no value and are left out of every count.",
        "1 area without residents has no value.",
    ]
    assert len(list(_without_value(lost[:2]))) == len(list(_without_value(lost[2:]))) == 1


def test_a_run_holds_the_sheet_of_its_whole_area(written, example_run):
    (sheet,) = [sheet for sheet in written[0].sheets if sheet.key.startswith("example-state")]
    for ending in ("pdf", "html"):
        name = f"factsheet.{ending}"
        made = (example_run / name).read_bytes()
        assert made == (written[1] / f"{sheet.key}.{ending}").read_bytes()
        assert owned_files(example_run)[name] == hashlib.sha256(made).hexdigest()
        assert f'href="{name}"' in (example_run / "index.html").read_text()


def test_a_county_has_the_numbers_of_counties_csv(written, example_run):
    counties = pd.read_csv(example_run / "counties.csv", dtype={"geoid": str}).set_index("geoid")
    place, whole = written[0].sheets[1].places.to_dict("records")
    for name in ("gap_n", "gap_n_moe", "beyond_reach_n", "no_link_n", "no_link_n_moe", *PARTS):
        assert place[name] == pytest.approx(counties.loc[COUNTY, name], abs=2e-3), name
        if not name.endswith("_moe"):
            assert whole[name] == pytest.approx(counties[name].sum(), abs=0.02), name
    assert place["recoverable_line_n" if "recoverable_line_n" in place else PARTS[0]] > 0
    assert sum(place[name] for name in PARTS) == pytest.approx(place["gap_n"])
    assert place["recoverable_line_and_home_n"] == pytest.approx(place["gap_n"])


def test_a_tract_says_what_its_row_of_the_list_says(written, report):
    sheet, geoid = written[0].sheets[0], report.focus[0]
    table = community_table(report, [geoid], caption="", place="appendix")
    row = dict(zip([head.label for head in table.heads], table.rows[0], strict=True))
    said = cells(sheet)
    assert (
        said["gap_n"][0] == f"{row[heading_of('gap_n')].text} ({row[heading_of('gap_share')].text})"
    )
    assert list(sheet.places["name"])[1:] == [
        report.table.loc[geoid, "county_name"], "Example State (synthetic)"
    ]  # fmt: skip
    own = report.table.loc[geoid]
    income, margin = (own[f"median_household_income_usd{end}"] for end in ("", "_moe"))
    words = say(income, "usd", moe=margin, with_unit=False)
    assert said["median_household_income_usd"][0] == f"${words}"
    assert said["median_household_income_usd"][1:] == ["–", "–"]
    assert str(own["under_resourced_reason"]) in " ".join(sheet.notes["How sure"])
    assert own["tier"] in " ".join(sheet.notes["How sure"])


def test_a_sheet_of_all_says_the_draws_and_the_doubt_of_the_list(written, report):
    _, county, whole = (" ".join(sheet.notes["How sure"]) for sheet in written[0].sheets)
    table = counts_table(report)
    ends = table.rows[table.keys.index("gap_n")][3].text
    assert f"lie from {ends}." in whole
    assert "draws" not in county  # nobody drew its sum
    first = int(report.table["is_under_resourced"].sum())
    assert first > len(report.focus)
    assert f"{first} of the {len(report.table)} areas here are under-resourced." in whole
    assert f"Of these, {len(report.focus)} fall short as well" in whole
    (said,) = [text for text in report.finding if "belong on that list" in text]
    assert said.partition("; ")[2] in whole
    assert "to belong on that list" in county


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        (0.2, "so it is on the study's list; it is not likely to belong on that list."),
        (0.6, "so it is on the study's list; it is likely to belong on that list."),
        (float("nan"), "It falls short. "),
    ],
)
def test_a_place_s_probability_is_said_in_words(example_run, report, monkeypatch, chance, said):
    past, key = read_run(example_run), report.focus[0]
    table = past.table.copy()
    table.loc[key, "focus_probability"] = chance
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: past._replace(table=table))
    (sheet,) = fact_sheets(example_run, [key]).sheets
    assert said in " ".join(sheet.notes["How sure"])


def test_the_way_to_care_is_straight_and_says_where_no_site_is_listed(
    example_run, report, monkeypatch
):
    past = read_run(example_run)
    assert past.record["care_not_listed_inside"] == []
    kind = past.plan.care[0].id
    record = {**past.record, "care_not_listed_inside": [kind]}
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: past._replace(record=record))
    (sheet,) = fact_sheets(example_run).sheets
    (table,) = [b.table for b in sheet_blocks(sheet) if b.table and "Who lives" in b.table.caption]
    row = table.rows[table.keys.index("nearest_site_min")]
    assert row[0].small == NONE_INSIDE
    assert " mi," in row[1].text
    assert any(STRAIGHT in block.text for block in sheet_blocks(sheet))
    inside = len(past.sites().sjoin(past.placed[["geometry"]], predicate="within"))
    beyond = len(past.sites()) - inside
    said = " ".join(sheet.notes["Care and practices"])
    assert (f"{beyond} beyond its border count" in said) == (beyond > 0)


def test_fixes_at_homes_are_at_least_where_no_table_counts_both(written, report):
    sheet = written[0].sheets[-1]
    bound = sheet.areas.assign(connected_share_status="upper_bound")
    for areas, ending in ((sheet.areas, ""), (bound, " (at least)")):
        labels = {
            key: row[0].text
            for block in sheet_blocks(replace(sheet, areas=areas))
            if block.table is not None
            for key, row in zip(block.table.keys, block.table.rows, strict=True)
        }
        fix = f"A device for every home that subscribes{ending}"
        assert labels["recoverable_device_n"].removeprefix("One fix: a") == fix.removeprefix("A")
        assert fix in [row[0].text for row in fixes_table(replace(report, table=areas)).rows]
        assert "at least" not in labels["recoverable_line_and_home_n"]


def test_every_number_of_a_lead_stands_in_the_tables_of_its_sheet(example_run, example_result):
    keys = [*example_result.table.index[:25], COUNTY, "Example State"]
    for sheet in fact_sheets(example_run, keys).sheets:
        tables = [block.table for block in sheet_blocks(sheet) if block.table is not None]
        lead = sheet.lead.removeprefix(sheet.title)
        limits = r"fewer than 11|one per [\d,]+ residents|within \d+ estimated minutes"
        assert lost_numbers([re.sub(limits, "", lead)], tables) == []


def test_residents_of_an_area_without_a_value_are_known_all_the_same(example_run, monkeypatch):
    past = read_run(example_run)
    table = past.table.copy()
    key = table.index[(table["gap_status"] == "ok") & (table["population_n"] > 500)][0]
    table.loc[key, ["gap_status", "gap_n", "gap_share"]] = ["no_locations", np.nan, np.nan]
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: past._replace(table=table))
    (sheet,) = fact_sheets(example_run, [key]).sheets
    people = table.loc[key, "population_n"]
    assert cells(sheet)["population_n"][0].startswith(f"{people:,.0f}")
    # Its county and the whole leave them out, and say so.
    county = table[table.index.str.startswith(key[:5]) & (table["gap_status"] == "ok")]
    assert cells(sheet)["population_n"][1].startswith(f"{county['population_n'].sum():,.0f}")
    assert tr(WITH_A_VALUE) in " ".join(block.text for block in sheet_blocks(sheet))
    lost = table[table["gap_status"] != "ok"]["population_n"]
    near = lost[lost.index.str.startswith(key[:5])].sum()
    assert sheet.places["left_out_n"].tolist() == pytest.approx([people, near, lost.sum()])


# --- small numbers ----------------------------------------------------------------------------


def test_no_hidden_part_of_the_gap_can_be_found_by_subtraction():
    sizes = (0.0, 0.3, 1.0, 7.0, 10.4, 10.6, 40.0, 900.0)
    for parts in itertools.product(sizes, repeat=3):
        place = dict(zip(PARTS, parts, strict=True)) | {
            "population_n": 5000.0, "beyond_reach_n": 3000.0, "gap_n": sum(parts),
        }  # fmt: skip
        found = hidden(place)
        # Less than half a person is nobody, as sentences say.
        small = {name for name in (*PARTS, "gap_n") if 0.5 <= place[name] < 10.5}
        assert {name for name, said in found.items() if said == FEW} == small, parts
        gone = [name for name in PARTS if name in found]
        others = [name for name in PARTS if name not in found and place[name] >= 0.5]
        # One equation has one unknown: two hidden parts, or nothing to subtract from.
        assert len(gone) != 1 or "gap_n" in found or not others, parts
        assert ("gap_share" in found) == ("gap_n" in found)


def test_less_than_half_a_person_is_nobody_in_sentence_and_table(example_run, monkeypatch):
    past = read_run(example_run)
    table = past.table.copy()
    key = table.index[(table["gap_status"] == "ok") & (table["population_n"] > 500)][0]
    table.loc[key, ["beyond_reach_n", "gap_n", "gap_ceiling_n"]] = [0.003, 0.001, 0.002]
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: past._replace(table=table))
    (sheet,) = fact_sheets(example_run, [key]).sheets
    assert "no residents" in sheet.lead
    for name in ("beyond_reach_n", "gap_n", "gap_ceiling_n"):
        assert cells(sheet)[name][0].startswith("under 1")


@pytest.mark.parametrize(
    ("place", "not_shown"),
    [
        ({"population_n": 100.0, "age_65_share": 0.1}, {"age_65_share"}),
        ({"population_n": 110.0, "age_65_share": 0.1}, set()),
        ({"population_n": 900.0, "age_65_share": 0.0}, set()),
        (
            {"population_n": 900.0, "households_n": 90.0, "no_vehicle_share": 0.1},
            {"no_vehicle_share"},
        ),
        ({"population_n": 900.0, "households_n": 8.0, "no_vehicle_share": 0.0}, set()),
        ({"population_n": 9.0, "gap_n": 0.0, "age_65_share": 0.0}, {"gap_n", "age_65_share"}),
    ],
)
def test_shares_of_a_few_people_are_not_shown(place, not_shown):
    found = {name for name, said in hidden(place).items() if said == NOT_SHOWN}
    assert found == not_shown


def test_what_is_hidden_stands_nowhere_on_the_sheet(example_run, monkeypatch):
    past = read_run(example_run)
    table, key = past.table.copy(), "90005011400"
    few = {"gap_n": 7.0, "gap_share": 0.0777, "gap_ceiling_n": 9.0, "gap_p05": 5.0, "gap_p95": 9.0}
    few |= dict(zip(PARTS, (7.0, 0.0, 0.0), strict=True))
    table.loc[key, list(few)] = list(few.values())
    changed = past._replace(table=table)
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: changed)
    (sheet,) = fact_sheets(example_run, [key]).sheets
    said = cells(sheet)
    assert said["gap_n"][0] == said["gap_line_only_n"][0] == FEW
    assert said["gap_home_only_n"][0] == "0"
    assert sheet.lead.partition(": ")[2].startswith(f"{FEW} people")
    blocks = sheet_blocks(sheet, b"picture")
    text = " ".join([*itertools.chain(*said.values()), *(b.text + b.alt for b in blocks)])
    for hint in ("7.8 %", "draws", " 7 ", " 9 "):
        assert hint not in text
    assert "here not shown" in text


# --- places -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        (COUNTY, COUNTY), ("0500000US90003", COUNTY), ("ombrellshire", COUNTY),
        ("Ombrellshire County", COUNTY), ("90003010700", "90003010700"),
        ("1400000US90003010700", "90003010700"),
        ("Census Tract 107, Ombrellshire County (synthetic)", "90003010700"),
        ("example  state", "example-state-synthetic"),
    ],
)  # fmt: skip
def test_a_place_is_found_by_id_and_by_name(example_run, asked, key):
    assert [sheet.key for sheet in fact_sheets(example_run, [asked]).sheets] == [key]


def test_a_point_is_in_the_area_that_holds_it(example_run, example_result):
    point = example_result.table.loc["90003010700"].geometry.representative_point()
    (sheet,) = fact_sheets(example_run, at=[f"{point.y}, {point.x}"]).sheets
    assert sheet.key == "90003010700"
    assert "It is the area that holds" in sheet.subtitle


@pytest.mark.parametrize(
    ("places", "at", "said"),
    [
        (["Ombrelshire"], (), "did you mean Ombrellshire County"),
        (["90003010708"], (), "did you mean 90003010700"),
        (["Census Tract 101"], (), r"Census Tract 101, .* \(90\d{9}\);.*give the id"),
        (["Wichita"], (), "is no place of the run"),  # in a made-up state lies no real town
        ((), ["-97.8,37.99"], "latitude comes first: --at 37.99,-97.8"),
        ((), ["51.5,0"], r"lies in no area of the run. Fix: the nearest area is .*\d km away"),
        ((), ["95,-200"], "95,-200 is no latitude and longitude. Fix: .*-90 to 90.*-180 to 180"),
        ((), ["91,-97"], "no latitude and longitude"),
        ((), ["37,180.5"], "no latitude and longitude"),
        ((), ["37,inf"], "no latitude and longitude"),
        ((), ["here"], "no latitude and longitude"),
        ((), ["nan,-97"], "no latitude and longitude"),
        ((), ["37,nan"], "no latitude and longitude"),
        ((), ["1,2,3"], "no latitude and longitude"),
    ],
)
def test_a_place_that_is_not_there_is_one_error_with_what_is_near(example_run, places, at, said):
    with pytest.raises(EquityError, match=said):
        fact_sheets(example_run, places, at=at)


def test_a_town_is_told_as_the_area_that_holds_its_point(example_run, monkeypatch):
    towns = [("Millbrook", "90003010700")]
    monkeypatch.setattr("equity.study.place_names.PlaceFinder._towns", lambda _: towns)
    (sheet,) = fact_sheets(example_run, ["millbrook"]).sheets
    assert sheet.key == "90003010700"
    assert "holds the point of millbrook; the town may reach beyond it" in sheet.subtitle
    towns.append(("Millbrook", "90003011100"))
    with pytest.raises(EquityError, match=r"is Census Tract 107.*; Census Tract 111"):
        fact_sheets(example_run, ["Millbrook"])


def test_a_name_is_taken_as_people_say_it():
    known = {"1": "Wise County", "2": "Norton city", "3": "Lee County (synthetic)"}
    assert [called(name, known) for name in ("wise", "Norton", "LEE  county", "Scott")] == [
        ["1"], ["2"], ["3"], [],
    ]  # fmt: skip


# --- what can be odd --------------------------------------------------------------------------


def test_a_place_without_a_value_says_why(example_run, tmp_path):
    (sheet,) = fact_sheets(example_run, ["90005990000"]).sheets
    assert sheet.lead.endswith("no value (nobody lives here).")
    assert cells(sheet)["gap_n"][0] == "n/a (nobody lives here)"
    write_factsheet(sheet, tmp_path)
    assert "No value: nobody lives here." in printed(tmp_path / "90005990000.pdf")


def test_a_name_in_letters_without_a_font_is_shown_otherwise_and_said(written, tmp_path, caplog):
    sheet = written[0].sheets[1]
    odd = replace(sheet, title="東京 都 Šibenik Кострома <b>", lead="東京 都: none. #strong[x]")
    with caplog.at_level("INFO", "equity.outputs"):
        write_factsheet(odd, tmp_path)
    assert "without the PDF/UA-1 mark" not in caplog.text
    text = printed(tmp_path / f"{COUNTY}.pdf")
    assert f"{OTHER_LETTERS} Šibenik Кострома <b>" in text
    assert SAID_OTHERWISE in text
    assert "#strong[x]" in text
    page = (tmp_path / f"{COUNTY}.html").read_text()
    assert "<h1>東京 都 Šibenik Кострома &lt;b&gt;</h1>" in page
    assert SAID_OTHERWISE not in printed(written[1] / f"{COUNTY}.pdf")


def test_no_site_is_cut_at_the_edge_of_a_map(written, tmp_path, monkeypatch):
    figures = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **k: (figures.append(self), save(self, *a, **k))
    )
    sheet = written[0].sheets[-1]
    west, south, *_ = sheet.areas.total_bounds
    stray = sheet.sites.iloc[[0]].set_geometry([Point(west - 0.5, south)], crs=sheet.sites.crs)
    write_factsheet(replace(sheet, sites=pd.concat([sheet.sites, stray])), tmp_path)
    axes, bars = figures[0].axes
    (sites,) = (line for line in axes.lines if line.get_marker() == "^")
    assert not sites.get_clip_on()
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y = sites.get_data()
    assert 0 < len(x) <= len(sheet.sites)
    assert (left <= min(x), max(x) <= right, low <= min(y), max(y) <= high) == (True,) * 4
    # No axis runs through the names of counts, which begin where it stands.
    ends = [path.get_extents() for part in bars.collections for path in part.get_paths()]
    assert ends
    assert not bars.get_frame_on()
    assert not any(
        end.y0 < text.get_position()[1] < end.y1
        for text in bars.texts
        if text.get_fontweight() == "bold"
        for end in ends
    )


@pytest.mark.parametrize(
    ("vintage", "ids", "said"),
    [
        ("2020-CT2022", "90", "Areas of vintage 2020."),
        ("2020-CT2022", "09", "Areas of vintage 2020 (in Connecticut 2022)."),
        ("2010", "09", "Areas of vintage 2010."),
    ],
)
def test_connecticut_s_year_is_said_only_of_connecticut(
    example_run, monkeypatch, vintage, ids, said
):
    past = read_run(example_run)
    table = past.table.set_axis(ids + past.table.index.str[2:])
    areas = {**past.record["areas"], "geo_vintage": vintage}
    changed = past._replace(table=table, record={**past.record, "areas": areas})
    monkeypatch.setattr("equity.study.factsheet.read_run", lambda _: changed)
    (sheet,) = fact_sheets(example_run).sheets
    assert sheet.notes["What was counted"][1] == said


def test_a_table_without_polygons_has_a_sheet_without_a_map(written, tmp_path):
    sheet = written[0].sheets[0]
    bare = replace(sheet, areas=sheet.areas.set_geometry([None] * len(sheet.areas), crs=4269))
    write_factsheet(bare, tmp_path)
    assert sheet.title in printed(tmp_path / f"{sheet.key}.pdf")


def test_equal_runs_give_equal_bytes_and_a_file_of_one_s_own_stays(
    example_run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    asked = ["factsheet", str(example_run), COUNTY]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "Ombrellshire County (synthetic): 2,000 to 2,600 people" in done.output
    folder = tmp_path / f"maps/{example_run.name}-factsheet-{COUNTY}"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "mine.txt").write_text("kept")
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert (folder / "mine.txt").read_text() == "kept"
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert not list(example_run.glob("*.aux.xml")), "GDAL leaves its notes beside what it reads"


def test_nothing_of_a_sheet_is_left_in_english(example_run, report, tmp_path, monkeypatch):
    for name in ("state_sentence", "practices_sentence"):  # the run's own sentences
        monkeypatch.setattr(f"equity.study.factsheet.{name}", lambda *_: "–")
    listed = report.focus[0]
    names = [*report.table["county_name"].unique(), report.title, "telehealth-equity", "fcc-25-3"]
    names += [str(name) for name in report.sites["name"]] + ["Census Tract"]
    names += report.table.loc[[listed], "under_resourced_reason"].tolist()
    names += [f"{source.agency}, {source.product}" for source in report.sources]
    with pseudo_language(tmp_path) as code, language(code):
        for sheet in fact_sheets(example_run, [listed, COUNTY, "90005990000"]).sheets:
            for block in sheet_blocks(sheet, b"picture"):
                said = [block.text, block.alt]
                if block.table is not None:
                    said += [block.table.caption, *(head.label for head in block.table.heads)]
                    said += [cell.text for row in block.table.rows for cell in row]
                assert [text for text in said if latin_words(text, *names)] == []


def test_a_spanish_sheet_says_which_of_its_words_are_english(example_run, tmp_path):
    with language("es"):
        sheets = fact_sheets(example_run, [COUNTY])
        write_factsheet(sheets.sheets[0], tmp_path)
    page = (tmp_path / f"{COUNTY}.html").read_text()
    assert '<html lang="es">' in page
    assert '<h1 lang="en">Ombrellshire County (synthetic)</h1>' in page
    assert '<span lang="en">Example generator, American Community Survey 5-year' in page
    assert "Hoja informativa" in page
    assert pypdf.PdfReader(tmp_path / f"{COUNTY}.pdf").root_object["/Lang"] == "es-US"
