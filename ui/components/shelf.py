"""The shelf: documents come in, are looked at, and go."""

import streamlit as st

from rag.types import DocumentRecord
from ui.components.document_table import show_document_table
from ui.components.ingest_progress import show_ingest_progress
from ui.components.naming import counted
from ui.components.passport import show_passport
from ui.components.preview import show_preview
from ui.components.removal import confirm_removal
from ui.components.repairs import show_repairs
from ui.components.upload import show_upload
from ui.engine import Workshop


def show_documents(shop: Workshop, documents: list[DocumentRecord]) -> None:
    """The table, what can be done with chosen rows, and a preview of one."""
    chunks = sum(document.chunks for document in documents)
    st.caption(
        f"{counted(len(documents), 'document')}, {counted(chunks, 'chunk')}. Choose rows to look inside or remove."
    )
    chosen = show_document_table(documents, key="documents")
    if not chosen:
        return
    if st.button(f"Remove {counted(len(chosen), 'document')}", icon=":material/delete:", key="remove"):
        confirm_removal(shop.library, chosen)
    if len(chosen) == 1:
        show_preview(shop.library, chosen[0])


def show_library(shop: Workshop) -> None:
    """The whole page."""
    show_repairs(shop)
    files, folder = st.tabs(["Files", "A folder"])
    with files:
        show_upload(shop.queue)
    with folder:
        show_upload(shop.queue, folder=True)
    show_ingest_progress(shop.queue, key="library")
    documents = shop.library.documents()
    if documents:
        show_documents(shop, documents)
    else:
        st.caption("Nothing here yet. Drop files above, or try the sample documents on the Chat page.")
    show_passport(shop.library.passport)
