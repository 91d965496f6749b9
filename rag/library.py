"""Documents in, documents out.

One process owns a library. Its documents live in an index that can be rebuilt with other settings while the old one
answers.
"""

import contextlib
import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from ingestion.errors import FileRefused, SightlineError
from ingestion.parsing import shown_name
from ingestion.sandbox import ParsingCancelled, parse_in_child
from ingestion.types import Document
from rag import seal
from rag.catalogue import Catalogue
from rag.chats import Chats
from rag.database import Database
from rag.embedding import Embedder
from rag.errors import Cancelled, LibraryDamaged, LibraryInUse, StorageFailed
from rag.index import Index
from rag.index_opening import open_index
from rag.jobs import JobRecord, Jobs
from rag.ownership import own
from rag.passport import passport_of
from rag.preparation import prepare
from rag.progress import Step, ignore_progress, never, stepper
from rag.reranking import Rerankers
from rag.settings import Settings
from rag.shadow import copy_document, missing_from, open_shadow, shadow_folder, tidy_shadow
from rag.types import AddReport, DocumentRecord, Progress
from rag.uploads import Uploads

VERSION = 1
SCHEMA = f"{Jobs.SCHEMA};\n{Chats.SCHEMA}"

log = logging.getLogger(__name__)


class Library:
    """A folder of documents that can be asked."""

    def __init__(self, settings: Settings, embedder: Embedder, *, read_only: bool = False) -> None:
        self.settings = settings
        self.is_read_only = read_only
        self._writing = threading.RLock()
        self._rebuilding = threading.Lock()
        self._keeping = threading.Lock()
        self._is_closing = False
        self._wanted = settings, embedder
        self.rerankers = Rerankers()
        self.uploads = Uploads(settings.data_dir / "uploads")
        with contextlib.ExitStack() as open_files:
            if not read_only:
                open_files.enter_context(own(settings.data_dir))
            self._is_sealed = read_only or seal.is_whole(settings.data_dir)
            self.database = Database(settings.data_dir / "library.db", SCHEMA, VERSION, read_only=read_only)
            open_files.callback(self.database.close)
            self.chats = Chats(self.database)
            self.jobs = Jobs(self.database)
            self.index = self._open_index()
            open_files.callback(lambda: self.index.close())  # whichever it is by then
            if not read_only:
                self._tidy()
            self._open_files = open_files.pop_all()

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder) -> Self:
        """The library in `settings.data_dir`, made if it is not there, mended if its last owner was killed.

        Raises LibraryInUse if another process owns it, LibraryDamaged or StorageFailed if it cannot be read.
        """
        return cls(settings, embedder)

    @classmethod
    def open_read_only(cls, settings: Settings, embedder: Embedder) -> Self:
        """The library beside the process that owns it: searching and reading work, by exact search.

        Raises LibraryDamaged or StorageFailed if it is not there or cannot be read.
        """
        return cls(settings, embedder, read_only=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files and of the folder."""
        if self._is_closing:
            return
        self._is_closing = True  # a rebuild stops at its next step
        with self._rebuilding, self._writing:
            if not self.is_read_only:
                with contextlib.suppress(SightlineError):  # the next start tries again
                    self.index.compact()
            self.index.close()
            self.database.close()
            if not self.is_read_only:
                seal.put_on(self.settings.data_dir)
            self._open_files.close()  # the lock last

    @property
    def catalogue(self) -> Catalogue:
        """The truth about the documents."""
        return self.index.catalogue

    @property
    def embedder(self) -> Embedder:
        """The model that the index was made with."""
        return self.index.embedder

    @property
    def passport(self) -> dict[str, str | int]:
        """Everything that makes the vectors of this library what they are."""
        return self.index.passport

    @property
    def differences(self) -> dict[str, tuple[object, object]]:
        """What differs between the index and the settings, as (there, asked for); empty when they agree.

        Answers come from the index as it is until it is rebuilt.
        """
        there, asked = self.index.passport, passport_of(*self._wanted)
        keys = sorted(there.keys() | asked.keys())
        return {key: (there.get(key), asked.get(key)) for key in keys if there.get(key) != asked.get(key)}

    def add(
        self,
        name: str,
        content: bytes,
        *,
        source: str | None = None,
        progress: Callable[[Progress], None] = ignore_progress,
        cancelled: Callable[[], bool] = never,
    ) -> AddReport:
        """What became of one file. A file that cannot be added is reported, not raised; nothing of it stays.

        The same bytes again are `unchanged`, under whatever name. Other bytes from the same `source` (the name, if
        not given) replace the document that came from it before, which answers until then.
        """
        started = time.perf_counter()

        def report(**fields: Any) -> AddReport:  # noqa: ANN401  (the fields of AddReport)
            return AddReport(file=name, seconds=round(time.perf_counter() - started, 3), **fields)

        try:
            with self._writing:
                self.check_writable()
                record, is_new, note = self._add(
                    name, content, source or name, stepper(name, progress, cancelled), cancelled
                )
        except FileRefused as error:
            return report(status="refused", message=str(error))
        except (Cancelled, ParsingCancelled) as error:
            return report(status="cancelled", message=str(error))
        except SightlineError as error:
            return report(status="failed", message=f"{name}: {error}")
        notes = [*(record.warnings if is_new else ()), *([note] if note else [])]
        return report(
            status=("partial" if record.warnings else "added") if is_new else "unchanged",
            document_id=record.id,
            pages=record.pages,
            chunks=record.chunks,
            passages=record.passages,
            tokens=record.tokens,
            unread_tokens=record.unread_tokens,
            message="; ".join(notes),
        )

    def remove(self, document_id: str) -> None:
        """Takes a document out of every answer, then deletes it from all indexes and from disk.

        Raises UnknownDocument.
        """
        with self._writing:
            self.check_writable()
            try:
                self.index.remove(document_id)
            finally:
                self._clean_up_after(document_id)

    def enqueue(self, name: str, content: bytes, source: str) -> JobRecord:
        """A new job to add a file, whose bytes are kept until it is over. Raises StorageFailed."""
        with self._keeping:
            return self.jobs.create(name, source, self.uploads.keep(content))

    def drop_upload(self, document_id: str) -> None:
        """Deletes the bytes of a file, unless a document or a job still needs them."""
        with self._keeping:
            if not self.catalogue.has(document_id) and not self.jobs.awaits(document_id):
                self.uploads.drop(document_id)

    def forget_source(self, source: str) -> None:
        """Takes away where a document came from, and the document if that was its last source."""
        with self._writing:
            self.check_writable()
            document_id = self.catalogue.sources().get(source)
            removed = self.index.forget_source(source)
            if removed is not None:
                self._clean_up_after(removed)
            elif document_id is not None:
                self._rename_after_sources(document_id)

    def documents(self) -> list[DocumentRecord]:
        """The documents, newest first."""
        return self.catalogue.records()

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises UnknownDocument."""
        return self.catalogue.document(document_id)

    def rebuild(
        self, *, progress: Callable[[Progress], None] = ignore_progress, cancelled: Callable[[], bool] = never
    ) -> None:
        """Makes the index anew with the settings asked for; the old one answers until the swap at the end.

        What was done is kept when it is cancelled or killed, and the next call goes on from there. Raises Cancelled.
        """
        self.check_writable()

        def stop_if_asked(*_: object) -> None:
            if self._is_closing or cancelled():
                raise Cancelled("The rebuild was stopped; what is done is kept for the next time.")

        with self._rebuilding:
            stop_if_asked()
            fresh = open_shadow(self.index, *self._wanted)
            try:
                while fresh is not self.index:
                    missing = missing_from(fresh, self.documents())
                    for done, record in enumerate(missing):
                        stop_if_asked()
                        progress(Progress("rebuilding", done, len(missing)))
                        copy_document(record, self.index, self.uploads, fresh, stop_if_asked)
                    with self._writing:
                        if not missing_from(fresh, self.documents()):
                            self._swap(fresh)
            except BaseException:
                if fresh is not self.index:
                    with contextlib.suppress(SightlineError):
                        missing_from(fresh, self.documents())
                    fresh.close()
                raise

    def _add(
        self, name: str, content: bytes, source: str, step: Step, cancelled: Callable[[], bool]
    ) -> tuple[DocumentRecord, bool, str]:
        """The document's row, whether it is new, and what to say of it."""
        known = hashlib.sha256(content).hexdigest()[:16]
        if self.catalogue.has(known):
            return self._add_known(known, name, content, source)
        step("reading", 0, 1)
        document = parse_in_child(name, content, cancelled=cancelled, progress=lambda at, of: step("reading", at, of))
        prepared = prepare(document, self.embedder, self.index.settings, self.catalogue.known_vectors, step)
        self.uploads.keep(content)
        try:
            replaced = self.index.insert(prepared, source, size_bytes=len(content), step=step)
        except BaseException:
            self.drop_upload(document.id)
            raise
        if replaced is not None:
            self._clean_up_after(replaced)
        return self.catalogue.record(document.id), True, "" if replaced is None else "replaces the version before it"

    def _add_known(self, document_id: str, name: str, content: bytes, source: str) -> tuple[DocumentRecord, bool, str]:
        before = self.catalogue.record(document_id)
        self.uploads.keep(content)  # which it may have lost
        replaced = self.index.link(document_id, source)
        if replaced is not None:
            self._clean_up_after(replaced)
        if self.catalogue.sources_of(document_id) == [source] and before.name != shown_name(name):
            self.catalogue.rename(document_id, shown_name(name))
        return self.catalogue.record(document_id), False, f"{name}: already in the library as {before.name}."

    def _rename_after_sources(self, document_id: str) -> None:
        """A document whose file was renamed is shown by the name that is left."""
        names = [shown_name(source) for source in self.catalogue.sources_of(document_id)]
        if names and self.catalogue.record(document_id).name not in names:
            self.catalogue.rename(document_id, names[0])

    def _open_index(self) -> Index:
        """The index that answers, with the settings and the embedder that it was made with."""
        while True:
            known = self.database.fact("index")
            try:
                return self._open_index_named(known or "index-1")
            except (LibraryDamaged, StorageFailed):
                if self.database.fact("index") == known:  # the owner has not swapped it for another just now
                    raise

    def _open_index_named(self, name: str) -> Index:
        index = open_index(
            self.settings.data_dir / name,
            self.database,
            *self._wanted,
            read_only=self.is_read_only,
            is_sealed=self._is_sealed,
        )
        if not self.is_read_only and self.database.fact("index") != name:
            self.database.set_fact("index", name)
        return index

    def _tidy(self) -> None:
        """Deletes what a killed process left behind, all of it known to be of no use."""
        try:
            self.uploads.keep_only({record.id for record in self.documents()} | self.jobs.awaited_uploads())
            for folder in self.settings.data_dir.glob("index-*"):
                if folder not in (self.index.folder, shadow_folder(self.index)):
                    shutil.rmtree(folder)
            self._tidy_shadow()
        except (OSError, StorageFailed):
            log.exception("what an earlier process left behind could not be deleted")

    def _tidy_shadow(self) -> None:
        folder = shadow_folder(self.index)
        if folder.exists() and self._rebuilding.acquire(blocking=False):  # a rebuild that goes on does so itself
            try:
                tidy_shadow(folder, *self._wanted, self.documents())
            finally:
                self._rebuilding.release()

    def _clean_up_after(self, document_id: str) -> None:
        """Deletes what lies outside the index of a document that is gone from it."""
        self.drop_upload(document_id)
        self._tidy_shadow()

    def _swap(self, fresh: Index) -> None:
        old = self.index
        fresh.catalogue.take_listing(old.catalogue)
        self.database.set_fact("index", fresh.folder.name)
        self.index = fresh
        old.discard()  # those who read it now may read on

    def check_writable(self) -> None:
        """Raises LibraryInUse if the library was opened only to be read."""
        if self.is_read_only:
            raise LibraryInUse(f"Another Sightline process owns the library in {self.settings.data_dir}. Close it.")
