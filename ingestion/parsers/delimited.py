"""Tables as text: CSV and TSV."""

import csv
from collections.abc import Iterator

from ingestion import limits
from ingestion.errors import DamagedFile
from ingestion.parsers.cleaning import clean
from ingestion.parsers.decoding import decode
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.table_rows import cut_columns, write_rows
from ingestion.parsers.writer import TextWriter

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 50
_LONGEST_CELL = 1_000_000  # characters; the usual limit of 131,072 refuses honest files


def parse_csv(content: bytes) -> Parsed:
    """One line a row, each value with the name of its column; the first row has the names.

    Raises:
        DamagedFile: a cell goes on for a million characters, as behind a quote that is never closed.

    """
    return _parse(content, "")


def parse_tsv(content: bytes) -> Parsed:
    """The same for columns parted by tabs."""
    return _parse(content, "\t")


def _parse(content: bytes, delimiter: str) -> Parsed:
    decoded, warnings = decode(content)
    lines = clean(decoded).split("\n")
    reader = _Rows(lines, delimiter or _delimiter(lines[:_SAMPLE_LINES]))
    writer = TextWriter()
    write_rows(writer, reader, first_is_header=True)
    return writer.parsed(warnings=warnings + reader.warnings())


class _Rows:
    """The rows within the limits, and what was left out."""

    def __init__(self, lines: list[str], delimiter: str) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._columns = 0
        self._has_more = False

    def __iter__(self) -> Iterator[list[str]]:
        csv.field_size_limit(_LONGEST_CELL)
        reader = csv.reader((f"{line}\n" for line in self._lines), delimiter=self._delimiter, skipinitialspace=True)
        try:
            for number, row in enumerate(reader):
                if number >= limits.MAX_TABLE_ROWS:
                    self._has_more = True
                    return
                self._columns = max(self._columns, len(row))
                yield list(cut_columns(row))
        except csv.Error as error:
            raise DamagedFile(
                f"cannot be read as a table from line {reader.line_num:,} on: is a quote not closed?; "
                "save it again as CSV"
            ) from error

    def warnings(self) -> tuple[str, ...]:
        """What the limits left out."""
        return table_warnings("", columns=self._columns, has_more_rows=self._has_more)


def table_warnings(sheet: str, *, columns: int, has_more_rows: bool) -> tuple[str, ...]:
    """What the limits left out of a sheet, as warnings."""
    of = f" of sheet {sheet}" if sheet else ""
    found = []
    if has_more_rows:
        found.append(f"only the first {limits.MAX_TABLE_ROWS:,} rows{of} were read")
    if columns > limits.MAX_TABLE_COLUMNS:
        found.append(f"only the first {limits.MAX_TABLE_COLUMNS:,} of {columns:,} columns{of} were read")
    return tuple(found)


def _delimiter(lines: list[str]) -> str:
    """The delimiter that parts most lines into the same number of cells, more than one; else a comma."""

    def agreement(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(counts), key=lambda count: (counts.count(count), count), default=1)
        return (counts.count(usual), usual) if usual > 1 else (0, 0)

    try:
        return max(_DELIMITERS, key=agreement)
    except csv.Error:
        return ","
