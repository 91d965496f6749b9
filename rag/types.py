"""What flows from a question to an explained answer. Scores: higher is better, always."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isclose
from typing import Literal, Self, TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

from ingestion.types import Chunk, Passage
from rag.filters import DocumentFilter

Vectors: TypeAlias = NDArray[np.float32]
"""Embeddings, shape (n, dimension); every row has length 1."""

Vector: TypeAlias = NDArray[np.float32]
"""One embedding, shape (dimension,), length 1."""

SUM_TOLERANCE = 1e-4
"""How far shares may be from the number they explain: float32 rounding, nothing else."""


class Source(StrEnum):
    """Which stage gave a score. Scores of different sources are never compared; ranks are."""

    DENSE = "dense"
    KEYWORD = "keyword"
    FUSED = "fused"
    RERANKED = "reranked"


class Message(TypedDict):
    """One turn of a prompt, in the shape that OpenAI-compatible endpoints take."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document of the library as lists show it, without its text."""

    id: str
    name: str
    title: str
    media_type: str
    size_bytes: int
    pages: int
    chunks: int
    passages: int
    tokens: int
    unread_tokens: int
    warnings: tuple[str, ...]
    added_at: str  # ISO 8601, UTC


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk at its place in one ranking; ranks count from 1."""

    chunk: Chunk
    score: float
    rank: int
    source: Source


@dataclass(frozen=True, slots=True)
class PassageScore:
    """A passage and its cosine with the query, -1 to 1."""

    passage: Passage
    cosine: float


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every score of one candidate on its way up; None where a stage did not score or rank it.

    `cosine` is that of the best passage. `fused_score` is exactly `dense_share + keyword_share`, and `reranked_score`,
    of the best fused chunks where a reranker ran, exactly `fused_share + rerank_share`.
    """

    chunk_id: str
    passages: tuple[PassageScore, ...]  # best first
    cosine: float | None
    dense_rank: int | None
    keyword_score: float | None
    keyword_rank: int | None
    dense_share: float
    keyword_share: float
    fused_score: float
    fused_rank: int
    rerank_score: float | None = None  # of the best passage, on the reranker's own scale
    fused_share: float | None = None
    rerank_share: float | None = None
    reranked_score: float | None = None
    reranked_rank: int | None = None

    def __post_init__(self) -> None:
        if not isclose(self.dense_share + self.keyword_share, self.fused_score, abs_tol=1e-9):
            raise ValueError(
                f"shares {self.dense_share} + {self.keyword_share} do not make the fused score {self.fused_score}"
            )
        self._check_reranking()

    def _check_reranking(self) -> None:
        fused, rerank, total = self.fused_share, self.rerank_share, self.reranked_score
        parts = (self.rerank_score, fused, rerank, total, self.reranked_rank)
        if None in parts and any(part is not None for part in parts):
            raise ValueError(f"a chunk is reranked wholly or not at all, and this one is half: {parts}")
        if fused is None or rerank is None or total is None:
            return
        if not isclose(fused + rerank, total, abs_tol=1e-9):
            raise ValueError(f"shares {fused} + {rerank} do not make the reranked score {total}")


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The trace of one question: every ranking, score and timing, and what was put before the model."""

    question: str  # what was typed
    query: str  # what was searched
    query_vector: Vector
    known_share: float  # of the query's tokens, 0 to 1: the others mean nothing to the embedder
    within: DocumentFilter  # which documents were searched
    rankings: Mapping[Source, tuple[Hit, ...]]
    ladders: Mapping[str, Ladder]  # by chunk id, one for every candidate
    context: tuple[Hit, ...]  # what fits the prompt; citation [n] is context[n - 1]
    repeated: Mapping[str, tuple[Hit, ...]]  # by the id of a chunk of the context: hits whose words all stand in it
    prompt: tuple[Message, ...]
    documents: Mapping[str, DocumentRecord]  # by id, those of all candidates
    timings_ms: Mapping[str, float]
    passport: Mapping[str, str | int]
    reranker: str | None = None  # its name; None where none ran

    @property
    def final(self) -> tuple[Hit, ...]:
        """The ranking of the last stage: what was read, and what is shown, in this order."""
        return self.rankings[Source.RERANKED if Source.RERANKED in self.rankings else Source.FUSED]


@dataclass(frozen=True, slots=True)
class Share:
    """A span of the document and what it adds to a cosine; negative when it takes away."""

    start: int
    end: int
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class MatchedTerm:
    """A term of the query found in the chunk: its part of the BM25 score, and where it stands."""

    term: str
    share: float
    spans: tuple[tuple[int, int], ...]  # document offsets


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one chunk was found. Sums are checked when this is built.

    `tokens`, with `marker_share`, what [CLS] and [SEP] add, and `context_share`, what the title and heading in front
    of the passage add, sum to the cosine, within `residual`; so do `sentences`, over which the markers are spread by
    token count, with `context_share`. They are empty for models that are not mean-pooled.
    """

    chunk: Chunk
    ladder: Ladder
    best_passage: PassageScore
    cosine_without: float | None  # of the chunk after the best passage's text is deleted; None: nothing is left
    tokens: tuple[Share, ...]
    words: tuple[Share, ...]
    sentences: tuple[Share, ...]
    context_share: float
    marker_share: float
    residual: float  # stored cosine minus the sum of shares
    percentile: float  # share of the library's chunks, 0 to 100, whose cosine is lower
    percentile_sample: int  # how many chunks that was measured on
    matched_terms: tuple[MatchedTerm, ...]

    def __post_init__(self) -> None:
        if self.tokens and abs(self.residual) > SUM_TOLERANCE:
            raise ValueError(f"token shares miss the cosine {self.best_passage.cosine} by {self.residual}")
        if self.sentences:
            total = sum(sentence.share for sentence in self.sentences) + self.context_share
            if not isclose(total, self.best_passage.cosine, abs_tol=SUM_TOLERANCE):
                raise ValueError(f"sentences and context sum to {total}, the cosine is {self.best_passage.cosine}")
        if self.ladder.keyword_score is not None:
            total = sum(term.share for term in self.matched_terms)
            if not isclose(total, self.ladder.keyword_score, rel_tol=1e-4):
                raise ValueError(f"term shares sum to {total}, the BM25 score is {self.ladder.keyword_score}")


