"""Text as the rest of the program may rely on: one kind of newline, no invisible characters, no needless blanks."""

import re

_NEWLINES = re.compile(r"\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f"  # control characters
    r"\u00ad\u200b\u2060\ufeff\ufffe\uffff"  # soft hyphen, zero width, byte order mark, no characters at all
    r"\u202a-\u202e\u2066-\u2069"  # they reverse the text that follows, so that it reads unlike what it says
    r"\ud800-\udfff"  # half of a pair: cannot be written to a file
    r"\U000e0000-\U000e007f]"  # tags: a second, unseen alphabet
)
_BLANK_LINES = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    r"""`text` with newlines as "\n", no trailing blanks, at most one empty line in a row, none at the ends."""
    text = _INVISIBLE.sub("", _NEWLINES.sub("\n", text))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")


def one_line(text: str) -> str:
    """`text` cleaned and on one line: a title, a heading, a table cell."""
    return " ".join(clean(text).split())
