"""PDF files and pictures."""

import random
import struct
import zlib
from collections.abc import Callable

from tests.hostile.case import NEEDLE, SECRET, Case, Trap, fixed
from tests.hostile.containers import FONT, WORDS, one_page_pdf, pdf, png, stream, zeros
from tests.ingestion.builders import lines, make_handbook, make_pdf, picture

_SEED = 20_260_802
_WHITE_WORDS = b"1 1 1 rg BT /F1 12 Tf 72 500 Td (PWNED) Tj ET\n"
_HUGE = 100_000
_BOMB_MEGABYTES = 300


def pdf_cases() -> list[Case]:
    """All PDF files."""
    return [*_bombs(), *_loops(), *_active(), *_odd(), *_unseen(), *_damaged()]


def _bombs() -> list[Case]:
    pages = "".join(f"{number} 0 R " for number in range(4, 2_005))
    many = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{pages}] /Count 2001 >>",
        FONT,
        *["<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"] * 2_001,
    ]
    wide = "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2000000000 /Colors 4 >>"
    object_stream = "/Type /ObjStm /N 2000000000 /First 10 /Filter /FlateDecode"
    return [
        Case(
            "pdf", "stream_bomb", "a.pdf", lambda trap: one_page_pdf(contents=_packed(zeros(_BOMB_MEGABYTES))), "refuse"
        ),
        Case("pdf", "stream_packed_twice", "a.pdf", _packed_twice, "refuse"),
        Case("pdf", "stream_packed_three_ways", "a.pdf", _packed_three_ways),
        Case("pdf", "pages_2001", "a.pdf", fixed(pdf(many)), "refuse", says="2,001 pages"),
        Case("pdf", "count_lies", "a.pdf", fixed(one_page_pdf().replace(b"/Count 1", b"/Count 999999999"))),
        Case("pdf", "wide_predictor", "a.pdf", fixed(one_page_pdf(contents=stream(WORDS, wide)))),
        Case("pdf", "many_objects", "a.pdf", fixed(one_page_pdf(more=[stream(b"1 0 " * 99, object_stream)]))),
        Case("pdf", "million_states", "a.pdf", fixed(one_page_pdf(b"q " * 1_000_000 + WORDS))),
        Case("pdf", "million_words", "a.pdf", fixed(one_page_pdf(_many_words()))),
        Case("pdf", "huge_picture", "a.pdf", fixed(_huge_picture())),
        Case("pdf", "laughing_forms", "a.pdf", fixed(_laughing_forms(22))),
        Case(
            "pdf",
            "long_title",
            "a.pdf",
            fixed(one_page_pdf(more=[f"<< /Title ({'x' * 1_000_000}) >>"], trailer="/Info 6 0 R")),
        ),
        Case("pdf", "deep_array", "a.pdf", fixed(one_page_pdf(more=["[" * 100_000]))),
        Case("pdf", "deep_content", "a.pdf", fixed(one_page_pdf(b"[" * 200_000 + WORDS))),
    ]


def _packed(packed: bytes) -> bytes:
    return stream(b"", packed=packed)


def _packed_twice(trap: Trap) -> bytes:
    return one_page_pdf(
        contents=stream(b"", "/Filter [/FlateDecode /FlateDecode]", packed=zlib.compress(zeros(_BOMB_MEGABYTES), 9))
    )


def _packed_three_ways(trap: Trap) -> bytes:
    packed = zlib.compress(zlib.compress(zeros(_BOMB_MEGABYTES), 9), 9).hex().encode() + b">"
    return one_page_pdf(contents=stream(b"", "/Filter [/AHx /Fl /#46l]", packed=packed))


def _many_words() -> bytes:
    return b"BT /F1 1 Tf " + b"".join(b"%d %d Td (a) Tj " % (n % 7, -(n % 5)) for n in range(40_000)) + b"ET"


def _huge_picture() -> bytes:
    head = f"/Type /XObject /Subtype /Image /Width {_HUGE} /Height {_HUGE} /BitsPerComponent 1 /ColorSpace /DeviceGray"
    drawn = stream(bytes(1_000_000), f"{head} /Filter /FlateDecode")
    content = b"q 600 0 0 700 0 0 cm /X Do Q " + WORDS + _WHITE_WORDS
    return one_page_pdf(content, resources="/XObject << /X 6 0 R >>", more=[drawn])


def _laughing_forms(depth: int) -> bytes:
    """Each form draws the next one twice."""
    forms: list[bytes | str] = []
    for number in range(depth):
        is_last = number == depth - 1
        content = WORDS if is_last else b"/X Do /X Do"
        following = "/Font << /F1 5 0 R >>" if is_last else f"/XObject << /X {7 + number} 0 R >>"
        head = f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << {following} >> /Filter /FlateDecode"
        forms.append(stream(content, head))
    return one_page_pdf(b"/X Do " + WORDS, resources="/XObject << /X 6 0 R >>", more=forms)


