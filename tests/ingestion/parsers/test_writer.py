"""Blocks become text with offsets."""

from ingestion.parsers.writer import LINE, TextWriter
from ingestion.types import Heading, Page
from tests.ingestion.builders import assert_invariants


def test_writer_blocks() -> None:
    """Blocks stand apart by their gap; empty ones leave nothing."""
    writer = TextWriter()
    for text, gap in [("a ", LINE), ("  \n", LINE), ("b", LINE), ("c", " ")]:
        writer.block(text, gap=gap)
    assert writer.parsed().text == "a\nb c"


def test_writer_headings() -> None:
    """A heading is a line with as many marks as its level, between 1 and 6."""
    writer = TextWriter()
    writer.heading(0, "Top\n title")
    writer.block("text")
    writer.heading(9, "Deep")
    writer.heading(1, "  ")
    parsed = writer.parsed()
    assert parsed.text == "# Top title\n\ntext\n\n###### Deep"
    assert parsed.headings == (Heading(1, "Top title", 0), Heading(6, "Deep", 19))


def test_writer_pages() -> None:
    """Pages follow one another; one without text is empty and lies before the next one."""
    writer = TextWriter()
    for number, text in enumerate(["", "one", "", "two", ""]):
        writer.page(number)
        writer.block(text)
    parsed = writer.parsed()
    assert_invariants(parsed)
    assert parsed.pages == (Page(0, 0, 0), Page(1, 0, 5), Page(2, 5, 5), Page(3, 5, 8), Page(4, 8, 8))


def test_writer_without_pages() -> None:
    """A format without pages has one that has no number."""
    writer = TextWriter()
    writer.block("text")
    assert writer.parsed(title=" a\nb ").pages == (Page(None, 0, 4),)
    assert writer.parsed(title=" a\nb ").title == "a b"
