"""The side of the wall that is trusted: sends a file to a worker, waits as long as a file may take, checks the answer.

A worker that has read a PDF, a picture or an office file, with code in C and C++, is not used again: whoever took it
over could falsify the next document. One that reads text takes several small files, so that a folder full of them does
not cost a process each.
"""

import atexit
import contextlib
import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingestion import limits
from ingestion.errors import FileRefused, SightlineError
from ingestion.sandbox import endings, messages
from ingestion.sandbox.messages import UnbelievableAnswer
from ingestion.types import Document

_ROOT = Path(__file__).parents[2]
_CHILD = ("-P", "-m", "ingestion.sandbox.child")
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
    "PYTHONPATH": str(_ROOT),
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # each arena takes of the address space, which is limited
    "RAYON_NUM_THREADS": "2",
    "TOKIO_WORKER_THREADS": "2",
    "OMP_THREAD_LIMIT": "1",
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
}
_START_SECONDS = 120
_TICK_SECONDS = 0.05
_CHUNK_BYTES = 1024 * 1024
_FILES_PER_WORKER = 100
_SMALL_BYTES = 1024 * 1024  # what is larger gets a worker of its own, with all of the memory


class ParsingCancelled(SightlineError):
    """Reading was stopped from outside."""


class SandboxFailed(SightlineError):
    """The process that reads files cannot be started."""


class _TooSlow(Exception):
    pass


@dataclass(slots=True)
class _Worker:
    """A process that reads files."""

    number: int
    connection: socket.socket
    files: int = 0
    shown_name: str = ""  # of the file it reads


def _never() -> bool:
    return False


def _ignore(done: int, total: int) -> None:
    """Progress nobody watches."""


def parse_in_child(
    name: str,
    content: bytes,
    *,
    cancelled: Callable[[], bool] = _never,
    progress: Callable[[int, int], None] = _ignore,
) -> Document:
    """The document in `content`, read in a process of its own; may be called from any thread.

    Raises:
        FileRefused: the file cannot be added; the message says why and what to do.
        ParsingCancelled: `cancelled` said so; it is asked about twenty times a second.
        SandboxFailed: there is no process to read it in.

    """
    return _SANDBOX.parse(name, content, cancelled=cancelled, progress=progress)


class Sandbox:
    """Processes that read files: one that splits off workers, and the workers. Starts with the first file."""

    def __init__(self, command: Sequence[str] = _CHILD) -> None:
        self.peak_bytes = 0  # the most memory that a worker held, of those that have ended
        self._command = command
        self._server: _Server | None = None
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def parse(
        self, name: str, content: bytes, *, cancelled: Callable[[], bool], progress: Callable[[int, int], None]
    ) -> Document:
        """As `parse_in_child`."""
        is_small = len(content) <= _SMALL_BYTES
        worker = self._take(is_small=is_small)
        worker.files, worker.shown_name = worker.files + 1, name
        try:
            outcome = _Conversation(worker, cancelled).read(name, content, progress)
        except BaseException as error:
            refusal = self._refusal(worker, error)
            if refusal is None:
                raise
            raise refusal from error
        self._give_back(worker, is_small=is_small)
        if isinstance(outcome, FileRefused):
            raise outcome
        return outcome

    def close(self) -> None:
        """End all processes; the next file starts them again."""
        with self._lock:
            while self._idle:
                self._end(self._idle.pop())
            self._close_server()

    def _take(self, *, is_small: bool) -> _Worker:
        with self._lock:
            while self._idle and is_small:
                worker = self._idle.pop()
                if not select.select([worker.connection], [], [], 0)[0]:
                    return worker
                self._end(worker)  # it is gone, or speaks without being asked
            try:
                return self._running_server().fork()
            except OSError:
                self._close_server()
            return self._running_server().fork()

    def _running_server(self) -> "_Server":
        if self._server is None:
            self._server = _Server(self._command)
        return self._server

    def _close_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _give_back(self, worker: _Worker, *, is_small: bool) -> None:
        suffix = PurePosixPath(worker.shown_name).suffix.lower()
        with self._lock:
            is_harmless = self._server is not None and suffix in self._server.harmless_suffixes
            if is_small and is_harmless and worker.files < _FILES_PER_WORKER:
                self._idle.append(worker)
            else:
                self._end(worker)

    def _refusal(self, worker: _Worker, error: BaseException) -> FileRefused | None:
        """End the worker. What is to be said about its file; None if the file is not to blame."""
        with self._lock:
            status, peak_bytes = self._end(worker)
        if isinstance(error, _TooSlow):
            return endings.too_slow(worker.shown_name)
        if isinstance(error, UnbelievableAnswer):
            return endings.crashed(worker.shown_name)
        if isinstance(error, EOFError | ConnectionError):
            return endings.refusal_after(worker.shown_name, status, peak_bytes)
        return None

    def _end(self, worker: _Worker) -> tuple[int, int]:
        worker.connection.close()
        if self._server is None:
            return 0, 0
        status, peak_bytes = self._server.end(worker.number)
        self.peak_bytes = max(self.peak_bytes, peak_bytes)
        return status, peak_bytes


