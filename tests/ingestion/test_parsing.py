"""Bytes become a document, or a refusal in one sentence that names the file."""

import hashlib
import multiprocessing
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import limits
from ingestion.errors import (
    DamagedFile,
    EmptyFile,
    EncryptedFile,
    FileRefused,
    FileTooLarge,
    NoText,
    UnsupportedType,
)
from ingestion.parsers import CODE_SUFFIXES, MEDIA_TYPES, PARSERS
from ingestion.parsers.parsed import Parsed, single_page
from ingestion.parsing import parse, shown_name
from tests.ingestion.builders import (
    ODT_BODY,
    assert_invariants,
    lines,
    make_docx,
    make_eml,
    make_epub,
    make_handbook,
    make_odf,
    make_pdf,
    make_pptx,
    make_xls,
    make_xlsx,
    make_zip,
    picture,
)

BUILT: dict[str, bytes] = {
    "notes.txt": b"Opening hours\n\nNine to six.",
    "manual.md": b"# Manual\n\nText.",
    "MANUAL.MARKDOWN": b"Title\n===\n\nText.",
    "help.html": b"<title>Help</title><h1>Help!</h1><p>Text.",
    "help.htm": b"<p>Text.",
    "handbook.pdf": make_handbook(),
    "contract.docx": make_docx(title="The contract"),
    "deck.pptx": make_pptx(),
    "loans.xlsx": make_xlsx(),
    "macros.xlsm": make_xlsx(),
    "loans.xls": make_xls(),
    "prices.csv": b"item,price\nglue,3",
    "prices.tsv": b"item\tprice\nglue\t3",
    "book.epub": make_epub(),
    "message.eml": make_eml(notes_txt=b"Closed on Sunday."),
    "contract.odt": make_odf("text", ODT_BODY),
    "deck.odp": make_odf("presentation", "<draw:page><draw:frame><text:p>Slide</text:p></draw:frame></draw:page>"),
    "loans.ods": make_odf(
        "spreadsheet",
        '<table:table table:name="Loans"><table:table-row><table:table-cell><text:p>Emma</text:p></table:table-cell>'
        "</table:table-row></table:table>",
    ),
    "letter.rtf": rb"{\rtf1\ansi{\info{\title The letter}}\pard Dear reader,\par}",
    "loans.json": b'[{"title": "Emma", "days": 7}]',
    "loans.jsonl": b'{"title": "Emma"}\n{"title": "Moby Dick"}',
    "loans.ndjson": b'{"title": "Emma"}',
    "study.ipynb": b'{"cells": [{"cell_type": "markdown", "source": ["# Study\\n", "Text."]}]}',
    **{f"code{suffix}": b"class A {\n  int b;\n};\n" for suffix in CODE_SUFFIXES},
}
UNWRITABLE = {".doc", ".ppt", ".msg"}
"""Formats that nothing at hand can write: their tests are in parsers/test_old_office.py, and with real files below."""
PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp"}
"""Formats that become documents only where text recognition is installed: parsers/test_ocr.py."""

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 999
REAL_FILES = Path(__file__).parents[2] / "../shared/data/files"
REAL = sorted(path for path in REAL_FILES.glob("*") if path.suffix.lower() in PARSERS)
SECONDS_PER_FILE = 60


@pytest.mark.parametrize("name", BUILT)
def test_parse(name: str) -> None:
    """Each format becomes a document that keeps what every format promises."""
    document = parse(name, BUILT[name])
    assert_invariants(document)
    assert document.id == hashlib.sha256(BUILT[name]).hexdigest()[:16]
    assert (document.name, document.media_type) == (name, MEDIA_TYPES[Path(name).suffix.lower()])


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("notes.txt", ""),
        ("manual.md", "Manual"),
        ("MANUAL.MARKDOWN", "Title"),
        ("help.html", "Help"),
        ("help.htm", ""),
        ("handbook.pdf", "Handbook of the library"),
        ("contract.docx", "The contract"),
        ("deck.pptx", "Opening hours"),
        ("loans.xlsx", "Loans"),
        ("book.epub", "The book"),
        ("message.eml", "Opening hours"),
        ("contract.odt", "Supply contract"),
        ("letter.rtf", "The letter"),
        ("study.ipynb", "Study"),
        ("prices.csv", ""),
    ],
)
def test_parse_title(name: str, title: str) -> None:
    """The title is the file's own, else its first heading of level 1, else it has none."""
    assert parse(name, BUILT[name]).title == title