@dataclass(frozen=True, slots=True)
class Citation:
    """A span that supports a sentence of the answer. `number` is the [n] in the text, and n-th of the context."""

    number: int
    chunk_id: str
    document_id: str
    document: str  # the file's name
    page: int | None
    heading: str
    start: int
    end: int
    text: str

    @classmethod
    def of(cls, number: int, chunk: Chunk, document: str, start: int, end: int) -> Self:
        """The citation of a span of `chunk`, in document offsets, with the page and heading that the span is under."""
        return cls(
            number=number,
            chunk_id=chunk.id,
            document_id=chunk.document_id,
            document=document,
            page=chunk.page_at(start),
            heading=chunk.heading_at(start),
            start=start,
            end=end,
            text=chunk.text[start - chunk.start : end - chunk.start],
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, and what of it holds. A refusal has the reason and no citations."""

    text: str
    citations: tuple[Citation, ...]
    unsupported: tuple[str, ...]  # sentences that no cited span supports
    refusal: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one long operation is: `done` of `total` units of `stage`."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class AddReport:
    """What became of one file."""

    file: str
    status: Literal["added", "partial", "unchanged", "refused", "failed", "cancelled"]
    document_id: str | None = None
    pages: int = 0
    chunks: int = 0
    passages: int = 0
    tokens: int = 0
    unread_tokens: int = 0
    seconds: float = 0.0
    message: str = field(default="")
