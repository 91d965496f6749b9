"""Passages from memory are those of the catalogue, and no more are kept than asked for."""

import numpy as np
import pytest

from rag.library import Library
from rag.passage_cache import PassageCache
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Source
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS


def _same(cache: PassageCache, library: Library, chunk_ids: list[str]) -> bool:
    there = library.catalogue.passages(chunk_ids)
    found = cache.of(chunk_ids)
    return list(found) == [key for key in chunk_ids if there[key]] and all(
        passages == [passage for passage, _ in there[key]]
        and np.array_equal(vectors, np.stack([vector for _, vector in there[key]]))
        for key, (passages, vectors) in found.items()
    )


@pytest.mark.parametrize("remembered", [0, 7, 100, 100_000])
def test_passages_are_those_of_the_catalogue(sample_library: Library, remembered: int) -> None:
    """Whether they come from memory, from the catalogue or partly from each; unknown chunks are left out."""
    cache = PassageCache(sample_library.catalogue.passage_table, remembered=remembered)
    ids = sample_library.catalogue.chunk_sample(60)
    random = np.random.default_rng(1)
    for _ in range(10):
        assert _same(cache, sample_library, [*random.permutation(ids)[:20].tolist(), "unknown"])
        assert cache._count == sum(len(passages) for passages, _ in cache._known.values()) <= remembered


def test_what_is_known_is_not_read_again(sample_library: Library) -> None:
    """Only what is missing is asked for."""
    one, other = sample_library.catalogue.chunk_sample(400)[:2]
    asked: list[list[str]] = []
    cache = PassageCache(lambda ids: asked.append(ids) or sample_library.catalogue.passage_table(ids))
    cache.of([one])
    asked.clear()
    assert list(cache.of([other, one])) == [other, one]
    assert asked == [[other]]


def test_removed_document_leaves_nothing_in_memory(library: Library) -> None:
    """Its vectors go with it; the same file again is found as before."""
    added = library.add("a.md", RETURNS)
    before = retrieve(library, "May I return a book?", library.settings)
    assert library.catalogue.passage_cache._known
    library.remove(added.document_id)
    assert not library.catalogue.passage_cache._known
    library.add("a.md", RETURNS)
    after = retrieve(library, "May I return a book?", library.settings)
    assert [hit.score for hit in after.rankings[Source.FUSED]] == [hit.score for hit in before.rankings[Source.FUSED]]


def test_other_settings_forget_other_passages(library: Library, settings: Settings) -> None:
    """An empty index that takes another model does not remember vectors of the one before."""
    library.add("a.md", RETURNS)
    retrieve(library, "May I return a book?", settings)
    library.index.adopt(settings, FakeEmbedder(64))
    assert not library.catalogue.passage_cache._known
