"""Large libraries for benchmarks, made in minutes: the sample documents again and again, every time in other words.

A chunk is one of the samples, cut as the product cuts it, with a third of its words put in the place of others: mostly
words of another sample, a few of them made up, so that no two texts are alike and rare words stay rare. The vector of
a passage is not computed from its text but lies near that of the passage it was made from: in its direction, drawn a
little towards another passage's, and a little aside at random. So vectors keep the crowded places and the empty ones
that real ones have. A chunk has 11 passages, as those of the samples have with the default settings.

Documents go in through `Index.insert`, as all documents do, but without the vector store: it is made from the
catalogue when the library is opened next, as after a crash. To flush its files after every 200 vectors takes hours.
"""

import hashlib
import random
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from evaluation.samples import sample_files
from ingestion.parsing import parse
from ingestion.types import Chunk, Document, Page, Passage
from rag.embedding import Embedder, load_embedder
from rag.index import Index
from rag.library import Library
from rag.preparation import Prepared, prepare
from rag.settings import Settings
from rag.types import Vectors

DOCUMENT_CHUNKS = 250
_OTHER_WORDS = 0.3  # share of words that are changed
_MADE_UP_WORDS = 0.05  # share of those that occur nowhere else, or hardly
_TOWARDS_ANOTHER = 0.4  # length of the part of another passage's vector
_ASIDE = 0.4  # length of the random part: cosine with the passage it was made from about .88
_MADE_UP = 200_000
_WORD = re.compile(r"\w+")
_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Original:
    """A chunk of a sample document. Places are offsets into its own text."""

    text: str
    words: list[tuple[int, int]]
    tokens: int
    passages: list[tuple[int, int, int]]  # start, end, tokens
    vectors: Vectors


def open_large_library(folder: Path, chunks: int) -> Library:
    """The library in `folder`, filled up to `chunks` chunks; what is there from an earlier run is kept."""
    settings = Settings(data_dir=folder)
    embedder = load_embedder(settings)
    with (
        mock.patch.object(Index, "_add_vectors", lambda *_: None),
        mock.patch.object(Index, "_rebuild_vectors", lambda *_: None),
        Library.open(settings, embedder) as library,
    ):
        documents, there, _ = library.catalogue.counts()
        if there < chunks:
            originals = original_chunks(embedder, settings)
            for number, prepared in enumerate(_documents(originals, chunks - there, documents), documents):
                size = len(prepared.document.text.encode())
                library.index.insert(prepared, f"{number}.txt", size_bytes=size, step=_silently)
    return Library.open(settings, embedder)


def original_chunks(embedder: Embedder, settings: Settings) -> list[Original]:
    """The chunks of the sample documents with their passages, embedded by the model."""
    originals = []
    for path in sample_files():
        document = parse(path.name, path.read_bytes())
        prepared = prepare(document, embedder, settings, lambda _: {}, _silently)
        for chunk in prepared.chunks:
            rows = [row for row, passage in enumerate(prepared.passages) if passage.chunk_id == chunk.id]
            passages = [prepared.passages[row] for row in rows]
            originals.append(
                Original(
                    text=chunk.text,
                    words=[match.span() for match in _WORD.finditer(chunk.text)],
                    tokens=chunk.token_count,
                    passages=[(p.start - chunk.start, p.end - chunk.start, p.token_count) for p in passages],
                    vectors=prepared.vectors[rows],
                )
            )
    return originals


def _silently(stage: str, done: int, total: int) -> None:
    """Progress nobody watches."""


def _documents(originals: list[Original], chunks: int, first: int) -> Iterator[Prepared]:
    for number, start in enumerate(range(0, chunks, DOCUMENT_CHUNKS), first):
        yield _document(originals, min(DOCUMENT_CHUNKS, chunks - start), number)


def _document(originals: list[Original], count: int, seed: int) -> Prepared:
    """A document of `count` varied chunks; the same for the same seed."""
    choice, noise = random.Random(seed), np.random.default_rng(seed)
    identity = hashlib.sha256(f"{seed} {count}".encode()).hexdigest()[:16]
    texts: list[str] = []
    chunks: list[Chunk] = []
    passages: list[Passage] = []
    vectors: list[Vectors] = []
    at = 0
    for _ in range(count):
        one, other = choice.choice(originals), choice.choice(originals)
        text, moved = _in_other_words(one, other, choice)
        chunk = Chunk(identity, text, at, at + len(text), None, "", one.tokens)
        chunks.append(chunk)
        passages.extend(Passage(chunk.id, at + moved(start), at + moved(end), n) for start, end, n in one.passages)
        vectors.append(_near(one.vectors, other.vectors, noise))
        texts.append(text)
        at += len(text) + len(_BETWEEN)
    whole = _BETWEEN.join(texts)
    document = Document(identity, f"{seed}.txt", "text/plain", whole, (Page(None, 0, len(whole)),))
    return Prepared(document, chunks, passages, np.concatenate(vectors), 0)


def _in_other_words(one: Original, other: Original, choice: random.Random) -> tuple[str, "_Moved"]:
    """The text with a part of its words changed, and where places of the old text went."""
    parts: list[str] = []
    shifts: list[tuple[int, int]] = []  # from this place of the old text on, so much farther
    done, shift = 0, 0
    for start, end in one.words:
        if choice.random() < _OTHER_WORDS:
            word = (
                _made_up(choice) if choice.random() < _MADE_UP_WORDS else other.text[slice(*choice.choice(other.words))]
            )
            parts += [one.text[done:start], word]
            done, shift = end, shift + len(word) - (end - start)
            shifts.append((end, shift))
    return "".join([*parts, one.text[done:]]), _Moved(shifts)


class _Moved:
    """Where a place of the old text is in the new one; places inside words do not occur."""

    def __init__(self, shifts: list[tuple[int, int]]) -> None:
        self._ends = [end for end, _ in shifts]
        self._shifts = [0, *(shift for _, shift in shifts)]

    def __call__(self, place: int) -> int:
        return place + self._shifts[bisect_right(self._ends, place)]


def _made_up(choice: random.Random) -> str:
    number = int(_MADE_UP * choice.random() ** 3)  # some are much more frequent than others
    return "".join(("ba", "ke", "li", "mo", "nu", "ra", "so", "ti", "ve", "zu")[int(digit)] for digit in str(number))


def _near(vectors: Vectors, others: Vectors, noise: np.random.Generator) -> Vectors:
    aside = noise.standard_normal(vectors.shape, dtype=np.float32)
    aside *= _ASIDE / np.linalg.norm(aside, axis=1, keepdims=True)
    towards = others[noise.integers(len(others), size=len(vectors))]
    sums = vectors + _TOWARDS_ANOTHER * towards + aside
    near: Vectors = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)
    return near
