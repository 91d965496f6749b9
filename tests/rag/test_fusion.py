"""Fusion: shares that sum to the score, in arithmetic that can be followed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.fusion import Fused, convex_combination, min_max, reciprocal_rank
from tests.strategies import candidate_ids, cosines, keyword_scores, rankings

weights = st.floats(0, 1)
FULL = 40.0  # no BM25 that the strategies make is higher


def test_min_max_stretches_to_0_and_1() -> None:
    """(3 - 2) / (6 - 2) = 1/4."""
    assert min_max({"a": 2.0, "b": 6.0, "c": 3.0}) == {"a": 0.0, "b": 1.0, "c": 0.25}


@pytest.mark.parametrize(
    ("scores", "stretched"), [({}, {}), ({"a": 0.3}, {"a": 1.0}), ({"a": 2, "b": 2}, {"a": 1, "b": 1})]
)
def test_min_max_of_equal_scores(scores: dict[str, float], stretched: dict[str, float]) -> None:
    """Nothing stays nothing; scores that do not differ are all 1."""
    assert min_max(scores) == stretched


def test_convex_combination_by_hand() -> None:
    """Cosines .2 .6 .3 stretch to 0 1 1/4; BM25 8 and 2 are divided by 10; the weight of meaning is 3/4."""
    fused = convex_combination(
        {"a": 0.2, "b": 0.6, "c": 0.3}, {"a": 8.0, "c": 2.0}, full_keyword_score=10.0, dense_weight=0.75
    )
    assert fused["a"].score == pytest.approx(0.75 * 0 + 0.25 * 8 / 10)
    assert fused["b"].score == pytest.approx(0.75 * 1 + 0)
    assert fused["c"].score == pytest.approx(0.75 * (0.3 - 0.2) / (0.6 - 0.2) + 0.25 * 2 / 10)
    assert fused["c"].dense_share == pytest.approx(0.75 / 4)


def test_reciprocal_rank_by_hand() -> None:
    """First and third: 1/61 + 1/63; a candidate of one ranking has one share."""
    fused = reciprocal_rank({"a": 1, "b": 2}, {"c": 1, "a": 3})
    assert fused["a"].score == pytest.approx(1 / (60 + 1) + 1 / (60 + 3))
    assert fused["b"] == Fused(1 / (60 + 2), 0.0)
    assert fused["c"] == Fused(0.0, 1 / (60 + 1))


@given(cosines, keyword_scores, weights)
def test_convex_shares_sum_to_a_score_of_0_to_1(
    dense: dict[str, float], keyword: dict[str, float], weight: float
) -> None:
    """Every candidate of either source is fused; its shares are not negative and sum to its score, at most 1."""
    fused = convex_combination(dense, keyword, full_keyword_score=FULL, dense_weight=weight)
    assert fused.keys() == dense.keys() | keyword.keys()
    for share in fused.values():
        assert min(share.dense_share, share.keyword_share) >= 0
        assert share.dense_share + share.keyword_share == share.score <= 1 + 1e-9


@given(cosines, keyword_scores, weights, candidate_ids, st.floats(0, 1))
def test_convex_never_falls_when_a_cosine_rises(
    dense: dict[str, float], keyword: dict[str, float], weight: float, chosen: str, rise: float
) -> None:
    """A candidate that comes nearer in meaning does not lose."""
    before = convex_combination(dense, keyword, full_keyword_score=FULL, dense_weight=weight)
    higher = dense | {chosen: dense.get(chosen, -1.0) + rise}
    after = convex_combination(higher, keyword, full_keyword_score=FULL, dense_weight=weight)
    assert chosen not in before or after[chosen].score >= before[chosen].score - 1e-9


@given(cosines, keyword_scores, weights, candidate_ids, st.floats(0, 40))
def test_convex_never_falls_when_a_keyword_score_rises(
    dense: dict[str, float], keyword: dict[str, float], weight: float, chosen: str, rise: float
) -> None:
    """A candidate that matches more words does not lose."""
    before = convex_combination(dense, keyword, full_keyword_score=FULL, dense_weight=weight)
    after = convex_combination(
        dense, keyword | {chosen: keyword.get(chosen, 0.0) + rise}, full_keyword_score=FULL, dense_weight=weight
    )
    assert chosen not in before or after[chosen].score >= before[chosen].score - 1e-9


@given(cosines, keyword_scores, weights)
def test_convex_respects_dominance(dense: dict[str, float], keyword: dict[str, float], weight: float) -> None:
    """Of two candidates, one at least as good in both scores is at least as good in the fused one."""
    fused = convex_combination(dense, keyword, full_keyword_score=FULL, dense_weight=weight)
    for one in dense:
        for other in dense:
            if dense[one] >= dense[other] and keyword.get(one, 0) >= keyword.get(other, 0):
                assert fused[one].score >= fused[other].score


@given(cosines, keyword_scores, rankings, rankings, st.randoms())
def test_fusion_does_not_depend_on_order(
    dense: dict[str, float], keyword: dict[str, float], first: dict[str, int], second: dict[str, int], random: Random
) -> None:
    """The order in which candidates are given changes nothing."""

    def shuffled(scores: dict[str, float]) -> dict[str, float]:
        return dict(random.sample(list(scores.items()), len(scores)))

    straight = convex_combination(dense, keyword, full_keyword_score=FULL, dense_weight=0.5)
    assert convex_combination(shuffled(dense), shuffled(keyword), full_keyword_score=FULL, dense_weight=0.5) == straight
    assert reciprocal_rank(shuffled(first), shuffled(second)) == reciprocal_rank(first, second)


@given(rankings, rankings)
def test_reciprocal_rank_is_its_formula(dense_ranks: dict[str, int], keyword_ranks: dict[str, int]) -> None:
    """1 / (60 + rank), summed over the rankings that hold the candidate."""
    for key, share in reciprocal_rank(dense_ranks, keyword_ranks).items():
        expected = sum(1 / (60 + ranks[key]) for ranks in (dense_ranks, keyword_ranks) if key in ranks)
        assert share.dense_share + share.keyword_share == share.score == pytest.approx(expected)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_weight_of_one_side_leaves_the_other_out(weight: float) -> None:
    """With all weight on one source, the other adds nothing."""
    fused = convex_combination({"a": 0.1, "b": 0.9}, {"a": 5.0}, full_keyword_score=FULL, dense_weight=weight)
    assert sum(share.keyword_share if weight else share.dense_share for share in fused.values()) == 0
    assert max(fused, key=lambda key: fused[key].score) == ("b" if weight else "a")
