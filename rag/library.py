"""Documents in, documents out.

One process owns a library. Its documents live in an index that can be rebuilt with other settings while the old one
answers.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from ingestion.errors import FileRefused, SightlineError
from ingestion.parsing import PARSER_VERSION, shown_name
from ingestion.sandbox import ParsingCancelled, parse_in_child
from ingestion.types import Document
from rag import seal
from rag.catalogue import Catalogue
from rag.chats import Chats
from rag.database import Database
from rag.embedding import Embedder, MissingEmbedder, load_embedder
from rag.errors import (
    Cancelled,
    LibraryDamaged,
    LibraryInUse,
    LibraryMismatch,
    ModelUnavailable,
    StorageFailed,
    UnknownDocument,
)
from rag.index import RECIPE, Index, passport_of
from rag.jobs import JobRecord, Jobs
from rag.preparation import prepare
from rag.settings import Settings
from rag.types import AddReport, DocumentRecord, Progress
from rag.uploads import Uploads

_VERSION = 1
_REBUILD = "Put the old one back, or rebuild the library with the new one: `python cli.py rebuild`."
_SCHEMA = f"{Jobs.SCHEMA};\n{Chats.SCHEMA}"

log = logging.getLogger(__name__)


def _ignore(progress: Progress) -> None:
    """Progress nobody watches."""


def _never() -> bool:
    return False


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
        self.uploads = Uploads(settings.data_dir / "uploads")
        with contextlib.ExitStack() as open_files:
            if not read_only:
                open_files.enter_context(_lock(settings.data_dir))
            self._is_sealed = read_only or seal.is_whole(settings.data_dir)
            self._database = Database(settings.data_dir / "library.db", _SCHEMA, _VERSION, read_only=read_only)
            open_files.callback(self._database.close)
            self.chats = Chats(self._database)
            self.jobs = Jobs(self._database)
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
            self._database.close()
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
        progress: Callable[[Progress], None] = _ignore,
        cancelled: Callable[[], bool] = _never,
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
                self._check_writable()
                record, is_new, note = self._add(
                    name, content, source or name, _stepper(name, progress, cancelled), cancelled
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
            self._check_writable()
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
            self._check_writable()
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
        self, *, progress: Callable[[Progress], None] = _ignore, cancelled: Callable[[], bool] = _never
    ) -> None:
        """Makes the index anew with the settings asked for; the old one answers until the swap at the end.

        What was done is kept when it is cancelled or killed, and the next call goes on from there. Raises Cancelled.
        """
        self._check_writable()

        def stop_if_asked(*_: object) -> None:
            if self._is_closing or cancelled():
                raise Cancelled("The rebuild was stopped; what is done is kept for the next time.")

        with self._rebuilding:
            stop_if_asked()
            fresh = self._shadow_index()
            try:
                while fresh is not self.index:
                    missing = self._missing_from(fresh)
                    for done, record in enumerate(missing):
                        stop_if_asked()
                        progress(Progress("rebuilding", done, len(missing)))
                        self._copy_document(record, fresh, stop_if_asked)
                    with self._writing:
                        if not self._missing_from(fresh):
                            self._swap(fresh)
            except BaseException:
                if fresh is not self.index:
                    with contextlib.suppress(SightlineError):
                        self._missing_from(fresh)
                    fresh.close()
                raise

    def back_up(self, folder: Path) -> None:
        """Writes copies of everything that cannot be made again into `folder`, whole even beside a writer."""
        index = self.index  # it, whatever is rebuilt meanwhile
        target = folder / index.folder.name
        target.mkdir(parents=True)
        self._database.copy_to(folder / "library.db")
        index.catalogue.database.copy_to(target / "index.db")
        self.uploads.copy_to(folder / "uploads")
        copy = Database(folder / "library.db", _SCHEMA, _VERSION)
        copy.set_fact("index", index.folder.name)
        copy.close()

    def check(self) -> list[str]:
        """What could not be mended, after comparing everything with everything. `index.repairs` says what was."""
        self._check_writable()
        faults = self.faults()
        if not faults:
            self.index.check()
        faults += [
            f"{record.name}: its uploaded file is {state}. Add it again to be able to rebuild with another parser."
            for record in self.documents()
            if (state := self.uploads.state(record.id)) != "whole"
        ]
        return faults

    def faults(self) -> list[str]:
        """What is wrong with the files of the truth, after reading all of them; empty if they are as written."""
        faults = [f"the library's file is damaged: {fault}" for fault in self._database.faults()]
        return faults + [f"the catalogue is damaged: {fault}" for fault in self.catalogue.faults()]

    def _add(
        self,
        name: str,
        content: bytes,
        source: str,
        step: Callable[[str, int, int], None],
        cancelled: Callable[[], bool],
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
            known = self._database.fact("index")
            try:
                return self._open_index_named(known)
            except (LibraryDamaged, StorageFailed):
                if self._database.fact("index") == known:  # the owner has not swapped it for another just now
                    raise

    def _open_index_named(self, known: str | None) -> Index:
        folder = self.settings.data_dir / (known or "index-1")
        if known and seal.is_gone(folder / "index.db"):
            raise self._database.damage(f"the documents that it speaks of are gone: {folder / 'index.db'}")
        if not self._is_sealed and (faults := self._database.faults()):
            raise self._database.damage(faults[0])
        settings, embedder = self._wanted
        recipe = _recipe_of(folder, read_only=self.is_read_only, is_sealed=self._is_sealed)
        if recipe is not None:
            settings = settings.model_copy(update=recipe)
        if settings.embedding_model != self.settings.embedding_model and not isinstance(embedder, MissingEmbedder):
            embedder = _load(settings)
        index = Index(folder, settings, embedder, read_only=self.is_read_only)
        if index.catalogue.counts()[0]:
            index.embedder = _fitting(embedder, index)
        elif not self.is_read_only and index.passport != passport_of(*self._wanted):
            index.adopt(*self._wanted)
        if not known and not self.is_read_only:
            self._database.set_fact("index", folder.name)
        return index

    def _tidy(self) -> None:
        """Deletes what a killed process left behind, all of it known to be of no use."""
        try:
            self.uploads.keep_only({record.id for record in self.documents()} | self.jobs.awaited_uploads())
            for folder in self.settings.data_dir.glob("index-*"):
                if folder not in (self.index.folder, self._shadow_folder()):
                    shutil.rmtree(folder)
            self._tidy_shadow()
        except (OSError, StorageFailed):
            log.exception("what an earlier process left behind could not be deleted")

    def _tidy_shadow(self) -> None:
        """Takes what was removed meanwhile out of an index whose rebuild was stopped."""
        folder = self._shadow_folder()
        if not folder.exists() or not self._rebuilding.acquire(blocking=False):
            return  # a rebuild that goes on does so itself
        try:
            catalogue = Catalogue(folder / "index.db")
            there = {record.id for record in catalogue.records()} | set(catalogue.inactive_ids())
            catalogue.database.close()
            if there - {record.id for record in self.documents()}:
                fresh = Index(folder, *self._wanted)
                self._missing_from(fresh)
                fresh.close()
        except (LibraryDamaged, LibraryMismatch):
            shutil.rmtree(folder)
        finally:
            self._rebuilding.release()

    def _clean_up_after(self, document_id: str) -> None:
        """Deletes what lies outside the index of a document that is gone from it."""
        self.drop_upload(document_id)
        self._tidy_shadow()

    def _shadow_folder(self) -> Path:
        number = int(self.index.folder.name.removeprefix("index-")) + 1
        return self.settings.data_dir / f"index-{number}"

    def _shadow_index(self) -> Index:
        """The index that is being rebuilt: what an earlier call left, if it was for the same settings."""
        folder = self._shadow_folder()
        try:
            fresh = Index(folder, *self._wanted)
        except (LibraryDamaged, LibraryMismatch):
            shutil.rmtree(folder)
            return Index(folder, *self._wanted)
        if fresh.passport == passport_of(*self._wanted):
            return fresh
        fresh.close()
        shutil.rmtree(folder)
        return Index(folder, *self._wanted)

    def _missing_from(self, fresh: Index) -> list[DocumentRecord]:
        """Documents that the rebuilt index lacks; those it has too many of are removed from it."""
        there = {record.id for record in fresh.catalogue.records()}
        mine = self.documents()
        for gone in there - {record.id for record in mine}:
            fresh.remove(gone)
        return [record for record in mine if record.id not in there]

    def _copy_document(self, record: DocumentRecord, fresh: Index, step: Callable[[str, int, int], None]) -> None:
        try:
            document = self._document_anew(record)
            sources = self.catalogue.sources_of(record.id) or [record.name]
        except UnknownDocument:
            return  # removed meanwhile
        has_same_vectors = fresh.embedder.passport.items() <= self.passport.items()
        known = self.catalogue.known_vectors if has_same_vectors else fresh.catalogue.known_vectors
        prepared = prepare(document, fresh.embedder, fresh.settings, known, step)
        fresh.insert(prepared, sources[0], size_bytes=record.size_bytes, step=step)
        for source in sources[1:]:
            fresh.link(record.id, source)

    def _document_anew(self, record: DocumentRecord) -> Document:
        """A document as today's parser reads it; as it is stored if that is what it did, or its upload is lost."""
        stored = self.document(record.id)
        if self.passport["parser"] == PARSER_VERSION:
            return stored
        try:
            return replace(parse_in_child(record.name, self.uploads.read(record.id)), name=record.name)
        except (FileRefused, UnknownDocument):
            log.exception("%s could not be read anew; its text stays as it was", record.name)
            return stored

    def _swap(self, fresh: Index) -> None:
        old = self.index
        fresh.catalogue.take_listing(old.catalogue)
        self._database.set_fact("index", fresh.folder.name)
        self.index = fresh
        old.discard()  # those who read it now may read on

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise LibraryInUse(
                f"Another Sightline process owns the library in {self.settings.data_dir}. Close it first."
            )


