"""Horizontal bars on one labelled axis: for scores, shares that add up, and shares with a sign."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_draw = st.components.v2.component(
    "sightline_bars",
    html='<div class="bars"></div>',
    css=(HERE / "bars.css").read_text(encoding="utf-8"),
    js=(HERE / "bars.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar, from value to value, in one of the tones of bars.css."""

    start: float
    end: float
    tone: str = "accent"


@dataclass(frozen=True, slots=True)
class Bar:
    """A row: what it is, its number as text, its segments, and a note below. With an id it can be clicked."""

    label: str
    value: str
    segments: tuple[Segment, ...]
    note: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """The scale that all rows share; `ticks` are drawn as thin lines on it, `labels` as numbers under it."""

    low: float
    high: float
    labels: tuple[tuple[float, str], ...]
    ticks: tuple[float, ...] = field(default=())


def axis_over(values: Sequence[float], *, digits: int, zero: bool = False) -> Axis:
    """From the smallest value to the largest, each labelled with its number; with `zero`, 0 lies on it too."""
    low, high = min([*values, *([0.0] if zero else [])]), max([*values, *([0.0] if zero else [])])
    places = sorted({low, high} | ({0.0} if zero else set()))
    labels = tuple((place, f"{place:.{digits}f}".replace("-", "\N{MINUS SIGN}")) for place in places)
    return Axis(low, high if high > low else low + 1e-9, labels)


def show_bars(bars: Sequence[Bar], axis: Axis, *, key: str) -> str | None:
    """Draws the rows; the id of the row that was just clicked."""
    value = {"bars": [asdict(bar) for bar in bars], "axis": asdict(axis)}
    picked = _draw(data=value, key=key, on_picked_change=lambda: None).picked
    return picked if isinstance(picked, str) else None
