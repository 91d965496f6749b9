"""Bytes become characters."""

import pytest

from ingestion.errors import UnsupportedType
from ingestion.parsers.decoding import decode

GERMAN = "Die Rückgabe ist innerhalb von 30 Tagen möglich. "
JAPANESE = "返品は三十日以内に受け付けます。\n" * 20


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("text", [GERMAN, JAPANESE], ids=["German", "Japanese"])
def test_decode_unicode(text: str, encoding: str) -> None:
    """Unicode is read without a warning, with a byte order mark or without."""
    assert decode(text.encode(encoding)) == (text, ())


@pytest.mark.parametrize(
    ("text", "encoding"), [(GERMAN * 9, "cp1252"), (JAPANESE, "shift_jis")], ids=["German", "Japanese"]
)
def test_decode_guess(text: str, encoding: str) -> None:
    """An older encoding is guessed, and the reader is told."""
    decoded, warnings = decode(text.encode(encoding))
    assert decoded == text
    assert len(warnings) == 1
    assert "it was read as" in warnings[0]


def test_decode_declared() -> None:
    """A declared encoding is believed if the bytes are not UTF-8."""
    assert decode("Привет".encode("koi8-r"), "koi8-r") == ("Привет", ())
    assert decode("Привет".encode(), "koi8-r") == ("Привет", ())


@pytest.mark.parametrize("declared", ["no-such", "", "utf-16", "rot13"])
def test_decode_wrong_declaration(declared: str) -> None:
    """A declaration that is unknown or wrong does no harm."""
    text, _ = decode(GERMAN.encode("cp1252") * 9, declared)
    assert "Rückgabe" in text


def test_decode_few_wrong_bytes() -> None:
    """UTF-8 with a damaged byte stays UTF-8; the damage shows."""
    text, warnings = decode(GERMAN.encode() * 4 + b"\xff")
    assert text == GERMAN * 4 + "\ufffd"
    assert warnings == ("1 of its characters could not be read as UTF-8 and are shown as \ufffd",)


def test_decode_zero_bytes_in_text() -> None:
    """Zero bytes between words do not make a text binary or UTF-16."""
    assert decode(b"before\0after\0" * 50)[0].startswith("before\0after")


@pytest.mark.parametrize("content", [bytes(range(256)) * 20, b"a\0\0\0\0" * 99, b"\x01\x02\x03\x04"])
def test_decode_binary(content: bytes) -> None:
    """Bytes that are no text are refused."""
    with pytest.raises(UnsupportedType, match="no text; add the document"):
        decode(content)
