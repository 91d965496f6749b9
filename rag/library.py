"""Documents in, documents out. Keeps the catalogue, the vectors and the keywords in step.

The catalogue is the truth. A document is staged there with its vectors, added to both indexes, then made active in one
transaction; readers keep only what is active, so a document is found whole or not at all. Both indexes are rebuilt
from the catalogue, without embedding again, when a start finds them out of step.
"""

import fcntl
import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np

from ingestion.chunking import CHUNKER_VERSION, cut_chunks
from ingestion.errors import FileRefused, SightlineError
from ingestion.parsing import PARSER_VERSION, parse
from ingestion.passages import cut_passages
from ingestion.types import Chunk, Document, Passage
from rag.catalogue import Catalogue
from rag.chats import Chats
from rag.cosine_sample import CosineSample
from rag.database import Database
from rag.embedding import Embedder
from rag.errors import Cancelled, LibraryInUse, LibraryMismatch
from rag.jobs import Jobs
from rag.keyword_index import KeywordIndex
from rag.settings import Settings
from rag.types import AddReport, DocumentRecord, Progress, Vectors
from rag.uploads import Uploads
from rag.vector_store import VectorStore

_EMBED_STEP = 128  # passages between two looks at progress and cancellation
_REBUILD_STEP = 1000

log = logging.getLogger(__name__)


def _ignore(progress: Progress) -> None:
    """Progress nobody watches."""


def _never() -> bool:
    return False


