"""The appendix as DOCX, for the writer who has to edit it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from equity.language import tr
from equity.outputs._block import Block, locale, page_words
from equity.outputs._docx_tables import Writer, add_field, styled
from equity.outputs._steady import EPOCH, steady_zip
from equity.outputs._text import clean
from equity.outputs.report import Report

__all__ = ["docx"]

_SIZES = {"Normal": 11, "Title": 20, "Heading 1": 15, "Heading 2": 12, "Caption": 11}


def docx(
    report: Report,
    content: Sequence[Block],
    picture: bytes | None,
    alt: str,
    *,
    footer: str = "",
) -> bytes:
    """Return the appendix as a Word document: US Letter, same bytes every time.

    Parameters
    ----------
    report
        Gives title and stamp.
    content
        What to write.
    picture, alt
        The map as PNG and in words.
    footer
        What stands below the title at the foot of every page.
    """
    from docx import Document

    document = Document()
    _set_up(document, report)
    _foot(document, report, footer)
    document.add_heading(clean(report.title), level=0)
    writer = Writer(document)
    for block in content:
        if block.kind == "table" and block.table is not None:
            writer.table(block.table)
        elif block.kind == "figure" and picture:
            writer.picture(picture, alt, clean(block.text))
        else:
            _words(document, block)
    # Not every word processor keeps a heading with the field below it.
    document.add_heading(tr("Tables"), level=1).paragraph_format.page_break_before = True
    writer.list_of_tables()
    out = io.BytesIO()
    document.save(out)
    return steady_zip(out.getvalue())


def _set_up(document: Any, report: Report) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    _page(document.sections[0])
    styles = document.styles
    for name, size in _SIZES.items():
        style = styles[name]
        style.font.name, style.font.size = "Calibri", Pt(size)
        style.font.color.rgb = RGBColor(0x1D, 0x1D, 0x1B)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for kind in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{kind}"), None)
        fonts.set(qn("w:hAnsi"), "Calibri")
    made = " ".join(str(v) for v in report.software.values())
    properties = document.core_properties
    properties.title, properties.author, properties.language = clean(report.title), made, locale()
    for lang in styles.element.iter(qn("w:lang")):  # what Word spells and screen readers speak
        lang.set(qn("w:val"), locale())
    properties.comments = tr("Synthetic data") if report.synthetic else ""
    properties.created = properties.modified = dt.datetime(*EPOCH, tzinfo=dt.UTC)
    styles["Caption"].paragraph_format.keep_with_next = True
    styles["List Bullet"].paragraph_format.keep_together = True


def _foot(document: Any, report: Report, below: str) -> None:
    """Write the foot of every page: title and number of the page, and what stands below."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Inches

    style = document.styles["Footer"]
    stops = style.paragraph_format.tab_stops
    stops.clear_all()  # a short title would leave the page's number in the middle
    stops.add_tab_stop(Inches(6.5), WD_TAB_ALIGNMENT.RIGHT)
    section = document.sections[0]
    footer = section.footer.paragraphs[0]
    before, between, after = page_words()
    footer.text = tr("Synthetic data") if report.synthetic else clean(report.title)
    footer.add_run(f"\t{before}")
    add_field(footer, "PAGE", "1")
    footer.add_run(between)
    add_field(footer, "NUMPAGES", "1")
    footer.add_run(after)
    if below:
        section.footer.add_paragraph(clean(below), style=style)


def _page(section: Any) -> None:
    """Set US Letter with margins of one inch."""
    from docx.shared import Inches

    section.page_width, section.page_height = Inches(8.5), Inches(11)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Inches(1))


def _words(document: Any, block: Block) -> None:
    from docx.shared import Pt

    text = clean(block.text)
    if block.kind in ("heading", "subheading"):
        styled(document, text, "Heading 1" if block.kind == "heading" else "Heading 2")
    elif block.kind == "bullet":
        tail = f" {clean(block.link)}" if block.link else ""
        styled(document, text + tail, "List Bullet")
    elif block.kind == "numbered":
        tail = f" {clean(block.link)}" if block.link else ""
        styled(document, text + tail, "List Number")
    elif block.kind == "note":
        document.add_paragraph(text).paragraph_format.keep_with_next = True
    elif block.kind == "stamp":
        document.add_paragraph().add_run(text).bold = True
    else:
        run = document.add_paragraph().add_run(text)
        if block.kind == "lead":
            run.font.size = Pt(13)
