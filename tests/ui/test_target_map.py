"""The target keeps its measure: radius 1 - cosine, rings that say so, shapes that tell documents apart."""

from math import pi

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.projection import TargetMap, TargetPoint
from rag.types import DocumentRecord
from ui.components.target_map import SHAPE_WIDTH, document_marks, drawing, rings, table_rows, untangled


def point(chunk: str, radius: float, angle: float = 0.0, rank: int = 1, document: str = "d1") -> TargetPoint:
    """A point of a document."""
    return TargetPoint(chunk, document, f"{document}.txt", radius, angle, rank, "candidate")


def record(document: str) -> DocumentRecord:
    """A document's row."""
    return DocumentRecord(document, f"{document}.txt", "", "text/plain", 1, 1, 1, 1, 1, 0, (), "2026-01-01T00:00:00")


def test_rings_carry_the_cosine_of_their_radius() -> None:
    """Radius 0.2 is cosine 0.8, and so on to the farthest."""
    assert [ring["label"] for ring in rings(0.9)] == ["0.8", "0.6", "0.4", "0.2"]
    assert [round(ring["radius"], 9) for ring in rings(0.9)] == [0.2, 0.4, 0.6, 0.8]
    assert [ring["label"] for ring in rings(0.35)] == ["0.9", "0.8", "0.7"]
    assert rings(1.25)[-1]["label"] == "−0.2"


def test_drawing_keeps_radii_and_reaches_the_farthest() -> None:
    """No radius is changed, and the picture is just larger than the farthest point."""
    target = TargetMap((point("a", 0.3, rank=2), point("b", 0.8, rank=1)))
    picture = drawing(target, {"d1": record("d1")}, {"b": 1}, "a")
    assert [(p["id"], p["radius"], p["number"]) for p in picture["points"]] == [("b", 0.8, 1), ("a", 0.3, 0)]
    assert 0.8 < picture["outer"] < 0.9
    assert picture["selected"] == "a"


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_points_are_drawn(count: int) -> None:
    """Nothing, one, two and three chunks all give a picture with a positive radius."""
    target = TargetMap(tuple(point(str(place), 0.0, rank=place + 1) for place in range(count)))
    picture = drawing(target, {"d1": record("d1")}, {"0": 1, "1": 2, "2": 3}, None)
    assert len(picture["points"]) == count
    assert picture["outer"] > 0


def test_documents_differ_in_colour_or_shape() -> None:
    """36 documents, 36 looks; the best ranked comes first."""
    points = tuple(point(str(n), 0.5, rank=n, document=f"d{n}") for n in range(1, 37))
    marks = document_marks(points, {})
    assert len({(mark["colour"], mark["shape"]) for mark in marks.values()}) == 36
    assert next(iter(marks)) == "d1"
    assert len({(mark["colour"]) for mark in list(marks.values())[:6]}) == 6
    assert len({(mark["shape"]) for mark in list(marks.values())[:6]}) == 6


@given(st.lists(st.tuples(st.floats(0.2, 1.0), st.floats(0, 2 * pi)), min_size=2, max_size=5))
def test_numbered_shapes_do_not_hide_each_other(places: list[tuple[float, float]]) -> None:
    """After untangling, any two of up to five numbers are a shape's width apart, or nearly so."""
    points = [point(str(n), radius, angle, n + 1) for n, (radius, angle) in enumerate(places)]
    outer = max(radius for radius, _ in places) * 1.06
    angles = untangled(points, outer)
    spots = {p.chunk_id: (p.radius, angles[p.chunk_id]) for p in points}
    assert set(spots) == {p.chunk_id for p in points}
    if all(radius > 0.5 * outer for radius, _ in places):
        import cmath

        drawn = [cmath.rect(*spot) for spot in spots.values()]
        gaps = [abs(a - b) for n, a in enumerate(drawn) for b in drawn[n + 1 :]]
        assert min(gaps) >= 0.9 * SHAPE_WIDTH * outer


def test_table_says_what_the_picture_shows() -> None:
    """Best rank first, with the cosine and the number in the answer."""
    target = TargetMap((point("a", 0.3, rank=2), point("b", 0.25, rank=1)))
    assert table_rows(target, {"a": 1}) == [
        {"Rank": 1, "In the answer": "", "Chunk": "d1.txt", "Cosine": 0.75},
        {"Rank": 2, "In the answer": "[1]", "Chunk": "d1.txt", "Cosine": 0.7},
    ]
