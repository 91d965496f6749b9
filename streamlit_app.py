"""The entry point: `streamlit run streamlit_app.py` serves the guarded app."""

import sys
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from ui.guard import lifespan, middleware  # noqa: E402  (found only once the path is set)

app = st.App(HERE / "ui" / "app.py", middleware=middleware(), lifespan=lifespan)
