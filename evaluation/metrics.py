"""How good a ranking is. Home of ir_measures."""

from collections.abc import Iterable, Mapping, Sequence

import ir_measures
from ir_measures import RR, R, nDCG

_MEASURES = {
    "ndcg@10": nDCG @ 10,
    "recall@5": R @ 5,
    "recall@10": R @ 10,
    "recall@50": R @ 50,
    "mrr@10": RR @ 10,
}
Metrics = dict[str, float]  # measure -> value, 0 to 1, higher is better
Span = tuple[str, int, int]  # document, start, end


def ranking_metrics(
    rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]
) -> dict[str, Metrics]:
    """ndcg@10, recall@5, recall@10, recall@50 and mrr@10 of each question of `grades`.

    `rankings`: question id -> ids, best first; `grades`: question id -> how well an id answers it, from 1 up. A
    question for which nothing was found has 0 everywhere.
    """
    run = {question: {key: 1.0 / rank for rank, key in enumerate(ranking, 1)} for question, ranking in rankings.items()}
    metrics = {question: dict.fromkeys(_MEASURES, 0.0) for question in grades}
    names = {measure: name for name, measure in _MEASURES.items()}
    for found in ir_measures.iter_calc(_MEASURES.values(), {key: dict(value) for key, value in grades.items()}, run):
        metrics[found.query_id][names[found.measure]] = float(found.value)
    return metrics


def means(metrics: Iterable[Metrics]) -> Metrics:
    """The mean of each measure over the questions."""
    listed = list(metrics)
    return {name: sum(each[name] for each in listed) / len(listed) for name in listed[0]} if listed else {}


def span_metrics(found: Iterable[Span], references: Iterable[Span]) -> tuple[float, float, float]:
    """Recall, precision and IoU by characters, as the public chunking evaluation has them (Smith & Troynikov 2024).

    `found` are the retrieved spans and `references` those that answer. A character that was retrieved twice counts
    twice against precision and IoU, and once for them.
    """
    found, wanted = list(found), _union(references)
    held, retrieved, total = _shared_length(_union(found), wanted), _length(found), _length(wanted)
    outside = retrieved + total - held  # what was retrieved, and what was missed
    return (
        held / total if total else 0.0,
        held / retrieved if retrieved else 0.0,
        held / outside if outside else 0.0,
    )


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for _, start, end in spans)


def _union(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for document, start, end in sorted(spans):
        if merged and merged[-1][0] == document and start <= merged[-1][2]:
            merged[-1] = document, merged[-1][1], max(end, merged[-1][2])
        else:
            merged.append((document, start, end))
    return merged


def _shared_length(left: Iterable[Span], right: Sequence[Span]) -> int:
    return sum(max(0, min(a[2], b[2]) - max(a[1], b[1])) for a in left for b in right if a[0] == b[0])
