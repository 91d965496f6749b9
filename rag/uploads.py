"""The files as they were uploaded, kept under their hash: a name from outside never becomes a path."""

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

from rag.errors import UnknownDocument

_ID_DIGITS = 16  # of the sha256: the document's id


class Uploads:
    """A folder of files named by content."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Writes the bytes, durably and once, and returns their id (16 hex digits of the sha256)."""
        digest = hashlib.sha256(content).hexdigest()
        target = self._folder / digest
        if not target.exists():
            part = target.with_suffix(".part")
            with part.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            part.replace(target)
        return digest[:_ID_DIGITS]

    def read(self, document_id: str) -> bytes:
        """The bytes of a kept file. Raises UnknownDocument."""
        for path in self._folder.glob(f"{document_id}*"):
            return path.read_bytes()
        raise UnknownDocument(f"There is no upload {document_id!r} in this library.")

    def drop(self, document_id: str) -> None:
        """Deletes a kept file; it may be gone already."""
        for path in self._folder.glob(f"{document_id}*"):
            path.unlink(missing_ok=True)

    def keep_only(self, document_ids: Collection[str]) -> None:
        """Deletes all files but those of the given ids."""
        for path in self._folder.iterdir():
            if path.name[:_ID_DIGITS] not in document_ids or path.suffix:
                path.unlink(missing_ok=True)