class Library:
    """A folder of documents that can be asked. One process owns it at a time."""

    def __init__(self, settings: Settings, embedder: Embedder) -> None:
        self.settings = settings
        self.embedder = embedder
        self._lock_file = _lock(settings.data_dir)
        self._writing = threading.RLock()
        self._cosine_sample: CosineSample | None = None
        try:
            self._database = Database(settings.data_dir / "library.db")
            self.catalogue = Catalogue(self._database)
            self.chats = Chats(self._database)
            self.uploads = Uploads(settings.data_dir / "uploads")
            self.jobs = Jobs(self._database)
            self._check_passport()
            self.keywords = KeywordIndex(settings.data_dir / "keywords")
            self.vectors = VectorStore(self._vector_folder())
            self._mend()
        except BaseException:
            self._lock_file.close()
            raise

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder) -> Self:
        """The library in `settings.data_dir`, made if it is not there, mended if its last owner was killed.

        Raises LibraryInUse if another process owns it, LibraryMismatch if its vectors came from other settings.
        """
        return cls(settings, embedder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files and of the folder."""
        self.vectors.close()
        self._database.close()
        self._lock_file.close()

    @property
    def passport(self) -> dict[str, str | int]:
        """Everything that makes vectors of this library what they are."""
        settings = self.settings
        return self.embedder.passport | {
            "metric": "cosine",
            "chunk_tokens": settings.chunk_tokens,
            "chunk_overlap_tokens": settings.chunk_overlap_tokens,
            "passage_tokens": settings.passage_tokens,
            "passage_overlap_sentences": settings.passage_overlap_sentences,
            "chunker": CHUNKER_VERSION,
            "parser": PARSER_VERSION,
        }

    def add(
        self,
        name: str,
        content: bytes,
        *,
        progress: Callable[[Progress], None] = _ignore,
        cancelled: Callable[[], bool] = _never,
    ) -> AddReport:
        """What became of one file. A file that cannot be added is reported, not raised; nothing of it stays.

        The same bytes again are `unchanged`, under whatever name. `cancelled` is asked between steps.
        """
        started = time.perf_counter()

        def report(**fields: object) -> AddReport:
            return AddReport(file=name, seconds=round(time.perf_counter() - started, 3), **fields)  # type: ignore[arg-type]

        try:
            with self._writing:
                record, is_new = self._add(name, content, progress, cancelled)
        except FileRefused as error:
            return report(status="refused", message=str(error))
        except Cancelled as error:
            return report(status="cancelled", message=str(error))
        except SightlineError as error:
            return report(status="failed", message=str(error))
        return report(
            status=("partial" if record.warnings else "added") if is_new else "unchanged",
            document_id=record.id,
            pages=record.pages,
            chunks=record.chunks,
            passages=record.passages,
            tokens=record.tokens,
            unread_tokens=record.unread_tokens,
            message="; ".join(record.warnings) if is_new else f"{name}: already in the library as {record.name}.",
        )

    def remove(self, document_id: str) -> None:
        """Takes a document out of every answer, then deletes it from all indexes and from disk.

        Raises UnknownDocument.
        """
        with self._writing:
            self.catalogue.record(document_id)
            self.catalogue.retire(document_id)
            self._cosine_sample = None
            self._purge(document_id)

    def drop_upload(self, document_id: str) -> None:
        """Deletes the bytes of a file, unless a document or a job still needs them."""
        if not self.catalogue.has(document_id) and document_id not in self.jobs.awaited_uploads():
            self.uploads.drop(document_id)

    def documents(self) -> list[DocumentRecord]:
        """The documents, newest first."""
        return self.catalogue.records()

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises UnknownDocument."""
        return self.catalogue.document(document_id)

    def cosine_sample(self) -> CosineSample:
        """Chunks spread evenly over the library, drawn anew after every change."""
        sample = self._cosine_sample
        if sample is None:
            self._cosine_sample = sample = CosineSample.draw(self.catalogue)
        return sample

    def _add(
        self, name: str, content: bytes, progress: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> tuple[DocumentRecord, bool]:
        known = hashlib.sha256(content).hexdigest()[:16]
        if self.catalogue.has(known):
            return self.catalogue.record(known), False

        def step(stage: str, done: int, total: int) -> None:
            if cancelled():
                raise Cancelled(f"{name}: stopped; nothing of it was kept.")
            progress(Progress(stage, done, total))

        step("reading", 0, 1)
        document = parse(name, content)
        step("cutting", 0, 1)
        chunks, passages = self._cut(document)
        vectors = self._embed(document, passages, step)
        unread = sum(max(0, passage.token_count - self.embedder.max_tokens) for passage in passages)
        self.uploads.keep(content)
        self.catalogue.set_fact("indexes", "changing")
        try:
            self.catalogue.stage(document, chunks, passages, vectors, size_bytes=len(content), unread_tokens=unread)
            self._index(chunks, passages, vectors, step)
            self.catalogue.activate(document.id)
            self._cosine_sample = None
        except BaseException:
            self._purge(document.id)
            raise
        self.catalogue.set_fact("indexes", "in step")
        return self.catalogue.record(document.id), True

    def _cut(self, document: Document) -> tuple[list[Chunk], list[Passage]]:
        settings = self.settings
        chunks = cut_chunks(
            document,
            self.embedder,
            chunk_tokens=settings.chunk_tokens,
            overlap_tokens=settings.chunk_overlap_tokens,
        )
        passages = [
            passage
            for chunk in chunks
            for passage in cut_passages(
                chunk,
                self.embedder,
                passage_tokens=settings.passage_tokens,
                overlap_sentences=settings.passage_overlap_sentences,
            )
        ]
        return chunks, passages

    def _embed(self, document: Document, passages: Sequence[Passage], step: Callable[[str, int, int], None]) -> Vectors:
        parts = []
        for start in range(0, len(passages), _EMBED_STEP):
            step("embedding", start, len(passages))
            texts = [document.text[p.start : p.end] for p in passages[start : start + _EMBED_STEP]]
            parts.append(self.embedder.embed_passages(texts))
        step("embedding", len(passages), len(passages))
        return np.concatenate(parts)

    def _index(
        self,
        chunks: Sequence[Chunk],
        passages: Sequence[Passage],
        vectors: Vectors,
        step: Callable[[str, int, int], None],
    ) -> None:
        for start in range(0, len(passages), _REBUILD_STEP):
            step("storing", start, len(passages))
            end = start + _REBUILD_STEP
            self.vectors.add([passage.id for passage in passages[start:end]], vectors[start:end])
        self.keywords.add(chunks)
        step("storing", len(passages), len(passages))

    def _purge(self, document_id: str) -> None:
        """Deletes a document that readers no longer see; safe to run again from any point."""
        self.catalogue.set_fact("indexes", "changing")
        chunk_ids = [chunk.id for chunk in self.catalogue.chunks_of(document_id)]
        stored = self.catalogue.passages(chunk_ids)
        self.vectors.delete([passage.id for pairs in stored.values() for passage, _ in pairs])
        self.keywords.delete(document_id)
        self.catalogue.forget(document_id)
        if self.keywords.has_remains():
            self.keywords.replace(self._active_chunks())
        self.drop_upload(document_id)
        self.catalogue.set_fact("indexes", "in step")

    def _active_chunks(self) -> Iterator[Chunk]:
        for record in self.catalogue.records():
            yield from self.catalogue.chunks_of(record.id)

    def _check_passport(self) -> None:
        stored, mine = self.catalogue.passport(), self.passport
        if stored is None or (stored != mine and not self.catalogue.counts()[0]):
            self.catalogue.set_passport(mine)
        elif stored != mine:
            differences = ", ".join(
                f"{key} {stored.get(key)!r} there, {mine.get(key)!r} here"
                for key in sorted(stored.keys() | mine.keys())
                if stored.get(key) != mine.get(key)
            )
            raise LibraryMismatch(
                f"The library in {self.settings.data_dir} was built with other settings: {differences}. "
                "Use those settings, or point SIGHTLINE_DATA_DIR at a new folder and add the documents again."
            )

    def _vector_folder(self) -> Path:
        return self.settings.data_dir / f"vectors-{self.catalogue.fact('generation') or '1'}"

    def _mend(self) -> None:
        """Brings both indexes back in step with the catalogue after a kill, without embedding anything."""
        in_step = self.catalogue.fact("indexes") != "changing"
        for document_id in self.catalogue.inactive_ids():
            self.catalogue.forget(document_id)
            in_step = False
        self.uploads.keep_only({record.id for record in self.catalogue.records()} | self.jobs.awaited_uploads())
        _, chunks, passages = self.catalogue.counts()
        if in_step and self.vectors.count() == passages and self.keywords.count() == chunks:
            return
        log.warning("rebuilding the indexes of %d chunks from the catalogue", chunks)
        self._rebuild()

    def _rebuild(self) -> None:
        old = self._vector_folder()
        generation = int(self.catalogue.fact("generation") or "1") + 1
        self.vectors.close()
        fresh = self.settings.data_dir / f"vectors-{generation}"
        shutil.rmtree(fresh, ignore_errors=True)
        self.vectors = VectorStore(fresh)
        for ids, vectors in self.catalogue.all_passages(_REBUILD_STEP):
            self.vectors.add(ids, vectors)
        self.keywords.replace(self._active_chunks())
        self.catalogue.set_fact("generation", str(generation))
        self.catalogue.set_fact("indexes", "in step")
        shutil.rmtree(old, ignore_errors=True)


def _lock(folder: Path) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True)
    handle = (folder / "lock").open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        handle.close()
        raise LibraryInUse(
            f"Another Sightline process owns the library in {folder}. Close it, or choose another folder."
        ) from error
    return handle
