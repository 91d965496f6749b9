"""What the vectors of this library were made with."""

from collections.abc import Mapping

import streamlit as st


def show_passport(passport: Mapping[str, str | int]) -> None:
    """The passport as a table, closed until it is wanted."""
    with st.expander("Index passport", icon=":material/badge:"):
        st.caption("Vectors are comparable only when all of this is the same. A change asks for a new index.")
        rows = [{"What": name.replace("_", " "), "Value": str(value)} for name, value in passport.items()]
        st.dataframe(rows, hide_index=True)
