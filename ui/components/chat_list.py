"""Earlier chats: open one, start a new one, delete the open one."""

import streamlit as st

from rag.chats import Chat, Chats
from ui import session
from ui.components.plain import plain

SHOWN = 30
TITLE_LENGTH = 46


def show_chat_list(chats: Chats) -> None:
    """The open chat's buttons and the list of the others; nothing before the first chat."""
    open_id = session.chat_id()
    earlier = chats.list()
    if not earlier:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button("New chat", icon=":material/add:", disabled=open_id is None):
            session.open_chat(None)
            st.rerun()
        with st.popover("Chats", icon=":material/history:"):
            for chat in earlier[:SHOWN]:
                show_entry(chat, is_open=chat.id == open_id)
        if open_id is not None and st.button(
            "", key="delete-chat", icon=":material/delete:", type="tertiary", help="Delete this chat"
        ):
            confirm_delete(chats, open_id)


def show_entry(chat: Chat, *, is_open: bool) -> None:
    """One chat of the list."""
    label = plain(chat.title, length=TITLE_LENGTH)
    if st.button(label, key=f"chat-{chat.id}", type="secondary" if is_open else "tertiary", width="stretch"):
        session.open_chat(chat.id)
        st.rerun()


@st.dialog("Delete this chat?")
def confirm_delete(chats: Chats, chat_id: str) -> None:
    """Asks once more before a chat goes."""
    st.markdown("Its questions and answers are deleted from this machine. Documents stay.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-chat-sure"):
            chats.delete(chat_id)
            session.open_chat(None)
            st.rerun()
        if st.button("Keep it"):
            st.rerun()
