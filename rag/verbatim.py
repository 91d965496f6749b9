"""Finding words as they stand in a text, whatever was done to their line breaks, quotes and Markdown."""

from collections.abc import Iterator

_SAME = {ord(character): "'" for character in "‘’‚′"} | {ord(character): '"' for character in "“”„«»″"}
_SAME |= {ord(character): "-" for character in "‐‑‒–—−"}
# Markdown's escapes and emphasis, and characters without width: left out on both sides.
_LEFT_OUT = frozenset("\\*_`~\u00ad\u200b\u200c\u200d\u2060\ufeff")


class Folded:
    """A text in which quotations are looked up; positions found are those of the text as it was."""

    def __init__(self, text: str) -> None:
        pairs = list(_fold(text))
        self._text = "".join(character for character, _ in pairs)
        self._positions = [position for _, position in pairs]

    def find(self, quotation: str) -> tuple[int, int] | None:
        """The span (start, end) of the first place that reads like `quotation`, in whole words; None if none does.

        Case, white space, Markdown escapes and emphasis, and the shapes of quotes and dashes make no difference.
        """
        wanted = "".join(character for character, _ in _fold(quotation)).strip()
        start = self._text.find(wanted) if wanted else -1
        while start >= 0:
            end = start + len(wanted)
            if self._is_word_edge(start) and self._is_word_edge(end):
                return self._positions[start], self._positions[end - 1] + 1
            start = self._text.find(wanted, start + 1)
        return None

    def _is_word_edge(self, position: int) -> bool:
        return not (
            self._text[max(0, position - 1) : position].isalnum() and self._text[position : position + 1].isalnum()
        )


def _fold(text: str) -> Iterator[tuple[str, int]]:
    """The folded characters of `text`, each with the position that it comes from."""
    after_space = True
    for position, character in enumerate(text):
        if character in _LEFT_OUT:
            continue
        if character.isspace():
            if not after_space:
                yield " ", position
            after_space = True
            continue
        after_space = False
        for folded in character.translate(_SAME).casefold():
            yield folded, position
