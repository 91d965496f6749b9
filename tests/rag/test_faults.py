"""Damaged files, full disks, closed folders and a second process: noticed, told in a sentence, mended; never guessed.

Nothing here is skipped. A folder is closed by its permissions, as nobody where the tests run as root. A small disk is
a file system in memory where a mount namespace can be had, with or without root, and else a limit on the size of
files; the names of the tests say which.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from rag import vector_store
from rag.doctor import check
from rag.errors import LibraryDamaged, LibraryInUse, StorageFailed
from rag.library import Library
from rag.settings import Settings
from rag.text_language import language_of
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, answers, assert_in_step, in_child, open_in_child, paragraphs

QUESTIONS = ("May I return a printed book?", "parcels leave", "the tide of harbour 7")
NOBODY = 65534


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A library that was closed, whose vector files were written several times."""
    monkeypatch.setitem(vector_store._HNSW, "batch_size", 10)
    monkeypatch.setitem(vector_store._HNSW, "sync_threshold", 20)
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        library.add("b.txt", SHIPPING)
        library.add("c.txt", paragraphs("tide", 60))
        library.remove(library.add("d.txt", paragraphs("gone", 5)).document_id)
        library.chats.create("A chat")
    return settings


@pytest.fixture
def expected(filled: Settings) -> list[list[tuple[str, float]]]:
    """What the library answered before anything happened to it."""
    with Library.open(filled, FakeEmbedder()) as library:
        assert library.index.repairs == []
        return answers(library, *QUESTIONS)


# Damage to what is derived: noticed and made again, without embedding anything.


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garble(path: Path) -> None:
    path.write_bytes(bytes(byte ^ 0x5A for byte in path.read_bytes()))


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\x00" * 100)


DAMAGES = (_truncate, _empty, _garble, _flip, _grow, Path.unlink)
VECTOR_FILES = (
    "*/header.bin",
    "*/data_level0.bin",
    "*/length.bin",
    "*/link_lists.bin",
    "*/index_metadata.pickle",
    "chroma.sqlite3",
)


def _assert_mended(settings: Settings, expected: object, repair: str) -> None:
    with Library.open(settings, FakeEmbedder()) as library:
        assert any(repair in line for line in library.index.repairs)
        assert answers(library, *QUESTIONS) == expected
        assert library.embedder.embedded == []
        assert_in_step(library)
        assert check(library) == []
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.index.repairs == [], "it is mended anew at every start"


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
@pytest.mark.parametrize("name", VECTOR_FILES)
def test_damaged_vector_file_is_noticed_before_it_is_opened(
    filled: Settings, expected: object, name: str, damage: Callable[[Path], None]
) -> None:
    """Each of Chroma's files, damaged in each way: the store is made anew, and the answers are the same."""
    paths = list(filled.data_dir.glob(f"index-1/vectors-*/{name}"))
    assert paths, f"there is no {name}"
    for path in paths:
        damage(path)
    _assert_mended(filled, expected, "the vector files were not as they were left")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_damaged_keyword_file_is_noticed_before_it_is_opened(
    filled: Settings, expected: object, damage: Callable[[Path], None]
) -> None:
    """Each of the engine's files, one after the other; opening some of them damaged would panic."""
    whole = filled.data_dir.with_name("whole")
    shutil.copytree(filled.data_dir, whole)
    paths = [path for path in (filled.data_dir / "index-1/keywords").iterdir() if path.suffix != ".lock"]
    assert len(paths) > 5
    for path in random.Random(7).sample([path for path in paths if path.stat().st_size], 3):
        damage(path)
        with Library.open(filled, FakeEmbedder()) as library:
            assert "the keyword index was rebuilt from the catalogue" in library.index.repairs
            assert answers(library, *QUESTIONS) == expected
            assert_in_step(library)
        shutil.rmtree(filled.data_dir)
        shutil.copytree(whole, filled.data_dir)


def test_copied_library_is_made_anew_and_answers(filled: Settings, expected: object) -> None:
    """A folder copied by hand has other times: what is derived is made again once, and nothing is lost."""
    copy = filled.data_dir.with_name("copy")
    shutil.copytree(filled.data_dir, copy, copy_function=shutil.copy)
    _assert_mended(filled.model_copy(update={"data_dir": copy}), expected, "rebuilt from the catalogue")


# Damage to the truth: told with what to do, or without any effect on what is answered.


