"""OpenDocument files: text (ODT), presentations (ODP) and spreadsheets (ODS), read from their XML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ingestion import limits
from ingestion.errors import EncryptedFile, UnsupportedType
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.delimited import table_warnings
from ingestion.parsers.package import read_parts
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.places import HIDDEN, on_places
from ingestion.parsers.table_rows import write_rows
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter
from ingestion.parsers.xml_tree import Element, read_xml, text_of

_CONTENT = "content.xml"
_WANTED = re.compile(r"([^/]+/)?content\.xml|meta\.xml|META-INF/manifest\.xml")
_NO_TEXT = frozenset(("tracked-changes", "annotation", "annotation-end", "ruby-text", "desc", "forms", "hidden-text"))
_BLANKS = {"tab": "\t", "line-break": "\n"}
_MAX_BLANKS = 100  # that one element may stand for
_BLOCKS = frozenset(("p", "h", "list", "table"))
_OBJECT = "object"
_TITLE = "title"
_POINTS = re.compile(r"(\d+(?:\.\d+)?)pt")
_LEAST_POINTS = 2.0  # nobody reads what is smaller
_WHITE = "#ffffff"
_NO_GROUND = "transparent"
_MARGINS = ("footer", "date-time", "page-number", "header")  # they repeat on every slide
_HIDDEN = ("collapse", "filter")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is known while a file is read: its parts, what was left out, and the styles that hide."""

    parts: Mapping[str, bytes]
    warnings: list[str]
    hidden_styles: frozenset[str]
    unseen_styles: frozenset[str] = frozenset()  # but not on the dark ground that a cell or slide may have

    def hides(self, element: Element) -> bool:
        """Whether the style of a paragraph or of words in it hides them."""
        return element.get("style-name") in self.hidden_styles | self.unseen_styles


def parse_odt(content: bytes) -> Parsed:
    """Headings, paragraphs, lists, tables, text boxes and notes, as if all changes were accepted.

    Deleted text, comments and hidden sections are left out, and a warning says so; so is text that is hidden,
    white on white or tiny. The format has no pages.
    """
    root, reading, title = _open(content, ".odt")
    reading = replace(reading, unseen_styles=frozenset(_unseen_styles(root)))
    writer = TextWriter()
    body = root.find("body/text")
    if body is None:
        raise UnsupportedType("is an OpenDocument file, but no text; name it by its kind or export it as .odt")
    _write_blocks(writer, body, reading)
    return writer.parsed(title=title, warnings=tuple(reading.warnings))


def parse_odp(content: bytes) -> Parsed:
    """A page for each slide, then its notes after "Notes:"; hidden slides and comments are left out with a warning."""
    root, reading, title = _open(content, ".odp")
    writer = TextWriter()
    hidden = []
    for number, slide in enumerate(root.iterfind("body/presentation/page"), start=1):
        if slide.get("style-name") in reading.hidden_styles:
            hidden.append(number)
        else:
            writer.page(number)
            _write_slide(writer, slide, reading)
    reading.warnings.extend(on_places("slide", hidden, HIDDEN))
    return writer.parsed(title=title, warnings=tuple(reading.warnings))


def parse_ods(content: bytes) -> Parsed:
    """A page for each sheet; hidden sheets, rows and columns, and comments are left out with a warning."""
    root, reading, title = _open(content, ".ods")
    writer = TextWriter()
    hidden = []
    for number, sheet in enumerate(root.iterfind("body/spreadsheet/table"), start=1):
        if sheet.get("style-name") in reading.hidden_styles:
            hidden.append(sheet.get("name", ""))
        else:
            writer.page(number)
            _write_sheet(writer, sheet, reading)
    if hidden:
        reading.warnings.append(f"hidden sheets were left out: {', '.join(hidden)}")
    return writer.parsed(title=title, warnings=tuple(reading.warnings))


def _open(content: bytes, suffix: str) -> tuple[Element, _Reading, str]:
    """The content, what is left out of it, and the title."""
    parts = read_parts(content, _WANTED, suffix)
    _refuse_encrypted(parts)
    if _CONTENT not in parts:
        raise UnsupportedType(f"is a zip archive, but no OpenDocument file; export it as {suffix}")
    root = read_xml(parts[_CONTENT])
    title = text_of(read_xml(parts["meta.xml"]).find("meta/title")) if "meta.xml" in parts else ""
    return root, _Reading(parts, list(_left_out(root)), frozenset(_hidden_styles(root))), title


