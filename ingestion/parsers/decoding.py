"""Bytes become characters. Home of charset-normalizer."""

import codecs

from charset_normalizer import from_bytes

from ingestion.errors import UnsupportedType

# subtle: the mark of UTF-32-LE begins with the mark of UTF-16-LE, so the longer ones are tried first
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAMPLE_BYTES = 100_000
_GUESS_BYTES = 20_000
_ONE_SIDE = 0.95  # share of zero bytes on one side of the pairs that makes it UTF-16
_DAMAGED = 0.02  # share of bytes that may be wrong in what is still UTF-8
_WESTERN = "cp1252"
_REPLACED = "\ufffd"
_MAX_ZEROS = 0.3
_MAX_CONTROLS = 0.05
_TEXT_CONTROLS = frozenset("\t\n\v\f\r\x1a\x1b\x85")


def decode(content: bytes, declared: str = "") -> tuple[str, tuple[str, ...]]:
    """The text in `content` and what the reader should be warned of.

    Tried in turn: byte order mark, UTF-32 and UTF-16 without one, UTF-8, the `declared` encoding, UTF-8
    with a few wrong bytes, a guess.

    Raises:
        UnsupportedType: the bytes are no text.

    """
    text, warning = _decoded(content, declared)
    _refuse_binary(text)
    return text, (warning,) if warning else ()


def _decoded(content: bytes, declared: str) -> tuple[str, str]:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), ""
    for encoding in (_wide_encoding(content), "utf-8", declared):
        try:
            return content.decode(encoding), ""
        except (LookupError, ValueError):  # none, unknown, or not this one
            continue
    text = content.decode("utf-8", errors="replace")
    wrong = text.count(_REPLACED)
    if wrong <= _DAMAGED * len(content) and any(character > "\x7f" and character != _REPLACED for character in text):
        return text, f"{wrong} of its characters could not be read as UTF-8 and are shown as {_REPLACED}"
    return _guessed(content)


def _guessed(content: bytes) -> tuple[str, str]:
    sample = content[:_GUESS_BYTES]
    best = from_bytes(sample).best()
    encoding = best.encoding if best is not None else _WESTERN
    if sample.decode(encoding, errors="replace") == sample.decode(_WESTERN, errors="replace"):
        encoding = _WESTERN  # of those that read the sample alike it is the most used
    text = content.decode(encoding, errors="replace")
    return text, f"the file does not name its encoding; it was read as {encoding}"


def _wide_encoding(content: bytes) -> str:
    """The wide encoding whose zero bytes lie as they do in `content`; "" if none fits."""
    sample = content[: _SAMPLE_BYTES // 4 * 4]
    zeros = [sample[offset::4].count(0) for offset in range(4)]
    quarter = len(sample) // 4
    if not any(zeros) or len(content) % 2:
        return ""
    if quarter and len(content) % 4 == 0 and min(zeros[0], zeros[1]) > _ONE_SIDE * quarter:
        return "utf-32-be"
    if quarter and len(content) % 4 == 0 and min(zeros[2], zeros[3]) > _ONE_SIDE * quarter:
        return "utf-32-le"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if max(even, odd) < _ONE_SIDE * (even + odd):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _refuse_binary(text: str) -> None:
    sample = text[:_SAMPLE_BYTES]
    zeros = sample.count("\0")
    controls = sum(character < " " and character not in _TEXT_CONTROLS for character in sample) - zeros
    if zeros > _MAX_ZEROS * len(sample) or controls > _MAX_CONTROLS * len(sample):
        raise UnsupportedType("holds bytes that are no text; add the document that it was made from")
