"""Retrieval against brute force: every passage of the sample library, scored by numpy."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.questions import load_questions
from rag.library import Library
from rag.retrieval import chunk_id_of, find_by_meaning, find_by_words, known_share_of, passage_scores, rank
from rag.settings import Settings
from rag.types import PassageScore, Source, Vector
from rag.vector_store import VectorStore

QUESTIONS = [
    question.text
    for question in load_questions(Path(__file__).parents[2] / "sample_docs/questions.jsonl")
    if all(reference.document == "catalogue_fiction.md" for reference in question.references)
][:20]


def _brute_cosines(library: Library, query_vector: Vector) -> dict[str, float]:
    """The best passage's cosine of every chunk in the library, from all vectors at once."""
    best: dict[str, float] = {}
    for ids, vectors in library.catalogue.all_passages(10_000):
        for passage_id, cosine in zip(ids, vectors @ query_vector, strict=True):
            chunk_id = chunk_id_of(passage_id)
            best[chunk_id] = max(best.get(chunk_id, -1.0), float(cosine))
    return best


def _highest(scores: dict[str, float], count: int) -> NDArray[np.float64]:
    return np.sort(list(scores.values()))[::-1][:count]


def test_sample_library_is_large_enough(sample_library: Library) -> None:
    """The proofs below are over more than 300 chunks and 20 different questions."""
    assert sample_library.catalogue.counts()[1] >= 300
    assert len(set(QUESTIONS)) == 20


@pytest.mark.parametrize("question", QUESTIONS)
def test_dense_ranking_equals_brute_force(sample_library: Library, question: str) -> None:
    """The vector index leaves out no chunk that numpy finds nearer, and the order and the cosines are numpy's."""
    query_vector = sample_library.embedder.embed_query(question)
    brute = _brute_cosines(sample_library, query_vector)
    hits = rank(sample_library.index, question, query_vector, Settings(candidates=100)).by_source[Source.DENSE]
    assert [hit.score for hit in hits] == pytest.approx([brute[hit.chunk.id] for hit in hits], abs=1e-6)
    assert [hit.score for hit in hits] == pytest.approx(_highest(brute, 100), abs=1e-6)
    assert [hit.rank for hit in hits] == list(range(1, 101))


@pytest.mark.parametrize("question", QUESTIONS[:5])
def test_candidates_of_one_source_get_both_scores(sample_library: Library, question: str) -> None:
    """A chunk that only one search proposed is scored exactly by the other, too."""
    query_vector = sample_library.embedder.embed_query(question)
    ladders = rank(sample_library.index, question, query_vector, Settings(candidates=10)).ladders
    brute = _brute_cosines(sample_library, query_vector)
    bm25 = dict(sample_library.index.keywords.search(question, 1000))
    assert any(ladder.dense_rank is None for ladder in ladders.values())
    assert any(ladder.keyword_rank is None for ladder in ladders.values())
    for chunk_id, ladder in ladders.items():
        assert ladder.cosine == ladder.passages[0].cosine == pytest.approx(brute[chunk_id], abs=1e-6)
        assert (ladder.keyword_score or 0) == pytest.approx(bm25.get(chunk_id, 0), rel=1e-6)


@pytest.mark.parametrize("question", QUESTIONS[:5])
def test_convex_fusion_of_the_sample(sample_library: Library, question: str) -> None:
    """Fused scores follow from the ladders' own cosines and BM25; ranks follow from the scores."""
    query_vector = sample_library.embedder.embed_query(question)
    rankings = rank(sample_library.index, question, query_vector, Settings(candidates=20, dense_weight=0.3))
    cosines = [ladder.cosine for ladder in rankings.ladders.values()]
    full = sample_library.index.keywords.full_score(question)
    for ladder in rankings.ladders.values():
        dense = 0.3 * (ladder.cosine - min(cosines)) / (max(cosines) - min(cosines))
        assert ladder.fused_score == pytest.approx(dense + 0.7 * (ladder.keyword_score or 0) / full)
    hits = rankings.by_source[Source.FUSED]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert [rankings.ladders[hit.chunk.id].fused_rank for hit in hits] == list(range(1, len(hits) + 1))


def test_reciprocal_rank_fusion_of_the_sample(sample_library: Library) -> None:
    """With the RRF setting, a fused score is 1 / (60 + rank), summed over the rankings that hold the chunk."""
    query_vector = sample_library.embedder.embed_query(QUESTIONS[0])
    ladders = rank(sample_library.index, QUESTIONS[0], query_vector, Settings(candidates=20, fusion="rrf")).ladders
    for ladder in ladders.values():
        ranks = [place for place in (ladder.dense_rank, ladder.keyword_rank) if place is not None]
        assert ladder.fused_score == pytest.approx(sum(1 / (60 + place) for place in ranks))
    assert len(ladders) >= 20


