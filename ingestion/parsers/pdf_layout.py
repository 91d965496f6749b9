"""The lines of a PDF page become paragraphs again. Knows no PDF library, only where lines stand."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import TypeAlias

from ingestion.parsers.writer import LINE, PARAGRAPH

_RUNNING_PAGES = 3  # a line that stands at the edge of so many pages belongs to the paper, not to the text
_EDGE_LINES = 3
_MAX_NUMBERS = 8  # in a running line
_MAX_DIGITS = 6
_SAME_PLACE = 4.0  # points
_SAME_SIZE = 0.12  # difference of font sizes within one paragraph
_SAME_ROW = 0.3  # in font sizes
_PARAGRAPH_GAP = 1.35  # in usual line distances
_ROW_GAP = 3.0  # in usual line distances, within a table
_USUAL_DISTANCE = 1.2  # in font sizes, where a page is too short to tell
_INDENT = 1.0  # in font sizes
_COLUMN_EDGE = 3.0  # lines that start within so many font sizes share a right edge
_NEAR_LINES = 25
_BLANK_WIDTH = 0.3  # in font sizes
_RECOGNISED_SIZE = 10.0  # points, for text that came without a size
_SPACE = " "

_RunningKey: TypeAlias = tuple[str, int, int]

_NUMBER = re.compile(r"\d+")
_ITEM = re.compile(r"([-–—•●○▪■◦‣*·]|\(?(\d{1,3}|[a-zA-Z])[.)])\s+\S")
_SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’)\]]*$")
_COMPOUND = re.compile(r"\w+-\w+")
_LAST_WORD = re.compile(r"\w+$")
_FIRST_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page in points, turned so that it runs to the right: `baseline` grows upwards.

    `is_hyphenated` says that a hyphen at its end was taken off `text`; `is_row`, that `text` has " | " in wide gaps.
    """

    text: str
    size: float
    left: float
    right: float
    baseline: float
    angle: int = 0
    is_hyphenated: bool = False
    is_row: bool = False


