"""PowerPoint presentations."""

import zipfile
from collections.abc import Callable
from io import BytesIO

import pptx
import pytest
from pptx.util import Inches, Pt

from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.package import OLE_MAGIC
from ingestion.parsers.pptx import parse_pptx
from tests.ingestion.builders import assert_invariants, make_pptx, make_zip, saved


def with_part(name: str, content: bytes) -> bytes:
    """The presentation with one part more."""
    with zipfile.ZipFile(BytesIO(make_pptx())) as archive:
        return make_zip({part: archive.read(part) for part in archive.namelist()} | {name: content})


def test_pptx_golden(golden: Callable[[str, str], None]) -> None:
    """Titles are headings, lists, tables and chart labels follow, notes come last."""
    parsed = parse_pptx(make_pptx())
    assert_invariants(parsed)
    golden("deck.pptx.txt", parsed.text)
    assert parsed.title == "Opening hours"
    assert [heading.title for heading in parsed.headings] == ["Reading room", "Prices"]


def test_pptx_pages() -> None:
    """A slide is a page; its notes belong to it."""
    parsed = parse_pptx(make_pptx())
    texts = [parsed.text[page.start : page.end] for page in parsed.pages]
    assert [page.number for page in parsed.pages] == [1, 2]
    assert "Notes: Mention the strike.\nSmile." in texts[0]
    assert texts[1].startswith("## Prices")


def test_pptx_left_out() -> None:
    """Hidden slides and shapes and comments are left out; slides and comments are named."""
    parsed = parse_pptx(with_part("ppt/comments/comment1.xml", b"<cmLst><text>COMMENT</text></cmLst>"))
    assert "HIDDEN" not in parsed.text
    assert "COMMENT" not in parsed.text
    assert parsed.warnings == ("slide 3 is hidden; it was left out", "comments were left out")


def test_pptx_unseen_text() -> None:
    """Text beside the slide, and too small to be seen, is left out; a box that is partly on the slide is read."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for left, text in [
        (Inches(1), "Seen."),
        (Inches(-9), "LEFT"),
        (deck.slide_width, "RIGHT"),
        (Inches(-1), "Partly."),
    ]:
        slide.shapes.add_textbox(left, 0, Inches(2), Inches(1)).text_frame.text = text
    tiny = slide.shapes[0].text_frame.paragraphs[0].add_run()
    tiny.text, tiny.font.size = "TINY", Pt(1)
    parsed = parse_pptx(saved(deck))
    assert parsed.text == "Seen.\n\nPartly."
    assert parsed.warnings == ("text beside the slides was left out",)


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (OLE_MAGIC + b"\0" * 99, EncryptedFile, "asks for a password or is in the old .ppt format"),
        (make_pptx()[:-900], DamagedFile, "is damaged"),
        (make_zip({"a.xml": b"<a/>"}), UnsupportedType, "no PowerPoint presentation"),
        (make_zip({"ppt/presentation.xml": b"<a"}), DamagedFile, "is damaged"),
        (make_zip({"ppt/presentation.xml": b"<!DOCTYPE a><a/>"}), DamagedFile, "document type declaration"),
        (with_part("ppt/media/a.bin", b" " * 20_000_000), FileTooLarge, "times its size"),
    ],
    ids=["old or encrypted", "cut off", "other archive", "broken XML", "DOCTYPE", "bomb"],
)
def test_pptx_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable presentation is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_pptx(content)
