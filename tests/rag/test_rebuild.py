"""An index made anew with other settings: the old one answers until the swap, and nothing is done twice."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingestion.parsing import parse
from ingestion.types import Document
from rag.doctor import check
from rag.errors import Cancelled, ModelUnavailable
from rag.index import Index
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.shadow import copy_document
from rag.types import DocumentRecord, Progress
from rag.uploads import Uploads
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import (
    RETURNS,
    SHIPPING,
    assert_in_step,
    files_with,
    found,
    in_child,
    open_in_child,
    paragraphs,
)

DOCUMENTS = {f"{number}.txt": paragraphs(f"tide{number}", 3) for number in range(6)}


class OtherModel(FakeEmbedder):
    """A model by another name."""

    @property
    def passport(self) -> dict[str, str | int]:
        """That of the fake, under another name."""
        return super().passport | {"model": "other"}


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The packaged model is a fake of 256 dimensions."""
    monkeypatch.setattr("rag.index_opening.load_embedder", lambda settings: FakeEmbedder())


@pytest.fixture
def filled(settings: Settings) -> Settings:
    """The settings of a library that holds the documents."""
    with Library.open(settings, FakeEmbedder()) as library:
        for name, content in DOCUMENTS.items():
            assert library.add(name, content).status == "added"
    return settings


@contextmanager
def _reopened(settings: Settings, change: str = "chunks") -> Iterator[Library]:
    """The library with settings that want it rebuilt."""
    if change == "chunks":
        wanted, embedder = {"chunk_tokens": 16, "passage_tokens": 16}, FakeEmbedder()
    else:
        wanted, embedder = {"embedding_model": "other"}, OtherModel(128)
    with Library.open(settings.model_copy(update=wanted), embedder) as library:
        yield library


def _folders(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.data_dir.glob("index-*"))


def _stop_after(count: int) -> tuple[Callable[[Progress], None], Callable[[], bool]]:
    seen: list[Progress] = []
    return seen.append, lambda: len(seen) > count


@pytest.mark.parametrize("change", ["chunks", "model"])
def test_old_index_answers_until_the_swap(filled: Settings, change: str) -> None:
    """At every step the old passport and answers hold; afterwards the new ones do, and the old folder is gone."""
    with _reopened(filled, change) as library:
        before, differences = library.passport, library.differences
        expected = found(library, "the tide3 of harbour")

        def look(progress: Progress) -> None:
            retrieval = retrieve(library, "the tide3 of harbour", library.settings)
            assert (retrieval.passport, len(retrieval.documents)) == (before, 6)

        library.rebuild(progress=look)
        assert library.differences == {}
        assert {key: library.passport[key] for key in differences} == {
            key: new for key, (_, new) in differences.items()
        }
        assert found(library, "the tide3 of harbour") == expected
        assert_in_step(library)
    assert _folders(filled) == ["index-2"]


def test_progress_counts_the_documents(filled: Settings) -> None:
    """From none of six to five of six."""
    seen: list[Progress] = []
    with _reopened(filled) as library:
        library.rebuild(progress=seen.append)
    assert seen == [Progress("rebuilding", done, 6) for done in range(6)]


def test_rebuilt_library_is_as_one_that_was_made_so(filled: Settings, tmp_path: Path) -> None:
    """Chunks, passages, vectors and scores are those of a library that had these settings from the first."""
    with _reopened(filled) as library:
        library.rebuild()
        settings = library.settings
        rebuilt = {
            key: row.tolist()
            for ids, rows in library.catalogue.all_passages(99)
            for key, row in zip(ids, rows, strict=True)
        }
        scores = library.index.keywords.search("tide3 harbour", 99)
    with Library.open(settings.model_copy(update={"data_dir": tmp_path / "fresh"}), FakeEmbedder()) as library:
        for name, content in DOCUMENTS.items():
            library.add(name, content)
        fresh = {
            key: row.tolist()
            for ids, rows in library.catalogue.all_passages(99)
            for key, row in zip(ids, rows, strict=True)
        }
        assert rebuilt == fresh
        assert dict(scores) == pytest.approx(dict(library.index.keywords.search("tide3 harbour", 99)))


def test_rebuild_keeps_names_dates_and_sources(filled: Settings) -> None:
    """What a person sees in the list, and where the files came from, are as before."""
    with _reopened(filled) as library:
        library.add("copy of 1.txt", DOCUMENTS["1.txt"], source="/elsewhere/1.txt")
        before = [(record.name, record.added_at) for record in library.documents()], library.catalogue.sources()
        library.rebuild()
        assert (
            [(record.name, record.added_at) for record in library.documents()],
            library.catalogue.sources(),
        ) == before


def test_same_passages_are_not_embedded_again(filled: Settings) -> None:
    """Larger chunks of the same passages take their vectors along; another model embeds them all, each once."""
    with Library.open(filled.model_copy(update={"chunk_tokens": 600}), FakeEmbedder()) as library:
        library.rebuild()
        assert library.embedder.embedded == []
    with _reopened(filled, "model") as library:
        library.rebuild()
        assert len(library.embedder.embedded) == len(set(library.embedder.embedded)) == library.catalogue.counts()[2]


