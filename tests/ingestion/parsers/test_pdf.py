"""PDF files, from bytes to text."""

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from reportlab.pdfgen import canvas

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, NoText
from ingestion.parsers import pdf
from ingestion.parsers.ocr import INSTALL
from ingestion.parsers.pdf import parse_pdf
from ingestion.parsers.pdf_bomb import refuse_bomb
from tests.ingestion.builders import SENTENCES, all_of, assert_invariants, lines, make_handbook, make_pdf, picture

TWO_COLUMNS = all_of(lines("left one", "left two."), lines("right one", "right two.", left=320))


def text_of(*pages: Callable[[canvas.Canvas], None]) -> str:
    """The text of a PDF with these pages."""
    return parse_pdf(make_pdf(*pages)).text


def test_pdf_golden(golden: Callable[[str, str], None]) -> None:
    """A printed handbook: paragraphs whole, headings marked, running lines gone, table rows as rows."""
    parsed = parse_pdf(make_handbook())
    assert_invariants(parsed)
    golden("handbook.pdf.txt", parsed.text)
    assert parsed.title == "Handbook of the library"
    assert parsed.warnings == ()


def test_pdf_headings_by_size() -> None:
    """Without an outline the size of the type tells the levels."""
    headings = [(heading.level, heading.title) for heading in parse_pdf(make_handbook()).headings]
    sections = ["1. Opening hours", "2. Lending", "3. Reading room"]
    assert headings == [(1, "Library handbook")] + [
        heading for section in sections for heading in [(1, section), (2, "Details")]
    ]


def test_pdf_sentence_over_pages() -> None:
    """A sentence that goes on overleaf stays whole; the page begins inside it."""
    parsed = parse_pdf(make_handbook())
    whole = " ".join(parsed.text.split())
    assert whole.count(SENTENCES.strip()) == 4 + 2 + 4 + 30 + 4 + 2
    assert [page.number for page in parsed.pages] == [1, 2, 3, 4]


def test_pdf_outline() -> None:
    """Bookmarks name the headings, with their levels."""

    def draw(paper: canvas.Canvas) -> None:
        lines("Opening hours", "We open at nine and close at six every day.", "Exceptions", "None.")(paper)
        for level, (title, top) in enumerate([("Opening hours", 770), ("Exceptions", 742)]):
            paper.bookmarkPage(title, fit="XYZ", top=top)
            paper.addOutlineEntry(title, title, level)

    parsed = parse_pdf(make_pdf(draw))
    assert parsed.text == ("# Opening hours\n\nWe open at nine and close at six every day.\n\n## Exceptions\n\nNone.")


@pytest.mark.parametrize(
    ("draw", "text"),
    [
        (lines("An exam-", "ple of it."), "An example of it."),
        (TWO_COLUMNS, "left one left two.\n\nright one right two."),
        (lines("Contents", "Lending . . . . . . . . . . . 7"), "Contents\nLending | 7"),
        (all_of(lines("Room"), lines("Seats", left=200)), "Room | Seats"),
        (all_of(lines("1."), lines("Opening", left=100)), "1. Opening"),
        (all_of(lines("Seen."), lines("unseen", size=1, top=600)), "Seen."),
    ],
    ids=["hyphen", "columns", "dotted line", "cells", "number", "tiny"],
)
def test_pdf_layout(draw: Callable[[canvas.Canvas], None], text: str) -> None:
    """What is printed becomes text in reading order."""
    assert text_of(draw) == text


def white(text: str, *, dark: bool) -> Callable[[canvas.Canvas], None]:
    """Draws white text, on black or on the white page."""

    def draw(paper: canvas.Canvas) -> None:
        if dark:
            paper.rect(60, 490, 300, 30, fill=1)
        paper.setFillGray(1)
        paper.drawString(72, 500, text)

    return draw


