"""Where answers come from: the address of an OpenAI-compatible endpoint, its model, its key."""

import streamlit as st

from rag.errors import EndpointError
from rag.generation import list_models, test_connection
from ui import session
from ui.components.naming import counted
from ui.components.plain import plain


def show_key() -> None:
    """A field for the key; once there is one it is never shown, only forgotten."""
    if session.settings().chat_api_key is None:
        key = st.text_input(
            "Key",
            type="password",
            key="endpoint-key",
            placeholder="none",
            help="Kept in memory for this browser tab only. It is never written to disk and never shown again.",
        )
        if key:
            session.set_key(key)
            session.drop_field("endpoint-key")
            st.rerun()
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":material/key: A key is set. It is kept in memory for this tab only.")
        if st.button("Forget the key"):
            session.forget_key()
            st.rerun()


def show_address() -> None:
    """The base URL; empty for none."""
    current = session.settings().chat_base_url or ""
    address = st.text_input(
        "Base URL",
        value=current,
        key="endpoint-address",
        placeholder="http://localhost:11434/v1",
        help="Ollama, vLLM, llama.cpp, a gateway, or https://api.openai.com/v1. Empty: Sightline quotes.",
    ).strip()
    if address != current:
        session.change_settings(chat_base_url=address or None, chat_model=None)
        session.forget_test()
        session.drop_field("endpoint-model")


def show_model() -> None:
    """The model, from the endpoint's own list where there is one."""
    current = session.settings().chat_model
    listed = session.models()
    options = list(dict.fromkeys([*([current] if current else []), *listed]))
    chosen = st.selectbox(
        "Model",
        options,
        index=0 if current else None,
        placeholder="Test the connection to see its models, or type a name",
        accept_new_options=True,
        key="endpoint-model",
        help="The model's name at that endpoint.",
    )
    if chosen != current:
        session.change_settings(chat_model=chosen)
        session.drop_field("test-result")  # it was about the model before


def try_endpoint() -> str:
    """What the endpoint says, in a sentence; its list of models is kept. Raises EndpointError."""
    models = list_models(session.settings())
    session.set_models(models)
    if session.settings().chat_model is None and models:
        return f"Connected. The endpoint offers {counted(len(models), 'model')}: choose one."
    return test_connection(session.settings())


def show_test() -> None:
    """A button that asks the endpoint and says what came back."""
    settings = session.settings()
    is_set = bool(settings.chat_base_url or settings.chat_api_key)
    if st.button("Test connection", icon=":material/network_check:", disabled=not is_set):
        try:
            with st.spinner("Asking the endpoint"):
                session.set_test_result(True, try_endpoint())
        except EndpointError as error:
            session.set_test_result(False, str(error))
        st.rerun()
    result = session.test_result()
    if result is not None:
        (st.success if result[0] else st.error)(plain(result[1], length=500))


def speaker_now() -> str:
    """Which of the two speaks with the settings as they are."""
    settings = session.settings()
    if settings.chat_base_url or settings.chat_api_key:
        where = settings.chat_base_url or "OpenAI"
        return plain(f"Answered by {settings.chat_model or 'the default model'} at {where}.", length=300)
    return (
        "No endpoint is set, so Sightline quotes: the sentences that match best, word for word, each with its "
        "citation. Nothing leaves this machine."
    )


def show_endpoint_form() -> None:
    """The whole of it, and which of the two is speaking now."""
    st.markdown("## Answers")
    speaking = st.empty()
    show_address()
    show_key()
    show_model()
    show_test()
    speaking.caption(speaker_now())
