"""An embedder for tests: words hashed into buckets, so that texts with the same words are alike. No model."""

# ruff: noqa: D102 (the protocol says what its methods do)

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from rag.embedding.embedder import TokenVectors
from rag.types import Vector, Vectors

_WORD = re.compile(r"\w+|[^\w\s]")


class FakeEmbedder:
    """Implements `rag.embedding.embedder.Embedder`: the mean of one fixed unit vector per word, normalised.

    Words count as tokens, punctuation too, and two special tokens are added to every count.
    `embedded` lists every text that was embedded, in order.
    """

    def __init__(self, dimension: int = 256, max_tokens: int = 512) -> None:
        self.dimension = dimension
        self.embedded: list[str] = []
        self._max_tokens = max_tokens

    @property
    def passport(self) -> dict[str, str | int]:
        return {"model": "fake", "dimension": self.dimension, "window": self._max_tokens}

    @property
    def max_tokens(self) -> int:
        return self._max_tokens

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in _WORD.finditer(text)]

    def count_tokens(self, text: str) -> int:
        return len(self.token_spans(text)) + 2

    def known_share(self, text: str) -> float:
        """Every word is known but the sign ¤."""
        words = _WORD.findall(text)
        return 1 - words.count("¤") / len(words) if words else 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self.embed_query(text)
        return vectors

    def embed_query(self, query: str) -> Vector:
        mean = self._words(query).mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)

    def token_vectors(self, text: str) -> TokenVectors | None:
        spans = tuple(self.token_spans(text)) or (None,)
        return TokenVectors(self._words(text), spans)

    def _words(self, text: str) -> Vectors:
        words = _WORD.findall(text.casefold()) or [""]
        vectors = np.zeros((len(words), self.dimension), dtype=np.float32)
        for row, word in enumerate(words):
            vectors[row, crc32(word.encode("utf-8", "replace")) % self.dimension] = 1.0
        return vectors
