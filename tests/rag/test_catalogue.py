"""The catalogue gives back what was put in, once it is active, and only then."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingestion.types import Chunk, Document, Heading, Page, Passage
from rag.catalogue import Catalogue
from rag.errors import UnknownDocument
from rag.integrity import catalogue_faults
from rag.types import Vectors

TEXT = "# Büro 👩‍🚀\nFirst page.\n\n## Gifts\nSecond page."
PAGES = (Page(1, 0, 26), Page(2, 26, len(TEXT)))
HEADINGS = (Heading(1, "Büro 👩‍🚀", 0), Heading(2, "Gifts", 26))
DOCUMENT = Document("d1", "büro.md", "text/markdown", TEXT, PAGES, HEADINGS, "Büro", ("page 3 has no text",))
CHUNKS = [Chunk("d1", TEXT[:24], 0, 24, 1, "Büro", 9), Chunk("d1", TEXT[26:], 26, len(TEXT), 2, "Büro › Gifts", 8)]
PASSAGES = [Passage(chunk.id, chunk.start, chunk.end, chunk.token_count) for chunk in CHUNKS]
VECTORS = np.eye(2, 4, dtype=np.float32)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """An empty catalogue."""
    return Catalogue(tmp_path / "index.db")


def _stage(catalogue: Catalogue, document: Document = DOCUMENT, vectors: Vectors = VECTORS) -> None:
    chunks = [replace(chunk, document_id=document.id) for chunk in CHUNKS]
    passages = [Passage(chunk.id, chunk.start, chunk.end, chunk.token_count) for chunk in chunks]
    catalogue.stage(document, chunks, passages, vectors, size_bytes=70, unread_tokens=3)


def _add(catalogue: Catalogue, *ids: str) -> None:
    for document_id in ids:
        _stage(catalogue, replace(DOCUMENT, id=document_id))
        catalogue.activate(document_id, f"{document_id}.md")


def test_document_comes_back_as_it_was(catalogue: Catalogue) -> None:
    """Text, pages, headings and warnings, in any script."""
    _add(catalogue, "d1")
    assert catalogue.document("d1") == DOCUMENT


def test_chunks_and_passages_come_back_as_they_were(catalogue: Catalogue) -> None:
    """In reading order, with the very bits of their vectors."""
    _add(catalogue, "d1")
    assert catalogue.chunks_of("d1") == CHUNKS
    assert catalogue.chunks([CHUNKS[1].id, "unknown"]) == {CHUNKS[1].id: CHUNKS[1]}
    pairs = [pair for found in catalogue.passages([chunk.id for chunk in CHUNKS]).values() for pair in found]
    assert [passage for passage, _ in pairs] == PASSAGES
    assert np.array_equal(np.stack([vector for _, vector in pairs]), VECTORS)


def test_record_counts_the_parts(catalogue: Catalogue) -> None:
    """The row of a list says how much there is without the text."""
    _add(catalogue, "d1")
    record = catalogue.record("d1")
    assert (record.name, record.title, record.warnings) == ("büro.md", "Büro", ("page 3 has no text",))
    assert (record.pages, record.chunks, record.passages, record.tokens) == (2, 2, 2, 17)
    assert (record.size_bytes, record.unread_tokens) == (70, 3)
    assert catalogue.records() == catalogue.records_of(["d1", "unknown"]) == [record]


@pytest.mark.parametrize("removed", [False, True], ids=["staged", "removed"])
def test_inactive_document_is_invisible(catalogue: Catalogue, removed: bool) -> None:
    """Before it is activated and after it is retired, no reader sees any part of it."""
    _stage(catalogue)
    if removed:
        catalogue.activate("d1", "d1.md")
        catalogue.retire("d1")
    assert (catalogue.records(), catalogue.has("d1"), catalogue.counts()) == ([], False, (0, 0, 0))
    assert catalogue.chunks([chunk.id for chunk in CHUNKS]) == {}
    assert (list(catalogue.all_passages(10)), catalogue.chunk_sample(10)) == ([], [])
    assert catalogue.inactive_ids() == ["d1"]
    with pytest.raises(UnknownDocument, match="no document 'd1'"):
        catalogue.document("d1")


def test_forgotten_document_leaves_no_rows(catalogue: Catalogue) -> None:
    """Its chunks and passages go with it; another document's stay."""
    _add(catalogue, "d1", "d2")
    catalogue.forget("d1")
    assert catalogue.chunks_of("d1") == []
    assert catalogue.passages([CHUNKS[0].id]) == {CHUNKS[0].id: []}
    assert catalogue.counts() == (1, 2, 2)


def test_stage_is_all_or_nothing(catalogue: Catalogue) -> None:
    """A vector too few, found at the last step, leaves nothing behind."""
    with pytest.raises(ValueError, match="shorter"):
        _stage(catalogue, vectors=VECTORS[:1])
    assert (catalogue.inactive_ids(), catalogue.chunks_of("d1")) == ([], [])


@pytest.mark.parametrize("call", ["activate", "retire", "record", "document"])
def test_unknown_document_is_named(catalogue: Catalogue, call: str) -> None:
    """Whatever is asked of it, the refusal says the id, and no source points to nothing."""
    arguments = ("feed", "feed.md") if call == "activate" else ("feed",)
    with pytest.raises(UnknownDocument, match="no document 'feed'"):
        getattr(catalogue, call)(*arguments)
    assert catalogue.sources() == {}


def test_more_ids_than_a_statement_takes(catalogue: Catalogue) -> None:
    """A long list of ids is asked for in parts, and none is lost."""
    _add(catalogue, *[f"d{number}" for number in range(300)])
    ids = [f"d{number}:0-24" for number in range(1200)]
    assert sorted(catalogue.chunks(ids)) == sorted(ids[:300])
    assert sum(map(bool, catalogue.passages(ids).values())) == 300


