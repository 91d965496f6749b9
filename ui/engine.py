"""The library, its queue and its helpers, opened in the background so that the first page need not wait."""

import gc
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ingestion.errors import SightlineError
from rag.settings import Settings
from ui.rebuilding import Rebuild
from ui.watching import FolderWatch

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
    rebuild: Rebuild
    watch: FolderWatch

    @property
    def embedder(self) -> "Embedder":
        """The model that the index was made with; another one after a rebuild."""
        return self.library.embedder

    def close(self) -> None:
        """Stops what is under way, then lets go of the folder. All of it goes on at the next start."""
        self.rebuild.stop()
        self.watch.close()
        self.rebuild.close()
        self.queue.close()
        self.library.close()


@dataclass(slots=True)
class Engine:
    """Opens the workshop in a thread of its own. `status` says in plain words how far it is."""

    settings: Settings
    state: Literal["opening", "ready", "failed"] = "opening"
    status: str = "Starting"
    _workshop: Workshop | None = None
    _opened: threading.Event = field(default_factory=threading.Event)
    _changing: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

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
        """Closes the library, also one that is still being opened, so that another process may open it."""
        with self._changing:
            self._closed = True
            shop, self._workshop = self._workshop, None
        if shop is not None:
            self.state, self.status = "failed", "The library was closed."
            shop.close()

    def _open(self) -> None:
        try:
            self.status = "Loading the embedding model. The very first start prepares it, which takes about a minute."
            from rag.embedding import load_embedder

            embedder = load_embedder(self.settings)
            self.status = "Opening your library."
            self._keep(self._workshop_with(embedder))
            # What is there now stays: looked through for garbage again and again, it would hold up one question in
            # fifteen for 150 ms.
            gc.collect()
            gc.freeze()
        except SightlineError as error:
            self.state, self.status = "failed", str(error)
        except Exception:
            log.exception("The library could not be opened")
            self.state, self.status = "failed", "The library could not be opened. The log of the server says why."
        finally:
            self._opened.set()

    def _workshop_with(self, embedder: "Embedder") -> Workshop:
        from rag.ingest_queue import IngestQueue
        from rag.library import Library

        library = Library.open(self.settings, embedder)
        queue = IngestQueue(library)
        return Workshop(library, queue, Rebuild(library), FolderWatch(library, queue, self.settings.watch_dir))

    def _keep(self, shop: Workshop) -> None:
        with self._changing:
            if not self._closed:
                self._workshop = shop
                self.state, self.status = "ready", "Ready"
                return
        shop.close()
