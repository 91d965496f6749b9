"""What all sessions of this process share. The only file that uses Streamlit's caches."""

import streamlit as st

from rag.settings import Settings
from ui.engine import Engine, Workshop


def _close(engine: Engine) -> None:
    engine.close()


@st.cache_resource(show_spinner=False, on_release=_close)
def engine() -> Engine:
    """The one engine of this process: one folder, one owner. It opens in the background."""
    opened = Engine(Settings())
    opened.start()
    return opened


def workshop() -> Workshop:
    """The library, the queue and the model. Raises SightlineError while they are not open."""
    return engine().workshop()


def close_engine() -> None:
    """Closes the library of this process, if it is open."""
    engine.clear()


def reopen_engine() -> None:
    """Tries again after opening failed."""
    engine.clear()
