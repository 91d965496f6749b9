"""A small PDF whose streams unpack to more than the memory of the machine is refused before PDFium sees it."""

import re
import zlib

from ingestion import limits
from ingestion.errors import FileTooLarge

# A stream that could pass the limit: deflate packs 1,032 to 1 at best.
_LEAST_SUSPECT = limits.MAX_UNPACKED_BYTES // 1_032
_STREAM = re.compile(rb"stream\r?\n")
_END = b"endstream"
_FIRST_BYTES = 16 * 1024
_CHUNK_BYTES = 64 * 1024
_REPEATED = re.compile(rb"/(?:FlateDecode|Fl)\s*/(?:FlateDecode|Fl)\b")  # a stream packed twice: no program does that


def refuse_bomb(content: bytes) -> None:
    """Nothing, if each packed stream stays below `limits.MAX_UNPACKED_BYTES`.

    Only streams that start as densely packed as no page or picture is are unpacked to see.

    Raises:
        FileTooLarge: one does not.

    """
    if _REPEATED.search(content):
        raise FileTooLarge("packs its content twice, as only harmful files do; print it to a new PDF")
    position = 0
    while found := _STREAM.search(content, position):
        position = content.find(_END, found.end())
        if position < 0:
            return
        if position - found.end() >= _LEAST_SUSPECT and _is_bomb(content[found.end() : position]):
            limit = limits.MAX_UNPACKED_BYTES // (1024 * 1024)
            raise FileTooLarge(f"has a page that unpacks to more than {limit} MB; print it to a new PDF")


def _is_bomb(packed: bytes) -> bool:
    unpacker = zlib.decompressobj()
    try:
        if len(unpacker.decompress(packed[:_FIRST_BYTES])) < limits.MAX_UNPACKED_RATIO * _FIRST_BYTES:
            return False
        return _unpacks_beyond_limit(packed)
    except zlib.error:  # not packed this way
        return False


def _unpacks_beyond_limit(packed: bytes) -> bool:
    unpacker, total = zlib.decompressobj(), 0
    for start in range(0, len(packed), _CHUNK_BYTES):
        total += len(unpacker.decompress(packed[start : start + _CHUNK_BYTES]))
        if total > limits.MAX_UNPACKED_BYTES:
            return True
    return False