def test_all_passages_come_in_batches(catalogue: Catalogue) -> None:
    """Every one once, in batches no larger than asked."""
    _add(catalogue, "d1", "d2", "d3")
    batches = list(catalogue.all_passages(4))
    assert [len(ids) for ids, _ in batches] == [4, 2]
    assert [vectors.shape for _, vectors in batches] == [(4, 4), (2, 4)]
    assert len({key for ids, _ in batches for key in ids}) == 6


@pytest.mark.parametrize(("size", "drawn"), [(100, 20), (20, 20), (19, 10), (5, 5), (1, 1)])
def test_chunk_sample_is_spread_evenly(catalogue: Catalogue, size: int, drawn: int) -> None:
    """Every n-th chunk, such that there are no more than asked for; all where there are fewer."""
    _add(catalogue, *[f"d{number}" for number in range(10)])
    sample = catalogue.chunk_sample(size)
    assert len(set(sample)) == len(sample) == drawn


def test_facts_are_kept(catalogue: Catalogue) -> None:
    """The last value stands; an unknown key is None."""
    facts = catalogue.database
    facts.set_fact("generation", "1")
    facts.set_fact("generation", "2")
    assert (facts.fact("generation"), facts.fact("other"), catalogue.passport()) == ("2", None, None)


def test_listing_costs_nothing_of_the_texts(catalogue: Catalogue) -> None:
    """What lists, counts and looks for leftovers stands before the text in a row, which is then never read."""
    columns = [row["name"] for row in catalogue.database.query("PRAGMA table_info(documents)")]
    assert columns[-1] == "text"
    plan = catalogue.database.query("EXPLAIN QUERY PLAN SELECT id FROM documents WHERE state <> 'active'")
    assert "documents_not_active" in plan[0]["detail"]


def test_lost_part_is_noticed(catalogue: Catalogue) -> None:
    """A chunk or a passage that is no longer there is a fault of its document."""
    _add(catalogue, "d1", "d2")
    assert catalogue_faults(catalogue) == []
    with catalogue.database.transaction() as connection:
        connection.execute("DELETE FROM passages WHERE chunk_id LIKE 'd2:%' AND start = 0")
    assert catalogue_faults(catalogue) == ["the stored text or vectors of büro.md have changed"]
    assert catalogue.counts() == (2, 4, 4)


def test_passage_table_is_the_passages_in_one_piece(catalogue: Catalogue) -> None:
    """Chunk by chunk in reading order, each row of the matrix the vector of the passage at its place."""
    _add(catalogue, "d2", "d1")
    ids = [f"{document}:{chunk.start}-{chunk.end}" for document in ("d2", "d1") for chunk in CHUNKS]
    passages, vectors = catalogue.passage_table(ids)
    by_chunk = catalogue.passages(ids)
    assert list(dict.fromkeys(passage.chunk_id for passage in passages)) == sorted(ids)
    assert [(passage, vector.tobytes()) for passage, vector in zip(passages, vectors, strict=True)] == [
        (passage, vector.tobytes()) for chunk_id in sorted(ids) for passage, vector in by_chunk[chunk_id]
    ]
    assert catalogue.passage_table(["unknown"])[1].shape == (0, 0)


def test_passages_stand_in_reading_order(catalogue: Catalogue) -> None:
    """As they were staged, whatever their ids sort like: 9-11 comes before 10-24."""
    chunk = CHUNKS[0]
    passages = [Passage(chunk.id, 0, 9, 3), Passage(chunk.id, 9, 11, 1), Passage(chunk.id, 10, 24, 4)]
    catalogue.stage(DOCUMENT, [chunk], passages, np.eye(3, dtype=np.float32), size_bytes=1, unread_tokens=0)
    assert [passage for passage, _ in catalogue.passages([chunk.id])[chunk.id]] == passages


def test_vectors_by_passage_id(catalogue: Catalogue) -> None:
    """Those that are there, bit for bit."""
    _add(catalogue, "d1")
    found = catalogue.vectors([PASSAGES[1].id, "unknown"])
    assert list(found) == [PASSAGES[1].id]
    assert np.array_equal(found[PASSAGES[1].id], VECTORS[1])


def test_active_among_is_what_chunks_finds(catalogue: Catalogue) -> None:
    """Chunks of staged, removed and unknown documents are not among them."""
    _add(catalogue, "d1", "d2")
    _stage(catalogue, replace(DOCUMENT, id="d3"))
    catalogue.retire("d2")
    ids = [f"{document}:0-24" for document in ("d1", "d2", "d3", "d4")]
    assert catalogue.active_among(ids) == set(catalogue.chunks(ids)) == {"d1:0-24"}


def test_library_with_nothing_visible_is_empty(catalogue: Catalogue) -> None:
    """Before the first document is active, and after the last one is retired."""
    _stage(catalogue)
    assert catalogue.is_empty()
    catalogue.activate("d1", "d1.md")
    assert not catalogue.is_empty()
    catalogue.retire("d1")
    assert catalogue.is_empty()


def test_sample_leaves_out_what_is_not_active(catalogue: Catalogue) -> None:
    """Every step-th of the ids that are visible, in their order."""
    _add(catalogue, *[f"d{number}" for number in range(10)])
    catalogue.retire("d4")
    _stage(catalogue, replace(DOCUMENT, id="d40"))
    ids = sorted(f"d{n}:{chunk.start}-{chunk.end}" for n in range(10) if n != 4 for chunk in CHUNKS)
    assert catalogue.chunk_sample(100) == ids
    assert catalogue.chunk_sample(5) == ids[::4]
