"""A folder of the server that the library follows: looked at every few seconds, in a thread of its own.

A look that finds all files as they were costs their dates and sizes; only what is new is read.
"""

import logging
import os
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.errors import SightlineError
from ingestion.limits import MAX_FILE_BYTES

if TYPE_CHECKING:  # these take seconds to import
    from rag.ingest_queue import IngestQueue
    from rag.library import Library

EVERY_S = 10.0
SETTLED_S = 2.0
"""How long a file has to be left alone before it is read: one that is being copied is not whole."""

MOST_FILES = 20_000

log = logging.getLogger(__name__)

Stamps = Mapping[str, tuple[int, int]]
"""Modification time in ns and size in bytes of each file, by its path."""


class FolderRefused(SightlineError):
    """A folder that cannot be followed."""


@dataclass(frozen=True, slots=True)
class WatchReport:
    """What was found and done. `would_go` sources are kept because their folder is suddenly empty."""

    looked_at: float = 0.0  # time.time()
    files: int = 0
    changed_at: float = 0.0  # the last look that found something to do, and what that was
    added: int = 0
    changed: int = 0
    forgotten: int = 0
    too_large: tuple[str, ...] = ()
    trouble: str = ""
    would_go: int = 0


class FolderWatch:
    """Follows at most one folder. What it does goes through the queue, like any other file."""

    def __init__(
        self, library: "Library", queue: "IngestQueue", folder: Path | None, *, every_s: float = EVERY_S
    ) -> None:
        self._library = library
        self._queue = queue
        self._every_s = every_s
        self._wake = threading.Event()
        self._looking = threading.Lock()
        self._closed = False
        self._may_empty = False
        self._settled: Stamps | None = None  # the files when all was done for the last time
        self._handed_over: dict[str, tuple[int, int]] = {}
        self.folder = folder
        self.report = WatchReport()
        self._thread = threading.Thread(target=self._work, name="watch-folder", daemon=True)
        self._thread.start()

    def follow(self, folder: Path | None) -> None:
        """Follows another folder, or none; documents of the one before stay. Raises FolderRefused."""
        if folder is not None and not folder.is_dir():
            raise FolderRefused(f"{folder} is not a folder of this machine.")
        with self._looking:
            self.folder, self.report = folder, WatchReport()
            self._settled, self._may_empty = None, False
            self._handed_over.clear()
        self._wake.set()

    def empty_anyway(self) -> None:
        """Once, removes the documents of a folder that holds no file any more."""
        self._may_empty = True
        self._wake.set()

    def close(self) -> None:
        """Stops looking."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def look(self) -> None:
        """One look at the folder, and what follows from it."""
        with self._looking:
            if self.folder is None:
                return
            try:
                self._look(self.folder)
            except (SightlineError, OSError) as error:
                self.report = WatchReport(looked_at=time.time(), trouble=str(error))
            except Exception:
                # The thread is the last place that can catch this: the next look must come.
                log.exception("the watched folder could not be followed")
                trouble = "Something went wrong inside. The log of the server says what."
                self.report = WatchReport(looked_at=time.time(), trouble=trouble)

    def _work(self) -> None:
        while not self._closed:
            self._wake.clear()
            self.look()
            self._wake.wait(self._every_s)

    def _look(self, folder: Path) -> None:
        from ingestion.parsers import PARSERS
        from rag.sync import SyncRefused, plan_sync

        stamps, now = stamps_of(folder, PARSERS), time.time()
        self.report = replace(self.report, looked_at=now, files=len(stamps), trouble="", would_go=0)
        if stamps == self._settled or is_moving(stamps, now) or self._is_under_way(folder):
            return
        try:
            plan = plan_sync(self._library, folder, PARSERS, may_empty=self._may_empty)
        except SyncRefused as error:
            self._refuse(folder, str(error))
            return
        self._may_empty = False
        added, changed = self._hand_over(plan.new, stamps), self._hand_over(plan.changed, stamps)
        forgotten = 0
        if not self._is_under_way(folder):  # what moved is in its new place before it goes from the old one
            for source in plan.gone:
                self._library.forget_source(source)
            forgotten, self._settled = len(plan.gone), stamps
        if added or changed or forgotten:
            self.report = replace(self.report, added=added, changed=changed, forgotten=forgotten, changed_at=now)
        too_large = tuple(Path(path).name for path, (_, size) in stamps.items() if size > MAX_FILE_BYTES)
        self.report = replace(self.report, too_large=too_large)

    def _hand_over(self, paths: Sequence[Path], stamps: Stamps) -> int:
        """Gives files to the queue; how many. What was given before and is as it was then was refused, or removed."""
        from rag.sync import source_of

        count = 0
        for path in paths:
            stamp = stamps.get(str(path))
            if stamp is None or stamp[1] > MAX_FILE_BYTES or self._handed_over.get(str(path)) == stamp:
                continue
            self._queue.submit(path.name, path.read_bytes(), source=source_of(path))
            self._handed_over[str(path)] = stamp
            count += 1
        return count

    def _refuse(self, folder: Path, words: str) -> None:
        """Says why nothing was done; where the folder is only empty, also how many documents would go."""
        from rag.sync import SyncRefused, plan_sync

        would_go = 0
        try:
            would_go = len(plan_sync(self._library, folder, (), may_empty=True).gone)
        except SyncRefused:
            pass
        else:
            words = f"{folder} holds no document that can be read. What the library has from it was kept."
        self.report = replace(self.report, trouble=words, would_go=would_go)

    def _is_under_way(self, folder: Path) -> bool:
        """Whether files of the folder are still in the queue."""
        prefix = str(folder.resolve()) + os.sep
        jobs = self._library.jobs.list()
        return any(job.state in ("waiting", "running") and job.source.startswith(prefix) for job in jobs)


def stamps_of(folder: Path, suffixes: Collection[str]) -> Stamps:
    """The files of a folder that can be read, with their stamps. Raises FolderRefused if there are too many."""
    found: dict[str, tuple[int, int]] = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent) / name
            if name.startswith((".", "~$")) or path.suffix.lower() not in suffixes or not path.is_file():
                continue
            stat = path.stat()
            found[str(path)] = stat.st_mtime_ns, stat.st_size
        if len(found) > MOST_FILES:
            raise FolderRefused(f"{folder} holds more than {MOST_FILES:,} documents; choose a smaller folder.")
    return found


def is_moving(stamps: Stamps, now: float) -> bool:
    """Whether a file was written just now."""
    return any(now - SETTLED_S < changed_ns / 1e9 <= now for changed_ns, _ in stamps.values())
