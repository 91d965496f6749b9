"""One file that holds everything that cannot be made again: documents with their vectors, uploads, chats, jobs.

The vector store and the keyword index are left out; they are rebuilt from it at the next start.
"""

import os
import re
import tempfile
import zipfile
import zlib
from pathlib import Path

from ingestion.errors import SightlineError
from rag.database import Database
from rag.doctor import faults_of_truth
from rag.embedding import MissingEmbedder
from rag.errors import LibraryDamaged, LibraryMismatch, ModelUnavailable, StorageFailed
from rag.library import SCHEMA, VERSION, Library
from rag.settings import Settings

# What the zip module says of a file that is none, is cut off, packed in another way, or has a password.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
_NO_EMBEDDER = MissingEmbedder(ModelUnavailable("Nothing is embedded while a backup is read."))
_MEMBER = re.compile(r"library\.db|index-\d+/index\.db|uploads/[0-9a-f]{64}")


class BackupRefused(SightlineError):
    """A backup cannot be written or put back."""


def back_up(library: Library, target: Path) -> int:
    """Writes a backup of the library, also beside the process that owns it; returns its size in bytes.

    An earlier file of that name is replaced once the new one is whole. Raises BackupRefused.
    """
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            copy, part = Path(folder) / "copy", Path(folder) / "part"
            _copy(library, copy)
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for path in sorted(path for path in copy.rglob("*") if path.is_file()):
                    archive.write(path, path.relative_to(copy).as_posix())
            with part.open("rb") as handle:
                os.fsync(handle.fileno())
            part.replace(target)
        return target.stat().st_size
    except OSError as error:
        raise BackupRefused(f"{target} could not be written ({error.strerror or error}).") from error


def restore(backup: Path, data_dir: Path) -> int:
    """Puts a backup into a new or empty folder; returns how many documents it holds. Raises BackupRefused."""
    try:
        if data_dir.exists() and any(data_dir.iterdir()):
            raise BackupRefused(
                f"{data_dir} is not empty. Restore into a new folder, then point SIGHTLINE_DATA_DIR at it."
            )
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(backup) as archive, tempfile.TemporaryDirectory(dir=data_dir.parent) as folder:
            strange = [name for name in archive.namelist() if not _MEMBER.fullmatch(name)]
            if strange:
                raise BackupRefused(f"{backup} is not a backup of Sightline: it holds {strange[0]!r}.")
            archive.extractall(folder)  # every name was checked, and its checksum is checked here
            documents = _documents(backup, Path(folder))
            if data_dir.exists():
                data_dir.rmdir()
            Path(folder).rename(data_dir)
            Path(folder).mkdir()  # what the context manager will remove
    except _BROKEN as error:
        raise BackupRefused(f"{backup} could not be restored: {error}.") from error
    return documents


def _documents(backup: Path, folder: Path) -> int:
    """How many documents an unpacked backup holds, once all of it was read."""
    try:
        with Library.open_read_only(Settings(data_dir=folder), _NO_EMBEDDER) as library:
            faults = faults_of_truth(library)
            if faults:
                raise BackupRefused(f"{backup} is damaged: {faults[0]}.")
            return len(library.documents())
    except (LibraryDamaged, LibraryMismatch, StorageFailed) as error:
        raise BackupRefused(f"{backup} is not a whole backup of this version of Sightline: {error}") from error


def _copy(library: Library, folder: Path) -> None:
    """Copies of everything that cannot be made again, whole even beside a writer."""
    index = library.index  # it, whatever is rebuilt meanwhile
    target = folder / index.folder.name
    target.mkdir(parents=True)
    library.database.copy_to(folder / "library.db")
    index.catalogue.database.copy_to(target / "index.db")
    library.uploads.copy_to(folder / "uploads")
    copy = Database(folder / "library.db", SCHEMA, VERSION)
    copy.set_fact("index", index.folder.name)
    copy.close()
