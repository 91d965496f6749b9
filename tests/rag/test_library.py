"""Documents in and out: nothing twice, nothing left, nothing half done, whoever dies when."""

import os
import shutil
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path

import pytest

from rag.errors import LibraryInUse, LibraryMismatch, UnknownDocument
from rag.library import Library
from rag.pipeline import retrieve
from rag.retrieval import find_by_meaning, find_by_words
from rag.settings import Settings
from rag.types import Progress, Vectors
from tests.rag.fake_embedder import FakeEmbedder

RETURNS = b"# Returns\n\nYou may return a printed book within thirty days. Keep the receipt.\n"
SHIPPING = b"Parcels leave the warehouse twice a week. The lighthouse keeper waits longest.\n"
LONG = "\n\n".join(f"Paragraph {number} speaks of harbour {number}." for number in range(900)).encode()


def _found(library: Library, query: str) -> set[str]:
    """Ids of the documents that either search finds."""
    chunk_ids = find_by_meaning(library.index, library.embedder.embed_query(query), 50)
    chunk_ids += [chunk_id for chunk_id, _ in find_by_words(library.index, query, 50)]
    return {chunk_id.split(":")[0] for chunk_id in chunk_ids}


def _counts(library: Library) -> tuple[tuple[int, int, int], int, int]:
    return library.catalogue.counts(), library.index._vectors.count(), library.index.keywords.count()


def _assert_in_step(library: Library) -> None:
    (_, chunks, passages), vectors, keywords = _counts(library)
    assert (vectors, keywords) == (passages, chunks)


def _uploads(settings: Settings) -> list[str]:
    return sorted(path.name[:16] for path in (settings.data_dir / "uploads").iterdir())


