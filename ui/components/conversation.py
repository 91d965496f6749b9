"""The chat: questions, answers with their citations, and the evidence beside them."""

from collections.abc import Sequence

import streamlit as st
from streamlit.typing import ChatInputValue

from ingestion.errors import SightlineError
from rag.chats import ChatMessage, Chats
from rag.errors import UnknownDocument
from rag.types import Retrieval
from ui import answering, session
from ui.components.answer import show_answer, speaker
from ui.components.chat_list import show_chat_list
from ui.components.citations import by_number, nearest, show_citations
from ui.components.empty_state import show_examples, show_welcome
from ui.components.evidence import show_evidence
from ui.components.ingest_progress import show_ingest_progress
from ui.components.plain import calm_markdown, plain
from ui.components.upload import submit_all, suffixes
from ui.engine import Workshop
from ui.session import Evidence

AVATARS = {"user": ":material/person:", "assistant": ":material/auto_stories:"}


def show_message(shop: Workshop, message: ChatMessage, place: int, found: Retrieval | None) -> None:
    """One turn of the chat as it was stored; `found` is the trace of the last one."""
    with st.chat_message(message.role, avatar=AVATARS[message.role]):
        answer = message.answer
        if answer is None:
            st.markdown(calm_markdown(message.content))
            return
        show_answer(answer)
        if answer.citations:
            show_citations(shop.library, by_number(answer.citations), key=f"citation-{place}")
        elif answer.refusal and found is not None and found.context:
            st.caption("The nearest passages, for what they are worth:")
            show_citations(shop.library, nearest(found), key=f"nearest-{place}")
        st.caption(speaker(answer))


def show_messages(shop: Workshop, messages: Sequence[ChatMessage], evidence: Evidence | None) -> None:
    """The whole chat; a question that was left without an answer can be asked again."""
    for place, message in enumerate(messages):
        is_last = place == len(messages) - 1
        show_message(shop, message, place, evidence.retrieval if evidence and is_last else None)
    if messages and messages[-1].role == "user":
        st.caption("This question was left without an answer.")
        if st.button("Ask it again", icon=":material/refresh:"):
            session.suggest(messages[-1].content)
            st.rerun()


def messages_of(chats: Chats, chat_id: str | None) -> Sequence[ChatMessage]:
    """The turns of a chat; none for a new one, or one that was deleted."""
    if chat_id is None:
        return ()
    try:
        return chats.get(chat_id).messages
    except UnknownDocument:
        session.open_chat(None)
        return ()


def question_from(value: ChatInputValue | None, shop: Workshop) -> str | None:
    """What was typed or clicked; attached files go to the queue."""
    suggested = session.suggested_question()
    if value is None:
        return suggested
    session.note_attached(submit_all(shop.queue, value.files))
    return value.text.strip() or None


def answer_question(shop: Workshop, question: str, earlier: Sequence[ChatMessage]) -> None:
    """Draws the question and the answer while it is written, and stores both."""
    turn = answering.begin(shop.library.chats, question)
    with st.chat_message("user", avatar=AVATARS["user"]):
        st.markdown(calm_markdown(question))
    with st.chat_message("assistant", avatar=AVATARS["assistant"]):
        try:
            with st.spinner("Looking in your documents"):
                answering.look_up(shop, turn, earlier)
            st.write_stream(answering.write(shop, turn))
        except SightlineError as error:
            turn.trouble = str(error)
        finally:
            answering.store(shop, turn)
    st.rerun()


def evidence_of(shop: Workshop, messages: Sequence[ChatMessage]) -> tuple[Evidence | None, str]:
    """What stands behind the last answer, or why that cannot be looked up now: a model may be gone since."""
    try:
        return answering.recall_evidence(shop, messages), ""
    except SightlineError as error:
        return None, str(error)


def show_chat(shop: Workshop) -> None:
    """The whole page."""
    messages = messages_of(shop.library.chats, session.chat_id())
    evidence, trouble = evidence_of(shop, messages)
    has_documents = not shop.library.catalogue.is_empty()
    beginning = st.empty()
    if not messages:
        with beginning.container():
            show_examples() if has_documents else show_welcome(shop.queue)
    show_messages(shop, messages, evidence)
    show_ingest_progress(shop.queue, key="chat", attached_only=True)
    question = question_from(show_input(has_documents), shop)
    if question:
        beginning.empty()
        answer_question(shop, question, messages)
    with st.sidebar:
        show_chat_list(shop.library.chats)
        if evidence is not None:
            show_evidence(shop.library, evidence)
        elif trouble:
            st.caption(plain(trouble, length=400))


def show_input(has_documents: bool) -> ChatInputValue | None:
    """Where questions are typed and files attached; its button stops an answer that is being written."""
    return st.chat_input(
        "Ask about your documents" if has_documents else "Add documents first, then ask",
        accept_file="multiple",
        file_type=suffixes(),
        submit_mode="stop",
        key="question",
    )
