"""E-mail messages and what is attached to them."""

from collections.abc import Callable

import pytest

from ingestion import limits
from ingestion.errors import DamagedFile
from ingestion.parsers.mail import parse_eml
from tests.ingestion.builders import assert_invariants, make_docx, make_eml, make_message, make_xlsx


def test_eml_golden(golden: Callable[[str, str], None]) -> None:
    """The headers, the text rather than the HTML, then each attachment under its name."""
    parsed = parse_eml(make_eml(notes_txt=b"Closed on Sunday.", contract_docx=make_docx()))
    assert_invariants(parsed)
    golden("message.eml.txt", parsed.text)
    assert parsed.title == "Opening hours"
    assert [page.number for page in parsed.pages] == [1, 2, 3]
    assert [(heading.level, heading.title) for heading in parsed.headings][:3] == [
        (2, "Attachment: notes.txt"),
        (2, "Attachment: contract.docx"),
        (3, "Supply contract"),
    ]


def test_eml_html_only() -> None:
    """A message without text gives its HTML as it is seen."""
    message = make_message()
    message.set_content("<h1>Hours</h1><script>SCRIPT</script><p>Nine to six.</p>", subtype="html")
    assert parse_eml(message.as_bytes()).text.endswith("\n\n# Hours\n\nNine to six.")


def test_eml_encodings() -> None:
    """Encoded headers and names, and the encoding of the text, are decoded."""
    message = make_message("Öffnungszeiten", "Grüße aus Köln")
    message.set_content("Grüße aus Köln", charset="iso-8859-1")
    message.add_attachment(b"Text.", maintype="text", subtype="plain", filename="Übersicht.txt")
    text = parse_eml(message.as_bytes()).text
    assert "Subject: Öffnungszeiten" in text
    assert "Grüße aus Köln" in text
    assert "## Attachment: Übersicht.txt" in text


def test_eml_as_utf_16() -> None:
    """A message that was saved as UTF-16 is read all the same."""
    assert "We open at nine." in parse_eml(make_message().as_string().encode("utf-16")).text


@pytest.mark.parametrize(
    ("attachments", "warning"),
    [
        ({"photo_xyz": b"x"}, "the attachment photo.xyz was left out: it is empty, or of a type that is not read here"),
        ({"a_txt": b""}, "the attachment a.txt was left out: it is empty, or of a type that is not read here"),
        ({"a_eml": b"From: x"}, "the attachment a.eml was left out: it is empty, or of a type that is not read here"),
        ({"a_pdf": b"text"}, "the attachment a.pdf was left out: it is named .pdf but holds something else"),
        ({"a_docx": make_docx()[:-900]}, "the attachment a.docx was left out: it is damaged"),
        ({"a_xlsx": make_xlsx()}, "a.xlsx: hidden sheets were left out: Secret"),
    ],
    ids=["unknown type", "empty", "message", "other bytes", "damaged", "warning of its own"],
)
def test_eml_attachment_warnings(attachments: dict[str, bytes], warning: str) -> None:
    """An attachment that cannot be read costs no more than itself, and is named."""
    parsed = parse_eml(make_eml(**attachments))
    assert parsed.warnings[0].startswith(warning)
    assert parsed.text.startswith("From: Ada <ada@example.org>")


def test_eml_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attachments over the limits are named."""
    monkeypatch.setattr(limits, "MAX_ATTACHMENTS", 1)
    monkeypatch.setattr(limits, "MAX_ATTACHMENT_BYTES", 3)
    assert parse_eml(make_eml(a_txt=b"long text", b_txt=b"b")).warnings == (
        "the attachment a.txt was left out: it is over the limit of 0 MB",
        "the attachment b.txt was left out: it is one of more than 1",
    )


def test_eml_attached_message() -> None:
    """An attached message is read; what is attached to it is only named."""
    inner = make_message("Inner", "Inner text.")
    inner.add_attachment(b"DEEP", maintype="text", subtype="plain", filename="deep.txt")
    outer = make_message()
    outer.add_attachment(inner)
    parsed = parse_eml(outer.as_bytes())
    assert "## Attachment: Inner\n\nFrom: Ada" in parsed.text
    assert parsed.text.endswith("Inner text.")
    assert parsed.warnings == ("attachments of an attached message were left out: deep.txt",)


def test_eml_picture_inside() -> None:
    """A picture that is shown in the message is no attachment."""
    message = make_message()
    message.add_attachment(b"x", maintype="image", subtype="png", filename="logo.png", cid="<logo>")
    assert parse_eml(message.as_bytes()).warnings == ()


def test_eml_name_with_path() -> None:
    """Of an attachment's name the last part is kept."""
    message = make_message()
    message.add_attachment(b"Text.", maintype="text", subtype="plain", filename="../../etc/a.txt")
    assert "## Attachment: a.txt" in parse_eml(message.as_bytes()).text


@pytest.mark.parametrize("date", ["nonsense", "Tue, 99 Foo 2024", ""])
def test_eml_broken_date(date: str) -> None:
    """A date that is none is shown as it stands."""
    text = parse_eml(f"From: a@b.c\nDate: {date}\n\nText.".encode()).text
    assert text == f"From: a@b.c\n{f'Date: {date}' if date else ''}\n\nText.".replace("\n\n\n", "\n\n")


@pytest.mark.parametrize("content", [b"no headers here", b"\n\n", b"{}"])
def test_eml_refusal(content: bytes) -> None:
    """What begins without a header is no message."""
    with pytest.raises(DamagedFile, match="is no e-mail"):
        parse_eml(content)
