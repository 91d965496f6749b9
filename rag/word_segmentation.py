"""What the keyword index takes for words, in any script.

- A run of letters and digits, as nearly all scripts write words.
- Of scripts without spaces between words, overlapping pairs of characters (Chinese, Japanese; Korean too, whose
  words carry their particles) or triples (Thai, Lao, Khmer, Burmese), the usual way without a dictionary.
- Besides its parts, an identifier as one word without its punctuation: "AX-400" also as "AX400", so that it is found
  whole, rare as it is, and however it is punctuated.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

SEGMENTATION_VERSION = 2  # raised with any change of the terms that a text becomes, here or in word_analysis.py
_MARKS = "".join(char for char in map(chr, range(0x300, 0x1E00)) if unicodedata.category(char)[0] == "M")
_IN_PAIRS = "\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_IN_TRIPLES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_RUN = re.compile(
    f"(?P<pairs>[{_IN_PAIRS}]+)|(?P<triples>[{_IN_TRIPLES}]+)"
    f"|(?P<word>(?![{_IN_PAIRS}{_IN_TRIPLES}])[^\\W_](?:(?![{_IN_PAIRS}{_IN_TRIPLES}])[^\\W_]|[{_MARKS}])*)"
)
_JOINED = re.compile(r"[a-zA-Z0-9]+(?:[-._/@:+#][a-zA-Z0-9]+)+")
_LONGEST = 64  # characters of an identifier: beyond that it is an address or noise, which nobody types


class Word(NamedTuple):
    """A word as it is indexed, before stemming, and the span of the text that it stands for."""

    form: str
    start: int
    end: int


def words(text: str) -> Iterator[Word]:
    """The words of a text in order, identifiers as a whole after all others.

    "Der AX-400 ist da" -> Der, AX, 400, ist, da, AX400
    """
    for match in _RUN.finditer(text):
        start, end = match.span()
        if match.lastgroup == "word":
            yield Word(unicodedata.normalize("NFKC", match.group()), start, end)
        else:
            size = min(end - start, 2 if match.lastgroup == "pairs" else 3)
            for place in range(start, end - size + 1):
                yield Word(unicodedata.normalize("NFKC", text[place : place + size]), place, place + size)
    for match in _JOINED.finditer(text):
        form = "".join(char for char in match.group() if char.isalnum())
        if _is_identifier(match.group(), form):
            yield Word(form, *match.span())


def _is_identifier(written: str, form: str) -> bool:
    """AX-400, 978-1-91466-384-0, 2024-11-05, ann@example.org, snake_case; neither and/or nor 2.5, which 25 would be."""
    if len(form) > _LONGEST:
        return False
    if form.isdigit():
        return len(form) > 5
    return any(char.isdigit() or char in "@_" for char in written)
