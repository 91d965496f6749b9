"""Pictures: PNG, JPEG, TIFF, WEBP, GIF and BMP, read by text recognition (OCR). Home of Pillow."""

import warnings
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from ingestion import limits
from ingestion.errors import DamagedFile, FileTooLarge, NoText
from ingestion.parsers.ocr import grey_picture, needed_recogniser, read_pictures
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import TextWriter

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
_PAGED = "TIFF"  # in the others more than one frame is a film
_DAMAGED = "is damaged; open it in a picture viewer and save it again"
_LAST_BYTES = 1_024
_MAX_SIDE = 5_000  # pixels; more makes recognition slow and no better
_WHITE = "white"
_PNG, _PNG_END = b"\x89PNG", b"IEND"


def parse_picture(content: bytes) -> Parsed:
    """The text that is recognised in a picture; each page of a TIFF is a page.

    Raises:
        NoText: nothing on this machine recognises text, or there is none.
        DamagedFile, FileTooLarge: what is wrong with the picture.

    """
    recogniser = needed_recogniser()
    writer = TextWriter()
    unread = []
    for number, text in enumerate(read_pictures(recogniser, _pages(content)), start=1):
        writer.page(number)
        writer.block(text or "")
        if text is None:
            unread.append(number)
    if not writer.length:
        raise NoText("is a picture in which no text was found; add the document that it was made from")
    return writer.parsed(warnings=("its text was recognised in a picture (OCR) and may have errors", *_rest(unread)))


def _rest(unread: list[int]) -> Iterator[str]:
    if unread:
        yield f"pages from {unread[0]} on were left out: recognising their text takes too long; split the file"


def _pages(content: bytes) -> Iterator[bytes]:
    if content.startswith(_PNG) and _PNG_END not in content[-_LAST_BYTES:]:
        raise DamagedFile(_DAMAGED)  # Pillow shows what there is of a PNG that was cut off
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd fields of a picture do no harm; its size is checked below
            with Image.open(BytesIO(content), formats=_FORMATS) as picture:
                frames = ImageSequence.Iterator(picture) if picture.format == _PAGED else [picture]
                for number, frame in enumerate(frames):
                    _refuse_large(frame, number)
                    yield _grey(frame)
    except Image.DecompressionBombError as error:
        raise FileTooLarge(f"is larger than {_megapixels()} megapixels; save it smaller") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise DamagedFile(_DAMAGED) from error


def _megapixels() -> int:
    return limits.MAX_PICTURE_PIXELS // 1_000_000


def _refuse_large(picture: Image.Image, number: int) -> None:
    if picture.width * picture.height > limits.MAX_PICTURE_PIXELS:
        megapixels = picture.width * picture.height // 1_000_000
        raise FileTooLarge(f"has {megapixels:,} megapixels, over the limit of {_megapixels()}; save it smaller")
    if number >= limits.MAX_PAGES:
        raise FileTooLarge(f"has more than {limits.MAX_PAGES:,} pages; split it")


def _grey(frame: Image.Image) -> bytes:
    """A frame as it is looked at: turned upright, on white."""
    picture = ImageOps.exif_transpose(frame)
    if picture.has_transparency_data:
        ground = Image.new("RGBA", picture.size, _WHITE)
        picture = Image.alpha_composite(ground, picture.convert("RGBA"))
    picture = picture.convert("L")
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return grey_picture(picture.width, picture.height, picture.tobytes())
