"""Queries that were asked before are not embedded again, and nothing else changes."""

# ruff: noqa: D102 (the protocols say what their methods do)

import threading

import numpy as np
import pytest

from rag.embedding import Embedder, load_embedder
from rag.embedding.cached_embedder import CachedEmbedder, query_key
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Vector
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS


class Shelf:
    """Vectors kept in a dict. `asked` lists the keys that were looked for."""

    def __init__(self) -> None:
        self.kept: dict[str, Vector] = {}
        self.asked: list[str] = []

    def get(self, key: str, dimension: int) -> Vector | None:
        self.asked.append(key)
        return self.kept.get(key)

    def put(self, key: str, vector: Vector) -> None:
        self.kept[key] = vector


class Counting(FakeEmbedder):
    """Counts its queries."""

    queries = 0

    def embed_query(self, query: str) -> Vector:
        self.queries += 1
        return super().embed_query(query)


def test_question_asked_again_is_not_embedded() -> None:
    """The second time the same vector is given, bit for bit."""
    inner = Counting()
    cached = CachedEmbedder(inner)
    first, second = cached.embed_query("a harbour"), cached.embed_query("a harbour")
    assert (first == second).all()
    assert (first == inner.embed_query("a harbour")).all()
    assert inner.queries == 2  # one by the cache, one by the line above


def test_query_asked_longest_ago_is_forgotten() -> None:
    """No more are remembered than asked for; what was asked again stays."""
    inner = Counting()
    cached = CachedEmbedder(inner, remembered=2)
    for query in ("one", "two", "one", "three"):
        cached.embed_query(query)
    assert inner.queries == 3
    cached.embed_query("one")
    assert inner.queries == 3
    cached.embed_query("two")
    assert inner.queries == 4


def test_remembered_vector_cannot_be_changed() -> None:
    """Who holds a vector cannot spoil it for others."""
    cached = CachedEmbedder(FakeEmbedder())
    with pytest.raises(ValueError, match="read-only"):
        cached.embed_query("a harbour")[0] = 1.0


def test_everything_else_is_the_embedder_s(embedder: Embedder) -> None:
    """Passport, window, tokens and passages are those of the model."""
    inner = FakeEmbedder()
    cached = CachedEmbedder(inner)
    assert (cached.passport, cached.max_tokens) == (inner.passport, inner.max_tokens)
    assert cached.token_spans("a b") == inner.token_spans("a b")
    assert cached.count_tokens("a b") == inner.count_tokens("a b")
    assert (cached.embed_passages(["a", "b"]) == inner.embed_passages(["a", "b"])).all()
    assert (cached.token_vectors("a").vectors == inner.token_vectors("a").vectors).all()
    assert isinstance(embedder, CachedEmbedder)


def test_vectors_are_shared_between_processes() -> None:
    """What one embedder put on the shelf, another with the same passport takes from it."""
    shelf, inner = Shelf(), Counting()
    vector = CachedEmbedder(FakeEmbedder(), shelf).embed_query("a harbour")
    assert (CachedEmbedder(inner, shelf).embed_query("a harbour") == vector).all()
    assert inner.queries == 0


def test_shelf_is_asked_once() -> None:
    """What memory knows is not looked for elsewhere."""
    shelf = Shelf()
    cached = CachedEmbedder(FakeEmbedder(), shelf)
    for _ in range(3):
        cached.embed_query("a harbour")
    assert len(shelf.asked) == 1


def test_key_tells_models_and_queries_apart_and_no_words() -> None:
    """Another model or query, another key; the query cannot be read from it."""
    keys = {query_key(model, query) for model in ({"model": "a"}, {"model": "b"}) for query in ("harbour", "pier")}
    assert len(keys) == 4
    assert not [key for key in keys if "harbour" in key]
    assert query_key({"a": 1, "b": 2}, "x") == query_key({"b": 2, "a": 1}, "x")
    assert query_key({}, "\ud800")  # half a character, which has no UTF-8


def test_answers_are_the_same_from_the_cache(settings: Settings) -> None:
    """A question asked again has the trace it had the first time."""
    inner = Counting()
    with Library.open(settings, CachedEmbedder(inner)) as library:
        library.add("a.md", RETURNS)
        inner.queries = 0
        one, other = (retrieve(library, "May I return a book?", settings) for _ in range(2))
    assert (one.rankings, one.ladders) == (other.rankings, other.ladders)
    assert (one.query_vector == other.query_vector).all()
    assert inner.queries == 1


def test_many_threads_ask() -> None:
    """Threads that ask at once all get the right vectors, and the bound holds."""
    cached, inner = CachedEmbedder(FakeEmbedder(), remembered=5), FakeEmbedder()
    wrong: list[str] = []

    def ask(first: int) -> None:
        for number in range(200):
            query = f"query {(first + number) % 9}"
            if not np.array_equal(cached.embed_query(query), inner.embed_query(query)):
                wrong.append(query)

    threads = [threading.Thread(target=ask, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, len(cached._vectors)) == ([], 5)


def test_default_model_remembers_queries() -> None:
    """The embedder that the settings name has the cache."""
    assert isinstance(load_embedder(Settings()), CachedEmbedder)
