"""What the first bytes say a file is, whatever its name says."""

from ingestion.errors import UnsupportedType

_PDF_HEADER_BYTES = 1_024  # the header may stand anywhere in the first kilobyte
_ARCHIVE = "a zip archive"
_OLD_OFFICE = "an old or encrypted Office file"
_OTHER = "something else"
_MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": _ARCHIVE,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _OLD_OFFICE,
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"MZ\x90": "a program",
    b"\x7fELF": "a program",
    b"\x1f\x8b": "a gzip archive",
    b"{\\rtf": "an RTF document",
}
_IN_ARCHIVES = (_ARCHIVE, _OLD_OFFICE)  # the parser tells what is in it
# Suffix -> what its files may be. All others are text, and text is nothing of the above.
_FITTING = {
    **dict.fromkeys((".docx", ".pptx", ".xlsx", ".xlsm"), _IN_ARCHIVES),
    **dict.fromkeys((".epub", ".odt", ".odp", ".ods"), _IN_ARCHIVES),
    **dict.fromkeys((".doc", ".xls", ".ppt", ".msg"), (_OLD_OFFICE,)),
    ".rtf": ("an RTF document",),
    ".png": ("a PNG picture",),
    **dict.fromkeys((".jpg", ".jpeg"), ("a JPEG picture",)),
    ".gif": ("a GIF picture",),
    **dict.fromkeys((".tif", ".tiff"), ("a TIFF picture",)),
}
# These begin like words could, so they are looked for only where the name promises them.
_STARTS = {".webp": b"RIFF", ".bmp": b"BM"}


def check_kind(suffix: str, content: bytes) -> None:
    """Nothing, if `content` may be what `suffix` says.

    Raises:
        UnsupportedType: its first bytes say that it is something else.

    """
    found = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), _OTHER)
    if suffix == ".pdf":
        fits = b"%PDF-" in content[:_PDF_HEADER_BYTES]
    elif suffix in _STARTS:
        fits = content.startswith(_STARTS[suffix])
    else:
        fits = found in _FITTING.get(suffix, (_OTHER,))
    if not fits:
        raise UnsupportedType(f"is named {suffix} but holds {found}; rename it or export it as {suffix}")
