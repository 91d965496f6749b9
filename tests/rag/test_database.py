"""A file of the truth: whole transactions, one connection a thread, and faults told in words that help."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.database import Database
from rag.errors import LibraryDamaged, LibraryMismatch, StorageFailed

SCHEMA = "CREATE TABLE words (word TEXT) STRICT"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty table of words."""
    opened = Database(tmp_path / "a.db", SCHEMA, 1)
    yield opened
    opened.close()


def _add(database: Database, *words: str) -> None:
    with database.transaction() as connection:
        connection.executemany("INSERT INTO words VALUES (?)", [(word,) for word in words])


def _words(database: Database) -> list[str]:
    return [row["word"] for row in database.query("SELECT word FROM words ORDER BY rowid")]


def open_descriptors(path: Path) -> int:
    """How many files in the folder of `path` this process holds open."""
    links = list(Path("/proc/self/fd").iterdir())
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


def test_transaction_is_all_or_nothing(database: Database) -> None:
    """What was written before a fault inside it is not there afterwards, and the next one works."""
    _add(database, "kept")
    with pytest.raises(ZeroDivisionError, match="by zero"), database.transaction() as connection:
        connection.execute("INSERT INTO words VALUES ('lost')")
        _ = 1 / 0
    _add(database, "next")
    assert _words(database) == ["kept", "next"]


def test_writers_wait_for_each_other(database: Database) -> None:
    """Eight threads count up the same fact; not one step is lost."""

    def count_up(_: int) -> None:
        with database.transaction() as connection:
            row = connection.execute("SELECT coalesce(max(value), '0') FROM facts WHERE key = 'n'").fetchone()
            connection.execute("INSERT OR REPLACE INTO facts VALUES ('n', ?)", (str(int(row[0]) + 1).zfill(4),))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count_up, range(200)))
    assert database.fact("n") == "0200"


def test_facts_and_words_are_kept(database: Database, tmp_path: Path) -> None:
    """The next one to open the file finds them."""
    _add(database, "büro 👩‍🚀", "nul\0inside")
    database.set_fact("key", "first")
    database.set_fact("key", "second")
    database.close()
    again = Database(tmp_path / "a.db", SCHEMA, 1)
    assert (_words(again), again.fact("key"), again.fact("none")) == (["büro 👩‍🚀", "nul\0inside"], "second", None)
    again.close()


def test_batches_are_as_of_their_beginning(database: Database) -> None:
    """Rows that another thread adds meanwhile are not among them."""
    _add(database, *"abcdefg")
    seen = []
    for rows in database.batches("SELECT word FROM words ORDER BY rowid", 3):
        seen.append([row["word"] for row in rows])
        writer = threading.Thread(target=_add, args=(database, "late"))
        writer.start()
        writer.join()
    assert seen == [["a", "b", "c"], ["d", "e", "f"], ["g"]]
    assert len(_words(database)) == 10


def test_copy_beside_an_open_transaction_is_whole(database: Database, tmp_path: Path) -> None:
    """It holds what was committed, and can be opened."""
    _add(database, "kept")
    with database.transaction() as connection:
        connection.execute("INSERT INTO words VALUES ('not yet')")
        copier = threading.Thread(target=database.copy_to, args=(tmp_path / "copy.db",))
        copier.start()
        copier.join()
    copy = Database(tmp_path / "copy.db", SCHEMA, 1)
    assert (_words(copy), copy.faults()) == (["kept"], [])
    copy.close()


def test_closed_database_does_not_come_back(database: Database, tmp_path: Path) -> None:
    """A thread that goes on after the end is told so; it does not open the file anew, which may have a new owner."""
    _add(database, "kept")
    database.close()
    for _ in range(2):
        with pytest.raises(StorageFailed, match=r"a\.db is closed"):
            database.query("SELECT 1")
    with ThreadPoolExecutor(1) as threads, pytest.raises(StorageFailed, match=r"a\.db is closed"):
        threads.submit(database.query, "SELECT 1").result()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_other_layout_is_named(database: Database, tmp_path: Path) -> None:
    """Both versions, and what to do."""
    with pytest.raises(LibraryMismatch, match=r"layout 1, this one reads 2\)\. Use that version"):
        Database(tmp_path / "a.db", SCHEMA, 2)


def test_locked_file_is_said(database: Database, tmp_path: Path) -> None:
    """Another program that holds the file for too long is a StorageFailed, not a crash."""
    database.query("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match=r"a\.db cannot be written or opened \(database is locked\)"):
        _add(database, "late")
    other.close()
    _add(database, "now")


def test_text_that_is_none_is_damage(database: Database) -> None:
    """Bytes that cannot be text are damage, and are not repeated in the message."""
    database.query("INSERT INTO words VALUES (CAST(x'736563726574ff' AS TEXT))")
    with pytest.raises(LibraryDamaged, match=r"a\.db is damaged \(Could not decode.*restore FILE") as caught:
        _words(database)
    assert "secret" not in str(caught.value)


def test_deleted_text_is_in_no_file(database: Database, tmp_path: Path) -> None:
    """Neither in free pages nor, once it is emptied, in the log."""
    _add(database, *(f"qzxjkvwp {number}" for number in range(500)))
    database.query("DELETE FROM words")
    database.empty_log()
    assert [path.name for path in tmp_path.iterdir() if b"qzxjkvwp" in path.read_bytes()] == []


def test_reader_of_a_file_that_nobody_writes(database: Database, tmp_path: Path) -> None:
    """It is read as it is, and nothing can be written through it."""
    _add(database, "kept")
    database.close()
    reader = Database(tmp_path / "a.db", SCHEMA, 1, read_only=True)
    assert _words(reader) == ["kept"]
    with pytest.raises(StorageFailed, match="cannot be written"):
        _add(reader, "more")
    reader.close()


UPGRADES = ("ALTER TABLE words ADD COLUMN language TEXT NOT NULL DEFAULT 'en'", "ALTER TABLE words RENAME TO terms")


@pytest.mark.parametrize("version", [2, 3])
def test_file_of_an_older_layout_is_upgraded(database: Database, tmp_path: Path, version: int) -> None:
    """Step by step, once, with all it holds; the file then opens as one of the newer layout."""
    _add(database, "kept")
    database.close()
    for _ in range(2):
        newer = Database(tmp_path / "a.db", "CREATE TABLE never (here TEXT)", version, upgrades=UPGRADES[: version - 1])
        rows = newer.query("SELECT * FROM " + {2: "words", 3: "terms"}[version])
        assert [tuple(row) for row in rows] == [("kept", "en")]
        newer.close()


def test_upgrade_that_fails_changes_nothing(database: Database, tmp_path: Path) -> None:
    """All of it or none: the file opens as it was."""
    _add(database, "kept")
    database.close()
    with pytest.raises(sqlite3.OperationalError, match="no_such_table"):
        Database(tmp_path / "a.db", SCHEMA, 3, upgrades=(UPGRADES[0], "ALTER TABLE no_such_table ADD COLUMN x TEXT"))
    again = Database(tmp_path / "a.db", SCHEMA, 1)
    assert [tuple(row) for row in again.query("SELECT * FROM words")] == [("kept",)]
    again.close()


def test_reader_upgrades_nothing(database: Database, tmp_path: Path) -> None:
    """Who reads beside the owner leaves the file alone, and says so."""
    database.close()
    with pytest.raises(LibraryMismatch, match=r"layout 1, this one reads 2\)"):
        Database(tmp_path / "a.db", SCHEMA, 2, upgrades=UPGRADES[:1], read_only=True)
