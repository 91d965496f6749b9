"""Which lines of a PDF are headings: those that its outline names, else those in clearly larger type."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion.parsers.pdf_layout import Line

_LARGER = 1.15  # times the size of the body text
_MAX_CHARACTERS = 150
_MAX_LINES = 3
_MAX_SHARE = 0.3  # of the text; more than that is no heading but a leaflet
_LOCATED_SHARE = 0.5  # of the outline's entries; with fewer, it belongs to another edition
_MAX_LINE_DISTANCE = 2.0  # in font sizes, between the lines of one heading
_LOWEST_LEVEL = 6
_NUMBERING = re.compile(r"^\W*(?:[\d.]+|[ivxlc]+\.)\s+", re.IGNORECASE)
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark: `page` counts from 0, `top` is in points, None if it points at the whole page."""

    level: int
    title: str
    page: int
    top: float | None


@dataclass(frozen=True, slots=True)
class HeadingLines:
    """Lines `first` to `last` of a page, both included, are a heading."""

    page: int
    first: int
    last: int
    level: int


def find_headings(pages: Sequence[Sequence[Line]], outline: Sequence[OutlineEntry]) -> list[HeadingLines]:
    """The headings in page order."""
    named = _named_headings(pages, outline)
    found = named if len(named) > _LOCATED_SHARE * len(outline) else list(_large_headings(pages))
    return sorted(found, key=lambda heading: (heading.page, heading.first))


def _named_headings(pages: Sequence[Sequence[Line]], outline: Sequence[OutlineEntry]) -> list[HeadingLines]:
    headings: list[HeadingLines] = []
    taken: set[tuple[int, int]] = set()
    for entry in outline:
        if not 0 <= entry.page < len(pages):
            continue
        lines = pages[entry.page]
        places = [place for place in _places(lines, entry.title) if (entry.page, place[0]) not in taken]
        if places:
            first, last = min(places, key=lambda place: _distance(lines[place[0]], entry.top))
            taken.update((entry.page, index) for index in range(first, last + 1))
            headings.append(HeadingLines(entry.page, first, last, entry.level))
    return headings


def _places(lines: Sequence[Line], title: str) -> Iterator[tuple[int, int]]:
    """Where on the page one to three lines say `title`."""
    wanted = {_key(title), _key(_NUMBERING.sub("", title))} - {""}
    for first in range(len(lines)):
        text = ""
        for last in range(first, min(first + _MAX_LINES, len(lines))):
            text = f"{text} {lines[last].text}".strip()
            if {_key(text), _key(_NUMBERING.sub("", text))} & wanted:
                yield first, last
                break


def _distance(line: Line, top: float | None) -> float:
    return 0.0 if top is None else abs(line.baseline - top)


def _key(text: str) -> str:
    return _NO_LETTER.sub("", text).casefold()


def _large_headings(pages: Sequence[Sequence[Line]]) -> Iterator[HeadingLines]:
    """Lines larger than the body text; the largest are of level 1."""
    weights: Counter[float] = Counter()
    for page in pages:
        for line in page:
            weights[_rounded(line.size)] += len(line.text)
    if not weights:
        return
    body = weights.most_common(1)[0][0]
    large = {
        (number, index) for number, page in enumerate(pages) for index, line in enumerate(page) if _is_large(line, body)
    }
    characters = sum(len(pages[number][index].text) for number, index in large)
    if not large or characters > _MAX_SHARE * weights.total():
        return
    sizes = sorted({_rounded(pages[number][index].size) for number, index in large}, reverse=True)
    for number, first, last in _runs(pages, large):
        level = min(sizes.index(_rounded(pages[number][first].size)) + 1, _LOWEST_LEVEL)
        yield HeadingLines(number, first, last, level)


def _is_large(line: Line, body: float) -> bool:
    return (
        line.size >= _LARGER * body
        and len(line.text) <= _MAX_CHARACTERS
        and sum(character.isalpha() for character in line.text) > 1
    )


def _runs(pages: Sequence[Sequence[Line]], large: set[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
    """(page, first, last) of neighbouring large lines that are one heading."""
    last = (-1, -1)
    for number, index in sorted(large):
        if (number, index) <= last:
            continue
        end = index
        while (number, end + 1) in large and end - index + 1 < _MAX_LINES and _is_next(*pages[number][end : end + 2]):
            end += 1
        last = (number, end)
        yield number, index, end


def _is_next(above: Line, line: Line) -> bool:
    """Whether `line` goes on with the heading that `above` began."""
    down = above.baseline - line.baseline
    return _rounded(above.size) == _rounded(line.size) and abs(down) <= _MAX_LINE_DISTANCE * line.size


def _rounded(size: float) -> float:
    return round(size * 2) / 2
