"""Connections to the catalogue's file."""

import threading
from pathlib import Path

from rag.database import Database


def open_descriptors(path: Path) -> int:
    """How many files in the folder of `path` this process holds open."""
    links = Path("/proc/self/fd").iterdir()
    return sum(str(path.parent) in str(link.readlink()) for link in links if link.is_symlink())


def test_threads_that_have_ended_hold_no_connection(tmp_path: Path) -> None:
    """A hundred threads one after the other, as a page that is redrawn makes them, leave few files open."""
    database = Database(tmp_path / "a.db", "CREATE TABLE words (word TEXT) STRICT", 1)
    for _ in range(100):
        thread = threading.Thread(target=lambda: database.query("SELECT 1"))
        thread.start()
        thread.join()
    assert open_descriptors(tmp_path / "a.db") < 12
    database.close()
