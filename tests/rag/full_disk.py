"""A process whose disk is full: `python -m tests.rag.full_disk MECHANISM FOLDER FREE_KB`, run by test_faults.py."""

import gc
import os
import resource
import sys
from pathlib import Path

from ingestion.errors import SightlineError
from rag import vector_store
from rag.chats import ChatMessage
from rag.doctor import check
from rag.errors import StorageFailed
from rag.library import Library
from rag.settings import Settings
from rag.types import AddReport
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import assert_in_step, found, open_in_child, paragraphs

WORDS = ("full", "space", "could not be kept", "cannot be written", "could not be")


class Disk:
    """Room for a library, of which there is little at first, and enough later."""

    def __init__(self, mechanism: str, folder: Path, free_kb: int) -> None:
        self.mechanism, self.folder, self.free_kb = mechanism, folder, free_kb

    def fill(self) -> None:
        """Leaves `free_kb`: in all by a large file, or to every file by a limit."""
        if self.mechanism == "limited files":
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.free_kb * 1024, hard))
            return
        state = os.statvfs(self.folder)
        (self.folder / "ballast").write_bytes(bytes(state.f_bavail * state.f_frsize - self.free_kb * 1024))

    def free(self) -> None:
        """Makes room again."""
        if self.mechanism == "limited files":
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        else:
            (self.folder / "ballast").unlink()


def add_until_full(library: Library) -> tuple[dict[str, str], AddReport]:
    """What was acknowledged, as word by document id, and the report that said no."""
    added: dict[str, str] = {}
    for number in range(400):
        report = library.add(f"{number}.txt", paragraphs(f"tide{number}", 25))
        if report.status != "added":
            return added, report
        added[report.document_id or ""] = f"tide{number}"
    raise AssertionError("the disk was never full")


def assert_answers(library: Library, added: dict[str, str]) -> None:
    """All that was acknowledged is listed and found, and nothing else."""
    assert {record.id for record in library.documents()} == added.keys()
    for document_id, word in added.items():
        assert document_id in found(library, f"the {word} of harbour 3"), word
        assert library.document(document_id).text.count(word) == 25


def assert_said(report: AddReport) -> None:
    """The report is a sentence of ours."""
    assert report.status == "failed", report
    assert any(word in report.message for word in WORDS), report.message
    assert "Traceback" not in report.message


def main(mechanism: str, folder: Path, free_kb: int) -> None:
    """Fills the disk under a library, looks, frees it, and looks again."""
    vector_store._HNSW["batch_size"] = 10
    vector_store._HNSW["sync_threshold"] = 100
    disk = Disk(mechanism, folder, free_kb)
    settings = Settings(data_dir=folder / "data")
    library = open_in_child(settings)
    chat = library.chats.create("before")
    disk.fill()
    added, refused = add_until_full(library)
    print(len(added), "added, then:", refused.message)  # noqa: T201
    assert_said(refused)
    assert_answers(library, added)
    for number in range(3):  # it stays so, and nothing gets worse
        report = library.add(f"again{number}.txt", paragraphs(f"again{number}", 25))
        if report.status == "added":
            added[report.document_id or ""] = f"again{number}"
        else:
            assert_said(report)
        assert_answers(library, added)
    library.close()
    gc.collect()
    try:
        library = open_in_child(settings)
    except StorageFailed as error:
        print("could not be opened:", error)  # noqa: T201
        library = None
    else:
        assert_answers(library, added)
    disk.free()
    if library is None:
        library = open_in_child(settings)
    assert_answers(library, added)
    report = library.add("after.txt", paragraphs("after", 25))
    assert report.status == "added", report
    added[report.document_id or ""] = "after"
    assert_answers(library, added)
    assert_in_step(library)
    library.chats.append(chat.id, ChatMessage("user", "after"))
    try:
        assert check(library) == []
    except SightlineError as error:
        raise AssertionError("it does not heal") from error
    library.close()
    library = Library.open(settings, FakeEmbedder())
    assert library.index.repairs == []
    assert_answers(library, added)
    library.close()
    print("healed")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
