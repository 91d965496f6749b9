"""The whole path of a question, on one page."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.filters import EVERYTHING, DocumentFilter
from rag.index import Index
from rag.library import Library
from rag.prompting import build_prompt
from rag.retrieval import Rankings, rank
from rag.settings import Settings
from rag.types import DocumentRecord, Message, Retrieval, Source, Vector

_ATTEMPTS = 5


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
    with _timed(timings, "embed"):
        query_vector = index.embedder.embed_query(query)
    with _timed(timings, "rank"):
        rankings, documents = _rank_what_stays(index, query, query_vector, settings, within)
    with _timed(timings, "prompt"):
        fused = rankings.by_source[Source.FUSED]
        context, prompt = build_prompt(
            question,
            fused[: settings.context_chunks],
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
        prompt=prompt,
        documents=documents,
        timings_ms=timings | {"total": sum(timings.values())},
        passport=index.passport,
    )


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
