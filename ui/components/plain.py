"""Words that others wrote, made safe for places that render markdown: labels, captions, answers.

Streamlit's markdown loads remote pictures, in labels too, so nothing untrusted goes there but through this file.
"""

import re
import unicodedata

PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
ADDRESS = re.compile(r"(?i)(://|www\.|@)")
SIGN = re.compile(r"\\[!-/:-@\[-`{-~]|[`\[\]$<:]")
"""What would begin code, a link, a picture, a formula, a tag or a directive of Streamlit; or is escaped already."""

ZERO_WIDTH_SPACE = "\u200b"


def visible(text: str) -> str:
    """The text on one line, without control characters and those that turn the reading direction."""
    kept = "".join(" " if unicodedata.category(letter) in {"Cc", "Cf", "Zl", "Zp"} else letter for letter in text)
    return " ".join(kept.split())


def shortened(text: str, length: int) -> str:
    """The text, cut in the middle when it is longer than `length`: the end of a file name tells its type."""
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1]}…{text[-tail:]}"


def plain(text: str, *, length: int = 200) -> str:
    r"""Markdown that shows the text as it is: `a*b.md` -> `a\*b\.md`."""
    cut = shortened(visible(text), length)
    parts = (PUNCTUATION.sub(r"\\\1", part) for part in ADDRESS.split(cut))
    return ZERO_WIDTH_SPACE.join(parts)  # an address in two halves is not made a link


class Calmer:
    """Makes streamed markdown harmless piece by piece: emphasis, lists and code stay, nothing loads or links."""

    def __init__(self) -> None:
        self._in_code = False
        self._held = ""

    def feed(self, piece: str) -> str:
        """The next piece, calmed. A backslash at its end waits for the sign that it escapes."""
        text = self._held + piece
        backslashes = len(text) - len(text.rstrip("\\"))
        self._held = "\\" if backslashes % 2 else ""
        return SIGN.sub(self._calm, ADDRESS.sub(rf"{ZERO_WIDTH_SPACE}\1", text.removesuffix(self._held)))

    def _calm(self, match: re.Match[str]) -> str:
        sign = match.group()
        if sign.endswith("`") and (self._in_code or sign == "`"):
            self._in_code = not self._in_code
            return sign
        if self._in_code:  # here a backslash would show: a picture's `![` is broken by a character without width
            return sign.replace("[", f"{ZERO_WIDTH_SPACE}[")
        return sign if sign.startswith("\\") else f"\\{sign}"


def calm_markdown(text: str) -> str:
    """A whole text, calmed as `Calmer` does."""
    return Calmer().feed(text)
