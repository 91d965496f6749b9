"""Vectors become points. The target: the question in the middle, every candidate at radius exactly 1 - cosine."""

from dataclasses import dataclass
from math import pi
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rag.library import Library
from rag.types import Retrieval, Vector, Vectors


@dataclass(frozen=True, slots=True)
class TargetPoint:
    """A candidate on the target. `radius` is 1 - cosine; `angle` in radians, 0 to 2π: near in angle means alike."""

    chunk_id: str
    document_id: str
    label: str
    radius: float
    angle: float
    rank: int  # in the final ranking
    role: Literal["context", "candidate"]


@dataclass(frozen=True, slots=True)
class TargetMap:
    """The candidates of one question around it, best first."""

    points: tuple[TargetPoint, ...]


def target_map(library: Library, retrieval: Retrieval) -> TargetMap:
    """The target of a question: one point for each candidate that has a cosine, in the final order."""
    hits = [hit for hit in retrieval.final if retrieval.ladders[hit.chunk.id].passages]
    if not hits:
        return TargetMap(())
    angles = angles_around(retrieval.query_vector, _best_vectors(library, retrieval, [hit.chunk.id for hit in hits]))
    in_context = {hit.chunk.id for hit in retrieval.context}
    return TargetMap(
        tuple(
            TargetPoint(
                chunk_id=hit.chunk.id,
                document_id=hit.chunk.document_id,
                label=_label(retrieval.documents[hit.chunk.document_id].name, hit.chunk.page),
                radius=1.0 - retrieval.ladders[hit.chunk.id].passages[0].cosine,
                angle=float(angle),
                rank=hit.rank,
                role="context" if hit.chunk.id in in_context else "candidate",
            )
            for hit, angle in zip(hits, angles, strict=True)
        )
    )


def angles_around(query_vector: Vector, vectors: Vectors) -> NDArray[np.float64]:
    """An angle in 0..2π for each row of `vectors` (n, dimension), such that rows alike get angles alike.

    What the radius already says, the component along the query, is taken out; the rest is laid out by the angle in
    its first two principal components. The angles are then eased half-way to even spacing, in the same order.
    """
    rest = vectors.astype(np.float64) - np.outer(vectors @ query_vector, query_vector)
    rest -= rest.mean(axis=0)
    # The first two left singular vectors, from the products of the rows with each other: the same to 8 digits as from
    # a decomposition of `rest`, at a fraction of its cost, as there are fewer rows than dimensions.
    squares, left = np.linalg.eigh(rest @ rest.T)  # smallest first
    plane = np.zeros((len(rest), 2))
    kept = min(2, left.shape[1])
    plane[:, :kept] = left[:, ::-1][:, :kept] * np.sqrt(np.maximum(squares[::-1][:kept], 0.0))
    largest = np.abs(plane).argmax(axis=0)
    plane *= np.where(plane[largest, [0, 1]] < 0, -1, 1)  # the sign of a component is arbitrary: fix it
    raw = np.mod(np.arctan2(plane[:, 1], plane[:, 0]), 2 * pi)
    even = 2 * pi * raw.argsort(kind="stable").argsort(kind="stable") / len(raw)
    middle: NDArray[np.float64] = (raw + even) / 2
    return middle


def _best_vectors(library: Library, retrieval: Retrieval, chunk_ids: list[str]) -> Vectors:
    best = [retrieval.ladders[key].passages[0].passage.id for key in chunk_ids]
    vectors = library.catalogue.vectors(best)
    return np.stack([vectors[passage_id] for passage_id in best])


def _label(name: str, page: int | None) -> str:
    return f"{name}, page {page}" if page is not None else name
