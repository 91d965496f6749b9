"""The answer that needs no model and invents nothing: the best sentences of the context, verbatim, each cited."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ingestion.sentences import sentence_spans
from rag.embedding.embedder import Embedder
from rag.plain_markdown import escape_markdown
from rag.refusal import NOTHING_READABLE, refusal_reason, refusal_text
from rag.types import Hit, Retrieval
from rag.word_overlap import overlap_scores, words

MAX_SENTENCES = 4
COSINE_WEIGHT, WORDS_WEIGHT, CHUNK_WEIGHT = 1.0, 1.0, 0.5
"""Weights of a sentence's own cosine, its word overlap, and its chunk's fused score, each min-max normalised over
the sentences. The first two as in the design's table of pointers, where they find .79 of the answers."""

MIN_SCORE_SHARE = 0.75
"""Sentences whose score is under this share of the best one's are not quoted."""

MAX_EMBEDDED = 24
"""Sentences that are embedded for one answer, some 0.2 s on two cores: those whose words and passages match best."""

_MIN_WORDS = 3
_SAME_WORDS = 0.9  # Jaccard similarity from which two sentences say the same, if their numbers agree
_LIST_MARKER = re.compile(r"(?:[-*•+>]|\d{1,3}[.)])\s+")


@dataclass(frozen=True, slots=True)
class Quote:
    """Whole sentences of the n-th chunk of the context, as offsets into the chunk's text. Higher scores are better."""

    number: int
    start: int
    end: int
    score: float

    def text(self, context: Sequence[Hit]) -> str:
        """The words quoted, as they stand in the document."""
        return context[self.number - 1].chunk.text[self.start : self.end]


class QuotingModel:
    """A ChatModel that quotes. Weak evidence is answered by a refusal with its reason."""

    name = "quoting"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def stream(self, retrieval: Retrieval) -> Generator[str, None, None]:
        """One paragraph per quote, its text escaped for Markdown and followed by its [n]; or the refusal."""
        reason = refusal_reason(retrieval)
        quotes = [] if reason else best_quotes(retrieval, self._embedder)
        if not quotes:
            yield refusal_text(reason or NOTHING_READABLE)
        for position, quote in enumerate(quotes):
            paragraph = f"{escape_markdown(quote.text(retrieval.context))} [{quote.number}]"
            yield paragraph if position == 0 else f"\n\n{paragraph}"


def best_quotes(retrieval: Retrieval, embedder: Embedder) -> list[Quote]:
    """The sentences that answer best: the best one first, the others in reading order, neighbours as one quote."""
    candidates = _candidates(retrieval.context)
    if not candidates:
        return []
    scored = _scored(candidates, retrieval, embedder)
    picked = _merged(_picked(scored, retrieval.context), retrieval.context)
    best = max(picked, key=lambda quote: quote.score)
    return [best, *(quote for quote in picked if quote is not best)]


def _candidates(context: Sequence[Hit]) -> list[Quote]:
    """Every sentence of the context, unscored; headings and fragments only if there is nothing else."""
    sentences = [
        Quote(number, *_without_marker(hit.chunk.text, start, end), score=0.0)
        for number, hit in enumerate(context, start=1)
        for start, end in sentence_spans(hit.chunk.text)
    ]
    return [quote for quote in sentences if _is_sentence(quote.text(context))] or sentences


def _without_marker(text: str, start: int, end: int) -> tuple[int, int]:
    marker = _LIST_MARKER.match(text, start, end)
    return (marker.end() if marker and marker.end() < end else start), end


def _is_sentence(text: str) -> bool:
    return not text.startswith("#") and not text.isupper() and len(words(text)) >= _MIN_WORDS


def _scored(candidates: Sequence[Quote], retrieval: Retrieval, embedder: Embedder) -> list[Quote]:
    """The most promising candidates with their scores."""
    overlap = _min_max(overlap_scores(retrieval.query, [quote.text(retrieval.context) for quote in candidates]))
    promise = overlap + _min_max([_passage_cosine(quote, retrieval) for quote in candidates])
    promising = np.sort(np.argsort(-promise, kind="stable")[:MAX_EMBEDDED])
    quotes = [candidates[index] for index in promising]
    cosines = embedder.embed_passages([quote.text(retrieval.context) for quote in quotes]) @ retrieval.query_vector
    fused = [retrieval.ladders[_hit(quote, retrieval).chunk.id].fused_score for quote in quotes]
    scores = COSINE_WEIGHT * _min_max(cosines)
    scores += WORDS_WEIGHT * _min_max(overlap[promising])
    scores += CHUNK_WEIGHT * _min_max(fused)
    return [replace(quote, score=float(score)) for quote, score in zip(quotes, scores, strict=True)]


def _passage_cosine(quote: Quote, retrieval: Retrieval) -> float:
    """The cosine of the best passage that `quote` is in, as search has measured it; 0 where it has not."""
    chunk = _hit(quote, retrieval).chunk
    start, end = chunk.start + quote.start, chunk.start + quote.end
    scored = retrieval.ladders[chunk.id].passages
    return max((s.cosine for s in scored if s.passage.start < end and start < s.passage.end), default=0.0)


def _hit(quote: Quote, retrieval: Retrieval) -> Hit:
    return retrieval.context[quote.number - 1]


def _min_max(values: Sequence[float] | NDArray[np.floating]) -> NDArray[np.float64]:
    """`values` moved and scaled to 0 to 1; all 1 when they are equal, as nothing then speaks against any."""
    array = np.asarray(values, dtype=np.float64)
    spread = np.ptp(array)
    return (array - array.min()) / spread if spread > 0 else np.ones_like(array)


def _picked(scored: Sequence[Quote], context: Sequence[Hit]) -> list[Quote]:
    """The best sentences, each said once, in reading order."""
    ranked = sorted(scored, key=lambda quote: quote.score, reverse=True)
    picked: list[Quote] = []
    for quote in ranked:
        if len(picked) == MAX_SENTENCES or quote.score < MIN_SCORE_SHARE * ranked[0].score:
            break
        if not any(_say_the_same(quote.text(context), other.text(context)) for other in picked):
            picked.append(quote)
    return sorted(picked, key=lambda quote: (quote.number, quote.start))


def _say_the_same(one: str, other: str) -> bool:
    """True when the words are nearly the same and the numbers entirely."""
    first, second = set(words(one)), set(words(other))
    if {word for word in first ^ second if any(character.isdigit() for character in word)}:
        return False
    return len(first & second) >= _SAME_WORDS * len(first | second)


def _merged(quotes: Sequence[Quote], context: Sequence[Hit]) -> list[Quote]:
    """`quotes`, in reading order, with those that follow each other in one paragraph made one."""
    groups = [[quotes[0]]]
    for previous, quote in pairwise(quotes):
        if _are_neighbours(previous, quote, context):
            groups[-1].append(quote)
        else:
            groups.append([quote])
    return [Quote(g[0].number, g[0].start, g[-1].end, max(quote.score for quote in g)) for g in groups]


def _are_neighbours(first: Quote, second: Quote, context: Sequence[Hit]) -> bool:
    between = context[first.number - 1].chunk.text[first.end : second.start]
    return first.number == second.number and not between.strip() and between.count("\n") < 2
