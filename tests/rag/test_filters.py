"""A filter keeps out what it should, and costs no recall: checked against brute force, on both ways to search."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag import retrieval as retrieval_module
from rag.filters import EVERYTHING, DocumentFilter
from rag.library import Library
from rag.pipeline import retrieve
from rag.retrieval import chunk_id_of, find_by_meaning, find_by_words
from rag.settings import Settings
from rag.types import Source
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import paragraphs

TODAY = datetime.now(UTC).date()


@pytest.fixture(name="library", scope="module")
def _library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A hundred chunks about the word that is asked for in one document, few in three others of two types."""
    settings = Settings(data_dir=Path(tmp_path_factory.mktemp("filtered")), chunk_tokens=16, passage_tokens=16)
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("many.md", paragraphs("lighthouse", 100))
        library.add("few.md", paragraphs("lighthouse", 4) + b"\n\nThe cellar of the lighthouse is dry.\n")
        library.add("plain.txt", b"A lighthouse without a keeper stands at the cape.\n")
        library.add("other.txt", b"Nothing about towers here, but a good soup.\n")
        yield library


def _id(library: Library, name: str) -> str:
    return next(record.id for record in library.documents() if record.name == name)


def _names(library: Library, within: DocumentFilter, source: Source = Source.FUSED) -> set[str]:
    retrieval = retrieve(library, "the lighthouse of harbour 7", library.settings, within=within)
    assert retrieval.within == within
    return {retrieval.documents[hit.chunk.document_id].name for hit in retrieval.rankings[source]}


def _nearest(library: Library, question: str, document_ids: set[str], limit: int) -> list[str]:
    vector = library.embedder.embed_query(question)
    best: dict[str, float] = {}
    for ids, vectors in library.catalogue.all_passages(1000):
        for passage_id, cosine in zip(ids, vectors @ vector, strict=True):
            chunk_id = chunk_id_of(passage_id)
            if chunk_id.partition(":")[0] in document_ids:
                best[chunk_id] = max(best.get(chunk_id, -1.0), float(cosine))
    return [f"{best[key]:.5f}" for key in sorted(best, key=lambda key: -best[key])[:limit]]


@pytest.mark.parametrize("few", [20_000, 0], ids=["looking at each", "asking the vector store for more"])
@pytest.mark.parametrize("names", [("few.md",), ("plain.txt", "other.txt"), ("many.md", "few.md")])
def test_filter_costs_no_recall(
    library: Library, names: tuple[str, ...], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest chunks of the documents that are left are found, though nearer ones elsewhere outnumber them."""
    monkeypatch.setattr(retrieval_module, "_FEW_PASSAGES", few)
    monkeypatch.setattr(retrieval_module, "_FEW_SHARE", 0.0)
    wanted = {_id(library, name) for name in names}
    question = "the lighthouse of harbour 7"
    vector = library.embedder.embed_query(question)
    within = library.catalogue.matching(DocumentFilter(documents=frozenset(wanted)))
    found = find_by_meaning(library.index, vector, 5, within=within)
    passages = library.catalogue.passages(found)
    cosines = [f"{max(float(each @ vector) for _, each in passages[key]):.5f}" for key in found]
    assert cosines == _nearest(library, question, wanted, 5)
    assert {key.partition(":")[0] for key in found} <= wanted


def test_words_are_found_only_within(library: Library) -> None:
    """The one chunk of a document is the best of what is left, though a hundred others score higher."""
    assert library.catalogue.chunks([find_by_words(library.index, "lighthouse harbour", 1)[0][0]])
    plain = _id(library, "plain.txt")
    found = find_by_words(library.index, "lighthouse harbour", 5, within=[plain])
    assert [key.partition(":")[0] for key, _ in found] == [plain]
    everywhere = dict(find_by_words(library.index, "lighthouse harbour", 1000))
    assert found[0][1] == pytest.approx(everywhere[found[0][0]])


@pytest.mark.parametrize("source", [Source.DENSE, Source.FUSED])
def test_by_document_type_and_day(library: Library, source: Source) -> None:
    """Each condition alone, and both together; every ranking keeps to them."""
    plain = DocumentFilter(media_types=frozenset({"text/plain"}))
    assert _names(library, plain, source) == {"plain.txt", "other.txt"}
    one = DocumentFilter(documents=frozenset({_id(library, "few.md")}))
    assert _names(library, one, source) == {"few.md"}
    both = DocumentFilter(documents=one.documents, media_types=plain.media_types)
    assert _names(library, both, source) == set()
    assert _names(library, EVERYTHING, source) >= {"many.md", "few.md"}


def test_days_count_whole(library: Library) -> None:
    """What was added today is in a range that begins or ends today, and in none that ends before or begins after."""
    everything = {record.id for record in library.documents()}
    day = timedelta(days=1)
    for within, expected in [
        (DocumentFilter(added_from=TODAY - day, added_until=TODAY + day), everything),
        (DocumentFilter(added_from=TODAY - day), everything),
        (DocumentFilter(added_until=TODAY + day), everything),
        (DocumentFilter(added_from=TODAY + 2 * day), set()),
        (DocumentFilter(added_until=TODAY - 2 * day), set()),
    ]:
        assert set(library.catalogue.matching(within)) == expected
    first = library.documents()[0]
    its_day = datetime.fromisoformat(first.added_at).date()
    assert first.id in library.catalogue.matching(DocumentFilter(added_from=its_day, added_until=its_day))


def test_filter_that_nothing_passes(library: Library) -> None:
    """There is no context then, and no error."""
    within = DocumentFilter(documents=frozenset({"no such document"}))
    retrieval = retrieve(library, "lighthouse", library.settings, within=within)
    assert retrieval.context == ()
    assert not retrieval.ladders
