"""Exact search gives what numpy gives over all vectors at once, and Chroma's answers while there is no Chroma."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import exact_search as exact_search_module
from rag.exact_search import exact_search
from rag.library import Library
from rag.types import Vectors
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, paragraphs


class _Catalogue:
    """Vectors in batches of seven."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def all_passages(self, batch_size: int, *, documents: None = None) -> object:
        """Ids p000, p001, ... with their vectors."""
        for start in range(0, len(self._vectors), 7):
            rows = self._vectors[start : start + 7]
            yield [f"p{start + row:03}" for row in range(len(rows))], rows


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 40), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_equals_brute_force(count: int, limit: int, seed: int) -> None:
    """For any number of vectors and any limit, the ids and cosines are those of one sorted product."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(count, 8)).astype(np.float32)
    query = generator.normal(size=8).astype(np.float32)
    cosines = vectors @ query
    expected = [(f"p{row:03}", pytest.approx(float(cosines[row]), abs=1e-5)) for row in np.argsort(-cosines)[:limit]]
    assert exact_search(_Catalogue(vectors), query, limit) == expected


def test_equal_vectors_are_in_the_order_of_their_ids() -> None:
    """Ties are broken the same way in every run, across batches."""
    vectors = np.ones((20, 4), dtype=np.float32) / 2
    assert [key for key, _ in exact_search(_Catalogue(vectors), vectors[0], 9)] == [f"p{row:03}" for row in range(9)]


def test_gives_what_the_vector_store_gives(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over a real library, in batches smaller than it, ids and cosines are Chroma's."""
    monkeypatch.setattr(exact_search_module, "_BATCH", 11)
    for name, content in {"a.md": RETURNS, "b.txt": SHIPPING, "c.txt": paragraphs("tide", 60)}.items():
        library.add(name, content)
    for question in ("return a printed book", "parcels leave", "the tide of harbour 31"):
        query = FakeEmbedder().embed_query(question)
        by_store = dict(library.index.nearest_passages(query, 200))
        assert dict(exact_search(library.catalogue, query, 200)) == pytest.approx(by_store, abs=1e-5)


def test_staged_and_removed_documents_are_not_found(library: Library) -> None:
    """It sees what readers see."""
    document_id = library.add("a.md", RETURNS).document_id
    library.catalogue.retire(document_id)
    assert exact_search(library.catalogue, FakeEmbedder().embed_query("receipt"), 5) == []
