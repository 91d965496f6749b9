"""Stands where an embedder should be that is not to be had: the library opens, and says why when it is asked."""

# ruff: noqa: D102 (the protocol says what its methods do)

from collections.abc import Sequence
from typing import NoReturn

from ingestion.errors import SightlineError


class MissingEmbedder:
    """Implements `rag.embedding.embedder.Embedder`: whatever it is asked, it raises the reason why it is not there."""

    def __init__(self, reason: SightlineError) -> None:
        self._reason = reason

    @property
    def passport(self) -> dict[str, str | int]:
        self._refuse()

    @property
    def max_tokens(self) -> int:
        self._refuse()

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        self._refuse()

    def count_tokens(self, text: str) -> int:
        self._refuse()

    def known_share(self, text: str) -> float:
        self._refuse()

    def embed_passages(self, texts: Sequence[str]) -> NoReturn:
        self._refuse()

    def embed_query(self, query: str) -> NoReturn:
        self._refuse()

    def token_vectors(self, text: str) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise type(self._reason)(str(self._reason)) from self._reason
