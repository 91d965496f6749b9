"""E-books."""

from collections.abc import Callable

import pytest

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.epub import parse_epub
from tests.ingestion.builders import assert_invariants, make_epub, make_zip

LOCK = b'<encryption><CipherReference URI="%s"/></encryption>'


def test_epub_golden(golden: Callable[[str, str], None]) -> None:
    """Chapters follow one another, their headings with their levels."""
    parsed = parse_epub(make_epub())
    assert_invariants(parsed)
    golden("book.epub.txt", parsed.text)
    assert parsed.title == "The book"
    assert [heading.title for heading in parsed.headings] == ["Chapter one", "Chapter two"]


def test_epub_order() -> None:
    """The spine says the order; a chapter is a page."""
    parsed = parse_epub(make_epub(spine=["text/two.xhtml", "one.xhtml"]))
    texts = [parsed.text[page.start : page.end].strip() for page in parsed.pages]
    assert texts == ["# Chapter two\n\nIt ended.", "# Chapter one\n\nIt began."]


def test_epub_missing_chapter() -> None:
    """What is not in the archive, or outside of it, is named."""
    parsed = parse_epub(make_epub(spine=["one.xhtml", "../../../etc/passwd", "none.xhtml"]))
    assert parsed.warnings == ("chapter 2 is missing from the file", "chapter 3 is missing from the file")
    assert parsed.text == "# Chapter one\n\nIt began."


def test_epub_cover() -> None:
    """A chapter without words takes its page and no more."""
    parsed = parse_epub(make_epub({"cover.xhtml": "<img src='a.png'/>", "one.xhtml": "<p>Text.</p>"}))
    assert parsed.text == "Text."
    assert_invariants(parsed)


def test_epub_locked_font() -> None:
    """Fonts may be locked without the text being so."""
    assert parse_epub(make_epub(encryption=LOCK % b"OPS/font.otf")).text


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (make_epub(encryption=LOCK % b"OPS/one.xhtml"), EncryptedFile, "locked by its seller"),
        (make_epub()[:-300], DamagedFile, "is damaged"),
        (make_zip({"mimetype": b"application/epub+zip"}), UnsupportedType, "no e-book"),
        (make_zip({"META-INF/container.xml": b"<!DOCTYPE a><a/>"}), DamagedFile, "document type declaration"),
        (make_epub({"one.xhtml": " " * 20_000_000}), FileTooLarge, "times its size"),
    ],
    ids=["locked", "cut off", "other archive", "DOCTYPE", "bomb"],
)
def test_epub_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable book is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_epub(content)


def test_epub_too_many_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of more parts than any book has is refused."""
    monkeypatch.setattr(limits, "MAX_ARCHIVE_PARTS", 3)
    with pytest.raises(FileTooLarge, match="parts, over the limit of 3"):
        parse_epub(make_epub())
