"""Archives that unpack to more than they should, or to somewhere else."""

import struct
import warnings
import zipfile
from base64 import encodebytes
from collections.abc import Mapping
from io import BytesIO

from tests.hostile.case import MARK, NEEDLE, SECRET, Case, Trap, fixed
from tests.hostile.containers import docx, docx_parts, epub, odf, paragraph, pptx, relations, xlsx, zipped

_MEGABYTE = 1024 * 1024
_BOMB_MEGABYTES = 220
_NEEDLE_TEXT = f"<text:p>{NEEDLE}</text:p>"
_ROWS = 'table:number-rows-repeated="2000000000"'
_COLUMNS = 'table:number-columns-repeated="2000000000"'


def archive_cases() -> list[Case]:
    """All of them."""
    return [*_bombs(), *_lies(), *_places(), *_amplified(), *_inside()]


def _with_bomb(parts: Mapping[str, bytes | str], name: str, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of `parts` where `name` is the beginning of a part of blanks without end."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=1) as archive:
        for part, content in parts.items():
            if part != name:
                archive.writestr(part, content)
        with archive.open(name, "w", force_zip64=False) as bomb:
            start = parts.get(name, b"")
            bomb.write(start.encode() if isinstance(start, str) else start)
            for _ in range(_BOMB_MEGABYTES):
                bomb.write(b" " * _MEGABYTE)
    return out.getvalue()


def _unzipped(archive: bytes) -> dict[str, bytes | str]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _bombs() -> list[Case]:
    bombs = [
        ("slides_bomb", "a.pptx", pptx(), "ppt/slides/slide1.xml"),
        ("strings_bomb", "a.xlsx", xlsx(), "xl/sharedStrings.xml"),
        ("book_bomb", "a.epub", epub(), "one.xhtml"),
        ("text_bomb", "a.odt", odf("text", _NEEDLE_TEXT), "content.xml"),
        ("styles_bomb", "a.docx", docx(), "word/styles.xml"),
    ]
    return [
        *(
            Case(
                "archive", key, name, lambda trap, sound=sound, part=part: _with_bomb(_unzipped(sound), part), "refuse"
            )
            for key, name, sound, part in bombs
        ),
        Case(
            "archive",
            "bzip2_bomb",
            "a.docx",
            lambda trap: _with_bomb(docx_parts(), "word/footnotes.xml", method=zipfile.ZIP_BZIP2),
            "refuse",
        ),
        Case("archive", "lzma", "a.docx", fixed(zipped(docx_parts(), method=zipfile.ZIP_LZMA))),
    ]


def _lying(trap: Trap) -> bytes:
    """A bomb whose archive states that it unpacks to a kilobyte."""
    honest = _with_bomb(docx_parts(), "word/footnotes.xml")
    return honest.replace(struct.pack("<I", _BOMB_MEGABYTES * _MEGABYTE), struct.pack("<I", 1_024))


def _overlapping(trap: Trap) -> bytes:
    """An archive whose directory names the same bytes under two thousand names."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in docx_parts().items():
            archive.writestr(name, content)
        archive.writestr("word/footnotes.xml", b" " * 100_000)
        body = archive.getinfo("word/footnotes.xml")
        for number in range(2_000):
            info = zipfile.ZipInfo(f"word/header{number}.xml")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(info, field, getattr(body, field))
            archive.filelist.append(info)
    return out.getvalue()


def _lies() -> list[Case]:
    sound = docx()
    twice = BytesIO(sound)
    with zipfile.ZipFile(twice, "a") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("word/document.xml", docx_parts(paragraph("second body"))["word/document.xml"])
    broken = bytearray(zipped(docx_parts(), method=zipfile.ZIP_STORED))
    broken[broken.index(b"needle")] ^= 1
    many = docx(more={f"word/media/{number}.xml": b"" for number in range(6_000)})
    return [
        Case("archive", "lying_size", "a.docx", _lying, "refuse"),
        Case("archive", "overlapping_parts", "a.docx", _overlapping),
        Case("archive", "body_twice", "a.docx", fixed(twice.getvalue())),
        Case("archive", "wrong_checksum", "a.docx", fixed(bytes(broken)), "refuse"),
        Case("archive", "six_thousand_parts", "a.docx", fixed(many), "refuse", says="parts"),
        Case("archive", "second_directory", "a.docx", fixed(sound + b"PK\x05\x06" + bytes(18)), must_not=("second",)),
        Case("archive", "behind_a_program", "a.docx", fixed(b"MZ\x90" + bytes(500) + sound), "refuse"),
        *(
            Case("archive", f"{name[2:]}_cut_at_{share}", name, fixed(content[: len(content) * share // 100]), "refuse")
            for share in (30, 90)
            for name, content in [
                ("a.xlsx", xlsx()),
                ("a.pptx", pptx()),
                ("a.epub", epub()),
                ("a.odt", odf("text", "")),
            ]
        ),
    ]


def _linked(trap: Trap) -> bytes:
    """Parts that are symbolic links to the secret."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in docx_parts().items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("word/footnotes.xml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, str(trap.secret_file))
    return out.getvalue()