def _stepper(
    name: str, progress: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> Callable[[str, int, int], None]:
    def step(stage: str, done: int, total: int) -> None:
        if cancelled():
            raise Cancelled(f"{name}: stopped; nothing of it was kept.")
        progress(Progress(stage, done, total))

    return step


def _recipe_of(folder: Path, *, read_only: bool, is_sealed: bool) -> Mapping[str, Any] | None:
    """The settings that an index was made with; None if there is none. Raises LibraryDamaged."""
    if not (folder / "index.db").exists():
        return None
    catalogue = Catalogue(folder / "index.db", read_only=read_only)
    try:
        if not is_sealed and (faults := catalogue.faults()):
            raise catalogue.database.damage(faults[0])
        passport = catalogue.passport()
    finally:
        catalogue.database.close()
    return None if passport is None else {name: passport[name] for name in RECIPE}


def _load(settings: Settings) -> Embedder:
    try:
        return load_embedder(settings)
    except ModelUnavailable as error:
        return MissingEmbedder(ModelUnavailable(f"{error} Without it this library cannot be searched. {_REBUILD}"))


def _fitting(embedder: Embedder, index: Index) -> Embedder:
    """The embedder; one that says what changed if it no longer gives the vectors that are stored."""
    if isinstance(embedder, MissingEmbedder):
        return embedder
    there, here = index.passport, embedder.passport
    changed = ", ".join(
        f"{key} was {there.get(key)!r} and is {value!r}" for key, value in here.items() if there.get(key) != value
    )
    if not changed:
        return embedder
    return MissingEmbedder(
        LibraryMismatch(
            f"The embedding model {index.settings.embedding_model!r} is not the one that this library was built with: "
            f"{changed}. {_REBUILD}"
        )
    )


def _lock(folder: Path) -> IO[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a+")
        (folder / "uploads").mkdir(exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"The folder {folder} cannot be written ({error.strerror}). Choose another.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = _owner(handle)
        handle.close()
        raise LibraryInUse(
            f"Another Sightline process{owner} owns the library in {folder}. Close it, or choose another folder."
        ) from error
    except OSError as error:
        handle.close()
        raise StorageFailed(f"The folder {folder} cannot be locked ({error.strerror}). Choose another.") from error
    with contextlib.suppress(OSError):  # on a full disk the lock holds without a name
        os.truncate(handle.fileno(), 0)
        os.write(handle.fileno(), f"{os.getpid()} {socket.gethostname()}".encode())
    return handle


def _owner(handle: IO[str]) -> str:
    """The process that wrote itself into the lock file, " (process 123)"; nothing if it is dead or on another host."""
    handle.seek(0)
    pid, _, host = handle.read().partition(" ")
    if host != socket.gethostname() or not pid.isdecimal():
        return ""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass  # it lives and is another user's
    return f" (process {pid})"
