"""Reranking without another model: the embedder's own token vectors, compared one by one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedding import Embedder, TokenVectors
from rag.errors import ModelUnavailable

LATE_INTERACTION = "late-interaction"


class LateInteraction:
    """ColBERT's MaxSim (Khattab & Zaharia 2020), as a mean over the tokens of the query instead of their sum.

    The mean orders passages as the sum does, and is a cosine again: -1 to 1, whatever the length of the query.
    NOTE: the embedder was not trained for it. A query is read as a passage is, with the prompt of passages if the
    model has one.
    """

    name = LATE_INTERACTION

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._token_vectors("")  # refuses a model without them before anything is asked

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """For each passage, the mean over the query's tokens of the largest cosine with any token of the passage.

        The special tokens of the query are left out; a query that has no others scores 0, the sum of nothing.
        """
        asked = self._token_vectors(query)
        content = _unit_rows(asked)[[span is not None for span in asked.spans]]
        if not len(content):
            return [0.0] * len(passages)
        return [
            float((content @ _unit_rows(self._token_vectors(passage)).T).max(axis=1).mean()) for passage in passages
        ]

    def _token_vectors(self, text: str) -> TokenVectors:
        found = self._embedder.token_vectors(text)
        if found is None:
            raise ModelUnavailable(
                f"The embedding model {self._embedder.passport['model']!r} gives no token vectors, since it is not "
                f"mean-pooled, and {LATE_INTERACTION} compares them. Set the reranker to none, or to the name of a "
                "cross-encoder."
            )
        return found


def _unit_rows(tokens: TokenVectors) -> NDArray[np.float64]:
    """The token vectors, each scaled to length 1, shape (n_tokens, dimension)."""
    vectors = tokens.vectors.astype(np.float64)
    rows: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return rows