def _places() -> list[Case]:
    outside = {
        f"{up}{MARK}": b"pwned" for up in ("../", "../../../../tmp/", "/tmp/", "..\\..\\", "C:\\", "word/../../")
    }
    return [
        Case("archive", "paths_in_word", "a.docx", fixed(docx(more=outside)), "accept", must=(NEEDLE,)),
        Case("archive", "paths_in_book", "a.epub", fixed(epub(more=outside)), "accept", must=(NEEDLE,)),
        Case("archive", "paths_in_workbook", "a.xlsx", fixed(xlsx(more=outside)), "accept", must=(NEEDLE,)),
        Case("archive", "links", "a.docx", _linked, must_not=(SECRET,)),
        Case(
            "archive",
            "chapter_outside",
            "a.epub",
            lambda trap: epub(href=f"../../..{trap.secret_file}"),
            must_not=(SECRET,),
        ),
        Case(
            "archive",
            "chapter_by_address",
            "a.epub",
            lambda trap: epub(href=f"file://{trap.secret_file}"),
            must_not=(SECRET,),
        ),
        Case("archive", "chapter_online", "a.epub", lambda trap: epub(href=trap.url)),
        Case(
            "archive",
            "sheet_outside",
            "a.xlsx",
            lambda trap: xlsx(
                more={"xl/_rels/workbook.xml.rels": relations(("worksheet", f"../../..{trap.secret_file}", False))}
            ),
            must_not=(SECRET,),
        ),
    ]


def _table(row: str, cell: str) -> str:
    """An OpenDocument table of one row and cell with these attributes."""
    cells = f"<table:table-cell {cell}>{_NEEDLE_TEXT}</table:table-cell>"
    return f"<table:table><table:table-row {row}>{cells}</table:table-row></table:table>"


def _amplified() -> list[Case]:
    """Small files that say: the same again, a billion times."""
    repeated = {
        "columns": _table("", _COLUMNS),
        "rows": _table(_ROWS, ""),
        "rows_and_columns": _table(_ROWS, _COLUMNS),
        "blanks": '<text:p>a<text:s text:c="2000000000"/>b</text:p>',
    }
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row><row r="99999999999"><c r="ZZZZZZZ9"><v>2</v></c></row>'
    many_rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(2, 120_000))
    merged = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    chapter = "<p>" + f"{NEEDLE} " * 20_000 + "</p>"
    return [
        *(
            Case("archive", f"repeated_{key}", "a.ods", fixed(odf("spreadsheet", body)))
            for key, body in repeated.items()
        ),
        Case("archive", "repeated_blanks_in_text", "a.odt", fixed(odf("text", repeated["blanks"]))),
        Case("archive", "far_cells", "a.xlsx", fixed(xlsx(far))),
        Case("archive", "many_rows", "a.xlsx", fixed(xlsx(many_rows))),
        Case("archive", "merged_all", "a.xlsx", fixed(xlsx(after=merged)), "accept", must=(NEEDLE,)),
        Case("archive", "chapter_again_and_again", "a.epub", fixed(epub(chapter, times=3_000))),
        Case("archive", "slide_again_and_again", "a.pptx", fixed(pptx(slides=2_500))),
    ]


def _inside() -> list[Case]:
    """Archives and programs within documents."""
    inner = b"words"
    for _ in range(8):
        inner = zipped({f"{number}.zip": inner for number in range(8)})
    macros = {"xl/vbaProject.bin": b'Shell "touch ' + MARK.encode() + b'"'}
    formulas = '<row r="2"><c r="A2"><f>WEBSERVICE("http://127.0.0.1:9/")</f><v>3</v></c>'
    formulas += "<c r=\"B2\"><f>cmd|'/c calc'!A1</f><v>4</v></c></row>"
    return [
        Case(
            "archive", "nested", "a.docx", fixed(docx(more={"word/embeddings/a.zip": inner})), "accept", must=(NEEDLE,)
        ),
        Case("archive", "nested_in_book", "a.epub", fixed(epub(more={"b.epub": inner})), "accept", must=(NEEDLE,)),
        Case("archive", "macros", "a.xlsm", fixed(xlsx(more=macros)), "accept", must=(NEEDLE,), must_not=("touch",)),
        Case("archive", "formulas", "a.xlsx", fixed(xlsx(formulas)), "accept", must=(NEEDLE,)),
        Case("archive", "mailed_bomb", "a.eml", _mailed_bomb),
    ]


def _mailed_bomb(trap: Trap) -> bytes:
    bomb = _with_bomb(docx_parts(), "word/footnotes.xml")
    head = f'Subject: bomb\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\n{NEEDLE}\n--b\n'
    head += 'Content-Disposition: attachment; filename="../../a.docx"\nContent-Transfer-Encoding: base64\n\n'
    return head.encode() + encodebytes(bomb) + b"--b--\n"
