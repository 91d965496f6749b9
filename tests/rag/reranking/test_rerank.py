"""The step after fusion: its arithmetic by hand, and what holds for any scores."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.types import Passage
from rag.errors import ModelUnavailable
from rag.reranking.rerank import rerank
from rag.retrieval import Rankings
from rag.settings import Settings
from rag.types import Hit, PassageScore, Source
from tests.rag.builders import make_chunk, make_hit, make_ladder

finite = st.floats(-1e6, 1e6)


class GivenScores:
    """A reranker whose scores are known beforehand; `read` is what it was asked to score."""

    name = "given"

    def __init__(self, *scores: float) -> None:
        self._scores = scores
        self.read: list[str] = []

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """The first so many."""
        self.read = list(passages)
        return list(self._scores[: len(passages)])


def fused(*scores: float) -> Rankings:
    """A fused ranking of chunks "a", "b", "c", ..., best first."""
    hits = [
        make_hit(make_chunk(chr(ord("a") + place), document_id=f"d{place:03}"), rank=place + 1, score=score)
        for place, score in enumerate(scores)
    ]
    ladders = {hit.chunk.id: make_ladder(hit, cosine=0.5) for hit in hits}
    return Rankings(1.0, {Source.DENSE: (), Source.FUSED: tuple(hits)}, ladders)


def texts(hits: Sequence[Hit]) -> str:
    """The chunks of a ranking: "abc"."""
    return "".join(hit.chunk.text for hit in hits)


def test_reranking_by_hand() -> None:
    """Fused .9, .5, .4, .1, of which three are read, with 2, 6 and 3, and a weight of a quarter for these.

    Min-max of the fused: 1, .2, 0, times .75; of the rerank scores: 0, 1, .25, times .25. So a has .75 + 0, b has
    .15 + .25 = .4, and c has 0 + .0625. d is beyond the three: it keeps its fused hit.
    """
    given_rankings = fused(0.9, 0.5, 0.4, 0.1)
    found = rerank(given_rankings, "q", GivenScores(2, 6, 3), Settings(rerank_chunks=3, rerank_weight=0.25))
    hits = found.by_source[Source.RERANKED]
    assert [(hit.chunk.text, hit.rank) for hit in hits] == [("a", 1), ("b", 2), ("c", 3), ("d", 4)]
    assert [hit.score for hit in hits] == pytest.approx([0.75, 0.4, 0.0625, 0.1])
    assert [hit.source for hit in hits] == [Source.RERANKED] * 3 + [Source.FUSED]
    second = found.ladders[hits[1].chunk.id]
    assert (second.rerank_score, second.reranked_rank, second.fused_rank) == (6, 2, 2)
    assert (second.fused_share, second.rerank_share) == pytest.approx((0.15, 0.25))


def test_order_is_the_rerankers_when_it_has_all_the_weight() -> None:
    """The last becomes the first; one beyond the top stays where it was."""
    found = rerank(fused(0.9, 0.5, 0.4, 0.1), "q", GivenScores(1, 2, 3), Settings(rerank_chunks=3, rerank_weight=1))
    assert texts(found.by_source[Source.RERANKED]) == "cbad"


def test_what_was_not_read_is_not_scored() -> None:
    """Beyond the top a ladder is as it was: None, never 0."""
    given_rankings = fused(0.9, 0.5, 0.4)
    found = rerank(given_rankings, "q", GivenScores(1), Settings(rerank_chunks=1))
    for hit in given_rankings.by_source[Source.FUSED][1:]:
        ladder = found.ladders[hit.chunk.id]
        assert ladder is given_rankings.ladders[hit.chunk.id]
        assert (ladder.rerank_score, ladder.reranked_score, ladder.reranked_rank) == (None, None, None)
    assert found.by_source[Source.FUSED] == given_rankings.by_source[Source.FUSED]


def test_best_passage_is_read() -> None:
    """The words of the best passage, not all of the chunk; all of it where no passage was scored."""
    chunk = make_chunk("One. Two. Three.", start=100)
    hit, bare = make_hit(chunk), make_hit(make_chunk("Only words.", document_id="d2"), rank=2)
    scored = (PassageScore(Passage(chunk.id, 105, 109, 1), 0.9), PassageScore(Passage(chunk.id, 100, 104, 1), 0.2))
    ladders = {chunk.id: replace(make_ladder(hit, cosine=0.9), passages=scored)}
    ladders[bare.chunk.id] = make_ladder(bare, cosine=None)
    reranker = GivenScores(1, 2)
    rerank(Rankings(1.0, {Source.FUSED: (hit, bare)}, ladders), "q", reranker, Settings())
    assert reranker.read == ["Two.", "Only words."]


def test_equal_totals_stay_in_the_fused_order() -> None:
    """With the weights even, what one gains the other loses: both have .5."""
    assert texts(rerank(fused(0.9, 0.1), "q", GivenScores(1, 2), Settings()).by_source[Source.RERANKED]) == "ab"


@pytest.mark.parametrize("scores", [(), (0.3,)], ids=["nothing was found", "one chunk"])
def test_few_chunks_are_reranked(scores: tuple[float, ...]) -> None:
    """The ranking is there with what there is; a single chunk has all of both shares."""
    hits = rerank(fused(*scores), "q", GivenScores(-4), Settings()).by_source[Source.RERANKED]
    assert [hit.score for hit in hits] == [1.0] * len(scores)


@given(
    st.lists(st.tuples(st.floats(0, 1), finite), max_size=30),
    st.integers(1, 40),
    st.floats(0, 1),
)
def test_any_scores_make_a_ranking(pairs: list[tuple[float, float]], count: int, weight: float) -> None:
    """Nothing is lost or moved beyond the top, ranks count from 1, scores fall, and shares are the score exactly."""
    given_rankings = fused(*sorted((score for score, _ in pairs), reverse=True))
    settings = Settings(rerank_chunks=count, rerank_weight=weight)
    found = rerank(given_rankings, "q", GivenScores(*(score for _, score in pairs)), settings)
    before, hits = given_rankings.by_source[Source.FUSED], found.by_source[Source.RERANKED]
    assert {hit.chunk.id for hit in hits[:count]} == {hit.chunk.id for hit in before[:count]}
    assert hits[count:] == before[count:]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert [hit.score for hit in hits[:count]] == sorted((hit.score for hit in hits[:count]), reverse=True)
    for hit in hits[:count]:
        ladder = found.ladders[hit.chunk.id]
        assert ladder.fused_share + ladder.rerank_share == ladder.reranked_score == hit.score
        assert ladder.reranked_rank == hit.rank


@pytest.mark.parametrize("score", [nan, inf, -inf])
def test_score_that_is_no_number_is_refused(score: float) -> None:
    """A broken model is named, instead of an order that means nothing."""
    with pytest.raises(ModelUnavailable, match="'given' gave a score that is no number"):
        rerank(fused(0.9, 0.5), "q", GivenScores(1, score), Settings())


def test_too_few_scores_are_an_error() -> None:
    """A score goes to its own passage or to none."""
    with pytest.raises(ValueError, match="shorter"):
        rerank(fused(0.9, 0.5), "q", GivenScores(1), Settings())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"reranked_score": 9.0}, "do not make the reranked score 9.0"),
        ({"rerank_score": None}, "reranked wholly or not at all"),
        ({"reranked_rank": None}, "reranked wholly or not at all"),
        ({"fused_share": None, "rerank_share": None, "reranked_score": None}, "reranked wholly or not at all"),
    ],
)
def test_ladder_that_does_not_add_up_is_refused(change: dict[str, float | None], complaint: str) -> None:
    """Sums are checked when a ladder is built."""
    [ladder] = rerank(fused(0.3), "q", GivenScores(1), Settings()).ladders.values()
    with pytest.raises(ValueError, match=complaint):
        replace(ladder, **change)
