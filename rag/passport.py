"""What makes the vectors of an index what they are. Two indexes agree when their passports are equal."""

from ingestion.chunking import CHUNKER_VERSION
from ingestion.parsing import PARSER_VERSION
from rag.embedding import Embedder
from rag.settings import Settings

RECIPE = (
    "embedding_model",
    "chunk_tokens",
    "chunk_overlap_tokens",
    "passage_tokens",
    "passage_overlap_sentences",
    "passage_context",
)
"""The settings that an index is made with; the others can change at any time."""


def passport_of(settings: Settings, embedder: Embedder) -> dict[str, str | int]:
    """Everything that makes the vectors of an index what they are; two indexes agree when theirs are equal."""
    recipe = {name: getattr(settings, name) for name in RECIPE}
    versions = {"metric": "cosine", "chunker": CHUNKER_VERSION, "parser": PARSER_VERSION}
    return recipe | embedder.passport | versions
