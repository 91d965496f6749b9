"""How passages are found: what counts, how many are taken."""

import streamlit as st

from rag.settings import Settings
from ui import session
from ui.components.reranking_form import show_reranking

FUSIONS = {"convex": "Scores (convex combination)", "rrf": "Ranks only (reciprocal rank fusion)"}


def show_retrieval_form() -> None:
    """The settings of retrieval; each change holds from the next question."""
    st.markdown("## Retrieval")
    st.caption("Changes hold from the next question, in this browser tab.")
    current, defaults = session.settings(), Settings()
    weight = st.slider(
        "Meaning against words",
        0.0,
        1.0,
        current.dense_weight,
        0.05,
        key="dense-weight",
        help="1: only meaning (cosine of embeddings). 0: only words (BM25). "
        f"Default {defaults.dense_weight}, which was best on the public chunking evaluation.",
    )
    left, right = st.columns(2)
    chunks = left.number_input(
        "Chunks the answer reads (k)",
        1,
        50,
        current.context_chunks,
        key="context-chunks",
        help=f"Default {defaults.context_chunks}.",
    )
    candidates = right.number_input(
        "Candidates from each ranking",
        1,
        1000,
        current.candidates,
        key="candidates",
        help=f"Default {defaults.candidates}.",
    )
    fusion = st.selectbox(
        "Fusion",
        list(FUSIONS),
        index=list(FUSIONS).index(current.fusion),
        key="fusion",
        format_func=FUSIONS.__getitem__,
        help="Scores: cosines stretched to 0..1 over the candidates, BM25 as a part of what a chunk with every word of "
        "the question would score; then weighted. Ranks: 1 / (60 + rank), summed.",
    )
    wanted = {"dense_weight": weight, "context_chunks": chunks, "candidates": candidates, "fusion": fusion}
    wanted |= {"diversity": diversity_slider(current, defaults)} | show_reranking(current, defaults)
    changed = {name: value for name, value in wanted.items() if getattr(current, name) != value}
    if changed:
        session.change_settings(**changed)


def diversity_slider(current: Settings, defaults: Settings) -> float:
    """How much the unlike is preferred, as it is set now."""
    return st.slider(
        "Diversity of what the answer reads",
        0.0,
        1.0,
        current.diversity,
        0.05,
        key="diversity",
        help="Above 0, a chunk unlike those chosen before it is preferred to one that scores higher and says much the "
        f"same (maximal marginal relevance). Default {defaults.diversity:g}: the best come first. What repeats a chunk "
        "word for word is left out in any case.",
    )
