"""Tables, captions and fields of the DOCX, as Word itself would make them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from equity.language import tr
from equity.outputs._content import Cell, Table
from equity.outputs._text import clean
from equity.outputs._widths import column_widths, stays_whole

__all__ = ["Writer", "add_field"]

_ROOM = 468.0  # points across the page
_TWENTIETHS = 20
_SIZE = 22  # half-points
_SOFT = '<w:color w:val="57534E"/>'


def add_field(paragraph: Any, code: str, shown: str) -> None:
    """Add a field that Word brings up to date, with what it shows until then."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    for inside in (
        '<w:fldChar w:fldCharType="begin"/>',
        f'<w:instrText xml:space="preserve"> {escape(code)} </w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>',
        f'<w:t xml:space="preserve">{escape(shown)}</w:t>',
        '<w:fldChar w:fldCharType="end"/>',
    ):
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{inside}</w:r>"))  # noqa: SLF001


def styled(document: Any, text: str, style: str) -> Any:
    """Add a paragraph of a style by its id: the library looks through all styles for each."""
    paragraph = document.add_paragraph(text)
    paragraph._p.style = style.replace(" ", "")  # noqa: SLF001  (the ids of its own template)
    return paragraph


class Writer:
    """Writes tables and pictures with captions that Word counts and lists."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._captions: list[str] = []

    def table(self, table: Table) -> None:
        """Write a table as XML: cell by cell through the library takes seconds for a long one."""
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls
        from docx.shared import Pt

        self._captions.append(clean(table.caption))
        caption = self._caption(tr("Table"), len(self._captions), table.caption)
        points = column_widths(table, _ROOM)
        widths = [round(w * _TWENTIETHS) for w in points]
        last, whole = len(table.rows) - 1, stays_whole(table, points)
        kept = (0, last - 1)
        grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
        head = _row([Cell(h.label) for h in table.heads], table, widths, head=True, keep=True)
        rows = "".join(
            # Of a long table at least two rows stand below its headings, and overleaf.
            _row(row, table, widths, head=False, keep=i < last and (whole or i in kept))
            for i, row in enumerate(table.rows)
        )
        line = '<w:{0} w:val="single" w:sz="4" w:space="0" w:color="BBB5AC"/>'
        borders = "".join(line.format(side) for side in ("top", "bottom", "insideH"))
        told = quoteattr(clean(table.caption))[1:-1].replace('"', "&quot;")
        xml = (
            f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
            f"<w:tblBorders>{borders}</w:tblBorders>"
            '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
            '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
            f'<w:tblLook w:firstRow="1"/><w:tblCaption w:val="{told}"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>"
        )
        caption._p.addnext(parse_xml(xml))  # noqa: SLF001
        after = self._document.add_paragraph()  # two tables in a row would become one
        after.paragraph_format.space_after = Pt(0)

    def picture(self, picture: bytes, alt: str, caption: str) -> None:
        """Write the map with its words for those who do not see it, above its caption."""
        from docx.shared import Inches

        # No words flow past it in Word: at full width it would leave half a page empty.
        shape = self._document.add_picture(io.BytesIO(picture), width=Inches(5.2))
        shape._inline.docPr.set("descr", clean(alt))  # noqa: SLF001  (no public way)
        shape._inline.docPr.set("title", caption.split(".", maxsplit=1)[0])  # noqa: SLF001
        self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        self._caption(tr("Map"), 1, caption).paragraph_format.keep_with_next = False

    def list_of_tables(self) -> None:
        """Write the list that Word keeps, with the entries of today."""
        document = self._document
        if not self._captions:
            return
        from docx.oxml import parse_xml
        from docx.oxml.ns import nsdecls
        from docx.shared import Pt

        def run(inside: str) -> Any:
            return parse_xml(f"<w:r {nsdecls('w')}>{inside}</w:r>")

        paragraphs = [document.add_paragraph() for _ in self._captions]
        for paragraph in paragraphs:
            paragraph.paragraph_format.space_after = Pt(2)
            # In one piece with its heading, which would stand alone at the foot of a page.
            paragraph.paragraph_format.keep_with_next = paragraph is not paragraphs[-1]
        first, last = paragraphs[0]._p, paragraphs[-1]._p  # noqa: SLF001
        first.append(run('<w:fldChar w:fldCharType="begin"/>'))
        noun = tr("Table")
        code = f'TOC \\h \\z \\c "{noun}"'
        first.append(run(f'<w:instrText xml:space="preserve"> {code} </w:instrText>'))
        first.append(run('<w:fldChar w:fldCharType="separate"/>'))
        for n, (paragraph, caption) in enumerate(
            zip(paragraphs, self._captions, strict=True), start=1
        ):
            paragraph.add_run(f"{noun} {n}. {caption}")
        last.append(run('<w:fldChar w:fldCharType="end"/>'))

    def _caption(self, noun: str, n: int, text: str) -> Any:
        paragraph = styled(self._document, "", "Caption")
        paragraph.add_run(f"{noun} ")
        add_field(paragraph, f"SEQ {noun} \\* ARABIC", str(n))
        paragraph.add_run(f". {clean(text)}")
        return paragraph


def _row(cells: Sequence[Cell], table: Table, widths: list[int], *, head: bool, keep: bool) -> str:
    mark = "<w:cantSplit/><w:tblHeader/>" if head else "<w:cantSplit/>"
    next_ = "<w:keepNext/>" if keep else ""
    low = '<w:vAlign w:val="bottom"/>' if head else ""
    out = []
    for cell, about, width in zip(cells, table.heads, widths, strict=True):
        side = "left" if about.words else "right"
        runs = _run(cell.text, _SIZE, "<w:b/>" if head else "")
        if cell.small:
            runs += f"<w:r><w:br/></w:r>{_run(cell.small, _SIZE, _SOFT)}"
        out.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{low}</w:tcPr><w:p><w:pPr>{next_}'
            f'<w:spacing w:before="20" w:after="20"/><w:jc w:val="{side}"/></w:pPr>'
            f"{runs}</w:p></w:tc>"
        )
    return f"<w:tr><w:trPr>{mark}</w:trPr>{''.join(out)}</w:tr>"


def _run(text: str, size: int, look: str) -> str:
    return (
        f'<w:r><w:rPr>{look}<w:sz w:val="{size}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(clean(text))}</w:t></w:r>'
    )
