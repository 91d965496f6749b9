"""What crosses the wall, and what is believed of it.

The child is not trusted once it has looked into a file: nothing is unpickled, every number and word is checked, and
the name and the id of a document are never its to say.
"""

import hashlib
import json
import re
import struct
from typing import Any

from ingestion import limits
from ingestion.errors import FileRefused
from ingestion.types import Document, Heading, Page

JOB = struct.Struct("!IQ")  # bytes of the name, bytes of the content; both follow
FRAME = struct.Struct("!cI")  # one of the kinds below, bytes of what follows
NAME, PROGRESS, REFUSAL, TEXT, FACTS = b"N", b"P", b"R", b"T", b"F"

ORDER = struct.Struct("!cI")  # FORK, with the end of a socket, or END and the number of a child
FORK, END = b"F", b"E"
FORKED = struct.Struct("!I")  # the number of the new child
ENDED = struct.Struct("!iQ")  # wait status, most bytes of memory it held at a time
READY = struct.Struct("!I")  # said once: the bytes of a list of suffixes, which follows

_MAX_NAME = 500
_MAX_MESSAGE = 2_000
_MAX_WARNINGS = 10_000
_MAX_PAGE_NUMBER = 10_000_000
MOST_BYTES = {
    NAME: 4 * _MAX_NAME,
    PROGRESS: 100,
    REFUSAL: 8 * _MAX_MESSAGE,
    TEXT: 4 * limits.MAX_TEXT_CHARACTERS,
    FACTS: 32 * 1024 * 1024,
}
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,150}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_ID_DIGITS = 16
_REFUSALS = {kind.__name__: kind for kind in FileRefused.__subclasses__()}


class UnbelievableAnswer(ValueError):
    """What the child said cannot be true."""


def facts_of(document: Document) -> bytes:
    """All of a document but its text, its name and its id."""
    facts = {
        "media_type": document.media_type,
        "title": document.title,
        "warnings": document.warnings,
        "pages": [(page.number, page.start, page.end) for page in document.pages],
        "headings": [(heading.level, heading.title, heading.start) for heading in document.headings],
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def document_from(name: str, content: bytes, text: bytes, facts: bytes) -> Document:
    """The document, once nothing about it is wrong. Raises UnbelievableAnswer."""
    try:
        words, said = text.decode(), json.loads(facts)
        return Document(
            id=hashlib.sha256(content).hexdigest()[:_ID_DIGITS],
            name=name,
            media_type=_media_type(said["media_type"]),
            text=words,
            pages=_pages(said["pages"], len(words)),
            headings=_headings(said["headings"], len(words)),
            title=_line(said["title"]),
            warnings=tuple(_line(warning) for warning in _list(said["warnings"], _MAX_WARNINGS)),
        )
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnbelievableAnswer("the document makes no sense") from error


def said_refusal(refusal: FileRefused) -> bytes:
    """A refusal on its way to the parent."""
    return json.dumps([type(refusal).__name__, str(refusal)[:_MAX_MESSAGE]]).encode()


def refusal_from(name: str, said: bytes) -> FileRefused:
    """The refusal that the child speaks of; it begins with the name. Raises UnbelievableAnswer."""
    try:
        kind, message = json.loads(said)
        _need(_line(message).startswith(f"{name} "))
        return _REFUSALS[kind](message)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnbelievableAnswer("the refusal makes no sense") from error


def said_progress(done: int, total: int) -> bytes:
    """How far the parser is."""
    return json.dumps([done, total]).encode()


def progress_from(said: bytes) -> tuple[int, int]:
    """(done, total). Raises UnbelievableAnswer."""
    try:
        done, total = json.loads(said)
        return _whole(done, 0, _MAX_PAGE_NUMBER), _whole(total, done, _MAX_PAGE_NUMBER)
    except (ValueError, TypeError) as error:
        raise UnbelievableAnswer("the progress makes no sense") from error


def name_from(said: bytes) -> str:
    """The name as it is shown. Raises UnbelievableAnswer."""
    try:
        return _line(said.decode())
    except ValueError as error:
        raise UnbelievableAnswer("the name makes no sense") from error


def said_name(name: str) -> bytes:
    """A name on its way, whatever is in it."""
    return name.encode("utf-8", errors="surrogatepass")


def heard_name(said: bytes) -> str:
    """What `said_name` said."""
    return said.decode("utf-8", errors="surrogatepass")


def _pages(said: Any, length: int) -> tuple[Page, ...]:  # noqa: ANN401  from JSON
    pages = tuple(
        Page(None if number is None else _whole(number, 0, _MAX_PAGE_NUMBER), _whole(start, 0, length), end)
        for number, start, end in _list(said, limits.MAX_HEADINGS)
    )
    starts = [page.start for page in pages]
    _need(bool(pages) and starts[0] == 0 and _whole(pages[-1].end, 0, length) == length)
    _need(starts[1:] == [page.end for page in pages[:-1]] and starts == sorted(starts))
    return pages


def _headings(said: Any, length: int) -> tuple[Heading, ...]:  # noqa: ANN401
    headings = tuple(
        Heading(_whole(level, 1, 6), _line(title), _whole(start, 0, length))
        for level, title, start in _list(said, limits.MAX_HEADINGS)
    )
    starts = [heading.start for heading in headings]
    _need(starts == sorted(starts))
    return headings


def _media_type(said: Any) -> str:  # noqa: ANN401
    _need(isinstance(said, str) and _MEDIA_TYPE.fullmatch(said) is not None)
    return str(said)


def _line(said: Any) -> str:  # noqa: ANN401
    _need(isinstance(said, str) and len(said) <= limits.MAX_TEXT_CHARACTERS and not _CONTROLS.search(said))
    return str(said)


def _whole(said: Any, least: int, most: int) -> int:  # noqa: ANN401
    _need(type(said) is int and least <= said <= most)  # subtle: True is an int, but not of this type
    return int(said)


def _list(said: Any, most: int) -> list[Any]:  # noqa: ANN401
    _need(isinstance(said, list) and len(said) <= most)
    return list(said)


def _need(holds: bool) -> None:
    if not holds:
        raise UnbelievableAnswer("the answer makes no sense")
