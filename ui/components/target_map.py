"""The target: the question in the middle, each chunk at distance 1 - cosine, so that nearer is more similar."""

import cmath
from collections.abc import Mapping, Sequence
from itertools import combinations
from math import floor, pi
from pathlib import Path
from typing import TypedDict

import streamlit as st

from rag.projection import TargetMap, TargetPoint
from rag.types import DocumentRecord

HERE = Path(__file__).parent
MARGIN = 1.06
"""The picture reaches a little beyond its farthest point, so that no shape is cut."""

SHAPE_WIDTH = 0.135
"""The width of a numbered shape, as a part of the picture's radius."""

UNTANGLE_STEP = 0.03  # radians
UNTANGLE_ROUNDS = 120  # at most a full turn apart

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#aa4499", "#8f7500", "#5b5bd6")
SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "cross")
"""Six colours that colour-blind eyes tell apart (after Okabe and Ito, 2008) and six shapes: 36 documents differ."""

_draw = st.components.v2.component(
    "sightline_target_map",
    html='<div class="target"></div>',
    css=(HERE / "target_map.css").read_text(encoding="utf-8"),
    js=(HERE / "target_map.js").read_text(encoding="utf-8"),
)


class Ring(TypedDict):
    """A circle of equal cosine; its radius is 1 - cosine."""

    radius: float
    label: str


class Mark(TypedDict):
    """How the points of one document look."""

    name: str
    colour: str
    shape: str


def rings(outer: float) -> list[Ring]:
    """Rings every 0.2 of cosine (0.1 when all points are near), from the middle outwards: .75 -> 0.8, 0.6, 0.4."""
    step = 0.1 if outer <= 0.45 else 0.2
    count = floor(outer / step + 1e-9)
    cosines = [round(1 - step * (place + 1), 10) for place in range(count)]
    return [{"radius": 1 - cosine, "label": f"{cosine:.1f}".replace("-", "\N{MINUS SIGN}")} for cosine in cosines]


def document_marks(points: tuple[TargetPoint, ...], documents: Mapping[str, DocumentRecord]) -> dict[str, Mark]:
    """A colour and a shape for each document, best ranked first."""
    ordered = dict.fromkeys(point.document_id for point in sorted(points, key=lambda point: point.rank))
    count = len(COLOURS)
    return {
        document_id: {
            "name": documents[document_id].name if document_id in documents else "a removed document",
            "colour": COLOURS[place % count],
            "shape": SHAPES[(place + place // count) % count],
        }
        for place, document_id in enumerate(ordered)
    }


def untangled(points: Sequence[TargetPoint], outer: float) -> dict[str, float]:
    """Angles at which no numbered shape hides another. Radii, which are measured, stay; angles are only a layout."""
    angles = {point.chunk_id: point.angle for point in points}
    for _ in range(UNTANGLE_ROUNDS):
        moved = False
        for one, other in combinations(points, 2):
            gap = cmath.rect(one.radius, angles[one.chunk_id]) - cmath.rect(other.radius, angles[other.chunk_id])
            if abs(gap) < SHAPE_WIDTH * outer:
                turn = (angles[one.chunk_id] - angles[other.chunk_id] + pi) % (2 * pi) - pi
                sign = 1 if turn >= 0 else -1
                angles[one.chunk_id] += sign * UNTANGLE_STEP
                angles[other.chunk_id] -= sign * UNTANGLE_STEP
                moved = True
        if not moved:
            break
    return angles


def drawing(
    target: TargetMap, documents: Mapping[str, DocumentRecord], numbers: Mapping[str, int], selected: str | None
) -> dict[str, object]:
    """What the browser is given: plain values, which it writes as text and never as markup."""
    outer = max((point.radius for point in target.points), default=1.0) * MARGIN or MARGIN
    angles = untangled([point for point in target.points if point.chunk_id in numbers], outer)
    points = [
        {
            "id": point.chunk_id,
            "document": point.document_id,
            "label": point.label,
            "radius": point.radius,
            "angle": angles.get(point.chunk_id, point.angle),
            "rank": point.rank,
            "number": numbers.get(point.chunk_id, 0),
        }
        for point in sorted(target.points, key=lambda point: point.rank)
    ]
    return {
        "points": points,
        "documents": document_marks(target.points, documents),
        "rings": rings(outer),
        "outer": outer,
        "selected": selected,
    }


def table_rows(target: TargetMap, numbers: Mapping[str, int]) -> list[dict[str, str | int | float]]:
    """The picture as a table, best rank first."""
    return [
        {
            "Rank": point.rank,
            "In the answer": f"[{numbers[point.chunk_id]}]" if point.chunk_id in numbers else "",
            "Chunk": point.label,
            "Cosine": round(1 - point.radius, 3),
        }
        for point in sorted(target.points, key=lambda point: point.rank)
    ]


def show_target_map(
    target: TargetMap,
    documents: Mapping[str, DocumentRecord],
    numbers: Mapping[str, int],
    *,
    selected: str | None,
    key: str,
) -> str | None:
    """Draws the target and its table; the id of the chunk that was just clicked."""
    picked = _draw(data=drawing(target, documents, numbers, selected), key=key, on_picked_change=lambda: None).picked
    with st.expander("The map as a table"):
        st.dataframe(table_rows(target, numbers), hide_index=True, height="content" if len(target.points) < 8 else 260)
    return picked if isinstance(picked, str) else None
