"""Library: its documents, once it is open."""

import streamlit as st

from ui import session
from ui.components.opening import is_open
from ui.components.plain import plain
from ui.components.rebuild_banner import show_rebuild
from ui.resources import engine, workshop

st.markdown("# Library")
if is_open(engine()):
    from ui.components.shelf import show_library  # only now: what it imports would keep the first page waiting

    show_rebuild(workshop())
    show_library(workshop())
if words := session.notice():
    st.toast(plain(words))