class _Server:
    """The process that splits off workers."""

    def __init__(self, command: Sequence[str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, *command],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT,
                start_new_session=True,
            )
        self._control.settimeout(_START_SECONDS)
        try:
            count = messages.READY.unpack(self._heard(messages.READY.size))[0]
            self.harmless_suffixes = frozenset(json.loads(self._heard(count)))
        except OSError as error:
            self.close()
            raise SandboxFailed("The process that reads files did not start; start Sightline again.") from error

    def fork(self) -> _Worker:
        """A new worker."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [messages.ORDER.pack(messages.FORK, 0)], [theirs.fileno()])
            return _Worker(messages.FORKED.unpack(self._heard(messages.FORKED.size))[0], ours)
        except BaseException:
            ours.close()
            raise

    def end(self, number: int) -> tuple[int, int]:
        """(wait status, most bytes of memory) of a worker that is over now; zeros if nobody knows."""
        try:
            self._control.sendall(messages.ORDER.pack(messages.END, number))
            status, peak_bytes = messages.ENDED.unpack(self._heard(messages.ENDED.size))
        except OSError:  # the server is gone, and all workers with it
            return 0, 0
        return status, peak_bytes

    def close(self) -> None:
        """End the process and its workers."""
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()

    def _heard(self, count: int) -> bytes:
        said = self._control.recv(count, socket.MSG_WAITALL)
        if len(said) < count:
            raise ConnectionError("the process that reads files is gone")
        return said


class _Conversation:
    """What is said between parent and worker about one file."""

    def __init__(self, worker: _Worker, cancelled: Callable[[], bool]) -> None:
        self._worker = worker
        self._connection = worker.connection
        self._connection.settimeout(_TICK_SECONDS)
        self._cancelled = cancelled
        self._end = time.monotonic() + limits.MAX_SECONDS

    def read(self, name: str, content: bytes, progress: Callable[[int, int], None]) -> Document | FileRefused:
        """How reading ended. Raises when it did not."""
        told = messages.said_name(name)
        self._send(messages.JOB.pack(len(told), len(content)) + told)
        self._send(content)
        self._worker.shown_name = shown = messages.name_from(self._frame(messages.NAME)[1])
        while True:
            kind, said = self._frame(messages.PROGRESS, messages.REFUSAL, messages.TEXT)
            if kind == messages.REFUSAL:
                return messages.refusal_from(shown, said)
            if kind == messages.TEXT:
                return messages.document_from(shown, content, said, self._frame(messages.FACTS)[1])
            progress(*messages.progress_from(said))

    def _frame(self, *kinds: bytes) -> tuple[bytes, bytes]:
        kind, count = messages.FRAME.unpack(self._receive(messages.FRAME.size))
        if kind not in kinds or count > messages.MOST_BYTES[kind]:
            raise UnbelievableAnswer("this is no time to say that, or it is too long")
        return kind, self._receive(count)

    def _send(self, said: bytes) -> None:
        view = memoryview(said)
        while view:
            self._check()
            with contextlib.suppress(TimeoutError):
                view = view[self._connection.send(view[:_CHUNK_BYTES]) :]

    def _receive(self, count: int) -> bytes:
        said = bytearray()  # grows with what comes, not with what is announced
        while len(said) < count:
            self._check()
            with contextlib.suppress(TimeoutError):
                got = self._connection.recv(min(count - len(said), _CHUNK_BYTES))
                if not got:
                    raise EOFError("the worker is gone")
                said += got
        return bytes(said)

    def _check(self) -> None:
        if self._cancelled():
            raise ParsingCancelled(f"{self._worker.shown_name}: stopped; nothing of it was kept.")
        if time.monotonic() > self._end:
            raise _TooSlow


_SANDBOX = Sandbox()
atexit.register(_SANDBOX.close)