def _child(target: Callable[..., None], *arguments: object) -> int:
    """The exit code of a process that runs `target`; the libraries are loaded once for all of them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["rag.library"])
    child = context.Process(target=target, args=arguments)
    child.start()
    child.join(60)
    return child.exitcode


def _die_before(settings: Settings, step: str, call: str, *arguments: object) -> None:
    """Calls a method of the library, and is killed when it comes to `step`."""
    library = Library.open(settings, FakeEmbedder())
    part, _, name = step.rpartition(".")
    setattr(attrgetter(part)(library), name, lambda *_, **__: os._exit(9))
    getattr(library, call)(*arguments)


def _open_and_time(settings: Settings, answer: Path) -> None:
    started = time.perf_counter()
    try:
        Library.open(settings, FakeEmbedder())
    except LibraryInUse as error:
        answer.write_text(f"{time.perf_counter() - started} {error}")


def test_added_document_is_found_whole(library: Library) -> None:
    """The report counts what the library then holds, and both searches find it."""
    report = library.add("returns.md", RETURNS)
    assert (report.status, report.message, report.pages) == ("added", "", 1)
    assert report.document_id is not None
    assert library.catalogue.counts() == (1, report.chunks, report.passages)
    assert library.document(report.document_id).text == RETURNS.decode().strip()
    assert _found(library, "receipt") == {report.document_id}
    _assert_in_step(library)


def test_same_bytes_are_embedded_once(library: Library, settings: Settings) -> None:
    """Under whatever name they come again, nothing is embedded, stored or listed twice."""
    first = library.add("returns.md", RETURNS)
    before = _counts(library), list(library.embedder.embedded), _uploads(settings)
    again = library.add("copy.md", RETURNS)
    assert (again.status, again.document_id) == ("unchanged", first.document_id)
    assert again.message == "copy.md: already in the library as returns.md."
    assert (_counts(library), library.embedder.embedded, _uploads(settings)) == before


def test_documents_are_newest_first(library: Library) -> None:
    """The last one added stands on top."""
    for name, content in (("a.md", RETURNS), ("b.txt", SHIPPING)):
        library.add(name, content)
        time.sleep(0.002)
    assert [record.name for record in library.documents()] == ["b.txt", "a.md"]


def test_removed_document_is_gone_everywhere(library: Library, settings: Settings) -> None:
    """Nothing of it is in the catalogue, the indexes, the uploads or the searches; the other one stays."""
    gone, kept = (library.add(name, content).document_id for name, content in (("a.md", RETURNS), ("b.txt", SHIPPING)))
    library.remove(gone)
    assert [record.id for record in library.documents()] == _uploads(settings) == [kept]
    assert library.catalogue.chunks_of(gone) == []
    assert gone not in _found(library, "return a printed book receipt")
    _assert_in_step(library)


@pytest.mark.parametrize("others", [0, 12], ids=["alone", "among others"])
def test_removed_text_is_in_no_file(settings: Settings, others: int) -> None:
    """A word that only the removed document had is in no file of the folder, open or closed."""
    with Library.open(settings, FakeEmbedder()) as library:
        for number in range(others):
            library.add(f"{number}.txt", f"Other text {number}.".encode())
        report = library.add("secret.txt", b"The password is qzxjkvwpyfmh and nobody knows.")
        assert _files_with(settings, b"qzxjkvwpyfmh")
        library.remove(report.document_id)
        assert _files_with(settings, b"qzxjkvwpyfmh") == []
        assert not library.index.keywords.has_remains()
    assert _files_with(settings, b"qzxjkvwpyfmh") == []


def _files_with(settings: Settings, word: bytes) -> list[str]:
    files = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    return [str(path.relative_to(settings.data_dir)) for path in files if word in path.read_bytes()]


def test_scores_after_removal_are_as_if_never_added(settings: Settings, tmp_path: Path) -> None:
    """A removed document leaves no trace in the BM25 of the others."""
    texts = [f"harbour text {'tide ' * number}".encode() for number in range(1, 12)]
    with Library.open(settings, FakeEmbedder()) as library:
        reports = [library.add(f"{number}.txt", text) for number, text in enumerate(texts)]
        for report in reports[:6]:
            library.remove(report.document_id)
        found = library.index.keywords.search("tide harbour", 50)
    with Library.open(Settings(data_dir=tmp_path / "fresh"), FakeEmbedder()) as library:
        for number, text in enumerate(texts[6:]):
            library.add(f"{number}.txt", text)
        assert dict(found) == pytest.approx(dict(library.index.keywords.search("tide harbour", 50)), rel=1e-6)


def test_removed_document_can_come_back(library: Library) -> None:
    """Added again, it is as it was."""
    first = library.add("a.md", RETURNS)
    library.remove(first.document_id)
    again = library.add("a.md", RETURNS)
    assert (again.status, again.document_id, again.chunks) == ("added", first.document_id, first.chunks)
    _assert_in_step(library)


def test_unknown_document_cannot_be_removed(library: Library) -> None:
    """The refusal names the id."""
    with pytest.raises(UnknownDocument, match="no document 'feed'"):
        library.remove("feed")


@pytest.mark.parametrize(("name", "content"), [("a.md", b""), ("a.exe", b"MZ\x90\x00"), ("a.pdf", b"%PDF-1.7 broken")])
def test_bad_file_is_reported_and_others_go_on(library: Library, name: str, content: bytes) -> None:
    """A file that cannot be added is a report that names it; nothing of it stays, the next one is added."""
    report = library.add(name, content)
    assert (report.status, report.document_id) == ("refused", None)
    assert report.message.startswith(name)
    assert library.add("b.txt", SHIPPING).status == "added"
    assert [record.name for record in library.documents()] == ["b.txt"]


def test_progress_is_told(library: Library) -> None:
    """Stages come in order, and what is done of each never falls."""
    seen: list[Progress] = []
    library.add("long.txt", LONG, progress=seen.append)
    assert list(dict.fromkeys(step.stage for step in seen)) == ["reading", "cutting", "embedding", "storing"]
    embedding = [step.done for step in seen if step.stage == "embedding"]
    assert embedding == sorted(embedding)
    assert embedding[-1] == seen[-1].total > 128


@pytest.mark.parametrize("stage", ["reading", "cutting", "embedding", "storing"])
def test_cancelled_file_leaves_nothing(library: Library, settings: Settings, stage: str) -> None:
    """Stopped at any stage, nothing of the file is kept, and it can be added later."""
    seen: list[str] = []
    report = library.add(
        "long.txt", LONG, progress=lambda step: seen.append(step.stage), cancelled=lambda: stage in seen
    )
    assert (report.status, report.message) == ("cancelled", "long.txt: stopped; nothing of it was kept.")
    assert (_counts(library), _uploads(settings)) == (((0, 0, 0), 0, 0), [])
    assert library.add("long.txt", LONG).status == "added"


def test_failing_vector_store_leaves_nothing(library: Library, settings: Settings) -> None:
    """A store that fails half way fails the file with what to do; nothing of it is kept, and the next one heals it."""
    library.add("b.txt", SHIPPING)
    add = library.index._vectors.add

    def add_one_and_fail(passage_ids: Sequence[str], vectors: Vectors) -> None:
        add(passage_ids[:1], vectors[:1])
        raise OSError("no space left")

    library.index._vectors.add = add_one_and_fail
    report = library.add("a.md", RETURNS)
    assert report.status == "failed"
    assert report.message.startswith("a.md: The vector store could not be written (no space left). Is the disk full?")
    assert [record.id for record in library.documents()] == _uploads(settings)
    assert len(_found(library, "parcels leave")) == 1
    assert library.add("a.md", RETURNS).status == "added"
    _assert_in_step(library)


def test_unexpected_fault_leaves_nothing(library: Library, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that nobody foresaw is raised, and nothing of the file is kept."""

    def explode(chunks: object) -> None:
        raise ZeroDivisionError("in the depths")

    monkeypatch.setattr(library.index.keywords, "add", explode)
    with pytest.raises(ZeroDivisionError, match="in the depths"):
        library.add("a.md", RETURNS)
    monkeypatch.undo()
    assert (_counts(library), _uploads(settings)) == (((0, 0, 0), 0, 0), [])
    assert library.add("a.md", RETURNS).status == "added"
    _assert_in_step(library)


