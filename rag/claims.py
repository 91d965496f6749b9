"""The sentences of an answer and the passages that each of them cites."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingestion.sentences import sentence_spans

_MARK = re.compile(r"[ \t]*(?<!\\)\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
_LIST_MARKER = re.compile(r"(?:[-*•+>]|\d{1,3}\\?[.)])\s+")


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of an answer, without its marks and list marker; `quotation` is how it may begin earlier.

    `numbers` are those of its marks, in order, each once. `paragraph` tells which sentences stand together.
    """

    text: str
    numbers: tuple[int, ...]
    start: int  # in the answer without marks
    end: int
    paragraph: int


def drop_invented_marks(answer: str, passages: int) -> str:
    """`answer` without the numbers in its marks that are not 1 to `passages`."""

    def valid(mark: re.Match[str]) -> str:
        numbers = [number for number in _numbers(mark) if 1 <= number <= passages]
        if len(numbers) == len(_numbers(mark)):
            return mark.group()
        space = mark.group()[: mark.group().index("[")]
        return f"{space}[{', '.join(map(str, numbers))}]" if numbers else ""

    return _MARK.sub(valid, answer)


def split_claims(answer: str) -> tuple[str, list[Claim]]:
    """The answer without its marks, and its sentences; headings and sentences without a letter are left out.

    A mark belongs to the sentence that it stands in or follows; at the beginning of a line, to the one it precedes.
    """
    plain, marks = _without_marks(answer)
    spans = [span for span in sentence_spans(plain) if _is_claim(plain[slice(*span)])]
    cited: dict[int, list[int]] = {index: [] for index in range(len(spans))}
    for position, numbers in marks:
        owner = _owner(position, plain, spans)
        if owner is not None:
            cited[owner].extend(numbers)
    return plain, [_claim(plain, span, tuple(dict.fromkeys(cited[index]))) for index, span in enumerate(spans)]


def _numbers(mark: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", mark.group(1))]


def _without_marks(answer: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """The answer without marks, and for each mark its place there and its numbers."""
    parts: list[str] = []
    marks: list[tuple[int, list[int]]] = []
    length = last = 0
    for mark in _MARK.finditer(answer):
        part = answer[last : mark.start()]
        parts.append(part)
        length += len(part)
        marks.append((length, _numbers(mark)))
        last = mark.end()
    return "".join([*parts, answer[last:]]), marks


def _is_claim(sentence: str) -> bool:
    return not sentence.startswith("#") and any(character.isalpha() for character in sentence)


def _owner(position: int, plain: str, spans: list[tuple[int, int]]) -> int | None:
    """The index of the span that a mark at `position` belongs to."""
    line_start = plain.rfind("\n", 0, position) + 1
    begins_line = not plain[line_start:position].strip() and plain[position:].split("\n", 1)[0].strip()
    if begins_line:
        return next((index for index, (start, _) in enumerate(spans) if start >= position), None)
    return max((index for index, (start, _) in enumerate(spans) if start < position), default=None)


def _claim(plain: str, span: tuple[int, int], numbers: Iterable[int]) -> Claim:
    start, end = span
    marker = _LIST_MARKER.match(plain, start, end)
    if marker and marker.end() < end:
        start = marker.end()
    return Claim(plain[start:end], tuple(numbers), start, end, len(re.findall(r"\n\s*\n", plain[:start])))
