"""A folder of files and the library, kept in step: what is new, changed or gone there becomes so here."""

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import SightlineError
from rag.library import Library

_ID_DIGITS = 16  # of the sha256: the document's id


class SyncRefused(SightlineError):
    """Going on would remove documents because a folder cannot be seen, not because its files are gone."""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What differs between a folder and the library. `gone` are sources whose files are no longer there.

    Add what is new before what is gone is forgotten: a file that was renamed is then not embedded again.
    """

    new: tuple[Path, ...]
    changed: tuple[Path, ...]
    gone: tuple[str, ...]


def source_of(path: Path) -> str:
    """The source that a file of a folder has in the library: its full path, a link's its own."""
    return str(path.resolve() if path.is_dir() else path.parent.resolve() / path.name)


def plan_sync(library: Library, folder: Path, suffixes: Collection[str], *, may_empty: bool = False) -> SyncPlan:
    """What to add, replace and remove so that the library holds the folder's files, and no others from there.

    Raises SyncRefused if the folder cannot be read, or holds no file while the library has documents from it, unless
    `may_empty`: a disk that is not mounted must not empty the library.
    """
    files = _files(folder, suffixes)
    known = library.catalogue.sources(str(folder.resolve() / "_")[:-1])  # ends in a slash, and "/" in one only
    if known and not files and not may_empty:
        raise SyncRefused(
            f"{folder} holds no readable document, while the library has {len(known)} from it. Nothing was removed. "
            "If they are to go, say so with --allow-empty."
        )
    present = {source_of(path): path for path in files}
    return SyncPlan(
        new=tuple(path for source, path in present.items() if source not in known),
        changed=tuple(
            path for source, path in present.items() if source in known and _document_id(path) != known[source]
        ),
        gone=tuple(source for source in known if source not in present),
    )


def _files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise SyncRefused(f"{error.filename} cannot be read ({error.strerror}). Nothing was changed.") from error

    found = []
    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent) / name for name in sorted(names) if Path(name).suffix.lower() in suffixes]
    return [path for path in found if not path.name.startswith((".", "~$")) and (path.is_file() or path.is_symlink())]


def _document_id(path: Path) -> str | None:
    """The id of the document that a file is; None if it cannot be read, so that whoever adds it finds out why."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_ID_DIGITS]
    except OSError:
        return None
