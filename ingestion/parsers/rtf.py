"""RTF documents."""

import re

from ingestion.parsers.office import rtf_nodes
from ingestion.parsers.office_nodes import write_node
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import TextWriter

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]+)(?P<number>-?\d+)? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|[{}]|[^\\{}]+", re.DOTALL
)
_UNSEEN = (b"v", b"deleted")
_MARGINS = re.compile(rb"(header|footer)[lrf]?|annotation|atn\w+")  # they repeat on every page, or are comments
_CHARACTER = b"u"
_BINARY = b"bin"


def parse_rtf(content: bytes) -> Parsed:
    """Paragraphs, tables and footnotes. The format has no pages, and headings cannot be told from bold lines.

    Hidden and deleted text, comments, headers and footers are left out.
    """
    nodes, title = rtf_nodes(_visible(content))
    writer = TextWriter()
    for node in nodes:
        if node["content"]["node_type"] != "image":
            write_node(writer, node, nodes)
    return writer.parsed(title=title)


def _visible(content: bytes) -> bytes:
    """`content` without the words that a reader does not see; all else stays, so that its groups still close."""
    kept: list[bytes] = []
    groups: list[tuple[bool, bool]] = []  # (words are hidden, the whole group is)
    hidden, margin, position = False, False, 0
    while found := _TOKEN.match(content, position):
        token, word = found[0], found["word"]
        position = found.end()
        if token == b"{":
            groups.append((hidden, margin))
        elif token == b"}":
            hidden, margin = groups.pop() if groups else (False, False)
        elif word == _BINARY:
            position += max(int(found["number"] or 0), 0)
            continue
        elif word:
            hidden, margin = _state(word, found["number"], hidden), margin or bool(_MARGINS.fullmatch(word))
        is_text = token not in b"{}" and word in (None, _CHARACTER)
        if not (is_text and (hidden or margin)):
            kept.append(token)
    return b"".join(kept)


def _state(word: bytes, number: bytes | None, hidden: bool) -> bool:
    if word in _UNSEEN:
        return number != b"0"
    return hidden and word != b"plain"