def _assert_damage_is_told(settings: Settings, expected: object) -> None:
    """Opening raises LibraryDamaged with what to do, every time; and deletes nothing."""
    before = sorted(settings.data_dir.rglob("*.db")), sorted((settings.data_dir / "uploads").iterdir())
    for _ in range(2):
        with pytest.raises(LibraryDamaged, match=r"(?s)python cli\.py restore FILE.*add the documents again"):
            Library.open(settings, FakeEmbedder())
    assert (sorted(settings.data_dir.rglob("*.db")), sorted((settings.data_dir / "uploads").iterdir())) == before


def _lose_header(path: Path) -> None:
    path.write_bytes(b"\x5a" * 100 + path.read_bytes()[100:])


def _cut_to_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("name", ["library.db", "index-1/index.db"])
@pytest.mark.parametrize(
    "damage",
    [_truncate, _empty, _garble, _lose_header, _cut_to_header, Path.unlink],
    ids=lambda damage: damage.__name__.strip("_"),
)
def test_damaged_database_is_told(
    filled: Settings, expected: object, name: str, damage: Callable[[Path], None]
) -> None:
    """Cut off, emptied, garbled or gone, it is never taken for an empty library; no upload is deleted for it."""
    damage(filled.data_dir / name)
    _assert_damage_is_told(filled, expected)