@pytest.mark.parametrize("change", ["chunks", "model"])
def test_stopped_rebuild_goes_on_where_it_was(filled: Settings, change: str) -> None:
    """Stopped after two documents, in this process or an earlier one, the other four are left to do."""
    progress, cancelled = _stop_after(2)
    with _reopened(filled, change) as library:
        with pytest.raises(Cancelled, match="what is done is kept"):
            library.rebuild(progress=progress, cancelled=cancelled)
        assert (len(library.documents()), _folders(filled)) == (6, ["index-1", "index-2"])
        first = list(library.index.embedder.embedded if change == "chunks" else library._wanted[1].embedded)
        assert len(found(library, "the tide3 of harbour")) == 6
    seen: list[Progress] = []
    with _reopened(filled, change) as library:
        wanted = library._wanted[1]
        wanted.embedded.clear()
        library.rebuild(progress=seen.append)
        assert [step.total for step in seen] == [4] * 4
        assert set(first).isdisjoint(wanted.embedded)
        assert len(library.documents()) == 6
        assert_in_step(library)


def test_rebuild_for_yet_other_settings_begins_anew(filled: Settings) -> None:
    """What was done for settings that are no longer wanted is thrown away."""
    progress, cancelled = _stop_after(2)
    with _reopened(filled) as library, pytest.raises(Cancelled, match="was stopped"):
        library.rebuild(progress=progress, cancelled=cancelled)
    with Library.open(filled.model_copy(update={"chunk_tokens": 64}), FakeEmbedder()) as library:
        library.rebuild()
        assert (library.passport["chunk_tokens"], len(library.documents())) == (64, 6)
        assert_in_step(library)


def _rebuild_and_die(settings: Settings, when: str) -> None:
    library = open_in_child(settings.model_copy(update={"chunk_tokens": 16, "passage_tokens": 16}))
    swap, copied = library._swap, []

    def copy_and_die(
        record: DocumentRecord, index: Index, uploads: Uploads, fresh: Index, step: Callable[..., None]
    ) -> None:
        if when == "copying" and len(copied) == 3:
            fresh.catalogue.activate = lambda *_: os._exit(9)
        copied.append(copy_document(record, index, uploads, fresh, step))

    def die_at_swap(fresh: Index) -> None:
        if when == "swapping":
            os._exit(9)
        library.index.discard = lambda: os._exit(9)
        swap(fresh)

    library._swap = die_at_swap
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag.library.copy_document", copy_and_die)
        library.rebuild()


@pytest.mark.parametrize(("when", "left"), [("copying", 3), ("swapping", 0), ("deleting", None)])
def test_killed_rebuild_goes_on_where_it_was(filled: Settings, when: str, left: int | None) -> None:
    """Killed at any step, old or new answers, what was copied is not copied again, and no folder stays behind."""
    assert in_child(_rebuild_and_die, filled, when) == 9
    seen: list[Progress] = []
    with _reopened(filled) as library:
        assert len(found(library, "the tide3 of harbour")) == len(library.documents()) == 6
        assert (library.differences == {}) == (left is None)
        if left is not None:
            library.rebuild(progress=seen.append)
        assert (len(seen), library.differences) == (left or 0, {})
        assert_in_step(library)
    assert _folders(filled) == ["index-2"]


def test_changes_during_a_rebuild_are_in_it(filled: Settings) -> None:
    """Added, removed, replaced, linked and forgotten while it runs, before or after its turn: right after the swap."""
    steps: list[Progress] = []
    with _reopened(filled) as library:
        ids = {record.name: record.id for record in library.documents()}
        order = [record.name for record in library.documents()]
        copied, waiting = order[0], order[5]

        def change(progress: Progress) -> None:
            steps.append(progress)
            if len(steps) != 3:
                return
            library.add("new.txt", RETURNS)
            library.remove(ids[copied])
            library.remove(ids[waiting])
            library.add(order[1], SHIPPING)  # copied already
            library.add(order[4], paragraphs("newtide", 3))  # not yet
            library.add("link.txt", DOCUMENTS[order[2]], source="/a/link.txt")
            library.add("was.txt", DOCUMENTS[order[3]], source="/a/was.txt")
            library.forget_source(order[3])

        library.rebuild(progress=change)
        records = {record.name: record.id for record in library.documents()}
        assert sorted(records) == sorted(["new.txt", order[1], order[2], "was.txt", order[4]])
        assert library.differences == {}
        assert library.catalogue.sources() == {
            "/a/link.txt": ids[order[2]],
            "/a/was.txt": ids[order[3]],
            "new.txt": records["new.txt"],
            order[1]: records[order[1]],
            order[2]: ids[order[2]],
            order[4]: records[order[4]],
        }
        assert found(library, "parcels warehouse") >= {records[order[1]]}
        assert_in_step(library)
    with _reopened(filled) as library:
        assert check(library) == []
        assert library.index.repairs == []