def _loops() -> list[Case]:
    own_form = stream(
        b"/X Do " + WORDS, "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources 7 0 R /Filter /FlateDecode"
    )
    own_glyph = stream(b"1 0 d0 BT /F1 9 Tf (a) Tj ET")
    own_font = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 "
        "/Widths [9] /CharProcs << /a 6 0 R >> /Encoding << /Differences [97 /a] >> "
        "/Resources << /Font << /F1 5 0 R >> >> >>"
    )
    outline = [
        "<< /First 7 0 R /Last 7 0 R >>",
        "<< /Title (a) /Parent 6 0 R /Next 8 0 R >>",
        "<< /Title (b) /Next 7 0 R /First 6 0 R >>",
    ]
    glyph_page = one_page_pdf(b"BT /F1 9 Tf (aaa) Tj ET", more=[own_glyph]).replace(FONT.encode(), own_font.encode())
    trees = {
        "own_kid": ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"],
        "two_kids": [
            "<< /Pages 2 0 R >>",
            "<< /Kids [3 0 R] /Count 9 >>",
            "<< /Kids [2 0 R 3 0 R] /Count 9 /Parent 2 0 R >>",
        ],
        "own_catalogue": ["<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] /Count 1 >>"],
        "own_length": [
            "<< /Pages 2 0 R >>",
            "<< /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Contents 4 0 R >>",
            "<< /Length 4 0 R >>\nstream\nx\nendstream",
        ],
    }
    return [
        *(Case("pdf", key, "a.pdf", fixed(pdf(objects)), "refuse") for key, objects in trees.items()),
        Case(
            "pdf",
            "own_form",
            "a.pdf",
            fixed(
                one_page_pdf(
                    b"/X Do", resources="/XObject << /X 6 0 R >>", more=[own_form, "<< /XObject << /X 6 0 R >> >>"]
                )
            ),
        ),
        Case("pdf", "own_glyph", "a.pdf", fixed(glyph_page)),
        Case(
            "pdf",
            "outline_ring",
            "a.pdf",
            fixed(one_page_pdf(catalogue="/Outlines 6 0 R", more=outline)),
            "accept",
            must=(NEEDLE,),
        ),
        Case("pdf", "previous_table_ring", "a.pdf", _previous_ring),
        Case(
            "pdf", "deep_outline", "a.pdf", fixed(one_page_pdf(catalogue="/Outlines 6 0 R", more=_deep_outline(20_000)))
        ),
    ]


def _previous_ring(trap: Trap) -> bytes:
    sound = one_page_pdf(trailer="/Prev @@@@@@@@")
    start = sound.index(b"xref\n")
    return sound.replace(b"@@@@@@@@", b"%08d" % start)


def _deep_outline(depth: int) -> list[bytes | str]:
    return [
        "<< /First 7 0 R >>",
        *(f"<< /Title (a) /First {8 + n} 0 R /Parent {6 + n} 0 R /Dest [3 0 R] >>" for n in range(depth)),
    ]


def _active() -> list[Case]:
    actions = {
        "script": "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>",
        "launch": "/OpenAction << /S /Launch /F (/bin/sh) >> /AA << /WC << /S /Launch /F (calc.exe) >> >>",
        "address": "/OpenAction << /S /URI /URI (URL) >> /URI << /Base (URL) >>",
        "form": "/OpenAction << /S /SubmitForm /F (URL) >> /AcroForm << /Fields [] /XFA (<a href='URL'/>) >>",
        "other_file": "/OpenAction << /S /GoToR /F (FILE) /D [0 /Fit] >>",
    }
    return [
        *(
            Case("pdf", f"action_{key}", "a.pdf", _acting(action), "accept", must=(NEEDLE,), must_not=("alert", SECRET))
            for key, action in actions.items()
        ),
        Case("pdf", "outside_stream", "a.pdf", _outside_stream, must_not=(SECRET,)),
        Case("pdf", "attachment", "a.pdf", fixed(_with_attachment()), "accept", must=(NEEDLE,), must_not=("attached",)),
        Case("pdf", "password", "a.pdf", fixed(make_pdf(lines(NEEDLE), password="one")), "refuse", says="password"),
        Case(
            "pdf",
            "unknown_lock",
            "a.pdf",
            fixed(one_page_pdf(more=["<< /Filter /Odd /V 9 /R 9 >>"], trailer="/Encrypt 6 0 R /ID [(a) (b)]")),
            "refuse",
        ),
    ]


def _acting(action: str) -> Callable[[Trap], bytes]:
    return lambda trap: one_page_pdf(catalogue=action.replace("URL", trap.url).replace("FILE", str(trap.secret_file)))


def _outside_stream(trap: Trap) -> bytes:
    return one_page_pdf(contents=stream(b"", f"/F ({trap.secret_file}) /FFilter /ASCIIHexDecode", packed=b""))


def _with_attachment() -> bytes:
    names = "/Names << /EmbeddedFiles << /Names [(a) 6 0 R] >> >>"
    return one_page_pdf(catalogue=names, more=["<< /Type /Filespec /F (a) /EF << /F 7 0 R >> >>", stream(b"attached")])


