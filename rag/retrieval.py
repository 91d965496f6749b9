"""A query becomes rankings of chunks: by meaning, by words, and by both.

The vector store proposes passages and the keyword index proposes chunks; then every candidate of either gets both
scores exactly, its cosine from the catalogue's vectors and its BM25 from the index, before they are fused.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.types import Chunk, Passage
from rag.embedding import Embedder
from rag.exact_search import exact_search
from rag.filters import EVERYTHING, DocumentFilter
from rag.fusion import convex_combination, reciprocal_rank
from rag.index import Index
from rag.settings import Settings
from rag.types import Hit, Ladder, PassageScore, Source, Vector, Vectors
from rag.word_segmentation import without_identifiers

_PASSAGES_PER_CHUNK = 4  # first guess at how many passages to ask for; doubled until enough chunks are found
_FEW_PASSAGES = 20_000  # of which each is looked at, when a filter leaves no more
_FEW_SHARE = 0.05  # or no larger part of the library: the vector store would have to be asked for 20 times as many


@dataclass(frozen=True, slots=True)
class Rankings:
    """The rankings of one query, and the ladder of every candidate by chunk id.

    `known_share` is how much of the query means something to the embedder: meaning has so much of its weight.
    """

    known_share: float
    by_source: Mapping[Source, tuple[Hit, ...]]
    ladders: Mapping[str, Ladder]


def find_by_meaning(
    index: Index, query_vector: Vector, limit: int, *, within: Mapping[str, int] | None = None
) -> list[str]:
    """Ids of the `limit` active chunks whose best passage is nearest, nearest first.

    `within`, document id -> its passages, leaves out all other documents and costs no recall: of few passages each is
    looked at, and otherwise the nearest are asked for until enough of them are from these documents.
    """
    asked = limit * _PASSAGES_PER_CHUNK
    if within is not None:
        total, allowed = index.catalogue.counts()[2], sum(within.values())
        if allowed <= max(_FEW_PASSAGES, total * _FEW_SHARE):
            asked = max(1, allowed)
            found = exact_search(index.catalogue, query_vector, asked, documents=within)
            return list(dict.fromkeys(chunk_id_of(passage_id) for passage_id, _ in found))[:limit]
        asked = asked * total // allowed
    while True:
        found = index.nearest_passages(query_vector, asked)
        ids = list(dict.fromkeys(chunk_id_of(passage_id) for passage_id, _ in found))
        if within is not None:
            ids = [chunk_id for chunk_id in ids if document_id_of(chunk_id) in within]
        kept = _active(index, ids, limit)
        if len(kept) >= limit or len(found) < asked:
            return kept
        asked *= 2


def find_by_words(
    index: Index, query: str, limit: int, *, within: Collection[str] | None = None
) -> list[tuple[str, float]]:
    """The `limit` active chunks with the highest BM25 as (id, score), best first; only of documents `within`."""
    found = index.keywords.search(query, limit, documents=within)
    active = index.catalogue.active_among([chunk_id for chunk_id, _ in found])
    return [(chunk_id, score) for chunk_id, score in found if chunk_id in active]


def rank(
    index: Index, query: str, query_vector: Vector, settings: Settings, *, within: DocumentFilter = EVERYTHING
) -> Rankings:
    """The dense, keyword and fused rankings of the candidates, with every score on the way."""
    allowed = index.catalogue.matching(within) if within else None
    dense_ids = find_by_meaning(index, query_vector, settings.candidates, within=allowed)
    keyword_ids = [chunk_id for chunk_id, _ in find_by_words(index, query, settings.candidates, within=allowed)]
    chunks = index.catalogue.chunks({*dense_ids, *keyword_ids})
    passages = passage_scores(index, chunks, query_vector)
    cosines = {chunk_id: scored[0].cosine for chunk_id, scored in passages.items()}
    keyword_scores = index.keywords.scores(query, list(chunks))
    dense_ranks = _ranks({key: cosines[key] for key in dense_ids if key in cosines})
    keyword_ranks = _ranks({key: keyword_scores[key] for key in keyword_ids if key in keyword_scores})
    known_share = known_share_of(query, index.embedder)
    if settings.fusion == "rrf":
        fused = reciprocal_rank(dense_ranks, keyword_ranks)
    else:
        fused = convex_combination(
            cosines,
            keyword_scores,
            full_keyword_score=index.keywords.full_score(query),
            dense_weight=settings.dense_weight * known_share,
        )
    fused_ranks = _ranks({key: share.score for key, share in fused.items()})
    ladders = {
        key: Ladder(
            chunk_id=key,
            passages=passages.get(key, ()),
            cosine=cosines.get(key),
            dense_rank=dense_ranks.get(key),
            keyword_score=keyword_scores.get(key),
            keyword_rank=keyword_ranks.get(key),
            dense_share=share.dense_share,
            keyword_share=share.keyword_share,
            fused_score=share.score,
            fused_rank=fused_ranks[key],
        )
        for key, share in fused.items()
    }
    by_source = {
        Source.DENSE: _hits(chunks, dense_ranks, cosines, Source.DENSE),
        Source.KEYWORD: _hits(chunks, keyword_ranks, keyword_scores, Source.KEYWORD),
        Source.FUSED: _hits(chunks, fused_ranks, {key: share.score for key, share in fused.items()}, Source.FUSED),
    }
    return Rankings(known_share, by_source, ladders)


def known_share_of(query: str, embedder: Embedder) -> float:
    """How much of a query means something to the embedder, 0 to 1: all but identifiers, and tokens it never learned."""
    words = without_identifiers(query)
    tokens = len(embedder.token_spans(query))
    return embedder.known_share(words) * len(embedder.token_spans(words)) / tokens if tokens else 1.0


def passage_scores(
    index: Index, chunks: Mapping[str, Chunk], query_vector: Vector
) -> dict[str, tuple[PassageScore, ...]]:
    """The passages of each chunk with their exact cosines, best first."""
    return {
        chunk_id: _scored(passages, vectors, query_vector)
        for chunk_id, (passages, vectors) in index.catalogue.passage_cache.of(chunks).items()
    }


def chunk_id_of(passage_id: str) -> str:
    """The chunk that a passage belongs to: "doc:0-90/5-40" -> "doc:0-90"."""
    return passage_id.rpartition("/")[0]


def document_id_of(chunk_id: str) -> str:
    """The document that a chunk belongs to: "doc:0-90" -> "doc"."""
    return chunk_id.rpartition(":")[0]


def _scored(passages: Sequence[Passage], vectors: Vectors, query_vector: Vector) -> tuple[PassageScore, ...]:
    # subtle: row by row, where a product with the matrix may add up equal rows in different orders; equal passages
    # are to have equal cosines, whatever stands beside them.
    cosines = np.vecdot(vectors, query_vector).tolist()
    scores = [PassageScore(passage, cosine) for passage, cosine in zip(passages, cosines, strict=True)]
    return tuple(sorted(scores, key=lambda score: (-score.cosine, score.passage.start)))


def _active(index: Index, chunk_ids: Sequence[str], limit: int) -> list[str]:
    """The first `limit` of the chunks that are active; looks no farther than it has to."""
    kept: list[str] = []
    looked = 0
    while len(kept) < limit and looked < len(chunk_ids):
        part = chunk_ids[looked : looked + limit]
        active = index.catalogue.active_among(part)
        kept += [chunk_id for chunk_id in part if chunk_id in active]
        looked += len(part)
    return kept[:limit]


def _ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """Ranks from 1, highest score first; equal scores in the order of their ids, so that runs agree."""
    ordered = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: position for position, key in enumerate(ordered, 1)}


def _hits(
    chunks: Mapping[str, Chunk], ranks: Mapping[str, int], scores: Mapping[str, float], source: Source
) -> tuple[Hit, ...]:
    return tuple(Hit(chunks[key], scores[key], position, source) for key, position in ranks.items())
