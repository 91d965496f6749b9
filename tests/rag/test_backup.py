"""A backup is whole even beside a writer, gives the same answers wherever it is put, and nothing else is let in."""

import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.backup import BackupRefused, back_up, restore
from rag.chats import ChatMessage
from rag.doctor import check
from rag.library import Library
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, answers, assert_in_step, found, paragraphs

QUESTIONS = ("May I return a printed book?", "parcels leave", "receipt")


@pytest.fixture
def filled(library: Library) -> Library:
    """A library with two documents and a chat."""
    library.add("a.md", RETURNS)
    library.add("b.txt", SHIPPING, source="/folder/b.txt")
    library.chats.append(library.chats.create("A chat").id, ChatMessage("user", "How long?"))
    return library


@pytest.fixture
def backup(filled: Library, tmp_path: Path) -> Path:
    """A backup of it."""
    back_up(filled, tmp_path / "library.zip")
    return tmp_path / "library.zip"


def _restored(backup: Path, folder: Path) -> Library:
    restore(backup, folder)
    return Library.open(Settings(data_dir=folder), FakeEmbedder())


def _with_members(backup: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The same backup with other members."""
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return backup


def test_restored_library_gives_the_same_answers(filled: Library, backup: Path, tmp_path: Path) -> None:
    """Documents, sources, chats, uploads and every score; nothing is embedded again."""
    assert restore(backup, tmp_path / "new") == 2
    with Library.open(Settings(data_dir=tmp_path / "new"), FakeEmbedder()) as library:
        assert answers(library, *QUESTIONS) == answers(filled, *QUESTIONS)
        assert (library.documents(), library.passport) == (filled.documents(), filled.passport)
        assert library.catalogue.sources() == filled.catalogue.sources()
        assert [library.chats.get(chat.id) for chat in library.chats.list()] == [
            filled.chats.get(chat.id) for chat in filled.chats.list()
        ]
        assert check(library) == []
        assert library.embedder.embedded == []
        assert library.add("a.md", b"A new version.").message == "replaces the version before it"
        assert_in_step(library)


def test_backup_holds_only_what_cannot_be_made_again(filled: Library, backup: Path) -> None:
    """Two databases and the uploads; no vector store, no keyword index, no lock."""
    with zipfile.ZipFile(backup) as archive:
        names = sorted(archive.namelist())
    assert names[:2] == ["index-1/index.db", "library.db"]
    assert {name.split("/")[0] for name in names[2:]} == {"uploads"}
    assert len(names) == 4
    assert [path.name for path in backup.parent.iterdir() if path != filled.settings.data_dir] == ["library.zip"]


def test_earlier_backup_is_replaced(filled: Library, backup: Path, tmp_path: Path) -> None:
    """By the new one."""
    filled.add("c.txt", b"A third document.")
    assert back_up(filled, backup) == backup.stat().st_size
    assert restore(backup, tmp_path / "new") == 3


def test_backup_of_a_rebuilt_library(filled: Library, tmp_path: Path) -> None:
    """Its index has another name, and is the one that answers."""
    expected = answers(filled, *QUESTIONS)
    filled.rebuild()
    back_up(filled, tmp_path / "library.zip")
    with _restored(tmp_path / "library.zip", tmp_path / "new") as library:
        assert library.index.folder.name == "index-2"
        assert answers(library, *QUESTIONS) == expected


def test_backup_beside_the_owner(filled: Library, tmp_path: Path) -> None:
    """By a reader that had opened before the owner rebuilt: of what it reads, and whole."""
    with Library.open_read_only(filled.settings, FakeEmbedder()) as reader:
        expected = answers(reader, *QUESTIONS)
        filled.rebuild()
        back_up(reader, tmp_path / "library.zip")
    with _restored(tmp_path / "library.zip", tmp_path / "new") as library:
        assert answers(library, *QUESTIONS) == expected


def test_backup_while_documents_change(filled: Library, tmp_path: Path) -> None:
    """Taken again and again while a file is replaced, removed and added: every one holds it once or not at all."""
    stop = threading.Event()

    def churn() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            report = filled.add("c.txt", paragraphs(f"tide{number}", 4))
            if number % 3 == 0:
                filled.remove(report.document_id)

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        for number in range(6):
            with Library.open_read_only(filled.settings, FakeEmbedder()) as reader:
                back_up(reader if number % 2 else filled, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(6):
        with _restored(tmp_path / f"{number}.zip", tmp_path / f"new-{number}") as library:
            names = sorted(record.name for record in library.documents())
            assert names in (["a.md", "b.txt"], ["a.md", "b.txt", "c.txt"])
            assert len(found(library, "receipt parcels the tide of harbour")) == len(names)
            assert_in_step(library)
            assert {fault.partition(":")[0] for fault in check(library)} <= {"c.txt"}  # removed before its bytes


@pytest.mark.parametrize("target", ["missing/library.zip", ""], ids=["no such folder", "a folder"])
def test_backup_that_cannot_be_written_is_said(filled: Library, tmp_path: Path, target: str) -> None:
    """With the reason, and without leaving anything behind."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupRefused, match=r"could not be written \("):
        back_up(filled, tmp_path / target)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "/etc/cron.d/evil",
        "uploads/../../evil",
        "uploads/evil.sh",
        "index-1/../index.db",
        "C:\\evil.txt",
        "library.db/x",
        "index-1/vectors-1/chroma.sqlite3",
        "uploads/" + "0" * 64 + "/x",
        "library.db\n",
    ],
)
def test_strange_member_is_refused(backup: Path, tmp_path: Path, name: str) -> None:
    """A name that leads elsewhere, or that no backup has, stops everything before a byte is unpacked."""
    _with_members(backup, lambda members: members.update({name: b"evil"}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupRefused, match="is not a backup of Sightline: it holds"):
        restore(backup, tmp_path / "new")
    assert sorted(tmp_path.rglob("*")) == before


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _lose(name: str) -> Callable[[Path], None]:
    return lambda path: _with_members(path, lambda members: members.pop(name)) and None


def _garble(name: str, start: int = 0) -> Callable[[Path], None]:
    def change(members: dict[str, bytes]) -> None:
        members[name] = members[name][:start] + b"\x5a" * 4096 + members[name][start + 4096 :]

    return lambda path: _with_members(path, change) and None


DAMAGES = {
    "no zip": lambda path: path.write_bytes(b"not a zip"),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": _truncate,
    "a bit flipped": _flip,
    "no library": _lose("library.db"),
    "no index": _lose("index-1/index.db"),
    "library garbled": _garble("library.db"),
    "index garbled": _garble("index-1/index.db"),
    "a page of the index garbled": _garble("index-1/index.db", 8 * 4096),
    "missing": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_backup_is_refused(backup: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    """Whatever happened to it, the reason is told, and no folder is left that looks like a library."""
    damage(backup)
    with pytest.raises(BackupRefused, match=r"library\.zip"):
        restore(backup, tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "library.zip"}


def test_backup_with_a_password_is_refused(backup: Path, tmp_path: Path) -> None:
    """What the zip module cannot unpack is a reason, not a crash."""
    content = bytearray(backup.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := content.find(signature, place + 1)) >= 0:
            content[place + offset] |= 1
    backup.write_bytes(content)
    with pytest.raises(BackupRefused, match="encrypted"):
        restore(backup, tmp_path / "new")


@pytest.mark.parametrize("kind", ["a library", "a file in it", "a file"])
def test_target_with_something_in_it_is_refused(filled: Library, backup: Path, tmp_path: Path, kind: str) -> None:
    """A restore never mixes with, or deletes, what is there."""
    target = filled.settings.data_dir if kind == "a library" else tmp_path / "target"
    if kind == "a file in it":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    elif kind == "a file":
        target.write_text("mine")
    with pytest.raises(BackupRefused, match=r"is not empty|could not be restored"):
        restore(backup, target)
    assert len(filled.documents()) == 2
    if kind != "a library":
        assert (target / "mine.txt" if target.is_dir() else target).read_text() == "mine"


def test_empty_target_is_used(backup: Path, tmp_path: Path) -> None:
    """A folder made beforehand, and one deep in folders that are not there yet."""
    (tmp_path / "empty").mkdir()
    assert restore(backup, tmp_path / "empty") == restore(backup, tmp_path / "a/b/c") == 2
