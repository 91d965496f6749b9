"""Text with passages framed, spans cited, words shaded, chunks bordered. The only file that makes HTML."""

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import streamlit as st

from ingestion.types import Chunk
from rag.types import Share
from ui.components.naming import counted
from ui.components.plain import visible

Span = tuple[int, int]

HEADING_LINE = re.compile(r"^#{1,6} .+$", re.MULTILINE)

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


BANDS = ("rgba(42, 141, 148, 0.09)", "rgba(128, 128, 128, 0.05)")
"""The tints of chunks, taken in turn, so that a border shows even where the text runs on."""

LABEL = "font-size: 0.75rem; letter-spacing: 0.02em; opacity: 0.75; padding-bottom: 0.25rem;"
PAGE_MARK = f"border-bottom: 1px dashed {FRAME}; font-size: 0.75rem; opacity: 0.75; margin: 0.5rem 0;"
REPEATED = "opacity: 0.55;"
LONGEST_CHUNK = 20_000
"""Letters of one chunk that are drawn."""


def chunk_html(chunk: Chunk, number: int, *, repeated_to: int = 0) -> str:
    """A chunk as a band with its label; headings stand out, pages that begin inside it are marked.

    `repeated_to` is where the chunk before it ended: what both share is faint.
    """
    text = chunk.text[:LONGEST_CHUNK]
    end = chunk.start + len(text)
    pages = {page.start: page.number for page in chunk.later_pages if page.number is not None}
    headings = [(chunk.start + found.start(), chunk.start + found.end()) for found in HEADING_LINE.finditer(text)]
    repeated = (chunk.start, min(repeated_to, end))
    cuts = [*headings, *((place, place) for place in pages), *([repeated] if repeated[0] < repeated[1] else [])]
    parts = []
    for piece in pieces(chunk.start, end, cuts):
        if piece[0] in pages:
            parts.append(f'<div style="{PAGE_MARK}">page {pages[piece[0]]}</div>')
        style = "font-weight: 600;" if inside(piece, headings) else ""
        style += REPEATED if inside(piece, [repeated]) else ""
        shown = escape(text[piece[0] - chunk.start : piece[1] - chunk.start], quote=True)
        parts.append(f'<span style="{style}">{shown}</span>' if style else shown)
    left_out = len(chunk.text) - len(text)
    if left_out:
        parts.append(f'<div style="{LABEL}">and {counted(left_out, "letter")} more, searched like the rest</div>')
    band = (
        f"background-color: {BANDS[number % 2]}; border-left: 3px solid {FRAME}; padding: 0.5rem 0.75rem; "
        "margin-bottom: 2px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 0.875rem; line-height: 1.55;"
    )
    return f'<div style="{band}"><div style="{LABEL}">{escape(chunk_label(chunk, number))}</div>{"".join(parts)}</div>'


def chunk_label(chunk: Chunk, number: int) -> str:
    """`chunk 3 · page 2 · 498 tokens · Delivery › Abroad`."""
    parts = [f"chunk {number:,}"]
    if chunk.page is not None:
        last = chunk.later_pages[-1].number if chunk.later_pages else None
        parts.append(f"page {chunk.page}" if last is None else f"pages {chunk.page} to {last}")
    parts.append(counted(chunk.token_count, "token"))
    if chunk.heading:
        parts.append(visible(chunk.heading))
    return " · ".join(parts)


def show_marked_text(html: str) -> None:
    """Puts what this file made on the page."""
    st.html(html)
