"""A document becomes what an index stores: chunks, passages and their vectors."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ingestion.chunking import cut_chunks
from ingestion.passages import cut_passages
from ingestion.types import Chunk, Document, Passage
from rag.catalogue import text_hash
from rag.embedding import Embedder
from rag.progress import Step
from rag.settings import Settings
from rag.types import Vector, Vectors

_EMBED_STEP = 64  # passages between two looks at progress and cancellation
_SORTED = 512  # passages of which those of like length are embedded together: less padding, and a pace that holds


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document's parts. `vectors` (n_passages, dimension) are in the order of `passages`."""

    document: Document
    chunks: list[Chunk]
    passages: list[Passage]
    vectors: Vectors
    unread_tokens: int  # that the embedder's window did not hold


def prepare(
    document: Document,
    embedder: Embedder,
    settings: Settings,
    known_vectors: Callable[[Collection[bytes]], Mapping[bytes, Vector]],
    step: Step,
) -> Prepared:
    """The document cut and embedded. Passages whose text is in `known_vectors` are not embedded again.

    `step(stage, done, total)` is called between parts of the work, and may raise to end it.
    """
    step("cutting", 0, 1)
    chunks = cut_chunks(
        document, embedder, chunk_tokens=settings.chunk_tokens, overlap_tokens=settings.chunk_overlap_tokens
    )
    passages = [
        passage
        for chunk in chunks
        for passage in cut_passages(
            chunk,
            embedder,
            passage_tokens=settings.passage_tokens,
            overlap_sentences=settings.passage_overlap_sentences,
            title=document.title if settings.passage_context else None,
        )
    ]
    texts = [passage.embedded(document.text) for passage in passages]
    vectors = _embed(texts, embedder, known_vectors, step)
    unread = sum(max(0, passage.token_count - embedder.max_tokens) for passage in passages)
    return Prepared(document, chunks, passages, vectors, unread)


def _embed(
    texts: list[str],
    embedder: Embedder,
    known_vectors: Callable[[Collection[bytes]], Mapping[bytes, Vector]],
    step: Step,
) -> Vectors:
    hashes = [text_hash(text) for text in texts]
    vectors = dict(known_vectors(set(hashes)))
    new = {key: text for key, text in zip(hashes, texts, strict=True) if key not in vectors}
    blocks = [list(new)[start : start + _SORTED] for start in range(0, len(new), _SORTED)]
    keys = [key for block in blocks for key in sorted(block, key=lambda key: len(new[key]))]
    for start in range(0, len(keys), _EMBED_STEP):
        step("embedding", start, len(keys))
        part = keys[start : start + _EMBED_STEP]
        vectors.update(zip(part, embedder.embed_passages([new[key] for key in part]), strict=True))
    step("embedding", len(keys), len(keys))
    return np.stack([vectors[key] for key in hashes])
