"""Source code and settings files: the text as it stands, with what they define as headings."""

import re

from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.decoding import decode
from ingestion.parsers.parsed import Parsed, Parser, single_page
from ingestion.types import Heading

_MAX_TITLE_CHARACTERS = 200
_JAVASCRIPT = (
    r"(?:export )?(?:default )?(?:declare )?(?:abstract )?(?:async )?"
    r"(?:function\*?|class|interface|enum|namespace|type) +[\w$]+|(?:export )?const [\w$]+ = (?:async )?(?:\(|function)"
)
# subtle: words are parted by blanks alone, or a line of stars would be split in endless ways
_C = (
    r"(?!(?:if|else|for|while|switch|return|typedef|using|case)\b)(?:[\w:*&<>,~]+ +)+[*&]*[\w:~]+\([^;]*$"
    r"|(?:class|struct|enum|union|namespace) \w+"
)
_JAVA = (
    r" {0,4}(?:(?:public|protected|private|static|final|abstract|sealed) )+"
    r"(?:[\w<>\[\], ?]+ )?\w+ ?(?:\(|\{|extends|implements|$).*"
)
# Suffix -> how a line begins that defines something; a suffix without one has no headings.
_DEFINITIONS: dict[str, str] = {
    ".py": r"(?:async )?def \w+|class \w+",
    ".js": _JAVASCRIPT,
    ".ts": _JAVASCRIPT,
    ".java": _JAVA,
    ".c": _C,
    ".cpp": _C,
    ".h": _C,
    ".go": r"func |type \w+ ",
    ".rs": r"(?:pub(?:\([^)]*\))? )?(?:async |unsafe |const )*(?:fn|struct|enum|trait|impl|mod|union)\b.*",
    ".rb": r"(?:def|class|module) .+",
    ".php": r"(?:abstract |final )*(?:function|class|interface|trait|enum) &?\w+",
    ".sh": r"(?:function )?[\w-]+ ?\(\)|function [\w-]+",
    ".sql": r"(?i:create|alter) +(?i:or +replace +)?(?i:table|view|function|procedure|index|trigger|type)\b.*",
    ".css": "",
    ".yaml": r"[\w.-]+:(?= |$)",
    ".yml": r"[\w.-]+:(?= |$)",
    ".toml": r"\[\[?[^\[\]]+\]\]?$",
    ".ini": r"\[[^\[\]]+\]$",
    ".xml": "",
}
CODE_SUFFIXES = tuple(_DEFINITIONS)


def code_parser(suffix: str) -> Parser:
    """The parser for one language. Its headings are the lines of top-level definitions; the text is unchanged."""
    definition = re.compile(_DEFINITIONS[suffix]) if _DEFINITIONS[suffix] else None

    def parse_code(content: bytes) -> Parsed:
        decoded, warnings = decode(content)
        text = clean(decoded)
        headings = tuple(_headings(text, definition)) if definition else ()
        return Parsed(text, single_page(text), headings, warnings=warnings)

    return parse_code


def _headings(text: str, definition: re.Pattern[str]) -> list[Heading]:
    found, offset = [], 0
    for line in text.split("\n"):
        if len(line) <= _MAX_TITLE_CHARACTERS and definition.match(line):
            found.append(Heading(2, one_line(line).rstrip(" {:(\\"), offset))
        offset += len(line) + 1
    return found