@pytest.mark.parametrize("name", ["library.db", "index-1/index.db"])
@pytest.mark.parametrize("way", ["garbled", "zeroed", "swapped"])
def test_damaged_page_is_told_or_harmless(filled: Settings, expected: object, name: str, way: str) -> None:
    """Pages all over the file, one at a time: either it is told, or every answer and every text is as before."""
    path = filled.data_dir / name
    whole = path.read_bytes()
    with Library.open(filled, FakeEmbedder()) as library:
        texts = [library.document(record.id) for record in library.documents()]
    whole = path.read_bytes()
    pages = range(len(whole) // 4096)
    told = 0
    for page in random.Random(7).sample(pages, min(12, len(pages))):
        start = page * 4096
        other = whole[-4096:] if page != pages[-1] else whole[:4096]
        fill = {"garbled": b"\x5a" * 4096, "zeroed": bytes(4096), "swapped": other}[way]
        path.write_bytes(whole[:start] + fill + whole[start + 4096 :])
        try:
            with Library.open(filled, FakeEmbedder()) as library:
                assert answers(library, *QUESTIONS) == expected
                assert [library.document(record.id) for record in library.documents()] == texts
                assert [chat.title for chat in library.chats.list()] == ["A chat"]
            whole = path.read_bytes()
        except LibraryDamaged:
            told += 1
    assert told > len(pages) * 0.2


@pytest.mark.parametrize("part", ["text", "vector", "chunk"])
def test_changed_content_is_told(filled: Settings, part: str) -> None:
    """A single other letter or number, in a file that is sound to SQLite, is noticed by its checksum."""
    path = filled.data_dir / "index-1/index.db"
    content = path.read_bytes()
    if part == "vector":
        with Library.open(filled, FakeEmbedder()) as library:
            vector = next(vectors[0] for _, vectors in library.catalogue.all_passages(1)).tobytes()
        content = path.read_bytes()
        path.write_bytes(content.replace(vector, vector[:4] + b"\x00\x00\x80\xbf" + vector[8:], 1))
    else:
        first = content.index(b"within thirty days")
        second = content.index(b"within thirty days", first + 1)
        place = first if part == "text" else second
        path.write_bytes(content[:place] + b"within twenty days" + content[place + 18 :])
    with pytest.raises(LibraryDamaged, match=r"the stored text or vectors of a\.md have changed"):
        Library.open(filled, FakeEmbedder())


def test_untouched_library_is_not_read_through(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The long look is taken only where something has happened: not after a close, but after a kill."""
    looks: list[object] = []
    monkeypatch.setattr("rag.catalogue.Catalogue.faults", lambda catalogue: looks.append(catalogue) or [])
    Library.open(filled, FakeEmbedder()).close()
    assert looks == []
    assert in_child(_add_and_die, filled) == 9
    with Library.open(filled, FakeEmbedder()) as library:
        assert (len(looks), len(library.documents())) == (1, 4)


def _add_and_die(settings: Settings) -> None:
    library = open_in_child(settings)
    assert library.add("e.txt", b"Written and acknowledged.").status == "added"
    os._exit(9)


def test_damaged_upload_is_told_by_a_check(filled: Settings, expected: object) -> None:
    """Answers do not need it; `check` says which file to add again."""
    for path in (filled.data_dir / "uploads").iterdir():
        _flip(path)
    with Library.open(filled, FakeEmbedder()) as library:
        assert answers(library, *QUESTIONS) == expected
        faults = check(library)
        assert len(faults) == 3
        assert all("its uploaded file is changed. Add it again" in fault for fault in faults)


# A second process.


def _try_to_open(settings: Settings, pipe: Connection) -> None:
    started = time.perf_counter()
    try:
        Library.open(settings, FakeEmbedder())
    except LibraryInUse as error:
        pipe.send((time.perf_counter() - started, str(error)))
    with Library.open_read_only(settings, FakeEmbedder()) as library:
        pipe.send(answers(library, *QUESTIONS))


def test_second_process_is_refused_and_may_read(filled: Settings, expected: object) -> None:
    """Three of them, each within 2 s and in a sentence that names the owner; the first is unhurt."""
    with Library.open(filled, FakeEmbedder()) as library:
        for _ in range(3):
            here, there = get_context("forkserver").Pipe()
            assert in_child(_try_to_open, filled, there) == 0
            seconds, message = here.recv()
            assert seconds < 2
            assert message == (
                f"Another Sightline process (process {os.getpid()}) owns the library in {filled.data_dir}. "
                "Close it, or choose another folder."
            )
            assert here.recv() == expected
        assert library.add("e.txt", b"Still mine.").status == "added"
        assert_in_step(library)


# A folder that cannot be written.


def _use_closed_folder(settings: Settings, pipe: Connection) -> None:
    language_of("")  # its model is read while Python itself can still be, which may be installed for root alone
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)  # permissions do not bind root
    try:
        Library.open(settings, FakeEmbedder())
    except StorageFailed as error:
        pipe.send(str(error))
    with Library.open_read_only(settings, FakeEmbedder()) as library:
        pipe.send(answers(library, *QUESTIONS))
        pipe.send(library.add("e.txt", b"No.").status)


@pytest.fixture
def closed(filled: Settings) -> Iterator[Settings]:
    """The library in a folder that nobody may write, and that everybody may reach."""
    folder = Path(tempfile.mkdtemp())
    data_dir = folder / "data"
    shutil.copytree(filled.data_dir, data_dir)
    try:
        folder.chmod(0o755)
        for path in [data_dir, *data_dir.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield filled.model_copy(update={"data_dir": data_dir})
    finally:
        for path in [data_dir, *data_dir.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(folder)


def test_closed_folder_is_told_and_can_be_read(closed: Settings, expected: object) -> None:
    """Owning it is refused with the folder's name; reading it gives every answer; nothing in it changes."""
    before = sorted(closed.data_dir.rglob("*"))
    here, there = get_context("forkserver").Pipe()
    assert in_child(_use_closed_folder, closed, there) == 0
    assert here.recv() == f"The folder {closed.data_dir} cannot be written (Permission denied). Choose another."
    assert here.recv() == expected
    assert here.recv() == "failed"
    assert sorted(closed.data_dir.rglob("*")) == before


# A full disk.


def _namespace() -> list[str]:
    """The command that gives a process mounts of its own, as root or not; empty if that is not permitted."""
    for command in (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"]):
        try:
            trial = ["sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
            subprocess.run([*command, *trial], check=True, capture_output=True, timeout=20)
        except (OSError, subprocess.SubprocessError):
            continue
        return command
    return []


NAMESPACE = _namespace()
MECHANISM = "small disk" if NAMESPACE else "limited files"
LEVELS_KB = {"small disk": (2000, 4000, 8000), "limited files": (400, 900, 2500)}[MECHANISM]


@pytest.mark.parametrize("free_kb", LEVELS_KB, ids=lambda size: f"{MECHANISM}, {size} kB")
def test_full_disk_loses_nothing_and_heals(tmp_path: Path, free_kb: int) -> None:
    """Whatever fails first: said, undone, and everything acknowledged answers; with space again, all goes on."""
    _run_on_a_full_disk(tmp_path, free_kb, MECHANISM)


def test_limit_on_files_loses_nothing_and_heals(tmp_path: Path) -> None:
    """The same by a limit on the size of files, which every machine has: SQLite's own errors are others there."""
    _run_on_a_full_disk(tmp_path, 700, "limited files")


def _run_on_a_full_disk(folder: Path, free_kb: int, mechanism: str) -> None:
    command = [sys.executable, "-m", "tests.rag.full_disk", mechanism, str(folder / "disk"), str(free_kb)]
    (folder / "disk").mkdir()
    if mechanism == "small disk":
        mounted = f'mount -t tmpfs -o size=32m tmpfs "{folder}/disk" && exec "$@"'
        command = [*NAMESPACE, "sh", "-c", mounted, "sh", *command]
    run = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=280, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-6000:]
    assert run.stdout.splitlines()[-1] == "healed", run.stdout
