"""The vectors of the passages in Chroma. Home of chromadb: its distances become similarities here.

Chroma is given vectors only, never texts and never an embedding function: a stored one would be run by whoever opens
the collection. Its vector files are not safe when a process is killed while it writes them: they are flushed and
fingerprinted after every step, and a store whose files are not as they were left is rebuilt before it is opened:
opening a damaged one may raise, answer wrongly, or kill the process.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Self

import chromadb
from chromadb.api.collection_configuration import CreateCollectionConfiguration, CreateHNSWConfiguration
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings as ChromaSettings

from ingestion.errors import SightlineError
from rag.errors import StorageFailed
from rag.fingerprint import fingerprint
from rag.types import Vector, Vectors

_COLLECTION = "passages"
BATCH = 200
"""Vectors to add in one call: near full speed, and readers wait under half a second."""

_HNSW = CreateHNSWConfiguration(space="cosine", ef_construction=200, max_neighbors=32, ef_search=400)

_LOOKED_FOR = 600
"""Neighbours to look for where fewer are asked for, also in stores that were made with a lower `ef_search`. With 400,
recall@10 was .976 among 350,000 vectors, with 600 it is .984, for 2 ms a question."""


class VectorStore:
    """A Chroma collection of unit vectors under passage ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        settings = ChromaSettings(anonymized_telemetry=False)
        try:
            self._client = chromadb.PersistentClient(path=str(folder), settings=settings)
        except Exception:
            # subtle: what could not be started is kept, and would be handed out for this folder ever after.
            SharedSystemClient._identifier_to_system.pop(str(folder), None)
            raise
        try:
            self._collection = self._client.get_or_create_collection(
                _COLLECTION, embedding_function=None, configuration=CreateCollectionConfiguration(hnsw=_HNSW)
            )
        except Exception:
            self.close()
            raise

    @classmethod
    def built(cls, folder: Path, batches: Iterable[tuple[list[str], Vectors]]) -> tuple[Self, str]:
        """A new store of these vectors in `folder`, and the fingerprint of its files. Raises StorageFailed."""
        shutil.rmtree(folder, ignore_errors=True)
        store = None
        try:
            store = cls(folder)
            for ids, vectors in batches:
                store.add(ids, vectors)
            return store, store.settle()
        except Exception as error:
            if store is not None:
                store.close()
            shutil.rmtree(folder, ignore_errors=True)  # a full disk needs the place
            if isinstance(error, SightlineError):
                raise
            raise StorageFailed(f"The vector store could not be rebuilt ({error}). Is the disk full?") from error

    def add(self, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Adds up to BATCH vectors, (n, dimension), under their ids; an id that is there already keeps its vector."""
        self._collection.add(ids=list(passage_ids), embeddings=vectors)

    def delete(self, passage_ids: Collection[str]) -> None:
        """Removes vectors by id."""
        listed = list(passage_ids)
        for start in range(0, len(listed), BATCH):
            self._collection.delete(ids=listed[start : start + BATCH])

    def search(self, query_vector: Vector, limit: int) -> list[tuple[str, float]]:
        """The nearest passages as (id, cosine), nearest first; fewer than `limit` only if there are no more."""
        # NOTE: nothing is counted first. Chroma returns what there is, and to count it reads through all of it.
        found = self._collection.query(
            query_embeddings=query_vector, n_results=max(limit, _LOOKED_FOR), include=["distances"]
        )
        distances = found["distances"]
        if distances is None:
            raise RuntimeError("Chroma returned no distances")
        return [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)][:limit]

    def count(self) -> int:
        """How many vectors are stored."""
        return self._collection.count()

    def close(self) -> None:
        """Lets go of the folder."""
        self._client.close()  # type: ignore[attr-defined]  # the interface lacks what every client has

    def ids(self) -> set[str]:
        """The ids of all stored vectors."""
        return set(self._collection.get(include=[])["ids"])

    def settle(self) -> str:
        """Puts the vector files on disk for good; returns the fingerprint of the folder."""
        for path in self._folder.glob("*/*"):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        return fingerprint(self._folder)
