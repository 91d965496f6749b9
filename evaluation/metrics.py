"""How good a ranking is. Home of ir_measures."""

from collections.abc import Mapping, Sequence

import ir_measures
from ir_measures import RR, R, nDCG

_MEASURES = {"recall@5": R @ 5, "mrr@10": RR @ 10, "ndcg@10": nDCG @ 10}


def mean_metrics(rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """recall@5, mrr@10 and ndcg@10, each 0 to 1, averaged over the questions of `relevant`.

    `rankings`: question id -> chunk ids, best first; `relevant`: question id -> the ids that answer it.
    """
    run = {
        question: {chunk_id: 1.0 / rank for rank, chunk_id in enumerate(ranking, 1)}
        for question, ranking in rankings.items()
    }
    judged = {question: dict.fromkeys(ids, 1) for question, ids in relevant.items()}
    found = ir_measures.calc_aggregate(_MEASURES.values(), judged, run)
    return {name: float(found[measure]) for name, measure in _MEASURES.items()}
