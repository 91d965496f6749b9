"""What a page shows while the library is being opened, or could not be."""

import streamlit as st

from ui.components.plain import plain
from ui.engine import Engine
from ui.resources import reopen_engine

POLL_S = 0.4


@st.fragment(run_every=POLL_S)
def show_opening(engine: Engine) -> None:
    """How far the opening is; runs the page again once it is done."""
    if engine.state != "opening":
        st.rerun()
    st.status(plain(engine.status, length=300), type="compact")


def show_failure(engine: Engine) -> None:
    """Why the library is not open, and a way to try again."""
    st.error(plain(engine.status, length=600), icon=":material/error:")
    if st.button("Try again"):
        reopen_engine()
        st.rerun()


def is_open(engine: Engine) -> bool:
    """Whether the library is open; draws why not if it is not. Waits a moment, so that a warm start never blinks."""
    if engine.wait(0.3):
        return True
    if engine.state == "failed":
        show_failure(engine)
    else:
        show_opening(engine)
    return False
