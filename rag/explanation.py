"""Why this chunk was found. Arithmetic that can be checked, not decoration.

For a mean-pooled model the cosine of a passage is exactly a sum over its tokens: with token vectors h_t, n of them,
their mean m and the unit query vector q, cos = q · m / |m| = Σ_t q · h_t / (n |m|). A token's share is its term of
that sum; word and sentence shares are sums of token shares.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ingestion.sentences import sentence_spans
from ingestion.types import Chunk, Passage
from rag.embedding import Embedder
from rag.library import Library
from rag.types import Explanation, Ladder, MatchedTerm, PassageScore, Retrieval, Share, Source, Vector

_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|\w+|[^\w\s]")


def explain(library: Library, retrieval: Retrieval, chunk_id: str) -> Explanation:
    """Why a candidate of `retrieval` stands where it does.

    The library may have changed since: its words are weighed, and its percentile taken, by what it holds now. Raises
    KeyError for a chunk that is no candidate, UnknownDocument for one that has been removed.
    """
    ladder = retrieval.ladders[chunk_id]
    chunk = next(hit.chunk for hit in retrieval.rankings[Source.FUSED] if hit.chunk.id == chunk_id)
    library.catalogue.record(chunk.document_id)
    ladder = replace(ladder, keyword_score=library.index.keywords.scores(retrieval.query, [chunk_id]).get(chunk_id))
    best = ladder.passages[0]
    attribution = attribute(library.embedder, chunk, best, retrieval.query_vector)
    sample = library.index.cosine_sample()
    return Explanation(
        chunk=chunk,
        ladder=ladder,
        best_passage=best,
        cosine_without=cosine_without(library.embedder, chunk, ladder, retrieval.query_vector),
        tokens=attribution.tokens,
        words=attribution.words,
        sentences=attribution.sentences,
        marker_share=attribution.marker_share,
        residual=attribution.residual,
        percentile=sample.percentile(retrieval.query_vector, best.cosine),
        percentile_sample=sample.size,
        matched_terms=matched_terms(library, retrieval.query, chunk),
    )


@dataclass(frozen=True, slots=True)
class Attribution:
    """A passage's cosine, split. `marker_share` is what [CLS] and [SEP] add; all empty if it cannot be split."""

    tokens: tuple[Share, ...] = ()
    words: tuple[Share, ...] = ()
    sentences: tuple[Share, ...] = ()
    marker_share: float = 0.0
    residual: float = 0.0


def attribute(embedder: Embedder, chunk: Chunk, best: PassageScore, query_vector: Vector) -> Attribution:
    """The shares of the tokens, words and sentences of a passage in its cosine."""
    text = _text(chunk, best.passage)
    token_vectors = embedder.token_vectors(text)
    if token_vectors is None:
        return Attribution()
    vectors = token_vectors.vectors.astype(np.float64)
    mean = vectors.mean(axis=0)
    shares = vectors @ query_vector.astype(np.float64) / (len(vectors) * np.linalg.norm(mean))
    offset = best.passage.start
    tokens = tuple(
        Share(offset + span[0], offset + span[1], text[slice(*span)], float(share))
        for span, share in zip(token_vectors.spans, shares, strict=True)
        if span is not None
    )
    markers = float(sum(share for span, share in zip(token_vectors.spans, shares, strict=True) if span is None))
    return Attribution(
        tokens=tokens,
        words=_grouped(tokens, [match.span() for match in _WORD.finditer(text)], text, offset),
        sentences=_grouped(tokens, sentence_spans(text), text, offset, spread=markers),
        marker_share=markers,
        residual=best.cosine - float(shares.sum()),
    )


def cosine_without(embedder: Embedder, chunk: Chunk, ladder: Ladder, query_vector: Vector) -> float | None:
    """The chunk's cosine once the text of its best passage is deleted; None if nothing would be left.

    Passages that share sentences with it lose them and are embedded anew; the others keep their cosine.
    """
    best = ladder.passages[0].passage
    kept = [other.cosine for other in ladder.passages[1:] if not _overlap(other.passage, best)]
    remainders = {
        _remainder(chunk, other.passage, best) for other in ladder.passages[1:] if _overlap(other.passage, best)
    } - {""}
    if remainders:
        kept.extend(float(vector @ query_vector) for vector in embedder.embed_passages(sorted(remainders)))
    return max(kept, default=None)


def matched_terms(library: Library, query: str, chunk: Chunk) -> tuple[MatchedTerm, ...]:
    """The terms of the query that the chunk holds, the largest share of its BM25 first."""
    shares = library.index.keywords.term_shares(query, chunk.id)
    occurrences = library.index.keywords.occurrences(chunk, shares)
    return tuple(
        MatchedTerm(term, share, tuple((chunk.start + start, chunk.start + end) for start, end in occurrences[term]))
        for term, share in shares.items()
    )


def _grouped(
    tokens: Sequence[Share], spans: Sequence[tuple[int, int]], text: str, offset: int, *, spread: float = 0.0
) -> tuple[Share, ...]:
    """The tokens' shares summed by the span they begin in, and `spread` shared out by token count."""
    if not tokens or not spans:
        return ()
    starts = [offset + start for start, _ in spans]
    sums = [0.0] * len(spans)
    for token in tokens:
        sums[max(0, bisect_right(starts, token.start) - 1)] += token.share + spread / len(tokens)
    return tuple(
        Share(offset + start, offset + end, text[start:end], total)
        for (start, end), total in zip(spans, sums, strict=True)
    )


def _text(chunk: Chunk, passage: Passage) -> str:
    return chunk.text[passage.start - chunk.start : passage.end - chunk.start]


def _overlap(left: Passage, right: Passage) -> bool:
    return left.start < right.end and right.start < left.end


def _remainder(chunk: Chunk, passage: Passage, deleted: Passage) -> str:
    before = chunk.text[passage.start - chunk.start : max(passage.start, deleted.start) - chunk.start]
    after = chunk.text[min(passage.end, deleted.end) - chunk.start : passage.end - chunk.start]
    return f"{before.strip()} {after.strip()}".strip()
