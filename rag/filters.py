"""From which documents a question may be answered."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Conditions that a document must meet, all of them; None where anything will do. Days are in UTC."""

    documents: frozenset[str] | None = None  # ids
    media_types: frozenset[str] | None = None
    added_from: date | None = None
    added_until: date | None = None  # that day included

    def __bool__(self) -> bool:
        """Whether it keeps anything out at all."""
        return self != EVERYTHING


EVERYTHING = DocumentFilter()
"""The filter that lets every document through."""
