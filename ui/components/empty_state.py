"""What an empty library and an empty chat say: what this is, and what to do next."""

import streamlit as st

from rag.ingest_queue import IngestQueue
from ui import session
from ui.components.upload import show_upload, submit_samples

EXAMPLES = (
    "How long do I have to return a book?",
    "How many days of annual leave do full-time employees have?",
    "Should I cover my hands before touching an antiquarian atlas?",
)


def show_welcome(queue: IngestQueue) -> None:
    """For a library without documents: the samples with one click, or one's own files."""
    st.markdown("# Ask your documents, and see why")
    st.markdown(
        "Sightline answers from your own files, cites the passage behind every sentence, "
        "and shows what made each passage match. Nothing leaves this machine unless you set a model that is elsewhere."
    )
    if queue.is_busy():
        return
    if st.button("Try the sample documents", type="primary", icon=":material/auto_stories:"):
        submit_samples(queue)
        st.rerun()
    st.caption("or add your own")
    show_upload(queue, in_chat=True)


def show_examples() -> None:
    """For a chat without questions: three to begin with."""
    st.markdown("# What would you like to know?")
    st.caption("Ask in your own words. For example:")
    with st.container(gap="xxsmall"):
        for place, question in enumerate(EXAMPLES):
            if st.button(question, key=f"example-{place}", icon=":material/arrow_forward:", type="tertiary"):
                session.suggest(question)
                st.rerun()
