"""Files made for the tests, so that none is copied from anywhere."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from email.message import EmailMessage
from io import BytesIO

import docx
import openpyxl
import pptx
import xlwt
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen import canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

from ingestion.parsers.parsed import Parsed
from ingestion.types import Document as ParsedDocument

LINE_HEIGHT = 14
TOP = 760
SENTENCES = (
    "The reading room opens at nine and closes at six, and on Thursdays it stays open until eight in the evening. "
    "Readers bring pencils only; ink is kept away from the older volumes for a reason that every visitor understands. "
)
Draw = Callable[[canvas.Canvas], None]


def assert_invariants(parsed: Parsed | ParsedDocument) -> None:
    """What holds for the text of every format."""
    text = parsed.text
    assert "\n\n\n" not in text
    assert all(line == line.rstrip() for line in text.split("\n"))
    assert [page.start for page in parsed.pages] == [0, *(page.end for page in parsed.pages[:-1])]
    assert parsed.pages[-1].end == len(text)
    for heading in parsed.headings:
        assert heading.start == 0 or text[heading.start - 1] == "\n"
        assert heading.title.split()[0] in text[heading.start :].split("\n")[0]
    text.encode("utf-8")


def make_pdf(*pages: Draw, title: str = "", password: str = "") -> bytes:
    """A PDF whose pages are drawn by functions."""
    out = BytesIO()
    encryption = StandardEncryption(password, ownerPassword="owner") if password else None
    paper = canvas.Canvas(out, pagesize=A4, invariant=1, encrypt=encryption)
    paper.setTitle(title or "untitled")
    for draw in pages:
        draw(paper)
        paper.showPage()
    paper.save()
    return out.getvalue()


def lines(*texts: str, size: float = 11, left: float = 72, top: float = TOP) -> Draw:
    """Draws lines below one another; "" leaves one out."""

    def draw(paper: canvas.Canvas) -> None:
        paper.setFont("Helvetica", size)
        for number, text in enumerate(texts):
            paper.drawString(left, top - LINE_HEIGHT * number, text)

    return draw


def all_of(*draws: Draw) -> Draw:
    """Draws one after the other on the same page."""
    return lambda paper: [draw(paper) for draw in draws] and None


def picture(paper: canvas.Canvas) -> None:
    """Draws no text."""
    paper.rect(100, 100, 200, 200, fill=1)


def make_handbook() -> bytes:
    """A PDF of four pages as a word processor would print it: headings, running lines, a table, a split sentence."""
    out = BytesIO()
    styles = getSampleStyleSheet()

    def running_lines(paper: canvas.Canvas, template: SimpleDocTemplate) -> None:
        paper.drawString(72, 800, "Library handbook")
        paper.drawCentredString(300, 30, f"Page {template.page} of 4")

    story = [Paragraph("Library handbook", styles["Title"]), Paragraph("Edition 3, for all readers.", styles["Normal"])]
    for number, heading in enumerate(["Opening hours", "Lending", "Reading room"]):
        story += [PageBreak()] if number else []
        story += [Paragraph(f"{number + 1}. {heading}", styles["Heading1"])]
        story += [Paragraph(SENTENCES * 4, styles["Normal"]), Paragraph("Details", styles["Heading2"])]
        story += [Paragraph(SENTENCES * (30 if number == 1 else 2), styles["Normal"])]
    story += [Table([["Room", "Seats", "Floor"], ["Map room", "12", "Second floor"], ["Attic", "4", "Third floor"]])]
    template = SimpleDocTemplate(out, pagesize=A4, invariant=1, title="Handbook of the library")
    template.build(story, onFirstPage=running_lines, onLaterPages=running_lines)
    return out.getvalue()


def make_docx(*, title: str = "") -> bytes:
    """A contract with all that a DOCX parser has to read."""
    document = docx.Document()
    document.core_properties.title = title
    document.add_heading("Supply contract", 0)
    document.add_paragraph("Between the library and ").add_run("the bindery").bold = True
    document.add_heading("1. Term", 1)
    document.add_paragraph("It runs for one_year * and | more [so].  ")
    document.add_heading("1.1 Notice", 2)
    for text in ("in writing", "signed"):
        document.add_paragraph(text, style="List Bullet")
    table = document.add_table(3, 2)
    for row, cells in zip(table.rows, [("Item", "Price"), ("Thread", "EUR 2"), ("Glue", "EUR 3")], strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("After the table.\nSecond line.")
    document.sections[0].header.paragraphs[0].text = "RUNNING HEADER"
    return saved(document)


def saved(document: docx.document.Document | openpyxl.Workbook | xlwt.Workbook) -> bytes:
    """The bytes of a document of one of the writing packages."""
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def hidden_run(paragraph: docx.text.paragraph.Paragraph, text: str, **properties: str) -> None:
    """Add a run with properties such as `vanish="1"`, `color="FFFFFF"`, `sz="2"`."""
    run = paragraph.add_run(text)
    for name, value in properties.items():
        element = OxmlElement(f"w:{name}")
        element.set(qn("w:val"), value)
        run._r.get_or_add_rPr().append(element)


def make_zip(parts: dict[str, bytes], *, names: Sequence[str] = ()) -> bytes:
    """A zip archive; `names` become empty parts."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, **dict.fromkeys(names, b"")}.items():
            archive.writestr(name, content)
    return out.getvalue()


