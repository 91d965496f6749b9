"""RTF, and the formats of before 2007; what kreuzberg reads from DOC, PPT and MSG is stood in for."""

import pytest

from ingestion.errors import DamagedFile, EncryptedFile
from ingestion.parsers import old_office
from ingestion.parsers.old_office import parse_doc, parse_msg, parse_ppt
from ingestion.parsers.package import OLE_MAGIC
from ingestion.parsers.parsed import Parser
from ingestion.parsers.rtf import parse_rtf


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        (r"Seen {\v HIDDEN \'e4\u228? }words.", "Seen words."),
        (r"Seen \v HIDDEN\v0 words.", "Seen words."),
        (r"Seen \v HIDDEN\plain  words.", "Seen words."),
        (r"Seen {\deleted DELETED }words.", "Seen words."),
        (r"{\header\pard HEADER\par}{\footerf FOOTER}Seen.", "Seen."),
        (r"Seen{\*\annotation COMMENT}.", "Seen."),
        (r"\'dcber \u214?l \{a\} b\\c", "Über Öl {a} b\\c"),
        (
            r"{\colortbl;\red0\green0\blue0;\red255\green255\blue255;}Seen {\cf2 WHITE }words \cf1 here.",
            "Seen words here.",
        ),
        (r"{\colortbl;\red255\green255\blue255;}\highlight2 {\cf1\highlight2 seen}.", "seen."),
        (r"Seen {\fs2 TINY }words{\fs16 , small}.", "Seen words, small."),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}", "a link"),
        (r"\trowd\cellx9\cellx99\intbl A\cell B\cell\row\pard after", "A | B\n\nafter"),
        (r"{\pict\bin3 }}}}seen", "seen"),
    ],
)
def test_rtf(marked: str, text: str) -> None:
    """The words that are seen, in the order they are read."""
    assert parse_rtf(rf"{{\rtf1\ansi\pard {marked}\par}}".encode()).text == text


def test_rtf_broken() -> None:
    """A document whose groups do not close is read as far as it goes."""
    assert "text" in parse_rtf(rb"{\rtf1 {\b text").text
    assert "text" in parse_rtf(rb"{\rtf1 }}}} text").text


def test_doc(monkeypatch: pytest.MonkeyPatch) -> None:
    """The codes of links are no text; a warning says what the format hides."""
    text = 'See  HYPERLINK "http://a.b" \\hthe page.\r\nNext.'
    monkeypatch.setattr(old_office, "old_office_text", lambda content, media_type: (text, "The title"))
    parsed = parse_doc(OLE_MAGIC)
    assert (parsed.text, parsed.title) == ("See the page.\nNext.", "The title")
    assert "save it as .docx" in parsed.warnings[0]


def test_ppt(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands on the master of all slides is no text of them."""
    text = "Click to edit Master text styles\n\nSecond level\n\nThird level\n\nPrices\n\nGlue"
    monkeypatch.setattr(old_office, "old_office_text", lambda content, media_type: (text, ""))
    assert parse_ppt(OLE_MAGIC).text == "Prices\n\nGlue"


def test_msg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers and text; attachments are named."""
    text = "Subject: Hours\nFrom: Ada\n\nNine to six."
    monkeypatch.setattr(old_office, "msg_text", lambda content: (text, "Hours", ["a.pdf"]))
    parsed = parse_msg(OLE_MAGIC)
    assert (parsed.text, parsed.title) == (text, "Hours")
    assert parsed.warnings == ("attachments were left out: a.pdf; add them as files",)


@pytest.mark.parametrize(
    ("parser", "way_out"),
    [(parse_doc, r"save it as \.docx"), (parse_ppt, r"save it as \.pptx"), (parse_msg, r"save it again as \.eml")],
)
def test_old_office_refusals(parser: Parser, way_out: str) -> None:
    """What cannot be read is refused with the way out."""
    with pytest.raises(DamagedFile, match=way_out):
        parser(OLE_MAGIC + b"\0" * 2_000)


def test_old_office_encrypted() -> None:
    """A new document with a password looks like an old one; what is in it tells."""
    with pytest.raises(EncryptedFile, match="asks for a password"):
        parse_doc(OLE_MAGIC + "EncryptedPackage".encode("utf-16-le"))
