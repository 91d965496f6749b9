"""The step after fusion. A reranked score is the sum of two shares, so that it can be explained."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from rag.errors import ModelUnavailable
from rag.fusion import min_max
from rag.reranking.reranker import Reranker
from rag.retrieval import Rankings
from rag.settings import Settings
from rag.types import Hit, Ladder, Source


def rerank(rankings: Rankings, query: str, reranker: Reranker, settings: Settings) -> Rankings:
    """The rankings with one more: the best fused chunks in their new order, and below them the others as they were.

    A reranked score is (1 - w) · min_max(fused score) + w · min_max(rerank score) over the chunks that were reranked.
    The others keep their fused hits, score and place: they were not scored. Raises ModelUnavailable.
    """
    fused = rankings.by_source[Source.FUSED]
    best, weight = fused[: settings.rerank_chunks], settings.rerank_weight
    scores = _scores(reranker, query, [read_by_reranker(hit, rankings.ladders[hit.chunk.id]) for hit in best])
    rerank_scores = {hit.chunk.id: score for hit, score in zip(best, scores, strict=True)}
    fused_shares = {
        key: (1 - weight) * part for key, part in min_max({hit.chunk.id: hit.score for hit in best}).items()
    }
    rerank_shares = {key: weight * part for key, part in min_max(rerank_scores).items()}
    totals = {key: fused_shares[key] + rerank_shares[key] for key in rerank_scores}
    ordered = sorted(best, key=lambda hit: -totals[hit.chunk.id])  # equal scores stay in the fused order
    hits = tuple(Hit(hit.chunk, totals[hit.chunk.id], rank, Source.RERANKED) for rank, hit in enumerate(ordered, 1))
    ladders = {
        hit.chunk.id: replace(
            rankings.ladders[hit.chunk.id],
            rerank_score=rerank_scores[hit.chunk.id],
            fused_share=fused_shares[hit.chunk.id],
            rerank_share=rerank_shares[hit.chunk.id],
            reranked_score=hit.score,
            reranked_rank=hit.rank,
        )
        for hit in hits
    }
    by_source = {**rankings.by_source, Source.RERANKED: hits + fused[len(best) :]}
    return replace(rankings, by_source=by_source, ladders={**rankings.ladders, **ladders})


def read_by_reranker(hit: Hit, ladder: Ladder) -> str:
    """The text of a chunk's best passage with its context; of the whole chunk where no passage was scored."""
    chunk = hit.chunk
    if not ladder.passages:
        return chunk.text
    passage = ladder.passages[0].passage
    return passage.context + chunk.text[passage.start - chunk.start : passage.end - chunk.start]


def _scores(reranker: Reranker, query: str, passages: Sequence[str]) -> list[float]:
    scores = reranker.scores(query, passages)
    if not all(isfinite(score) for score in scores):
        raise ModelUnavailable(
            f"The reranker {reranker.name!r} gave a score that is no number, so nothing can be ordered by it. Name "
            "another one, or none."
        )
    return scores
