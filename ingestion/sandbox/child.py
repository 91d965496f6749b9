"""The processes behind the wall. `python -m ingestion.sandbox.child` with a socket as standard input.

This process imports the parsers once, gives up its rights, and then only splits off workers, which are ready at once;
it never looks into a file itself. A worker reads the files that come through its own socket.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import time

from ingestion import limits
from ingestion.errors import FileRefused, FileTooLarge
from ingestion.parsers import CODE_SUFFIXES, progress
from ingestion.parsing import parse, shown_name
from ingestion.sandbox import confinement, endings, messages
from ingestion.types import Document

_KILOBYTE = 1024  # wait4 tells memory in kilobytes
_LEFT = 1
# Read without code that a file could take over: by this project, Python's own library, or a library in Rust.
_HARMLESS = {".txt", ".md", ".markdown", ".html", ".htm", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", *CODE_SUFFIXES}
_PROGRESS_SECONDS = 0.1  # between two messages
_CONNECTION = 3  # the only descriptor of a worker besides the three of every process, which lead nowhere


def main() -> None:
    """Split off a worker for each order, until the other end of the socket is closed."""
    control = socket.socket(fileno=0)
    memory_bytes = confinement.memory_limit_bytes()
    confinement.confine_server()
    gc.collect()
    gc.freeze()  # so that a worker shares this memory for longer
    suffixes = json.dumps(sorted(_HARMLESS)).encode()
    control.sendall(messages.READY.pack(len(suffixes)) + suffixes)
    workers: set[int] = set()
    try:
        while order := _next_order(control):
            kind, number, handed = order
            if kind == messages.FORK:
                number = _fork(control, handed, memory_bytes)
                workers.add(number)
                control.sendall(messages.FORKED.pack(number))
            elif number in workers:
                workers.remove(number)
                control.sendall(messages.ENDED.pack(*_end(number)))
    finally:
        for number in workers:
            _kill(number)


def _next_order(control: socket.socket) -> tuple[bytes, int, int] | None:
    """Kind of order, number of a worker, the socket handed over (-1 without one); None at the end."""
    order, handed, _, _ = socket.recv_fds(control, messages.ORDER.size, 1, socket.MSG_WAITALL)
    if len(order) < messages.ORDER.size:
        return None
    kind, number = messages.ORDER.unpack(order)
    return kind, number, handed[0] if handed else -1


def _fork(control: socket.socket, handed: int, memory_bytes: int | None) -> int:
    number = os.fork()
    if number == 0:
        try:
            os.setpgid(0, 0)  # what a parser starts ends with it
            control.close()
            _work(_only_descriptor(handed), memory_bytes)
        finally:
            os._exit(_LEFT)
    os.close(handed)
    with contextlib.suppress(OSError):  # the worker may have done it, or be gone
        os.setpgid(number, number)
    return number


def _only_descriptor(handed: int) -> socket.socket:
    """The socket `handed`, when all else is closed."""
    nothing = os.open(os.devnull, os.O_RDWR)
    if handed != _CONNECTION:
        os.dup2(handed, _CONNECTION)
    os.set_inheritable(_CONNECTION, False)
    for standard in range(_CONNECTION):
        os.dup2(nothing, standard)
    os.closerange(_CONNECTION + 1, os.sysconf("SC_OPEN_MAX"))
    return socket.socket(fileno=_CONNECTION)


def _end(number: int) -> tuple[int, int]:
    """(wait status, bytes of memory it held at most) of a worker that is killed, unless it has ended by itself."""
    _kill(number)
    _, status, usage = os.wait4(number, 0)
    return status, usage.ru_maxrss * _KILOBYTE


def _kill(number: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(number, signal.SIGKILL)


def _work(connection: socket.socket, memory_bytes: int | None) -> None:
    """Read one file after the other, until the parent closes the connection."""
    confinement.confine_worker(memory_bytes)
    while head := connection.recv(messages.JOB.size, socket.MSG_WAITALL):
        confinement.allow_processor_time()
        name_bytes, content_bytes = messages.JOB.unpack(head)
        name = messages.heard_name(_receive(connection, name_bytes))
        _send(connection, messages.NAME, shown_name(name).encode())  # before the file can have a say in it
        _answer(connection, name, _receive(connection, content_bytes))


def _answer(connection: socket.socket, name: str, content: bytes) -> None:
    progress.LISTENER.set(_Teller(connection))
    try:
        document = parse(name, content)
        text, facts = document.text.encode(), _facts(document)
    except FileRefused as refusal:
        is_memory = isinstance(refusal.__cause__, MemoryError)
        told = endings.too_much_memory(shown_name(name)) if is_memory else refusal
        _send(connection, messages.REFUSAL, messages.said_refusal(told))
    except MemoryError:
        _send(connection, messages.REFUSAL, messages.said_refusal(endings.too_much_memory(shown_name(name))))
    else:
        _send(connection, messages.TEXT, text)
        _send(connection, messages.FACTS, facts)


class _Teller:
    """Tells the parent how far the parser is, now and then."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        """Tell, if it is time."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _PROGRESS_SECONDS
            _send(self._connection, messages.PROGRESS, messages.said_progress(done, total))


def _facts(document: Document) -> bytes:
    most = limits.MAX_HEADINGS
    if max(len(document.headings), len(document.pages)) > most:
        raise FileTooLarge(f"{document.name} has more than {most:,} headings or pages; split it.")
    facts = messages.facts_of(document)
    if len(facts) > messages.MOST_BYTES[messages.FACTS]:
        raise FileTooLarge(f"{document.name} says more about its text than it holds; split it.")
    return facts


def _receive(connection: socket.socket, count: int) -> bytes:
    said = bytearray(count)
    view = memoryview(said)
    while view:
        got = connection.recv_into(view)
        if not got:
            raise EOFError("the other end is gone")
        view = view[got:]
    return bytes(said)


def _send(connection: socket.socket, kind: bytes, said: bytes) -> None:
    connection.sendall(messages.FRAME.pack(kind, len(said)))
    connection.sendall(said)


if __name__ == "__main__":
    main()
