"""The wire to a chat endpoint, against a real HTTP server: what is sent, what comes back, and what each fault says."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from rag import generation
from rag.errors import EndpointError
from rag.generation import DEFAULT_MODEL, EndpointModel, chat_model, list_models
from rag.refusal import REFUSAL
from rag.settings import Settings
from rag.types import Message, Retrieval
from tests.rag.builders import make_hits, make_retrieval
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.openai_server import OpenAIServer, Reply, error_reply

KEY = "sk-very-secret-key"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    """A server that says "Hello." until a test gives it other replies."""
    with OpenAIServer() as running:
        yield running


def _retrieval(*prompt: Message) -> Retrieval:
    return make_retrieval("How long?", make_hits("You have 30 days."), FakeEmbedder(), prompt=prompt)


def _model(server: OpenAIServer, **options: Any) -> EndpointModel:
    options = {"api_key": SecretStr(KEY), "timeout_s": 5.0, "max_retries": 0} | options
    return EndpointModel("small", base_url=server.base_url, **options)


def _fault(server: OpenAIServer, reply: Reply, **options: Any) -> str:
    """What the error says when the server replies so."""
    server.replies = [reply]
    with pytest.raises(EndpointError) as caught:
        list(_model(server, **options).stream(_retrieval()))
    return str(caught.value)


def test_stream_yields_the_pieces_as_they_come(server: OpenAIServer) -> None:
    """Every piece of text arrives, in order and unchanged; empty ones are left out."""
    server.replies = [Reply(["30 ", "", "days [1].", "\n", "日本"])]
    assert list(_model(server).stream(_retrieval())) == ["30 ", "days [1].", "\n", "日本"]


def test_stream_sends_the_prompt_of_the_retrieval(server: OpenAIServer) -> None:
    """The endpoint gets the messages, the model's name and the key, and nothing that some models refuse."""
    prompt = (Message(role="system", content="Rules."), Message(role="user", content="How long?"))
    list(_model(server).stream(_retrieval(*prompt)))
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body == {"model": "small", "messages": list(prompt), "stream": True}


def test_stream_keeps_the_environment_out(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and names meant for OpenAI are not sent to another endpoint."""
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    list(_model(server, api_key=None).stream(_retrieval()))
    assert "from-the-environment" not in str(server.requests)


def test_stream_without_passages_refuses_without_a_call(server: OpenAIServer) -> None:
    """With nothing to read the model could only invent, so it is not asked."""
    retrieval = make_retrieval("How long?", (), FakeEmbedder())
    assert list(_model(server).stream(retrieval)) == [f"{REFUSAL} nothing was found in them."]
    assert server.requests == []


def test_closing_the_stream_closes_the_connection(server: OpenAIServer) -> None:
    """Stopping an answer stops the server's work: it finds the connection closed."""
    server.replies = [Reply(["word "] * 1000, pause_s=0.01)]
    pieces = _model(server).stream(_retrieval())
    assert next(pieces) == "word "
    pieces.close()
    assert server.hung_up.wait(5)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (error_reply(401, "Incorrect API key provided: " + KEY), "does not accept the key"),
        (error_reply(403, "Not allowed for " + KEY), "does not allow this key"),
        (error_reply(404, "No such model"), "does not know the model 'small'"),
        (error_reply(429, f"Slow down, {KEY}", Retry_After="1"), 'rate limit or quota: "Slow down, \\[key\\]"'),
        (error_reply(400, "Too much.", "context_length_exceeded"), "prompt is too long for 'small'"),
        (error_reply(400, "the request exceeds the available context size"), "prompt is too long for 'small'"),
        (Reply(status=413, body=b"<html>too large</html>"), "prompt is too long for 'small'"),
        (error_reply(400, f"Bad thing {KEY}"), r'refused the question \(status 400\): "Bad thing \[key\]"'),
        (error_reply(500, "Out of memory"), r'trouble of its own \(status 500\).*: "Out of memory"'),
        (Reply(status=502, body=b"<html>" + KEY.encode()), r"trouble of its own \(status 502\)"),
        (Reply(["30 "], ending="cut"), "The answer was cut: .* closed the connection"),
        (Reply(["30 "], ending="no_finish"), "The answer was cut: .* closed the connection"),
        (Reply(["30 "], ending="length"), "reached its length limit"),
        (Reply(["30 "], ending="content_filter"), "content filter"),
        (Reply([]), "ended without an answer in words"),
        (Reply(raw=b"<html>Welcome to nginx</html>"), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b"data: {not json\n\n"), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b'data: {"choices": 5}\n\n'), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b"data: [1, 2]\n\n"), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b'data: {"choices": [{"index": 0}]}\n\n'), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b"\xff\xfe\x00"), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b""), "not an answer of an OpenAI-compatible chat endpoint"),
        (Reply(raw=b'data: {"error": {"message": "GPU lost"}}\n\n'), 'broke off the answer: "GPU lost"'),
        (Reply(raw=b'data: {"error": "GPU lost"}\n\n'), "broke off the answer"),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{value.status} {value.ending}",
)
def test_each_fault_is_said_in_plain_words(server: OpenAIServer, reply: Reply, said: str) -> None:
    """Whatever the endpoint does wrong becomes one EndpointError that says what, and never shows the key."""
    server.replies = [reply]
    with pytest.raises(EndpointError, match=said) as caught:
        list(_model(server).stream(_retrieval()))
    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_missing_key_is_not_called_a_wrong_one(server: OpenAIServer) -> None:
    """401 without a key set tells to set one."""
    assert "needs a key, and none is set" in _fault(server, error_reply(401, "No key"), api_key=None)


