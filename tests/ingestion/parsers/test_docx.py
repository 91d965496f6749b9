"""Word documents."""

import zipfile
from collections.abc import Callable
from io import BytesIO

import docx
import pytest
from docx.oxml import parse_xml

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.docx import parse_docx
from ingestion.parsers.docx_package import visible_package
from ingestion.types import Page
from tests.ingestion.builders import assert_invariants, hidden_run, make_docx, make_zip, saved

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = f"<w:document {W}><w:body><w:p><w:r><w:t>text</w:t></w:r></w:p></w:body></w:document>".encode()


def repacked(content: bytes, old: bytes, new: bytes) -> bytes:
    """The DOCX with other bytes in its parts."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        return make_zip({name: archive.read(name).replace(old, new) for name in archive.namelist()})


def test_docx_golden(golden: Callable[[str, str], None]) -> None:
    """Headings, lists, tables and line breaks come out as Markdown-like text, marks of the text as they are."""
    parsed = parse_docx(make_docx(title="The contract"))
    assert_invariants(parsed)
    golden("contract.docx.txt", parsed.text)
    assert parsed.title == "The contract"
    assert parsed.pages == (Page(None, 0, len(parsed.text)),)


def test_docx_headings() -> None:
    """Headings keep their levels."""
    assert [(heading.level, heading.title) for heading in parse_docx(make_docx()).headings] == [
        (1, "Supply contract"),
        (1, "1. Term"),
        (2, "1.1 Notice"),
    ]


@pytest.mark.parametrize("properties", [{"vanish": "1"}, {"color": "FFFFFF"}, {"sz": "2"}], ids=str)
def test_docx_hidden_runs(properties: dict[str, str]) -> None:
    """Text that is hidden, white on white or tiny is left out."""
    document = docx.Document()
    hidden_run(document.add_paragraph("Seen. "), "UNSEEN", **properties)
    assert parse_docx(saved(document)).text == "Seen."


@pytest.mark.parametrize("properties", [{"vanish": "0"}, {"color": "FF0000"}, {"sz": "16"}], ids=str)
def test_docx_visible_runs(properties: dict[str, str]) -> None:
    """Coloured, small and expressly visible text stays."""
    document = docx.Document()
    hidden_run(document.add_paragraph("Seen, "), "too", **properties)
    assert parse_docx(saved(document)).text == "Seen, too"


def test_docx_white_on_dark() -> None:
    """White text in a table stays: its cell may be dark."""
    document = docx.Document()
    hidden_run(document.add_table(1, 1).cell(0, 0).paragraphs[0], "Head", color="FFFFFF")
    assert parse_docx(saved(document)).text == "Head"


def test_docx_tracked_changes() -> None:
    """The text is read as if all changes were accepted."""
    document = docx.Document()
    paragraph = document.add_paragraph("It is ")
    for change, tag, text in [("del", "delText", "old"), ("ins", "t", "new")]:
        paragraph._p.append(parse_xml(f"<w:{change} {W}><w:r><w:{tag}>{text}</w:{tag}></w:r></w:{change}>"))
    assert parse_docx(saved(document)).text == "It is new"


def test_docx_link() -> None:
    """Of a link the words stay."""
    document = docx.Document()
    paragraph = document.add_paragraph("See ")
    paragraph._p.append(parse_xml(f'<w:hyperlink {W} w:anchor="x"><w:r><w:t>the annex</w:t></w:r></w:hyperlink>'))
    assert parse_docx(saved(document)).text == "See the annex"


def test_docx_signs() -> None:
    """The signs that XML escapes are kept everywhere: in text, headings, lists, tables and footnotes."""
    text = 'R&D: a < b > c, List<String> &amp; "x"'
    document = docx.Document()
    document.core_properties.title = "R&D"
    document.add_heading(text, 1)
    document.add_paragraph(text)
    document.add_paragraph(text, style="List Bullet")
    document.add_table(1, 1).cell(0, 0).text = text
    parsed = parse_docx(saved(document))
    assert parsed.text == f"# {text}\n\n{text}\n\n- {text}\n\n{text}"
    assert [heading.title for heading in parsed.headings] == [text]
    assert parsed.title == "R&D"


def test_docx_signs_in_footnotes() -> None:
    """Footnotes keep them too."""
    notes = f'<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:t>R&amp;D</w:t></w:r></w:p></w:footnote></w:footnotes>'
    body = BODY.replace(b"</w:t></w:r>", b'</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r>')
    with zipfile.ZipFile(BytesIO(make_docx())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    content = make_zip(parts | {"word/document.xml": body, "word/footnotes.xml": notes.encode()})
    assert "R&D" in parse_docx(content).text


def test_docx_text_box() -> None:
    """The words of a text box follow the paragraph that holds it, once."""
    document = docx.Document()
    box = "<w:txbxContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:txbxContent>"
    document.add_paragraph("Around.")._p.append(
        parse_xml(
            f'<w:r {W} xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent>'
            f"<mc:Choice>{box.format('In the box.')}</mc:Choice><mc:Fallback>{box.format('In the box.')}</mc:Fallback>"
            "</mc:AlternateContent></w:r>"
        )
    )
    document.add_paragraph("After.")
    assert parse_docx(saved(document)).text == "Around.\n\nIn the box.\n\nAfter."


def test_docx_strict_variant() -> None:
    """The strict variant of the format is read like the usual one."""
    strict = repacked(
        make_docx(),
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    assert parse_docx(strict).text == parse_docx(make_docx()).text


def test_docx_ring_of_styles() -> None:
    """Styles based on one another in a ring end."""
    style = '<w:style w:type="paragraph" w:styleId="{}"><w:basedOn w:val="{}"/></w:style>'
    ring = (style.format("A", "B") + style.format("B", "A")).encode()
    parts = repacked(make_docx(), b"</w:styles>", ring + b"</w:styles>")
    assert "Supply contract" in parse_docx(parts).text


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, EncryptedFile, "asks for a password or is in the old"),
        (make_docx()[:-3_000], DamagedFile, "is damaged"),
        (b"PK\x03\x04 and no more", DamagedFile, "is damaged"),
        (make_zip({"word/other.xml": BODY}), UnsupportedType, "no Word document"),
        (make_zip({"word/document.xml": b"<w:document"}), DamagedFile, "is damaged"),
        (repacked(make_docx(), b"<w:body>", b"<!DOCTYPE a><w:body>"), DamagedFile, "document type declaration"),
        (make_zip({"word/document.xml": "<!DOCTYPE a>".encode("utf-16")}), DamagedFile, "document type declaration"),
    ],
    ids=["old Office file", "cut off", "no archive", "other archive", "broken XML", "DOCTYPE", "wide DOCTYPE"],
)
def test_docx_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable Word document is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_docx(content)


def test_docx_encrypted_part() -> None:
    """An archive with a password is told from a damaged one by its flag."""
    content = bytearray(make_docx())
    entry = content.index(b"PK\x01\x02")
    content[entry + 8] |= 1
    with pytest.raises(EncryptedFile, match="asks for a password"):
        parse_docx(bytes(content))


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_UNPACKED_BYTES", 1_000, "unpacks to 0 MB or more"),
        ("MAX_ARCHIVE_PARTS", 3, "parts, over the limit of 3"),
    ],
)
def test_docx_limits(monkeypatch: pytest.MonkeyPatch, limit: str, value: int, message: str) -> None:
    """The archive is refused before it is unpacked."""
    monkeypatch.setattr(limits, limit, value)
    with pytest.raises(FileTooLarge, match=message):
        parse_docx(make_docx())


def test_docx_bomb() -> None:
    """An archive that unpacks to many times its size is refused."""
    bomb = make_zip({"word/document.xml": BODY, "word/media/a.xml": b" " * 20_000_000})
    with pytest.raises(FileTooLarge, match="times its size"):
        parse_docx(bomb)


def test_docx_lying_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part is read no further than the limit, whatever size the archive states."""
    content = bytearray(make_zip({"word/document.xml": BODY + b" " * 50_000}))
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = (100).to_bytes(4, "little")
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 1_000)
    with pytest.raises((FileTooLarge, DamagedFile), match=r"unpacks to|is damaged"):
        parse_docx(bytes(content))


def test_visible_package_leaves_media_behind() -> None:
    """Only the parts with text go on to the parser."""
    package = visible_package(make_zip({"word/document.xml": BODY}, names=["word/media/a.png", "../../a.xml"]))
    assert zipfile.ZipFile(BytesIO(package)).namelist() == ["word/document.xml"]