def _refuse_encrypted(parts: Mapping[str, bytes]) -> None:
    if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
        raise EncryptedFile("asks for a password; save a copy without one and add that")


def _left_out(root: Element) -> Iterator[str]:
    if root.find(".//tracked-changes//deletion") is not None:
        yield "deleted text was left out"
    if root.find(".//annotation") is not None:
        yield "comments were left out"
    if root.find(".//section[@display='none']") is not None:
        yield "hidden sections were left out"


def _hidden_styles(root: Element) -> Iterator[str]:
    for style in root.iter("style"):
        for properties in style:
            if properties.get("visibility") == "hidden" or properties.get("display") in ("none", "false"):
                yield style.get("name", "")


def _unseen_styles(root: Element) -> Iterator[str]:
    """The styles of a text whose letters are white on no ground of their own, or too small to be seen."""
    for style in root.iter("style"):
        for letters in style.findall("text-properties"):
            size = _POINTS.fullmatch(letters.get("font-size", ""))
            is_white = letters.get("color", "").lower() == _WHITE
            has_ground = any(part.get("background-color", _NO_GROUND) != _NO_GROUND for part in style)
            if (is_white and not has_ground) or (size and float(size[1]) < _LEAST_POINTS):
                yield style.get("name", "")


def _write_blocks(writer: TextWriter, parent: Element, reading: _Reading) -> None:
    for block in parent:
        if block.tag in ("h", "p") and reading.hides(block):
            continue
        if block.tag == "h":
            writer.heading(int(block.get("outline-level", "1")), _text(block, reading))
            _write_boxes(writer, block, reading)
        elif block.tag == "p":
            writer.block(_text(block, reading))
            _write_boxes(writer, block, reading)
        elif block.tag == "list":
            _write_list(writer, block, reading)
        elif block.tag == "table":
            _write_table(writer, block, reading)
        elif block.tag not in _NO_TEXT and block.get("display") != "none":
            _write_blocks(writer, block, reading)


def _write_boxes(writer: TextWriter, paragraph: Element, reading: _Reading) -> None:
    """The text boxes, charts and notes that hang on a paragraph, after it."""
    for element in _boxes(paragraph):
        if element.tag == _OBJECT:
            _write_chart(writer, element, reading)
        else:
            _write_blocks(writer, element, reading)


def _write_chart(writer: TextWriter, chart: Element, reading: _Reading) -> None:
    """The numbers that a chart is drawn from."""
    part = reading.parts.get(f"{chart.get('href', '').removeprefix('./')}/{_CONTENT}")
    if part is not None:
        for table in read_xml(part).iterfind("body/chart//table"):
            _write_table(writer, table, reading)


def _boxes(parent: Element) -> Iterator[Element]:
    for element in parent:
        if element.tag in ("text-box", "note-body", "custom-shape", _OBJECT):
            yield element
        elif element.tag not in _NO_TEXT:
            yield from _boxes(element)


def _text(element: Element, reading: _Reading) -> str:
    """The words of a paragraph, without those of what hangs on it."""
    pieces = [element.text or ""]
    for inner in element:
        if inner.tag == "s":
            pieces.append(" " * min(int(inner.get("c", "1")), _MAX_BLANKS))
        elif inner.tag in _BLANKS:
            pieces.append(_BLANKS[inner.tag])
        elif not _is_apart(inner, reading):
            pieces.append(_text(inner, reading))
        pieces.append(inner.tail or "")
    return "".join(pieces)


def _is_apart(element: Element, reading: _Reading) -> bool:
    if element.tag == "span":
        return reading.hides(element)
    return element.tag in _NO_TEXT or element.tag in ("frame", "note", "custom-shape", "text-box", _OBJECT)


def _write_list(writer: TextWriter, list_: Element, reading: _Reading, depth: int = 0) -> None:
    gap = LINE if depth else PARAGRAPH
    for item in list_:
        mark = "- "
        for block in item:
            if block.tag == "list":
                _write_list(writer, block, reading, depth + 1)
            elif block.tag in ("p", "h"):
                text = one_line(_text(block, reading))
                if text:
                    writer.block(f"{mark}{text}", gap=gap)
                    mark, gap = "", LINE
                _write_boxes(writer, block, reading)
            gap = LINE


