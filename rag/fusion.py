"""Two rankings become one. Every fused score is the sum of two shares, so that it can be explained."""

from collections.abc import Mapping
from dataclasses import dataclass

RRF_K = 60  # Cormack, Clarke & Büttcher 2009


@dataclass(frozen=True, slots=True)
class Fused:
    """What each source adds to a candidate's fused score."""

    dense_share: float
    keyword_share: float

    @property
    def score(self) -> float:
        """The fused score: the sum of the shares."""
        return self.dense_share + self.keyword_share


def min_max(scores: Mapping[str, float]) -> dict[str, float]:
    """The scores stretched to 0..1, lowest to highest; all 1 where they are equal.

    {"a": 2.0, "b": 6.0, "c": 3.0} -> {"a": 0.0, "b": 1.0, "c": 0.25}
    """
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - low) / (high - low) for key, score in scores.items()}


def convex_combination(
    dense: Mapping[str, float], keyword: Mapping[str, float], *, full_keyword_score: float, dense_weight: float
) -> dict[str, Fused]:
    """Shares of w · min_max(cosine) + (1 - w) · BM25 / full_keyword_score, after Bruch, Gai & Ingber 2023.

    A candidate that a source did not score gets nothing from it. BM25 is divided by what a chunk with every word of
    the query would score, not by the best score found: one chance word in common must not count as a full match.
    """
    normal_dense = min_max(dense)
    return {
        key: Fused(
            dense_share=dense_weight * normal_dense.get(key, 0.0),
            keyword_share=(1 - dense_weight) * keyword[key] / full_keyword_score if key in keyword else 0.0,
        )
        for key in dense.keys() | keyword.keys()
    }


def reciprocal_rank(dense_ranks: Mapping[str, int], keyword_ranks: Mapping[str, int]) -> dict[str, Fused]:
    """1 / (60 + rank) from each ranking a candidate is in, ranks from 1 (Cormack, Clarke & Büttcher 2009)."""
    return {
        key: Fused(
            dense_share=1 / (RRF_K + dense_ranks[key]) if key in dense_ranks else 0.0,
            keyword_share=1 / (RRF_K + keyword_ranks[key]) if key in keyword_ranks else 0.0,
        )
        for key in dense_ranks.keys() | keyword_ranks.keys()
    }
