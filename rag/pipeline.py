"""The whole path of a question, on one page."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rag.library import Library
from rag.prompting import build_prompt
from rag.retrieval import rank
from rag.settings import Settings
from rag.types import Message, Retrieval, Source


def retrieve(library: Library, question: str, settings: Settings, *, history: Sequence[Message] = ()) -> Retrieval:
    """Everything that was found for a question and how, up to the prompt; nothing is sent anywhere."""
    timings: dict[str, float] = {}
    query = " ".join(question.split())
    with _timed(timings, "embed"):
        query_vector = library.embedder.embed_query(query)
    with _timed(timings, "rank"):
        rankings = rank(library, query, query_vector, settings)
    with _timed(timings, "prompt"):
        fused = rankings.by_source[Source.FUSED]
        documents = {
            record.id: record for record in library.catalogue.records_of({hit.chunk.document_id for hit in fused})
        }
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
        rankings=rankings.by_source,
        ladders=rankings.ladders,
        context=context,
        prompt=prompt,
        documents=documents,
        timings_ms=timings | {"total": sum(timings.values())},
        passport=library.passport,
    )


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    timings[stage] = (time.perf_counter() - started) * 1000