def test_parse_same_content_same_id() -> None:
    """Identity is content: the name has no part in it."""
    assert parse("a.txt", b"text").id == parse("b.md", b"text").id


def test_every_parser_has_a_media_type_and_a_file() -> None:
    """A format that is added is also named and tested here."""
    assert set(PARSERS) == set(MEDIA_TYPES) == {Path(name).suffix.lower() for name in BUILT} | UNWRITABLE | PICTURES


REFUSALS: dict[str, tuple[str, bytes, type[FileRefused], str]] = {
    "no bytes": ("a.pdf", b"", EmptyFile, "is empty: it has no bytes"),
    "unknown suffix": ("a.pages", b"x", UnsupportedType, "supported are .txt, .md, .*.docx, .* and source code"),
    "no suffix": ("README", b"x", UnsupportedType, r"of the type \(no suffix\)"),
    "picture as PDF": ("a.pdf", b"\x89PNG\r\n", UnsupportedType, "is named .pdf but holds a PNG picture"),
    "PDF as Word": ("a.docx", b"%PDF-1.7", UnsupportedType, "is named .docx but holds a PDF"),
    "PDF as text": ("a.txt", b"%PDF-1.7", UnsupportedType, "is named .txt but holds a PDF"),
    "text as picture": ("a.png", b"text", UnsupportedType, "is named .png but holds something else"),
    "other picture": ("a.jpg", b"\x89PNG\r\n", UnsupportedType, "is named .jpg but holds a PNG picture"),
    "text as WEBP": ("a.webp", b"text", UnsupportedType, "is named .webp but holds something else"),
    "PDF as sheet": ("a.xlsx", b"%PDF-1.7", UnsupportedType, "is named .xlsx but holds a PDF"),
    "archive as old Word": ("a.doc", make_zip({"a": b""}), UnsupportedType, "is named .doc but holds a zip archive"),
    "text as RTF": ("a.rtf", b"text", UnsupportedType, "is named .rtf but holds something else"),
    "archive as HTML": ("a.html", make_zip({"a": b""}), UnsupportedType, "holds a zip archive"),
    "archive as Word": ("a.docx", make_zip({"a": b"b"}), UnsupportedType, "no Word document"),
    "bytes as text": ("a.txt", bytes(range(256)), UnsupportedType, "no text"),
    "bytes as Markdown": ("a.md", bytes(range(256)), UnsupportedType, "no text"),
    "blanks": ("a.txt", b" \n\t ", NoText, "holds no words"),
    "signs": ("a.md", b"--- ***", NoText, "holds no words"),
    "empty Word document": ("a.docx", make_zip({"word/document.xml": b"<a/>"}), NoText, "holds no words"),
    "scan": ("a.pdf", make_pdf(picture), NoText, "looks like a scan"),
    "PDF with a password": ("a.pdf", make_pdf(lines("a"), password="b"), EncryptedFile, "asks for a password"),
    "Word with a password": ("a.docx", OLE, EncryptedFile, "asks for a password"),
    "PDF cut off": ("a.pdf", make_handbook()[:900], DamagedFile, "is damaged"),
    "Word cut off": ("a.docx", make_docx()[:-900], DamagedFile, "is damaged"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_parse_refusals(case: str) -> None:
    """A file that cannot be added is refused in one sentence: its name, what was found, what to do."""
    name, content, refusal, message = REFUSALS[case]
    with pytest.raises(refusal, match=message) as caught:
        parse(f"folder/{name}", content)
    assert re.fullmatch(rf"{re.escape(name)} [^\n]+[;:,] [^\n]+\.", str(caught.value))


def test_every_refusal_is_tested() -> None:
    """No error class is without a case."""
    tested = {refusal for _, _, refusal, _ in REFUSALS.values()} | {FileTooLarge}
    assert tested == set(FileRefused.__subclasses__())


@pytest.mark.parametrize(
    ("limit", "message"),
    [("MAX_FILE_BYTES", "a.txt has 0.0 MB, over the limit of 0 MB"), ("MAX_TEXT_CHARACTERS", "a.txt has 9 characters")],
)
def test_parse_too_large(monkeypatch: pytest.MonkeyPatch, limit: str, message: str) -> None:
    """A file over a limit is refused with both numbers."""
    monkeypatch.setattr(limits, limit, 8)
    with pytest.raises(FileTooLarge, match=message):
        parse("a.txt", b"some text")


@pytest.mark.parametrize("error", [RecursionError(), MemoryError("big"), KeyError("x"), UnicodeError()], ids=repr)
def test_parse_unknown_error(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whatever a parser trips over, the file is damaged and the cause is kept."""

    def trip(content: bytes) -> Parsed:
        raise error

    monkeypatch.setitem(PARSERS, ".txt", trip)
    with pytest.raises(DamagedFile, match=r"a\.txt could not be read") as caught:
        parse("a.txt", b"text")
    assert caught.value.__cause__ is error


def test_parse_passes_on_what_the_parser_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and warnings arrive unchanged."""
    parsed = Parsed("text", single_page("text"), warnings=("page 2 is a picture: no text",))
    monkeypatch.setitem(PARSERS, ".txt", lambda content: parsed)
    document = parse("a.txt", b"other")
    assert (document.text, document.pages, document.warnings) == (parsed.text, parsed.pages, parsed.warnings)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../x.txt", "x.txt"),
        (r"C:\Windows\x.txt", "x.txt"),
        ("line1\nline2.txt", "line1line2.txt"),
        ("a\0b.txt", "ab.txt"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("<img src=x>.txt", "<img src=x>.txt"),
        ("ü" * 300 + ".txt", "ü" * 200 + ".txt"),
        ("folder/", "(no name)"),
        ("..", ".."),
    ],
)
def test_shown_name(name: str, shown: str) -> None:
    """Of a name the last part is kept, as data."""
    assert shown_name(name) == shown


@settings(deadline=None)  # the machine of the tests may be busy
@given(content=st.binary(max_size=200), suffix=st.sampled_from(sorted(PARSERS)), start=st.sampled_from(sorted(BUILT)))
def test_parse_any_bytes(content: bytes, suffix: str, start: str) -> None:
    """Any bytes, alone or behind a good beginning, become a document or a refusal that names the file."""
    for candidate in (content, BUILT[start][:150] + content):
        try:
            assert_invariants(parse(f"any{suffix}", candidate))
        except FileRefused as refusal:
            assert str(refusal).startswith(f"any{suffix} ")


@pytest.mark.parametrize(
    "name", ["handbook.pdf", "contract.docx", "deck.pptx", "loans.xlsx", "book.epub", "letter.rtf"]
)
@settings(deadline=None)
@given(position=st.integers(0, 10**6), byte=st.integers(0, 255))
def test_parse_damaged_bytes(name: str, position: int, byte: int) -> None:
    """One wrong byte gives a document or a refusal."""
    content = bytearray(BUILT[name])
    content[position % len(content)] = byte
    try:
        assert_invariants(parse(name, bytes(content)))
    except FileRefused as refusal:
        assert str(refusal).startswith(f"{name} ")


def outcome(path: Path) -> str:
    """How a file ends: "document", or the name of the refusal."""
    try:
        assert_invariants(parse(path.name, path.read_bytes()))
    except FileRefused as refusal:
        assert str(refusal).startswith(shown_name(path.name))
        return type(refusal).__name__
    return "document"


def outcomes(paths: list[Path]) -> list[str]:
    """How files end, each within its time, in a child process that a crash would kill instead of the tests."""
    with multiprocessing.get_context("spawn").Pool(1) as child:
        return [child.apply_async(outcome, [path]).get(SECONDS_PER_FILE) for path in paths]


def test_built_files_in_a_child_process(tmp_path: Path) -> None:
    """The files built here end as they should in the process that the real ones are tried in."""
    cases = {**BUILT, "empty.txt": b"", "scan.pdf": make_pdf(picture)}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
    ends = outcomes([tmp_path / name for name in cases])
    assert ends == ["document"] * len(BUILT) + ["EmptyFile", "NoText"]


if REAL:  # a folder of real files beside the repository; without it this test does not exist, rather than being skipped

    @pytest.mark.timeout(900)
    def test_real_files(record_property: Callable[[str, object], None]) -> None:
        """Real files, some of them broken, end as a document or a refusal; most are documents."""
        ends = outcomes(REAL)
        record_property("documents", ends.count("document"))
        assert len(ends) == len(REAL)
        assert ends.count("document") > 0.7 * len(ends), {end: ends.count(end) for end in set(ends)}
