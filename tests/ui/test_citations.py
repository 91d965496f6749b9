"""A citation opens where its words are."""

import re

from hypothesis import given
from hypothesis import strategies as st

from rag.types import Citation
from tests.rag.builders import make_chunk
from ui.components.citations import FAR, NEAR, by_number, cited_html, place_before

PARAGRAPH = "The lamp is lit at dusk by the keeper of the light.\n"
CHUNK = make_chunk(PARAGRAPH * 40, start=1000)


def _citation(start: int, number: int = 1) -> Citation:
    return Citation.of(number, CHUNK, "lamp.txt", start, start + 20)


def test_near_citation_is_shown_from_the_start() -> None:
    """Nothing is folded away before a span that is in sight anyway."""
    assert place_before(CHUNK, [_citation(1000 + FAR), _citation(2500)]) == 0


@given(st.integers(1000 + FAR + 1, CHUNK.end - 20))
def test_far_citation_begins_at_a_line_before_it(start: int) -> None:
    """What is left stands at the start of a line, so near that the span is in sight, and holds all of it."""
    place = place_before(CHUNK, [_citation(start)])
    assert CHUNK.text[place - 1] == "\n"
    assert NEAR <= start - CHUNK.start - place < FAR
    highlighted = re.findall(r"<span[^>]*>([^<]*)</span>", cited_html(CHUNK, [_citation(start)], place))
    assert highlighted == [CHUNK.text[start - CHUNK.start : start - CHUNK.start + 20]]


def test_text_without_a_gap_is_cut_all_the_same() -> None:
    """One giant word has no better place."""
    chunk = make_chunk("x" * 2000)
    assert place_before(chunk, [Citation.of(1, chunk, "x.txt", 1500, 1510)]) == 1500 - NEAR


def test_spans_of_a_number_keep_the_order_of_the_answer() -> None:
    """The button and the dialog name the place that was cited first, not the one that stands first in the chunk."""
    later, earlier, other = _citation(2000), _citation(1100), _citation(1200, number=2)
    assert by_number([other, later, earlier]) == {1: [later, earlier], 2: [other]}
