"""Nothing twice: repetitions are folded, and only those; marginal relevance by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.diversity import fold_repeated, maximal_marginal_relevance
from tests.rag.builders import make_chunk, make_hit, make_hits

texts = st.lists(st.text(st.sampled_from("ab .,\n#"), max_size=8), max_size=6)


def _folded(*given: str) -> list[list[int]]:
    """The ranks of the hits, folded."""
    return [[hit.rank for hit in group] for group in fold_repeated(make_hits(*given)).values()]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Fees are refundable.", "Fees are refundable."),
        ("# Fees\n\nFees are refundable.", "fees  are\nREFUNDABLE"),
        ("**Fees** are - refundable!", "Fees are refundable"),
    ],
    ids=["equal", "inside", "other markup"],
)
def test_repetition_is_folded(first: str, second: str) -> None:
    """What adds no word to a better hit goes with it."""
    assert _folded(first, "Something else.", second) == [[1, 3], [2]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Fees are refundable.", "Fees are not refundable."),
        ("You have 30 days.", "You have 14 days."),
        ("The art is old.", "Old is the art."),
        ("A cartoon.", "A car"),
        ("Fees are.", "Fees are refundable."),
    ],
    ids=["negated", "another number", "another order", "part of a word", "longer"],
)
def test_what_says_something_else_stays(first: str, second: str) -> None:
    """One word, one number, the order or more of it: all of that may matter."""
    assert _folded(first, second) == [[1], [2]]


@given(texts)
def test_no_hit_is_lost(given_texts: list[str]) -> None:
    """Every hit is in one group, groups and their hits are in the order of the ranks."""
    groups = _folded(*given_texts)
    assert sorted(rank for group in groups for rank in group) == list(range(1, len(given_texts) + 1))
    assert all(group == sorted(group) for group in groups)
    assert [group[0] for group in groups] == sorted(group[0] for group in groups)


def _unit(angle: float) -> np.ndarray:
    return np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))], dtype=np.float32)


def test_marginal_relevance_by_hand() -> None:
    """Scores .9, .8, .1 become 1, .875, 0. After the first (cosines 1 and 0), at d = .5: .4375 - .5 < 0 - 0."""
    hits = [
        make_hit(make_chunk("x", document_id=f"d{rank}"), rank=rank, score=score)
        for rank, score in enumerate([0.9, 0.8, 0.1], start=1)
    ]
    vectors = {hit.chunk.id: _unit(angle) for hit, angle in zip(hits, [0, 0, 90], strict=True)}
    ranks = {
        diversity: [h.rank for h in maximal_marginal_relevance(hits, vectors, diversity=diversity, limit=3)]
        for diversity in (0.0, 0.3, 0.5)
    }
    assert ranks == {0.0: [1, 2, 3], 0.3: [1, 2, 3], 0.5: [1, 3, 2]}  # at .3: .6125 - .3 > 0


@given(st.integers(0, 8), st.integers(0, 8), st.floats(0, 1))
def test_marginal_relevance_takes_each_once(count: int, limit: int, diversity: float) -> None:
    """Never more than asked for, none twice, and the best first."""
    hits = make_hits(*("text " * count).split())
    vectors = {hit.chunk.id: _unit(37 * hit.rank) for hit in hits}
    taken = [hit.rank for hit in maximal_marginal_relevance(hits, vectors, diversity=diversity, limit=limit)]
    assert len(taken) == len(set(taken)) == min(limit, count)
    if taken and diversity < 1:
        assert taken[0] == 1
    if diversity == 0:
        assert taken == sorted(taken)
