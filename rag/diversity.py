"""The best hits without saying the same thing twice."""

from collections.abc import Mapping, Sequence

import numpy as np

from rag.fusion import min_max
from rag.types import Hit, Vector
from rag.word_segmentation import words


def fold_repeated(hits: Sequence[Hit]) -> dict[str, list[Hit]]:
    """Chunk id of each hit that says something new -> it, then the hits that say nothing beyond it, best first.

    A hit is folded into a better one that holds all its words in the same order; case, punctuation and markup do not
    count. A single other word does: "not refundable" is no repetition of "refundable".
    """
    kept: dict[str, list[Hit]] = {}
    said: dict[str, str] = {}
    for hit in hits:
        text = _words(hit.chunk.text)
        into = next((key for key, longer in said.items() if text in longer), None)
        if into is None:
            kept[hit.chunk.id] = [hit]
            said[hit.chunk.id] = text
        else:
            kept[into].append(hit)
    return kept


def maximal_marginal_relevance(
    hits: Sequence[Hit], vectors: Mapping[str, Vector], *, diversity: float, limit: int
) -> list[Hit]:
    """`limit` hits, each the best of those left by (1 - d) · min_max(score) - d · largest cosine with one taken.

    d is `diversity`, 0 to 1; 0 leaves the order as it is (Carbonell & Goldstein 1998). `vectors`, by chunk id, are of
    length 1.
    """
    scores = min_max({hit.chunk.id: hit.score for hit in hits})
    left = list(hits)
    taken: list[Hit] = []
    nearest = dict.fromkeys(scores, 0.0)  # cosine with the nearest one taken
    while left and len(taken) < limit:
        values = [(1 - diversity) * scores[hit.chunk.id] - diversity * nearest[hit.chunk.id] for hit in left]
        best = left.pop(int(np.argmax(values)))
        taken.append(best)
        for hit in left:
            cosine = float(vectors[hit.chunk.id] @ vectors[best.chunk.id])
            nearest[hit.chunk.id] = cosine if len(taken) == 1 else max(nearest[hit.chunk.id], cosine)
    return taken


def mean_direction(vectors: Sequence[Vector]) -> Vector:
    """The mean of a chunk's passage vectors, scaled to length 1, (dimension,)."""
    total = np.stack(vectors).sum(axis=0)
    direction: Vector = total / np.linalg.norm(total)
    return direction


def _words(text: str) -> str:
    """The words of a text one after the other, each between line breaks, so that none is found inside another."""
    return "\n" + "".join(f"{word.form.casefold()}\n" for word in words(text))
