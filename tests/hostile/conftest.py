"""What the hostile files are tried in: a trap to fall into, and one sandbox for all."""

import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.sandbox import Sandbox
from tests.hostile.case import MARK, SECRET, Trap


@pytest.fixture(scope="session")
def knocks() -> list[str]:
    """Who knocked at the trap."""
    return []


@pytest.fixture(scope="session")
def trap(tmp_path_factory: pytest.TempPathFactory, knocks: list[str]) -> Iterator[Trap]:
    """A file that nobody may read, and a port that nobody may reach."""
    secret = tmp_path_factory.mktemp(secrets.token_hex(4)) / "secret"
    secret.write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.2)
        is_over = threading.Event()
        porter = threading.Thread(target=_listen, args=(door, is_over, knocks))
        porter.start()
        yield Trap(secret, door.getsockname()[1])
        is_over.set()
        porter.join()


def _listen(door: socket.socket, is_over: threading.Event, knocks: list[str]) -> None:
    while not is_over.is_set():
        try:
            caller, address = door.accept()
        except TimeoutError:
            continue
        with caller:
            knocks.append(str(address))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The app's own."""
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


def left_behind(trap: Trap) -> list[Path]:
    """Files that an attack would have written."""
    folders = [Path("/"), Path("/tmp"), Path("/var"), Path("/var/tmp"), Path.cwd(), Path.cwd().parent, Path.home()]
    found = [path for folder in folders for path in folder.glob(f"*{MARK}*")]
    return found + [path for path in trap.secret_file.parent.iterdir() if path != trap.secret_file]
