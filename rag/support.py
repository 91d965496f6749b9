"""Which span of a cited passage supports a sentence best, and how well."""

from dataclasses import dataclass
from functools import cached_property

from ingestion.sentences import sentence_spans
from ingestion.types import Chunk
from rag.embedding.embedder import Embedder
from rag.types import Vector, Vectors
from rag.verbatim import Folded
from rag.word_overlap import shared_part

PAIR_GAIN = 0.05
"""Two neighbouring sentences are taken instead of one only when they score better by this much."""


@dataclass(frozen=True, slots=True)
class Support:
    """A span of a chunk, as offsets into its text, and its score.

    1 for the words themselves, else half the cosine with the sentence and half the share of the sentence's content
    words that the span holds: -0.5 to 1, higher is closer.
    """

    start: int
    end: int
    score: float


class CitedChunk:
    """A chunk in which support is looked for. Its sentences are embedded once, when first needed."""

    def __init__(self, chunk: Chunk, embedder: Embedder) -> None:
        self.chunk = chunk
        self._embedder = embedder
        self._folded = Folded(chunk.text)
        self._spans = sentence_spans(chunk.text) or [(0, len(chunk.text))]

    def verbatim(self, words: str) -> Support | None:
        """The span that reads exactly like `words`."""
        span = self._folded.find(words)
        return Support(*span, score=1.0) if span else None

    def closest(self, sentence: str) -> Support:
        """The span of one sentence, or of two neighbours, that is most like `sentence`."""
        vector = self._embedder.embed_passages([sentence])[0]
        singles = self._scored(sentence, self._spans, vector, self._vectors)
        best = max(range(len(singles)), key=lambda index: singles[index].score)
        pairs = [
            (self._spans[first][0], self._spans[first + 1][1])
            for first in (best - 1, best)
            if 0 <= first < len(self._spans) - 1
        ]
        if not pairs:
            return singles[best]
        vectors = self._embedder.embed_passages([self.chunk.text[start:end] for start, end in pairs])
        pair = max(self._scored(sentence, pairs, vector, vectors), key=lambda support: support.score)
        return pair if pair.score >= singles[best].score + PAIR_GAIN else singles[best]

    @cached_property
    def _vectors(self) -> Vectors:
        return self._embedder.embed_passages([self.chunk.text[start:end] for start, end in self._spans])

    def _scored(self, sentence: str, spans: list[tuple[int, int]], vector: Vector, vectors: Vectors) -> list[Support]:
        cosines = vectors @ vector
        return [
            Support(start, end, 0.5 * float(cosine) + 0.5 * shared_part(sentence, self.chunk.text[start:end]))
            for (start, end), cosine in zip(spans, cosines, strict=True)
        ]