def test_document_removed_as_it_is_copied(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gone between the list and its turn: the rebuild goes on with the others."""
    with _reopened(filled) as library:
        read = library.catalogue.document
        gone = library.documents()[2].id

        def remove_then_read(document_id: str) -> Document:
            if document_id == gone and library.catalogue.has(gone):
                library.remove(gone)
            return read(document_id)

        monkeypatch.setattr(library.catalogue, "document", remove_then_read)
        library.rebuild()
        assert len(library.documents()) == 5
        assert_in_step(library)


@pytest.mark.parametrize("when", ["later", "meanwhile", "at the next start"])
def test_removed_text_is_not_in_a_stopped_rebuild(settings: Settings, when: str) -> None:
    """A word of a removed document is in no file, although a rebuild that was stopped had copied it."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("kept.txt", SHIPPING)
        document_id = library.add("secret.txt", b"The password is qzxjkvwpyfmh.").document_id
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if when == "meanwhile" and progress.done == 1:
            library.remove(document_id)

    with _reopened(settings) as library:
        with pytest.raises(Cancelled, match="was stopped"):
            library.rebuild(progress=watch, cancelled=lambda: len(seen) > 1)
        assert (settings.data_dir / "index-2").exists()
        if when == "later":
            assert files_with(settings.data_dir / "index-2", b"qzxjkvwpyfmh")
            library.remove(document_id)
            assert files_with(settings.data_dir, b"qzxjkvwpyfmh") == []
        elif when == "at the next start":
            library._tidy_shadow = lambda: None
            library.remove(document_id)
            assert files_with(settings.data_dir, b"qzxjkvwpyfmh")
    with _reopened(settings) as library:
        assert files_with(settings.data_dir, b"qzxjkvwpyfmh") == []
        library.rebuild()
        assert [record.name for record in library.documents()] == ["kept.txt"]


def test_damaged_rebuild_is_begun_anew(filled: Settings) -> None:
    """What a stopped rebuild left is worth nothing if it cannot be read."""
    progress, cancelled = _stop_after(2)
    with _reopened(filled) as library, pytest.raises(Cancelled, match="was stopped"):
        library.rebuild(progress=progress, cancelled=cancelled)
    (filled.data_dir / "index-2/index.db").write_bytes(b"garbage" * 999)
    with _reopened(filled) as library:
        library.rebuild()
        assert len(library.documents()) == 6
        assert_in_step(library)


def test_closing_stops_a_rebuild(filled: Settings) -> None:
    """It ends at its next step, the folder is free, and the next start goes on."""
    reached = threading.Event()
    raised: list[BaseException] = []
    with _reopened(filled) as library:

        def rebuild() -> None:
            with pytest.raises(Cancelled, match="was stopped") as caught:
                library.rebuild(progress=lambda _: reached.set() or closing.wait(20))
            raised.append(caught.value)

        closing = threading.Event()
        worker = threading.Thread(target=rebuild)
        worker.start()
        assert reached.wait(20)
        closer = threading.Thread(target=library.close)
        closer.start()
        while not library._is_closing:
            pass
        closing.set()
        worker.join(20)
        closer.join(20)
    assert len(raised) == 1
    with _reopened(filled) as library:
        library.rebuild()
        assert library.differences == {}


def test_older_parser_reads_the_uploads_anew(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents get the text that today's parser gives; one whose upload is lost keeps the text it has."""
    with Library.open(filled, FakeEmbedder()) as library:
        lost = library.documents()[0].id
        library.uploads.drop(lost)
    monkeypatch.setattr("rag.passport.PARSER_VERSION", 99)
    monkeypatch.setattr("rag.shadow.PARSER_VERSION", 99)
    read: list[str] = []

    def parse_anew(name: str, content: bytes) -> Document:
        read.append(name)
        return replace(parse(name, content), text="Anew. " + content.decode(), pages=(), headings=())

    monkeypatch.setattr("rag.shadow.parse_in_child", parse_anew)
    with Library.open(filled, FakeEmbedder()) as library:
        library.rebuild()
        texts = {record.id: library.document(record.id).text for record in library.documents()}
        assert len(read) == 5
        assert [key for key, text in texts.items() if not text.startswith("Anew.")] == [lost]
        assert library.passport["parser"] == 99


def test_model_that_cannot_be_loaded_can_be_replaced(filled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the old model nothing is found, but the list is there, and a rebuild with another one answers again."""

    def refuse(settings: Settings) -> FakeEmbedder:
        raise ModelUnavailable("No such model here.")

    monkeypatch.setattr("rag.index_opening.load_embedder", refuse)
    with _reopened(filled, "model") as library:
        assert len(library.documents()) == 6
        with pytest.raises(ModelUnavailable, match=r"No such model here\. Without it .* or rebuild the library"):
            retrieve(library, "tide3", library.settings)
        library.rebuild()
        assert len(found(library, "the tide3 of harbour")) == 6


def test_vectors_of_two_models_never_meet(filled: Settings) -> None:
    """A question is embedded by the model of the index that answers, before and after."""
    with _reopened(filled, "model") as library:
        assert len(retrieve(library, "tide3", library.settings).query_vector) == 256
        library.rebuild()
        assert len(retrieve(library, "tide3", library.settings).query_vector) == 128
