"""PowerPoint presentations, read from their XML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingestion.errors import UnsupportedType
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.drawing_text import is_hidden, paragraph_text
from ingestion.parsers.package import read_parts
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.places import HIDDEN, on_places
from ingestion.parsers.relations import relations, targets
from ingestion.parsers.table_rows import write_rows
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter
from ingestion.parsers.xml_tree import Element, is_on, read_xml, text_of

_PRESENTATION = "ppt/presentation.xml"
_WANTED = re.compile(
    r"(ppt|docProps)/[^/]*\.xml|ppt/(slides|notesSlides|charts|diagrams|comments)/[^/]*\.xml|ppt/(\w+/)?_rels/[^/]*\.rels"
)
_TITLES = ("title", "ctrTitle")
_MARGINS = ("dt", "ftr", "sldNum", "hdr", "sldImg")  # they repeat on every slide
_LISTS = ("body", "obj", "")  # placeholders whose paragraphs are bullet points
_NOTES = "Notes:"
_LEAST_SIZE = 200  # hundredths of a point; nobody reads what is smaller
_FAR = 2**62
_GROUPS = ("grpSp", "AlternateContent", "Choice")


@dataclass(frozen=True, slots=True)
class _Slide:
    number: int
    name: str
    root: Element


def parse_pptx(content: bytes) -> Parsed:
    """A page for each slide: title as heading, text, tables, chart labels, then the speaker's notes after "Notes:".

    Hidden slides and shapes, tiny text and text beside the slide, comments, and what repeats on every slide (date,
    footer, number) are left out; a warning says so of slides, comments and what stands beside them. Pages are
    numbered as in the file, hidden slides counted.
    """
    parts = read_parts(content, _WANTED, ".pptx")
    if _PRESENTATION not in parts:
        raise UnsupportedType("is a zip archive, but no PowerPoint presentation; export it as .pptx")
    slides = list(_slides(parts))
    size = _size(parts)
    outside = [shape for slide in slides for shape in _take_out_unseen(slide.root, size)]
    writer = TextWriter()
    for slide in slides:
        if not _is_hidden_slide(slide):
            writer.page(slide.number)
            _write_slide(writer, parts, slide)
    core = parts.get("docProps/core.xml")
    title = text_of(read_xml(core).find("title")) if core else ""
    warnings = [*_warnings(parts, slides), *(["text beside the slides was left out"] if outside else [])]
    return writer.parsed(title=_own_title(title), warnings=tuple(warnings))


def _own_title(title: str) -> str:
    return "" if title.strip().casefold() in ("powerpoint presentation", "presentation") else title


def _slides(parts: Mapping[str, bytes]) -> Iterator[_Slide]:
    names = {relation.id: relation.target for relation in relations(parts, _PRESENTATION)}
    ids = [entry.get("r:id", "") for entry in read_xml(parts[_PRESENTATION]).iter("sldId")]
    for number, name in enumerate((names[id_] for id_ in ids if id_ in names), start=1):
        yield _Slide(number, name, read_xml(parts[name]))


def _size(parts: Mapping[str, bytes]) -> tuple[int, int]:
    """Width and height of the slides."""
    size = read_xml(parts[_PRESENTATION]).find("sldSz")
    return (_number(size, "cx"), _number(size, "cy")) if size is not None else (_FAR, _FAR)


def _number(element: Element, name: str) -> int:
    text = element.get(name, "0")
    return int(text) if text.lstrip("-").isdecimal() else 0


def _take_out_unseen(slide: Element, size: tuple[int, int]) -> list[Element]:
    """Take tiny text and the shapes beside the slide out of it; give back those shapes, if they have text."""
    for paragraph in slide.iter("p"):
        for run in paragraph.findall("r"):
            properties = run.find("rPr")
            if properties is not None and 0 < _number(properties, "sz") < _LEAST_SIZE:
                paragraph.remove(run)
    tree = slide.find("cSld/spTree")
    if tree is None:
        return []
    outside = [shape for shape in tree if _is_outside(shape, size)]
    for shape in outside:
        tree.remove(shape)
    return [shape for shape in outside if any(paragraph_text(paragraph).strip() for paragraph in shape.iter("p"))]


def _is_outside(shape: Element, size: tuple[int, int]) -> bool:
    place = shape.find("spPr/xfrm") if shape.tag == "sp" else None
    start, extent = (place.find("off"), place.find("ext")) if place is not None else (None, None)
    if start is None or extent is None:
        return False
    lows, lengths = (_number(start, "x"), _number(start, "y")), (_number(extent, "cx"), _number(extent, "cy"))
    sides = zip(lows, lengths, size, strict=True)
    return any(low >= whole or low + length <= 0 for low, length, whole in sides)


def _is_hidden_slide(slide: _Slide) -> bool:
    return not is_on(slide.root.get("show", "1"))


def _warnings(parts: Mapping[str, bytes], slides: Sequence[_Slide]) -> Iterator[str]:
    yield from on_places("slide", [slide.number for slide in slides if _is_hidden_slide(slide)], HIDDEN)
    if any(name.startswith("ppt/comments/") for name in parts):
        yield "comments were left out"


def _write_slide(writer: TextWriter, parts: Mapping[str, bytes], slide: _Slide) -> None:
    shapes = list(_shapes(slide.root))
    titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    for shape in titles:
        writer.heading(2, " ".join(paragraph_text(paragraph) for paragraph in shape.iter("p")))
    for shape in shapes:
        if shape not in titles:
            _write_shape(writer, shape)
    for name in targets(parts, slide.name, "diagramData"):
        _write_labels(writer, read_xml(parts[name]))
    for name in targets(parts, slide.name, "chart"):
        _write_chart(writer, read_xml(parts[name]))
    _write_notes(writer, parts, slide)


def _shapes(parent: Element) -> Iterator[Element]:
    """The visible shapes with text or a table, groups opened, in the order they are stacked."""
    for shape in parent:
        if is_hidden(shape):
            continue
        if shape.tag in ("cSld", "spTree", *_GROUPS):
            yield from _shapes(shape)
        elif shape.tag in ("sp", "graphicFrame") and _placeholder(shape) not in _MARGINS:
            yield shape


def _placeholder(shape: Element) -> str | None:
    """What the layout keeps the shape's place for: "title", "body", ...; None for a free shape."""
    found = shape.find("nvSpPr/nvPr/ph")
    return found.get("type", "") if found is not None else None


