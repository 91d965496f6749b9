"""The front door of the real server, knocked on over HTTP and WebSocket."""

import base64
import http.client
import socket
from collections.abc import Coroutine
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect
from starlette.types import Message, Scope

from tests.ui.conftest import running_app
from ui import guard
from ui.guard import CONTENT_SECURITY_POLICY, UploadQuota, allowed_hosts, hostname


def ask(url: str, path: str = "/", *, host: str | None = None) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of a GET, with a Host header of one's choice."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host or parts.netloc})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def knock(url: str, host: str) -> str:
    """The status line of a WebSocket handshake with the given Host, and an Origin that fits it."""
    parts = urlsplit(url)
    key = base64.b64encode(b"sightline-knocks").decode()
    request = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096).decode("latin-1").splitlines()[0]


def test_every_answer_carries_the_policy(app_url: str) -> None:
    """The page, its scripts' health route and a missing path all come with the security headers."""
    for path in ("/", "/_stcore/health", "/nowhere.js"):
        _, headers, _ = ask(app_url, path)
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


def test_policy_names_no_remote_origin() -> None:
    """No directive allows another machine, inline scripts or eval."""
    for directive in CONTENT_SECURITY_POLICY.split("; "):
        name, *sources = directive.split()
        assert set(sources) <= {"'none'", "'self'", "blob:", "data:", "'unsafe-inline'"}
        assert "'unsafe-inline'" not in sources or name == "style-src"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "127.0.0.1.evil.example", "localhost@evil"])
def test_foreign_host_is_refused(app_url: str, host: str) -> None:
    """A rebound name gets a plain sentence over HTTP and no WebSocket."""
    status, _, body = ask(app_url, host=host)
    assert (status, "SIGHTLINE_ALLOWED_HOSTS" in body) == (403, True)
    assert " 403 " in knock(app_url, host)


def test_own_host_is_let_in(app_url: str) -> None:
    """The loopback names work over HTTP and WebSocket."""
    port = urlsplit(app_url).port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"LOCALHOST:{port}"):
        assert ask(app_url, host=host)[0] == 200
        assert " 101 " in knock(app_url, host)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost:8501", "localhost"),
        ("[::1]:8501", "::1"),
        ("Example.ORG.", "example.org"),
        ("a@localhost", ""),
        ("localhost/x", ""),
        ("localhost:port", ""),
        ("", ""),
    ],
)
def test_hostname(header: str, name: str) -> None:
    """The name is read as a browser reads it; what is malformed has none."""
    assert hostname(header) == name


def test_allowed_hosts_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHTLINE_ALLOWED_HOSTS adds names and takes none away."""
    monkeypatch.setenv("SIGHTLINE_ALLOWED_HOSTS", "Docs.example, other ,")
    assert allowed_hosts() == {"localhost", "127.0.0.1", "::1", "docs.example", "other"}


def test_failure_shows_no_detail(chromium: Browser, tmp_path: Path) -> None:
    """A script that fails says so; what failed, which may hold a document or a key, is in the log only."""
    planted = "planted-0451"
    with running_app(tmp_path / "data", SIGHTLINE_CANDIDATES=planted) as url:
        page = chromium.new_page()
        page.goto(url)
        expect(page.get_by_text("This app has encountered an error")).to_be_visible(timeout=60_000)
        shown = page.locator("body").inner_text()
        page.close()
    assert planted not in shown
    assert "Traceback" not in shown
    assert "ValidationError" not in shown
    assert planted in (tmp_path / "data.log").read_text()


def upload(length: str | None) -> Scope:
    """An upload of so many bytes, as the server sees it."""
    headers = [(b"content-length", length.encode())] if length is not None else []
    return {"type": "http", "method": "PUT", "path": "/_stcore/upload_file/a/b", "headers": headers}


async def status_of(app: UploadQuota, scope: Scope) -> int:
    """The status that the app answers with."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(scope, receive, send)
    return sent[0]["status"]


def run(coroutine: Coroutine[None, None, int]) -> int:
    """The value of a coroutine that never waits; asyncio cannot run where Playwright's own loop runs."""
    with pytest.raises(StopIteration) as end:
        coroutine.send(None)
    return end.value.value


def test_uploads_stay_under_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held, what is arriving and what is asked for count together; a length must be given."""

    async def inner(scope: Scope, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})  # type: ignore[operator]

    monkeypatch.setattr(guard, "held_bytes", lambda: 60)
    quota = UploadQuota(inner, quota_bytes=100)
    assert run(status_of(quota, upload("40"))) == 204
    assert run(status_of(quota, upload("41"))) == 429
    assert run(status_of(quota, upload(None))) == 411
    quota.arriving_bytes = 30
    assert run(status_of(quota, upload("20"))) == 429
    assert run(status_of(quota, upload("10"))) == 204
    assert quota.arriving_bytes == 30
