"""A folder is followed: what is new, changed or gone there becomes so in the library, and nothing else does."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.ingest_queue import IngestQueue
from rag.library import Library
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from ui.watching import FolderRefused, FolderWatch


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library with a fake model."""
    with Library.open(Settings(data_dir=tmp_path / "data", chunk_tokens=64, passage_tokens=16), FakeEmbedder()) as made:
        yield made


@pytest.fixture
def queue(library: Library) -> Iterator[IngestQueue]:
    """Its queue."""
    made = IngestQueue(library)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder to follow."""
    made = tmp_path / "shelf"
    made.mkdir()
    return made


@pytest.fixture
def watch(library: Library, queue: IngestQueue, folder: Path) -> Iterator[FolderWatch]:
    """Looks only when it is told to."""
    made = FolderWatch(library, queue, None, every_s=3600)
    made.follow(folder)
    yield made
    made.close()


def write(path: Path, text: str) -> None:
    """A file that was left alone for a minute."""
    path.write_text(text)
    long_ago = time.time() - 60 - len(text) / 1000
    os.utime(path, (long_ago, long_ago))


def until(holds: Callable[[], bool]) -> None:
    """Waits for what another thread does."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def followed(watch: FolderWatch, queue: IngestQueue) -> None:
    """Looks until an idle queue is given nothing more; the thread of the watch may have looked before."""
    given = -1
    while given < len(queue.jobs()):
        until(lambda: not queue.is_busy())
        given = len(queue.jobs())
        watch.look()


def names(library: Library) -> list[str]:
    """What the library holds."""
    return sorted(record.name for record in library.documents())


def test_new_changed_and_gone(watch: FolderWatch, queue: IngestQueue, library: Library, folder: Path) -> None:
    """The library follows, and a document that came from elsewhere stays."""
    library.add("mine.txt", b"A document of my own.")
    write(folder / "a.txt", "The first file.")
    write(folder / "b.txt", "The second file.")
    write(folder / "notes.xyz", "Not a document.")
    followed(watch, queue)
    assert names(library) == ["a.txt", "b.txt", "mine.txt"]
    assert (watch.report.files, watch.report.added, watch.report.changed) == (2, 2, 0)
    write(folder / "a.txt", "The first file, in other words.")
    (folder / "b.txt").unlink()
    followed(watch, queue)
    assert names(library) == ["a.txt", "mine.txt"]
    assert any("other words" in library.document(record.id).text for record in library.documents())


def test_moved_file_stays(watch: FolderWatch, queue: IngestQueue, library: Library, folder: Path) -> None:
    """A file that is somewhere else in the folder is the same document, never missing in between."""
    write(folder / "a.txt", "The first file.")
    followed(watch, queue)
    before = library.documents()[0].id
    (folder / "deep").mkdir()
    (folder / "a.txt").rename(folder / "deep/a.txt")
    followed(watch, queue)
    assert [record.id for record in library.documents()] == [before]
    assert library.catalogue.sources_of(before) == [str((folder / "deep/a.txt").resolve())]


def test_nothing_new_is_nothing_done(watch: FolderWatch, queue: IngestQueue, library: Library, folder: Path) -> None:
    """A refused file is tried once; a document that was removed by hand does not come back by itself."""
    write(folder / "bad.pdf", "no PDF")
    write(folder / "a.txt", "The first file.")
    followed(watch, queue)
    assert len(queue.jobs()) == 2
    library.remove(library.documents()[0].id)
    write(folder / "c.txt", "The third file.")
    followed(watch, queue)
    assert names(library) == ["c.txt"]
    assert len(queue.jobs()) == 3


def test_file_that_is_being_written_waits(watch: FolderWatch, library: Library, folder: Path) -> None:
    """A file that changed just now is left for the next look."""
    (folder / "a.txt").write_text("Half of")
    watch.look()
    assert not library.jobs.list()


def test_empty_folder_keeps_documents_until_told(
    watch: FolderWatch, queue: IngestQueue, library: Library, folder: Path
) -> None:
    """A disk that is not there must not empty the library."""
    write(folder / "a.txt", "The first file.")
    followed(watch, queue)
    (folder / "a.txt").unlink()
    watch.look()
    assert names(library) == ["a.txt"]
    assert watch.report.would_go == 1
    assert "was kept" in watch.report.trouble
    watch.empty_anyway()
    until(lambda: names(library) == [])


def test_folder_that_vanishes_keeps_documents(
    watch: FolderWatch, queue: IngestQueue, library: Library, folder: Path
) -> None:
    """It says so, offers nothing, and goes on when the folder is back."""
    write(folder / "a.txt", "The first file.")
    followed(watch, queue)
    folder.rename(folder.with_name("away"))
    watch.look()
    assert names(library) == ["a.txt"]
    assert "cannot be read" in watch.report.trouble
    assert watch.report.would_go == 0
    folder.with_name("away").rename(folder)
    watch.look()
    assert watch.report.trouble == ""


def test_what_is_no_folder_is_refused(watch: FolderWatch, tmp_path: Path) -> None:
    """The folder before it stays."""
    with pytest.raises(FolderRefused):
        watch.follow(tmp_path / "nowhere")
    assert watch.folder is not None
