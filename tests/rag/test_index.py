"""An index answers whatever happens to what is derived from its catalogue, and gets it back in step by itself."""

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.doctor import check
from rag.embedding import Embedder
from rag.errors import StorageFailed
from rag.exact_search import exact_search
from rag.keyword_index import KeywordIndex
from rag.library import Library
from rag.settings import Settings
from rag.vector_store import BATCH, VectorStore
from tests.rag.conftest import SAMPLE_DOCS, SAMPLES
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, answers, assert_in_step, found, paragraphs

QUESTION = "May I return a printed book?"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small chunks: short documents have several."""
    return settings.model_copy(update={"chunk_tokens": 16, "passage_tokens": 16, "passage_overlap_sentences": 0})


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of two documents."""
    library.add("a.md", RETURNS)
    library.add("b.txt", SHIPPING)
    return library


def _fail(*_: object, **__: object) -> None:
    raise OSError("no space left")


def test_failing_search_is_answered_exactly(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vector store that raises is no longer asked; the answers are the same, and the next change rebuilds it."""
    before = answers(filled, QUESTION)
    monkeypatch.setattr(filled.index._vectors, "search", _fail)
    assert answers(filled, QUESTION) == before
    assert filled.index._vectors is None
    filled.add("c.txt", b"A third document.")
    assert_in_step(filled)


@pytest.mark.parametrize("broken", ["vectors", "keywords"])
def test_file_that_fails_in_one_structure_is_undone_in_all(
    filled: Library, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The report says why, the others are found as before, and the same file can be added once it works again."""
    before = answers(filled, QUESTION, "parcels leave")
    if broken == "vectors":
        monkeypatch.setattr(VectorStore, "add", _fail)
    else:
        monkeypatch.setattr("rag.keyword_index._add", _fail)
    report = filled.add("c.txt", b"A third document.")
    assert (report.status, "no space left" in report.message) == ("failed", True)
    assert answers(filled, QUESTION, "parcels leave") == before
    monkeypatch.undo()
    assert filled.add("c.txt", b"A third document.").status == "added"
    assert_in_step(filled)


def test_replacement_counts_when_what_it_replaced_cannot_be_deleted(
    filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new version is in; the rest of the old one, which nobody sees, goes at the next change."""
    monkeypatch.setattr(VectorStore, "delete", _fail)
    assert filled.add("a.md", b"Books cannot be returned.").status == "added"
    assert len(found(filled, "return book receipt")) == len(filled.documents()) == 2
    assert len(filled.catalogue.inactive_ids()) == 1
    monkeypatch.undo()
    assert filled.add("a.md", RETURNS).status == "added", "the removed version was taken for one that is there"
    assert_in_step(filled)


def test_removal_that_cannot_be_finished_says_so_and_hides(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is in no answer; asking again finishes it."""
    document_id = filled.catalogue.sources()["a.md"]
    monkeypatch.setattr(KeywordIndex, "delete", _fail_as_storage)
    with pytest.raises(StorageFailed, match="the disk is full"):
        filled.remove(document_id)
    assert document_id not in found(filled, "return printed book receipt")
    assert "a.md" not in filled.catalogue.sources()
    monkeypatch.undo()
    filled.remove(document_id)
    assert_in_step(filled)


def _fail_as_storage(*_: object) -> None:
    raise StorageFailed("the disk is full")


def test_index_that_cannot_be_mended_answers_all_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where neither structure can be rebuilt, the library opens, says so, and answers the same by slower searches."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        library.add("b.txt", SHIPPING)
        before = answers(library, QUESTION, "parcels leave", "receipt")
    for path in settings.data_dir.glob("index-1/*/"):
        shutil.rmtree(path)
    monkeypatch.setattr(VectorStore, "__init__", _fail)
    with Library.open(settings, FakeEmbedder()) as library:
        assert "something could not be mended" in library.index.repairs[-1]
        assert answers(library, QUESTION, "parcels leave", "receipt") == before
        assert library.add("c.txt", b"A third document.").status == "failed"
        assert answers(library, QUESTION, "parcels leave", "receipt") == before
        monkeypatch.undo()
        assert library.add("c.txt", b"A third document.").status == "added"
        assert_in_step(library)
        assert library.embedder.embedded == ["A third document."] * 2, "the others were embedded again"


def test_library_opens_where_no_word_can_be_indexed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no room even to read the model of languages, meaning alone answers; later changes make up for it."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        before = found(library, QUESTION)
    shutil.rmtree(settings.data_dir / "index-1" / "keywords")
    monkeypatch.setattr("rag.text_language._identifier", _fail)
    with Library.open(settings, FakeEmbedder()) as library:
        assert "something could not be mended" in library.index.repairs[-1]
        assert found(library, QUESTION) == before
        assert library.add("b.txt", SHIPPING).status == "failed"
        monkeypatch.undo()
        assert library.add("b.txt", SHIPPING).status == "added"
        assert_in_step(library)


def test_keyword_index_in_memory_gives_the_same(tmp_path: Path, filled: Library) -> None:
    """Scores, shares and counts are those of the one on disk, and changes are taken."""
    in_memory = KeywordIndex(None)
    in_memory.add(filled.catalogue.active_chunks())
    on_disk = filled.index.keywords
    question = "printed books in a warehouse"
    assert in_memory.search(question, 9) == on_disk.search(question, 9) != []
    assert (in_memory.count(), in_memory.full_score(question)) == (on_disk.count(), on_disk.full_score(question))
    in_memory.delete(filled.catalogue.sources()["a.md"])
    assert in_memory.search("book", 9) == []
    assert not in_memory.has_remains()


def test_failed_write_of_words_can_be_repeated(
    tmp_path: Path, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails lets go of the engine's lock, and what is searched stays as it was."""
    keywords = filled.index.keywords
    before = keywords.search("book", 9)
    with monkeypatch.context() as patched, pytest.raises(StorageFailed, match="no space left") as caught:
        patched.setattr("rag.keyword_index._add", _fail)
        keywords.add([])
    assert caught.value.__cause__ is not None
    assert keywords.search("book", 9) == before
    keywords.delete(filled.catalogue.sources()["a.md"])
    assert keywords.search("book", 9) == []


def test_deleted_vectors_are_compacted_away(filled: Library, settings: Settings) -> None:
    """Once more vectors were deleted than live, and more than a batch, the store is made anew in another folder."""
    rounds = 0
    while not filled.index._count("deleted_vectors") > BATCH:
        rounds += 1
        filled.add("c.txt", paragraphs(f"tide{rounds}", 60))
    filled.index.compact()
    assert filled.index._count("deleted_vectors") == 0
    assert [path.name for path in settings.data_dir.glob("index-1/vectors-*")] == ["vectors-2"]
    assert_in_step(filled)


def test_opening_again_mends_nothing(settings: Settings) -> None:
    """What opening writes to the files is remembered too, where few vectors are still in a log only, and where all."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
    for _ in range(3):
        with Library.open(settings, FakeEmbedder()) as library:
            assert library.index.repairs == []
            assert check(library) == []
            found(library, QUESTION)


def test_removing_the_last_document_leaves_no_vector(library: Library) -> None:
    """An empty library has a store that never held anything."""
    library.remove(library.add("a.md", RETURNS).document_id)
    assert library.index._count("deleted_vectors") == 0
    assert library.index._vectors.ids() == set()


def test_check_finds_what_is_out_of_step(filled: Library) -> None:
    """A vector too few or one too many is found by its id and mended; a second check finds nothing."""
    ids = sorted(filled.index._vectors.ids())
    vector = np.ones((1, 256), dtype=np.float32) / 16
    for changed in ("missing", "strange", "both"):
        if changed != "strange":
            filled.index._vectors.delete(ids[:1])
        if changed != "missing":
            filled.index._vectors.add(["strange"], vector)
        filled.index.repairs.clear()
        assert check(filled) == []
        assert filled.index.repairs == [f"the vector store was rebuilt: {len(ids)} vectors, none embedded again"]
        assert check(filled) == []
        assert len(filled.index.repairs) == 1
        assert_in_step(filled)


def test_passport_names_everything_that_makes_a_vector(filled: Library, settings: Settings) -> None:
    """Model, dimension, how texts are cut, by which versions of parser and chunker, and how vectors are compared."""
    assert filled.passport == {
        "embedding_model": "all-MiniLM-L6-v2",
        "model": "fake",
        "dimension": 256,
        "window": 512,
        "metric": "cosine",
        "chunk_tokens": 16,
        "chunk_overlap_tokens": 0,
        "passage_tokens": 16,
        "passage_overlap_sentences": 0,
        "chunker": filled.passport["chunker"],
        "parser": filled.passport["parser"],
    }
    assert filled.differences == {}


@pytest.mark.parametrize("version", ["PARSER_VERSION", "CHUNKER_VERSION"])
def test_newer_program_is_a_difference(settings: Settings, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """A parser or a chunker that works in another way is named; the library answers meanwhile."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        there = library.passport[version.partition("_")[0].lower()]
    monkeypatch.setattr(f"rag.passport.{version}", 99)
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.differences == {version.partition("_")[0].lower(): (there, 99)}
        assert len(found(library, "receipt")) == 1


def test_discarded_index_stays_until_its_readers_are_done(filled: Library, settings: Settings) -> None:
    """Whoever holds it reads on, also from a thread that had not read before; then its folder is gone."""
    folder = settings.data_dir / "index-1"
    reader = filled.index
    filled.rebuild()
    assert filled.index is not reader
    assert (len(reader.catalogue.records()), folder.exists()) == (2, True)
    assert reader.nearest_passages(FakeEmbedder().embed_query("receipt"), 1)
    del reader
    gc.collect()
    assert not folder.exists()


@pytest.fixture(scope="module")
def replaced(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The sample documents after each was replaced five times, its passages deleted and added anew."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("replaced"), chunk_tokens=80, passage_overlap_sentences=0)
    with Library.open(settings, embedder) as library:
        for number in range(6):
            for name in SAMPLES:
                text = (SAMPLE_DOCS / name).read_bytes() + f"\n\nEdition {number}.\n".encode()
                assert library.add(name, text).status == "added"
        yield library


def test_recall_after_five_rounds_of_replacing(replaced: Library, embedder: Embedder) -> None:
    """Of the ten nearest passages by exact search, the vector store finds at least 98 of 100, compacted or not."""
    passages = [vector for _, vectors in replaced.catalogue.all_passages(1000) for vector in vectors]
    queries = [embedder.embed_query(f"{word}?") for word in ("refund", "delivery abroad", "night shift", "sea novel")]
    queries += passages[:: max(1, len(passages) // 100)]
    for _ in range(2):
        shares = []
        for query in queries:
            exact = exact_search(replaced.catalogue, query, 10)
            near = [cosine for _, cosine in replaced.index.nearest_passages(query, 10)]
            shares.append(np.mean([cosine >= exact[-1][1] - 1e-5 for cosine in near]))
        assert len(near) == 10
        assert np.mean(shares) >= 0.98
        replaced.index.compact()
    assert_in_step(replaced)
