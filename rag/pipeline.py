"""The whole path of a question, on one page."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.diversity import fold_repeated, maximal_marginal_relevance, mean_direction
from rag.filters import EVERYTHING, DocumentFilter
from rag.index import Index
from rag.library import Library
from rag.prompting import build_prompt
from rag.reranking.rerank import rerank
from rag.retrieval import Rankings, rank
from rag.settings import Settings
from rag.types import DocumentRecord, Hit, Message, Retrieval, Source, Vector

_ATTEMPTS = 5
_POOL = 4  # times as many hits as go into the context, from which it is chosen without repetition


def retrieve(
    library: Library,
    question: str,
    settings: Settings,
    *,
    history: Sequence[Message] = (),
    within: DocumentFilter = EVERYTHING,
) -> Retrieval:
    """Everything that was found for a question and how, up to the prompt; nothing is sent anywhere.

    Nothing is found outside of the documents that `within` lets through.
    """
    index = library.index  # one index from here to the end, whatever is rebuilt meanwhile
    timings: dict[str, float] = {}
    query = " ".join(question.split())
    reranker = library.rerankers.get(settings, index.embedder)
    with _timed(timings, "embed"):
        query_vector = index.embedder.embed_query(query)
    with _timed(timings, "rank"):
        rankings, documents = _rank_what_stays(index, query, query_vector, settings, within)
    if reranker is not None:
        with _timed(timings, "rerank"):
            rankings = rerank(rankings, query, reranker, settings)
    final = rankings.by_source[Source.FUSED if reranker is None else Source.RERANKED]
    with _timed(timings, "prompt"):
        groups = _without_repetition(index, final, settings)
        context, prompt = build_prompt(
            question,
            [group[0] for group in groups],
            documents,
            history=history,
            context_tokens=settings.context_tokens,
        )
    return Retrieval(
        question=question,
        query=query,
        query_vector=query_vector,
        known_share=rankings.known_share,
        within=within,
        rankings=rankings.by_source,
        ladders=rankings.ladders,
        context=context,
        repeated={hit.chunk.id: tuple(group[1:]) for hit, group in zip(context, groups, strict=False) if group[1:]},
        prompt=prompt,
        documents=documents,
        timings_ms=timings | {"total": sum(timings.values())},
        passport=index.passport,
        reranker=None if reranker is None else reranker.name,
    )


def _without_repetition(index: Index, hits: Sequence[Hit], settings: Settings) -> list[list[Hit]]:
    """The hits for the context, each with those after it that repeat it."""
    groups = fold_repeated(hits[: settings.context_chunks * _POOL])
    if not settings.diversity:
        return list(groups.values())[: settings.context_chunks]
    passages = index.catalogue.passages(list(groups))
    chosen = maximal_marginal_relevance(
        [group[0] for group in groups.values()],
        {key: mean_direction([vector for _, vector in pairs]) for key, pairs in passages.items()},
        diversity=settings.diversity,
        limit=settings.context_chunks,
    )
    return [groups[hit.chunk.id] for hit in chosen]


def _rank_what_stays(
    index: Index, query: str, query_vector: Vector, settings: Settings, within: DocumentFilter
) -> tuple[Rankings, dict[str, DocumentRecord]]:
    """The rankings and the documents of all candidates; ranked anew if a document was replaced or removed meanwhile.

    Where they never stand still, an answer is one in which no document is missing that was found.
    """
    attempts = 0
    while True:
        attempts += 1
        epoch = index.catalogue.epoch()
        rankings = rank(index, query, query_vector, settings, within=within)
        ids = {hit.chunk.document_id for hit in rankings.by_source[Source.FUSED]}
        documents = {record.id: record for record in index.catalogue.records_of(ids)}
        if index.catalogue.epoch() == epoch or (attempts >= _ATTEMPTS and len(documents) == len(ids)):
            return rankings, documents


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[stage] = (time.perf_counter() - started) * 1000