def test_openai_itself_is_not_called_without_a_key() -> None:
    """The default endpoint always wants a key, so its lack is said at once."""
    with pytest.raises(EndpointError, match=r"https://api\.openai\.com/v1 needs a key"):
        list(EndpointModel().stream(_retrieval()))


def test_silence_is_a_time_out(server: OpenAIServer) -> None:
    """An endpoint that says nothing in time is given up, before the first word or in the middle."""
    for reply in (Reply(["late"], delay_s=5), Reply(["late"], pause_s=5)):
        assert "was silent for 0.2 seconds" in _fault(server, reply, timeout_s=0.2)


def test_a_server_that_is_away_is_named() -> None:
    """A closed port is reported with the address, without a password it may hold."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = EndpointModel("m", base_url=f"http://me:password@127.0.0.1:{port}/v1", max_retries=0)
    with pytest.raises(EndpointError, match=f"Nothing answers at http://127.0.0.1:{port}/v1.") as caught:
        list(model.stream(_retrieval()))
    assert "password" not in str(caught.value)


@pytest.mark.parametrize("address", ["localhost:11434/v1", "ftp://a/v1", "file:///etc/passwd", "nonsense"])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    """Only http and https are spoken, and the message says so."""
    with pytest.raises(EndpointError, match="must begin with http:// or https://"):
        list(EndpointModel("m", base_url=address).stream(_retrieval()))


def test_a_rate_limit_is_tried_again(server: OpenAIServer) -> None:
    """After 429 with Retry-After the question is asked once more."""
    server.replies = [error_reply(429, "Slow down", Retry_After="0.01"), Reply(["Done [1]."])]
    assert list(_model(server, max_retries=1).stream(_retrieval())) == ["Done [1]."]
    assert len(server.requests) == 2


def test_a_cut_answer_is_not_asked_again(server: OpenAIServer) -> None:
    """Text that was shown is not followed by a second answer: what came stays, and the error follows."""
    server.replies = [Reply(["30 "], ending="cut"), Reply(["other"])]
    pieces = _model(server, max_retries=1).stream(_retrieval())
    assert next(pieces) == "30 "
    with pytest.raises(EndpointError, match="The answer was cut"):
        next(pieces)


def test_chat_model_quotes_when_no_endpoint_is_set() -> None:
    """Without address and key the quoting answer speaks, and says so by its name."""
    assert chat_model(Settings(), FakeEmbedder()).name == "quoting"


def test_chat_model_takes_the_endpoint_of_the_settings(server: OpenAIServer) -> None:
    """An address alone, or a key alone, is an endpoint; the model has a default."""
    local = chat_model(Settings(chat_base_url=server.base_url, chat_model="small"), FakeEmbedder())
    hosted = chat_model(Settings(chat_api_key=SecretStr(KEY)), FakeEmbedder())
    assert (local.name, hosted.name) == ("small", DEFAULT_MODEL)
    assert isinstance(hosted, EndpointModel)
    assert hosted.address == "https://api.openai.com/v1"
    assert list(local.stream(_retrieval())) == ["Hello."]


def test_list_models_names_what_the_endpoint_has(server: OpenAIServer) -> None:
    """Names are sorted, so that a menu of them is steady."""
    assert list_models(Settings(chat_base_url=server.base_url)) == ["large", "small"]


def test_connection_test_says_who_answered(server: OpenAIServer) -> None:
    """One short chat proves address, key and model together."""
    settings = Settings(chat_base_url=server.base_url, chat_model="small")
    said = generation.test_connection(settings)
    assert said.startswith(f"'small' at {server.base_url} answers, the first word after ")


def test_connection_test_needs_an_endpoint() -> None:
    """With nothing to test, it says what to set."""
    with pytest.raises(EndpointError, match=r"No chat endpoint is set\. Set SIGHTLINE_CHAT_BASE_URL"):
        generation.test_connection(Settings())


def test_key_is_not_shown_by_the_model(server: OpenAIServer) -> None:
    """Printing a model shows no key."""
    assert KEY not in repr(_model(server))


def test_generation_imports_without_openai() -> None:
    """The openai package costs a second and more, so only a call to an endpoint loads it."""
    code = "import sys, rag.generation; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
