"""The parts of a DOCX, freed of what a reader of the page does not see."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

from ingestion.errors import DamagedFile, UnsupportedType
from ingestion.parsers.docx_visible import make_visible, numbered_styles, with_stand_ins
from ingestion.parsers.package import DAMAGED, read_parts

_BODY = "word/document.xml"
_STYLES = "word/styles.xml"
_NOTES = {"word/footnotes.xml", "word/endnotes.xml"}
_WANTED = re.compile(r"(word|docProps|_rels|customXml)/[^/]*\.(xml|rels)|word/_rels/[^/]*\.rels|\[Content_Types\]\.xml")
# The strict variant of the format differs in the names of its namespaces.
_STRICT_NAMES = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
}


def visible_package(content: bytes) -> bytes:
    """The text parts of the DOCX in a new archive, the body cleared of hidden and deleted text.

    Raises:
        EncryptedFile, DamagedFile, UnsupportedType, FileTooLarge: whatever is wrong with the archive.

    """
    parts = {name: _with_usual_names(part) for name, part in read_parts(content, _WANTED, ".docx").items()}
    if _BODY not in parts:
        raise UnsupportedType("is a zip archive, but no Word document; export it as .docx")
    try:
        numbered = numbered_styles(ElementTree.fromstring(parts[_STYLES])) if _STYLES in parts else {}  # noqa: S314  no DOCTYPE gets here
        parts[_BODY] = make_visible(ElementTree.fromstring(parts[_BODY]), numbered)  # noqa: S314  nor here
        for name in parts.keys() & _NOTES:
            parts[name] = with_stand_ins(ElementTree.fromstring(parts[name]))  # noqa: S314  nor here
    except (LookupError, ValueError, ElementTree.ParseError) as error:
        raise DamagedFile(DAMAGED) from error
    return _packed(parts)


def _with_usual_names(content: bytes) -> bytes:
    for strict, usual in _STRICT_NAMES.items():
        content = content.replace(strict, usual)
    return content


def _packed(parts: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()
