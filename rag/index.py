"""One collection: documents cut, embedded and searchable under one passport.

Its catalogue is the truth. A document is staged there with its vectors, added to the vector store and the keyword
index, then made active in one transaction; readers keep only what is active, so it is found whole or not at all. Both
search structures are rebuilt from the catalogue, without embedding, whenever they are in doubt; until they can be,
exact search and a keyword index in memory answer.
"""

import logging
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rag.catalogue import Catalogue
from rag.cosine_sample import CosineSample
from rag.database import Database
from rag.embedding import Embedder
from rag.errors import StorageFailed
from rag.exact_search import exact_search
from rag.fingerprint import fingerprint
from rag.keyword_index import KeywordIndex, keyword_state
from rag.passport import passport_of
from rag.preparation import Prepared
from rag.settings import Settings
from rag.types import Vector
from rag.vector_store import BATCH, VectorStore

log = logging.getLogger(__name__)


class Index:
    """A folder with one catalogue and what is derived from it."""

    def __init__(self, folder: Path, settings: Settings, embedder: Embedder, *, read_only: bool = False) -> None:
        self.folder = folder
        self.settings = settings
        self.embedder = embedder
        self.catalogue = Catalogue(folder / "index.db", read_only=read_only)
        self._vectors: VectorStore | None = None  # None: exact search over the catalogue answers
        self._generation = 0  # of the last store that was begun: a path is not used twice, the library remembers it
        self._changing = threading.RLock()
        self._cosine_sample: CosineSample | None = None
        self.repairs: list[str] = []
        try:
            self.keywords, self._keywords_are_sound = self._open_keywords()
            if not read_only:
                self._mend()
        except BaseException:
            self.close()
            raise

    @property
    def passport(self) -> dict[str, str | int]:
        """What the vectors were made with."""
        return self.catalogue.passport() or passport_of(self.settings, self.embedder)

    def adopt(self, settings: Settings, embedder: Embedder) -> None:
        """Takes other settings, as an index without documents can."""
        with self._changing:
            self._rebuild_vectors()  # the store has the dimension of the first vector it was ever given
            self.catalogue.set_passport(passport_of(settings, embedder))
            self.settings, self.embedder = settings, embedder

    def nearest_passages(self, query_vector: Vector, limit: int) -> list[tuple[str, float]]:
        """The nearest passages as (id, cosine), nearest first, from Chroma; from the catalogue while it is rebuilt."""
        while (vectors := self._vectors) is not None:
            try:
                return vectors.search(query_vector, limit)
            except Exception:
                if vectors is self._vectors:  # not just swapped for another: no longer to be trusted
                    log.exception("the vector store failed; exact search answers until it is rebuilt")
                    self._vectors = None
        return exact_search(self.catalogue, query_vector, limit)

    def cosine_sample(self) -> CosineSample:
        """Chunks spread evenly over the index, drawn anew after every change."""
        sample = self._cosine_sample
        if sample is None:
            self._cosine_sample = sample = CosineSample.draw(self.catalogue)
        return sample

    def insert(
        self, prepared: Prepared, source: str, *, size_bytes: int, step: Callable[[str, int, int], None]
    ) -> str | None:
        """Makes a document findable, in one step; returns the id of the one it replaced, which is gone."""
        document_id = prepared.document.id
        with self._changing:
            self._heal()
            self.catalogue.stage(
                prepared.document,
                prepared.chunks,
                prepared.passages,
                prepared.vectors,
                size_bytes=size_bytes,
                unread_tokens=prepared.unread_tokens,
            )
            try:
                self._add_vectors(prepared, step)
                with self._keywords_changing() as keywords:
                    keywords.add(prepared.chunks)
                replaced = self.catalogue.activate(document_id, source)
            except BaseException:
                self._let_go(document_id)
                raise
            self._let_go(replaced)
            return replaced

    def link(self, document_id: str, source: str) -> str | None:
        """Makes a document that is there already what `source` points to; returns the id of one that went for it."""
        with self._changing:
            replaced = self.catalogue.activate(document_id, source)
            self._let_go(replaced)
            return replaced

    def remove(self, document_id: str) -> None:
        """Takes a document out of every answer, then deletes all of it. Raises UnknownDocument."""
        with self._changing:
            self.catalogue.retire(document_id)
            self._cosine_sample = None
            self._purge(document_id)
            self.compact()

    def forget_source(self, source: str) -> str | None:
        """Takes a source away; returns the id of the document that went with it, if it was the last one."""
        with self._changing:
            removed = self.catalogue.forget_source(source)
            if removed is not None:
                self._cosine_sample = None
                self._purge(removed)
            return removed

    def compact(self) -> None:
        """Writes anew what still holds deleted things: words at once, vectors when there are more of them than live.

        A vector store never frees the place of a deleted vector, and gets slower with every one.
        """
        with self._changing:
            self._heal()
            if self.keywords.has_remains():
                self._rebuild_keywords()
            deleted, live = self._count("deleted_vectors"), self.catalogue.counts()[2]
            if deleted > (max(live, BATCH) if live else 0):
                self._rebuild_vectors()

    def check(self) -> None:
        """Compares all ids of the search structures with the catalogue, and mends what is out of step."""
        with self._changing:
            self._purge_inactive()
            expected = {key for ids, _ in self.catalogue.all_passages(BATCH) for key in ids}
            if self._ids_of_vectors() != expected:
                self._rebuild_vectors()
                self.repairs.append(f"the vector store was rebuilt: {len(expected)} vectors, none embedded again")
            self._mend_keywords()

    def close(self) -> None:
        """Lets go of the files."""
        self._distrust_vectors()
        self.catalogue.database.close()

    def discard(self) -> None:
        """Closes the index and deletes its folder, as soon as no reader holds it any more."""
        weakref.finalize(self, _discard, self._vectors, self.catalogue.database, self.folder)

    def _add_vectors(self, prepared: Prepared, step: Callable[[str, int, int], None]) -> None:
        ids = [passage.id for passage in prepared.passages]
        for start in range(0, len(ids), BATCH):
            step("storing", start, len(ids))
            with self._vectors_changing() as vectors:
                vectors.add(ids[start : start + BATCH], prepared.vectors[start : start + BATCH])
        step("storing", len(ids), len(ids))

    def _purge(self, document_id: str) -> None:
        """Deletes a document that readers no longer see; safe to run again from any point."""
        ids = self.catalogue.passage_ids_of(document_id)
        if ids and self._vectors is not None:
            self._remember("deleted_vectors", str(self._count("deleted_vectors") + len(ids)))
            with self._vectors_changing() as vectors:
                vectors.delete(ids)
        with self._keywords_changing() as keywords:
            keywords.delete(document_id)
        self.catalogue.forget(document_id)

    def _let_go(self, document_id: str | None) -> None:
        """Deletes a document that readers no longer see; put off until the next change if the disk is full."""
        self._cosine_sample = None
        try:
            if document_id is not None:
                self._purge(document_id)
        except StorageFailed:
            log.exception("what is left of document %s could not be deleted; the next change tries again", document_id)

    def _purge_inactive(self) -> list[str]:
        inactive = self.catalogue.inactive_ids()
        for document_id in inactive:
            self._purge(document_id)
        return inactive

    @contextmanager
    def _vectors_changing(self) -> Iterator[VectorStore]:
        """The vector store for one write, after which its files are settled; after a failure it is no longer used."""
        vectors = self._vectors
        if vectors is None:
            raise StorageFailed("The vector store could not be rebuilt; look at the log, and free some disk space.")
        try:
            yield vectors
            settled = vectors.settle()
        except Exception as error:
            self._distrust_vectors()
            raise StorageFailed(
                f"The vector store could not be written ({error}). Is the disk full? Nothing that was added is lost."
            ) from error
        self._remember("vector_files", settled)

    @contextmanager
    def _keywords_changing(self) -> Iterator[KeywordIndex]:
        """The keyword index for one write; after a failure it is rebuilt before the next one."""
        sound, self._keywords_are_sound = self._keywords_are_sound, False
        yield self.keywords
        if sound:
            self._remember("keyword_files", keyword_state(self.folder / "keywords"))
            self._keywords_are_sound = True

    def _count(self, fact: str) -> int:
        return int(self.catalogue.database.fact(fact) or "0")

    def _remember(self, fact: str, value: str) -> None:
        if value != self.catalogue.database.fact(fact):
            self.catalogue.database.set_fact(fact, value)

    def _distrust_vectors(self) -> None:
        vectors, self._vectors = self._vectors, None
        if vectors is not None:
            with suppress(Exception):  # whatever a broken store says to that
                vectors.close()

    def _heal(self) -> None:
        """Makes up for what failed before, say because the disk was full. Raises StorageFailed if it fails again."""
        if self._vectors is None:
            self._rebuild_vectors()
        if not self._keywords_are_sound:
            self._rebuild_keywords()
        self._purge_inactive()

    def _mend(self) -> None:
        """Brings everything back in step after a kill, without embedding anything."""
        if self.catalogue.passport() is None:
            self.catalogue.set_passport(passport_of(self.settings, self.embedder))
        try:
            self._mend_vectors()
            for document_id in self._purge_inactive():
                self.repairs.append(f"document {document_id} was half added or half removed: what was left is gone")
            if self._vectors is None or self._vectors.count() != self.catalogue.counts()[2]:
                self.repairs.append("vectors were missing from the vector store: rebuilt from the catalogue")
                self._rebuild_vectors()
            self._mend_keywords()
        except StorageFailed as error:
            self._distrust_vectors()
            self.repairs.append(f"something could not be mended: {error} Until then, answers come from slower searches")
        for repair in self.repairs:
            log.warning("%s", repair)

    def _mend_vectors(self) -> None:
        folder = self._vector_folder()
        if fingerprint(folder) == (self.catalogue.database.fact("vector_files") or "[]"):
            try:
                self._vectors = VectorStore(folder)
                self._vectors.count()  # what was only in its log goes into its files now
                self._remember("vector_files", self._vectors.settle())
            except Exception:
                log.exception("the vector store could not be opened")
                self._distrust_vectors()
        if self._vectors is None:
            self.repairs.append("the vector files were not as they were left: rebuilt from the catalogue")
            self._rebuild_vectors()
        self._delete_other_stores()

    def _mend_keywords(self) -> None:
        if not self._keywords_are_sound or self.keywords.count() != self.catalogue.counts()[1]:
            self._rebuild_keywords()
            self.repairs.append("the keyword index was rebuilt from the catalogue")

    def _open_keywords(self) -> tuple[KeywordIndex, bool]:
        """The keyword index, and whether it is the one on disk: damaged files are not opened, which may even panic."""
        folder = self.folder / "keywords"
        is_new = not folder.exists() and not self.catalogue.counts()[1] and not self.catalogue.database.is_read_only
        if is_new or keyword_state(folder) == self.catalogue.database.fact("keyword_files"):
            try:
                keywords = KeywordIndex(folder)
                if is_new:
                    self._remember("keyword_files", keyword_state(folder))
                if keywords.count() == self.catalogue.counts()[1]:
                    return keywords, True
            except Exception:
                log.exception("the keyword index could not be opened")
        keywords = KeywordIndex(None)
        try:
            keywords.add(self.catalogue.active_chunks())
        except StorageFailed:
            log.exception("words could not be indexed: answers come from meaning alone")
        return keywords, False

    def _rebuild_keywords(self) -> None:
        """A new keyword index, from the catalogue; the one there was answers meanwhile."""
        folder = self.folder / "keywords"
        if not self._keywords_are_sound:
            shutil.rmtree(folder, ignore_errors=True)
        self._keywords_are_sound = False
        try:
            keywords = KeywordIndex(folder)
        except (ValueError, OSError) as error:
            raise StorageFailed(f"The keyword index could not be rebuilt ({error}). Is the disk full?") from error
        keywords.replace(self.catalogue.active_chunks())
        self._remember("keyword_files", keyword_state(folder))
        self.keywords, self._keywords_are_sound = keywords, True

    def _rebuild_vectors(self) -> None:
        """A new vector store in a new folder, from the catalogue; exact search answers meanwhile."""
        old, self._vectors = self._vectors, None
        self._generation = max(self._generation, self._count("generation"), 1) + 1
        folder = self.folder / f"vectors-{self._generation}"
        fresh, settled = VectorStore.built(folder, self.catalogue.all_passages(BATCH))
        with self.catalogue.database.transaction() as connection:
            facts = [("generation", str(self._generation)), ("vector_files", settled), ("deleted_vectors", "0")]
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts)
        self._vectors = fresh
        if old is not None:
            old.close()
        self._delete_other_stores()

    def _delete_other_stores(self) -> None:
        for folder in self.folder.glob("vectors-*"):
            if folder != self._vector_folder():
                shutil.rmtree(folder, ignore_errors=True)

    def _ids_of_vectors(self) -> set[str] | None:
        try:
            return None if self._vectors is None else self._vectors.ids()
        except Exception:
            log.exception("the vector store failed")
            return None

    def _vector_folder(self) -> Path:
        return self.folder / f"vectors-{self.catalogue.database.fact('generation') or '1'}"


def _discard(vectors: VectorStore | None, database: Database, folder: Path) -> None:
    if vectors is not None:
        vectors.close()
    database.close()
    shutil.rmtree(folder, ignore_errors=True)
