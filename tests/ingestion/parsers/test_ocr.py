"""Pictures and scanned pages, with a stand-in for the program that recognises text, and without one."""

import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from ingestion import limits
from ingestion.errors import DamagedFile, FileTooLarge, NoText
from ingestion.parsers import ocr
from ingestion.parsers.ocr import INSTALL
from ingestion.parsers.pdf import parse_pdf
from ingestion.parsers.picture import parse_picture
from tests.ingestion.builders import assert_invariants, lines, make_pdf, picture

WORDS = "We open at nine in the morning, and we close again at six in the\nevening. HEIGHT\n\nClosed on Sunday."
RECOGNISED = "its text was recognised in a picture (OCR) and may have errors"


def image(kind: str = "PNG", *, size: tuple[int, int] = (40, 20), pages: int = 1, mode: str = "RGB") -> bytes:
    """A white picture."""
    out = BytesIO()
    frames = [Image.new(mode, size, "white") for _ in range(pages)]
    frames[0].save(out, kind, **({"save_all": True, "append_images": frames[1:]} if pages > 1 else {}))
    return out.getvalue()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `tesseract` that reads the height of any picture, and writes down how it was called."""
    script = tmp_path / "tesseract"
    script.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys, time\n"
        "if sys.argv[1] == '--list-langs':\n    sys.exit(print('List:\\ndeu\\neng\\nosd'))\n"
        "header = sys.stdin.buffer.read().split()\n"
        "pathlib.Path(__file__).with_suffix('.args').write_text(' '.join(sys.argv[1:]))\n"
        "if pathlib.Path(__file__).with_suffix('.slow').exists():\n    time.sleep(30)\n"
        "if pathlib.Path(__file__).with_suffix('.broken').exists():\n    sys.exit(1)\n"
        f"print({WORDS!r}.replace('HEIGHT', header[2].decode()))\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return script


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program and no package that recognises text."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ocr, "find_spec", lambda name: None)


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP"])
def test_picture(kind: str) -> None:
    """The text of a picture of each kind, with a warning that it may be wrong."""
    parsed = parse_picture(image(kind))
    assert_invariants(parsed)
    assert parsed.text == WORDS.replace("HEIGHT", "20")
    assert parsed.warnings == (RECOGNISED,)


def test_program_is_told_the_languages(program: Path) -> None:
    """All languages that are installed, English first; how a page is turned is found out."""
    parse_picture(image())
    assert program.with_suffix(".args").read_text() == "stdin stdout -l eng+deu --psm 1"


@pytest.mark.usefixtures("program")
def test_tiff_pages() -> None:
    """Each page of a TIFF is a page."""
    parsed = parse_picture(image("TIFF", pages=3))
    assert [page.number for page in parsed.pages] == [1, 2, 3]
    assert parsed.text.count("Closed on Sunday.") == 3


def test_picture_that_takes_too_long(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that hangs is stopped, and what the time was too short for is named."""
    program.with_suffix(".slow").touch()
    monkeypatch.setattr(limits, "MAX_OCR_PAGE_SECONDS", 0.3)
    with pytest.raises(NoText, match="no text was found"):
        parse_picture(image())
    program.with_suffix(".slow").unlink()
    monkeypatch.setattr(limits, "MAX_OCR_SECONDS", 0)
    with pytest.raises(NoText):
        parse_picture(image("TIFF", pages=2))


def test_program_that_fails(program: Path) -> None:
    """A program that ends with an error has found nothing."""
    program.with_suffix(".broken").touch()
    with pytest.raises(NoText, match="no text was found"):
        parse_picture(image())


@pytest.mark.usefixtures("nothing")
def test_picture_without_recognition() -> None:
    """Without a program the refusal ends in the command that installs one."""
    with pytest.raises(NoText) as caught:
        parse_picture(image())
    assert str(caught.value).endswith(INSTALL)


@pytest.mark.usefixtures("nothing")
def test_package_is_used_without_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is the second choice."""
    package = SimpleNamespace(RapidOCR=lambda params: lambda picture: SimpleNamespace(txts=("one", "two")))
    monkeypatch.setattr(ocr, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "rapidocr", package)
    ocr._engine.cache_clear()
    assert parse_picture(image()).text == "one\ntwo"
    package.RapidOCR = lambda params: lambda picture: 1 / 0
    ocr._engine.cache_clear()
    with pytest.raises(NoText, match="no text was found"):
        parse_picture(image())
    ocr._engine.cache_clear()


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(
    ("content", "refusal", "message"),
    [
        (image(size=(300, 300))[:-40], DamagedFile, "is damaged"),
        (b"\x89PNG and no more IEND", DamagedFile, "is damaged"),
        (image("JPEG", size=(300, 300))[:400], DamagedFile, "is damaged"),
        (image("BMP", size=(300, 300))[:-900], DamagedFile, "is damaged"),
        (image(size=(8_000, 7_000), mode="1"), FileTooLarge, "has 56 megapixels, over the limit of 50"),
        (image(size=(15_000, 15_000), mode="1"), FileTooLarge, "is larger than 50 megapixels"),
    ],
    ids=["PNG cut off", "no PNG", "JPEG cut off", "BMP cut off", "large", "huge"],
)
def test_picture_refusals(content: bytes, refusal: type[Exception], message: str) -> None:
    """What is no readable picture is refused by the fitting error."""
    with pytest.raises(refusal, match=message):
        parse_picture(content)


@pytest.mark.usefixtures("program")
def test_picture_is_scaled() -> None:
    """What is very long is made smaller before it is read."""
    assert "evening. 5000" in parse_picture(image(size=(10, 6_000))).text


@pytest.mark.usefixtures("program")
def test_scanned_page() -> None:
    """A page that is a picture has the text that is recognised in it, its lines joined to paragraphs."""
    parsed = parse_pdf(make_pdf(lines("First page."), picture))
    assert_invariants(parsed)
    second = parsed.text[parsed.pages[1].start : parsed.pages[1].end].strip()
    assert second.startswith("We open at nine in the morning, and we close again at six in the evening. ")
    assert second.endswith("\n\nClosed on Sunday.")
    assert parsed.warnings == ("page 2 is a picture: its text was recognised (OCR) and may have errors",)


@pytest.mark.usefixtures("program")
def test_scanned_pages_that_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages that the time was too short for are named."""
    monkeypatch.setattr(limits, "MAX_OCR_SECONDS", 0)
    parsed = parse_pdf(make_pdf(lines("First page."), picture))
    assert parsed.warnings == ("page 2 is a picture: recognising its text takes too long; split the file",)


def test_scan_in_which_nothing_is_found(program: Path) -> None:
    """A scan without a word is refused."""
    program.with_suffix(".broken").touch()
    with pytest.raises(NoText, match=r"looks like a scan: .*; none was recognised in them either"):
        parse_pdf(make_pdf(picture))


@pytest.mark.usefixtures("nothing")
def test_scan_without_recognition() -> None:
    """Without a program the refusal of a scan, and the warning of a page, end in the command that installs one."""
    with pytest.raises(NoText, match="looks like a scan") as caught:
        parse_pdf(make_pdf(picture))
    assert str(caught.value).endswith(INSTALL)
    assert parse_pdf(make_pdf(lines("text"), picture)).warnings == (f"page 2 is a picture: no text; {INSTALL}",)
