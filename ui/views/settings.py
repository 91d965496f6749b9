"""Settings: where answers come from, how passages are found, and what the index is made of."""

import streamlit as st

from ui import session
from ui.components.endpoint_form import show_endpoint_form
from ui.components.opening import is_open
from ui.components.plain import plain
from ui.components.rebuild_banner import show_rebuild
from ui.components.retrieval_form import show_retrieval_form
from ui.components.watched_folder import show_watched_folder
from ui.resources import engine, workshop


def show_embedding() -> None:
    """The embedding model and the sizes of chunks, which the server decides."""
    settings = session.settings()
    st.markdown("## Embedding")
    st.markdown(
        f"Model **{plain(settings.embedding_model)}**, chunks of up to **{settings.chunk_tokens}** tokens, "
        f"passages of up to **{settings.passage_tokens}**."
    )
    st.caption(
        "Vectors are only comparable within one model and one way of cutting, so these are set when the server "
        "starts: SIGHTLINE\\_EMBEDDING\\_MODEL, SIGHTLINE\\_CHUNK\\_TOKENS, SIGHTLINE\\_PASSAGE\\_TOKENS."
    )


st.markdown("# Settings")
if engine().state == "ready":
    show_rebuild(workshop())
show_endpoint_form()
show_retrieval_form()
show_embedding()
if is_open(engine()):
    show_watched_folder(workshop())
if words := session.notice():
    st.toast(plain(words))
