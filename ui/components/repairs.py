"""What was mended when the library was opened."""

import streamlit as st

from ui import session
from ui.components.plain import plain
from ui.engine import Workshop


def show_repairs(shop: Workshop) -> None:
    """One quiet line, until it has been read."""
    repairs = shop.library.index.repairs
    if not repairs or session.has_read("repairs"):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            ":material/healing: Mended when the library was opened: " + plain("; ".join(repairs), length=600) + "\\."
        )
        st.button("Fine", key="repairs-read", type="tertiary", on_click=session.note_read, args=("repairs",))