def test_pdf_white_text() -> None:
    """White on white is left out and said; white on black stays."""
    hidden = parse_pdf(make_pdf(all_of(lines("Seen."), white("UNSEEN", dark=False))))
    assert hidden.text == "Seen."
    assert hidden.warnings == ("page 1 has text that cannot be seen; it was left out",)
    assert "Banner" in text_of(all_of(lines("Seen."), white("Banner", dark=True)))


def test_pdf_turned_page() -> None:
    """Text printed upwards is read line by line."""

    def draw(paper: canvas.Canvas) -> None:
        paper.rotate(90)
        lines("Turned text in two lines that are", "one sentence.", left=100, top=-100)(paper)

    assert text_of(draw) == "Turned text in two lines that are one sentence."


@pytest.mark.parametrize(
    ("pages", "warning"),
    [
        ([lines("text"), picture], "page 2 is a picture: no text"),
        ([picture, lines("text"), picture], "pages 1, 3 are pictures: no text"),
        ([lines("text")] + [picture] * 12, "pages 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more are pictures: no text"),
    ],
)
def test_pdf_pictures(
    monkeypatch: pytest.MonkeyPatch, pages: list[Callable[[canvas.Canvas], None]], warning: str
) -> None:
    """Pages without text are named; they keep their numbers."""
    monkeypatch.setattr(pdf, "find_recogniser", lambda: None)
    parsed = parse_pdf(make_pdf(*pages))
    assert_invariants(parsed)
    assert parsed.warnings == (f"{warning}; {INSTALL}",)
    assert [page.number for page in parsed.pages] == list(range(1, len(pages) + 1))


def test_pdf_empty_page() -> None:
    """A page with nothing on it needs no warning."""
    assert parse_pdf(make_pdf(lines("text"), lines())).warnings == ()


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (make_pdf(picture), NoText, "looks like a scan: its pages are pictures without text; "),
        (make_pdf(lines("text"), password="open"), EncryptedFile, "asks for a password"),
        (b"%PDF-1.7\nno more", DamagedFile, "is damaged; open it in a PDF reader"),
        (make_pdf(lines("text"))[:300], DamagedFile, "is damaged"),
        (b"%PDF-1.7 /Filter [/FlateDecode /FlateDecode]", FileTooLarge, "packs its content twice"),
    ],
    ids=["scan", "password", "header only", "cut off", "packed twice"],
)
def test_pdf_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What cannot be read is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_pdf(content)


@pytest.mark.parametrize(
    ("limit", "message"), [("MAX_PAGES", "has 2 pages, over the limit of 1"), ("MAX_TEXT_CHARACTERS", "over 1 charact")]
)
def test_pdf_limits(monkeypatch: pytest.MonkeyPatch, limit: str, message: str) -> None:
    """Too many pages or characters are refused while reading."""
    monkeypatch.setattr(limits, limit, 1)
    with pytest.raises(FileTooLarge, match=message):
        parse_pdf(make_pdf(lines("text"), lines("text")))


def test_pdf_bomb() -> None:
    """A stream that unpacks beyond the limit is refused; a dense picture below it and other packing are not."""
    stream = b"stream\n%b\nendstream"
    with pytest.raises(FileTooLarge, match="unpacks to more than 200 MB"):
        refuse_bomb(stream % zlib.compress(bytes(limits.MAX_UNPACKED_BYTES + 1_000_000)))
    refuse_bomb(stream % zlib.compress(bytes(limits.MAX_UNPACKED_BYTES - 1_000_000), 1))
    refuse_bomb(stream % bytes(300_000) + b"stream\n never ends")


@pytest.mark.parametrize("title", ["untitled", "anonymous"])
def test_pdf_no_title(title: str) -> None:
    """What programs write for want of a title is none."""
    assert parse_pdf(make_pdf(lines("text"), title=title)).title == ""


def test_pdf_threads() -> None:
    """Several threads read at once without harm."""
    content = make_handbook()
    expected = parse_pdf(content)
    with ThreadPoolExecutor(4) as pool:
        assert all(parsed == expected for parsed in pool.map(parse_pdf, [content] * 8))