def _write_table(writer: TextWriter, table: Element, reading: _Reading) -> None:
    on_any_ground = replace(reading, unseen_styles=frozenset())
    write_rows(writer, [[_cell(cell, on_any_ground) for cell in _cells(row)] for row in _rows(table)])


def _rows(table: Element) -> Iterator[Element]:
    for row in table:
        if row.tag == "table-row":
            yield row
        elif row.tag in ("table-header-rows", "table-row-group", "table-rows"):
            yield from _rows(row)


def _cells(row: Element) -> list[Element]:
    return [cell for cell in row if cell.tag in ("table-cell", "covered-table-cell")]


def _cell(cell: Element, reading: _Reading) -> str:
    texts = [_text(block, reading) for block in _cell_blocks(cell)]
    shown = one_line(" ".join(text for text in texts if text.strip()))
    kind = cell.get("value-type")
    return cell.get("date-value", "").replace("T", " ") or shown if kind == "date" else shown


def _cell_blocks(cell: Element) -> Iterator[Element]:
    for block in cell:
        if block.tag in ("p", "h"):
            yield block
        elif block.tag not in _NO_TEXT:
            yield from _cell_blocks(block)


def _write_slide(writer: TextWriter, slide: Element, reading: _Reading) -> None:
    notes = slide.findall("notes")
    for frame in slide:
        if frame.get("class") == _TITLE:
            writer.heading(2, " ".join(_text(block, reading) for block in frame.iter("p")))
    for frame in slide:
        if frame not in notes and frame.get("class") not in (_TITLE, *_MARGINS):
            _write_frame(writer, frame, reading)
    for frame in (frame for note in notes for frame in note if frame.get("class") == "notes"):
        text = "\n".join(_text(block, reading) for block in frame.iter("p"))
        writer.block(f"Notes: {text}" if text.strip() else "")


def _write_frame(writer: TextWriter, frame: Element, reading: _Reading) -> None:
    """A frame, shape or group of a slide: its blocks, wherever they stand in it."""
    if frame.tag in _BLOCKS:
        holder = frame.__class__("holder")
        holder.append(frame)
        _write_blocks(writer, holder, reading)
    elif frame.tag not in _NO_TEXT:
        for inner in frame:
            _write_frame(writer, inner, reading)


def _write_sheet(writer: TextWriter, sheet: Element, reading: _Reading) -> None:
    name = sheet.get("name", "")
    rows = list(_sheet_rows(sheet, reading))
    if not any(any(row) for row in rows):
        return
    writer.heading(2, name)
    write_rows(writer, rows[: limits.MAX_TABLE_ROWS])
    has_more = len(rows) > limits.MAX_TABLE_ROWS
    reading.warnings.extend(table_warnings(name, columns=0, has_more_rows=has_more))
    if any(part.get("visibility") in _HIDDEN for part in sheet.iter()):
        reading.warnings.append(f"hidden rows or columns of sheet {name} were left out")


def _sheet_rows(sheet: Element, reading: _Reading) -> Iterator[Sequence[str]]:
    hidden = _hidden_columns(sheet)
    for row in _rows(sheet):
        if row.get("visibility") in _HIDDEN:
            continue
        cells: list[str] = []
        for cell in _cells(row):
            text = _cell(cell, reading)
            count = int(cell.get("number-columns-repeated", "1"))
            cells += [text] * min(count, max(limits.MAX_TABLE_COLUMNS - len(cells), 0))
        cells = ["" if number in hidden else cell for number, cell in enumerate(cells)]
        repeated = int(row.get("number-rows-repeated", "1")) if any(cells) else 1
        for _ in range(min(repeated, limits.MAX_TABLE_ROWS)):
            yield cells


def _hidden_columns(sheet: Element) -> set[int]:
    hidden: set[int] = set()
    number = 0
    for column in sheet.iter("table-column"):
        count = int(column.get("number-columns-repeated", "1"))
        if column.get("visibility") in _HIDDEN:
            hidden.update(range(number, min(number + count, limits.MAX_TABLE_COLUMNS)))
        number += count
    return hidden
