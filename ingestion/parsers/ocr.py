"""Text recognition (OCR) with the program `tesseract` or else the package `rapidocr`; without both there is none.

Home of rapidocr, which is optional. Pictures are grey, in the PGM format: both read it from memory alone.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

from ingestion import limits
from ingestion.errors import NoText

INSTALL = "to read pictures, install text recognition: apt-get install tesseract-ocr, or pip install rapidocr"
_PROGRAM = "tesseract"
_PACKAGE = "rapidocr"
_ORIENTATION = "osd"  # a model that tells how a page is turned, listed among the languages
_FIRST_LANGUAGE = "eng"
_MAX_LANGUAGES = 4  # each one takes its time
_LIST_SECONDS = 10
# Small steps: it has to do with the memory of one reader of files.
_PACKAGE_SETTINGS = {
    "Global.log_level": "critical",
    "Global.use_cls": False,
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "Rec.rec_batch_num": 1,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
}

Recogniser: TypeAlias = Callable[[bytes, float], str]
"""(picture, seconds) -> its text; "" if there is none, or none in that time."""


def find_recogniser() -> Recogniser | None:
    """What reads pictures on this machine."""
    program = shutil.which(_PROGRAM)
    if program:
        return lambda picture, seconds: _read_by_program(program, picture, seconds)
    return _read_by_package if find_spec(_PACKAGE) else None


def needed_recogniser() -> Recogniser:
    """The same for a file that is nothing but pictures.

    Raises:
        NoText: there is none; the message ends in the command that installs one.

    """
    recogniser = find_recogniser()
    if recogniser is None:
        raise NoText(f"is a picture, whose text cannot be read here; {INSTALL}")
    return recogniser


def read_pictures(recogniser: Recogniser, pictures: Iterable[bytes]) -> Iterator[str | None]:
    """The text of each picture; None for those that the time was too short for."""
    end = time.monotonic() + limits.MAX_OCR_SECONDS
    for picture in pictures:
        left = min(end - time.monotonic(), limits.MAX_OCR_PAGE_SECONDS)
        yield recogniser(picture, left) if left > 0 else None


def grey_picture(width: int, height: int, pixels: bytes) -> bytes:
    """A PGM file of these pixels, one byte each."""
    return b"P5 %d %d 255\n" % (width, height) + pixels


def _read_by_program(program: str, picture: bytes, seconds: float) -> str:
    languages = _languages(program)
    known = [language for language in languages if language != _ORIENTATION][:_MAX_LANGUAGES]
    layout = ["--psm", "1"] if _ORIENTATION in languages else []
    command = [program, "stdin", "stdout", *(["-l", "+".join(known)] if known else []), *layout]
    return _output(command, picture, seconds)


@cache
def _languages(program: str) -> tuple[str, ...]:
    """The languages that are installed, English first."""
    lines = _output([program, "--list-langs"], b"", _LIST_SECONDS).splitlines()[1:]
    return tuple(sorted((line.strip() for line in lines if line.strip()), key=lambda name: name != _FIRST_LANGUAGE))


def _output(command: list[str], given: bytes, seconds: float) -> str:
    try:
        ended = subprocess.run(  # noqa: S603  the program is found by its name, the rest is ours
            command, input=given, capture_output=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout.decode("utf-8", errors="replace") if ended.returncode == 0 else ""


def _read_by_package(picture: bytes, seconds: float) -> str:
    """The text, however long it takes: the package cannot be stopped, the process that reads the file can."""
    try:
        found = _engine()(picture)
    except Exception:  # it has errors of its own, most often for want of memory; the other pages must go on
        return ""
    return "\n".join(found.txts or ())


@cache
def _engine() -> Callable[[bytes], Any]:
    package: Any = import_module(_PACKAGE)  # subtle: not above, for it is heavy and may not be there
    engine: Callable[[bytes], Any] = package.RapidOCR(params=_PACKAGE_SETTINGS)
    return engine
