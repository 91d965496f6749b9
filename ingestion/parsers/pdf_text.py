"""The lines of a PDF become text with headings and pages. Knows no PDF library."""

from collections.abc import Sequence

from ingestion.parsers.parsed import Parsed
from ingestion.parsers.pdf_headings import HeadingLines, OutlineEntry, find_headings
from ingestion.parsers.pdf_layout import Line, compounds, continues, join_lines, without_running_lines
from ingestion.parsers.writer import PARAGRAPH, TextWriter

_SPACE = " "


def write_pages(
    pages: Sequence[Sequence[Line]], outline: Sequence[OutlineEntry], *, title: str, warnings: tuple[str, ...]
) -> Parsed:
    """The text of all pages; a sentence that goes on overleaf stays whole, and the new page starts inside it."""
    pages = without_running_lines(pages)
    hyphenated = compounds(pages)
    headings: dict[int, list[HeadingLines]] = {}
    for heading in find_headings(pages, outline):
        headings.setdefault(heading.page, []).append(heading)
    writer, before = TextWriter(), ""
    for number, lines in enumerate(pages):
        writer.page(number + 1)
        before = _write_page(writer, lines, headings.get(number, []), hyphenated, before)
    return writer.parsed(title=title, warnings=warnings)


def _write_page(
    writer: TextWriter,
    lines: Sequence[Line],
    headings: Sequence[HeadingLines],
    hyphenated: frozenset[str],
    before: str,
) -> str:
    """Write a page; give back its last paragraph, "" where no sentence can go on from."""
    done = 0
    for heading in headings:
        _write_lines(writer, lines[done : heading.first], hyphenated, before if done == 0 else "")
        title = " ".join(line.text for line in lines[heading.first : heading.last + 1])
        writer.heading(heading.level, title.replace(" | ", " "))
        done, before = heading.last + 1, ""
    return _write_lines(writer, lines[done:], hyphenated, before if done == 0 else "")


def _write_lines(writer: TextWriter, lines: Sequence[Line], hyphenated: frozenset[str], before: str) -> str:
    last = ""
    for index, (gap, text) in enumerate(join_lines(lines, hyphenated)):
        goes_on = index == 0 and continues(before, text)
        writer.block(text, gap=_SPACE if goes_on else gap if index else PARAGRAPH)
        last = text
    return last