def test_query_without_a_known_word_is_ranked_by_meaning(sample_library: Library) -> None:
    """Where no chunk has a word of the query, the fused order is the dense order."""
    rankings = rank(
        sample_library.index, "xyzzy", sample_library.embedder.embed_query("xyzzy"), Settings(candidates=10)
    )
    assert rankings.by_source[Source.KEYWORD] == ()
    fused, dense = (rankings.by_source[source] for source in (Source.FUSED, Source.DENSE))
    assert [hit.chunk.id for hit in fused] == [hit.chunk.id for hit in dense]


def test_empty_library_finds_nothing(library: Library) -> None:
    """No documents, no candidates, no fault."""
    rankings = rank(library.index, "anything", library.embedder.embed_query("anything"), Settings())
    assert (dict(rankings.ladders), set(rankings.by_source.values())) == ({}, {()})


@pytest.mark.parametrize("purged", [True, False], ids=["removed", "retired, its index entries still there"])
def test_removed_document_never_appears(library: Library, purged: bool) -> None:
    """From the moment it is retired, no search returns it, though it would fill every place."""
    near = "\n\n".join(["The tide tables of the harbour."] * 400).encode()
    gone = library.add("near.txt", near).document_id
    for number in range(3):
        library.add(f"{number}.txt", f"A far text about ships, number {number}, and a harbour.".encode())
    (library.remove if purged else library.catalogue.retire)(gone)
    query_vector = library.embedder.embed_query("tide tables harbour")
    assert len(find_by_meaning(library.index, query_vector, 3)) == 3
    found = find_by_meaning(library.index, query_vector, 50) + [
        key for key, _ in find_by_words(library.index, "tide harbour", 50)
    ]
    assert not [chunk_id for chunk_id in found if chunk_id.startswith(gone)]
    ladders = rank(library.index, "tide harbour", query_vector, Settings()).ladders
    assert len(ladders) == 3


def test_equal_scores_are_ranked_by_id(library: Library) -> None:
    """Documents that say the same stand in the order of their ids, every time."""
    for number in range(5):
        library.add(f"{number}.txt", b"The same harbour text." + b"\n" * number)
    rankings = [rank(library.index, "harbour", library.embedder.embed_query("harbour"), Settings()) for _ in range(2)]
    ids = [hit.chunk.id for hit in rankings[0].by_source[Source.FUSED]]
    assert ids == sorted(ids) == [hit.chunk.id for hit in rankings[1].by_source[Source.FUSED]]
    assert len(ids) == 5


def test_passage_scores_are_single_products(sample_library: Library) -> None:
    """Each cosine has the very bits of its own product, whatever else is scored beside it; best first."""
    query_vector = sample_library.embedder.embed_query(QUESTIONS[0])
    ids = sample_library.catalogue.chunk_sample(100)
    chunks = sample_library.catalogue.chunks(ids)
    scored = passage_scores(sample_library.index, chunks, query_vector)
    for chunk_id, pairs in sample_library.catalogue.passages(ids).items():
        single = [PassageScore(passage, float(vector @ query_vector)) for passage, vector in pairs]
        assert scored[chunk_id] == tuple(sorted(single, key=lambda score: (-score.cosine, score.passage.start)))
    for chunk_id in ids[:3]:
        assert passage_scores(sample_library.index, {chunk_id: chunks[chunk_id]}, query_vector) == {
            chunk_id: scored[chunk_id]
        }


def test_search_counts_nothing(sample_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question does no work that grows with all vectors: to count them is such work."""
    monkeypatch.setattr(VectorStore, "count", None)
    monkeypatch.setattr(type(sample_library.index._vectors._collection), "count", None)
    query_vector = sample_library.embedder.embed_query(QUESTIONS[0])
    assert len(sample_library.index._vectors.search(query_vector, 10)) == 10
    assert len(find_by_meaning(sample_library.index, query_vector, 10)) == 10


def test_chunk_id_of_a_passage() -> None:
    """A passage's id begins with its chunk's."""
    assert chunk_id_of("doc:0-90/5-40") == "doc:0-90"


def test_meaning_counts_as_far_as_the_question_is_known(library: Library) -> None:
    """Of a question of which the model knows a quarter, meaning has a quarter of its weight; of a known one, all."""
    for number in range(4):
        library.add(f"{number}.txt", f"Harbour {number} and its {'tide ' * number}".encode())
    for query, known in [("harbour", 1.0), ("harbour ¤ ¤ ¤", 0.25), ("¤", 0.0)]:
        rankings = rank(library.index, query, library.embedder.embed_query("harbour"), Settings(dense_weight=0.6))
        assert rankings.known_share == known
        best = max(rankings.ladders.values(), key=lambda ladder: ladder.cosine or 0)
        assert best.dense_share == pytest.approx(0.6 * known)


def test_identifier_means_nothing(library: Library) -> None:
    """Its tokens count as unknown, so that the chunk that holds it wins over one that is merely about the like."""
    assert known_share_of("price of book", library.embedder) == 1
    assert known_share_of("price of AX-400", library.embedder) == pytest.approx(2 / 5)  # price of | AX - 400
    assert known_share_of("", library.embedder) == 1
