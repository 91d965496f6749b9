"""A chunk's text with a passage framed, spans cited and words shaded. The only file that makes HTML."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

import streamlit as st

from rag.types import Share

Span = tuple[int, int]

ADDS = "224, 165, 18"
TAKES = "66, 118, 214"
FRAME = "#2a8d94"
"""Amber and blue differ for colour-blind eyes too, and all three show on paper and on ink."""

STRONGEST = 0.6
"""The opacity of the word with the largest share: text on it stays readable in both themes."""

MARK_STYLES = {
    "framed": f"box-shadow: inset 0 -2px 0 {FRAME}; background-color: rgba(42, 141, 148, 0.14);",
    "cited": f"box-shadow: inset 0 -2px 0 {FRAME}; background-color: rgba({ADDS}, 0.3);",
}


def shade(share: float, largest: float) -> str:
    """The style of a word: amber where its share adds to the cosine, blue where it takes away."""
    if largest <= 0 or not share:
        return ""
    opacity = round(STRONGEST * min(1.0, abs(share) / largest), 3)
    return f"background-color: rgba({ADDS if share > 0 else TAKES}, {opacity});"


def pieces(start: int, end: int, spans: Sequence[Span]) -> list[Span]:
    """`start` to `end` cut wherever a span begins or ends: 0, 9, [(2, 4)] -> (0, 2), (2, 4), (4, 9)."""
    edges = {edge for span in spans for edge in span if start < edge < end}
    cuts = [start, *sorted(edges), end]
    return [(left, right) for left, right in pairwise(cuts) if left < right]


def inside(piece: Span, spans: Sequence[Span]) -> bool:
    """Whether one of the spans holds the whole piece."""
    return any(start <= piece[0] and piece[1] <= end for start, end in spans)


def marked_html(
    text: str,
    *,
    start: int,
    framed: Sequence[Span] = (),
    cited: Sequence[Span] = (),
    words: Sequence[Share] = (),
    compact: bool = False,
) -> str:
    """The text as escaped HTML. `start` is where it begins in the document; all spans are document offsets."""
    end = start + len(text)
    largest = max((abs(word.share) for word in words), default=0.0)
    word_spans = [(word.start, word.end) for word in words]
    parts = []
    for piece in pieces(start, end, [*framed, *cited, *word_spans]):
        shown = escape(text[piece[0] - start : piece[1] - start], quote=True)
        style = "".join(
            MARK_STYLES[name] for name, spans in (("framed", framed), ("cited", cited)) if inside(piece, spans)
        )
        share = next((word.share for word in words if word.start <= piece[0] and piece[1] <= word.end), 0.0)
        style += shade(share, largest)
        title = f' title="{share:+.4f}"' if share else ""
        parts.append(f'<span style="{style}"{title}>{shown}</span>' if style else shown)
    size = "font-size: 0.875rem; line-height: 1.55;" if compact else "line-height: 1.65;"
    return f'<div style="white-space: pre-wrap; overflow-wrap: anywhere; {size}">{"".join(parts)}</div>'


def legend_html(largest: float) -> str:
    """What the shading of words means, with the largest share as its scale."""
    swatch = "display: inline-block; width: 1.6em; height: 0.8em; border-radius: 2px; vertical-align: baseline;"
    adds = f'<span style="{swatch} background-color: rgba({ADDS}, {STRONGEST});"></span> adds to the cosine'
    takes = f'<span style="{swatch} background-color: rgba({TAKES}, {STRONGEST});"></span> takes away'
    return (
        f'<div style="font-size: 0.8rem; opacity: 0.85;">{adds} &nbsp; {takes} &nbsp; full colour: {largest:.3f}</div>'
    )


def show_marked_text(html: str) -> None:
    """Puts what this file made on the page."""
    st.html(html)
