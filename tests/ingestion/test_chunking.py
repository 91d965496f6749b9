"""Chunks: exact slices, never over their tokens, nothing left out. Counted with the real tokenizer."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.chunking import cut_chunks
from ingestion.tokenizer import Tokenizer
from ingestion.types import Chunk, Document, Heading, Page
from rag.embedding import load_embedder
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.strategies import documents

windows = st.sampled_from([16, 24, 64, 512])
thorough = settings(deadline=None, max_examples=40)
LONG = "Every returned book is checked by two people before it goes back to its shelf. " * 40


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The tokenizer of the default model."""
    return load_embedder(Settings())


def _document(text: str, *, pages: tuple[Page, ...] = (), headings: tuple[Heading, ...] = ()) -> Document:
    return Document("d1", "d1.txt", "text/plain", text, pages or (Page(None, 0, len(text)),), headings)


def _held(chunks: list[Chunk]) -> set[int]:
    return {offset for chunk in chunks for offset in range(chunk.start, chunk.end)}


@thorough
@given(documents(), windows)
def test_chunks_partition_the_text(tokenizer: Tokenizer, document: Document, chunk_tokens: int) -> None:
    """Without overlap, chunks are exact, ordered, disjoint, within their tokens, and hold all that is not space."""
    chunks = cut_chunks(document, tokenizer, chunk_tokens=chunk_tokens)
    assert all(document.text[chunk.start : chunk.end] == chunk.text == chunk.text.strip() != "" for chunk in chunks)
    assert all(left.end <= right.start for left, right in pairwise(chunks))
    assert all(chunk.token_count == tokenizer.count_tokens(chunk.text) <= chunk_tokens for chunk in chunks)
    assert _held(chunks) >= {offset for offset, character in enumerate(document.text) if not character.isspace()}


@thorough
@given(documents(), windows, st.data())
def test_chunks_with_overlap(tokenizer: Tokenizer, document: Document, chunk_tokens: int, data: st.DataObject) -> None:
    """With overlap the same holds, but that a chunk may begin a bounded number of tokens inside its predecessor."""
    overlap = data.draw(st.integers(1, chunk_tokens // 2 - 1))
    chunks = cut_chunks(document, tokenizer, chunk_tokens=chunk_tokens, overlap_tokens=overlap)
    assert all(document.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert all(chunk.token_count <= chunk_tokens for chunk in chunks)
    assert _held(chunks) >= {offset for offset, character in enumerate(document.text) if not character.isspace()}
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    for left, right in pairwise(chunks):
        assert left.start <= right.start
        assert left.end < right.end
        assert tokenizer.count_tokens(document.text[right.start : left.end]) - 2 <= overlap


def test_overlap_begins_at_a_sentence(tokenizer: Tokenizer) -> None:
    """Of 20 shared tokens, the 16 of the last whole sentence are taken."""
    sentence = LONG[: LONG.index(".") + 1]
    chunks = cut_chunks(_document(LONG), tokenizer, chunk_tokens=64, overlap_tokens=20)
    assert len(chunks) > 5
    assert all(chunk.text.startswith("Every returned") for chunk in chunks)
    assert [LONG[right.start : left.end] for left, right in pairwise(chunks)] == [sentence] * (len(chunks) - 1)


def test_short_text_is_one_chunk(tokenizer: Tokenizer) -> None:
    """A text that fits is not cut; the space around it is not part of the chunk."""
    [chunk] = cut_chunks(_document("\n  A short text.\n"), tokenizer)
    assert (chunk.id, chunk.text, chunk.token_count) == ("d1:3-16", "A short text.", 6)


@pytest.mark.parametrize("text", ["", " \n\t\u00a0"])
def test_nothing_gives_no_chunks(tokenizer: Tokenizer, text: str) -> None:
    """A text without a word has no chunks."""
    assert cut_chunks(_document(text), tokenizer) == []


def test_headings_are_the_first_choice_of_cuts(tokenizer: Tokenizer) -> None:
    """Where two sections do not fit together, the second heading begins a chunk."""
    section = "The desk is open all day. " * 6
    chunks = cut_chunks(_document(f"## One\n{section}\n\n## Two\n{section}"), tokenizer, chunk_tokens=64)
    assert [chunk.text[:6] for chunk in chunks] == ["## One", "## Two"]


def test_giant_word_is_cut(tokenizer: Tokenizer) -> None:
    """A word that the vocabulary cannot hold is one token; it is cut all the same, to a readable length."""
    chunks = cut_chunks(_document("x" * 10_000), tokenizer, chunk_tokens=64)
    assert "".join(chunk.text for chunk in chunks) == "x" * 10_000
    assert max(len(chunk.text) for chunk in chunks) <= 64 * 16


def test_chunks_know_page_and_heading(tokenizer: Tokenizer) -> None:
    """Page and heading are those in force where the chunk begins."""
    text = "# A\n" + "First page. " * 20 + "\n\n## B\n" + "Second page. " * 20
    turn = text.index("## B")
    document = _document(
        text, pages=(Page(1, 0, turn), Page(2, turn, len(text))), headings=(Heading(1, "A", 0), Heading(2, "B", turn))
    )
    chunks = cut_chunks(document, tokenizer, chunk_tokens=70)
    assert [(chunk.page, chunk.heading) for chunk in chunks] == [(1, "A"), (2, "A › B")]


@pytest.mark.parametrize("overlap_tokens", [-1, 32, 64])
def test_overlap_out_of_range_is_refused(tokenizer: Tokenizer, overlap_tokens: int) -> None:
    """An overlap of half a window or more would never end."""
    with pytest.raises(
        ValueError, match=f"overlap of {overlap_tokens} tokens needs windows of over twice that, not 64"
    ):
        cut_chunks(_document("A text."), tokenizer, chunk_tokens=64, overlap_tokens=overlap_tokens)


def test_chunk_knows_the_page_of_each_place() -> None:
    """A chunk that runs over a page break names the page that a place inside it is on."""
    text = "First page ends here. Second page begins here."
    pages = (Page(7, 0, 22), Page(8, 22, len(text)))
    document = Document("0" * 16, "a.pdf", "application/pdf", text, pages)
    (chunk,) = cut_chunks(document, FakeEmbedder())
    assert [chunk.page_at(offset) for offset in (0, 21, 22, len(text) - 1)] == [7, 7, 8, 8]


def test_chunk_knows_the_heading_of_each_place() -> None:
    """A place inside a chunk is under the innermost heading above it, or the chunk's own before the first."""
    chunk = Chunk("0" * 16, "Intro.\n## Fees\nTen.\n### Late\nMore.", 100, 136, None, "Rules", 12)
    found = [chunk.heading_at(offset) for offset in (100, 107, 115, 120, 133)]
    assert found == ["Rules", "Rules", "Fees", "Fees", "Late"]
