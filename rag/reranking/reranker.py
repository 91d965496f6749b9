"""What the rest of the project asks of a reranker."""

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """Reads a question and a passage together, which costs more than comparing two vectors made apart."""

    @property
    def name(self) -> str:
        """What it is called in the settings."""
        ...

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """How well each passage answers, in the order given: the model's own scale, higher is better."""
        ...