@pytest.mark.parametrize(
    "step",
    ["catalogue.stage", "index._vectors.add", "index.keywords.add", "catalogue.activate"],
)
def test_killed_while_adding_is_mended(settings: Settings, step: str) -> None:
    """Killed before any step of adding, the next start shows only what was whole, and embeds nothing to get there."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("b.txt", SHIPPING)
    assert _child(_die_before, settings, step, "add", "a.md", RETURNS) == 9
    with Library.open(settings, FakeEmbedder()) as library:
        assert [record.name for record in library.documents()] == ["b.txt"]
        assert len(_uploads(settings)) == 1
        assert library.embedder.embedded == []
        _assert_in_step(library)
        assert library.add("a.md", RETURNS).status == "added"


@pytest.mark.parametrize(
    "step",
    ["index._vectors.delete", "index.keywords.delete", "catalogue.forget", "uploads.drop"],
)
def test_killed_while_removing_is_mended(settings: Settings, step: str) -> None:
    """Killed before any step of removing, the document is gone all the same, with its upload."""
    with Library.open(settings, FakeEmbedder()) as library:
        removed = library.add("a.md", RETURNS).document_id
        library.add("b.txt", SHIPPING)
    assert _child(_die_before, settings, step, "remove", removed) == 9
    with Library.open(settings, FakeEmbedder()) as library:
        assert [record.id for record in library.documents()] == _uploads(settings) != [removed]
        assert removed not in _found(library, "return a printed book receipt")
        _assert_in_step(library)


def test_staged_document_is_invisible(library: Library) -> None:
    """What is in both indexes but not yet active is neither listed nor found."""
    seen: list[tuple[list[str], set[str]]] = []
    activate = library.catalogue.activate

    def look_then_activate(document_id: str, source: str) -> str | None:
        _assert_staged(library, document_id)
        seen.append(([record.id for record in library.documents()], _found(library, "receipt")))
        return activate(document_id, source)

    library.catalogue.activate = look_then_activate
    report = library.add("a.md", RETURNS)
    assert seen == [([], set())]
    assert _found(library, "receipt") == {report.document_id}


def _assert_staged(library: Library, document_id: str) -> None:
    assert library.catalogue.inactive_ids() == [document_id]
    assert library.index._vectors.count() > 0
    assert library.index.keywords.count() > 0


@pytest.mark.parametrize("lost", ["vectors-*", "keywords"])
def test_lost_index_is_rebuilt_without_embedding(settings: Settings, lost: str) -> None:
    """An index that was deleted is made anew from the catalogue, with the same answers."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        library.add("long.txt", LONG)
        before = _counts(library), library.index.keywords.search("harbour 7", 5)
    for folder in settings.data_dir.glob(f"index-1/{lost}"):
        shutil.rmtree(folder)
    with Library.open(settings, FakeEmbedder()) as library:
        assert (_counts(library), library.index.keywords.search("harbour 7", 5)) == before
        assert library.embedder.embedded == []
        assert (
            "printed book"
            in library.catalogue.chunks(find_by_meaning(library.index, _vector("return a book"), 1))[
                find_by_meaning(library.index, _vector("return a book"), 1)[0]
            ].text
        )
    assert len(list(settings.data_dir.glob("index-1/vectors-*"))) == 1


def _vector(query: str) -> Vectors:
    return FakeEmbedder().embed_query(query)


def test_reopened_library_is_as_it_was(settings: Settings) -> None:
    """Nothing is rebuilt, nothing embedded, and the same is found."""
    with Library.open(settings, FakeEmbedder()) as library:
        added = library.add("a.md", RETURNS).document_id
        counts = _counts(library)
    with Library.open(settings, FakeEmbedder()) as library:
        assert (_counts(library), library.embedder.embedded) == (counts, [])
        assert _found(library, "receipt") == {added}
        assert library.index.repairs == []
    assert [path.name for path in settings.data_dir.glob("index-1/vectors-*")] == ["vectors-1"]


def test_second_process_is_refused_at_once(library: Library, settings: Settings, tmp_path: Path) -> None:
    """While one process owns the folder, another is told so by name, in under a second."""
    assert _child(_open_and_time, settings, tmp_path / "answer") == 0
    seconds, _, message = (tmp_path / "answer").read_text().partition(" ")
    assert float(seconds) < 1
    assert message.startswith(f"Another Sightline process (process {os.getpid()}) owns the library in")
    assert message.endswith(f"{settings.data_dir}. Close it, or choose another folder.")