def make_pptx() -> bytes:
    """Three slides: a list with notes, a table with a chart, and a hidden one."""
    deck = pptx.Presentation()
    deck.core_properties.title = "Opening hours"
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Reading room"
    first.placeholders[1].text = "Open from nine\nClosed on Sunday"
    first.notes_slide.notes_text_frame.text = "Mention the strike.\nSmile."
    box = first.shapes.add_textbox(0, 0, Inches(1), Inches(1))
    box.text_frame.text = "A box"
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Prices"
    table = second.shapes.add_table(2, 3, 0, 0, Inches(3), Inches(1)).table
    for row, cells in enumerate([("Item", "Size", "Price"), ("Thread", "long", "EUR 2")]):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    figures = CategoryChartData()
    figures.categories = ["North", "South"]
    figures.add_series("Visitors", (3, 4))
    second.shapes.add_chart(XL_CHART_TYPE.PIE, 0, 0, Inches(2), Inches(2), figures)
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "HIDDEN SLIDE"
    third._element.set("show", "0")
    hidden = second.shapes.add_textbox(0, 0, Inches(1), Inches(1))
    hidden.text_frame.text = "HIDDEN BOX"
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    return saved(deck)


def make_xlsx() -> bytes:
    """A sheet with a title, a header, dates, shares and hidden parts; one without header; a hidden one."""
    book = openpyxl.Workbook()
    book.properties.title = "Loans"
    sheet = book.active
    sheet.title = "Loans 2024"
    sheet.append(["Loans of the year"])
    sheet.append(["Title", "Due", "Share", "Fee", "HIDDEN COLUMN"])
    sheet.append(["Moby Dick", date(2024, 12, 31), 0.25, 0.1 + 0.2, "SECRET"])
    sheet.append(["Emma", datetime.fromisoformat("2024-02-29T18:30"), 1, 12, "SECRET"])
    sheet.append(["HIDDEN ROW", date(2024, 1, 1), 0, 0, "SECRET"])
    sheet["C3"].number_format = sheet["C4"].number_format = "0%"
    sheet["A3"].comment = Comment("COMMENT", "A")
    sheet.row_dimensions[5].hidden = True
    sheet.column_dimensions["E"].hidden = True
    plain = book.create_sheet("Plain")
    plain.append([1, True])
    plain.append([2, "=A1+1"])
    book.create_sheet("Empty")
    secret = book.create_sheet("Secret")
    secret.append(["HIDDEN SHEET"])
    secret.sheet_state = "hidden"
    return saved(book)


