"""The list of pages.

Their folder is not called 'pages': Streamlit would serve its files itself, past this one, to whoever comes first.
"""

from pathlib import Path

import streamlit as st

SIDEBAR_PIXELS = 400

st.set_page_config(page_title="Sightline", page_icon="🔎", layout="centered", initial_sidebar_state=SIDEBAR_PIXELS)
st.logo(Path(__file__).parent / "logo.svg", size="large")
st.navigation(
    [
        st.Page("views/chat.py", title="Chat", icon=":material/chat:", default=True),
        st.Page("views/library.py", title="Library", icon=":material/library_books:"),
        st.Page("views/settings.py", title="Settings", icon=":material/tune:"),
    ],
    position="top",
).run()
