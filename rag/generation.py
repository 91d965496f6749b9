"""Who answers: a chat endpoint when one is set, otherwise the quoting answer. The home of the openai package."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit

from pydantic import SecretStr

from rag.embedding.embedder import Embedder
from rag.errors import EndpointError
from rag.quoting import QuotingModel
from rag.refusal import refusal_reason, refusal_text
from rag.settings import Settings
from rag.types import Message, Retrieval

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, OpenAI
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

OPENAI_URL = "https://api.openai.com/v1"

DEFAULT_MODEL = "gpt-5-mini"
"""Small and cheap: reading passages and citing them needs no larger model. Other endpoints have names of their own."""

TIMEOUT_S = 60.0
"""Longest silence of the endpoint, in seconds; a local model may read a long prompt before its first word."""

MAX_RETRIES = 1
"""Tries after the first, for rate limits, server errors and lost connections, before any text has come."""

_NO_KEY = "none"  # the client insists on a key; local servers do not
_DETAIL_CHARACTERS = 200


class ChatModel(Protocol):
    """Answers a question from what was retrieved for it."""

    @property
    def name(self) -> str:
        """What the page calls it."""
        ...

    def stream(self, retrieval: Retrieval) -> Generator[str, None, None]:
        """Pieces of the answer, Markdown with [n] marks for the n-th chunk of the context.

        Raises EndpointError, perhaps after some text. Closing the iterator stops the answer.
        """
        ...


class EndpointModel:
    """A model behind an OpenAI-compatible chat endpoint."""

    def __init__(
        self,
        name: str = DEFAULT_MODEL,
        *,
        base_url: str = OPENAI_URL,
        api_key: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
        max_retries: int = MAX_RETRIES,
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._key = api_key.get_secret_value().strip() if api_key else ""
        self._timeout_s = timeout_s
        self._max_retries = max_retries

    @property
    def name(self) -> str:
        """The model's name at the endpoint."""
        return self._name

    @property
    def address(self) -> str:
        """Where the endpoint is: scheme, host and path, without a name or password that the address may hold."""
        parts = urlsplit(self._base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def stream(self, retrieval: Retrieval) -> Generator[str, None, None]:
        """Pieces of the answer to the retrieval's prompt; with nothing retrieved, the refusal, and no call.

        Raises EndpointError when the endpoint refuses, falls silent, or ends the answer early.
        """
        if not retrieval.context:
            yield refusal_text(refusal_reason(retrieval) or "")
            return
        yield from self.complete(retrieval.prompt)

    def complete(self, messages: Sequence[Message]) -> Generator[str, None, None]:
        """Pieces of the model's reply to `messages`, never empty ones. Raises EndpointError like `stream`."""
        prompt = cast("list[ChatCompletionMessageParam]", list(messages))
        with (
            self._plain_errors(),
            self._client() as client,
            client.chat.completions.create(model=self._name, messages=prompt, stream=True) as chunks,
        ):
            yield from self._texts(chunks)

    def models(self) -> list[str]:
        """Names of the models that the endpoint lists, sorted. Raises EndpointError."""
        with self._plain_errors(), self._client() as client:
            return sorted(model.id for model in client.models.list())

    def _texts(self, chunks: "Iterator[ChatCompletionChunk]") -> Iterator[str]:
        """The texts of `chunks`, which must end with the model's own stop."""
        finish: str | None = None
        said_anything = False
        for chunk in chunks:
            for choice in chunk.choices[:1]:
                finish = choice.finish_reason or finish
                if choice.delta.content:
                    said_anything = True
                    yield choice.delta.content
        if finish != "stop" or not said_anything:
            raise EndpointError(self._early_end(finish, said_anything=said_anything))

    def _early_end(self, finish: str | None, *, said_anything: bool) -> str:
        if finish == "length":
            return f"The answer was cut: {self._name!r} reached its length limit. Ask for less, or set a larger limit."
        if finish == "content_filter":
            return f"{self.address} stopped the answer with its content filter."
        if finish:
            return f"{self._name!r} ended without an answer in words (finish reason {finish!r})."
        if said_anything:
            return f"The answer was cut: {self.address} closed the connection in the middle of it. Try again."
        return self._garbage()

    def _garbage(self) -> str:
        return (
            f"What {self.address} sent is not an answer of an OpenAI-compatible chat endpoint. "
            "Check the address; it usually ends in /v1."
        )

    def _client(self) -> "OpenAI":
        """A client of its own for every call, so that closing it closes the connection."""
        if urlsplit(self._base_url).scheme not in ("http", "https"):
            raise EndpointError(f"The endpoint's address {self.address!r} must begin with http:// or https://.")
        if not self._key and self._base_url == OPENAI_URL:
            raise EndpointError(self._key_trouble())
        from openai import OpenAI

        client = OpenAI(
            api_key=self._key or _NO_KEY,
            base_url=self._base_url,
            timeout=self._timeout_s,
            max_retries=self._max_retries,
        )
        # The client reads these from the environment; they are for OpenAI, not for any endpoint.
        client.organization = client.project = None
        return client

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        """Everything that the openai package raises becomes an EndpointError in plain words.

        subtle: `from None`, because the original's request and body may show the key in a traceback.
        """
        from openai import APIError, OpenAIError

        try:
            yield
        except APIError as error:
            raise EndpointError(self._plain(error)) from None
        except OpenAIError:
            raise EndpointError(f"The client for {self.address} could not be set up.") from None
        except (ValueError, AttributeError, TypeError, KeyError):  # bodies of another shape, unvalidated by openai
            raise EndpointError(self._garbage()) from None

    def _plain(self, error: "APIError") -> str:
        from openai import APIConnectionError, APIResponseValidationError, APIStatusError, APITimeoutError

        if isinstance(error, APIStatusError):
            return self._plain_status(error)
        if isinstance(error, APITimeoutError):
            return f"{self.address} was silent for {self._timeout_s:g} seconds. Try again, or use a smaller model."
        if isinstance(error, APIConnectionError):
            if type(error.__cause__).__name__ in ("RemoteProtocolError", "ReadError"):
                return f"The answer was cut: {self.address} closed the connection in the middle of it. Try again."
            return f"Nothing answers at {self.address}. Is the server running, and is the address right?"
        if isinstance(error, APIResponseValidationError):
            return self._garbage()
        return f"{self.address} broke off the answer{self._detail(error)}"

    def _plain_status(self, error: "APIStatusError") -> str:
        status = error.status_code
        if status in (401, 403):
            return self._key_trouble(status)
        if status == 404:
            return (
                f"{self.address} does not know the model {self._name!r}, or is not the address of a chat endpoint. "
                "Set SIGHTLINE_CHAT_MODEL to a model that it lists."
            )
        if status == 429:
            return f"{self.address} is refusing more questions for now: a rate limit or quota{self._detail(error)}"
        if status in (400, 413) and _is_too_long(error):
            return (
                f"The prompt is too long for {self._name!r}. "
                f"Lower SIGHTLINE_CONTEXT_TOKENS or choose a model with a longer context{self._detail(error)}"
            )
        if status >= 500:
            return f"{self.address} has trouble of its own (status {status}). Try again later{self._detail(error)}"
        return f"{self.address} refused the question (status {status}){self._detail(error)}"

    def _key_trouble(self, status: int = 401) -> str:
        if not self._key:
            return f"{self.address} needs a key, and none is set. Set SIGHTLINE_CHAT_API_KEY."
        if status == 403:
            return f"{self.address} does not allow this key to use {self._name!r}."
        return f"{self.address} does not accept the key. Check SIGHTLINE_CHAT_API_KEY."

    def _detail(self, error: "APIError") -> str:
        """What the endpoint said, shortened and without the key; ends the sentence."""
        said = error.body.get("message") if isinstance(error.body, dict) else None
        if not isinstance(said, str) or not said.strip():
            return "."
        line = " ".join(said.split())
        if self._key:
            line = line.replace(self._key, "[key]")
        return f': "{line[:_DETAIL_CHARACTERS]}"'


def chat_model(settings: Settings, embedder: Embedder) -> ChatModel:
    """The endpoint that `settings` name by address or key, else the quoting answer. Makes no call."""
    return _endpoint(settings) if _has_endpoint(settings) else QuotingModel(embedder)


def list_models(settings: Settings) -> list[str]:
    """Names of the models that the endpoint of `settings` lists, sorted. Raises EndpointError."""
    return _endpoint(settings).models()


def test_connection(settings: Settings) -> str:
    """A sentence that says who answered and after how many seconds, from one short chat. Raises EndpointError."""
    model = _endpoint(settings)
    started = perf_counter()
    reply = model.complete([Message(role="user", content="Answer with one word: ready")])
    next(reply)
    seconds = perf_counter() - started
    reply.close()
    return f"{model.name!r} at {model.address} answers, the first word after {seconds:.1f} s."


test_connection.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def _has_endpoint(settings: Settings) -> bool:
    return bool(settings.chat_base_url or (settings.chat_api_key and settings.chat_api_key.get_secret_value()))


def _endpoint(settings: Settings) -> EndpointModel:
    if not _has_endpoint(settings):
        raise EndpointError(
            "No chat endpoint is set. Set SIGHTLINE_CHAT_BASE_URL, or SIGHTLINE_CHAT_API_KEY for OpenAI."
        )
    return EndpointModel(
        settings.chat_model or DEFAULT_MODEL,
        base_url=settings.chat_base_url or OPENAI_URL,
        api_key=settings.chat_api_key,
    )


def _is_too_long(error: "APIStatusError") -> bool:
    said = str(error.body).lower()
    return error.status_code == 413 or any(
        sign in said
        for sign in (
            "context_length",
            "context length",
            "context size",
            "maximum context",
            "too long",
            "too many tokens",
        )
    )
