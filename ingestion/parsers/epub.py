"""E-books: EPUB."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from ingestion.errors import EncryptedFile, NoText, UnsupportedType
from ingestion.parsers.html import parse_html
from ingestion.parsers.package import read_parts
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.relations import resolve
from ingestion.parsers.writer import TextWriter
from ingestion.parsers.xml_tree import Element, read_xml, text_of

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_WANTED = re.compile(r"META-INF/(container|encryption)\.xml|.*\.(opf|x?html?|xml)", re.IGNORECASE)
_PAGES = ("application/xhtml+xml", "text/html", "application/xml")
_NAVIGATION = "nav"


def parse_epub(content: bytes) -> Parsed:
    """A page for each chapter, in the order of the spine; chapters that the reader may skip are kept.

    The list of contents is left out: each chapter begins with its own heading.
    """
    parts = read_parts(content, _WANTED, ".epub")
    package = _package_name(parts)
    book = read_xml(parts[package])
    names = list(_chapters(book, package))
    _refuse_locked(parts, names)
    writer = TextWriter()
    warnings: list[str] = []
    for number, name in enumerate(names, start=1):
        writer.page(number)
        warnings += _write_chapter(writer, parts.get(name, b""), number)
    title = book.find("metadata/title")
    return writer.parsed(title=text_of(title), warnings=tuple(dict.fromkeys(warnings)))


def _package_name(parts: Mapping[str, bytes]) -> str:
    """The part that lists the chapters."""
    if _CONTAINER in parts:
        for entry in read_xml(parts[_CONTAINER]).iter("rootfile"):
            if entry.get("full-path", "") in parts:
                return entry.get("full-path", "")
    raise UnsupportedType("is a zip archive, but no e-book; export it as .epub")


def _chapters(book: Element, package: str) -> Iterator[str]:
    items = {item.get("id", ""): item for item in book.iter("item")}
    for reference in book.iter("itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if _NAVIGATION not in item.get("properties", "").split():
            yield resolve(package, unquote(item.get("href", "")))


def _refuse_locked(parts: Mapping[str, bytes], names: list[str]) -> None:
    """Nothing, if the chapters can be read without a key; fonts may be locked."""
    if _ENCRYPTION in parts:
        locked = {unquote(entry.get("URI", "")) for entry in read_xml(parts[_ENCRYPTION]).iter("CipherReference")}
        if locked & set(names):
            raise EncryptedFile("is locked by its seller (DRM); add a copy without a lock")


def _write_chapter(writer: TextWriter, page: bytes, number: int) -> list[str]:
    if not page:
        return [f"chapter {number} is missing from the file"]
    try:
        chapter = parse_html(page)
    except NoText:  # a cover, say
        return []
    writer.embed(chapter, below=0)
    return list(chapter.warnings)
