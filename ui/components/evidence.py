"""The sidebar: what stands behind the latest answer."""

import streamlit as st

from rag.errors import UnknownDocument
from rag.explanation import explain
from rag.library import Library
from rag.types import Explanation, Retrieval
from ui import session
from ui.components.cosine_scores import chunk_numbers, show_cosine_scores
from ui.components.naming import counted, place, where
from ui.components.plain import plain
from ui.components.target_map import show_target_map
from ui.components.why import show_why


def explanation_of(library: Library, evidence: session.Evidence, chunk_id: str) -> Explanation:
    """The explanation of a chunk, computed once. Raises UnknownDocument when it has been removed."""
    if chunk_id not in evidence.explanations:
        evidence.explanations[chunk_id] = explain(library, evidence.retrieval, chunk_id)
    return evidence.explanations[chunk_id]


def select(evidence: session.Evidence, picked: str | None) -> None:
    """Selects the chunk that was clicked, and draws everything again around it."""
    if picked and picked in evidence.retrieval.ladders and picked != evidence.selected:
        evidence.selected = picked
        st.rerun()


def show_evidence(library: Library, evidence: session.Evidence) -> None:
    """Map, scores, and why each chunk matched."""
    retrieval = evidence.retrieval
    st.markdown("## Why these passages")
    st.caption(plain(f"for “{evidence.question}”", length=160))
    if retrieval.known_share < 1:
        known = f"{100 * retrieval.known_share:.0f} %"
        st.caption(
            f"{known} of this question means something to the embedding model; the rest are identifiers, or words it "
            f"never learned. So meaning has {known} of its weight against words."
        )
    if not retrieval.ladders:
        st.caption("Nothing was found for this question.")
        return
    try:
        explanations = [explanation_of(library, evidence, hit.chunk.id) for hit in retrieval.context]
        show_target(evidence)
        show_scores(evidence, explanations)
        show_reasons(library, evidence)
    except UnknownDocument:
        st.caption("Documents behind this answer have been removed since. Ask again to see what stands now.")


def show_target(evidence: session.Evidence) -> None:
    """The map of all candidates around the question."""
    retrieval = evidence.retrieval
    st.markdown("### Target map")
    st.caption(
        f"The question in the middle, {counted(len(retrieval.ladders), 'chunk')} around it. "
        "Rings are cosines: nearer means more alike. Click a point."
    )
    numbers = chunk_numbers(retrieval)
    picked = show_target_map(
        evidence.target, retrieval.documents, numbers, selected=evidence.selected, key="target-map"
    )
    select(evidence, picked)


def show_scores(evidence: session.Evidence, explanations: list[Explanation]) -> None:
    """The cosines of what the answer read."""
    st.markdown("### Cosine scores")
    st.caption(
        f"Scale: lowest to highest of {counted(len(evidence.retrieval.ladders), 'candidate')}, each a tick on the axis."
    )
    select(evidence, show_cosine_scores(evidence.retrieval, explanations, key="cosine-scores"))


def repeated_words(retrieval: Retrieval, chunk_id: str) -> str:
    """Where else the words of a chunk stand, in a sentence."""
    places = [
        place(
            retrieval.documents[hit.chunk.document_id].name,
            hit.chunk.page,
            hit.chunk.heading_at(hit.chunk.start),
            hit.chunk.text,
        )
        for hit in retrieval.repeated[chunk_id]
    ]
    return f"Read once, though its words stand in other chunks too: {'; '.join(dict.fromkeys(places))}."


def show_reasons(library: Library, evidence: session.Evidence) -> None:
    """An expander for each chunk that was read, and for a selected candidate."""
    retrieval = evidence.retrieval
    numbers = chunk_numbers(retrieval)
    chunks = [hit.chunk.id for hit in retrieval.context]
    if evidence.selected and evidence.selected not in numbers:
        chunks = [evidence.selected, *chunks]
    st.markdown("### Why it matched")
    for chunk_id in chunks:
        explanation = explanation_of(library, evidence, chunk_id)
        number = f"[{numbers[chunk_id]}]" if chunk_id in numbers else "not read:"
        label = plain(f"{number} {where(explanation, retrieval.documents)}")
        chosen = chunk_id == evidence.selected
        # the key changes with the choice, so that the chosen one opens and the others close
        panel = st.expander(label, expanded=chosen, key=f"why-{chunk_id}-{chosen}", on_change="rerun")
        if panel.open:
            with panel:
                show_why(explanation, retrieval.reranker, key=f"why-{chunk_id}")
                if chunk_id in retrieval.repeated:
                    st.caption(plain(repeated_words(retrieval, chunk_id), length=600))
