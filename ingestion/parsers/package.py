"""The zip archive that most office files and books are: opened within limits, only the named parts, no macros."""

import re
import zipfile
from io import BytesIO

from ingestion import limits
from ingestion.errors import DamagedFile, EncryptedFile, FileTooLarge

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DOCTYPE = re.compile(rb"<\x00?!\x00?D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E", re.IGNORECASE)
_PAGE = re.compile(r"\.x?html?$", re.IGNORECASE)  # read as HTML, where a DOCTYPE is usual and does nothing
_RATIO_FROM_BYTES = 10 * 1024 * 1024  # below this a high ratio does no harm
_ENCRYPTED_FLAG = 0x1
DAMAGED = "is damaged; open it in the program that made it and save it again"


def read_parts(content: bytes, wanted: re.Pattern[str], suffix: str) -> dict[str, bytes]:
    """Name -> bytes of the parts whose whole name fits `wanted`; `suffix` is for the messages.

    Raises:
        EncryptedFile, DamagedFile, FileTooLarge: whatever is wrong with the archive.

    """
    if content.startswith(OLE_MAGIC):
        old = suffix[:4]
        raise EncryptedFile(
            f"asks for a password or is in the old {old} format; save it as {suffix} without a password"
        )
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return _read_parts(archive, wanted, len(content))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DamagedFile(DAMAGED) from error


def _read_parts(archive: zipfile.ZipFile, wanted: re.Pattern[str], packed: int) -> dict[str, bytes]:
    infos = archive.infolist()
    _check_size(infos, packed)
    if any(info.flag_bits & _ENCRYPTED_FLAG for info in infos):
        raise EncryptedFile("asks for a password; save a copy without one and add that")
    parts: dict[str, bytes] = {}
    left = limits.MAX_UNPACKED_BYTES
    for info in infos:
        if wanted.fullmatch(info.filename):
            parts[info.filename] = _read_part(archive, info, left)
            left -= len(parts[info.filename])
    return parts


def _check_size(infos: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > limits.MAX_ARCHIVE_PARTS:
        raise FileTooLarge(f"holds {len(infos):,} parts, over the limit of {limits.MAX_ARCHIVE_PARTS:,}; split it")
    if unpacked > limits.MAX_UNPACKED_BYTES:
        raise _too_large(unpacked)
    if unpacked > _RATIO_FROM_BYTES and unpacked > limits.MAX_UNPACKED_RATIO * packed:
        raise FileTooLarge(
            f"unpacks to {unpacked // packed:,} times its size, over the limit of {limits.MAX_UNPACKED_RATIO}; "
            "open it where it was made and save it again"
        )


def _too_large(unpacked: int) -> FileTooLarge:
    megabyte = 1024 * 1024
    limit = limits.MAX_UNPACKED_BYTES // megabyte
    return FileTooLarge(f"unpacks to {unpacked // megabyte:,} MB or more, over the limit of {limit:,} MB; split it")


def _read_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, left: int) -> bytes:
    """The bytes of a part. The size that the archive states may be a lie, so at most `left` are read."""
    with archive.open(info) as part:
        content = part.read(left + 1)
    if len(content) > left:
        raise _too_large(limits.MAX_UNPACKED_BYTES)
    if not _PAGE.search(info.filename):
        refuse_doctype(content)
    return content


def refuse_doctype(content: bytes) -> None:
    """Nothing, if `content` declares no document type, and so no entities.

    Raises:
        DamagedFile: it does.

    """
    if _DOCTYPE.search(content):
        raise DamagedFile(
            "holds a document type declaration, which no such file needs; save it again where it was made"
        )
