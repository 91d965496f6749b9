"""The index is made anew in a thread of its own, which a closed tab does not end. The old one answers meanwhile."""

import logging
import threading
import time
from typing import TYPE_CHECKING, Literal

from ingestion.errors import SightlineError
from rag.errors import Cancelled
from rag.types import Progress

if TYPE_CHECKING:
    from rag.library import Library

log = logging.getLogger(__name__)

RebuildState = Literal["idle", "running", "stopped", "failed", "done"]


class Rebuild:
    """The rebuild of one library: at most one at a time, and how far it is."""

    def __init__(self, library: "Library") -> None:
        self._library = library
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._changing = threading.Lock()
        self._began = (0.0, 0)
        self.state: RebuildState = "idle"
        self.progress = Progress("rebuilding", 0, 1)
        self.trouble = ""
        """Why it failed, in plain words."""

    def start(self) -> None:
        """Begins, or goes on after a stop; nothing if it runs already."""
        with self._changing:
            if self._thread is not None and self._thread.is_alive():
                return
            self._stop.clear()
            self.state, self.trouble, self.progress = "running", "", Progress("rebuilding", 0, 1)
            self._began = (0.0, 0)
            self._thread = threading.Thread(target=self._run, name="rebuild", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stops at the next step. What is done is kept."""
        self._stop.set()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop and has not yet."""
        return self.state == "running" and self._stop.is_set()

    def close(self) -> None:
        """Stops, and waits until it has."""
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def remaining_s(self) -> float | None:
        """How long it will take at the pace so far; None until that can be told."""
        began, first = self._began
        done = self.progress.done - first
        return (time.monotonic() - began) / done * (self.progress.total - self.progress.done) if done > 0 else None

    def _run(self) -> None:
        try:
            self._library.rebuild(progress=self._note, cancelled=self._stop.is_set)
            self.state = "done"
        except Cancelled:
            self.state = "stopped"
        except SightlineError as error:
            self.trouble, self.state = str(error), "failed"
        except Exception:
            # The thread is the last place that can catch this: the person must know.
            log.exception("the rebuild failed")
            self.trouble, self.state = "Something went wrong inside. The log of the server says what.", "failed"

    def _note(self, progress: Progress) -> None:
        if self._began[0] == 0.0 or progress.done < self.progress.done or progress.total != self.progress.total:
            self._began = (time.monotonic(), progress.done)
        self.progress = progress
