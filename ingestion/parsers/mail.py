"""E-mail messages: EML, and MSG as Outlook saves it."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath

from ingestion import limits
from ingestion.errors import DamagedFile, FileRefused, FileTooLarge
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.decoding import decode
from ingestion.parsers.html import parse_html
from ingestion.parsers.kinds import check_kind
from ingestion.parsers.parsed import Parsed, single_page
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter

_SHOWN = ("From", "To", "Cc", "Subject", "Date")
_HEADER = re.compile(rb"^(?:[!-9;-~]+:|>?From )")
_FORWARDED = "message/rfc822"
_MESSAGES = (".eml", ".msg")


def parse_eml(content: bytes) -> Parsed:
    """The message on page 1: From, To, Cc, Subject and Date as lines, then its text, or its HTML if it has no text.

    Each attachment of a supported type follows on a page of its own, headed "Attachment: name" and parsed like a
    file; so does an attached message, but what is attached to that is only named. Attachments that cannot be
    read, are too large or too many are named in a warning. Pictures shown inside the message are left out.
    """
    message = _message(content)
    parts = sum(1 for _ in message.walk())
    if parts > limits.MAX_ARCHIVE_PARTS:
        raise FileTooLarge(f"holds {parts:,} parts, over the limit of {limits.MAX_ARCHIVE_PARTS:,}; split it")
    writer = TextWriter()
    writer.page(1)
    warnings = _write_message(writer, message)
    for number, attachment in enumerate(_attachments(message), start=1):
        writer.page(number + 1)
        warnings += _write_attachment(writer, attachment, number)
    return writer.parsed(title=_header(message, "Subject"), warnings=tuple(warnings))


def _message(content: bytes) -> EmailMessage:
    start = content.lstrip()[:1_000]
    if not _HEADER.match(start):
        text, _ = decode(content)
        content = text.lstrip("\ufeff").encode("utf-8")
        if not _HEADER.match(content.lstrip()):
            raise DamagedFile("is no e-mail: it begins without From, To or Subject; save it again as .eml")
    return message_from_bytes(content.lstrip(), policy=default)


def _write_message(writer: TextWriter, message: EmailMessage) -> list[str]:
    gap = PARAGRAPH
    for name in _SHOWN:
        value = _header(message, name)
        if value:
            writer.block(f"{name}: {value}", gap=gap)
            gap = LINE
    body = _body(message)
    if body is None:
        return []
    parsed = _parsed_body(body)
    writer.embed(parsed, below=1)
    return list(parsed.warnings)


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
        if name == "Date" and value:
            return f"{parsedate_to_datetime(value):%Y-%m-%d %H:%M %z}".strip()
    except (ValueError, TypeError, IndexError, AttributeError, LookupError):  # what the parser meets in broken headers
        value = next((str(text) for key, text in message.raw_items() if key.lower() == name.lower()), "")
    return one_line(value)


def _body(message: EmailMessage) -> EmailMessage | None:
    """The first text part that is no attachment, else the first HTML part."""
    parts = [part for part in _inner(message) if not _is_attachment(part)]
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and _bytes(part).strip():
                return part
    return None


def _inner(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts of a message, without those of the messages attached to it."""
    if message.is_multipart() and message.get_content_type() != _FORWARDED:
        for part in message.get_payload():
            if isinstance(part, EmailMessage):
                yield from _inner(part)
    else:
        yield message


def _is_attachment(part: EmailMessage) -> bool:
    return part.get_content_disposition() == "attachment" or bool(_name(part)) or part.get_content_type() == _FORWARDED


def _name(part: EmailMessage) -> str:
    return one_line(part.get_filename() or "").replace("\\", "/").rsplit("/", 1)[-1]


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in _inner(message):
        is_picture_inside = part.get_content_maintype() == "image" and part.get("Content-ID") is not None
        if part is not message and _is_attachment(part) and not is_picture_inside:
            yield part


def _bytes(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _parsed_body(part: EmailMessage) -> Parsed:
    if part.get_content_type() == "text/html":
        return parse_html(_bytes(part))
    text, warnings = decode(_bytes(part), part.get_content_charset() or "")
    return Parsed(text, single_page(text), warnings=warnings)


def _write_attachment(writer: TextWriter, part: EmailMessage, number: int) -> list[str]:
    if part.get_content_type() == _FORWARDED:
        return _write_forwarded(writer, part)
    name = _name(part) or f"attachment {number}"
    try:
        parsed = _parsed_attachment(name, _bytes(part), number)
    except FileRefused as refusal:
        return [f"the attachment {name} was left out: it {refusal}"]
    writer.heading(2, f"Attachment: {name}")
    writer.embed(parsed, below=2)
    return [f"{name}: {warning}" for warning in parsed.warnings]


def _write_forwarded(writer: TextWriter, part: EmailMessage) -> list[str]:
    inner = next((inner for inner in part.get_payload() if isinstance(inner, EmailMessage)), None)
    if inner is None:
        return []
    writer.heading(2, f"Attachment: {_header(inner, 'Subject') or 'message'}")
    names = [_name(attachment) or "message" for attachment in _attachments(inner)]
    unread = [f"attachments of an attached message were left out: {', '.join(names)}"] if names else []
    return _write_message(writer, inner) + unread


def _parsed_attachment(name: str, content: bytes, number: int) -> Parsed:
    from ingestion.parsers import PARSERS  # subtle: not above, for the registry imports this file

    suffix = PurePosixPath(name).suffix.lower()
    if number > limits.MAX_ATTACHMENTS:
        raise FileRefused(f"is one of more than {limits.MAX_ATTACHMENTS}")
    if len(content) > limits.MAX_ATTACHMENT_BYTES:
        raise FileRefused(f"is over the limit of {limits.MAX_ATTACHMENT_BYTES // (1024 * 1024)} MB")
    if not content or suffix not in PARSERS or suffix in _MESSAGES:
        raise FileRefused("is empty, or of a type that is not read here")
    check_kind(suffix, content)
    try:
        return PARSERS[suffix](content)
    except FileRefused:
        raise
    except Exception as error:  # whatever a parser trips over, the message must not be lost
        raise DamagedFile("could not be read to its end") from error
