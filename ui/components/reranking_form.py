"""Whether the best chunks are read once more with the question, by which model, and how much that counts."""

import streamlit as st

from rag.reranking.late_interaction import LATE_INTERACTION
from rag.settings import Settings

CROSS_ENCODER = "cross-encoder"
RERANKERS = {
    "none": "None",
    LATE_INTERACTION: "Late interaction",
    CROSS_ENCODER: "A cross-encoder",
}


def show_reranking(current: Settings, defaults: Settings) -> dict[str, object]:
    """The choice of a reranker, and what belongs to it once there is one; the settings that it amounts to."""
    kind = current.reranker if current.reranker in RERANKERS else CROSS_ENCODER
    chosen = st.selectbox(
        "Reranking",
        list(RERANKERS),
        index=list(RERANKERS).index(kind),
        key="reranker",
        format_func=RERANKERS.__getitem__,
        help="Late interaction: each token of the question looks for the token of the passage most like it, by the "
        "embedding model itself. A cross-encoder: another model, which has to be on this machine or is downloaded.",
    )
    if chosen == CROSS_ENCODER:
        chosen = show_name(current.reranker if kind == CROSS_ENCODER else "")
    if chosen == "none":
        return {"reranker": chosen}
    left, right = st.columns(2)
    chunks = left.number_input(
        "Chunks that are reranked",
        1,
        1000,
        current.rerank_chunks,
        key="rerank-chunks",
        help=f"The best of the fused ranking. Default {defaults.rerank_chunks}.",
    )
    weight = right.slider(
        "Reranker against fused score",
        0.0,
        1.0,
        current.rerank_weight,
        0.05,
        key="rerank-weight",
        help=f"1: only the reranker. 0: only the fused score. Default {defaults.rerank_weight}.",
    )
    return {"reranker": chosen, "rerank_chunks": chunks, "rerank_weight": weight}


def show_name(current: str) -> str:
    """The name of a cross-encoder; none is meant until one is given."""
    name = st.text_input(
        "Name or folder of the cross-encoder",
        current,
        key="cross-encoder",
        placeholder="cross-encoder/ms-marco-MiniLM-L6-v2",
        help="A name is looked up at the Hugging Face hub, unless the model is on this machine already.",
    ).strip()
    return name or "none"
