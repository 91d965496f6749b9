"""The zip archive that a DOCX is: opened within limits, and freed of what a reader of the page does not see."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.docx_visible import make_visible, numbered_styles

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BODY = "word/document.xml"
_STYLES = "word/styles.xml"
_WANTED = re.compile(r"(word|docProps|_rels|customXml)/[^/]*\.(xml|rels)|word/_rels/[^/]*\.rels|\[Content_Types\]\.xml")
_DOCTYPE = re.compile(rb"<\x00?!\x00?D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E", re.IGNORECASE)
# The strict variant of the format differs in the names of its namespaces.
_STRICT_NAMES = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
}
_RATIO_FROM_BYTES = 10 * 1024 * 1024  # below this a high ratio does no harm
_ENCRYPTED_FLAG = 0x1
_DAMAGED = "is damaged; open it in the program that made it and save it again"


def visible_package(content: bytes) -> bytes:
    """The text parts of the DOCX in a new archive, the body cleared of hidden and deleted text.

    Raises:
        EncryptedFile, DamagedFile, UnsupportedType, FileTooLarge: whatever is wrong with the archive.

    """
    if content.startswith(OLE_MAGIC):
        raise EncryptedFile("asks for a password or is in the old .doc format; save it as .docx without a password")
    try:
        parts = _text_parts(content)
        if _BODY not in parts:
            raise UnsupportedType("is a zip archive, but no Word document; export it as .docx")
        numbered = numbered_styles(ElementTree.fromstring(parts[_STYLES])) if _STYLES in parts else {}  # noqa: S314  no DOCTYPE gets here
        parts[_BODY] = make_visible(ElementTree.fromstring(parts[_BODY]), numbered)  # noqa: S314  nor here
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError, ElementTree.ParseError) as error:
        raise DamagedFile(_DAMAGED) from error
    return _packed(parts)


def _text_parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        infos = archive.infolist()
        _check_size(infos, len(content))
        if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
            raise EncryptedFile("asks for a password; save a copy without one and add that")
        parts, left = {}, limits.MAX_UNPACKED_BYTES
        for info in infos:
            if _WANTED.fullmatch(info.filename):
                parts[info.filename] = _read_part(archive, info, left)
                left -= len(parts[info.filename])
    return parts


def _check_size(infos: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > limits.MAX_ARCHIVE_PARTS:
        raise FileTooLarge(f"holds {len(infos):,} parts, over the limit of {limits.MAX_ARCHIVE_PARTS:,}; split it")
    if unpacked > limits.MAX_UNPACKED_BYTES:
        raise _too_large(unpacked)
    if unpacked > _RATIO_FROM_BYTES and unpacked > limits.MAX_UNPACKED_RATIO * packed:
        raise FileTooLarge(
            f"unpacks to {unpacked // packed:,} times its size, over the limit of {limits.MAX_UNPACKED_RATIO}; "
            "open it where it was made and save it again"
        )


def _too_large(unpacked: int) -> FileTooLarge:
    megabyte = 1024 * 1024
    limit = limits.MAX_UNPACKED_BYTES // megabyte
    return FileTooLarge(f"unpacks to {unpacked // megabyte:,} MB or more, over the limit of {limit:,} MB; split it")


def _read_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of a part. The size that the archive states may be a lie, so at most `left` are read."""
    with archive.open(info) as part:
        content = part.read(left + 1)
    if len(content) > left:
        raise _too_large(limits.MAX_UNPACKED_BYTES)
    if _DOCTYPE.search(content):
        raise DamagedFile("holds a document type declaration, which no Word file has; save it again in Word")
    for strict, usual in _STRICT_NAMES.items():
        content = content.replace(strict, usual)
    return content


def _packed(parts: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()
