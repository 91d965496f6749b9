"""HTML pages, as a reader sees them: no scripts, no hidden elements, no navigation, no link targets."""

import re
from html import unescape

from ingestion.errors import NoText
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.decoding import decode
from ingestion.parsers.office import html_markdown
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_CHARSET_BYTES = 4_096  # subtle: the standard says 1,024, real pages put comments before it
_TITLE = re.compile(r"<title\b[^<>]*>(?P<title>[^<]*)</title\s*>", re.IGNORECASE)
_HEAD_FIELDS = re.compile(r"<(?:meta|base|link)\b[^<>]*>", re.IGNORECASE)
_SKIP_LINK = re.compile(r"<a\b[^<>]{0,500}?href=[\"']?#[^<>]{0,500}>\s*skip\b[^<>]*</a>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = ("title", "svg", "iframe", "template", "noscript", "object")

_HEADING = re.compile(r"(?P<marks>#{1,6}) (?P<title>.*)")
_ROW = re.compile(r"\|.*\|$")
_RULE_OF_ROWS = re.compile(r"\|(?: *:?-+:? *\|)+$")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_CAPTION = re.compile(r"\*(?P<words>.*[^\\])\*$")  # of a table; a star of the page's own is escaped
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")  # of an open <svg>; a bracket of the page's own is escaped
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def parse_html(content: bytes) -> Parsed:
    """The page as Markdown-like text: `## Title`, `- item`, `cell | cell`."""
    declared = _CHARSET.search(content[:_CHARSET_BYTES])
    page, warnings = decode(content, declared[1].decode("ascii") if declared else "")
    title = _TITLE.search(page)
    markdown = html_markdown(_body(page).encode("utf-8", errors="replace"))
    if not markdown.strip() and _TAG.sub("", page).strip():
        raise NoText("shows no text: all of it is hidden, or nested too deeply; save the page as text and add that")
    writer = TextWriter()
    _write(writer, markdown)
    return writer.parsed(title=one_line(unescape(title["title"])) if title else "", warnings=warnings)


def _body(page: str) -> str:
    """`page` without the fields of its head and without elements that are no text of it."""
    for name in _UNSEEN:
        page = _without(page, name)
    return _SKIP_LINK.sub("", _HEAD_FIELDS.sub("", page))


def _without(page: str, name: str) -> str:
    """`page` without the elements `name`; one that is not closed stays, for a typing slip must not cost the page."""
    opening, closing = re.compile(rf"<{name}\b", re.IGNORECASE), re.compile(rf"</{name}\s*>", re.IGNORECASE)
    kept, position = [], 0
    while (start := opening.search(page, position)) and (end := closing.search(page, start.end())):
        kept.append(page[position : start.start()])
        position = end.end()
    return "".join([*kept, page[position:]])


def _write(writer: TextWriter, markdown: str) -> None:
    """Turn the marks that kreuzberg set into ours, line by line; fenced code stays as it is."""
    gap, fenced = PARAGRAPH, False
    for line in _PICTURE.sub("", markdown).split("\n"):
        line = line.rstrip()
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            writer.block(line, gap=gap)
        elif found := _HEADING.match(line):
            writer.heading(len(found["marks"]), _unescaped(found["title"]))
        elif found := _CAPTION.match(line):
            writer.block(_unescaped(found["words"]), gap=gap)
        elif not _RULE_OF_ROWS.match(line):
            writer.block(_row(line) if _ROW.match(line) else _unescaped(line), gap=gap)
        gap = LINE if line else PARAGRAPH


def _row(line: str) -> str:
    cells = [_unescaped(cell) for cell in _CELL_BORDER.split(line)[1:-1]]
    return " | ".join(one_line(cell) for cell in cells)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)
