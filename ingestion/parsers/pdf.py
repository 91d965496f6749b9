"""PDF files. Home of pypdfium2.

PDFium is not thread-safe: every call into it is made under `PDFIUM_LOCK`, page by page, so that nobody waits long.
Headers, footers and page numbers that repeat on three pages or more are left out of the text.
"""

import ctypes
import math
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice, pairwise
from statistics import median
from typing import Any, TypeAlias

import pypdfium2
import pypdfium2.raw as pdfium

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, NoText
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.ocr import INSTALL, find_recogniser, grey_picture, read_pictures
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.pdf_bomb import refuse_bomb
from ingestion.parsers.pdf_headings import OutlineEntry
from ingestion.parsers.pdf_layout import Line, recognised_lines
from ingestion.parsers.pdf_text import write_pages
from ingestion.parsers.places import on_places
from ingestion.parsers.progress import report

PDFIUM_LOCK = threading.RLock()

_Document: TypeAlias = Any  # pypdfium2 has no types
_Page: TypeAlias = Any
_TextPage: TypeAlias = Any

_DAMAGED = "is damaged; open it in a PDF reader and print it to a new PDF"
_PASSWORD_ERRORS = (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY)
_LINE = re.compile(
    r"(?P<text>[^\r\n\ufffe]+)(?P<hyphen>\ufffe)?"
)  # subtle: PDFium turns a hyphen and its line end into U+FFFE
_WORD = re.compile(r"\S+")
_LABEL = re.compile(r"|\W+|\W?[\divxlcIVXLC.]{1,8}\W?|\W?[a-zA-Z]\W")
_CELL_GAP = 1.0  # in font sizes; wider than a blank in justified text
_MAX_PIECES = 200
_LEADERS = re.compile(r"(?: ?[.·_…]){4,} ?")  # the dots from a title to its page number
_WHITE = 250  # of 255, in each colour
_LEAST_SIZE = 2.0  # points; nobody reads what is smaller
_MAX_PIXELS = 2_000_000
_MAX_OUTLINE = 5_000
_IS_PICTURE = ("is a picture: no text", "are pictures: no text")
_IS_RECOGNISED = (
    "is a picture: its text was recognised (OCR) and may have errors",
    "are pictures: their text was recognised (OCR) and may have errors",
)
_IS_LATE = (
    "is a picture: recognising its text takes too long; split the file",
    "are pictures: recognising their text takes too long; split the file",
)
_SCAN_SCALE = 200 / 72  # 200 dots to the inch
_MAX_SCAN_SIDE = 5_000  # pixels
_HAS_HIDDEN = ("has text that cannot be seen; it was left out", "have text that cannot be seen; it was left out")
_NO_TITLES = ("untitled", "unspecified", "anonymous")


def parse_pdf(content: bytes) -> Parsed:
    """The text, page by page; headings from the outline, else from the size of the type."""
    refuse_bomb(content)
    document = _open(content)
    try:
        pages, warnings = _read_pages(document)
        with PDFIUM_LOCK:
            outline, title = _outline(document), _title(document)
    except pypdfium2.PdfiumError as error:
        raise DamagedFile(_DAMAGED) from error
    finally:
        with PDFIUM_LOCK:
            document.close()
    if not any(pages):
        raise NoText(f"looks like a scan: its pages are pictures without text; {_way_out()}")
    return write_pages(pages, outline, title=title, warnings=warnings)


def _way_out() -> str:
    return "none was recognised in them either; scan it again, larger" if find_recogniser() else INSTALL


def _open(content: bytes) -> _Document:
    with PDFIUM_LOCK:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) in _PASSWORD_ERRORS:
                raise EncryptedFile("asks for a password; save a copy without one and add that") from error
            raise DamagedFile(_DAMAGED) from error
        count = len(document)
        if count > limits.MAX_PAGES:
            document.close()
            raise FileTooLarge(f"has {count:,} pages, over the limit of {limits.MAX_PAGES:,}; split it")
        return document


