"""Metrics against hand arithmetic."""

from collections.abc import Mapping, Sequence
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import Metrics, means, ranking_metrics, span_metrics
from evaluation.significance import mean_difference

chunk_ids = st.sampled_from("abcdefghijkl")
spans = st.tuples(st.sampled_from("xy"), st.integers(0, 40), st.integers(1, 20)).map(
    lambda s: (s[0], s[1], s[1] + s[2])
)


def _metrics(ranking: Sequence[str], relevant: Sequence[str]) -> Metrics:
    """The metrics of one question whose chunks are letters, all answers equally good."""
    return ranking_metrics({"q": list(ranking)}, {"q": dict.fromkeys(relevant, 1)})["q"]


def _means(rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, str]) -> Metrics:
    return means(ranking_metrics(rankings, {key: dict.fromkeys(ids, 1) for key, ids in relevant.items()}).values())


def test_metrics_of_one_relevant_chunk() -> None:
    """Third of the ranking: found in 5, 1/3, and 1/log2(1 + 3) of an ideal 1."""
    expected = {"ndcg@10": 1 / log2(4), "recall@5": 1, "recall@10": 1, "recall@50": 1, "mrr@10": 1 / 3}
    assert _metrics("abcdef", "c") == pytest.approx(expected)


def test_metrics_of_several_relevant_chunks() -> None:
    """At ranks 2 and 6 of three: one of three in 5; nDCG is (1/log2 3 + 1/log2 7) over the ideal of ranks 1 to 3."""
    ideal = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert _metrics("abcdefgh", "bfz") == pytest.approx(
        {
            "ndcg@10": (1 / log2(3) + 1 / log2(7)) / ideal,
            "recall@5": 1 / 3,
            "recall@10": 2 / 3,
            "recall@50": 2 / 3,
            "mrr@10": 1 / 2,
        }
    )


def test_grades_are_the_gains_of_ndcg() -> None:
    """The answer of grade 1 before the one of grade 3: (1 + 3/log2 3) over (3 + 1/log2 3)."""
    found = ranking_metrics({"q": ["a", "b"]}, {"q": {"a": 1, "b": 3}})["q"]
    assert found["ndcg@10"] == pytest.approx((1 + 3 / log2(3)) / (3 + 1 / log2(3)))


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        (1, (1, 1, 1, 1, 1)),
        (5, (1 / log2(6), 1, 1, 1, 1 / 5)),
        (6, (1 / log2(7), 0, 1, 1, 1 / 6)),
        (10, (1 / log2(11), 0, 1, 1, 1 / 10)),
        (11, (0, 0, 0, 1, 0)),
        (50, (0, 0, 0, 1, 0)),
        (51, (0, 0, 0, 0, 0)),
    ],
)
def test_metrics_are_cut_at_their_depth(rank: int, expected: tuple[float, ...]) -> None:
    """Recall looks at as many as it says, the others at ten."""
    assert tuple(_metrics([f"c{place}" for place in range(1, 60)], [f"c{rank}"]).values()) == pytest.approx(expected)


def test_metrics_are_means_over_questions() -> None:
    """One question answered at rank 1, one at rank 2: (1 + 1/2) / 2."""
    found = _means({"p": "ab", "q": "ab"}, {"p": "a", "q": "b"})
    assert (found["recall@5"], found["mrr@10"]) == pytest.approx((1, (1 + 1 / 2) / 2))
    assert found["ndcg@10"] == pytest.approx((1 + 1 / log2(3)) / 2)


def test_question_without_hits_counts_as_0() -> None:
    """A question for which nothing was found is in the mean all the same."""
    assert set(_means({"p": "a", "q": ""}, {"p": "a", "q": "b"}).values()) == {0.5}


@given(st.lists(chunk_ids, unique=True, min_size=1, max_size=12), st.frozensets(chunk_ids, min_size=1, max_size=4))
def test_metrics_equal_their_formulas(ranking: list[str], relevant: frozenset[str]) -> None:
    """For any ranking, computed here from the definitions."""
    gains = [chunk in relevant for chunk in ranking[:10]]
    ideal = sum(1 / log2(place + 1) for place in range(1, min(len(relevant), 10) + 1))
    expected = {
        "ndcg@10": sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1)) / ideal,
        **{f"recall@{depth}": len(relevant & set(ranking[:depth])) / len(relevant) for depth in (5, 10, 50)},
        "mrr@10": next((1 / place for place, gain in enumerate(gains, 1) if gain), 0.0),
    }
    assert _metrics(ranking, sorted(relevant)) == pytest.approx(expected)


def test_spans_of_the_hand() -> None:
    """Of 30 characters that answer, 20 were retrieved among 50: 20/30, 20/50, and 20 of the 60 that are in either."""
    found = [("x", 0, 30), ("y", 0, 20)]
    assert span_metrics(found, [("x", 10, 40)]) == pytest.approx((20 / 30, 20 / 50, 20 / 60))


def test_what_is_retrieved_twice_costs_twice() -> None:
    """The same ten characters in two overlapping chunks: all found, half of what was read was of use."""
    assert span_metrics([("x", 0, 10), ("x", 0, 10)], [("x", 0, 10)]) == pytest.approx((1, 1 / 2, 1 / 2))


@given(st.lists(spans, max_size=5), st.lists(spans, min_size=1, max_size=5))
def test_span_metrics_equal_counting_characters(
    found: list[tuple[str, int, int]], references: list[tuple[str, int, int]]
) -> None:
    """For any spans, by sets of single characters."""
    wanted = {(document, place) for document, start, end in references for place in range(start, end)}
    read = [(document, place) for document, start, end in found for place in range(start, end)]
    held = len(wanted & set(read))
    expected = (held / len(wanted), held / len(read) if read else 0, held / (len(read) + len(wanted) - held))
    assert span_metrics(found, references) == pytest.approx(expected)


def test_difference_of_one_score_and_itself_is_nothing() -> None:
    """No difference, and no doubt about it."""
    difference = mean_difference([0.1, 0.9, 0.5], [0.1, 0.9, 0.5])
    assert (difference.mean, difference.low, difference.high) == (0, 0, 0)


def test_interval_of_a_difference_is_that_of_its_binomial() -> None:
    """Better by 1 in 60 of 100 questions: .60, and 2.5 % and 97.5 % of the binomial of 100 draws, .50 and .69."""
    difference = mean_difference([1.0] * 60 + [0.0] * 40, [0.0] * 100)
    assert difference.mean == pytest.approx(0.6)
    assert (difference.low, difference.high) == pytest.approx((0.50, 0.69), abs=0.011)


def test_interval_is_of_pairs() -> None:
    """Scores that vary greatly from question to question, one always .1 above: no doubt that it is ahead."""
    scores = [place / 10 for place in range(10)]
    difference = mean_difference([score + 0.1 for score in scores], scores)
    assert (difference.low, difference.high) == pytest.approx((0.1, 0.1))
