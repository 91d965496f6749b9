"""Short ways to make the values that flow through `rag`, for tests."""

from collections.abc import Sequence

from ingestion.types import Chunk, Passage
from rag.embedding.embedder import Embedder
from rag.filters import EVERYTHING
from rag.types import DocumentRecord, Hit, Ladder, Message, PassageScore, Retrieval, Source


def make_chunk(
    text: str, *, document_id: str = "d1", start: int = 0, page: int | None = None, heading: str = ""
) -> Chunk:
    """A chunk that stands at `start` of its document; a token per word."""
    return Chunk(document_id, text, start, start + len(text), page, heading, len(text.split()))


def make_hit(chunk: Chunk, *, rank: int = 1, score: float | None = None, source: Source = Source.FUSED) -> Hit:
    """A hit whose score, if not given, falls with its rank."""
    return Hit(chunk, 1.0 / rank if score is None else score, rank, source)


def make_hits(*texts: str) -> tuple[Hit, ...]:
    """A ranking of chunks, best first, each from a document of its own: d1, d2, ..."""
    chunks = [make_chunk(text, document_id=f"d{rank}") for rank, text in enumerate(texts, start=1)]
    return tuple(make_hit(chunk, rank=rank) for rank, chunk in enumerate(chunks, start=1))


def make_record(document_id: str = "d1", *, name: str | None = None, pages: int = 1) -> DocumentRecord:
    """A document of the library; its name is `<id>.md` unless given."""
    return DocumentRecord(
        id=document_id,
        name=name or f"{document_id}.md",
        title="",
        media_type="text/markdown",
        size_bytes=0,
        pages=pages,
        chunks=1,
        passages=1,
        tokens=0,
        unread_tokens=0,
        warnings=(),
        added_at="2025-01-01T00:00:00+00:00",
    )


def make_records(hits: Sequence[Hit]) -> dict[str, DocumentRecord]:
    """The records of the documents of `hits`, by id."""
    return {hit.chunk.document_id: make_record(hit.chunk.document_id) for hit in hits}


def make_ladder(hit: Hit, *, cosine: float | None) -> Ladder:
    """A ladder whose fused score is the hit's, half from each search; one passage, the whole chunk."""
    chunk = hit.chunk
    passage = Passage(chunk.id, chunk.start, chunk.end, chunk.token_count)
    return Ladder(
        chunk_id=chunk.id,
        passages=() if cosine is None else (PassageScore(passage, cosine),),
        cosine=cosine,
        dense_rank=None if cosine is None else hit.rank,
        keyword_score=None,
        keyword_rank=None,
        dense_share=hit.score / 2,
        keyword_share=hit.score / 2,
        fused_score=hit.score,
        fused_rank=hit.rank,
    )


def make_retrieval(
    question: str,
    hits: Sequence[Hit],
    embedder: Embedder,
    *,
    prompt: tuple[Message, ...] = (),
    cosine: float | None = None,
) -> Retrieval:
    """The trace of a question whose context is all of `hits`.

    A ladder's cosine is that of question and chunk by `embedder`, unless `cosine` sets it for all.
    """
    vector = embedder.embed_query(question)
    cosines = [
        float(embedder.embed_passages([hit.chunk.text])[0] @ vector) if cosine is None else cosine for hit in hits
    ]
    return Retrieval(
        question=question,
        query=question,
        query_vector=vector,
        known_share=1.0,
        within=EVERYTHING,
        rankings={Source.FUSED: tuple(hits)},
        ladders={hit.chunk.id: make_ladder(hit, cosine=value) for hit, value in zip(hits, cosines, strict=True)},
        context=tuple(hits),
        repeated={},
        prompt=prompt or (Message(role="user", content=question),),
        documents=make_records(hits),
        timings_ms={},
        passport=embedder.passport,
    )
