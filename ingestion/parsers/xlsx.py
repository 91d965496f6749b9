"""Excel workbooks: XLSX and XLSM. Read from their XML; macros are neither read nor run."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree

from ingestion import limits
from ingestion.errors import DamagedFile, UnsupportedType
from ingestion.parsers.delimited import table_warnings
from ingestion.parsers.drawing_text import shape_texts
from ingestion.parsers.package import DAMAGED, read_parts
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.relations import relations, targets
from ingestion.parsers.table_rows import write_rows
from ingestion.parsers.writer import TextWriter
from ingestion.parsers.xlsx_values import NumberFormats
from ingestion.parsers.xml_tree import Element, is_on, read_xml, text_of

_WORKBOOK = "xl/workbook.xml"
_WANTED = re.compile(
    r"(xl|docProps)/[^/]*\.xml|xl/(worksheets|drawings|comments|threadedComments)/[^/]*\.xml|(xl/|xl/\w+/)_rels/[^/]*\.rels"
)
_COLUMN = re.compile(r"[A-Z]{1,3}")
_BOOLEANS = {"1": "TRUE", "0": "FALSE"}
_MAX_ROW_GAP = 1  # empty rows between two tables say no more than one does


@dataclass(slots=True)
class _LeftOut:
    """Counts of what a sheet has and the text has not."""

    cells: int = 0
    widest: int = 0
    formulas: int = 0
    has_more_rows: bool = False


@dataclass(frozen=True, slots=True)
class _Book:
    parts: Mapping[str, bytes]
    strings: list[str]
    formats: NumberFormats


def parse_xlsx(content: bytes) -> Parsed:
    """A page for each sheet: its name as heading, then its rows, each value with the name of its column.

    Formulas give the value that was stored with them; dates are written as 2024-12-31. Text boxes follow the rows.
    Hidden sheets, rows and columns, cells that show nothing, and comments are left out, and a warning says so.
    """
    parts = read_parts(content, _WANTED, ".xlsx")
    if _WORKBOOK not in parts:
        raise UnsupportedType("is a zip archive, but no Excel workbook; export it as .xlsx")
    workbook = read_xml(parts[_WORKBOOK])
    properties = workbook.find("workbookPr")
    styles = read_xml(parts["xl/styles.xml"]) if "xl/styles.xml" in parts else None
    is_1904 = properties is not None and is_on(properties.get("date1904"))
    book = _Book(parts, _strings(parts), NumberFormats(styles, is_1904=is_1904))
    writer = TextWriter()
    warnings = _write_sheets(writer, book, workbook)
    return writer.parsed(title=_title(parts), warnings=warnings)


def _title(parts: Mapping[str, bytes]) -> str:
    core = parts.get("docProps/core.xml")
    return text_of(read_xml(core).find("title")) if core else ""


def _strings(parts: Mapping[str, bytes]) -> list[str]:
    """The texts that cells refer to by number; readings in small type (furigana) are left out."""
    if "xl/sharedStrings.xml" not in parts:
        return []
    return [_rich_text(item) for item in read_xml(parts["xl/sharedStrings.xml"]).iter("si")]


def _rich_text(item: Element) -> str:
    return "".join(text.text or "" for path in ("t", "r/t") for text in item.findall(path))


def _write_sheets(writer: TextWriter, book: _Book, workbook: Element) -> tuple[str, ...]:
    names = {relation.id: relation.target for relation in relations(book.parts, _WORKBOOK)}
    warnings: list[str] = []
    hidden: list[str] = []
    for number, sheet in enumerate(workbook.iter("sheet"), start=1):
        title, part = sheet.get("name", ""), names.get(sheet.get("r:id", ""), "")
        if sheet.get("state", "visible") != "visible":
            hidden.append(title)
        elif part:
            writer.page(number)
            warnings += _write_sheet(writer, book, title, part)
    if hidden:
        warnings.insert(0, f"hidden sheets were left out: {', '.join(hidden)}")
    return tuple(warnings)


def _write_sheet(writer: TextWriter, book: _Book, title: str, part: str) -> list[str]:
    rows, left_out = _SheetRows(book, book.parts[part]), _LeftOut()
    texts = [text for name in targets(book.parts, part, "drawing") for text in shape_texts(read_xml(book.parts[name]))]
    lines = list(rows.read(left_out))
    if not texts and not any(any(line) for line in lines):
        return []
    writer.heading(2, title)
    write_rows(writer, lines)
    for text in texts:
        writer.block(text)
    return _warnings(title, left_out, has_comments=bool(_comments(book.parts, part)))


def _comments(parts: Mapping[str, bytes], part: str) -> list[str]:
    return targets(parts, part, "comments") + targets(parts, part, "threadedComment")


def _warnings(title: str, left_out: _LeftOut, *, has_comments: bool) -> list[str]:
    found = []
    if left_out.cells:
        found.append(f"hidden cells of sheet {title} were left out")
    if has_comments:
        found.append(f"comments of sheet {title} were left out")
    if left_out.formulas:
        found.append(f"{left_out.formulas:,} formulas of sheet {title} have no stored value")
    return [*found, *table_warnings(title, columns=left_out.widest, has_more_rows=left_out.has_more_rows)]


class _SheetRows:
    """The rows of one sheet as they are shown. Read as a stream: a sheet may be larger than the memory."""

    def __init__(self, book: _Book, content: bytes) -> None:
        self._book = book
        self._content = content
        self._hidden: set[int] = set()

    def read(self, left_out: _LeftOut) -> Iterator[list[str]]:
        """Each visible row, with an empty one for a gap; counts in `left_out` what is not given back."""
        above = 0
        for count, row in enumerate(self._rows()):
            if count >= limits.MAX_TABLE_ROWS:
                left_out.has_more_rows = True
                return
            number = int(row.get("r") or above + 1)
            if number > above + _MAX_ROW_GAP:
                yield []
            above = number
            if is_on(row.get("hidden")):
                left_out.cells += any(cell.find("v") is not None for cell in row)
            else:
                yield self._cells(row, left_out)

    def _rows(self) -> Iterator[Element]:
        try:
            for _, element in ElementTree.iterparse(BytesIO(self._content)):  # noqa: S314  no DOCTYPE gets here
                element.tag = element.tag.rpartition("}")[2]
                if element.tag == "col" and is_on(element.get("hidden")):
                    self._hide(element)
                elif element.tag == "row":
                    yield element
                    element.clear()
        except (ElementTree.ParseError, LookupError, ValueError) as error:
            raise DamagedFile(DAMAGED) from error

    def _hide(self, columns: Element) -> None:
        first, last = int(columns.get("min", "1")), int(columns.get("max", "0"))
        self._hidden.update(range(first, min(last, limits.MAX_TABLE_COLUMNS) + 1))

    def _cells(self, row: Element, left_out: _LeftOut) -> list[str]:
        cells: list[str] = []
        column = 0
        for cell in row:
            column = _column(cell.get("r", "")) or column + 1
            left_out.widest = max(left_out.widest, column)
            text = self._text(cell, left_out) if column <= limits.MAX_TABLE_COLUMNS else ""
            if text and (column in self._hidden or self._book.formats.hides(cell.get("s"))):
                left_out.cells += 1
            elif text:
                cells += [""] * (column - len(cells))
                cells[column - 1] = text
        return cells

    def _text(self, cell: Element, left_out: _LeftOut) -> str:
        kind, value = cell.get("t", "n"), text_of(cell.find("v"))
        if kind == "inlineStr":
            inline = cell.find("is")
            return _rich_text(inline) if inline is not None else ""
        if not value:
            left_out.formulas += cell.find("f") is not None and kind != "str"
            return ""
        if kind == "s":
            return self._shared(value)
        if kind == "b":
            return _BOOLEANS.get(value, value)
        return self._book.formats.shown(value, cell.get("s")) if kind == "n" else value

    def _shared(self, index: str) -> str:
        return self._book.strings[int(index)] if int(index) < len(self._book.strings) else ""


def _column(reference: str) -> int:
    """The number of a cell's column: "B7" -> 2; 0 without a reference."""
    found = _COLUMN.match(reference)
    number = 0
    for letter in found[0] if found else "":
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
