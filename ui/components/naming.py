"""How documents, chunks and citations are called on every page. What comes out is text, not markdown."""

from collections.abc import Mapping

from rag.types import Citation, DocumentRecord, Explanation
from ui.components.plain import shortened, visible

NAME_LENGTH = 44
HEADING_LENGTH = 48
BEGINNING_LENGTH = 32


def place(document: str, page: int | None, heading: str, text: str) -> str:
    """`guide.pdf · p. 3 · Delivery`: the name, and what else is known; where nothing is, how the text begins."""
    parts = [shortened(visible(document), NAME_LENGTH)]
    if page is not None:
        parts.append(f"p. {page}")
    if heading:
        parts.append(shortened(visible(heading.rsplit(" › ", maxsplit=1)[-1]), HEADING_LENGTH))
    if len(parts) == 1:
        parts.append(f"“{beginning(text)}”")
    return " · ".join(parts)


def beginning(text: str) -> str:
    """The first words of a text."""
    line = visible(text)
    return line if len(line) <= BEGINNING_LENGTH else f"{line[:BEGINNING_LENGTH].rsplit(' ', maxsplit=1)[0]} …"


def where(explanation: Explanation, documents: Mapping[str, DocumentRecord]) -> str:
    """Where the best passage of a chunk stands: document, page, heading."""
    chunk, start = explanation.chunk, explanation.best_passage.passage.start
    record = documents.get(chunk.document_id)
    name = record.name if record else "a removed document"
    return place(name, chunk.page_at(start), chunk.heading_at(start), chunk.text[start - chunk.start :])


def citation_place(citation: Citation) -> str:
    """Where a cited span stands."""
    return place(citation.document, citation.page, citation.heading, citation.text)


def counted(count: int, noun: str) -> str:
    """`1 chunk`, `2,000 chunks`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def file_size(size_bytes: int) -> str:
    """`812 B`, `4.2 KB`, `1.3 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.1f} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"
