"""Passages: whole sentences inside their chunk, never over their tokens. Counted with the real tokenizer."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.passages import cut_passages
from ingestion.sentences import sentence_spans
from ingestion.tokenizer import Tokenizer
from ingestion.types import Chunk, Passage
from rag.embedding import load_embedder
from rag.settings import Settings
from tests.strategies import texts

windows = st.sampled_from([8, 16, 64])
overlaps = st.integers(0, 3)
thorough = settings(deadline=None, max_examples=40)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """The tokenizer of the default model."""
    return load_embedder(Settings())


def _chunk(text: str, start: int = 7) -> Chunk:
    return Chunk("d1", text, start, start + len(text), None, "", 0)


def _texts(chunk: Chunk, passages: list[Passage]) -> list[str]:
    return [chunk.text[passage.start - chunk.start : passage.end - chunk.start] for passage in passages]


@thorough
@given(texts, windows, overlaps)
def test_passages_cover_their_chunk(tokenizer: Tokenizer, text: str, passage_tokens: int, overlap: int) -> None:
    """Passages lie in their chunk, in order, hold all that is not space, each id once."""
    chunk = _chunk(text)
    passages = cut_passages(chunk, tokenizer, passage_tokens=passage_tokens, overlap_sentences=overlap)
    assert all(chunk.start <= passage.start < passage.end <= chunk.end for passage in passages)
    assert [(p.start, p.end) for p in passages] == sorted({(p.start, p.end) for p in passages})
    held = {offset for passage in passages for offset in range(passage.start - 7, passage.end - 7)}
    assert held >= {offset for offset, character in enumerate(text) if not character.isspace()}


@thorough
@given(texts, windows, overlaps)
def test_passages_are_within_their_tokens(tokenizer: Tokenizer, text: str, passage_tokens: int, overlap: int) -> None:
    """No passage has more tokens than allowed, and each says how many it has."""
    chunk = _chunk(text)
    passages = cut_passages(chunk, tokenizer, passage_tokens=passage_tokens, overlap_sentences=overlap)
    counts = [tokenizer.count_tokens(passage) for passage in _texts(chunk, passages)]
    assert [passage.token_count for passage in passages] == counts
    assert max(counts, default=0) <= passage_tokens


@thorough
@given(texts, windows, overlaps)
def test_passages_begin_at_sentences(tokenizer: Tokenizer, text: str, passage_tokens: int, overlap: int) -> None:
    """A passage begins where a sentence does, but inside one that is longer than a passage."""
    passages = cut_passages(_chunk(text), tokenizer, passage_tokens=passage_tokens, overlap_sentences=overlap)
    long = [span for span in sentence_spans(text) if tokenizer.count_tokens(text[slice(*span)]) > passage_tokens]
    inside_long = {offset for start, end in long for offset in range(start, end)}
    starts = {start for start, _ in sentence_spans(text)}
    assert {passage.start - 7 for passage in passages} <= starts | inside_long


@thorough
@given(texts, windows, overlaps)
def test_headings_begin_passages(tokenizer: Tokenizer, text: str, passage_tokens: int, overlap: int) -> None:
    """No passage reaches over a heading that follows something else than a heading."""
    passages = cut_passages(_chunk(text), tokenizer, passage_tokens=passage_tokens, overlap_sentences=overlap)
    spans = sentence_spans(text)
    is_heading = [re.match(r"#{1,6} ", text[start:end]) is not None for start, end in spans]
    borders = [spans[n][0] + 7 for n in range(1, len(spans)) if is_heading[n] and not is_heading[n - 1]]
    assert not [(p, border) for p in passages for border in borders if p.start < border < p.end]
    assert set(borders) <= {passage.start for passage in passages}


def test_passages_repeat_the_last_sentence(tokenizer: Tokenizer) -> None:
    """Sentences of 4 tokens, two special ones: two fit in 10, and each passage repeats one."""
    chunk = _chunk("One cat sits. Two cats sit. Three cats sit. Four cats sit.")
    passages = cut_passages(chunk, tokenizer, passage_tokens=10, overlap_sentences=1)
    assert _texts(chunk, passages) == [
        "One cat sits. Two cats sit.",
        "Two cats sit. Three cats sit.",
        "Three cats sit. Four cats sit.",
    ]
    assert [passage.token_count for passage in passages] == [10, 10, 10]


def test_passages_without_overlap(tokenizer: Tokenizer) -> None:
    """With an overlap of 0, each sentence is in one passage."""
    chunk = _chunk("One cat sits. Two cats sit. Three cats sit.")
    passages = cut_passages(chunk, tokenizer, passage_tokens=10, overlap_sentences=0)
    assert _texts(chunk, passages) == ["One cat sits. Two cats sit.", "Three cats sit."]


def test_heading_starts_a_passage_without_overlap(tokenizer: Tokenizer) -> None:
    """Two short sections that would fit together stay apart; headings that follow each other do not."""
    chunk = _chunk("Intro text.\n\n# Shop\n## Returns\nThirty days.\n\n## Gifts\nSixty days.")
    assert _texts(chunk, cut_passages(chunk, tokenizer)) == [
        "Intro text.",
        "# Shop\n## Returns\nThirty days.",
        "## Gifts\nSixty days.",
    ]


def test_long_sentence_is_cut_between_words(tokenizer: Tokenizer) -> None:
    """A sentence longer than a passage is cut at spaces; no word is broken."""
    chunk = _chunk("cat " * 30 + "sits.")
    passages = cut_passages(chunk, tokenizer, passage_tokens=12, overlap_sentences=0)
    assert {word for text in _texts(chunk, passages) for word in text.split()} == {"cat", "sits."}
    assert [passage.token_count for passage in passages] == [12, 12, 12, 4]


def test_passage_ids_are_inside_their_chunk(tokenizer: Tokenizer) -> None:
    """A passage's id is its chunk's id and its own span in the document."""
    chunk = _chunk("A short text.")
    [passage] = cut_passages(chunk, tokenizer)
    assert (passage.id, passage.chunk_id) == ("d1:7-20/7-20", chunk.id)


def test_context_is_what_a_passage_lacks(tokenizer: Tokenizer) -> None:
    """Title and heading stand in front, each once, and not where the passage holds them; the count is of all of it."""
    chunk = _chunk("Before any heading.\n\n## Returns\nThirty days. " + "Keep the box. " * 20)
    passages = cut_passages(chunk, tokenizer, passage_tokens=24, title="The shop")
    contexts = [passage.context for passage in passages]
    assert contexts[:2] == ["The shop\n", "The shop\n"]
    assert set(contexts[2:]) == {"The shop\nReturns\n"}
    document = " " * 7 + chunk.text
    assert passages[2].embedded(document).startswith("The shop\nReturns\nKeep the box.")
    assert [p.token_count for p in passages] == [tokenizer.count_tokens(p.embedded(document)) for p in passages]
    assert {p.context for p in cut_passages(chunk, tokenizer, passage_tokens=24)} == {""}
    assert {p.context for p in cut_passages(chunk, tokenizer, passage_tokens=24, title="Returns")[2:]} == {"Returns\n"}


def test_context_is_short(tokenizer: Tokenizer) -> None:
    """Of a title as long as a text, its beginning: a passage stays mostly itself."""
    [passage] = cut_passages(_chunk("A short text."), tokenizer, title="word " * 100)
    assert passage.context.startswith("word word")
    assert passage.context.endswith("word …\n")
    assert len(passage.context) <= 101