def without_running_lines(pages: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The pages without headers, footers and page numbers.

    Such a line is among the outermost three of at least three pages, in the same place, size and words; a number
    in it may be the same everywhere or grow with the pages.
    """
    counts: Counter[_RunningKey] = Counter()
    edges = [_edge_lines(page) for page in pages]
    for number, edge in enumerate(edges):
        counts.update({key for line in edge for key in _running_keys(line, number)})
    return [
        [
            line
            for line in page
            if line not in edge or all(counts[key] < _RUNNING_PAGES for key in _running_keys(line, number))
        ]
        for number, (page, edge) in enumerate(zip(pages, edges, strict=True))
    ]


def recognised_lines(text: str) -> list[Line]:
    """Lines as they would stand on a page for text that came without places; a blank line makes a gap."""
    rows = [" ".join(row.split()) for row in text.split("\n")]
    return [
        Line(row, _RECOGNISED_SIZE, 0.0, len(row) * _RECOGNISED_SIZE / 2, -number * _USUAL_DISTANCE * _RECOGNISED_SIZE)
        for number, row in enumerate(rows)
        if row
    ]


def _edge_lines(page: Sequence[Line]) -> set[Line]:
    by_height = sorted(page, key=lambda line: line.baseline)
    return {*by_height[:_EDGE_LINES], *by_height[-_EDGE_LINES:]}


def _running_keys(line: Line, page: int) -> set[_RunningKey]:
    """What a running line shares with its like: size, place, and text as ("Page 2 of 9", page 1) -> "Page <1> of 9"."""
    texts = {line.text}
    for found in list(_NUMBER.finditer(line.text))[:_MAX_NUMBERS]:
        if len(found[0]) <= _MAX_DIGITS:
            texts.add(f"{line.text[: found.start()]}<{int(found[0]) - page}>{line.text[found.end() :]}")
    return {(text, round(line.size), round(line.baseline / _SAME_PLACE)) for text in texts}


def join_lines(lines: Sequence[Line], compounds: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """The paragraphs of `lines` as (gap before, text); inside one, line ends have become blanks.

    `compounds` are words with a hyphen of their own, which keep it at a line's end.
    """
    if not lines:
        return []
    distance = usual_distance(lines)
    joined = [[PARAGRAPH, lines[0].text]]
    for index, (above, line) in enumerate(pairwise(lines)):
        gap = _gap(above, line, distance, _right_edge(lines, index))
        if gap == _SPACE:
            joined[-1][1] = _join(joined[-1][1], above, line, compounds)
        else:
            joined[-1][1] += "-" if above.is_hyphenated else ""
            joined.append([gap, line.text])
    return [(gap, text) for gap, text in joined]


def compounds(pages: Sequence[Sequence[Line]]) -> frozenset[str]:
    """The words written with a hyphen inside a line: "well-known"."""
    return frozenset(word.lower() for page in pages for line in page for word in _COMPOUND.findall(line.text))


def usual_distance(lines: Sequence[Line]) -> float:
    """The most usual distance of two baselines."""
    distances = [above.baseline - line.baseline for above, line in pairwise(lines) if _same_size(above, line)]
    usual = [distance for distance in distances if distance > 0]
    return median_low(usual) if usual else _USUAL_DISTANCE * lines[0].size


def continues(above: str, below: str) -> bool:
    """Whether a sentence goes on from one text into the next."""
    return bool(above and below) and not _SENTENCE_END.search(above) and below[0].islower()


def _join(text: str, above: Line, line: Line, compounds: frozenset[str]) -> str:
    if not above.is_hyphenated:
        return f"{text} {line.text}"
    first, last = _FIRST_WORD.match(line.text), _LAST_WORD.search(text)
    is_compound = first and last and f"{last[0]}-{first[0]}".lower() in compounds
    return text + ("-" if is_compound or not line.text[:1].islower() else "") + line.text


def _gap(above: Line, line: Line, distance: float, right_edge: float) -> str:
    down = above.baseline - line.baseline
    if not _same_size(above, line) or above.angle != line.angle:
        return PARAGRAPH
    if abs(down) <= _SAME_ROW * line.size:
        return _SPACE
    if (above.is_row or line.is_row) and 0 < down <= _ROW_GAP * distance:
        return _SPACE if not line.is_row and _is_wrapped_cell(above, line, distance) else LINE
    if _ITEM.match(line.text):
        return PARAGRAPH if down > _PARAGRAPH_GAP * distance else LINE
    if above.is_hyphenated or (down < 0 and continues(above.text, line.text)):
        return _SPACE
    if down < 0 or down > _PARAGRAPH_GAP * distance:
        return PARAGRAPH
    return _gap_of_neighbours(above, line, right_edge)


def _is_wrapped_cell(row: Line, line: Line, distance: float) -> bool:
    """Whether `line` goes on with a cell of `row`: by its words, or because it stands under a later column."""
    is_near = row.baseline - line.baseline <= _PARAGRAPH_GAP * distance
    is_under_later_column = line.left > row.left + _COLUMN_EDGE * line.size
    return is_near and (is_under_later_column or continues(row.text, line.text))


def _gap_of_neighbours(above: Line, line: Line, right_edge: float) -> str:
    """The gap of two lines at the usual distance: a line that had room for the next word ends a paragraph."""
    ends = bool(_SENTENCE_END.search(above.text))
    had_room = right_edge - above.right > _first_word_width(line)
    if ends and (had_room or line.left > above.left + _INDENT * line.size):
        return PARAGRAPH
    if had_room and not continues(above.text, line.text):
        return LINE
    return _SPACE


def _first_word_width(line: Line) -> float:
    first = line.text.split(maxsplit=1)[0]
    return (line.right - line.left) * len(first) / len(line.text) + _BLANK_WIDTH * line.size


def _right_edge(lines: Sequence[Line], index: int) -> float:
    """How far right the column of `lines[index]` goes."""
    line = lines[index]
    near = lines[max(0, index - _NEAR_LINES) : index + _NEAR_LINES]
    return max(
        other.right for other in near if abs(other.left - line.left) <= _COLUMN_EDGE * line.size or other is line
    )


def _same_size(one: Line, other: Line) -> bool:
    return abs(one.size - other.size) <= _SAME_SIZE * max(one.size, other.size)
