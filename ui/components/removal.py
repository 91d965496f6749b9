"""Removing documents, after asking once more."""

from collections.abc import Sequence

import streamlit as st

from rag.errors import UnknownDocument
from rag.library import Library
from rag.types import DocumentRecord
from ui import session
from ui.components.naming import counted
from ui.components.plain import plain


@st.dialog("Remove from the library?")
def confirm_removal(library: Library, documents: Sequence[DocumentRecord]) -> None:
    """Names what would go, and removes it when asked again."""
    for document in documents[:10]:
        st.markdown(f"- {plain(document.name)}")
    if len(documents) > 10:
        st.markdown(f"- and {len(documents) - 10} more")
    st.caption("Text, vectors and words are deleted from this machine. Your own file stays where it is.")
    with st.container(horizontal=True):
        if st.button("Remove", type="primary", key="remove-sure"):
            remove_all(library, documents)
            st.rerun()
        if st.button("Keep"):
            st.rerun()


def remove_all(library: Library, documents: Sequence[DocumentRecord]) -> None:
    """Removes the documents; one that is gone already does not matter."""
    for document in documents:
        try:
            library.remove(document.id)
        except UnknownDocument:
            continue
    session.set_notice(f"Removed {counted(len(documents), 'document')}.")
