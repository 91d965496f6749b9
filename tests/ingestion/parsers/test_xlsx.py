"""Excel workbooks, new and old."""

import zipfile
from collections.abc import Callable
from io import BytesIO

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge, UnsupportedType
from ingestion.parsers.old_office import parse_xls
from ingestion.parsers.package import OLE_MAGIC
from ingestion.parsers.xlsx import parse_xlsx
from ingestion.parsers.xlsx_values import NumberFormats
from ingestion.parsers.xml_tree import read_xml
from tests.ingestion.builders import assert_invariants, make_xls, make_xlsx, make_zip, saved

BOOK = b'<workbook xmlns:r="x/relationships"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>'
RELATIONS = b'<R><Relationship Id="r1" Type="x/worksheet" Target="worksheets/a.xml"/></R>'


def sheet(rows: str, **parts: bytes) -> bytes:
    """A workbook of one sheet with these rows in XML."""
    return make_zip(
        {
            "xl/workbook.xml": BOOK,
            "xl/_rels/workbook.xml.rels": RELATIONS,
            "xl/worksheets/a.xml": f"<worksheet><sheetData>{rows}</sheetData></worksheet>".encode(),
        }
        | {f"xl/{name}.xml": part for name, part in parts.items()}
    )


def test_xlsx_golden(golden: Callable[[str, str], None]) -> None:
    """Sheets are pages; rows name their columns; dates and shares are as shown, numbers without noise."""
    parsed = parse_xlsx(make_xlsx())
    assert_invariants(parsed)
    golden("loans.xlsx.txt", parsed.text)
    assert parsed.title == "Loans"
    assert [page.number for page in parsed.pages] == [1, 2, 3]
    assert [heading.title for heading in parsed.headings] == ["Loans 2024", "Plain"]


def test_xlsx_left_out() -> None:
    """Hidden sheets, rows and columns, and comments are left out; so is what was never calculated; all is said."""
    parsed = parse_xlsx(make_xlsx())
    assert not [word for word in ("HIDDEN", "SECRET", "COMMENT") if word in parsed.text]
    assert parsed.warnings == (
        "hidden sheets were left out: Secret",
        "hidden cells of sheet Loans 2024 were left out",
        "comments of sheet Loans 2024 were left out",
        "1 formulas of sheet Plain have no stored value",
    )


def test_xlsx_cells() -> None:
    """Each kind of cell gives what it shows; a reading in small type is no text of its cell."""
    rows = (
        '<row r="3"><c r="B3" t="s"><v>0</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c>'
        '<c t="str"><f>A1</f><v>built</v></c><c t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c></row>'
    )
    strings = "<sst><si><t>豊田</t><rPh><t>とよた</t></rPh></si></sst>".encode()
    assert parse_xlsx(sheet(rows, sharedStrings=strings)).text == "## S\n\n豊田 | TRUE | #N/A | built | inline"


def test_xlsx_cells_that_show_nothing() -> None:
    """A format that shows nothing hides a cell, and so do white letters, but not on a dark ground."""
    book = openpyxl.Workbook()
    book.active.append(["seen", "UNSEEN", "UNSEEN", "head"])
    book.active["B1"].number_format = ";;;"
    for place in ("C1", "D1"):
        book.active[place].font = Font(color="FFFFFF")
    book.active["D1"].fill = PatternFill("solid", "000000")
    parsed = parse_xlsx(saved(book))
    assert parsed.text == "## Sheet\n\nseen | head"
    assert parsed.warnings == ("hidden cells of sheet Sheet were left out",)


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        ("45657", "yyyy-mm-dd", "2024-12-31"),
        ("45657.5", "d. mmmm yyyy h:mm", "2024-12-31 12:00"),
        ("0.75", "h:mm AM/PM", "18:00"),
        ("1.5", "[h]:mm", "36:00"),
        ("12", '#,##0.00 "days"', "12"),
        ("12", "[Red]0", "12"),
        ("0.125", "0.0%", "12.5%"),
        ("123456789012345", "General", "123456789012345"),
        ("1E+30", "0", "1e+30"),
        ("0.30000000000000004", "0.00", "0.3"),
        ("-5", "yyyy", "-5"),
        ("99999999", "yyyy", "99999999"),
        ("1e999", "0", "1e999"),
        ("no number", "0", "no number"),
    ],
)
def test_number_formats(number: str, code: str, shown: str) -> None:
    """The format decides what a number means."""
    styles = (
        f"<s><numFmts><numFmt numFmtId='200' formatCode='{code}'/></numFmts><cellXfs><xf numFmtId='200'/></cellXfs></s>"
    )
    assert NumberFormats(read_xml(styles.encode()), is_1904=False).shown(number, "0") == shown


def test_dates_from_1904() -> None:
    """Old Macintosh workbooks count their days from 1904."""
    styles = read_xml(b"<s><cellXfs><xf numFmtId='14'/></cellXfs></s>")
    assert NumberFormats(styles, is_1904=True).shown("1", "0") == "1904-01-02"


def test_xlsx_far_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell at the far end of the sheet costs no time, and rows are read up to the limit."""
    parsed = parse_xlsx(
        sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>')
    )
    assert (parsed.text, parsed.warnings) == (
        "## S\n\n1",
        ("only the first 500 of 16,384 columns of sheet S were read",),
    )
    monkeypatch.setattr(limits, "MAX_TABLE_ROWS", 1)
    assert parse_xlsx(sheet("<row><c><v>1</v></c></row>" * 2)).warnings == (
        "only the first 1 rows of sheet S were read",
    )


def test_xlsx_text_box() -> None:
    """The words of shapes follow the rows."""
    book = openpyxl.Workbook()
    book.active.append(["cell"])
    with zipfile.ZipFile(BytesIO(saved(book))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["xl/drawings/a.xml"] = b"<d><sp><txBody><p><r><t>In a box</t></r></p></txBody></sp></d>"
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = (
        b'<R><Relationship Id="r" Type="x/drawing" Target="/xl/drawings/a.xml"/></R>'
    )
    assert parse_xlsx(make_zip(parts)).text == "## Sheet\n\ncell\n\nIn a box"


@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (OLE_MAGIC + b"\0" * 99, EncryptedFile, "asks for a password or is in the old .xls format"),
        (make_xlsx()[:-900], DamagedFile, "is damaged"),
        (make_zip({"a.xml": b"<a/>"}), UnsupportedType, "no Excel workbook"),
        (sheet("<row>"), DamagedFile, "is damaged"),
        (sheet("", styles=b"<!DOCTYPE a [<!ENTITY b 'c'>]><s/>"), DamagedFile, "document type declaration"),
        (sheet("", big=b" " * 20_000_000), FileTooLarge, "times its size"),
    ],
    ids=["old or encrypted", "cut off", "other archive", "broken XML", "DOCTYPE", "bomb"],
)
def test_xlsx_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable workbook is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_xlsx(content)


def test_xls() -> None:
    """An old workbook is read like a new one."""
    parsed = parse_xls(make_xls())
    assert_invariants(parsed)
    assert "Title: Moby Dick | Days: 14 | Fee: 2" in parsed.text
    assert parsed.headings[0].title == "Loans"
    assert "save it as .xlsx" in parsed.warnings[0]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [(OLE_MAGIC, DamagedFile), (OLE_MAGIC + "EncryptedPackage".encode("utf-16-le"), EncryptedFile)],
)
def test_xls_refusals(content: bytes, refusal: type[Exception]) -> None:
    """An old workbook that cannot be read is refused with the way out."""
    with pytest.raises(refusal, match=r"save it as \.xlsx"):
        parse_xls(content)
