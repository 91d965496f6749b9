"""Which chunks answer a question, and what the production path makes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.quality import relevant_chunks, retrieval_quality
from evaluation.questions import Question, Reference
from ingestion.types import Chunk
from rag.library import Library
from rag.settings import Settings
from rag.types import Source
from tests.rag.fake_embedder import FakeEmbedder

TEXT = "\n\n".join(
    f"Boat {name} lies at pier {name} of the harbour." for name in "alpha beta gamma delta epsilon".split()
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """One document in five chunks of a sentence each."""
    with Library.open(Settings(data_dir=tmp_path, chunk_tokens=16), FakeEmbedder()) as opened:
        opened.add("boats.txt", TEXT.encode())
        yield opened


def _chunks(library: Library) -> list[Chunk]:
    return library.catalogue.chunks_of(library.documents()[0].id)


def _question(text: str, *spans: tuple[int, int]) -> Question:
    references = tuple(Reference("boats.txt", TEXT[start:end], start, end) for start, end in spans)
    return Question(text, text, "direct" if spans else "unanswerable", (), references)


@pytest.mark.parametrize(
    ("before", "after", "relevant"),
    [(0, 0, [1]), (30, 0, [1]), (0, 30, [1]), (200, 200, []), (-10, -10, [1])],
    ids=["whole chunk", "more before", "more after", "too much", "less"],
)
def test_relevant_chunks_hold_half_of_a_reference(
    library: Library, before: int, after: int, relevant: list[int]
) -> None:
    """A chunk answers when at least half of the reference's characters are in it."""
    chunks = _chunks(library)
    question = _question("q", (chunks[1].start - before, chunks[1].end + after))
    assert relevant_chunks(library, question) == {chunks[place].id for place in relevant}


def test_reference_over_two_chunks_is_answered_by_the_larger_part(library: Library) -> None:
    """Of 30 characters, 18 are in the second chunk, 10 in the first, and 2 between them."""
    first, second, *_ = _chunks(library)
    assert relevant_chunks(library, _question("q", (first.end - 10, second.start + 18))) == {second.id}


def test_two_references_are_answered_by_the_chunks_of_either(library: Library) -> None:
    """Any reference that a chunk holds makes it an answer."""
    chunks = _chunks(library)
    question = _question("q", (chunks[0].start, chunks[0].end), (chunks[3].start, chunks[3].end))
    assert relevant_chunks(library, question) == {chunks[0].id, chunks[3].id}


def test_perfect_ranking_has_full_marks(library: Library) -> None:
    """Each question's own sentence comes first by meaning, by words and by both; the unanswerable one is left out."""
    chunks = _chunks(library)
    questions = [_question(chunk.text, (chunk.start, chunk.end)) for chunk in chunks] + [_question("anything")]
    quality = retrieval_quality(library, questions, library.settings)
    assert set(quality) == {Source.DENSE, Source.KEYWORD, Source.FUSED}
    assert all(value == pytest.approx(1) for found in quality.values() for value in found.values())


def test_reranker_is_measured_where_there_is_one(library: Library) -> None:
    """Its ranking is the fourth."""
    chunk = _chunks(library)[2]
    settings = library.settings.model_copy(update={"reranker": "late-interaction"})
    quality = retrieval_quality(library, [_question(chunk.text, (chunk.start, chunk.end))], settings)
    assert list(quality) == [Source.DENSE, Source.KEYWORD, Source.FUSED, Source.RERANKED]
    assert quality[Source.RERANKED]["mrr@10"] == pytest.approx(1)


def test_answer_at_the_second_rank_has_half_marks(library: Library) -> None:
    """Two chunks with equal BM25 are ranked by id; the answer is the first of them, then the second."""
    chunks = _chunks(library)
    for place, expected in ((0, 1.0), (1, 0.5)):
        question = _question("alpha beta", (chunks[place].start, chunks[place].end))
        quality = retrieval_quality(library, [question], library.settings)
        assert quality[Source.KEYWORD]["mrr@10"] == pytest.approx(expected)
