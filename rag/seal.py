"""Whether the files of the truth are as the last owner left them, told without reading them.

They are read and compared with their own checksums at the next start if they are not: after a kill, a restore, or
when something else has written to them.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rag.errors import LibraryDamaged
from rag.fingerprint import fingerprint_of


def put_on(data_dir: Path) -> None:
    """Remembers what the files look like; to be called when nothing writes to them any more."""
    with suppress(OSError):  # on a full disk the next start looks more closely
        (data_dir / "seal").write_text(fingerprint_of(data_dir, _files(data_dir)), encoding="utf-8")


def is_whole(data_dir: Path) -> bool:
    """Whether the files look as they did then. Raises LibraryDamaged if there are documents, but no library.db."""
    if is_gone(data_dir / "library.db"):
        orphan = next((path for path in data_dir.glob("index-*/index.db") if not is_gone(path)), None)
        if orphan is not None:
            raise LibraryDamaged(
                f"{data_dir / 'library.db'} is gone or empty, while {orphan} is there. Put a backup into a new folder "
                "with `python cli.py restore FILE`, or move this folder away and add the documents again."
            )
    with suppress(OSError, UnicodeDecodeError):
        return (data_dir / "seal").read_text(encoding="utf-8") == fingerprint_of(data_dir, _files(data_dir))
    return False


def is_gone(database: Path) -> bool:
    """Whether there is nothing in a database, neither in its file nor in its log."""
    return not any(path.exists() and path.stat().st_size for path in (database, _log_of(database)))


def _files(data_dir: Path) -> Iterator[Path]:
    for database in [data_dir / "library.db", *sorted(data_dir.glob("index-*/index.db"))]:
        yield database
        log = _log_of(database)
        if log.exists() and log.stat().st_size:  # readers leave empty ones
            yield log


def _log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")
