"""Files made for the tests, so that none is copied from anywhere."""

import zipfile
from collections.abc import Callable, Sequence
from io import BytesIO

import docx
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
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


def saved(document: docx.document.Document) -> bytes:
    """The bytes of a python-docx document."""
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
