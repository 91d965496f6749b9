"""The library's documents as a table whose rows can be chosen."""

from collections.abc import Sequence

import streamlit as st

from rag.types import DocumentRecord
from ui import session
from ui.components.naming import file_size

_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
KINDS = {
    "text/plain": "text",
    "text/markdown": "Markdown",
    "text/html": "HTML",
    "text/csv": "CSV",
    "text/tab-separated-values": "TSV",
    "application/json": "JSON",
    "application/jsonl": "JSON Lines",
    "application/x-ipynb+json": "notebook",
    "application/pdf": "PDF",
    "application/epub+zip": "EPUB",
    "application/rtf": "RTF",
    f"{_OFFICE}.wordprocessingml.document": "Word",
    f"{_OFFICE}.presentationml.presentation": "PowerPoint",
    f"{_OFFICE}.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-excel.sheet.macroEnabled.12": "Excel",
    "application/msword": "Word",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.ms-excel": "Excel",
    f"{_OPEN_DOCUMENT}.text": "ODT",
    f"{_OPEN_DOCUMENT}.presentation": "ODP",
    f"{_OPEN_DOCUMENT}.spreadsheet": "ODS",
    "message/rfc822": "e-mail",
    "application/vnd.ms-outlook": "e-mail",
    **{f"image/{kind}": "picture" for kind in ("png", "jpeg", "tiff", "webp", "gif", "bmp")},
}


def table_rows(documents: Sequence[DocumentRecord]) -> list[dict[str, str | int | None]]:
    """One row for each document. A table shows text as text, so names need no escaping here."""
    return [
        {
            "Name": document.name,
            "Type": KINDS.get(document.media_type, document.media_type),
            "Pages": document.pages,
            "Chunks": document.chunks,
            "Passages": document.passages,
            "Tokens": document.tokens,
            "Unread": document.unread_tokens,
            "Size": file_size(document.size_bytes),
            "Added": document.added_at[:16].replace("T", " "),
            "Warnings": "; ".join(document.warnings),
        }
        for document in documents
    ]


def show_document_table(documents: Sequence[DocumentRecord], *, key: str) -> list[DocumentRecord]:
    """Draws the table; the documents whose rows are chosen. Where documents come or go, no row stays chosen."""
    key = f"{key}-{hash(tuple(document.id for document in documents))}"  # rows are chosen by their number
    st.dataframe(
        table_rows(documents),
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "Name": st.column_config.TextColumn(width="medium"),
            "Unread": st.column_config.NumberColumn(
                "Unread", help="Tokens that the embedding model could not read. Anything but 0 is a warning."
            ),
            "Tokens": st.column_config.NumberColumn(format="localized"),
            "Added": st.column_config.TextColumn("Added (UTC)"),
        },
    )
    return [documents[row] for row in session.chosen_rows(key)]
