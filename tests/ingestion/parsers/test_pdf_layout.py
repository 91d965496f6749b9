"""Lines become paragraphs and headings; no PDF needed."""

import pytest

from ingestion.parsers.pdf_headings import HeadingLines, OutlineEntry, find_headings
from ingestion.parsers.pdf_layout import Line, compounds, continues, join_lines, without_running_lines

WIDTH = 5.0  # of a character
WIDE = "This line goes from the left edge of the page to its right edge, as most do"


def line(
    text: str, row: float = 0, *, size: float = 10, left: float = 72, hyphen: bool = False, **more: object
) -> Line:
    """A line of characters of the same width; row 1 is 12 points below row 0."""
    return Line(text, size, left, left + WIDTH * len(text), 700 - 12 * row, is_hyphenated=hyphen, **more)


def joined(*lines: Line) -> str:
    """The text of lines, with their gaps."""
    return "".join(gap + text for gap, text in join_lines(lines, compounds([lines]))).strip("\n")


def page(*texts: str) -> list[Line]:
    """A page of lines at the usual distance."""
    return [line(text, row) for row, text in enumerate(texts)]


def running(texts: list[list[str]]) -> list[list[str]]:
    """What `without_running_lines` leaves."""
    return [[line.text for line in lines] for lines in without_running_lines([page(*lines) for lines in texts])]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([line(WIDE), line("and ends here.", 1)], f"{WIDE} and ends here."),
        ([line(WIDE), line("short end.", 1), line(WIDE, 2)], f"{WIDE} short end.\n\n{WIDE}"),
        ([line(WIDE), line("Short line", 1), line("Next Line", 2)], f"{WIDE} Short line\nNext Line"),
        ([line(WIDE), line(WIDE, 1), line(WIDE, 3)], f"{WIDE} {WIDE}\n\n{WIDE}"),
        ([line(WIDE), line("- item", 1), line("2. item", 2)], f"{WIDE}\n- item\n2. item"),
        ([line(WIDE + "."), line("Indented " + WIDE[:60], 1, left=90)], f"{WIDE}.\n\nIndented {WIDE[:60]}"),
        ([line(WIDE), line("Larger", 1, size=14)], f"{WIDE}\n\nLarger"),
        ([line("left,", 9), line("right column goes on", 0, left=300)], "left, right column goes on"),
        ([line("Left.", 9), line("Right column", 0, left=300)], "Left.\n\nRight column"),
        ([line("Half"), line("row", left=200)], "Half row"),
        ([line("Turned", angle=90), line("Level", 1)], "Turned\n\nLevel"),
    ],
    ids=[
        *(
            "wrapped",
            "end of a paragraph",
            "short line",
            "wide gap",
            "items",
            "indent",
            "size",
            "sentence over columns",
        ),
        *("columns", "same row", "turned"),
    ],
)
def test_join_lines(lines: list[Line], text: str) -> None:
    """Line ends inside a paragraph are blanks, others stay."""
    assert joined(*lines) == text


@pytest.mark.parametrize(
    ("above", "below", "text"),
    [
        ("An exam", "ple of it", "An example of it"),
        ("The years 2024", "2026 were", "The years 2024-2026 were"),
        ("A well", "known word, well-known indeed", "A well-known word, well-known indeed"),
        ("See page Nr", "X", "See page Nr-X"),
    ],
)
def test_join_hyphenated(above: str, below: str, text: str) -> None:
    """A hyphen at a line's end goes, unless it belongs to the word."""
    assert joined(line(above, hyphen=True), line(below, 1)) == text


def test_join_rows() -> None:
    """The rows of a table stay apart; a cell that wraps is joined."""
    rows = [line("Room | Seats", is_row=True), line("Map room | Second floor,", 2, is_row=True), line("left", 3)]
    assert joined(*rows) == "Room | Seats\nMap room | Second floor, left"
    assert joined(*rows[:2], line("Left", 3, left=200)) == "Room | Seats\nMap room | Second floor, Left"
    assert joined(*rows[:2], line("Left", 3)) == "Room | Seats\nMap room | Second floor,\nLeft"