def _read_pages(document: _Document) -> tuple[list[list[Line]], tuple[str, ...]]:
    pages: list[list[Line]] = []
    pictures, hidden, characters = [], [], 0
    for number in range(1, len(document) + 1):
        report(number - 1, len(document))
        with PDFIUM_LOCK, closing(document[number - 1]) as page, closing(page.get_textpage()) as text_page:
            characters += text_page.count_chars()
            if characters > limits.MAX_TEXT_CHARACTERS:
                raise FileTooLarge(f"has over {limits.MAX_TEXT_CHARACTERS:,} characters of text; split it")
            found = list(_lines(text_page))
            pages.append(_seen(page, text_page, found))
            if not found and pdfium.FPDFPage_CountObjects(page):
                pictures.append(number)
        if len(pages[-1]) < len(found):
            hidden.append(number)
    return pages, (*_recognise(document, pages, pictures), *on_places("page", hidden, _HAS_HIDDEN))


def _recognise(document: _Document, pages: list[list[Line]], pictures: Sequence[int]) -> Iterator[str]:
    """Put recognised text on the pages that are pictures; give back the warnings."""
    recogniser = find_recogniser()
    if recogniser is None:
        yield from on_places("page", pictures, (f"{_IS_PICTURE[0]}; {INSTALL}", f"{_IS_PICTURE[1]}; {INSTALL}"))
        return
    texts = read_pictures(recogniser, (_scan(document, number) for number in pictures))
    read, late = [], []
    for number, text in zip(pictures, texts, strict=True):
        pages[number - 1] = recognised_lines(text or "")
        if text is None:
            late.append(number)
        elif pages[number - 1]:
            read.append(number)
    yield from on_places("page", read, _IS_RECOGNISED)
    yield from on_places("page", [number for number in pictures if number not in {*read, *late}], _IS_PICTURE)
    yield from on_places("page", late, _IS_LATE)


def _scan(document: _Document, number: int) -> bytes:
    """A picture of a page."""
    with PDFIUM_LOCK, closing(document[number - 1]) as page:
        longest = max(*page.get_size(), 1.0)
        pixels = page.render(scale=min(_SCAN_SCALE, _MAX_SCAN_SIDE / longest), grayscale=True).to_numpy()
        height, width = pixels.shape[:2]
        return grey_picture(width, height, pixels.tobytes())


def _lines(text_page: _TextPage) -> Iterator[tuple[Line, int, int]]:
    """Each line of text with the indices of its first and last character."""
    text = text_page.get_text_range(errors="ignore") if text_page.count_chars() else ""
    for found in _LINE.finditer(text):
        words = one_line(found["text"])
        if not words:
            continue
        start = found.start() + len(found["text"]) - len(found["text"].lstrip())
        end = found.start() + len(found["text"].rstrip()) - 1
        first, last = (pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, index) for index in (start, end))
        line = _line(text_page, words, first, last, is_hyphenated=bool(found["hyphen"]))
        if last - first == end - start and _has_gap(text_page, line, first, last):
            line = _with_cells(text_page, line, found["text"].strip(), first)
        yield line, first, last


