"""The library, its model and its queue, opened in the background so that the first page need not wait."""

import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ingestion.errors import SightlineError
from rag.settings import Settings

if TYPE_CHECKING:  # imported when the library is opened: they take seconds
    from rag.embedding import Embedder
    from rag.ingest_queue import IngestQueue
    from rag.library import Library

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the pages work with, once it is open."""

    library: "Library"
    queue: "IngestQueue"
    embedder: "Embedder"


@dataclass(slots=True)
class Engine:
    """Opens the workshop in a thread of its own. `status` says in plain words how far it is."""

    settings: Settings
    state: Literal["opening", "ready", "failed"] = "opening"
    status: str = "Starting"
    _workshop: Workshop | None = None
    _opened: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begins to open; returns at once."""
        threading.Thread(target=self._open, name="open-library", daemon=True).start()

    def workshop(self) -> Workshop:
        """The open workshop. Raises SightlineError with the reason if it is not open."""
        if self._workshop is None:
            raise SightlineError(self.status)
        return self._workshop

    def wait(self, timeout_s: float) -> bool:
        """Waits until it is open or has failed; whether it is ready."""
        self._opened.wait(timeout_s)
        return self.state == "ready"

    def close(self) -> None:
        """Closes the library, so that another process may open it."""
        if self._workshop is not None:
            self._workshop.queue.close()
            self._workshop.library.close()

    def _open(self) -> None:
        try:
            self.status = "Loading the embedding model. The very first start prepares it, which takes about a minute."
            from rag.embedding import load_embedder
            from rag.ingest_queue import IngestQueue
            from rag.library import Library

            embedder = load_embedder(self.settings)
            self.status = "Opening your library."
            library = Library.open(self.settings, embedder)
            self._workshop = Workshop(library, IngestQueue(library), embedder)
            self.state, self.status = "ready", "Ready"
        except SightlineError as error:
            self.state, self.status = "failed", str(error)
        except Exception:
            log.exception("The library could not be opened")
            self.state, self.status = "failed", "The library could not be opened. The log of the server says why."
        finally:
            self._opened.set()
