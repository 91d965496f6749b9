"""SQLite files that hold the truth. Home of sqlite3: connections, transactions, schemas, and what can go wrong."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from rag.errors import LibraryDamaged, LibraryMismatch, StorageFailed

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
_FACTS = "CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNUSABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
}
_WHAT_TO_DO = (
    "Put a backup into a new folder with `python cli.py restore FILE`, or move this folder away and add the documents "
    "again."
)


class Database:
    """One SQLite file. Each thread gets a connection of its own; writers wait for each other.

    Every call raises LibraryDamaged if the file is not whole, StorageFailed if the disk is full or read-only.
    """

    def __init__(
        self, path: Path, schema: str, version: int, *, upgrades: Sequence[str] = (), read_only: bool = False
    ) -> None:
        self._path = path
        self.is_read_only = read_only
        self._connections: dict[threading.Thread, sqlite3.Connection] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._create(schema, version, upgrades)
        elif not path.exists():
            raise StorageFailed(f"There is no library at {path}.")
        found = self.query("PRAGMA user_version")[0][0]
        if found == 0:
            raise self.damage("it is empty")
        if found != version:
            raise LibraryMismatch(
                f"{path} was written by another version of Sightline (layout {found}, this one reads {version}). "
                "Use that version, or point SIGHTLINE_DATA_DIR at another folder."
            )

    def query(self, statement: str, parameters: Parameters = ()) -> list[sqlite3.Row]:
        """The rows of a statement."""
        with self._translated():
            return self._connection().execute(statement, parameters).fetchall()

    def batches(self, statement: str, size: int, parameters: Parameters = ()) -> Iterator[list[sqlite3.Row]]:
        """The rows of a statement, `size` at a time, as they were when it began."""
        with self._translated():
            cursor = self._connection().execute(statement, parameters)
            while rows := cursor.fetchmany(size):
                yield rows

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction: all of it is on disk afterwards, or none."""
        with self._translated():
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def fact(self, key: str) -> str | None:
        """A small remembered value."""
        rows = self.query("SELECT value FROM facts WHERE key = ?", (key,))
        return rows[0]["value"] if rows else None

    def set_fact(self, key: str, value: str) -> None:
        """Remembers a small value."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, value))

    def damage(self, fault: str) -> LibraryDamaged:
        """What to raise when the file holds something that cannot be."""
        return LibraryDamaged(f"{self._path} is damaged ({fault}). {_WHAT_TO_DO}")

    def faults(self) -> list[str]:
        """What SQLite's own check finds wrong with the file; empty if it is whole."""
        return [row[0] for row in self.query("PRAGMA integrity_check") if row[0] != "ok"]

    def copy_to(self, target: Path) -> None:
        """Writes a copy of the file as of now, whole even while others write."""
        with self._translated():
            copy = sqlite3.connect(target)
            try:
                self._connection().backup(copy)
            finally:
                copy.close()

    def empty_log(self) -> None:
        """Folds the write-ahead log into the file and empties it: deleted text lingers there otherwise."""
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Closes the connections of all threads; nothing can be read or written afterwards."""
        with self._lock:
            self._is_closed = True
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def _create(self, schema: str, version: int, upgrades: Sequence[str]) -> None:
        if self.query("PRAGMA user_version")[0][0] >= version:
            return  # nothing to write, which may be impossible: the disk may be full
        with self.transaction() as connection:
            found = connection.execute("PRAGMA user_version").fetchone()[0]
            statements = upgrades[found - 1 : version - 1] if found else [_FACTS, *schema.split(";\n")]
            for statement in statements:
                connection.execute(statement)
            if statements:
                connection.execute(f"PRAGMA user_version = {version}")

    def _connection(self) -> sqlite3.Connection:
        thread = threading.current_thread()
        connection = self._connections.get(thread)
        if connection is None:
            connection = self._connect()
            with self._lock:
                if self._is_closed:
                    connection.close()
                    raise StorageFailed(f"{self._path} is closed.")
                for ended in [other for other in self._connections if not other.is_alive()]:
                    self._connections.pop(ended).close()
                self._connections[thread] = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        if self._is_closed:
            raise StorageFailed(f"{self._path} is closed.")
        mode = "rwc"
        if self.is_read_only:
            # subtle: beside a writer SQLite needs a file of its own there; where it cannot be made, there is no writer.
            mode = "ro" if os.access(self._path.parent, os.W_OK) else "ro&immutable=1"
        address = f"{self._path.resolve().as_uri()}?mode={mode}"
        # check_same_thread is off only so that close() may be called from any thread.
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        if not self.is_read_only:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # removed text does not linger in free pages
        return connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # The low byte is the kind of error; the rest says where inside SQLite it came from.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            message = str(error).partition(" with text ")[0]  # which would be a piece of a document
            if code in _DAMAGED or message.startswith("Could not decode to UTF-8"):
                raise self.damage(message) from error
            if code == sqlite3.SQLITE_FULL:
                raise StorageFailed(
                    "The disk is full. Free some space; nothing that was added before is lost."
                ) from error
            if self._is_closed:
                raise StorageFailed(f"{self._path} is closed.") from error
            if code in _UNUSABLE:
                raise StorageFailed(f"{self._path} cannot be written or opened ({error}).") from error
            raise
