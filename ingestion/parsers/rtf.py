"""RTF documents."""

import re
from collections.abc import Set
from dataclasses import dataclass, replace

from ingestion.parsers.office import rtf_nodes
from ingestion.parsers.office_nodes import write_node
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import TextWriter

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]+)(?P<number>-?\d+)? ?|\\'[0-9a-fA-F]{2}|\\[^a-zA-Z]|[{}]|[^\\{}]+", re.DOTALL
)
_UNSEEN = (b"v", b"deleted")
_MARGINS = re.compile(rb"(header|footer)[lrf]?|annotation|atn\w+")  # they repeat on every page, or are comments
_DARK_GROUND = (b"cb", b"chcbpat", b"highlight", b"trowd", b"intbl", b"clcbpat")  # behind these white may be seen
_COLOURS = re.compile(rb"\{\\colortbl([^{}]*)\}")
_WHITE = re.compile(rb"\\red255\s*\\green255\s*\\blue255")
_LEAST_HALF_POINTS = 4  # font size; nobody reads what is smaller
_CHARACTER = b"u"
_BINARY = b"bin"


def parse_rtf(content: bytes) -> Parsed:
    """Paragraphs, tables and footnotes. The format has no pages, and headings cannot be told from bold lines.

    Hidden, deleted, white and tiny text, comments, headers and footers are left out.
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
    white = _white_colours(content)
    state, groups, position = _SEEN, list[_State](), 0
    while found := _TOKEN.match(content, position):
        token, word = found[0], found["word"]
        position = found.end()
        if token == b"{":
            groups.append(state)
        elif token == b"}":
            state = groups.pop() if groups else _SEEN
        elif word == _BINARY:
            position += max(int(found["number"] or 0), 0)
            continue
        elif word:
            state = state.after(word, int(found["number"] or 1), white)
        is_text = token not in b"{}" and word in (None, _CHARACTER)
        if state.is_seen or not is_text:
            kept.append(token)
    return b"".join(kept)


@dataclass(frozen=True, slots=True)
class _State:
    """How the words of a group are shown."""

    hidden: bool = False
    white: bool = False
    tiny: bool = False
    aside: bool = False  # the whole group is a header, footer or comment

    @property
    def is_seen(self) -> bool:
        return not (self.hidden or self.white or self.tiny or self.aside)

    def after(self, word: bytes, number: int, white: Set[int]) -> "_State":
        """The state behind a control word."""
        if word in _UNSEEN:
            return replace(self, hidden=number != 0)
        if word == b"plain":
            return replace(self, hidden=False, white=False, tiny=False)
        if word == b"cf":
            return replace(self, white=number in white)
        if word == b"fs":
            return replace(self, tiny=number < _LEAST_HALF_POINTS)
        if word in _DARK_GROUND:
            return replace(self, white=False)
        return replace(self, aside=True) if _MARGINS.fullmatch(word) else self


_SEEN = _State()


def _white_colours(content: bytes) -> set[int]:
    """The numbers of the colours that are white."""
    table = _COLOURS.search(content)
    colours = table[1].split(b";") if table else []
    return {number for number, colour in enumerate(colours) if _WHITE.search(colour)}
