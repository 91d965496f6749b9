"""Citations as numbered buttons, and the passage that one of them opens."""

from collections.abc import Mapping, Sequence

import streamlit as st

from ingestion.types import Chunk
from rag.library import Library
from rag.types import Citation, Retrieval
from ui.components.marked_text import marked_html, show_marked_text
from ui.components.naming import citation_place
from ui.components.plain import plain

DIALOG_PIXELS = 780
NEAREST = 3
FAR, NEAR = 600, 150
"""Characters before a cited span: more than the first are folded away, and about the second stay in sight."""


def by_number(citations: Sequence[Citation]) -> Mapping[int, list[Citation]]:
    """The citations of each number, lowest number first, its spans in the order of the answer."""
    grouped: dict[int, list[Citation]] = {}
    for citation in sorted(citations, key=lambda citation: citation.number):
        grouped.setdefault(citation.number, []).append(citation)
    return grouped


def show_citations(library: Library, citations: Mapping[int, list[Citation]], *, key: str) -> None:
    """A button for each number, in the order given; it opens the cited passage inside its chunk."""
    with st.container(horizontal=True, gap="small"):
        for number, spans in citations.items():
            label = plain(f"[{number}] {citation_place(spans[0])}")
            if st.button(label, key=f"{key}-{number}"):
                open_passage(library, spans)


def nearest(retrieval: Retrieval) -> Mapping[int, list[Citation]]:
    """The passages read for a question that was refused, highest cosine first: shaped as citations, so that they open.

    Their numbers are those of the evidence beside the chat, which follow the final ranking.
    """
    found = []
    for number, hit in enumerate(retrieval.context, start=1):
        chunk, passages = hit.chunk, retrieval.ladders[hit.chunk.id].passages
        start, end = (passages[0].passage.start, passages[0].passage.end) if passages else (chunk.start, chunk.end)
        name = retrieval.documents[chunk.document_id].name
        cosine = passages[0].cosine if passages else -1.0
        found.append((cosine, Citation.of(number, chunk, name, start, end)))
    best = sorted(found, key=lambda pair: -pair[0])[:NEAREST]
    return {citation.number: [citation] for _, citation in best}


@st.dialog("Passage", width=DIALOG_PIXELS)
def open_passage(library: Library, spans: list[Citation]) -> None:
    """The chunk with its cited spans highlighted, and where it stands."""
    first = spans[0]
    st.markdown(f"**{plain(first.document)}**")
    details = [f"passage [{first.number}]"]
    if first.page is not None:
        details.append(f"page {first.page}")
    if first.heading:
        details.append(first.heading)
    st.caption(plain(" · ".join(details), length=400))
    chunk = library.catalogue.chunks([first.chunk_id]).get(first.chunk_id)
    if chunk is None:
        st.info("This document is no longer in the library. The answer quoted it so:")
        show_marked_text(quoted_html(spans))
        return
    beginning = place_before(chunk, spans)
    if beginning:
        with st.expander("The chunk begins earlier"):
            show_marked_text(marked_html(chunk.text[:beginning], start=chunk.start, cited=[]))
    show_marked_text(cited_html(chunk, spans, beginning))


def place_before(chunk: Chunk, spans: Sequence[Citation]) -> int:
    """Where to begin to read, so that the first cited span is in sight: a line's start in the chunk, or a word's."""
    first = min(span.start for span in spans) - chunk.start
    if first <= FAR:
        return 0
    for gap in ("\n", " "):
        place = chunk.text.rfind(gap, first - FAR, first - NEAR)
        if place >= 0:
            return place + 1
    return first - NEAR


def cited_html(chunk: Chunk, spans: Sequence[Citation], beginning: int = 0) -> str:
    """The chunk from `beginning` on with the cited spans highlighted."""
    cited = [(span.start, span.end) for span in spans]
    return marked_html(chunk.text[beginning:], start=chunk.start + beginning, cited=cited)


def quoted_html(spans: Sequence[Citation]) -> str:
    """The cited spans alone, as they were when the answer was written."""
    return "".join(marked_html(span.text, start=span.start, cited=[(span.start, span.end)]) for span in spans)
