"""What is said on every page when the index was made with other settings than those of now, and how it is rebuilt."""

from collections.abc import Mapping

import streamlit as st

from ui import session
from ui.components.durations import time_left
from ui.components.naming import counted
from ui.components.plain import plain
from ui.engine import Workshop
from ui.rebuilding import Rebuild

POLL_S = 0.5

SENTENCES = {
    "embedding_model": "the model was {there}, and is to be {asked}",
    "chunk_tokens": "chunks hold up to {there} tokens, and are to hold {asked}",
    "chunk_overlap_tokens": "neighbouring chunks share {there} tokens, and are to share {asked}",
    "passage_tokens": "passages hold up to {there} tokens, and are to hold {asked}",
    "passage_overlap_sentences": "neighbouring passages share {there} sentences, and are to share {asked}",
    "passage_context": "passages were embedded with their title and heading: {there}, and are to be: {asked}",
    "parser": "files were read by version {there} of the reader, and this is {asked}",
    "chunker": "texts were cut by version {there} of the cutter, and this is {asked}",
    "revision": "the model's revision was {there}, and is {asked}",
    "window": "the model read {there} tokens at a time, and reads {asked}",
}
"""By the name of the setting in the passport; others are named as they are called there."""

FOLLOWS_FROM_THE_MODEL = {"model", "revision", "backend", "dimension", "pooling", "query_prompt", "passage_prompt"}
"""Not worth a word of their own where the model itself is another."""


def difference_words(differences: Mapping[str, tuple[object, object]]) -> str:
    """What differs, as one sentence."""
    shown = dict(differences)
    if "embedding_model" in shown:
        shown = {key: pair for key, pair in shown.items() if key not in FOLLOWS_FROM_THE_MODEL | {"window"}}
    parts = []
    for key, (there, asked) in shown.items():
        sentence = SENTENCES.get(key, f"{key.replace('_', ' ')} was {{there}}, and is {{asked}}")
        parts.append(sentence.format(there=value_words(there), asked=value_words(asked)))
    return "; ".join(parts)


def value_words(value: object) -> str:
    """A value of the passport; nothing is `none`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value or "none")


def show_rebuild(shop: Workshop) -> None:
    """The banner while there is something to say; nothing where the index is as it was asked for."""
    if shop.rebuild.state == "running":
        show_running(shop.rebuild)
        return
    differences = shop.library.differences
    if not differences:
        return
    with st.container(border=True, key="rebuild"):
        st.markdown(
            ":orange[:material/sync_problem:] **This library was built with other settings.** "
            + plain(difference_words(differences)[:1].upper() + difference_words(differences)[1:] + ".", length=600)
        )
        if shop.rebuild.state == "failed":
            st.error(plain(f"The rebuild failed. {shop.rebuild.trouble}", length=600), icon=":material/error:")
        documents = counted(shop.library.catalogue.counts()[0], "document")
        stopped = "What was done before it was stopped is kept. " if shop.rebuild.state == "stopped" else ""
        st.caption(f"{stopped}It answers as it is. A rebuild reads {documents} anew and changes over at the end.")
        st.button("Rebuild in the background", key="rebuild-start", icon=":material/sync:", on_click=shop.rebuild.start)


@st.fragment(run_every=POLL_S)
def show_running(rebuild: Rebuild) -> None:
    """How far the rebuild is, and a button that stops it."""
    if rebuild.state != "running":
        if rebuild.state == "done":
            session.set_notice("The index was rebuilt. Answers come from the new one.")
        st.rerun()
    progress = rebuild.progress
    words = "Rebuilding the index; the old one answers meanwhile"
    if progress.total > 1:
        words += f" · {progress.done:,} of {counted(progress.total, 'document')}"
    if rebuild.is_stopping:
        words += " · stopping"
    elif left := time_left(rebuild.remaining_s()):
        words += f" · {left}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="rebuild"):
        st.progress(min(1.0, progress.done / max(progress.total, 1)), text=words)
        st.button(
            "Stop", key="rebuild-stop", type="tertiary", width="content", on_click=rebuild.stop,
            disabled=rebuild.is_stopping,
        )  # fmt: skip
