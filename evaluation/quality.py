"""The production path, run over judged questions."""

from collections.abc import Sequence

from evaluation.metrics import Metrics, means, ranking_metrics
from evaluation.questions import Question
from ingestion.types import Chunk
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Source

_HELD_SHARE = 0.5  # of a reference's characters: what a chunk must hold to count as its answer


def retrieval_quality(library: Library, questions: Sequence[Question], settings: Settings) -> dict[Source, Metrics]:
    """The measures of each ranking of chunks, averaged over the questions that have references."""
    answerable = [question for question in questions if question.references]
    relevant = {question.id: dict.fromkeys(relevant_chunks(library, question), 1) for question in answerable}
    rankings: dict[Source, dict[str, list[str]]] = {source: {} for source in measured(settings)}
    for question in answerable:
        retrieval = retrieve(library, question.text, settings, history=question.history)
        for source, found in rankings.items():
            found[question.id] = [hit.chunk.id for hit in retrieval.rankings[source]]
    return {source: means(ranking_metrics(found, relevant).values()) for source, found in rankings.items()}


def measured(settings: Settings) -> tuple[Source, ...]:
    """The rankings that a question has with these settings, in the order of the stages."""
    return tuple(source for source in Source if source is not Source.RERANKED or settings.has_reranker)


def relevant_chunks(library: Library, question: Question) -> frozenset[str]:
    """Ids of the chunks that hold at least half of one of the question's references."""
    by_name = {record.name: record.id for record in library.documents()}
    return frozenset(
        chunk.id
        for reference in question.references
        for chunk in library.catalogue.chunks_of(by_name[reference.document])
        if _held(chunk, reference.start, reference.end) >= _HELD_SHARE * (reference.end - reference.start)
    )


def _held(chunk: Chunk, start: int, end: int) -> int:
    return max(0, min(chunk.end, end) - max(chunk.start, start))