def _odd() -> list[Case]:
    sound = one_page_pdf()
    return [
        Case("pdf", "late_header", "a.pdf", fixed(b"\n" * 900 + sound), "accept", must=(NEEDLE,)),
        Case("pdf", "no_table", "a.pdf", fixed(sound[: sound.index(b"xref\n")])),
        Case(
            "pdf",
            "negative_length",
            "a.pdf",
            fixed(one_page_pdf(contents=stream(WORDS).replace(b"/Length ", b"/Length -"))),
        ),
        Case("pdf", "endless_box", "a.pdf", fixed(one_page_pdf(WORDS + _WHITE_WORDS, box="-1e30 -1e30 1e30 1e30"))),
        Case("pdf", "no_box", "a.pdf", fixed(one_page_pdf(box="0 0 0 0"))),
        Case(
            "pdf",
            "broken_numbers",
            "a.pdf",
            fixed(one_page_pdf(b"BT /F1 1e999 Tf nan inf Td 9999999999999 0 0 -0 0 0 Tm (a) Tj ET")),
        ),
        Case("pdf", "broken_pictures", "a.pdf", fixed(_broken_pictures())),
    ]


def _broken_pictures() -> bytes:
    head = "/Type /XObject /Subtype /Image /Width 9 /Height 9 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter"
    filters = ("JBIG2Decode", "JPXDecode", "DCTDecode", "CCITTFaxDecode", "LZWDecode")
    noise = random.Random(_SEED).randbytes(5_000)
    names = " ".join(f"/X{n} {6 + n} 0 R" for n in range(len(filters)))
    content = b"".join(b"/X%d Do " % n for n in range(len(filters))) + WORDS + _WHITE_WORDS
    drawn = [stream(b"", f"{head} /{name}", packed=noise) for name in filters]
    return one_page_pdf(content, resources=f"/XObject << {names} >>", more=drawn)


def _unseen() -> list[Case]:
    lying = stream(b"/CIDInit /ProcSet findresource begin begincmap 1 beginbfrange <20> <7e> <0041> endbfrange endcmap")
    font = FONT.replace(">>", "/ToUnicode 6 0 R >>")
    return [
        Case(
            "pdf",
            "white_words",
            "a.pdf",
            fixed(one_page_pdf(WORDS + _WHITE_WORDS)),
            "accept",
            must=(NEEDLE,),
            must_not=("PWNED",),
        ),
        Case(
            "pdf",
            "tiny_words",
            "a.pdf",
            fixed(one_page_pdf(WORDS + _WHITE_WORDS.replace(b"1 1 1 rg", b"").replace(b"12 Tf", b"0.5 Tf"))),
            "accept",
            must_not=("PWNED",),
        ),
        Case("pdf", "lying_font", "a.pdf", fixed(one_page_pdf(more=[lying]).replace(FONT.encode(), font.encode()))),
        Case(
            "pdf",
            "title_speaks",
            "a.pdf",
            fixed(one_page_pdf(more=["<< /Title (a\\000\\n\\033[31m<script>) >>"], trailer="/Info 6 0 R")),
            "accept",
            must_not=("\x1b", "\0"),
        ),
        Case("pdf", "scan", "a.pdf", fixed(make_pdf(picture)), "refuse"),
    ]


def _damaged() -> list[Case]:
    sound = make_handbook()
    chance = random.Random(_SEED)
    fuzzed = []
    for _ in range(12):
        content = bytearray(sound)
        for _ in range(chance.choice([3, 30, 300])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        fuzzed.append(bytes(content))
    return [
        *(Case("pdf", f"fuzzed_{number}", "a.pdf", fixed(content)) for number, content in enumerate(fuzzed)),
        *(Case("pdf", f"cut_at_{share}", "a.pdf", fixed(sound[: len(sound) * share // 100])) for share in (10, 50, 95)),
    ]


def picture_cases() -> list[Case]:
    """Pictures: without text recognition all of them are refused."""
    dots = png(64, 64, (b"\0" + bytes(64)) * 64)
    big = png(50_000, 50_000, bytes(1_000_000))
    gif = (
        b"GIF89a"
        + struct.pack("<HH", 65_535, 65_535)
        + b"\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;"
    )
    bmp = b"BM" + struct.pack(
        "<IHHIIiiHHIIiiII", 100, 0, 0, 54, 40, 2_000_000_000, -2_000_000_000, 1, 32, 0, 0, 0, 0, 0, 0
    )
    tiff = b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 256, 4, 1, 10**9) + struct.pack("<I", 8)
    text_bomb = png(1, 1, b"\0\0", more=[(b"zTXt", b"a\0\0" + zlib.compress(b"PWNED" * 10_000_000, 9))])
    files = {
        "huge_png": ("a.png", big),
        "cut_png": ("a.png", dots[:60]),
        "text_bomb": ("a.png", text_bomb),
        "wrong_checksum": ("a.png", dots[:-6] + bytes(6)),
        "huge_gif": ("a.gif", gif),
        "huge_bmp": ("a.bmp", bmp),
        "tiff_ring": ("a.tiff", tiff),
        "cut_jpeg": ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40)),
        "cut_webp": ("a.webp", b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(40)),
    }
    return [
        Case("picture", key, name, fixed(content), "refuse", must_not=("PWNED",))
        for key, (name, content) in files.items()
    ]
