"""The text that was taken out of a document, as it will be searched."""

import streamlit as st

from ingestion.types import Document
from ui.components.marked_text import marked_html, show_marked_text
from ui.components.plain import plain

SHOWN_LETTERS = 20_000


def show_preview(document: Document) -> None:
    """The beginning of the text, with its warnings above."""
    st.markdown(f"### {plain(document.name)}")
    for warning in document.warnings:
        st.warning(plain(warning, length=400), icon=":material/warning:")
    with st.container(border=True, height=420):
        show_marked_text(marked_html(document.text[:SHOWN_LETTERS], start=0, compact=True))
    if len(document.text) > SHOWN_LETTERS:
        st.caption(f"The first {SHOWN_LETTERS:,} of {len(document.text):,} letters. All of them are searched.")
