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


def by_number(citations: Sequence[Citation]) -> Mapping[int, list[Citation]]:
    """The citations of each number, lowest number first: one chunk may be cited for several of its spans."""
    grouped: dict[int, list[Citation]] = {}
    for citation in sorted(citations, key=lambda citation: (citation.number, citation.start)):
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

    Their numbers are those of the evidence beside the chat, which follow the fused scores.
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
    show_marked_text(cited_html(chunk, spans) if chunk else quoted_html(spans))


def cited_html(chunk: Chunk, spans: Sequence[Citation]) -> str:
    """The whole chunk with the cited spans highlighted."""
    return marked_html(chunk.text, start=chunk.start, cited=[(span.start, span.end) for span in spans])


def quoted_html(spans: Sequence[Citation]) -> str:
    """The cited spans alone, as they were when the answer was written."""
    return "".join(marked_html(span.text, start=span.start, cited=[(span.start, span.end)]) for span in spans)
