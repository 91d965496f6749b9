"""The containers that hostile parts are put into, made by hand so that they may be wrong."""

import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from io import BytesIO

from tests.hostile.case import NEEDLE

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
_TYPES = f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
_TYPES += '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
_PRESENTATION = "http://schemas.openxmlformats.org/presentationml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_OUTSIDE = ' TargetMode="External"'
_SHEET = '<sheet name="One" sheetId="1" r:id="rId1"/>'
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def zipped(parts: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def relations(*targets: tuple[str, str, bool]) -> str:
    """A part of relations: (type, target, is outside)."""
    rows = "".join(
        f'<Relationship Id="rId{number}" Type="{R}/{kind}" Target="{target}"{_OUTSIDE if outside else ""}/>'
        for number, (kind, target, outside) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def paragraph(words: str) -> str:
    """A Word paragraph."""
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def docx_parts(
    body: str = "", *, before: str = "", more: Mapping[str, bytes | str] | None = None
) -> dict[str, bytes | str]:
    """The parts of a Word document that says the needle, then `body`; `before` stands above its root."""
    return {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": relations(("officeDocument", "word/document.xml", False)),
        "word/document.xml": f"{before}<w:document {W}><w:body>{paragraph(NEEDLE)}{body}</w:body></w:document>",
        **(more or {}),
    }


def docx(body: str = "", *, before: str = "", more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A Word document of those parts."""
    return zipped(docx_parts(body, before=before, more=more))


def xlsx(rows: str = "", *, before: str = "", after: str = "", more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A workbook whose first cell says the needle; `rows` are of XML."""
    first = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{NEEDLE}</t></is></c></row>'
    sheet = f"<sheetData>{first}{rows}</sheetData>"
    return zipped(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": relations(("officeDocument", "xl/workbook.xml", False)),
            "xl/workbook.xml": f'<workbook {S} xmlns:r="{R}"><sheets>{_SHEET}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations(
                ("worksheet", "worksheets/sheet1.xml", False), ("sharedStrings", "sharedStrings.xml", False)
            ),
            "xl/worksheets/sheet1.xml": f"{before}<worksheet {S}>{sheet}{after}</worksheet>",
            **(more or {}),
        }
    )


def pptx(*, before: str = "", slides: int = 1, more: Mapping[str, bytes | str] | None = None) -> bytes:
    """A presentation whose one slide, shown `slides` times, says the needle."""
    names = f'xmlns:p="{_PRESENTATION}" xmlns:a="{_DRAWING}" xmlns:r="{R}"'
    text = f"<p:txBody><a:p><a:r><a:t>{NEEDLE}</a:t></a:r></a:p></p:txBody>"
    slide = f"{before}<p:sld {names}><p:cSld><p:spTree><p:sp>{text}</p:sp></p:spTree></p:cSld></p:sld>"
    shown = "".join(f'<p:sldId id="{256 + number}" r:id="rId1"/>' for number in range(slides))
    return zipped(
        {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml", False)),
            "ppt/presentation.xml": f"<p:presentation {names}><p:sldIdLst>{shown}</p:sldIdLst></p:presentation>",
            "ppt/_rels/presentation.xml.rels": relations(("slide", "slides/slide1.xml", False)),
            "ppt/slides/slide1.xml": slide,
            **(more or {}),
        }
    )


def odf(kind: str, body: str, *, before: str = "", more: Mapping[str, bytes | str] | None = None) -> bytes:
    """An OpenDocument file: `kind` is "text" or "spreadsheet"."""
    names = " ".join(f'xmlns:{name}="{OFFICE}:{name}:1.0"' for name in ("office", "text", "table"))
    content = f"{before}<office:document-content {names}><office:body><office:{kind}>{body}"
    content += f"</office:{kind}></office:body></office:document-content>"
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, **(more or {})})


def epub(
    chapter: str = f"<p>{NEEDLE}</p>",
    *,
    before: str = "",
    opf_before: str = "",
    href: str = "one.xhtml",
    times: int = 1,
    more: Mapping[str, bytes | str] | None = None,
) -> bytes:
    """A book of one chapter, which its spine names `times`."""
    items = "".join(f'<item id="c{n}" href="{href}" media-type="application/xhtml+xml"/>' for n in range(times))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(times))
    opf = f'{opf_before}<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>'
    container = '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    container += '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": container,
            "book.opf": opf,
            "one.xhtml": f'{before}<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>',
            **(more or {}),
        }
    )


def stream(content: bytes, fields: str = "", *, packed: bytes | None = None) -> bytes:
    """A stream object; `packed` stands instead of the content, deflated."""
    body = zlib.compress(content, 9) if packed is None else packed
    fields = fields or "/Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n" % (len(body), fields.encode()) + body + b"\nendstream"


def pdf(objects: Sequence[bytes | str], *, trailer: str = "") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + (content.encode() if isinstance(content, str) else content) + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer\n<< /Size {len(places) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)


FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
WORDS = f"BT /F1 12 Tf 72 700 Td ({NEEDLE}) Tj ET\n".encode()


def one_page_pdf(
    content: bytes = WORDS,
    *,
    catalogue: str = "",
    page: str = "",
    resources: str = "",
    box: str = "0 0 612 792",
    contents: bytes | None = None,
    more: Sequence[bytes | str] = (),
    trailer: str = "",
) -> bytes:
    """A PDF of one page; the objects of `more` are numbered from 6."""
    return pdf(
        [
            f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R {page} "
            f"/Resources << /Font << /F1 5 0 R >> {resources} >> >>",
            contents if contents is not None else stream(content),
            FONT,
            *more,
        ],
        trailer=trailer,
    )


def png(
    width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 0, more: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """A PNG that says it is so large, with any pixels (filter bytes and all) and other chunks."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), *more, (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b"")]
    return _PNG_MAGIC + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@cache
def zeros(megabytes: int) -> bytes:
    """Deflated zeros, made without holding them."""
    packer, block = zlib.compressobj(1), bytes(1024 * 1024)
    return b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()


def with_sizes(archive: bytes, real: int, stated: int) -> bytes:
    """The archive, stating another size wherever it states `real` in its records."""
    return archive.replace(struct.pack("<I", real), struct.pack("<I", stated))
