"""Where sentences begin and end. Rules, not a model: the same text always gives the same sentences."""

import re
from collections.abc import Iterator

# A stop, what closes after it, then white space; or a full-width stop, which needs none.
_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[”」』）]*")
# A blank line always ends a sentence; so does a line break before an indented line, a heading, list item or table row.
_BREAK = re.compile(r"\n(?:[ \t]*\n\s*|(?=[ \t]{2,}\S)|[ \t]*(?=(?:[-*•#|>]|\d{1,3}[.)])\s*\S))")
_BLOCK_LINE = re.compile(r"[ \t]*(?:[-*•#|>]|\d{1,3}[.)]\s|.*\s\|\s)")
_SHORT_LINE_CHARACTERS = 50  # a line this short was not wrapped by an editor: its author ended it
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr vs etc e.g i.e cf al fig no nr vol pp p ed eds approx dept est inc ltd co "
    "z.b d.h u.a bzw ca usw evtl ggf str tel".split()
)
# A German day and month: no stop inside it ends a sentence. A short month counts with its stop, or before a number.
_GERMAN_DATE = re.compile(
    r"(?<![\w.,])\d{1,2}\.\s+(?:"
    r"(?:Januar|Jänner|Februar|Feber|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"
    r"|(?:Jan|Jän|Feb|Mär|Mrz|Apr|Jun|Jul|Aug|Sept?|Okt|Nov|Dez)(?:\.(?:\s+\d)?|\s+\d))"
)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Spans (start, end) of the sentences of `text`, in order, white space around them left out.

    Together they hold every character that is not white space. Headings, list items and table rows are
    sentences of their own.
    """
    spans = []
    start = 0
    for end in [*_ends(text), len(text)]:
        sentence = text[start:end]
        stripped = sentence.strip()
        if stripped:
            begin = start + sentence.index(stripped[0])
            spans.append((begin, begin + len(stripped)))
        start = end
    return spans


def _ends(text: str) -> list[int]:
    ends = {match.end() for match in _STOP.finditer(text) if _is_stop(text, match)}
    ends.difference_update(*(range(date.start() + 1, date.end()) for date in _GERMAN_DATE.finditer(text)))
    ends.update(match.start() for match in _BREAK.finditer(text))
    ends.update(_line_ends(text))
    return sorted(ends)


def _is_stop(text: str, match: re.Match[str]) -> bool:
    if match.group()[0] != ".":
        return True
    following = text[match.end() : match.end() + 40].lstrip(" \t\n\"'“‘«([")
    if following[:1].islower():
        return False
    before = re.search(r"\S*$", text[max(0, match.start() - 20) : match.start()])
    word = before.group().lstrip("\"'“‘«([").lower() if before else ""
    is_initial = len(word) == 1 and word.isalpha()
    is_list_number = word.isdigit() and len(word) <= 3 and _starts_line(text, match.start() - len(word))
    return not (is_initial or is_list_number or word in _ABBREVIATIONS)


def _starts_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _line_ends(text: str) -> Iterator[int]:
    position = 0
    for line in text.splitlines(keepends=True):
        position += len(line)
        if line.endswith("\n") and (len(line.rstrip()) < _SHORT_LINE_CHARACTERS or _BLOCK_LINE.match(line)):
            yield position
