"""The text that was taken out of a document, as it will be searched, with the borders of its chunks."""

import streamlit as st

from rag.library import Library
from rag.types import DocumentRecord
from ui.components.marked_text import chunk_html, show_marked_text
from ui.components.naming import counted
from ui.components.plain import plain

CHUNKS_A_PAGE = 20
HEIGHT_PIXELS = 560


def contents_words(record: DocumentRecord) -> str:
    """`3 pages, 12 chunks, 96 passages, 5,020 tokens`."""
    counts = [
        (record.pages, "page"),
        (record.chunks, "chunk"),
        (record.passages, "passage"),
        (record.tokens, "token"),
    ]
    return ", ".join(counted(count, noun) for count, noun in counts)


@st.fragment
def show_preview(library: Library, record: DocumentRecord) -> None:
    """Warnings first, then the chunks as bands, so many at a time."""
    st.markdown(f"### {plain(record.name)}")
    for warning in record.warnings:
        st.warning(plain(warning, length=400), icon=":material/warning:")
    chunks = library.catalogue.chunks_of(record.id)
    if not chunks:
        st.info("This document is no longer in the library.")
        return
    st.caption(f"{contents_words(record)}. This is what is searched; each band is one chunk.")
    pages = -(-len(chunks) // CHUNKS_A_PAGE)
    page = st.pagination(pages, key=f"preview-page-{record.id}") if pages > 1 else 1
    first = (page - 1) * CHUNKS_A_PAGE
    with st.container(border=True, height=HEIGHT_PIXELS, key="preview"):
        parts = []
        for place, chunk in enumerate(chunks[first : first + CHUNKS_A_PAGE], start=first):
            before = chunks[place - 1].end if place else 0
            parts.append(chunk_html(chunk, place + 1, repeated_to=before))
        show_marked_text("".join(parts))
    if pages > 1:
        last = min(first + CHUNKS_A_PAGE, len(chunks))
        st.caption(f"Chunks {first + 1:,} to {last:,} of {len(chunks):,}.")
