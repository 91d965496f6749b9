"""The list of pages.

Their folder is not called 'pages': Streamlit would serve its files itself, past this one, to whoever comes first.
"""

from pathlib import Path

import streamlit as st

SIDEBAR_PIXELS = 400

st.set_page_config(page_title="Sightline", page_icon="🔎", initial_sidebar_state=SIDEBAR_PIXELS)
st.logo(Path(__file__).parent / "logo.svg", size="large")
library = st.Page("views/library.py", title="Library", icon=":material/library_books:")
page = st.navigation(
    [
        st.Page("views/chat.py", title="Chat", icon=":material/chat:", default=True),
        library,
        st.Page("views/settings.py", title="Settings", icon=":material/tune:"),
    ],
    position="top",
)
# subtle: after the icon, since the icon of a page would be fetched from afar for the tab; and once in a run, since a
# page whose width is said twice changes it at every click.
st.set_page_config(layout="wide" if page.title == library.title else "centered")
page.run()