def test_join_nothing() -> None:
    """A page without lines has no paragraphs."""
    assert join_lines([]) == []


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [("and so", "it goes", True), ("It ends.", "it", False), ("and", "New", False), ("", "a", False), ("a", "", False)],
)
def test_continues(above: str, below: str, *, expected: bool) -> None:
    """A sentence goes on when one text has no end and the next no start."""
    assert continues(above, below) is expected


BODY = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"]


def test_running_lines_same_words() -> None:
    """A line that stands at the same edge of three pages is left out; in the middle it stays."""
    middle = [[*BODY[number:], *BODY[:number]] for number in range(3)]
    middle = [[f"{number} {word}" for word in [*words, "Handbook", *words]] for number, words in enumerate(middle)]
    assert running([["Handbook", *words, "2025"] for words in middle]) == middle


def test_running_lines_place_and_size() -> None:
    """A title in the words of the running line stays: it is larger, or stands elsewhere."""
    pages = [[line("Handbook")], [line("Handbook", size=20)], [line("Handbook", 9)], [line("Handbook")]]
    assert without_running_lines(pages) == pages


def test_running_lines_page_numbers() -> None:
    """Numbers that grow with the pages are left out, wherever they begin."""
    distinct = [[f"{name} {number}" for name in BODY] for number in ("one", "two", "three")]
    assert running([[*lines, f"Page {number} of 9"] for number, lines in enumerate(distinct)]) == distinct


def test_running_lines_two_pages() -> None:
    """Twice is chance."""
    pages = [["Handbook", *BODY], ["Handbook", *reversed(BODY)]]
    assert running(pages) == pages


def test_running_lines_chapters() -> None:
    """Chapter headings count as well, but not with the pages."""
    pages = [["Chapter 1", "one"], ["two"], ["Chapter 2", "three"], ["four"], ["Chapter 3", "five"]]
    assert running(pages) == pages


def found(pages: list[list[Line]], *outline: OutlineEntry) -> list[HeadingLines]:
    """The headings of pages."""
    return find_headings(pages, outline)


def test_headings_by_size() -> None:
    """Clearly larger lines are headings, the largest of level 1; neighbours of one size are one heading."""
    body = [line(WIDE, row) for row in range(4, 9)]
    pages = [[line("The title", size=20), line("in two lines", 1, size=20), line("Part", 3, size=14), *body]]
    assert found(pages) == [HeadingLines(0, 0, 1, 1), HeadingLines(0, 2, 2, 2)]


@pytest.mark.parametrize(
    "large",
    [line("12", size=20), line("x" * 200, size=20), line("Hardly larger", size=11)],
    ids=["number", "long", "same size"],
)
def test_headings_by_size_none(large: Line) -> None:
    """Numbers, long lines and slightly larger ones are no headings."""
    assert found([[large, *(line(WIDE * 4, row) for row in range(1, 5))]]) == []


def test_headings_leaflet() -> None:
    """Where much of the text is large, size says nothing."""
    assert found([[line("Large text", size=20), line("small text", 2)]]) == []
    assert found([[]]) == []


def test_headings_from_outline() -> None:
    """The outline names headings whatever their size: split over lines, numbered, twice on a page."""
    pages = [page("Opening", "hours", "text", "2. Lending", "text"), page("Lending", "text", "Lending")]
    outline = [
        OutlineEntry(1, "Opening hours", 0, None),
        OutlineEntry(2, "Lending", 0, None),
        OutlineEntry(1, "Lending", 1, 676.0),
        OutlineEntry(1, "Nowhere", 0, None),
        OutlineEntry(1, "Opening", 7, None),
    ]
    assert found(pages, *outline) == [HeadingLines(0, 0, 1, 1), HeadingLines(0, 3, 3, 2), HeadingLines(1, 2, 2, 1)]


def test_headings_of_another_outline() -> None:
    """An outline that names other texts is not believed; the size decides."""
    pages = [[line("Title", size=20), *(line(WIDE, row) for row in range(3, 6))]]
    outline = [OutlineEntry(1, "Slide 1", 0, None), OutlineEntry(1, "Slide 2", 0, None)]
    assert found(pages, *outline) == [HeadingLines(0, 0, 0, 1)]
