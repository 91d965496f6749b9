"""One process owns a library's folder; the operating system lets go of it when that process ends, however it ends."""

import contextlib
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from rag.errors import LibraryInUse, StorageFailed


def own(folder: Path) -> IO[str]:
    """The lock file of `folder`, held until it is closed. Raises LibraryInUse, StorageFailed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("a+")
        (folder / "uploads").mkdir(exist_ok=True)
    except OSError as error:
        raise StorageFailed(f"The folder {folder} cannot be written ({error.strerror}). Choose another.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        owner = _owner(handle)
        handle.close()
        raise LibraryInUse(
            f"Another Sightline process{owner} owns the library in {folder}. Close it, or choose another folder."
        ) from error
    except OSError as error:
        handle.close()
        raise StorageFailed(f"The folder {folder} cannot be locked ({error.strerror}). Choose another.") from error
    with contextlib.suppress(OSError):  # on a full disk the lock holds without a name
        os.truncate(handle.fileno(), 0)
        os.write(handle.fileno(), f"{os.getpid()} {socket.gethostname()}".encode())
    return handle


def _owner(handle: IO[str]) -> str:
    """The process that wrote itself into the lock file, " (process 123)"; nothing if it is dead or on another host."""
    handle.seek(0)
    pid, _, host = handle.read().partition(" ")
    if host != socket.gethostname() or not pid.isdecimal():
        return ""
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass  # it lives and is another user's
    return f" (process {pid})"
