"""Chroma behind our words: similarities equal to numpy's, ids, deletion, and nothing but vectors."""

from collections.abc import Iterator
from pathlib import Path

import chromadb.errors
import numpy as np
import pytest

from rag.types import Vectors
from rag.vector_store import VectorStore


def _unit_vectors(count: int, dimension: int = 32) -> Vectors:
    vectors = np.random.default_rng(7).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _ids(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[VectorStore]:
    """An empty store."""
    opened = VectorStore(tmp_path)
    yield opened
    opened.close()


def test_search_equals_brute_force(store: VectorStore) -> None:
    """Over more vectors than a batch, the ranking and the cosines are numpy's."""
    vectors, queries = _unit_vectors(500), _unit_vectors(520)[500:]
    store.add(_ids(500), vectors)
    for query in queries:
        found = store.search(query, 10)
        cosines = vectors @ query
        nearest = np.argsort(-cosines)[:10]
        assert [key for key, _ in found] == [f"p{number}" for number in nearest]
        assert [cosine for _, cosine in found] == pytest.approx(list(cosines[nearest]), abs=1e-5)


def test_search_of_an_empty_store_is_empty(store: VectorStore) -> None:
    """Nothing there, nothing found."""
    assert (store.search(_unit_vectors(1)[0], 5), store.count()) == ([], 0)


def test_search_for_more_than_there_is(store: VectorStore) -> None:
    """All are found when more are asked for."""
    store.add(_ids(3), _unit_vectors(3))
    assert {key for key, _ in store.search(_unit_vectors(1)[0], 50)} == {"p0", "p1", "p2"}


def test_id_that_is_there_keeps_its_vector(store: VectorStore) -> None:
    """Adding again changes nothing, so that a repeated step is harmless."""
    one, other = _unit_vectors(2)
    store.add(["p"], one[None])
    store.add(["p"], other[None])
    assert store.count() == 1
    assert store.search(one, 1) == [("p", pytest.approx(1.0, abs=1e-5))]


def test_deleted_vectors_are_not_found(store: VectorStore) -> None:
    """They are gone from search and count; deleting what is not there is no fault."""
    vectors = _unit_vectors(300)
    store.add(_ids(300), vectors)
    store.delete(_ids(250))
    store.delete(["never there"])
    assert store.count() == 50
    assert {key for key, _ in store.search(vectors[0], 300)} == {f"p{number}" for number in range(250, 300)}


def test_vectors_are_kept_on_disk(tmp_path: Path) -> None:
    """The next one to open the folder finds the same."""
    vectors = _unit_vectors(5)
    store = VectorStore(tmp_path)
    store.add(_ids(5), vectors)
    found = store.search(vectors[2], 5)
    store.close()
    again = VectorStore(tmp_path)
    assert again.search(vectors[2], 5) == found
    again.close()


def test_store_has_no_embedding_function_and_no_texts(store: VectorStore) -> None:
    """Nothing that another program would run or read lies in the collection."""
    store.add(["p"], _unit_vectors(1))
    assert store._collection.configuration_json["embedding_function"] == {"type": "legacy"}  # none stored
    assert store._collection.get(include=["documents", "metadatas"])["documents"] == [None]


def test_folder_that_could_not_be_opened_can_be_later(tmp_path: Path) -> None:
    """Chroma remembers what it could not start; the next try begins afresh."""
    (tmp_path / "chroma.sqlite3").write_bytes(b"no database" * 500)
    with pytest.raises(chromadb.errors.InternalError, match="file is not a database"):
        VectorStore(tmp_path)
    (tmp_path / "chroma.sqlite3").unlink()
    opened = VectorStore(tmp_path)
    opened.add(["p"], _unit_vectors(1))
    assert opened.count() == 1
    opened.close()
