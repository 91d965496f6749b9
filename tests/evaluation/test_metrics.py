"""Metrics against hand arithmetic."""

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.metrics import mean_metrics

chunk_ids = st.sampled_from("abcdefghijkl")


def _metrics(ranking: str, relevant: str) -> dict[str, float]:
    """The metrics of one question whose chunks are letters."""
    return mean_metrics({"q": list(ranking)}, {"q": frozenset(relevant)})


def test_metrics_of_one_relevant_chunk() -> None:
    """Third of the ranking: found in 5, 1/3, and 1/log2(1 + 3) of an ideal 1."""
    assert _metrics("abcdef", "c") == pytest.approx({"recall@5": 1.0, "mrr@10": 1 / 3, "ndcg@10": 1 / log2(4)})


def test_metrics_of_several_relevant_chunks() -> None:
    """At ranks 2 and 6 of three: one of three in 5; nDCG is (1/log2 3 + 1/log2 7) over the ideal of ranks 1 to 3."""
    ideal = 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert _metrics("abcdefgh", "bfz") == pytest.approx(
        {"recall@5": 1 / 3, "mrr@10": 1 / 2, "ndcg@10": (1 / log2(3) + 1 / log2(7)) / ideal}
    )


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        (1, (1, 1, 1)),
        (5, (1, 1 / 5, 1 / log2(6))),
        (6, (0, 1 / 6, 1 / log2(7))),
        (10, (0, 1 / 10, 1 / log2(11))),
        (11, (0, 0, 0)),
    ],
)
def test_metrics_are_cut_at_their_depth(rank: int, expected: tuple[float, float, float]) -> None:
    """Recall looks at five chunks, the others at ten."""
    ranking = [f"c{place}" for place in range(1, 13)]
    found = mean_metrics({"q": ranking}, {"q": frozenset({f"c{rank}"})})
    assert tuple(found.values()) == pytest.approx(expected)


def test_metrics_are_means_over_questions() -> None:
    """One question answered at rank 1, one at rank 2: (1 + 1/2) / 2."""
    found = mean_metrics({"p": ["a", "b"], "q": ["a", "b"]}, {"p": frozenset("a"), "q": frozenset("b")})
    assert found == pytest.approx({"recall@5": 1.0, "mrr@10": (1 + 1 / 2) / 2, "ndcg@10": (1 + 1 / log2(3)) / 2})


def test_question_without_hits_counts_as_0() -> None:
    """A question for which nothing was found is in the mean all the same."""
    found = mean_metrics({"p": ["a"], "q": []}, {"p": frozenset("a"), "q": frozenset("b")})
    assert found == pytest.approx({"recall@5": 0.5, "mrr@10": 0.5, "ndcg@10": 0.5})


@given(st.lists(chunk_ids, unique=True, min_size=1, max_size=12), st.frozensets(chunk_ids, min_size=1, max_size=4))
def test_metrics_equal_their_formulas(ranking: list[str], relevant: frozenset[str]) -> None:
    """For any ranking, computed here from the definitions."""
    gains = [chunk in relevant for chunk in ranking[:10]]
    ideal = sum(1 / log2(place + 1) for place in range(1, min(len(relevant), 10) + 1))
    expected = {
        "recall@5": len(relevant & set(ranking[:5])) / len(relevant),
        "mrr@10": next((1 / place for place, gain in enumerate(gains, 1) if gain), 0.0),
        "ndcg@10": sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1)) / ideal,
    }
    assert mean_metrics({"q": ranking}, {"q": relevant}) == pytest.approx(expected)