def test_same_folder_cannot_be_opened_twice(library: Library, settings: Settings) -> None:
    """The same holds inside one process, and the folder is free again once closed."""
    with pytest.raises(LibraryInUse, match=str(settings.data_dir)):
        Library.open(settings, FakeEmbedder())
    library.close()
    Library.open(settings, FakeEmbedder()).close()


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({"chunk_tokens": 64}, {"chunk_tokens": (512, 64)}),
        ({"passage_tokens": 32}, {"passage_tokens": (64, 32)}),
        (
            {"chunk_tokens": 64, "chunk_overlap_tokens": 8},
            {"chunk_tokens": (512, 64), "chunk_overlap_tokens": (0, 8)},
        ),
    ],
)
def test_other_settings_are_named_and_applied_by_a_rebuild(
    settings: Settings, changes: dict[str, int], differences: dict[str, tuple[int, int]]
) -> None:
    """A library opened with settings that make other chunks says which, answers as before, and takes them when told."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
        counts = _counts(library)
    with Library.open(settings.model_copy(update=changes), FakeEmbedder()) as library:
        assert (library.differences, _counts(library)) == (differences, counts)
        assert _found(library, "receipt") != set()
        library.rebuild()
        assert library.differences == {}
        assert {key: library.passport[key] for key in changes} == changes
        assert _found(library, "receipt") != set()
        _assert_in_step(library)


def test_changed_model_is_named_and_applied_by_a_rebuild(settings: Settings) -> None:
    """A model that gives other vectors under its old name is never compared with them; the rest works."""
    with Library.open(settings, FakeEmbedder()) as library:
        document_id = library.add("a.md", RETURNS).document_id
    with Library.open(settings, FakeEmbedder(128)) as library:
        assert library.differences == {"dimension": (256, 128)}
        assert [record.id for record in library.documents()] == [document_id]
        with pytest.raises(LibraryMismatch, match=r"dimension was 256 and is 128\. Put the old one back, or rebuild"):
            retrieve(library, "receipt", settings)
        assert library.add("b.txt", SHIPPING).message.startswith("b.txt: The embedding model 'all-MiniLM-L6-v2' is not")
        library.rebuild()
        assert library.differences == {}
        assert list(retrieve(library, "receipt", settings).documents) == [document_id]
        assert library.add("b.txt", SHIPPING).status == "added"


def test_empty_library_takes_new_settings(settings: Settings) -> None:
    """Where there are no vectors, nothing can mismatch."""
    Library.open(settings, FakeEmbedder()).close()
    with Library.open(settings.model_copy(update={"chunk_tokens": 64}), FakeEmbedder(128)) as library:
        assert library.add("a.md", RETURNS).status == "added"
        assert library.catalogue.passport() == library.passport


def test_settings_of_the_search_do_not_mismatch(settings: Settings) -> None:
    """How many candidates are taken or how they are fused changes no vector."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.add("a.md", RETURNS)
    with Library.open(settings.model_copy(update={"candidates": 5, "fusion": "rrf"}), FakeEmbedder()) as library:
        assert len(library.documents()) == 1


def test_other_catalogue_version_is_refused(settings: Settings) -> None:
    """A file of another version is named with both versions, and left alone."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.catalogue.database.query("PRAGMA user_version = 7")
    for _ in range(2):
        with pytest.raises(LibraryMismatch, match=r"index\.db was written by another .*layout 7, this one reads 2"):
            Library.open(settings, FakeEmbedder())


def test_cosine_sample_follows_changes(library: Library) -> None:
    """The sample is kept while the library stands still, and drawn anew when it changes."""
    library.add("a.md", RETURNS)
    first = library.index.cosine_sample()
    assert library.index.cosine_sample() is first
    report = library.add("b.txt", SHIPPING)
    assert library.index.cosine_sample().size == 2
    library.remove(report.document_id)
    assert library.index.cosine_sample().size == 1


def test_rebuild_embeds_a_text_once_that_stands_in_several_documents(settings: Settings) -> None:
    """Cut anew by the same model, a text that the old index does not know is embedded with the first document."""
    texts = [" ".join(f"Word {number} of all." for number in range(20)) + f" Only {name}." for name in "abc"]
    with Library.open(settings, FakeEmbedder()) as library:
        for name, text in zip("abc", texts, strict=True):
            library.add(f"{name}.txt", text.encode())
    embedder = FakeEmbedder()
    with Library.open(settings.model_copy(update={"passage_tokens": 12}), embedder) as library:
        library.rebuild()
        assert library.catalogue.counts()[2] > len(embedder.embedded) > 0
    assert len(set(embedder.embedded)) == len(embedder.embedded)
