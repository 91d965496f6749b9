"""What one browser tab remembers. The only file that touches Streamlit's session state."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

import streamlit as st

from rag.settings import Settings

if TYPE_CHECKING:  # importing these for good takes seconds, and the first page does not need them
    from rag.projection import TargetMap
    from rag.types import Explanation, Retrieval

Value = TypeVar("Value")


@dataclass(slots=True)
class Evidence:
    """What stands behind the latest answer of a chat: the trace, and what was computed from it so far."""

    chat_id: str
    question: str
    retrieval: "Retrieval"
    target: "TargetMap"
    explanations: "dict[str, Explanation]" = field(default_factory=dict)
    selected: str | None = None


def _remembered(name: str, default: Callable[[], Value]) -> Value:
    if name not in st.session_state:
        st.session_state[name] = default()
    return cast(Value, st.session_state[name])


def settings() -> Settings:
    """The settings of this tab: the server's, with what was changed on the settings page. Kept in memory only."""
    return _remembered("settings", Settings)


def change_settings(**changes: Any) -> None:  # noqa: ANN401  (each setting has its own type; Settings checks them)
    """Replaces some settings of this tab. Raises ValueError for a value that is not allowed."""
    merged = {name: getattr(settings(), name) for name in Settings.model_fields} | changes
    st.session_state["settings"] = Settings(**merged)


def set_key(key: str) -> None:
    """Keeps the key of the chat endpoint, in memory and in this tab only."""
    change_settings(chat_api_key=key)


def forget_key() -> None:
    """Drops the key."""
    change_settings(chat_api_key=None)


def chat_id() -> str | None:
    """The open chat. Its id stands in the address, so that a reload opens it again."""
    in_address = st.query_params.get("chat")
    if in_address:
        st.session_state["chat"] = in_address
        return in_address
    return cast(str | None, st.session_state.get("chat"))


def open_chat(chat: str | None) -> None:
    """Opens a chat; None for a new one."""
    st.session_state["chat"] = chat
    if chat is None:
        st.query_params.pop("chat", None)
    else:
        st.query_params["chat"] = chat


def evidence() -> Evidence | None:
    """The evidence shown beside the chat."""
    return cast(Evidence | None, st.session_state.get("evidence"))


def set_evidence(value: Evidence | None) -> None:
    """Replaces the evidence."""
    st.session_state["evidence"] = value


def note_lost_evidence(chat: str, question: str, why: str) -> None:
    """Remembers why the evidence of a question could not be looked up: trying again can take a minute."""
    st.session_state["lost-evidence"] = chat, question, settings(), why


def lost_evidence(chat: str, question: str) -> str:
    """Why it could not be; empty when it can be tried, with other settings, too."""
    *about, why = st.session_state.get("lost-evidence", ("",))
    return cast(str, why) if about == [chat, question, settings()] else ""


def suggested_question() -> str | None:
    """The example question that was just clicked; asked once."""
    return cast(str | None, st.session_state.pop("suggested", None))


def suggest(question: str) -> None:
    """Asks a question on the next run, as if it had been typed."""
    st.session_state["suggested"] = question


def uploader_key() -> str:
    """The key of the uploader; a new one empties it, which frees the bytes it holds."""
    return f"uploader-{_remembered('uploads', int)}"


def next_uploader() -> None:
    """Empties the uploader."""
    st.session_state["uploads"] = _remembered("uploads", int) + 1


def set_looked(name: str, *, is_busy: bool, read: int) -> None:
    """Remembers how the queue was when a page was drawn: whether it worked, and how many files it had read."""
    st.session_state[f"looked-{name}"] = is_busy, read
    if not is_busy:
        st.session_state[f"read-before-{name}"] = read


def looked(name: str) -> tuple[bool, int]:
    """How the queue was when the page was drawn."""
    return cast(tuple[bool, int], st.session_state.get(f"looked-{name}", (False, 0)))


def read_before(name: str) -> int:
    """How many files were read before the work that is under way."""
    return cast(int, st.session_state.get(f"read-before-{name}", 0))


def has_read(name: str) -> bool:
    """Whether a line was read in this tab, and is not to be shown again."""
    return bool(st.session_state.get(f"read-{name}", False))


def note_read(name: str) -> None:
    """Remembers that a line was read."""
    st.session_state[f"read-{name}"] = True


def is_cancelled(job_id: str) -> bool:
    """Whether this tab has cancelled a job, which ends at its next step."""
    return job_id in _remembered("cancelled", set[str])


def note_cancelled(job_id: str) -> None:
    """Remembers that a job was cancelled."""
    _remembered("cancelled", set[str]).add(job_id)


def forget_cancelled(job_id: str) -> None:
    """A job that is tried again is no longer cancelled."""
    _remembered("cancelled", set[str]).discard(job_id)


def notice() -> str | None:
    """A sentence to show once after a change of page or a rerun."""
    return cast(str | None, st.session_state.pop("notice", None))


def set_notice(text: str) -> None:
    """Shows a sentence on the next run."""
    st.session_state["notice"] = text


def ask_to_empty() -> None:
    """Asks, on the next run, whether what came from an emptied folder shall go."""
    st.session_state["asked-to-empty"] = True


def is_asked_to_empty() -> bool:
    """Whether to ask that now; true once."""
    return bool(st.session_state.pop("asked-to-empty", False))


def note_attached(job_ids: Iterable[str]) -> None:
    """Remembers files that came in on the chat page, so that their troubles are told there, and no others."""
    _remembered("attached", set[str]).update(job_ids)


def is_attached(job_id: str) -> bool:
    """Whether a file came in on the chat page of this tab."""
    return job_id in _remembered("attached", set[str])


def chosen_rows(table: str) -> list[int]:
    """The rows chosen in a table, from its widget state."""
    state = st.session_state.get(table)
    return sorted(state.selection.rows) if state else []


def drop_field(name: str) -> None:
    """Forgets what was typed into a field."""
    st.session_state.pop(name, None)


def models() -> list[str]:
    """The models that the endpoint offered when it was last asked."""
    return _remembered("models", list)


def set_models(names: list[str]) -> None:
    """Keeps the endpoint's list of models."""
    st.session_state["models"] = names


def test_result() -> tuple[bool, str] | None:
    """Whether the endpoint answered when it was last tried, and what to say about it."""
    return cast(tuple[bool, str] | None, st.session_state.get("test-result"))


def set_test_result(succeeded: bool, words: str) -> None:
    """Keeps how the last try went."""
    st.session_state["test-result"] = (succeeded, words)


def forget_test() -> None:
    """Drops what is known of an endpoint, for another address."""
    st.session_state.pop("test-result", None)
    set_models([])
