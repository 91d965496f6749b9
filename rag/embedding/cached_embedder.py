"""An embedder that remembers the vectors of queries: those asked last in memory, and more in a store that is shared."""

# ruff: noqa: D102 (the protocol says what its methods do)

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

from rag.embedding.embedder import Embedder, TokenVectors
from rag.types import Vector, Vectors

REMEMBERED = 2_000
"""Vectors in memory: 3 MB of the default model's."""


class SharedVectors(Protocol):
    """Where vectors are kept for other processes, too. Neither call raises; what cannot be had is embedded again."""

    def get(self, key: str, dimension: int) -> Vector | None:
        """The vector under a key, length 1; None if there is none."""
        ...

    def put(self, key: str, vector: Vector) -> None:
        """Keeps a vector under a key."""
        ...


class CachedEmbedder:
    """Implements `rag.embedding.embedder.Embedder` by another one. Passages are not remembered: the catalogue does."""

    def __init__(
        self, embedder: Embedder, shared: SharedVectors | None = None, *, remembered: int = REMEMBERED
    ) -> None:
        self._embedder = embedder
        self._passport = embedder.passport  # a hash of all weights may be in it: asked for once
        self._shared = shared
        self._remembered = remembered
        self._vectors: OrderedDict[str, Vector] = OrderedDict()  # the one asked last at the end
        self._changing = threading.Lock()

    @property
    def passport(self) -> dict[str, str | int]:
        return dict(self._passport)

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self._embedder.token_spans(text)

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def known_share(self, text: str) -> float:
        return self._embedder.known_share(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.embed_passages(texts)

    def token_vectors(self, text: str) -> TokenVectors | None:
        return self._embedder.token_vectors(text)

    def embed_query(self, query: str) -> Vector:
        with self._changing:
            vector = self._vectors.get(query)
            if vector is not None:
                self._vectors.move_to_end(query)
                return vector
        vector = self._look_farther(query)
        vector.flags.writeable = False  # many may hold it
        with self._changing:
            self._vectors[query] = vector
            if len(self._vectors) > self._remembered:
                self._vectors.popitem(last=False)
        return vector

    def _look_farther(self, query: str) -> Vector:
        if self._shared is None:
            return self._embedder.embed_query(query).copy()
        key = query_key(self._passport, query)
        known = self._shared.get(key, int(self._passport["dimension"]))
        if known is not None:
            return known.copy()
        vector = self._embedder.embed_query(query).copy()
        self._shared.put(key, vector)
        return vector


def query_key(passport: dict[str, str | int], query: str) -> str:
    """What a query's vector is known by: a hash of all that makes it what it is. The words cannot be read from it."""
    model = hashlib.sha256(json.dumps(passport, sort_keys=True).encode()).hexdigest()[:16]
    return f"sightline:query:{model}:{hashlib.sha256(query.encode('utf-8', 'surrogatepass')).hexdigest()}"