def _line(text_page: _TextPage, words: str, first: int, last: int, *, is_hyphenated: bool) -> Line:
    turn = -float(pdfium.FPDFText_GetCharAngle(text_page, first))
    left, baseline = _turned(*_origin(text_page, first), turn)
    right = _right(text_page, last, turn)
    size = median(_size(text_page, index) for index in {first, (first + last) // 2, last})
    angle = round(math.degrees(-turn)) % 360
    row = _LEADERS.sub(" | ", words)
    return Line(row.strip(" |") or words, size, left, right, baseline, angle, is_hyphenated, is_row=row != words)


def _has_gap(text_page: _TextPage, line: Line, first: int, last: int) -> bool:
    """Whether the pieces that the line is drawn in stand wide apart; a quick look before `_with_cells`."""
    count = pdfium.FPDFText_CountRects(text_page, first, last - first + 1)
    if line.angle or not 1 < count <= _MAX_PIECES:
        return False
    pieces = sorted(_piece(text_page, index) for index in range(count))
    return any(right[0] - left[1] > _CELL_GAP * line.size for left, right in pairwise(pieces))


def _piece(text_page: _TextPage, index: int) -> tuple[float, float]:
    left, top, right, bottom = (ctypes.c_double() for _ in range(4))
    pdfium.FPDFText_GetRect(text_page, index, left, top, right, bottom)
    return left.value, right.value


def _with_cells(text_page: _TextPage, line: Line, text: str, first: int) -> Line:
    """`line` with " | " in the place of each wide gap, but for the one behind a leading number or bullet."""
    cells = [""]
    right = line.left
    for word in _WORD.finditer(text):
        left = _origin(text_page, first + word.start())[0]
        if left - right > _CELL_GAP * line.size and not (len(cells) == 1 and _LABEL.fullmatch(cells[0])):
            cells.append("")
        cells[-1] = f"{cells[-1]} {word[0]}".strip()
        right = _right(text_page, first + word.end() - 1, 0.0)
    return replace(line, text=one_line(" | ".join(cells)), is_row=len(cells) > 1)


def _origin(text_page: _TextPage, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
    return x.value, y.value


def _corners(text_page: _TextPage, index: int) -> list[tuple[float, float]]:
    box = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text_page, index, box)
    return [(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]


def _right(text_page: _TextPage, index: int, turn: float) -> float:
    return max(_turned(x, y, turn)[0] for x, y in _corners(text_page, index))


def _turned(x: float, y: float, angle: float) -> tuple[float, float]:
    cosine, sine = math.cos(angle), math.sin(angle)
    return x * cosine - y * sine, x * sine + y * cosine


def _size(text_page: _TextPage, index: int) -> float:
    """The size of the type in points, as scaled by the page."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text_page, index, matrix)
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    return float(pdfium.FPDFText_GetFontSize(text_page, index)) * scale


def _seen(page: _Page, text_page: _TextPage, lines: Sequence[tuple[Line, int, int]]) -> list[Line]:
    """The lines without those that are too small to be seen, or white where the page is white as well."""
    white = [_is_white(text_page, first) for _, first, _ in lines]
    picture = _picture(page) if any(white) else None
    return [
        line
        for is_white, (line, first, last) in zip(white, lines, strict=True)
        if not (0 < line.size < _LEAST_SIZE or (is_white and _is_blank(picture, page, text_page, first, last)))
    ]


def _is_white(text_page: _TextPage, index: int) -> bool:
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    pdfium.FPDFText_GetFillColor(text_page, index, red, green, blue, alpha)
    return min(red.value, green.value, blue.value) >= _WHITE


def _picture(page: _Page) -> Any:  # noqa: ANN401  an array (height, width, 1)
    width, height = page.get_size()
    return page.render(scale=min(1.0, math.sqrt(_MAX_PIXELS / max(width * height, 1.0))), grayscale=True).to_numpy()


def _is_blank(picture: Any, page: _Page, text_page: _TextPage, first: int, last: int) -> bool:  # noqa: ANN401
    """Whether nothing but white is where the characters `first` to `last` stand."""
    height, width = picture.shape[:2]
    spots = [_pixel(page, x, y, width, height) for index in (first, last) for x, y in _corners(text_page, index)]
    columns, rows = zip(*spots, strict=True)
    area = picture[max(min(rows), 0) : max(rows) + 1, max(min(columns), 0) : max(columns) + 1]
    return area.size == 0 or bool(area.min() >= _WHITE)


def _pixel(page: _Page, x: float, y: float, width: int, height: int) -> tuple[int, int]:
    column, row = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, column, row)
    return column.value, row.value


def _outline(document: _Document) -> list[OutlineEntry]:
    entries = []
    for bookmark in islice(document.get_toc(), _MAX_OUTLINE):
        destination = bookmark.get_dest()
        page = destination.get_index() if destination else None
        if page is not None:
            entries.append(OutlineEntry(bookmark.level + 1, one_line(bookmark.get_title()), page, _top(destination)))
    return entries


def _top(destination: Any) -> float | None:  # noqa: ANN401
    """How high on its page a bookmark points, if it says so."""
    mode, position = destination.get_view()
    return position[1] if mode == pdfium.PDFDEST_VIEW_XYZ and len(position) > 1 else None


def _title(document: _Document) -> str:
    title = one_line(document.get_metadata_value("Title"))
    return "" if title.casefold() in _NO_TITLES else title
