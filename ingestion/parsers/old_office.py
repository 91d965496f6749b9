"""Office files in the formats of before 2007: DOC, XLS and PPT; and messages saved by Outlook: MSG."""

import re

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile
from ingestion.parsers.delimited import table_warnings
from ingestion.parsers.office import DOC_MEDIA_TYPE, PPT_MEDIA_TYPE, msg_text, old_office_text, xls_sheets
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.table_rows import write_rows
from ingestion.parsers.writer import TextWriter

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FIELD = re.compile(r" *\b(?:HYPERLINK|PAGEREF|TOC|REF|INCLUDEPICTURE)\s+(?:\\\w\s+)*\"[^\"\n]*\"(?: ?\\[a-z])*[ ]?")
_MASTER = re.compile(
    r"Click to edit (?:the )?(?:Master )?[^\n]*(?:\n+(?:Second|Third|Fourth|Fifth) (?:[Ll]evel|Outline Level))*\n*"
)


def parse_doc(content: bytes) -> Parsed:
    """The words, paragraph by paragraph. Headings and tables are not told from other text, nor is hidden text."""
    text, title = _old_text(content, DOC_MEDIA_TYPE, ".docx")
    return _written(_FIELD.sub(" ", text), title, ".doc", ".docx")


def parse_ppt(content: bytes) -> Parsed:
    """The words of all slides, then the speaker's notes; where a slide begins is not known."""
    text, title = _old_text(content, PPT_MEDIA_TYPE, ".pptx")
    return _written(_MASTER.sub("", text), title, ".ppt", ".pptx")


def parse_xls(content: bytes) -> Parsed:
    """A page for each sheet, its rows as in XLSX. Hidden sheets and rows cannot be told from others."""
    _refuse_encrypted(content, ".xlsx")
    try:
        sheets = xls_sheets(content)
    except DamagedFile as error:
        raise _unreadable(".xlsx") from error
    writer, warnings = TextWriter(), [_hint(".xls", ".xlsx")]
    for number, name, rows in sheets:
        writer.page(number)
        writer.heading(2, name)
        write_rows(writer, (row[: limits.MAX_TABLE_COLUMNS] for row in rows[: limits.MAX_TABLE_ROWS]))
        columns, has_more = max(map(len, rows), default=0), len(rows) > limits.MAX_TABLE_ROWS
        warnings += table_warnings(name, columns=columns, has_more_rows=has_more)
    return writer.parsed(warnings=tuple(warnings))


def parse_msg(content: bytes) -> Parsed:
    """From, To, Subject and Date as lines, then the text; attachments are left out with a warning."""
    try:
        text, subject, attachments = msg_text(content)
    except DamagedFile as error:
        raise DamagedFile("is no message that can be read; save it again as .eml") from error
    writer = TextWriter()
    writer.block(text)
    left_out = (f"attachments were left out: {', '.join(attachments)}; add them as files",) if attachments else ()
    return writer.parsed(title=subject, warnings=left_out)


def _old_text(content: bytes, media_type: str, today: str) -> tuple[str, str]:
    _refuse_encrypted(content, today)
    try:
        return old_office_text(content, media_type)
    except DamagedFile as error:
        raise _unreadable(today) from error


def _refuse_encrypted(content: bytes, today: str) -> None:
    if _ENCRYPTED in content:
        raise EncryptedFile(f"asks for a password; save it as {today} without one")


def _unreadable(today: str) -> DamagedFile:
    return DamagedFile(f"is too old, asks for a password or is damaged; open it and save it as {today}")


def _written(text: str, title: str, suffix: str, today: str) -> Parsed:
    writer = TextWriter()
    writer.block(text)
    return writer.parsed(title=title, warnings=(_hint(suffix, today),))


def _hint(suffix: str, today: str) -> str:
    return f"the old {suffix} format does not say what is hidden or deleted; save it as {today} if that matters"
