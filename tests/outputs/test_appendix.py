"""The appendix: page, PDF and DOCX say the same numbers; it prints, reads aloud and never promises."""

from __future__ import annotations

import dataclasses
import io
import re
import time
import zipfile

import numpy as np
import pytest
from outputs_data import HOSTILE, make_report, make_table, words
from pypdf import PdfReader

from equity.errors import InputError
from equity.outputs import _content
from equity.outputs._figure import alt_text, figure_png
from equity.outputs._text import clean
from equity.outputs.appendix import MOST_ROWS, blocks, write_appendix
from equity.outputs.page import write_page


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("appendix")
    report = make_report()
    for name in ("appendix.pdf", "appendix.docx"):
        write_appendix(report, folder / name)
    write_page(report, folder)
    return report, folder


def squeeze(text):
    return re.sub(r"\s+", "", text)


def pdf_text(path):
    return squeeze("".join(page.extract_text() for page in PdfReader(path).pages))


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
    assert len(tables) == 9
    for table in tables:
        for row in table.rows:
            said = squeeze("".join(c.text for c in row[1:]))
            assert said in pdf, said
            assert said in docx, said
            numbers = squeeze("".join(c.text for c in row[1:8] if re.search(r"\d", c.text)))
            assert numbers in page, numbers
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
            'name = "example"  # <b>',
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


def test_pdf_meets_its_accessibility_standard_with_names_its_fonts_have(tmp_path):
    table = make_table()
    table["name"] = [f"Tract {k}" for k in range(len(table))]
    path = write_appendix(make_report(table), tmp_path / "a.pdf")
    meta = PdfReader(path).trailer["/Root"]["/Metadata"].get_data()
    assert b"pdfuaid" in meta


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
    rest = re.sub(r"Synthetic data|Page|of|[\d\s]", "", small)
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
    assert xml.count("<w:tblHeader/>") == 9


@pytest.mark.parametrize("ending", ["pdf", "docx"])
def test_same_bytes_whenever_it_is_written(report, tmp_path, ending, monkeypatch):
    one = write_appendix(report, tmp_path / f"1.{ending}").read_bytes()
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    try:
        assert write_appendix(make_report(), tmp_path / f"2.{ending}").read_bytes() == one
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


def test_docx_opens_again_with_its_sections_tables_and_styles(made):
    from docx import Document
    from docx.enum.section import WD_ORIENT

    report, folder = made
    read = Document(folder / "appendix.docx")
    assert [s.orientation for s in read.sections] == [
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
        WD_ORIENT.PORTRAIT,
    ]
    assert {round(s.left_margin.inches, 2) for s in read.sections} == {1.0}
    assert [len(t.rows) - 1 for t in read.tables] == [4, len(report.focus), 3, 2, 3, 1, 3, 3, 3]
    headings = [p.text for p in read.paragraphs if p.style.name == "Heading 1"]
    assert headings[0] == "Finding"
    assert {"Method", "Limits", "Sources", "Recipe"} <= set(headings)
    assert read.core_properties.title == report.title
