"""Each page, run without a browser on an empty library."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rag.embedding import Embedder
from rag.reranking import Reranker
from rag.settings import Settings
from tests.ui.conftest import ROOT
from ui import resources

RUN_S = 120
SECRET = "sk-planted-secret-0451"


@pytest.fixture(scope="module", autouse=True)
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A library of its own for this process, open before the first page is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_DATA_DIR", str(tmp_path_factory.mktemp("pages") / "data"))
        engine = resources.engine()
        assert engine.wait(RUN_S), engine.status
        yield
        resources.close_engine()


def page(name: str) -> AppTest:
    """One page, run."""
    return AppTest.from_file(str(ROOT / "ui/views" / f"{name}.py"), default_timeout=RUN_S).run()


def words(app: AppTest) -> str:
    """All text on a page."""
    return "\n".join(str(element.value) for element in [*app.markdown, *app.caption, *app.success, *app.error])


def test_entry_lists_the_pages() -> None:
    """The entry point runs and opens the chat."""
    app = AppTest.from_file(str(ROOT / "ui/app.py"), default_timeout=RUN_S).run()
    assert not app.exception
    assert "Ask your documents" in words(app)


def test_empty_chat_says_what_to_do() -> None:
    """An empty library offers the samples and an uploader, and no evidence."""
    app = page("chat")
    assert not app.exception
    assert [button.label for button in app.button] == ["Try the sample documents"]
    assert app.chat_input[0].placeholder == "Add documents first, then ask"
    assert not app.sidebar.markdown


def test_question_without_documents_is_refused_and_kept() -> None:
    """The refusal says why, and the chat is there on the next visit."""
    app = page("chat")
    app.chat_input[0].set_value("What is *this*?").run()
    assert not app.exception
    assert "nothing was found" in app.warning[0].value
    chat = app.query_params["chat"]
    again = AppTest.from_file(str(ROOT / "ui/views/chat.py"), default_timeout=RUN_S)
    again.query_params["chat"] = chat
    again.run()
    assert [message.name for message in again.chat_message] == ["user", "assistant"]


def test_deleted_chat_is_a_new_chat() -> None:
    """An address with a chat that is gone shows the beginning, no error."""
    app = AppTest.from_file(str(ROOT / "ui/views/chat.py"), default_timeout=RUN_S)
    app.query_params["chat"] = "gone"
    app.run()
    assert not app.exception
    assert "Ask your documents" in words(app)


def test_empty_library_page() -> None:
    """It says that nothing is here yet, and shows the passport."""
    app = page("library")
    assert not app.exception
    assert "Nothing here yet" in words(app)
    assert "all-MiniLM-L6-v2" in str(app.dataframe[0].value)


def test_settings_change_and_hold() -> None:
    """A changed weight is kept, and the note says from when it holds."""
    app = page("settings")
    app.slider[0].set_value(0.8).run()
    assert not app.exception
    assert app.session_state["settings"].dense_weight == 0.8
    assert app.slider[0].value == 0.8


def test_diversity_is_chosen() -> None:
    """It holds from the next question on."""
    app = page("settings")
    app.slider(key="diversity").set_value(0.4).run()
    assert app.session_state["settings"].diversity == 0.4


def test_reranker_is_chosen() -> None:
    """None, late interaction or a name; how many chunks and how much weight are asked only where it matters."""
    app = page("settings")
    assert app.selectbox(key="reranker").value == "none"
    assert not [field for field in app.number_input if field.label == "Chunks that are reranked"]
    app.selectbox(key="reranker").set_value("late-interaction").run()
    app.number_input(key="rerank-chunks").set_value(7).run()
    settings = app.session_state["settings"]
    assert (settings.reranker, settings.rerank_chunks, settings.rerank_weight) == ("late-interaction", 7, 0.5)
    app.selectbox(key="reranker").set_value("cross-encoder").run()
    assert app.session_state["settings"].reranker == "none"  # until it has a name
    app.text_input(key="cross-encoder").set_value("models/mine").run()
    assert app.session_state["settings"].reranker == "models/mine"
    assert not app.exception


def test_question_with_a_reranker_that_is_not_there_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says it, and so does the sidebar, without trying again at each click; with another choice it works."""
    tried: list[str] = []
    rerankers = resources.workshop().library.rerankers
    load = rerankers.get

    def counted(settings: Settings, embedder: Embedder) -> Reranker | None:
        tried.append(settings.reranker)
        return load(settings, embedder)

    monkeypatch.setattr(rerankers, "get", counted)
    app = page("chat")
    app.session_state["settings"] = resources.engine().settings.model_copy(update={"reranker": "/none/such"})
    app.chat_input[0].set_value("What is this?").run()
    app.run()
    assert not app.exception
    assert "could not be loaded" in app.warning[0].value
    assert "could not be loaded" in app.sidebar.caption[-1].value
    app.session_state["settings"] = resources.engine().settings
    app.run()
    assert not app.exception
    assert "could not be loaded" not in "".join(caption.value for caption in app.sidebar.caption)
    assert tried == ["/none/such", "none"]


def test_key_is_kept_in_memory_and_never_shown() -> None:
    """After it is typed it is nowhere on the page and nowhere on disk; it can be forgotten."""
    app = page("settings")
    app.text_input(key="endpoint-key").set_value(SECRET).run()
    assert not app.exception
    assert "A key is set" in words(app)
    assert SECRET not in repr(app)
    assert app.session_state["settings"].chat_api_key.get_secret_value() == SECRET
    library = resources.workshop().library.settings.data_dir
    assert all(SECRET.encode() not in file.read_bytes() for file in Path(library).rglob("*") if file.is_file())
    next(button for button in app.button if button.label == "Forget the key").click().run()
    assert app.session_state["settings"].chat_api_key is None


def test_connection_that_fails_says_so() -> None:
    """An address where nobody listens gives plain words, not a traceback."""
    app = page("settings")
    app.text_input[0].set_value("http://127.0.0.1:9/v1").run()
    next(button for button in app.button if button.label == "Test connection").click().run()
    assert not app.exception
    assert "Nothing answers" in app.error[0].value


def test_page_without_a_library_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that another process owns is named in a sentence, with a way to try again."""
    from ui.engine import Engine

    failed = Engine(resources.engine().settings)
    failed.start()  # the folder is this process's own already
    assert not failed.wait(RUN_S)
    monkeypatch.setattr(resources, "engine", lambda: failed)
    app = page("library")
    assert "owns the library in" in app.error[0].value.replace("\\", "")
    assert [button.label for button in app.button] == ["Try again"]
