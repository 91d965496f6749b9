"""The ladder of one chunk: what the table and the bars say of each stage."""

from dataclasses import replace

import pytest

from rag.types import Ladder
from tests.rag.builders import make_hits, make_ladder
from ui.components.why import reranking_bar, score_table

LADDER = make_ladder(make_hits("One.")[0], cosine=0.5)
RERANKED = {"fused_share": 0.25, "rerank_share": 0.125, "reranked_score": 0.375, "reranked_rank": 4}


def rows(ladder: Ladder, reranker: str | None = None) -> list[str]:
    """The table without its head."""
    return score_table(ladder, reranker).splitlines()[2:]


def test_table_without_a_reranker_has_three_rows() -> None:
    """What no stage scored is said in words, and fusion is the last stage."""
    assert rows(LADDER) == [
        "| Meaning: cosine | 0.500 | 1 |",
        "| Words: BM25 | not scored | – |",
        "| **Fused** | **1.000** | **1** |",
    ]


@pytest.mark.parametrize(("score", "shown"), [(0.61234, "0.612"), (-11.25, "-11.2"), (0.00001234, "1.23e-05")])
def test_table_with_a_reranker_ends_with_its_stage(score: float, shown: str) -> None:
    """The model's own score on its own scale, then the sum with the new rank, which is now the bold one."""
    assert rows(replace(LADDER, rerank_score=score, **RERANKED), "late-interaction")[2:] == [
        "| Fused | 1.000 | 1 |",
        f"| Reranker: late\\-interaction | {shown} | – |",
        "| **Reranked** | **0.375** | **4** |",
    ]


def test_chunk_that_was_not_reranked_says_so() -> None:
    """Beyond the best, fusion stays the last stage; a name of a model is only shown, never drawn as a table."""
    assert rows(LADDER, "a|b")[2:] == ["| **Fused** | **1.000** | **1** |", "| Reranker: a\\|b | not scored | – |"]


def test_bar_ends_where_its_score_is() -> None:
    """The shares lie end to end and add up to the number beside the bar."""
    bar = reranking_bar(0.25, 0.125)
    assert [(segment.start, segment.end) for segment in bar.segments] == [(0, 0.25), (0.25, 0.375)]
    assert (bar.value, bar.note) == ("0.375", "0.250 from the fused score + 0.125 from the reranker")
