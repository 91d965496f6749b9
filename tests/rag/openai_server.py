"""A real HTTP server on loopback that speaks the OpenAI chat protocol, says what it is told, and fails on demand."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

Ending = Literal["stop", "length", "content_filter", "cut", "no_finish"]


@dataclass(frozen=True)
class Reply:
    """One scripted reply to a chat request.

    With `status` 200 the `pieces` are streamed and ended by `ending` ("cut" drops the connection, "no_finish" closes
    it politely without a finish reason). Any other status sends `body`. `raw` replaces the whole body of a 200.
    """

    pieces: Sequence[str] = ()
    ending: Ending = "stop"
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    delay_s: float = 0.0  # before anything is sent
    pause_s: float = 0.0  # before every piece


def error_reply(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """A refusal in OpenAI's shape; header names are written with underscores."""
    body = {"error": {"message": message, "type": "invalid_request_error", "code": code}}
    return Reply(status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


class OpenAIServer:
    """`with OpenAIServer(Reply(["Hi."])) as server:` answers at `server.base_url`.

    Replies are used in order, the last one again and again. `requests` records (path, headers, body) of each request,
    header names in lower case;    `hung_up` is set when a client closes the connection before its reply was sent.
    """

    def __init__(self, *replies: Reply, models: Sequence[str] = ("small", "large")) -> None:
        self.replies = list(replies) or [Reply(["Hello."])]
        self.models = list(models)
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.hung_up = threading.Event()
        self._stopping = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"script": self}))
        self._http.daemon_threads = False  # so that closing waits for them, and nothing leaks into the next test
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def base_url(self) -> str:
        """The address to give a client, ending in /v1."""
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    def next_reply(self) -> Reply:
        """The reply whose turn it is."""
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def wait(self, seconds: float) -> None:
        """Returns after `seconds`, or at once when the server is being closed."""
        self._stopping.wait(seconds)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: OpenAIServer

    def do_GET(self) -> None:
        self._record(None)
        self._send(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.script.models]})

    def do_POST(self) -> None:
        self._record(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        reply = self.script.next_reply()
        self.script.wait(reply.delay_s)
        try:
            self._answer(reply)
        except (BrokenPipeError, ConnectionResetError):
            self.script.hung_up.set()
            self.close_connection = True

    def _answer(self, reply: Reply) -> None:
        if reply.status != 200:
            self._send(reply.status, reply.body, **reply.headers)
        elif reply.raw is not None:
            self._start("text/event-stream", {"Content-Length": str(len(reply.raw))})
            self.wfile.write(reply.raw)
        else:
            self._stream(reply)

    def _stream(self, reply: Reply) -> None:
        self._start("text/event-stream", {"Transfer-Encoding": "chunked"})
        for piece in reply.pieces:
            self.script.wait(reply.pause_s)
            self._event(_chunk({"content": piece}))
        if reply.ending == "cut":
            self.close_connection = True
            return
        if reply.ending != "no_finish":
            self._event(_chunk({}, reply.ending))
            self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
        self.wfile.flush()

    def _send(self, status: int, body: Any, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _start(self, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _record(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.requests.append((self.path, headers, body))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})