def _write_shape(writer: TextWriter, shape: Element) -> None:
    table = next(shape.iter("tbl"), None)
    if table is not None:
        write_rows(writer, [[_cell(cell) for cell in row.findall("tc")] for row in table.findall("tr")])
        return
    is_list = _placeholder(shape) in _LISTS
    gap = PARAGRAPH
    for paragraph in shape.iter("p"):
        text = paragraph_text(paragraph).strip()
        if text:
            writer.block(f"- {text}" if _is_item(paragraph, is_list) else text, gap=gap)
            gap = LINE


def _is_item(paragraph: Element, is_list: bool) -> bool:
    marks = {mark.tag for mark in paragraph.find("pPr") or ()}
    return "buNone" not in marks and (is_list or bool(marks & {"buChar", "buAutoNum"}))


def _cell(cell: Element) -> str:
    return one_line(" ".join(paragraph_text(paragraph) for paragraph in cell.iter("p")))


def _write_labels(writer: TextWriter, drawing: Element) -> None:
    """The texts of a diagram, each once; the titles of a chart."""
    labels = [one_line(paragraph_text(paragraph)) for paragraph in drawing.iter("p")]
    for label in dict.fromkeys(label for label in labels if label):
        writer.block(label, gap=LINE)


def _write_chart(writer: TextWriter, chart: Element) -> None:
    """The titles, then the numbers that the chart was drawn from: a row for each category, a column for each series."""
    _write_labels(writer, chart)
    series = list(chart.iter("ser"))
    columns = [_points(one, "val", "yVal") for one in series]
    categories = next((found for one in series if (found := _points(one, "cat", "xVal"))), {})
    names = ["", *(" ".join(_points(one, "tx").values()) for one in series)]
    numbers = sorted({number for points in (categories, *columns) for number in points})
    rows = [[points.get(number, "") for points in (categories, *columns)] for number in numbers]
    write_rows(writer, [names, *rows], first_is_header=True)


def _points(series: Element, *names: str) -> dict[int, str]:
    """Index -> text of the points of a part of a series, as they were stored."""
    points = (point for name in names for part in series.findall(name) for point in part.iter("pt"))
    return {int(point.get("idx", "0")): one_line(text_of(point.find("v"))) for point in points}


def _write_notes(writer: TextWriter, parts: Mapping[str, bytes], slide: _Slide) -> None:
    gap = PARAGRAPH
    for name in targets(parts, slide.name, "notesSlide"):
        for shape in _shapes(read_xml(parts[name])):
            for paragraph in shape.iter("p"):
                text = paragraph_text(paragraph).strip()
                if text:
                    writer.block(f"{_NOTES} {text}" if gap == PARAGRAPH else text, gap=gap)
                    gap = LINE