def make_xls() -> bytes:
    """An old workbook of one sheet."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Loans")
    for row, cells in enumerate([("Title", "Days", "Fee"), ("Emma", 7, 1.5), ("Moby Dick", 14, 2)]):
        for column, value in enumerate(cells):
            sheet.write(row, column, value)
    return saved(book)


CHAPTERS: dict[str, str] = {
    "one.xhtml": '<!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
    "<h1>Chapter one</h1><p>It began.</p></html>",
    "text/two.xhtml": '<html xmlns="http://www.w3.org/1999/xhtml"><h1>Chapter two</h1><p>It ended.</p></html>',
}


def make_epub(chapters: Mapping[str, str] = CHAPTERS, *, spine: Sequence[str] = (), **parts: bytes) -> bytes:
    """A book whose chapters are read in the order of `spine`, names that are missing from it included."""
    names = list(spine or chapters)
    items = "".join(
        f'<item id="c{i}" href="{name}" media-type="application/xhtml+xml"/>' for i, name in enumerate(names)
    )
    order = "".join(f'<itemref idref="c{i}"/>' for i in range(len(names)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>The book</dc:title></metadata>"
        f"<manifest>{items}</manifest><spine>{order}</spine></package>"
    )
    container = '<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    return make_zip(
        {"mimetype": b"application/epub+zip", "META-INF/container.xml": container.encode()}
        | {"OPS/book.opf": package.encode()}
        | {f"OPS/{name}": text.encode() for name, text in chapters.items()}
        | {f"META-INF/{name}.xml": part for name, part in parts.items()}
    )


def make_message(subject: str = "Opening hours", text: str = "We open at nine.") -> EmailMessage:
    """A message without attachments."""
    message = EmailMessage()
    message["From"], message["To"] = "Ada <ada@example.org>", "Bo <bo@example.org>"
    message["Subject"], message["Date"] = subject, "Tue, 31 Dec 2024 09:30:00 +0100"
    message.set_content(text)
    return message


def make_eml(**attachments: bytes) -> bytes:
    """A message as text and as HTML; `notes_txt=b"..."` attaches notes.txt."""
    message = make_message()
    message.add_alternative("<p>HTML VERSION</p>", subtype="html")
    for name, content in attachments.items():
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=".".join(name.rsplit("_", 1))
        )
    return message.as_bytes()


_ODF_NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        **{name: name for name in ("office", "style", "text", "table", "presentation")},
        "draw": "drawing",
    }.items()
)


def make_odf(kind: str, body: str, *, styles: str = "", **parts: bytes) -> bytes:
    """An OpenDocument file of a kind such as "text", with this XML inside; `manifest=` replaces its list of parts."""
    content = (
        f"<office:document-content {_ODF_NAMES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return make_zip({"content.xml": content.encode()} | {f"META-INF/{name}.xml": part for name, part in parts.items()})


ODT_BODY = (
    "<text:tracked-changes><text:deletion><text:p>DELETED</text:p></text:deletion></text:tracked-changes>"
    '<text:h text:outline-level="1">Supply contract</text:h>'
    '<text:p>Between<text:s text:c="2"/>us'
    "<text:note><text:note-body><text:p>A note.</text:p></text:note-body></text:note>"
    "<office:annotation><text:p>COMMENT</text:p></office:annotation>.</text:p>"
    '<text:section text:display="none"><text:p>HIDDEN SECTION</text:p></text:section>'
    "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item>"
    "</text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>"
    "<table:table><table:table-row>"
    + "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("Item", "Size", "Price"))
    + "</table:table-row><table:table-row>"
    + "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("Glue", "small", "EUR 3"))
    + "</table:table-row></table:table>"
    '<text:p>Seen<text:span text:style-name="T1">HIDDEN WORDS</text:span>.</text:p>'
)
ODT_STYLES = '<style:style style:name="T1"><style:text-properties text:display="none"/></style:style>'
