"""The rows of a sheet become lines that can be read alone: each value with the name of its column."""

import re
from collections.abc import Iterable, Sequence
from itertools import chain, islice, zip_longest

from ingestion import limits
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter

_BORDER = " | "
_NUMBER = re.compile(r"[-+(]?\W?\d[\d.,:/ %eE+-]*\W?\)?")
_YEAR = re.compile(r"(19|20)\d\d")
_MAX_HEADER_CHARACTERS = 100
_PEEK_ROWS = 20

Row = Sequence[str]


def write_rows(writer: TextWriter, rows: Iterable[Row], *, first_is_header: bool = False) -> int:
    """Write a sheet, `header: value | header: value` for each row below a header; give back how many rows it has.

    A row is a header if it names at least two columns with words and the row below has no more columns than it;
    of two columns, also if words stand above numbers. `first_is_header` says that the format means it so. A row
    of one cell is a line of its own. The header itself is written once, as `header | header`.
    """
    sheet = _Sheet(writer, first_is_header=first_is_header)
    left = map(_cells, rows)
    ahead = list(islice(left, _PEEK_ROWS))
    while ahead:
        row = ahead.pop(0)
        ahead += islice(left, 1)
        sheet.write(row, ahead)
    return sheet.count


def cut_columns(row: Row) -> Row:
    """The first columns of `row`, as many as are read."""
    return row[: limits.MAX_TABLE_COLUMNS]


def _cells(row: Row) -> list[str]:
    cells = [one_line(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


class _Sheet:
    """Writes row by row and remembers the header that the next row stands below."""

    def __init__(self, writer: TextWriter, *, first_is_header: bool) -> None:
        self.writer = writer
        self.has_one_header = first_is_header
        self.header: list[str] = []
        self.is_before_data = True  # until a row that is no header, and again after an empty one
        self.count = 0
        self._gap = PARAGRAPH

    def write(self, cells: list[str], below: Sequence[list[str]]) -> None:
        """Write one row; `below` are the next ones, for what may be a header."""
        if not any(cells):
            self.is_before_data = self.is_before_data or not self.has_one_header
            self._gap = PARAGRAPH
            return
        self.count += 1
        if cells == self.header:  # written again for every printed page
            return
        if self.is_before_data and self._starts_table(cells, below):
            self.header = cells
            self.is_before_data = not self.has_one_header and self.is_before_data
            self._block(_BORDER.join(cell for cell in cells if cell))
        else:
            self._write_data(cells)

    def _starts_table(self, cells: list[str], below: Sequence[list[str]]) -> bool:
        if not self.has_one_header:
            return _is_header(cells, below)
        has_words = any(cell and not _NUMBER.fullmatch(cell) for cell in cells)
        is_name_of_one = not cells[0] or all(_filled(row) < 2 for row in below)
        return has_words and (_filled(cells) > 1 or is_name_of_one)

    def _write_data(self, cells: list[str]) -> None:
        if self.is_before_data and any(cell and not name for name, cell in zip_longest(self.header[1:], cells[1:])):
            self.header = []  # it names the columns of the table above, not of this one
        is_alone = _filled(cells) == 1 != _filled(self.header)
        self._block(_line(cells, [] if is_alone else self.header))
        self.is_before_data = self.is_before_data and is_alone

    def _block(self, text: str) -> None:
        self.writer.block(text, gap=self._gap)
        self._gap = LINE


def _line(cells: Sequence[str], header: Sequence[str]) -> str:
    named = zip_longest(header[: len(cells)], cells, fillvalue="")
    return _BORDER.join(f"{name}: {cell}" if name else cell for name, cell in named if cell)


def _filled(cells: Iterable[str]) -> int:
    return sum(map(bool, cells))


def _is_header(cells: list[str], below: Sequence[list[str]]) -> bool:
    data = next((row for row in below if any(row)), None)
    names = [cell for cell in cells if cell]
    if data is None or len(names) < 2 or len(set(names)) < len(names) or len(data) > len(cells) or _filled(data) < 2:
        return False
    if any(len(name) > _MAX_HEADER_CHARACTERS for name in names):
        return False
    words = [name for name in names if not _NUMBER.fullmatch(name)]
    if not words or not all(_YEAR.fullmatch(name) for name in names if name not in words):
        return False
    return len(names) > 2 or _has_numbers_below_words(cells, below)


def _has_numbers_below_words(cells: Sequence[str], below: Iterable[list[str]]) -> bool:
    pairs = chain.from_iterable(zip(cells, row, strict=False) for row in below)
    return any(_NUMBER.fullmatch(cell) and not _NUMBER.fullmatch(name) for name, cell in pairs if name)
