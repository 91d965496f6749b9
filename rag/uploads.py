"""The files as they were uploaded, kept under their hash: a name from outside never becomes a path."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from rag.errors import StorageFailed, UnknownDocument

_ID_DIGITS = 16  # of the sha256: the document's id


class Uploads:
    """A folder of files named by content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Writes the bytes, durably and once, and returns their id (16 hex digits of the sha256).

        What is there under their name with other bytes is replaced. Raises StorageFailed.
        """
        digest = hashlib.sha256(content).hexdigest()
        document_id = digest[:_ID_DIGITS]
        if self.state(document_id) != "whole":
            try:
                self._write(self._folder / digest, content)
            except OSError as error:
                raise StorageFailed(
                    f"The file could not be kept in {self._folder} ({error.strerror}). Free some space, or choose "
                    "another folder; nothing that was added before is lost."
                ) from error
        return document_id

    def _write(self, target: Path, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(f".{secrets.token_hex(4)}.part")  # another tab may keep the same file now
        try:
            with part.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name too
        finally:
            os.close(folder)

    def read(self, document_id: str) -> bytes:
        """The bytes of a kept file. Raises UnknownDocument."""
        for path in self._paths(document_id):
            with suppress(FileNotFoundError):  # dropped just now
                return path.read_bytes()
        raise UnknownDocument(f"There is no upload {document_id!r} in this library.")

    def state(self, document_id: str) -> Literal["whole", "missing", "changed"]:
        """Whether a kept file still has the bytes that its name says."""
        for path in self._paths(document_id):
            return "whole" if hashlib.sha256(path.read_bytes()).hexdigest() == path.name else "changed"
        return "missing"

    def drop(self, document_id: str) -> None:
        """Deletes a kept file; it may be gone already."""
        for path in self._paths(document_id):
            path.unlink(missing_ok=True)

    def keep_only(self, document_ids: Collection[str]) -> None:
        """Deletes all files but those of the given ids."""
        for path in self._folder.glob("*"):
            if path.name[:_ID_DIGITS] not in document_ids or path.suffix:
                path.unlink(missing_ok=True)

    def copy_to(self, target: Path) -> None:
        """Copies the files, also while others are kept or dropped."""
        target.mkdir()
        for path in self._folder.glob("*"):
            if not path.suffix:
                with suppress(FileNotFoundError):
                    shutil.copy2(path, target / path.name)

    def _paths(self, document_id: str) -> Iterator[Path]:
        return (path for path in self._folder.glob(f"{document_id}*") if not path.suffix)
