"""A process that changes a library while strace counts its writes, or kills it as it begins one of them.

strace counts the writes of each thread apart; so that its counts mean something, Chroma gets one thread for its files.
"""

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from rag import vector_store
from rag.library import Library
from rag.settings import Settings
from tests.egress import INSTALL_STRACE
from tests.rag.libraries import open_in_child, paragraphs

KEPT, OLD, GONE = (paragraphs(word, 20) for word in ("kelp", "reef", "buoy"))
FRESH, NEW = (paragraphs(word, 30) for word in ("moon", "gale"))
OPERATIONS = ("add", "replace", "remove")
PHASES = ("open", *OPERATIONS)
STATES = (
    {"kept.txt": KEPT, "changing.txt": OLD, "leaving.txt": GONE},
    {"kept.txt": KEPT, "changing.txt": OLD, "leaving.txt": GONE, "fresh.txt": FRESH},
    {"kept.txt": KEPT, "changing.txt": NEW, "leaving.txt": GONE, "fresh.txt": FRESH},
    {"kept.txt": KEPT, "changing.txt": NEW, "fresh.txt": FRESH},
)
"""What the library holds before the operations, and after each of them."""

_CALLS = "write,pwrite64"
_WRITE = re.compile(r"(\d+) +(?:write|pwrite64)\(\d+<([^>]+)>")
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)
_SECONDS = 60


def open_small(settings: Settings) -> Library:
    """A library in this process, to be used in a child, whose vector files are written every 40 vectors."""
    vector_store._HNSW["batch_size"] = 10
    vector_store._HNSW["sync_threshold"] = 40
    return open_in_child(settings)


def operate(library: Library, operation: str) -> None:
    """One of the operations, which leads from one state to the next."""
    if operation == "remove":
        library.remove(library.catalogue.sources()["leaving.txt"])
        return
    name, content = {"add": ("fresh.txt", FRESH), "replace": ("changing.txt", NEW)}[operation]
    report = library.add(name, content)
    assert report.status == "added", report


def writes_to(settings: Settings, paths: Sequence[Path]) -> list[tuple[str, str]]:
    """All writes to files while the process is left alone, each as its phase and the name of the file, in order."""
    journal, log = (settings.data_dir.with_name(name) for name in ("journal", "log"))
    with _traced(settings, [*paths, journal], log) as worker:
        worker.join(_SECONDS)
    assert worker.exitcode == 0
    writes: list[tuple[str, str]] = []
    writers: dict[str, str] = {}
    phases = iter((*PHASES, "close"))
    phase = next(phases)
    for thread, path in _WRITE.findall(log.read_text()):
        name = Path(path).name
        if name == journal.name:
            phase = next(phases)
            continue
        writes.append((phase, name))
        assert writers.setdefault(_kind(name), thread) == thread, f"{name} is written by several threads"
    return writes


def kill_at_write(settings: Settings, paths: Sequence[Path], number: int) -> int:
    """Kills the process as it begins its write of that number to these files; how many phases it acknowledged."""
    journal, log = (settings.data_dir.with_name(name) for name in ("journal", "log"))
    with _traced(settings, paths, log, "-e", f"inject={_CALLS}:signal=SIGKILL:when={number}") as worker:
        worker.join(_SECONDS)
    assert worker.exitcode == -9, f"not killed, but ended with {worker.exitcode}: there was no write {number}"
    return journal.read_text().count("\n")


@contextmanager
def _traced(settings: Settings, paths: Sequence[Path], log: Path, *options: str) -> Iterator[BaseProcess]:
    """The process at work under strace, which looks only at writes to `paths`."""
    assert shutil.which("strace"), f"strace is missing: {INSTALL_STRACE}"
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.rag.libraries"])
    here, there = context.Pipe()
    worker = context.Process(target=_work, args=(settings, there))
    worker.start()
    there.close()
    here.recv()
    # subtle: with --seccomp-bpf strace would be faster, and would not deliver the signal.
    command = ["strace", "-f", "-y", "-s", "8", "-o", str(log), "-e", f"trace={_CALLS}", *options]
    command += [part for path in paths for part in ("-P", str(path))]
    with subprocess.Popen([*command, "-p", str(worker.pid)], stderr=subprocess.PIPE, text=True) as strace:
        try:
            said = ""
            for line in strace.stderr:
                said += line
                if " attached" in line:
                    break
            else:
                raise AssertionError(f"strace could not look at a process: {said}")
            here.send("go")
            yield worker
        finally:
            worker.kill()
            worker.join()
            strace.communicate(timeout=_SECONDS)


def _work(settings: Settings, pipe: Connection) -> None:
    """Opening and all operations, each acknowledged by a line of the journal."""
    os.environ["TOKIO_WORKER_THREADS"] = "1"
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY)  # Yama lets strace look at its own children only
    pipe.send("ready")
    pipe.recv()
    journal = os.open(settings.data_dir.with_name("journal"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    library = open_small(settings)
    assert library.index.repairs == []
    os.write(journal, b"open\n")
    for operation in OPERATIONS:
        operate(library, operation)
        os.write(journal, f"{operation}\n".encode())
    library.close()


def _kind(name: str) -> str:
    return "catalogue" if name.startswith("index.db") else "vector files"
