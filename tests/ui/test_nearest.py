"""What a refusal offers to open."""

from dataclasses import replace

from tests.rag.builders import make_hits, make_ladder, make_retrieval
from tests.rag.fake_embedder import FakeEmbedder
from ui.components.citations import nearest


def test_nearest_passages_come_by_their_cosine() -> None:
    """The closest comes first, as the refusal says its cosine; each keeps its number in the evidence."""
    hits = make_hits("One.", "Two.", "Three.", "Four.", "Five.")
    cosines = (0.1, None, 0.25, -0.1, 0.2)
    ladders = {hit.chunk.id: make_ladder(hit, cosine=cosine) for hit, cosine in zip(hits, cosines, strict=True)}
    found = nearest(replace(make_retrieval("Who?", hits, FakeEmbedder()), ladders=ladders))
    assert [(number, span.text) for number, [span] in found.items()] == [(3, "Three."), (5, "Five."), (1, "One.")]
