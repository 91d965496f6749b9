"""The front door: who may knock, what a page may load, and how many bytes uploads may hold."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.stats import CacheStat

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
UPLOAD_PATH = "/_stcore/upload_file/"
UPLOAD_QUOTA_BYTES = 300 * 1024 * 1024
"""What uploads may hold in this process. Streamlit bounds one file (server.maxUploadSize), not their sum."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        # blob: is how Streamlit imports the code of our own drawings (st.components.v2). Only scripts that
        # already run on this page can make such an address, so it opens no door to another machine.
        "script-src 'self' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",  # Streamlit styles its page at run time
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self'",  # the page's own WebSocket included
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

SECURITY_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def allowed_hosts() -> frozenset[str]:
    """The loopback names, and those in SIGHTLINE_ALLOWED_HOSTS (comma-separated)."""
    extra = os.environ.get("SIGHTLINE_ALLOWED_HOSTS", "")
    return LOOPBACK | {name.strip().lower() for name in extra.split(",") if name.strip()}


def hostname(header: str) -> str:
    """The name in a Host header, without its port; "" for one that is malformed: `[::1]:8501` -> `::1`."""
    try:
        parts = urlsplit(f"//{header}")
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return ""
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        return ""
    return (parts.hostname or "").rstrip(".")


def header(scope: Scope, name: str) -> str | None:
    """A request header; None when it is missing, or there more than once."""
    values = [value for key, value in scope["headers"] if key == name.encode()]
    return values[0].decode("latin-1") if len(values) == 1 else None


class HostCheck:
    """Refuses a Host that is not ours, over HTTP and WebSocket: without it, a site can rebind its name to us."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers 403."""
        if scope["type"] == "lifespan" or hostname(header(scope, "host") or "") in self.hosts:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before accept: the server answers 403
        else:
            message = "Sightline does not answer to this host name. Add it to SIGHTLINE_ALLOWED_HOSTS to allow it."
            await PlainTextResponse(message, status_code=403)(scope, receive, send)


class SecurityHeaders:
    """Adds the content security policy and its companions to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and the answer back with our headers."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
                kept = [pair for pair in message.get("headers", []) if pair[0].decode().lower() not in SECURITY_HEADERS]
                message = {**message, "headers": kept + ours}
            await send(message)

        await self.app(scope, receive, send_guarded if scope["type"] == "http" else send)


class UploadQuota:
    """Refuses an upload that would take this process over its quota, before its bytes are read."""

    def __init__(self, app: ASGIApp, quota_bytes: int = UPLOAD_QUOTA_BYTES) -> None:
        self.app = app
        self.quota_bytes = quota_bytes
        self.arriving_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; 411 for an upload of unknown size, 429 for one over the quota."""
        is_upload = scope["type"] == "http" and scope["method"] == "PUT" and UPLOAD_PATH in scope["path"]
        if not is_upload:
            await self.app(scope, receive, send)
            return
        length = header(scope, "content-length")
        if length is None or not length.isdecimal():
            await PlainTextResponse("An upload must say how long it is.", status_code=411)(scope, receive, send)
        elif held_bytes() + self.arriving_bytes + int(length) > self.quota_bytes:
            message = "Too many files are waiting. Try again when they have been read."
            await PlainTextResponse(message, status_code=429)(scope, receive, send)
        else:
            self.arriving_bytes += int(length)
            try:
                await self.app(scope, receive, send)
            finally:
                self.arriving_bytes -= int(length)


def held_bytes() -> int:
    """The bytes of all uploads that this process holds in memory, of every session."""
    if not Runtime.exists():
        return 0
    families = Runtime.instance().uploaded_file_mgr.get_stats()
    return sum(stat.byte_length for stats in families.values() for stat in stats if isinstance(stat, CacheStat))


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Opens nothing, so that the first page comes at once; closes the library when the server stops."""
    yield {}
    from ui.resources import close_engine  # not before: it would bring Streamlit's caches up before its runtime

    close_engine()


def middleware() -> list[Middleware]:
    """What stands before the app, outermost first."""
    return [Middleware(SecurityHeaders), Middleware(HostCheck, hosts=allowed_hosts()), Middleware(UploadQuota)]
