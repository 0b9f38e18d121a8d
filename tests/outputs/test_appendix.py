"""The appendix: page, PDF and DOCX say the same numbers; it prints, reads aloud and never promises."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import re
import time
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.font_manager import FontProperties, findfont, get_font
from outputs_data import HOSTILE, make_report, make_table, words
from pypdf import PdfReader
from shapely.geometry import Point

from equity import evaluate_program
from equity.areas.schema import columns
from equity.errors import InputError
from equity.language import language
from equity.outputs import _content
from equity.outputs._block import Block
from equity.outputs._content import Cell, Head, Table
from equity.outputs._figure import alt_text, figure_png
from equity.outputs._layout import find_layout, list_layouts
from equity.outputs._letters import _ODD, OTHER_LETTERS, SAID_OTHERWISE, otherwise
from equity.outputs._pdf import pdf
from equity.outputs._place_tables import county_table, named_table
from equity.outputs._steady import made_on
from equity.outputs._text import clean
from equity.outputs._widths import column_widths, stays_whole
from equity.outputs.appendix import MOST_ROWS, blocks, in_words, write_appendix
from equity.outputs.page import write_page
from equity.outputs.report import ProgramFinding
from equity.rules.program_rule import list_program_rules, load_program_rule


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("appendix")
    report = make_report()
    for name in ("appendix.pdf", "appendix.docx"):
        write_appendix(report, folder / name)
    write_page(report, folder)
    return report, folder


#: What programs ask for and the page does not show.
ONLY_IN_DOCUMENTS = {
    "Sites in the area", "The counties of the area", "Places listed, and places that lie together",
}  # fmt: skip


def squeeze(text):
    return re.sub(r"\s+", "", text)


@functools.cache
def pdf_text(path):
    text = squeeze("".join(page.extract_text() for page in PdfReader(path).pages))
    return re.sub(r"SyntheticdataPage\d+of\d+", "", text)  # the footers


def docx_xml(path):
    with zipfile.ZipFile(path) as file:
        return file.read("word/document.xml").decode()


def docx_text(path):
    return squeeze(words(docx_xml(path)))


def test_page_pdf_and_docx_show_the_same_cells_in_the_same_order(made):
    report, folder = made
    page = squeeze(words((folder / "index.html").read_text(encoding="utf-8")))
    pdf, docx = pdf_text(folder / "appendix.pdf"), docx_text(folder / "appendix.docx")
    tables = [b.table for b in blocks(report) if b.table is not None]
    assert len(tables) == 11
    for table in tables:
        for row in table.rows:
            said = squeeze("".join(c.text + c.small for c in row[1:]))
            assert said in pdf, said
            assert said in docx, said
            on_page = () if table.caption in ONLY_IN_DOCUMENTS else row[1:]
            for cell in on_page:
                assert squeeze(cell.text) in page, cell.text
    for sentence in report.finding:
        assert squeeze(sentence) in page
        assert squeeze(sentence) in pdf
        assert squeeze(sentence) in docx


def test_every_part_of_the_report_is_there(made):
    report, folder = made
    for text in (pdf_text(folder / "appendix.pdf"), docx_text(folder / "appendix.docx")):
        for part in (
            *report.criteria,
            *report.limits,
            *(p for pair in report.method for p in pair),
            *(line for line, _ in _content.source_lines(report.sources)),
            "https://example.org/bdc?a=1&b=2",
            "Synthetic data: ",
            "telehealth-equity 0.1.0",
        ):
            assert squeeze(part) in text, part


def test_names_are_never_markup(made):
    _, folder = made
    table = make_table()
    table["is_under_resourced"] = True
    table["gap_n"] = table["gap_n"].where(np.arange(len(table)) > 8, 9000 - np.arange(len(table)))
    hostile = make_report(table)
    assert set(hostile.focus[: len(HOSTILE)]) == set(table.index[: len(HOSTILE)])
    for name in ("a.pdf", "a.docx"):
        write_appendix(hostile, folder / name)
    pdf, docx = pdf_text(folder / "a.pdf"), docx_text(folder / "a.docx")
    for name in HOSTILE:
        assert squeeze(clean(name)) in docx
        if name.isascii():
            assert squeeze(name) in pdf, name


def test_the_word_that_only_an_agency_may_say_is_absent(made):
    _, folder = made
    assert "eligible" not in pdf_text(folder / "appendix.pdf").lower()
    assert "eligible" not in docx_xml(folder / "appendix.docx").lower()


def test_pdf_is_us_letter_tagged_titled_and_has_no_script(made):
    report, folder = made
    read = PdfReader(folder / "appendix.pdf")
    sizes = {tuple(sorted((float(p.mediabox.width), float(p.mediabox.height)))) for p in read.pages}
    assert sizes == {(612.0, 792.0)}
    assert read.metadata.title == report.title
    root = read.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].lower().startswith("en")
    raw = (folder / "appendix.pdf").read_bytes()
    assert b"/JavaScript" not in raw
    assert b"/OpenAction" not in raw
    assert len(raw) < 3_000_000


def test_names_in_letters_without_a_font_are_shown_otherwise_and_said_once(tmp_path, caplog):
    table = make_table(6)
    plain = ("Añasco", "Corozal é", "Chŏngju", "Кострома", "Diné \u02bc", "Hawai\u02bbi")
    table["name"] = [
        f"東京 クリニック {k}" if k % 2 else plain[k // 2 % 6] for k in range(len(table))
    ]
    table["county_name"] = ["東京都", "🏥 County", "Peñuelas"] * (len(table) // 3)
    table["is_under_resourced"] = True
    report = dataclasses.replace(make_report(table), title="مدينة, 東京", sites_label="診療所")
    for name in ("a.pdf", "a.docx"):
        write_appendix(report, tmp_path / name)
    read = PdfReader(tmp_path / "a.pdf")
    text, other = pdf_text(tmp_path / "a.pdf"), squeeze(OTHER_LETTERS)
    assert text.count(squeeze(SAID_OTHERWISE)) == 1
    assert squeeze(f"provenance.json. {SAID_OTHERWISE}") in text
    assert not _ODD.search(text)
    assert read.metadata.title == f"{OTHER_LETTERS}, {OTHER_LETTERS}"
    assert f"{other}1" in text
    assert f"{other}County" in text
    assert all(squeeze(name) in text for name in (*plain, "Peñuelas"))
    assert b"pdfuaid" in read.trailer["/Root"]["/Metadata"].get_data()
    assert caplog.text == ""
    docx = docx_text(tmp_path / "a.docx")
    assert "東京クリニック1" in docx
    assert other not in docx


def test_pdf_meets_its_accessibility_standard_with_names_its_fonts_have(for_programs):
    _, folder = for_programs
    for name in list_layouts():
        meta = PdfReader(folder / f"{name}.pdf").trailer["/Root"]["/Metadata"].get_data()
        assert b"pdfuaid" in meta
        assert squeeze(SAID_OTHERWISE) not in pdf_text(folder / f"{name}.pdf")


def test_the_letters_said_to_be_there_are_in_the_fonts_of_print_and_of_pictures(report, caplog):
    letters = [
        chr(n)
        for n in range(0x20, 0x3000)
        if not _ODD.match(chr(n)) and unicodedata.category(chr(n))[0] not in "CZ"
    ]
    assert len(letters) > 1600
    assert pdf(report, [Block("text", " ".join(letters))], None, "")
    assert caplog.text == ""  # or the mark of PDF/UA were lost
    for weight in ("regular", "bold"):
        font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
        assert {*map(ord, letters)} - {*font.get_charmap()} == set()


@pytest.mark.parametrize(
    ("title", "odd"),
    [("東京", ""), ("Tokyo", "東京"), ("Tokyo", "")],
    ids=["title", "rest", "none"],
)
def test_no_part_of_a_print_is_drawn_in_letters_that_its_fonts_lack(report, title, odd, caplog):
    table = Table(f"A{odd}", (Head(f"B{odd}"),), ((Cell(f"C{odd}", small=f"D{odd}"),),), ("e",))
    content = [
        Block("heading", f"E{odd}"),
        Block("bullet", "F", link=f"https://example.org/{odd}"),
        Block("table", table=table),
    ]
    titled = dataclasses.replace(report, title=title)
    made = PdfReader(io.BytesIO(pdf(titled, content, None, "", footer=f"G{odd}")))
    text = squeeze("".join(page.extract_text() for page in made.pages))
    assert text.count(squeeze(SAID_OTHERWISE)) == (title + odd != "Tokyo")
    assert ("https://example.org/%E6%9D%B1%E4%BA%AC" in text) == bool(odd)
    assert caplog.text == ""  # or the mark of PDF/UA were lost


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("“東京 都”, (🏥): 3 in 大阪.", "“#”, (#): 3 in #."),
        ("São東京 Ñ", "# Ñ"),
        ("a\u202eb \u200bc — ½ ≤ 2", "a\u202eb \u200bc — ½ ≤ 2"),
        ("👩\u200d⚕️ 東京 A", "# A"),
        ("مدينة שלום", "#"),
    ],
)
def test_a_word_in_other_letters_is_shown_otherwise_and_its_sentence_stays(text, shown):
    assert otherwise(text) == shown.replace("#", OTHER_LETTERS)


def test_the_figure_speaks(made):
    report, folder = made
    assert report.finding[0] in alt_text(report)
    assert re.search(r'<wp:docPr [^>]*descr="Map of people', docx_xml(folder / "appendix.docx"))
    structure = str(PdfReader(folder / "appendix.pdf").trailer["/Root"]["/StructTreeRoot"])
    assert structure


def test_text_is_at_least_eleven_points(made):
    _, folder = made
    sizes = {}

    def see(text, _, matrix, __, size):
        if text.strip():
            points = round(abs(size * (matrix[3] or matrix[1])), 1)
            sizes.setdefault(points, []).append(text)

    for page in PdfReader(folder / "appendix.pdf").pages:
        page.extract_text(visitor_text=see)
    small = "".join(text for points, texts in sizes.items() if points < 10.9 for text in texts)
    rest = re.sub(r"Synthetic data|Page|of|[\d\s-]", "", small)
    assert rest == "", small
    assert 'w:val="22"' in docx_xml(folder / "appendix.docx")


def test_headings_of_tables_repeat_on_each_page(tmp_path):
    table = make_table(16)
    table["is_under_resourced"] = True
    report = make_report(table)
    assert len(report.focus) > MOST_ROWS
    path = write_appendix(report, tmp_path / "a.pdf")
    texts = [squeeze(p.extract_text()) for p in PdfReader(path).pages]
    with_rows = [t for t in texts if re.search(r"County\d,90", t)]
    assert len(with_rows) > 1
    assert all("Peopleinthegap" in t for t in with_rows)
    assert f"Thefirst{MOST_ROWS}of" in "".join(texts)
    xml = docx_xml(write_appendix(report, tmp_path / "a.docx"))
    assert xml.count("<w:tblHeader/>") == 11


@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_same_bytes_whenever_it_is_written(report, tmp_path, ending, monkeypatch):
    recipe = {"recipe": "study.toml"}
    one = write_appendix(report, tmp_path / f"1.{ending}", **recipe).read_bytes()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    try:
        again = write_appendix(make_report(), tmp_path / f"2.{ending}", **recipe)
        assert again.read_bytes() == one
    finally:
        monkeypatch.undo()
        time.tzset()
    if ending == "docx":
        with zipfile.ZipFile(io.BytesIO(one)) as file:
            assert {e.date_time[0] for e in file.infolist()} == {1980}
            assert file.read("docProps/core.xml").count(b"1980-01-01") == 2
    else:
        assert str(PdfReader(io.BytesIO(one)).metadata.creation_date)[:4] in ("1980", "None")


def test_the_figure_prints_in_gray(report):
    from PIL import Image

    image = Image.open(io.BytesIO(figure_png(report)))
    assert image.width == 1300
    gray = np.asarray(image.convert("L"))
    found = [g for g in range(256) if (gray == g).mean() > 0.004]
    assert len(found) >= 5


def test_without_polygons_there_is_no_figure_but_an_appendix(tmp_path):
    table = make_table()
    table["geometry"] = None
    report = make_report(table.set_geometry("geometry"))
    assert figure_png(report) is None
    for ending in ("pdf", "docx"):
        assert write_appendix(report, tmp_path / f"a.{ending}").stat().st_size > 10_000


def test_an_appendix_without_communities_says_so(tmp_path):
    report = dataclasses.replace(make_report(), focus=(), unranked=make_report().unranked.iloc[:0])
    text = pdf_text(write_appendix(report, tmp_path / "a.pdf"))
    assert squeeze("No community is both under-resourced and short of telehealth") in text


def test_the_ending_decides(report, tmp_path):
    with pytest.raises(InputError, match=r"\.pdf or a \.docx"):
        write_appendix(report, tmp_path / "appendix.odt")


def test_docx_opens_again_with_its_tables_styles_and_page_numbers(made):
    from docx import Document

    report, folder = made
    read = Document(folder / "appendix.docx")
    (section,) = read.sections
    assert (round(section.page_width.inches, 1), round(section.left_margin.inches, 2)) == (8.5, 1.0)
    assert len(read.tables[1].rows) > 1
    headings = [p.text for p in read.paragraphs if p.style.name == "Heading 1"]
    assert headings[0] == "Finding"
    assert {"Method", "Limits", "Sources", "Record", "Tables"} <= set(headings)
    assert read.core_properties.title == report.title
    numbered = [p.text for p in read.paragraphs if p.style.name == "List Number"]
    assert len(numbered) == len(_content.source_lines(report.sources))
    footer = section.footer._element.xml
    assert "PAGE" in footer
    assert "NUMPAGES" in footer


def test_docx_captions_are_counted_and_listed_by_word(made):
    from docx import Document

    _, folder = made
    read, xml = Document(folder / "appendix.docx"), docx_xml(folder / "appendix.docx")
    captions = [p for p in read.paragraphs if p.style.name == "Caption"]
    told = [p.text for p in captions if p.text.startswith("Table ")]
    assert len(told) == len(read.tables) == xml.count(" SEQ Table ")
    assert [int(text.split()[1].rstrip(".")) for text in told] == list(range(1, len(told) + 1))
    assert xml.count(" SEQ Map ") == 1
    assert xml.count(r' TOC \h \z \c "Table" ') == 1
    entries = [p for p in read.paragraphs if p.style.name != "Caption" and p.text in told]
    assert [p.text for p in entries] == told
    # In one piece with its heading, which begins a page.
    (heading,) = [p for p in read.paragraphs if p.style.name == "Heading 1" and p.text == "Tables"]
    assert heading.paragraph_format.page_break_before
    kept = [bool(p.paragraph_format.keep_with_next) for p in entries]
    assert kept == [True] * (len(told) - 1) + [False]
    assert read.styles["Caption"].paragraph_format.keep_with_next
    assert xml.count('fldCharType="begin"') == xml.count('fldCharType="end"')


def test_docx_keeps_short_tables_on_one_page_and_repeats_their_headings(made):
    from docx import Document

    _, folder = made
    for table in Document(folder / "appendix.docx").tables:
        rows = [row._tr.xml for row in table.rows]
        assert "<w:tblHeader/>" in rows[0]
        assert "<w:keepNext/>" in rows[0]
        assert all("<w:cantSplit/>" in row for row in rows)
        kept = ["<w:keepNext/>" in row for row in rows[1:]]
        assert not kept[-1]
        if len(rows) < 6:
            assert all(kept[:-1])


# --- for a program -----------------------------------------------------------------------------


def programmed(report):
    """The made-up report with what programs ask of it: two places, tests, one site."""
    places = pd.DataFrame(
        {
            "name": ["All of it", "Rest of Example"],
            "population_n": [9000.0, 90_000.0],
            "population_n_moe": [300.0, 900.0],
            "locations_n": [4000.0, 40_000.0],
            "unserved_n": [410.0, 900.0],
            "unserved_share": [0.1025, 0.0225],
            "nearest_site_min": [31.0, 12.0],
        }
    )
    table = pd.DataFrame(
        {"ruca_primary": [10.0, 1.0], "hpsa_pc_status": ["designated", "not_designated"]},
        index=["51001090101", "51001090102"],
    )
    sites = pd.DataFrame(
        {"place_population_n": [3000.0], "saipe_poverty_share": [0.31]},
        index=pd.Index(["Clinic A"], name="site"),
    )
    tests = {}
    for name in list_program_rules():
        day = load_program_rule(name).last_read
        test = evaluate_program(table, name, as_of=day, sites=sites, missing="say")
        told = (test.rule.title, test.as_of, test.confirm_at)
        tests[name] = ProgramFinding(*told, test.criteria, test.notes)
    return dataclasses.replace(report, places=places, programs=tests, application=sites)


@pytest.fixture(scope="module")
def for_programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    table = make_table(6)
    table["name"] = [f"Tract {k}" for k in range(len(table))]
    report = programmed(make_report(table))
    for name in list_layouts():
        for ending in ("pdf", "docx"):
            write_appendix(report, folder / f"{name}.{ending}", program=name)
    return report, folder


@pytest.mark.parametrize("name", list_layouts())
def test_a_layout_asks_for_what_there_is(name):
    layout = find_layout(name)
    assert layout.id == name
    assert set(layout.programs) | {layout.rural} <= {*list_program_rules(), ""}
    known = {*columns(), "people_per_mi2"}
    for part in (layout.lines, layout.care, layout.people):
        asked = [c.removesuffix("_designated_share") for c in part.columns]
        assert all(c in known or c in {"hpsa_pc", "hpsa_mh", "mua"} for c in asked)
        assert not any(word in c for c in part.columns for word in ("black", "hispanic", "white"))
    assert (name == "generic") == (not layout.statute)


@pytest.mark.parametrize("name", list_layouts())
@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_an_appendix_has_its_programs_words_tests_and_tables(for_programs, name, ending):
    report, folder = for_programs
    read = pdf_text if ending == "pdf" else docx_text
    text, layout = read(folder / f"{name}.{ending}"), find_layout(name)
    for part in ("A. Lines", "B. Care", "C. People", "410", "9,000", "± 300", "31 min", "Clinic A"):
        assert squeeze(part) in text, part
    assert squeeze(layout.statute) in text
    for rule in layout.programs:
        test = report.programs[rule]
        assert squeeze(f"{test.title}; as of {test.as_of}") in text
        for _, row in test.criteria.iterrows():
            assert squeeze(row["citation"]) in text
            for needed in row["missing"].split("; "):  # begins with a capital there
                assert squeeze(needed[1:]) in text
    assert "eligible" not in text.lower()
    # Its own word stands for ours everywhere but once, where it is said which of ours it means.
    quoted = squeeze("“under-resourced”")
    assert text.count(quoted) == bool(layout.words)
    for ours in layout.words:
        assert squeeze(ours) not in text.replace(quoted, ""), ours
    assert ("Highneed" in text or "High-need" in text) == bool(layout.words)


def test_points_and_amounts_of_the_worksheet_stand_in_the_table(for_programs):
    _, folder = for_programs
    text = pdf_text(folder / "usda-dlt.pdf")
    assert squeeze("40 points") in text
    assert squeeze("mean 31 % against points 0 from 0 %") in text.replace("\u00a0", "")
    assert squeeze("read second hand") in text
    assert squeeze("• The grant requested, from the applicant's budget.") in text
    assert squeeze("unverified: recalled only") in pdf_text(folder / "bead.pdf")


def test_what_the_study_has_not_is_said_with_where_to_get_it(for_programs):
    _, folder = for_programs
    text = pdf_text(folder / "hrsa.pdf")
    assert squeeze("Not in this study, and where it is published") in text
    published = "HRSA's file of medically underserved areas (data.hrsa.gov)"
    assert squeeze(f"Residents in a medically underserved area (MUA): {published}") in text
    veterans = "American Community Survey, tables B21001_002 / B21001_001"
    assert squeeze(f"Adult residents who are veterans: {veterans}") in text
    assert "[[tables]]" not in text, "how a study takes it is no matter of the reader's"


@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_the_recipe_stands_beside_the_document_with_its_checksum_in_it(for_programs, ending):
    report, folder = for_programs
    read = pdf_text if ending == "pdf" else docx_text
    beside = folder / "hrsa-study.toml"
    assert beside.read_text(encoding="utf-8") == report.study_toml
    text = read(folder / f"hrsa.{ending}")
    assert hashlib.sha256(beside.read_bytes()).hexdigest() in text
    assert "hrsa-study.toml" in text
    assert squeeze(report.study_toml) not in text


def test_a_run_names_its_own_file_and_writes_no_second_one(tmp_path):
    write_appendix(make_report(), tmp_path / "a.docx", recipe="study.toml")
    assert [p.name for p in tmp_path.iterdir()] == ["a.docx"]
    assert "study.toml" in docx_text(tmp_path / "a.docx")


def test_counties_have_a_row_each_and_many_begin_with_the_largest_gap():
    frame = pd.DataFrame(
        {"name": ["A", "B", "C"], "population_n": [9.0, 8, 7], "gap_n": [1.0, 3, 2]},
        index=["51001", "51003", "51005"],
    )
    report = dataclasses.replace(make_report(), levels={"counties": frame})
    few = county_table(report, most=3)
    assert [row[0].text for row in few.rows] == ["A", "B", "C"]
    assert [head.label for head in few.heads] == ["County", "Residents", "In the gap"]
    assert [row[0].text for row in county_table(report, most=2).rows] == ["B", "C", "A"]
    one = dataclasses.replace(report, levels={"counties": frame.iloc[:1]})
    assert county_table(one, most=2) is None


def test_a_program_that_does_not_exist_is_told_the_closest(report, tmp_path):
    with pytest.raises(InputError, match="but for 'usda-dlt'") as caught:
        write_appendix(report, tmp_path / "a.pdf", program="USDA-DLTX")
    assert "fcc-rhc" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(20))
def test_columns_hold_their_longest_word_and_fill_the_page(seed):
    random = np.random.default_rng(seed)
    n, letters = int(random.integers(2, 9)), "abcdefgh"

    def word():
        return "".join(random.choice(list(letters), int(random.integers(1, 9))))

    heads = tuple(Head(f"{word()} {word()}", width=float(random.uniform(0.5, 3))) for _ in range(n))
    rows = tuple(tuple(Cell(word()) for _ in range(n)) for _ in range(3))
    table = Table("t", heads, rows, ("a", "b", "c"))
    widths = column_widths(table, 468.0)
    assert sum(widths) == pytest.approx(468.0)
    longest = [
        max(len(w) for w in (*h.label.split(), *(row[i].text for row in rows)))
        for i, h in enumerate(heads)
    ]
    for width, letters_n in zip(widths, longest, strict=True):
        # Half an em a letter, at 11 points.
        assert width >= letters_n * 5.5 or sum(longest) * 5.5 + 9 * n > 400
    assert stays_whole(table, widths)
    many = dataclasses.replace(table, rows=rows * 20)
    assert not stays_whole(many, widths)


def test_no_data_and_a_wide_margin_look_different(report):
    """No data is dotted, as on the page; only a wide margin is hatched with lines."""
    from equity.outputs import _figure

    assert _figure._MISSING == {"facecolor": "#eae7e2", "hatch": "..."}
    source = Path(_figure.__file__).read_text(encoding="utf-8")
    assert source.count('hatch="/////"') == 2


def test_names_on_the_map_are_short_and_none_lies_over_another(monkeypatch):
    from matplotlib.axes import Axes

    table = make_table(6)  # six counties side by side
    ids = [f"51{2 * (i % 6) + 1:03d}{i:06d}" for i in range(36)]
    table = table.set_axis(pd.Index(ids, name="geoid"))
    names = [f"Longnamedcounty{'abcdef'[i % 6]} County (synthetic)" for i in range(36)]
    table["county_name"] = names
    drawn, removed = [], []
    text = Axes.text

    def noted(self, x, y, said, **how):
        found = text(self, x, y, said, **how)
        drawn.append(found)
        gone = found.remove
        monkeypatch.setattr(found, "remove", lambda: (removed.append(found), gone()))
        return found

    monkeypatch.setattr(Axes, "text", noted)
    report = make_report(table)
    assert figure_png(report) is not None
    left = [one for one in drawn if one not in removed]
    assert left
    assert removed, "six long names do not fit"
    assert all(re.fullmatch("Longnamedcounty[a-f]", one.get_text()) for one in drawn)
    boxes = [one.get_window_extent() for one in left]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_places_listed_are_counted_with_their_people_and_chances():
    table = make_table(6).iloc[:6].copy()
    focus = tuple(table.index[:3])
    table["gap_n"] = [50.0, 30.0, 10.0, 5.0, 5.0, 0.0]
    table["focus_probability"] = [0.9, 0.6, 0.1, 0.9, np.nan, np.nan]
    table["tier"] = ["very likely", "likely", "", "very likely", "", ""]
    table["cluster"] = ["hot_spot", "", "", "hot_spot", "cold_spot", ""]
    table["cluster_status"] = "ok"
    report = dataclasses.replace(make_report(), table=table, focus=focus)
    rows = [[cell.text for cell in row[1:]] for row in named_table(report).rows]
    assert rows == [
        ["3", "90", "90.0 %"], ["1", "50", "50.0 %"], ["1", "30", "30.0 %"], ["2", "–", "–"],
        ["2", "55", "55.0 %"], ["1", "5", "5.0 %"],
    ]  # fmt: skip
    bare = table.drop(columns=["focus_probability", "cluster"])
    none = dataclasses.replace(report, table=bare, focus=())
    assert named_table(none) is None


def test_a_bound_stands_in_its_row_and_known_minutes_beside_the_minutes(for_programs):
    report, _ = for_programs
    ruled = report.by_rule.assign(note="at most: only classes are at hand")
    known = "Held against published minutes in Delaware, these are 45 % longer (OEPS 2025)."
    said = dataclasses.replace(report, by_rule=ruled, minutes_known=known)
    content = list(blocks(said))
    (table,) = [
        b.table for b in content if b.table and b.table.caption == "The gap under each rule"
    ]
    assert {row[0].small for row in table.rows} == {"at most"}
    at = [b.text for b in content].index("B. Care")
    assert content[at + 2].table.keys[0] == "nearest_site_min"
    assert content[at + 3].text == known


@pytest.mark.parametrize(
    ("subscription", "counts"),
    [
        ("any_broadband", "any broadband subscription"),
        ("cable_fiber_dsl", "a cable, fiber or DSL subscription"),
    ],
)
def test_words_of_the_finding_are_told_before_it(subscription, counts):
    report = make_report()
    own = {"qualifying": "50/10", "subscription": subscription}
    rules = tuple({**rule, **own} if rule["headline"] else rule for rule in report.rules)
    content = blocks_of(dataclasses.replace(report, rules=rules), "usda-dlt")
    said = content[[block.text for block in content].index("Finding") - 1].text
    words = said[said.index("A usable link") :]
    assert words.startswith("A usable link is a line from 50/10 Mbps (down/up) to a connected home")
    assert counts in words
    assert "What counts as high-need here:" in [block.text for block in content]
    assert "which communities are high-need, and which fall short" in words
    assert len(words) < 3 * 95, "three lines of print"


def blocks_of(report, program=""):
    return [in_words(b, find_layout(program)) for b in blocks(report, program=program)]


def table_of(content, start):
    (table,) = [b.table for b in content if b.table and b.table.caption.startswith(start)]
    return table


@pytest.mark.parametrize("name", list_layouts())
def test_no_program_has_empty_brackets(for_programs, name):
    lead = next(b.text for b in blocks(for_programs[0], program=name) if b.kind == "lead")
    assert lead.endswith(f"({find_layout(name).statute})") == (name != "generic")
    assert "()" not in lead


def test_sites_stand_with_their_area_and_what_the_rural_test_says_of_it(for_programs):
    report, _ = for_programs
    clinics = report.sites.assign(kind="Clinic")
    bare = dataclasses.replace(report, sites=clinics)
    table = table_of(blocks_of(bare, "hrsa"), "Sites in the area")
    assert table.caption == "Sites in the area, all of one kind: Clinic"
    assert [h.label for h in table.heads] == ["Site", "County", "Area"]
    areas = [row[2].text for row in table.rows]
    assert set(areas) <= set(report.table.index)
    met = pd.Series([True], index=areas[:1], dtype="boolean")
    rule = dataclasses.replace(report.programs["forhp"], met=met)
    told = dataclasses.replace(bare, programs={**report.programs, "forhp": rule})
    found = {row[2].text: row[3].text for row in table_of(blocks_of(told, "hrsa"), "Sites in").rows}
    assert found.pop(areas[0]) == "meets it"
    assert set(found.values()) <= {"cannot be told"}
    two = dataclasses.replace(report, sites=clinics.assign(kind=["Clinic", "Hospital"]))
    if len(areas) > 1:
        assert table_of(blocks_of(two), "Sites in the area").heads[1].label == "Kind"


def test_sites_come_before_the_lines_where_rural_status_is_theirs(for_programs):
    for name, first in (("fcc-rhc", "Sites"), ("bead", "A. Lines")):
        heads = [b.text for b in blocks(for_programs[0], program=name) if b.kind == "heading"]
        assert min(("Sites", "A. Lines"), key=heads.index) == first


def test_what_communities_are_judged_by_stands_among_the_people(for_programs):
    report, _ = for_programs
    places = report.places.assign(uninsured_share=0.1, own_share=[0.3, 0.2], income=np.nan)
    columns_ = {"uninsured_share": "uninsured", "own_share": "own", "income": "poor"}
    said = dataclasses.replace(report, places=places, criteria_columns=columns_)
    table = table_of(blocks_of(said), "People in the service area")
    labels = [row[0].text for row in table.rows]
    assert labels[-1] == "By the study's own table: own"
    assert table.rows[-1][1].text == "30.0 %"
    assert "Residents without health insurance" in labels
    assert not any("poor" in b.text for b in blocks_of(said))


def test_an_upper_bound_says_so_in_its_row(for_programs):
    report, _ = for_programs
    places = report.places.assign(connected_share=0.9)
    for status, end in (("upper_bound", " (at most)"), ("ok", "subscription")):
        table = report.table.assign(connected_share_status=status)
        said = dataclasses.replace(report, places=places, table=table)
        lines = table_of(blocks_of(said, "usda-dlt"), "Lines in the service area")
        (label,) = [row[0].text for row in lines.rows if row[0].text.startswith("Homes with a dev")]
        assert label.endswith(end)


def test_a_test_that_is_no_longer_in_force_says_so_in_its_row(for_programs):
    report, _ = for_programs
    over = dataclasses.replace(report.programs["bead-2022"], ended=True)
    said = dataclasses.replace(report, programs={**report.programs, "bead-2022": over})
    rows = table_of(blocks_of(said, "bead"), "The program's published tests").rows
    lapsed = [row[0].small for row in rows if "no longer in force" in row[0].small]
    assert len(lapsed) == len(over.criteria)
    assert all(over.title in small and over.as_of in small for small in lapsed)


def test_what_cannot_be_computed_is_said_once_in_its_row(for_programs):
    report, _ = for_programs
    ruled = report.by_rule.assign(note=["", "", "cannot be computed: no such column"])
    ruled.loc[ruled.index[2], ["gap_n", "gap_share"]] = np.nan
    rows = table_of(blocks_of(dataclasses.replace(report, by_rule=ruled)), "The gap under").rows
    assert rows[2][0].small == "cannot be computed"
    assert [rows[2][1].text, rows[2][2].text] == ["–", "–"]


def test_practices_without_a_known_line_have_no_table_of_zeros(for_programs):
    report, _ = for_programs
    lines = report.practices.assign(sites_n=[0, 0, 9])
    captions = [b.table.caption for b in blocks(report) if b.table]
    assert "The practices' lines" in captions
    unknown = blocks(dataclasses.replace(report, practices=lines))
    assert "The practices' lines" not in [b.table.caption for b in unknown if b.table]


def test_what_the_study_says_of_itself_stands_once_and_on_the_first_page(for_programs):
    report, _ = for_programs
    note = "This study asks for 15 minutes."
    said = dataclasses.replace(report, limits=(*report.limits, note), notes=(note,))
    texts = [b.text for b in blocks(said)]
    (at,) = [i for i, text in enumerate(texts) if note in text]
    assert at < texts.index("Service area")


def test_words_of_likelihood_are_explained_only_where_one_stands(for_programs):
    report, _ = for_programs
    told = dataclasses.replace(report, how_likely="What “likely” means.")
    none = told.table.assign(tier="")
    said = " ".join(b.text for b in blocks(dataclasses.replace(told, table=none)))
    assert "None of them is likely" in said
    assert "What “likely” means." not in said
    one = told.table.assign(tier=np.where(told.table.index == told.focus[0], "likely", ""))
    assert "What “likely” means." in " ".join(
        b.text for b in blocks(dataclasses.replace(told, table=one))
    )


def test_residents_left_out_of_the_comparison_are_spoken_of(for_programs):
    report, _ = for_programs
    people = report.comparison["population_n"].max()
    for more, said in ((263.0, True), (0.0, False)):
        places = report.places.assign(population_n=people + more)
        texts = [b.text for b in blocks(dataclasses.replace(report, places=places))]
        assert any(text.startswith("Residents of areas without a value") for text in texts) == said


def test_a_margin_in_points_keeps_its_unit_with_the_number():
    cell = Cell("8.6 ± 1.5 points", 0.086)
    heads = (Head("Where", words=True), *[Head("Share")] * 3)
    table = Table("x", heads, ((Cell("Difference"), cell, cell, cell),), ("a",))
    drawn = in_words(Block("table", table=table), find_layout("")).table.rows[0][1]
    assert (drawn.text, drawn.small) == ("8.6 points", "±\u00a01.5")


def test_the_map_stands_below_its_heading(for_programs):
    heights = {}
    for number, page in enumerate(PdfReader(for_programs[1] / "hrsa.pdf").pages):

        def seen(text, cm, tm, _font, _size, number=number):
            for start in ("Service", "Map"):
                if text.strip().startswith(start):
                    heights.setdefault(start, (number, -(cm[3] * tm[5] + cm[5])))

        page.extract_text(visitor_text=seen)
    assert heights["Service"] < heights["Map"]


# --- in another language -----------------------------------------------------------------------


def test_documents_say_which_language_they_are_in(tmp_path):
    from docx import Document

    with language("es"):
        for ending in ("pdf", "docx"):
            write_appendix(make_report(), tmp_path / f"a.{ending}")
    assert PdfReader(tmp_path / "a.pdf").root_object["/Lang"] == "es-US"
    read = Document(tmp_path / "a.docx")
    assert read.core_properties.language == "es-US"
    assert 'w:val="en-US"' not in read.styles.element.xml
    assert 'w:lang w:val="es-US"' in read.styles.element.xml
    xml = docx_xml(tmp_path / "a.docx")
    assert xml.count(" SEQ Tabla ") == len(read.tables)
    assert r' TOC \h \z \c "Tabla" ' in xml
    assert squeeze("Página 1 de") in squeeze(read.sections[0].footer.paragraphs[0].text)


# --- when it was made, and what the reader of it alone could not tell ---------------------------


def test_the_day_stands_on_the_first_page_and_at_the_foot_of_each(for_programs):
    _, folder = for_programs
    pages = [page.extract_text() for page in PdfReader(folder / "hrsa.pdf").pages]
    assert "Made on 2026-06-30." in pages[0]
    assert all(squeeze(f"{find_layout('hrsa').title} · 2026-06-30") in squeeze(p) for p in pages)
    assert squeeze("Made on 2026-06-30.") in docx_text(folder / "generic.docx")
    with zipfile.ZipFile(folder / "generic.docx") as file:
        (foot,) = [file.read(n).decode() for n in file.namelist() if "footer" in n]
    assert "Need and service area · 2026-06-30<" in foot


def test_another_day_changes_the_day_and_no_number(for_programs, monkeypatch):
    report, _ = for_programs
    one = [(b.text, b.table) for b in blocks(report)]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(1_782_777_600 + 86_400))
    other = [(b.text, b.table) for b in blocks(report)]
    ((before, after),) = (pair for pair in zip(one, other, strict=True) if pair[0] != pair[1])
    assert before[0].startswith("Made on 2026-06-30.")
    assert (before[0].replace("2026-06-30", "2026-07-01"), before[1]) == after


def test_the_day_is_the_clock_s_unless_told_and_a_wrong_one_is_refused(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    before = time.strftime("%Y-%m-%d")
    assert before <= made_on() <= time.strftime("%Y-%m-%d")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "tomorrow")
    with pytest.raises(InputError, match="'tomorrow', not seconds since 1970"):
        made_on()


def test_what_tests_need_is_listed_once_and_no_column_of_dashes_is_drawn(for_programs):
    report, _ = for_programs
    content = blocks_of(report, "bead")
    needed = [b.text for b in content if b.kind == "bullet"]
    assert needed.count(next(t for t in needed if t.startswith("Unserved locations, from"))) == 1
    table = table_of(content, "The program's published tests")
    for i, head in enumerate(table.heads):
        assert {row[i].text for row in table.rows} != {"–"}, head
    dlt = table_of(blocks_of(report, "usda-dlt"), "The program's published tests")
    assert [head.label for head in dlt.heads][-1] == "To the nearest cut"


def test_residents_without_a_value_and_sites_beyond_the_border_are_counted(for_programs):
    report, _ = for_programs
    assert not any("live in areas without a value" in b.text for b in blocks_of(report))
    table = report.table.copy()
    table.iloc[0, table.columns.get_indexer(["population_n", "gap_n"])] = [263.0, np.nan]
    texts = [b.text for b in blocks_of(dataclasses.replace(report, table=table))]
    assert any(t.endswith("of whom 263 live in areas without a value.") for t in texts)
    within = len(table_of(blocks_of(report), "Sites in the area").rows)
    more = pd.concat([report.sites, report.sites.head(2).set_geometry([Point(0, 0)] * 2)])
    further = dataclasses.replace(report, sites=more.set_axis(range(len(more))))
    note = f"{len(more) - within} beyond its border count too"
    assert any(note in b.text for b in blocks_of(further))


def test_a_number_below_zero_has_a_minus_sign():
    cells = (Cell("Site -3"), Cell("-79.0 points"), Cell("2020-2024"))
    table = Table("Some", tuple(Head(h, words=True) for h in "abc"), (cells,), ("k",))
    (row,) = in_words(Block("table", table=table), find_layout("")).table.rows
    assert [cell.text for cell in row] == ["Site -3", "\u221279.0 points", "2020-2024"]
