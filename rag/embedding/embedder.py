"""What the rest of the project asks of an embedding model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.types import Vector, Vectors


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The last hidden state of one text: `vectors` (n_tokens, dimension), not normalised.

    `spans` are character offsets into the text; special tokens have None.
    """

    vectors: NDArray[np.float32]
    spans: tuple[tuple[int, int] | None, ...]


class Embedder(Protocol):
    """A bi-encoder. Two texts are alike when the dot product of their unit vectors is high."""

    @property
    def passport(self) -> dict[str, str | int]:
        """What makes vectors of two embedders comparable: model, revision, dimension, pooling, prompts, window."""
        ...

    @property
    def max_tokens(self) -> int:
        """The longest text it reads, special tokens included."""
        ...

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets of the tokens of `text`, without special tokens, never truncated."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes, special tokens included, never truncated."""
        ...

    def known_share(self, text: str) -> float:
        """Share of the tokens of `text`, 0 to 1, that the model has learned a vector for; 1 of an empty text."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, shape (n, dimension), unit rows, in the order given."""
        ...

    def embed_query(self, query: str) -> Vector:
        """The vector of one query, shape (dimension,), length 1."""
        ...

    def token_vectors(self, text: str) -> TokenVectors | None:
        """The token vectors whose mean, normalised, is the passage's vector; None if it is not mean-pooled."""
        ...
