"""Beside the process that owns a library, another may read it; alone, too; and it changes nothing."""

from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rag.doctor import check
from rag.errors import LibraryDamaged, LibraryInUse, StorageFailed
from rag.library import Library
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, answers, found, open_in_child, paragraphs

QUESTIONS = ("May I return a printed book?", "parcels leave", "receipt")


def _state(folder: Path) -> dict[str, tuple[int, int]]:
    """Sizes and times of all files, without those that SQLite needs to read beside a writer."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".db-shm", ".db-wal")]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files if "-shm" not in path.name}


@pytest.fixture
def filled(library: Library) -> Library:
    """A library of two documents, and its owner."""
    library.add("a.md", RETURNS)
    library.add("b.txt", SHIPPING)
    return library


@pytest.fixture
def reader(filled: Library, settings: Settings) -> Iterator[Library]:
    """The same library, read beside its owner."""
    with Library.open_read_only(settings, FakeEmbedder()) as opened:
        yield opened


def test_reader_beside_the_owner_gives_the_same_answers(filled: Library, reader: Library) -> None:
    """Documents, texts, chats and every score."""
    filled.chats.create("A chat")
    assert answers(reader, *QUESTIONS) == answers(filled, *QUESTIONS)
    assert reader.documents() == filled.documents()
    assert [reader.document(record.id) for record in reader.documents()]
    assert [chat.title for chat in reader.chats.list()] == ["A chat"]
    assert (reader.differences, reader.passport) == ({}, filled.passport)


def test_reader_sees_what_the_owner_changes(filled: Library, reader: Library) -> None:
    """What is added is found by meaning, what is removed is not found at all."""
    added = filled.add("c.txt", b"Mountain railways run in winter.").document_id
    filled.remove(filled.catalogue.sources()["a.md"])
    assert added in found(reader, "winter railways")
    assert found(reader, "printed book receipt") == {record.id for record in filled.documents()}


@pytest.mark.parametrize("call", ["add", "remove", "forget_source", "rebuild", "check"])
def test_reader_cannot_change_anything(reader: Library, settings: Settings, call: str) -> None:
    """It is told that another process owns the library; no file changes."""
    before = _state(settings.data_dir)
    if call == "add":
        report = reader.add("c.txt", b"Something new.")
        assert report.status == "failed"
        assert "Another Sightline process owns the library" in report.message
    else:
        arguments = [reader.documents()[0].id] if call in ("remove", "forget_source") else []
        with pytest.raises(LibraryInUse, match=r"owns the library in .*Close it"):
            check(reader) if call == "check" else getattr(reader, call)(*arguments)
    assert _state(settings.data_dir) == before


def test_reading_writes_nothing(filled: Library, settings: Settings) -> None:
    """Opening, asking and closing leave every file as it was, and the owner unhurt."""
    before = _state(settings.data_dir)
    with Library.open_read_only(settings, FakeEmbedder()) as reader:
        answers(reader, *QUESTIONS)
    assert _state(settings.data_dir) == before
    assert filled.add("c.txt", b"Something new.").status == "added"
    assert check(filled) == []


def test_library_without_an_owner_can_be_read(filled: Library, settings: Settings) -> None:
    """Twice at once; and the next owner finds nothing to mend."""
    expected = answers(filled, *QUESTIONS)
    filled.close()
    with (
        Library.open_read_only(settings, FakeEmbedder()) as one,
        Library.open_read_only(settings, FakeEmbedder()) as other,
    ):
        assert answers(one, *QUESTIONS) == answers(other, *QUESTIONS) == expected
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.index.repairs == []
        assert library._is_sealed, "reading made the next owner look at every byte"


def test_library_that_is_not_there_is_said(tmp_path: Path) -> None:
    """No folder is made by looking."""
    with pytest.raises(StorageFailed, match=r"There is no library at .*library\.db"):
        Library.open_read_only(Settings(data_dir=tmp_path / "none"), FakeEmbedder())
    assert not (tmp_path / "none").exists()


def test_emptied_library_is_damage(tmp_path: Path) -> None:
    """A file of no bytes is not an empty library."""
    (tmp_path / "library.db").touch()
    with pytest.raises(LibraryDamaged, match=r"it is empty.*restore FILE"):
        Library.open_read_only(Settings(data_dir=tmp_path), FakeEmbedder())


@pytest.mark.parametrize("damage", ["gone", "garbled"])
def test_reader_needs_neither_search_structure(filled: Library, settings: Settings, damage: str) -> None:
    """Vectors come from the catalogue and words from an index in memory, if those on disk are not as they should be."""
    expected = answers(filled, *QUESTIONS)
    filled.close()
    for path in settings.data_dir.glob("index-1/*/**/*"):
        if path.is_file():
            path.unlink() if damage == "gone" else path.write_bytes(b"\x5a" * 500)
    with Library.open_read_only(settings, FakeEmbedder()) as reader:
        assert answers(reader, *QUESTIONS) == expected


def test_reader_reads_on_while_the_owner_rebuilds(filled: Library, reader: Library, settings: Settings) -> None:
    """What it has open stays whole although its folder is gone; who opens now reads the new one."""
    before = answers(reader, *QUESTIONS)
    filled.add("c.txt", paragraphs("tide", 3))
    filled.remove(filled.catalogue.sources()["c.txt"])
    filled.rebuild()
    assert answers(reader, *QUESTIONS) == before
    with Library.open_read_only(settings, FakeEmbedder()) as late:
        assert late.index.folder.name == "index-2"
        assert [chunk for chunk, _ in answers(late, *QUESTIONS)[0]] == [chunk for chunk, _ in before[0]]


def _churn(settings: Settings, pipe: Connection) -> None:
    library = open_in_child(settings)
    library.add("a.txt", paragraphs("tide", 6))  # the first one reads the model of languages
    pipe.send("open")
    number = 0
    while not pipe.poll():
        number += 1
        library.add("a.txt", paragraphs(f"tide{number}", 6))
        if number % 10 == 0:
            library.rebuild()
    library.close()


def test_readers_beside_a_busy_process(settings: Settings) -> None:
    """Another process replaces and rebuilds without pause: every reader that opens finds one version, whole."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.txt", paragraphs("tide0", 6))
    here, there = get_context("forkserver").Pipe()
    owner = get_context("forkserver").Process(target=_churn, args=(settings, there))
    owner.start()
    try:
        assert here.poll(60)
        names: set[str] = set()
        for _ in range(25):
            with Library.open_read_only(settings, FakeEmbedder()) as reader:
                for _ in range(3):
                    ids = found(reader, "the tide of harbour 3")
                    assert len(ids) == 1
                    names |= ids
        assert len(names) > 2, "nothing was replaced meanwhile"
    finally:
        here.send("stop")
        owner.join(60)
    assert owner.exitcode == 0
