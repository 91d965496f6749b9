"""The target: radius is 1 - cosine to the last bit, angle brings what is alike together."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.library import Library
from rag.pipeline import retrieve
from rag.projection import TargetMap, angles_around, target_map
from rag.settings import Settings
from rag.types import Retrieval, Source, Vectors

QUESTION = "How long may I wait before I return a damaged book?"


@pytest.fixture(scope="module")
def retrieval(sample_library: Library) -> Retrieval:
    """What the sample library finds for one question."""
    return retrieve(sample_library, QUESTION, Settings())


def _unit(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def _apart(one: float, other: float) -> float:
    return min(abs(one - other), 2 * pi - abs(one - other))


def test_radius_is_one_minus_cosine(sample_library: Library, retrieval: Retrieval) -> None:
    """For every candidate exactly, and the order of radii is that of cosines."""
    points = target_map(sample_library, retrieval).points
    assert len(points) == len(retrieval.ladders) > 100
    for point in points:
        assert point.radius == 1.0 - retrieval.ladders[point.chunk_id].cosine


def test_points_are_the_fused_ranking(sample_library: Library, retrieval: Retrieval) -> None:
    """Best first, with rank, document, label and whether the chunk is in the context."""
    points = target_map(sample_library, retrieval).points
    fused = retrieval.rankings[Source.FUSED]
    assert [(point.chunk_id, point.rank) for point in points] == [(hit.chunk.id, hit.rank) for hit in fused]
    assert [point.role for point in points[:6]] == ["context"] * 5 + ["candidate"]
    assert points[0].label == retrieval.documents[points[0].document_id].name == "returns_policy.md"


def test_points_are_the_last_ranking(sample_library: Library) -> None:
    """Where a reranker ran, its order is the one that is drawn."""
    retrieval = retrieve(sample_library, QUESTION, Settings(reranker="late-interaction", rerank_weight=1))
    points = target_map(sample_library, retrieval).points
    assert [(point.chunk_id, point.rank) for point in points] == [(hit.chunk.id, hit.rank) for hit in retrieval.final]
    assert [point.chunk_id for point in points] != [hit.chunk.id for hit in retrieval.rankings[Source.FUSED]]


def test_label_has_the_page(retrieval: Retrieval, sample_library: Library) -> None:
    """Where pages have numbers, the label says which."""
    [hit, *_] = retrieval.rankings[Source.FUSED]
    paged = replace(hit, chunk=replace(hit.chunk, page=7))
    points = target_map(sample_library, replace(retrieval, rankings={Source.FUSED: (paged,)})).points
    assert [point.label for point in points] == ["returns_policy.md, page 7"]


def test_target_is_the_same_every_time(sample_library: Library, retrieval: Retrieval) -> None:
    """The same candidates are drawn at the same points."""
    assert target_map(sample_library, retrieval) == target_map(sample_library, retrieval)


@pytest.mark.parametrize("documents", [0, 1, 2, 3])
def test_few_candidates(library: Library, documents: int) -> None:
    """None, one, two or three are drawn without a fault, each at an angle of its own."""
    for number in range(documents):
        library.add(f"{number}.txt", f"The harbour master counts {'boats ' * number}at pier {number}.".encode())
    points = target_map(library, retrieve(library, "boats in the harbour", library.settings)).points
    assert len(points) == len({point.angle for point in points}) == documents
    assert all(0 <= point.angle < 2 * pi for point in points)


def test_no_candidates_make_an_empty_map(library: Library) -> None:
    """An empty library has an empty target."""
    assert target_map(library, retrieve(library, "boats", library.settings)) == TargetMap(())


@given(st.integers(1, 40), st.integers(2, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_angles_are_in_range(count: int, dimension: int, seed: int, are_equal: bool) -> None:
    """For any vectors, even equal ones, angles lie in 0..2π and do not change from run to run."""
    random = np.random.default_rng(seed)
    vectors = _unit(
        np.repeat(random.normal(size=(1, dimension)), count, 0) if are_equal else random.normal(size=(count, dimension))
    )
    query = _unit(random.normal(size=dimension))
    angles = angles_around(query, vectors)
    assert angles.shape == (count,)
    assert ((angles >= 0) & (angles < 2 * pi)).all()
    assert (angles == angles_around(query, vectors)).all()
    assert len(set(angles)) == count


def test_angles_are_those_of_the_singular_vectors(sample_library: Library, retrieval: Retrieval) -> None:
    """The plane is that of the first two singular vectors, as the textbook computes them."""
    ids = [hit.chunk.id for hit in retrieval.rankings[Source.FUSED]]
    best = [retrieval.ladders[key].passages[0].passage.id for key in ids]
    found = sample_library.catalogue.vectors(best)
    vectors = np.stack([found[key] for key in best])
    query = retrieval.query_vector
    rest = vectors.astype(np.float64) - np.outer(vectors @ query, query)
    rest -= rest.mean(axis=0)
    left, scale, _ = np.linalg.svd(rest, full_matrices=False)
    plane = left[:, :2] * scale[:2]
    plane *= np.sign(plane[np.abs(plane).argmax(axis=0), [0, 1]])
    raw = np.mod(np.arctan2(plane[:, 1], plane[:, 0]), 2 * pi)
    even = 2 * pi * raw.argsort(kind="stable").argsort(kind="stable") / len(raw)
    assert angles_around(query, vectors) == pytest.approx((raw + even) / 2, abs=1e-6)


def test_angle_of_four_directions() -> None:
    """Around a query on the third axis, vectors on four sides of a square stand a quarter turn apart."""
    query = np.array([0, 0, 1], dtype=np.float32)
    vectors = _unit(np.array([[2, 0, 1], [0, 1, 1], [-2, 0, 1], [0, -1, 1]]))
    angles = angles_around(query, vectors)
    assert [_apart(angles[n], angles[(n + 1) % 4]) for n in range(4)] == pytest.approx([pi / 2] * 4)


def test_alike_chunks_are_near_in_angle(sample_library: Library, retrieval: Retrieval) -> None:
    """The twentieth of all pairs that is most alike is nearer in angle, on average, than pairs in general."""
    points = target_map(sample_library, retrieval).points
    passages = sample_library.catalogue.passages([point.chunk_id for point in points])
    best = {key: retrieval.ladders[key].passages[0].passage for key in passages}
    vectors = np.stack([next(v for p, v in passages[point.chunk_id] if p == best[point.chunk_id]) for point in points])
    first, second = np.triu_indices(len(points), 1)
    cosines = (vectors @ vectors.T)[first, second]
    apart = np.array([_apart(points[i].angle, points[j].angle) for i, j in zip(first, second, strict=True)])
    alike = np.argsort(-cosines)[: len(cosines) // 20]
    assert apart[alike].mean() < 0.75 * apart.mean()
