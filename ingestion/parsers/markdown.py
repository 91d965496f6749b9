"""Markdown files: the text stays as written, without what a reader of the page would not see."""

import re
from collections.abc import Iterator

from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.decoding import decode
from ingestion.parsers.parsed import Parsed, single_page
from ingestion.types import Heading

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?P<fields>(?:[^\n]*\n){0,200}?)(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"[\w-]+:( |$)")
_TITLE_FIELD = re.compile(r"^title:[ \t]*(?P<title>.+)$", re.MULTILINE)
_COMMENT_LINK = re.compile(r"\[[^\]]*\]:[ ]+(#|<>)([ ].*)?$")  # [//]: # (a comment in disguise)
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<title>.*))?$")
_CLOSING_MARKS = re.compile(r"(^|[ \t]+)#+$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)$")
_LONGEST_HEADING = 1_000  # characters; a longer line is no heading
_NO_PARAGRAPH = re.compile(r" {4}|\s*([-*+>|#]|\d+[.)] |$)")


def parse_markdown(content: bytes) -> Parsed:
    """The text without front matter and comments, and its `#` and underlined headings."""
    decoded, warnings = decode(content)
    body, title = _without_front_matter(clean(decoded))
    text = clean(_without_comments(body))
    return Parsed(text, single_page(text), tuple(_headings(text)), title, warnings)


def _without_front_matter(text: str) -> tuple[str, str]:
    """The text below the front matter, and the title that it gives."""
    found = _FRONT_MATTER.match(text)
    if not found or not _FIELD.match(found["fields"]):
        return text, ""
    title = _TITLE_FIELD.search(found["fields"])
    return text[found.end() :], one_line(title["title"]).strip("\"'") if title else ""


def _without_comments(text: str) -> str:
    """The lines outside comments; inside fenced code a comment is text."""
    kept, hidden = [], False
    for line, fenced in _fenced_lines(text):
        if not fenced or hidden:
            line, hidden = _visible(line, hidden)
        if fenced or not _COMMENT_LINK.match(line):
            kept.append(line)
    return "\n".join(kept)


def _visible(line: str, hidden: bool) -> tuple[str, bool]:
    """What of `line` is outside comments, and whether the next line starts inside one."""
    seen = []
    while line:
        mark = "-->" if hidden else "<!--"
        before, found, line = line.partition(mark)
        if not hidden:
            seen.append(before)
        hidden = hidden != bool(found)
    return "".join(seen), hidden


def _fenced_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a fenced code block."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if not fence:
            fence = found["fence"] if found else ""
            yield line, bool(fence)
            continue
        yield line, True
        if found and found["fence"].startswith(fence) and not line[found.end() :].strip():
            fence = ""


def _headings(text: str) -> Iterator[Heading]:
    offset, above = 0, ""  # `above`: the line before, while it can be a heading that waits for its underline
    for line, fenced in _fenced_lines(text):
        atx = None if fenced or len(line) > _LONGEST_HEADING else _ATX.match(line)
        if atx and (title := _plain(_CLOSING_MARKS.sub("", atx["title"] or ""))):
            yield Heading(len(atx["marks"]), title, offset)
        elif above and not fenced and _UNDERLINE.match(line) and (title := _plain(above)):
            yield Heading(1 if "=" in line else 2, title, offset - len(above) - 1)
        can_be_title = not fenced and len(line) <= _LONGEST_HEADING and not _UNDERLINE.match(line)
        above = line if can_be_title and not _NO_PARAGRAPH.match(line) else ""
        offset += len(line) + 1


_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_MARKS = re.compile(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1")


def _plain(title: str) -> str:
    """A heading's words without link targets and marks for bold and code."""
    return one_line(_MARKS.sub(r"\2", _LINK.sub(r"\1", title)))
