"""Bytes become a document, or a refusal in one sentence."""

import hashlib
import unicodedata
from pathlib import PurePosixPath

from ingestion import limits
from ingestion.errors import (
    DamagedFile,
    EmptyFile,
    FileRefused,
    FileTooLarge,
    NoText,
    UnsupportedType,
)
from ingestion.parsers import CODE_SUFFIXES, MEDIA_TYPES, PARSERS, Parsed
from ingestion.parsers.kinds import check_kind
from ingestion.types import Document

PARSER_VERSION = 3
"""Raised when the same bytes give another text than before: stored spans would no longer fit."""

_ID_DIGITS = 16
_MAX_NAME_CHARACTERS = 200


def parse(name: str, content: bytes) -> Document:
    """The document in `content`. `name` is data: only its last part is kept, and only to be shown.

    Raises:
        FileRefused: the file cannot be added; the message says why and what to do.

    """
    name = shown_name(name)
    try:
        suffix = _checked_suffix(name, content)
        parsed = _parsed(suffix, content)
        _check_text(parsed.text)
    except FileRefused as refusal:
        raise type(refusal)(f"{name} {refusal}.") from refusal.__cause__
    return Document(
        id=hashlib.sha256(content).hexdigest()[:_ID_DIGITS],
        name=name,
        media_type=MEDIA_TYPES[suffix],
        text=parsed.text,
        pages=parsed.pages,
        headings=parsed.headings,
        title=_title(parsed),
        warnings=parsed.warnings,
    )


def shown_name(name: str) -> str:
    r"""The last part of a path, without control characters: "C:\a\b.txt" -> "b.txt"."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(character for character in last if unicodedata.category(character)[0] != "C").strip()
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem[:_MAX_NAME_CHARACTERS]}{dot}{suffix[:_MAX_NAME_CHARACTERS]}" or "(no name)"


def _checked_suffix(name: str, content: bytes) -> str:
    """The suffix of `name` in lower case, once the bytes do not contradict it."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in PARSERS:
        documents = [supported for supported in PARSERS if supported not in CODE_SUFFIXES]
        raise UnsupportedType(
            f"is of the type {suffix or '(no suffix)'}, which cannot be read; supported are {', '.join(documents)} "
            "and source code"
        )
    if not content:
        raise EmptyFile("is empty: it has no bytes; check that it was saved or copied to its end")
    if len(content) > limits.MAX_FILE_BYTES:
        megabyte = 1024 * 1024
        raise FileTooLarge(
            f"has {len(content) / megabyte:.1f} MB, over the limit of {limits.MAX_FILE_BYTES // megabyte} MB; split it"
        )
    check_kind(suffix, content)
    return suffix


def _parsed(suffix: str, content: bytes) -> Parsed:
    try:
        return PARSERS[suffix](content)
    except FileRefused:
        raise
    except Exception as error:  # whatever a parser trips over, the other files must go on
        raise DamagedFile("could not be read to its end; open it where it was made and save it again") from error


def _check_text(text: str) -> None:
    if len(text) > limits.MAX_TEXT_CHARACTERS:
        raise FileTooLarge(
            f"has {len(text):,} characters of text, over the limit of {limits.MAX_TEXT_CHARACTERS:,}; split it"
        )
    if not any(character.isalnum() for character in text):
        raise NoText("holds no words; if its text is in pictures, run it through text recognition (OCR) first")


def _title(parsed: Parsed) -> str:
    """What a document calls itself; "" if it does not: a file's name is no part of what it says."""
    first = next((heading.title for heading in parsed.headings if heading.level == 1), "")
    return parsed.title or first
