"""The cosines of the chunks that were read, on a scale from the lowest to the highest candidate."""

from collections.abc import Mapping, Sequence

from rag.types import Explanation, Retrieval
from ui.components.bars import Axis, Bar, Segment, axis_over, show_bars
from ui.components.naming import where


def standing(explanation: Explanation) -> str:
    """Where the cosine stands among the library's chunks, in words."""
    count = explanation.percentile_sample
    if count < 2:
        return "the only chunk of the library"
    share = f"{explanation.percentile:.0f}"
    if share == "100" and explanation.percentile < 100:
        share = "more than 99"
    return f"higher than {share} % of {count:,} chunks"


def cosine_axis(retrieval: Retrieval) -> Axis:
    """From the lowest to the highest cosine of the candidates; each candidate is a tick."""
    cosines = [ladder.cosine for ladder in retrieval.ladders.values() if ladder.cosine is not None]
    axis = axis_over(cosines or [0.0], digits=3)
    return Axis(axis.low, axis.high, axis.labels, tuple(cosines))


def cosine_bars(retrieval: Retrieval, explanations: Sequence[Explanation], axis: Axis) -> list[Bar]:
    """One bar for each chunk that was read, in the order of its number."""
    bars = []
    for number, explanation in enumerate(explanations, start=1):
        cosine = explanation.ladder.cosine
        name = f"[{number}] {where(explanation, retrieval.documents)}"
        if cosine is None:
            bars.append(Bar(name, "not scored", (), "found by its words alone", explanation.chunk.id))
        else:
            segments = (Segment(axis.low, cosine),)
            bars.append(Bar(name, f"{cosine:.3f}", segments, standing(explanation), explanation.chunk.id))
    return bars


def show_cosine_scores(retrieval: Retrieval, explanations: Sequence[Explanation], *, key: str) -> str | None:
    """Draws the scores; the id of the chunk whose row was just clicked."""
    axis = cosine_axis(retrieval)
    return show_bars(cosine_bars(retrieval, explanations, axis), axis, key=key)


def chunk_numbers(retrieval: Retrieval) -> Mapping[str, int]:
    """The number of each chunk that was read: its [n] in the answer."""
    return {hit.chunk.id: number for number, hit in enumerate(retrieval.context, start=1)}
