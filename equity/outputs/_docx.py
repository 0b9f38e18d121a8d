"""The appendix as DOCX, for the writer who has to edit it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from equity.outputs._block import Block
from equity.outputs._content import Cell, Table
from equity.outputs._steady import EPOCH, steady_zip
from equity.outputs._text import clean
from equity.outputs.report import Report

__all__ = ["docx"]


def docx(report: Report, content: Sequence[Block], picture: bytes | None, alt: str) -> bytes:
    """Return the appendix as a Word document: US Letter, same bytes every time.

    Parameters
    ----------
    report
        Gives title and stamp.
    content
        What to write.
    picture, alt
        The map as PNG and in words.
    """
    from docx import Document

    document = Document()
    _set_up(document, report)
    document.add_heading(clean(report.title), level=0)
    wide = False
    for block in content:
        if block.wide != wide:
            wide = block.wide
            _page(document.add_section(), wide=wide)
        if block.kind == "table" and block.table is not None:
            _table(document, block.table, wide=wide)
        elif block.kind == "figure" and picture:
            _picture(document, picture, alt, clean(block.text))
        else:
            _words(document, block)
    out = io.BytesIO()
    document.save(out)
    return steady_zip(out.getvalue())


def _set_up(document: Any, report: Report) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    section = document.sections[0]
    _page(section, wide=False)
    styles = document.styles
    for name, size in (("Normal", 11), ("Title", 20), ("Heading 1", 15), ("Heading 2", 12)):
        style = styles[name]
        style.font.name, style.font.size = "Calibri", Pt(size)
        style.font.color.rgb = RGBColor(0x1D, 0x1D, 0x1B)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{kind}"), None)
        fonts.set(qn("w:hAnsi"), "Calibri")
    made = " ".join(str(v) for v in report.software.values())
    properties = document.core_properties
    properties.title, properties.author, properties.language = clean(report.title), made, "en-US"
    properties.comments = "Synthetic data" if report.synthetic else ""
    properties.created = properties.modified = dt.datetime(*EPOCH, tzinfo=dt.UTC)
    footer = section.footer.paragraphs[0]
    footer.text = "Synthetic data" if report.synthetic else clean(report.title)


def _page(section: Any, *, wide: bool) -> None:
    """Set US Letter, upright or flat, with margins of one inch."""
    from docx.enum.section import WD_ORIENT
    from docx.shared import Inches

    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (
        Inches(11 if wide else 8.5),
        Inches(8.5 if wide else 11),
    )
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Inches(1))


def _words(document: Any, block: Block) -> None:
    from docx.shared import Pt

    text = clean(block.text)
    if block.kind in ("heading", "subheading"):
        document.add_heading(text, level=1 if block.kind == "heading" else 2)
    elif block.kind == "bullet":
        tail = f" {clean(block.link)}" if block.link else ""
        document.add_paragraph(text + tail, style="List Bullet")
    elif block.kind == "code":
        run = document.add_paragraph().add_run(text)
        run.font.name, run.font.size = "Consolas", Pt(10)
    elif block.kind == "stamp":
        document.add_paragraph().add_run(text).bold = True
    else:
        run = document.add_paragraph().add_run(text)
        if block.kind == "lead":
            run.font.size = Pt(13)


def _picture(document: Any, picture: bytes, alt: str, caption: str) -> None:
    from docx.shared import Inches, Pt

    shape = document.add_picture(io.BytesIO(picture), width=Inches(6.5))
    shape._inline.docPr.set("descr", clean(alt))  # noqa: SLF001  (python-docx has no public way)
    shape._inline.docPr.set("title", caption.split(".", maxsplit=1)[0])  # noqa: SLF001
    run = document.add_paragraph().add_run(caption)
    run.font.size, run.italic = Pt(11), True


def _table(document: Any, table: Table, *, wide: bool) -> None:
    """Write a table as XML: cell by cell through the library takes seconds for a long one."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Pt

    caption = document.add_paragraph()
    caption.paragraph_format.keep_with_next = True
    run = caption.add_run(clean(table.caption))
    run.bold, run.font.size = True, Pt(11)
    total = sum(h.width for h in table.heads)
    room = 12960 if wide else 9360  # twentieths of a point
    widths = [round(room * h.width / total) for h in table.heads]
    size = 22  # half-points
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    head = _row([Cell(h.label) for h in table.heads], table, widths, size, head=True)
    rows = "".join(_row(row, table, widths, size, head=False) for row in table.rows)
    line = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="BBB5AC"/>'
    borders = "".join(line.format(side) for side in ("top", "bottom", "insideH"))
    xml = (
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="5000" w:type="pct"/>'
        f"<w:tblBorders>{borders}</w:tblBorders>"
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblLook w:firstRow="1"/><w:tblCaption w:val="{_attribute(table.caption)}"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>"
    )
    caption._p.addnext(parse_xml(xml))  # noqa: SLF001
    document.add_paragraph()


def _row(cells: Sequence[Cell], table: Table, widths: list[int], size: int, *, head: bool) -> str:
    mark = (
        "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"
        if head
        else "<w:trPr><w:cantSplit/></w:trPr>"
    )
    out = []
    for cell, about, width in zip(cells, table.heads, widths, strict=True):
        side = "left" if about.words else "right"
        bold = "<w:b/>" if head else ""
        runs = _run(cell.text, size, bold)
        if cell.small:
            runs += f"<w:r><w:br/></w:r>{_run(cell.small, size - 2, '')}"
        out.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr><w:p><w:pPr>'
            f'<w:spacing w:before="20" w:after="20"/><w:jc w:val="{side}"/></w:pPr>'
            f"{runs}</w:p></w:tc>"
        )
    return f"<w:tr>{mark}{''.join(out)}</w:tr>"


def _run(text: str, size: int, bold: str) -> str:
    from xml.sax.saxutils import escape

    return (
        f'<w:r><w:rPr>{bold}<w:sz w:val="{size}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(clean(text))}</w:t></w:r>'
    )


def _attribute(text: str) -> str:
    from xml.sax.saxutils import quoteattr

    return quoteattr(clean(text))[1:-1].replace('"', "&quot;")
