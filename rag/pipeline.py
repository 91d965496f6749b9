"""The whole path of a question, on one page."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.index import Index
from rag.library import Library
from rag.prompting import build_prompt
from rag.reranking.rerank import rerank
from rag.retrieval import Rankings, rank
from rag.settings import Settings
from rag.types import DocumentRecord, Message, Retrieval, Source, Vector

_ATTEMPTS = 5


def retrieve(library: Library, question: str, settings: Settings, *, history: Sequence[Message] = ()) -> Retrieval:
    """Everything that was found for a question and how, up to the prompt; nothing is sent anywhere."""
    index = library.index  # one index from here to the end, whatever is rebuilt meanwhile
    timings: dict[str, float] = {}
    query = " ".join(question.split())
    reranker = library.rerankers.get(settings, index.embedder)
    with _timed(timings, "embed"):
        query_vector = index.embedder.embed_query(query)
    with _timed(timings, "rank"):
        rankings, documents = _rank_what_stays(index, query, query_vector, settings)
    if reranker is not None:
        with _timed(timings, "rerank"):
            rankings = rerank(rankings, query, reranker, settings)
    final = rankings.by_source[Source.FUSED if reranker is None else Source.RERANKED]
    with _timed(timings, "prompt"):
        context, prompt = build_prompt(
            question,
            final[: settings.context_chunks],
            documents,
            history=history,
            context_tokens=settings.context_tokens,
        )
    return Retrieval(
        question=question,
        query=query,
        query_vector=query_vector,
        rankings=rankings.by_source,
        ladders=rankings.ladders,
        context=context,
        prompt=prompt,
        documents=documents,
        timings_ms=timings | {"total": sum(timings.values())},
        passport=index.passport,
        reranker=None if reranker is None else reranker.name,
    )


def _rank_what_stays(
    index: Index, query: str, query_vector: Vector, settings: Settings
) -> tuple[Rankings, dict[str, DocumentRecord]]:
    """The rankings and the documents of all candidates; ranked anew if a document was replaced or removed meanwhile.

    Where they never stand still, an answer is one in which no document is missing that was found.
    """
    attempts = 0
    while True:
        attempts += 1
        epoch = index.catalogue.epoch()
        rankings = rank(index, query, query_vector, settings)
        ids = {hit.chunk.document_id for hit in rankings.by_source[Source.FUSED]}
        documents = {record.id: record for record in index.catalogue.records_of(ids)}
        if index.catalogue.epoch() == epoch or (attempts >= _ATTEMPTS and len(documents) == len(ids)):
            return rankings, documents


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[stage] = (time.perf_counter() - started) * 1000
