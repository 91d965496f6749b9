"""OpenDocument files."""

from collections.abc import Callable

import pytest

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.odf import parse_odp, parse_ods, parse_odt
from ingestion.parsers.package import OLE_MAGIC
from tests.ingestion.builders import ODT_BODY, ODT_STYLES, assert_invariants, make_odf, make_zip

HIDDEN = (
    '<style:style style:name="ta9"><style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="dp9"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
)


def cells(*texts: str) -> str:
    """Cells of a row in XML."""
    return "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)


def box(text: str) -> str:
    """A text box in XML."""
    return f"<draw:frame><draw:text-box><text:p>{text}</text:p></draw:text-box></draw:frame>"


def slide(*texts: str, kind: str = "", style: str = "", notes: str = "") -> str:
    """A slide in XML; the first text is its title."""
    title, *others = texts
    frames = "".join(map(box, others))
    return (
        f'<draw:page draw:style-name="{style}"><draw:frame presentation:class="title"><draw:text-box><text:p>{title}'
        f'</text:p></draw:text-box></draw:frame>{frames}<presentation:notes><draw:frame presentation:class="notes">'
        f"<draw:text-box><text:p>{notes}</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
    )


def test_odt_golden(golden: Callable[[str, str], None]) -> None:
    """Headings, paragraphs, notes, lists and tables, without what is hidden or deleted."""
    parsed = parse_odt(make_odf("text", ODT_BODY, styles=ODT_STYLES))
    assert_invariants(parsed)
    golden("contract.odt.txt", parsed.text)
    assert parsed.warnings == (
        "deleted text was left out",
        "comments were left out",
        "hidden sections were left out",
    )
    assert [(heading.level, heading.title) for heading in parsed.headings] == [(1, "Supply contract")]


def test_odt_text_box() -> None:
    """The words of a text box follow the paragraph that it hangs on."""
    body = f"<text:p>Before{box('In the box.')} it.</text:p>"
    assert parse_odt(make_odf("text", body)).text == "Before it.\n\nIn the box."


@pytest.mark.parametrize(
    ("properties", "is_seen"),
    [
        ('fo:color="#FFFFFF"', False),
        ('fo:font-size="1pt"', False),
        ('text:display="none"', False),
        ('fo:color="#FFFFFF" fo:background-color="#000000"', True),
        ('fo:color="#FF0000" fo:font-size="8pt"', True),
    ],
)
def test_odt_unseen_text(properties: str, is_seen: bool) -> None:
    """White, tiny and hidden words and paragraphs are left out; in a table white may be seen."""
    fo = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    style = f'<style:style style:name="S"><style:text-properties {fo} {properties}/></style:style>'
    words = '<text:span text:style-name="S"> words</text:span>'
    body = f'<text:p>Seen{words}.</text:p><text:p text:style-name="S">More.</text:p>'
    assert parse_odt(make_odf("text", body, styles=style)).text == ("Seen words.\n\nMore." if is_seen else "Seen.")


def test_odp() -> None:
    """A slide is a page, its title a heading, its notes the end; hidden slides are left out and named."""
    slides = slide("One", "First.", notes="Smile.") + slide("HIDDEN", style="dp9") + slide("Three", "Third.")
    parsed = parse_odp(make_odf("presentation", slides, styles=HIDDEN))
    assert_invariants(parsed)
    assert parsed.text == "## One\n\nFirst.\n\nNotes: Smile.\n\n## Three\n\nThird."
    assert [page.number for page in parsed.pages] == [1, 3]
    assert parsed.warnings == ("slide 2 is hidden; it was left out",)


def test_odp_names_all_hidden_slides() -> None:
    """Several hidden slides share one warning, which cannot be read as their count."""
    slides = slide("One", "First.") + slide("HIDDEN", style="dp9") * 2
    parsed = parse_odp(make_odf("presentation", slides, styles=HIDDEN))
    assert parsed.warnings == ("slides 2, 3 are hidden; they were left out",)


def test_ods() -> None:
    """A sheet is a page; repeated cells and rows are counted, hidden ones left out and named."""
    sheet = (
        '<table:table table:name="Loans"><table:table-column/><table:table-column table:visibility="collapse"/>'
        '<table:table-column table:number-columns-repeated="2"/>'
        f"<table:table-row>{cells('Title', 'HIDDEN', 'Days', 'Due')}</table:table-row>"
        f"<table:table-row>{cells('Emma', 'HIDDEN', '7')}"
        '<table:table-cell office:value-type="date" office:date-value="2024-12-31"><text:p>31/12</text:p>'
        "</table:table-cell>"
        "</table:table-row>"
        f'<table:table-row table:visibility="filter">{cells("HIDDEN")}</table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    secret = (
        f'<table:table table:style-name="ta9" table:name="Secret"><table:table-row>{cells("HIDDEN")}</table:table-row>'
    )
    parsed = parse_ods(make_odf("spreadsheet", f"{sheet}{secret}</table:table>", styles=HIDDEN))
    assert_invariants(parsed)
    assert parsed.text == "## Loans\n\nTitle | Days | Due\nTitle: Emma | Days: 7 | Due: 2024-12-31"
    assert parsed.warnings == (
        "hidden rows or columns of sheet Loans were left out",
        "hidden sheets were left out: Secret",
    )


def test_ods_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that is repeated without end is cut."""
    monkeypatch.setattr(limits, "MAX_TABLE_ROWS", 3)
    row = f'<table:table-row table:number-rows-repeated="1000000">{cells("x")}</table:table-row>'
    parsed = parse_ods(make_odf("spreadsheet", f'<table:table table:name="S">{row * 2}</table:table>'))
    assert parsed.text == "## S\n\nx\nx\nx"
    assert parsed.warnings == ("only the first 3 rows of sheet S were read",)


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (OLE_MAGIC, EncryptedFile, "asks for a password"),
        (make_odf("text", "", manifest=b"<m><encryption-data/></m>"), EncryptedFile, "asks for a password"),
        (make_odf("text", ODT_BODY)[:-300], DamagedFile, "is damaged"),
        (make_zip({"a.xml": b"<a/>"}), UnsupportedType, "no OpenDocument file"),
        (make_odf("spreadsheet", ""), UnsupportedType, "but no text"),
        (make_odf("text", "<!DOCTYPE a>"), DamagedFile, "document type declaration"),
        (make_odf("text", "<unclosed>"), DamagedFile, "is damaged"),
        (make_odf("text", " " * 20_000_000), FileTooLarge, "times its size"),
    ],
    ids=["OLE", "encrypted", "cut off", "other archive", "other kind", "DOCTYPE", "broken XML", "bomb"],
)
def test_odt_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable document is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_odt(content)
