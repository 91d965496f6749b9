"""Chat: the conversation once the library is open."""

import streamlit as st

from ui import session
from ui.components.opening import is_open
from ui.components.plain import plain
from ui.components.rebuild_banner import show_rebuild
from ui.resources import engine, workshop

if is_open(engine()):
    from ui.components.conversation import show_chat  # only now: what it imports would keep the first page waiting

    show_rebuild(workshop())
    show_chat(workshop())
else:
    st.chat_input("Ask as soon as the library is open", disabled=True, key="question-later")
if words := session.notice():
    st.toast(plain(words))
