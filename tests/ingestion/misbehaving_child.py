"""The reading process with a parser of text that does what the text says, for the tests of the sandbox."""

import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from ingestion import limits
from ingestion.parsers import PARSERS
from ingestion.parsers.parsed import Parsed, single_page
from ingestion.sandbox import child, messages

CONNECTION = 3


def obey(content: bytes) -> Parsed:
    """Do what the first word says, with the rest; the text is what came of it."""
    order, _, rest = content.decode().partition(" ")
    try:
        text = str(globals()[f"do_{order}"](rest))
    except OSError as error:
        text = f"failed: {type(error).__name__}"
    return Parsed(text, single_page(text))


def do_say(text: str) -> str:
    """The rest."""
    return text


def do_pid(_: str) -> int:
    """The number of the process."""
    return os.getpid()


def do_loop(_: str) -> None:
    """Keep the processor busy."""
    while True:
        pass


def do_sleep(_: str) -> None:
    """Do nothing, for long."""
    time.sleep(1_000)


def do_allocate(megabytes: str) -> int:
    """Ask for memory without using it."""
    return len(bytearray(int(megabytes) * 1024 * 1024))


def do_fill_and_abort(megabytes: str) -> None:
    """Use memory, then end as native code does that gets no more."""
    filled = b"x" * (int(megabytes) * 1024 * 1024)
    os.kill(os.getpid(), signal.SIGABRT if filled else 0)


def do_die(number: str) -> None:
    """End by a signal."""
    os.kill(os.getpid(), int(number))


def do_leave(_: str) -> None:
    """End without a word."""
    os._exit(0)


def do_environment(_: str) -> list[str]:
    """The names in the environment."""
    return sorted(os.environ)


def do_descriptors(_: str) -> list[int]:
    """What is open."""
    return [number for number in range(300) if is_open(number)]


def is_open(number: int) -> bool:
    """Whether a descriptor leads anywhere."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def do_write(path: str) -> int:
    """Write a file."""
    return Path(path).write_text("pwned")


def do_read(path: str) -> str:
    """Read a file."""
    return Path(path).read_text()


def do_connect(port: str) -> None:
    """Connect by way of Python."""
    socket.create_connection(("127.0.0.1", int(port)))


def do_connect_natively(port: str) -> str:
    """Connect past Python."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(int(port)), bytes([127, 0, 0, 1]))
    return "connected" if libc.connect(number, address, len(address)) == 0 else "failed"


def do_start(program: str) -> None:
    """Start a program and wait."""
    subprocess.Popen(program.split(), stdout=subprocess.DEVNULL)
    time.sleep(1_000)


def do_speak(frames: str) -> None:
    """Send frames written as "N:abc|P:[1, 2]" past the program."""
    connection = socket.socket(fileno=CONNECTION)
    for frame in frames.split("|"):
        kind, _, said = frame.partition(":")
        connection.sendall(messages.FRAME.pack(kind.encode(), len(said)) + said.encode())
    time.sleep(1_000)


def do_boast(_: str) -> None:
    """Announce more text than there is memory."""
    socket.socket(fileno=CONNECTION).sendall(messages.FRAME.pack(messages.TEXT, 2**32 - 1))
    time.sleep(1_000)


if __name__ == "__main__":
    PARSERS[".txt"] = obey
    limits.MAX_SECONDS = int(sys.argv[1])
    child.main()
