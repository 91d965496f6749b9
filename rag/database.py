"""The SQLite file that holds the truth. Home of sqlite3: connections, transactions, the schema and its version."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import LibraryMismatch

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    text TEXT NOT NULL, pages TEXT NOT NULL, headings TEXT NOT NULL, warnings TEXT NOT NULL,
    tokens INTEGER NOT NULL, unread_tokens INTEGER NOT NULL, added_at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staged', 'active', 'removed'))
) STRICT;
CREATE TABLE chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, token_count INTEGER NOT NULL, later_pages TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE TABLE passages (
    id TEXT PRIMARY KEY, chunk_id TEXT NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, token_count INTEGER NOT NULL, vector BLOB NOT NULL
) STRICT;
CREATE INDEX passages_of_chunk ON passages (chunk_id);
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, upload_id TEXT NOT NULL, state TEXT NOT NULL, report TEXT,
    added_at TEXT NOT NULL
) STRICT;
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL, created_at TEXT NOT NULL) STRICT;
CREATE TABLE messages (
    chat_id TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL, answer TEXT, created_at TEXT NOT NULL,
    PRIMARY KEY (chat_id, ordinal)
) STRICT;
"""


class Database:
    """One SQLite file. Each thread gets a connection of its own; writers wait for each other."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()
        with self.transaction() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            elif version != SCHEMA_VERSION:
                raise LibraryMismatch(
                    f"{path} was written by another version of Sightline (catalogue version {version}, this one "
                    f"reads {SCHEMA_VERSION}). Use that version, or point SIGHTLINE_DATA_DIR at another folder."
                )

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of the calling thread, in autocommit mode."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # check_same_thread is off only so that close() may be called from any thread.
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # removed text does not linger in free pages
            self._local.connection = connection
            with self._lock:
                for ended in [thread for thread in self._connections if not thread.is_alive()]:
                    self._connections.pop(ended).close()
                self._connections[threading.current_thread()] = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction: all of it is on disk afterwards, or none."""
        connection = self.connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def empty_log(self) -> None:
        """Folds the write-ahead log into the file and empties it: deleted text lingers there otherwise."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the connections of all threads."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()
        self._local = threading.local()
