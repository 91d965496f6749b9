"""The nearest passages by looking at all of them: the truth, and what answers while the vector store cannot."""

from collections.abc import Collection

import numpy as np

from rag.catalogue import Catalogue
from rag.types import Vector

_BATCH = 10_000


def exact_search(
    catalogue: Catalogue, query_vector: Vector, limit: int, *, documents: Collection[str] | None = None
) -> list[tuple[str, float]]:
    """The `limit` nearest active passages, of `documents` only if given, as (id, cosine), nearest first.

    Time grows with how many are looked at.
    """
    best: list[tuple[str, float]] = []
    for ids, vectors in catalogue.all_passages(_BATCH, documents=documents):
        cosines = vectors @ query_vector
        top = np.argsort(-cosines, kind="stable")[:limit]
        best.extend((ids[row], float(cosines[row])) for row in top)
        best = sorted(best, key=lambda hit: (-hit[1], hit[0]))[:limit]
    return best
