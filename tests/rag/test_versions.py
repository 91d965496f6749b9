"""A changed file replaces what came from it before: in one step, embedding only what changed, once however often."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag.doctor import check
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import AddReport, Source
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.libraries import RETURNS, SHIPPING, assert_in_step, best, files_with, found, paragraphs


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small chunks: short documents have several."""
    return settings.model_copy(update={"chunk_tokens": 16, "passage_tokens": 16, "passage_overlap_sentences": 0})


def _uploads(library: Library) -> list[str]:
    return sorted(path.name[:16] for path in (library.settings.data_dir / "uploads").iterdir())


def test_changed_file_replaces_what_came_from_it(library: Library) -> None:
    """The new text answers, and of the old one nothing is left: no row, no vector, no word, no upload, no byte."""
    first = library.add("a.txt", b"The ferry to qzxjkvwp leaves at nine.")
    second = library.add("a.txt", b"The ferry leaves at ten.")
    assert (second.status, second.message) == ("added", "replaces the version before it")
    assert [record.id for record in library.documents()] == _uploads(library) == [second.document_id]
    assert (second.document_id != first.document_id, best(library, "ferry")) == (True, "The ferry leaves at ten.")
    assert_in_step(library)
    library.close()
    assert files_with(library.settings.data_dir, b"qzxjkvwp") == []


def test_readers_see_one_version_whole(library: Library) -> None:
    """In 200 answers while a file is replaced on and on, there is always exactly one version, and all of it."""
    library.add("other.txt", SHIPPING)
    library.add("a.txt", paragraphs("tide0", 6))
    sizes: dict[str, int] = {record.id: record.chunks for record in library.documents()}
    seen: list[set[str]] = []
    faults: list[object] = []
    enough = threading.Event()

    def read() -> None:
        while len(seen) < 200:
            hits = retrieve(library, "the tide harbour part", library.settings).rankings[Source.FUSED]
            mine = [hit.chunk for hit in hits if "harbour" in hit.chunk.text]
            ids = {chunk.document_id for chunk in mine}
            seen.append(ids)
            if len(ids) != 1 or len(mine) != 6:
                faults.append((ids, len(mine)))
        enough.set()

    reader = threading.Thread(target=read)
    reader.start()
    version = 0
    while not enough.is_set():
        version += 1
        report = library.add("a.txt", paragraphs(f"tide{version}", 6))
        sizes[report.document_id or ""] = report.chunks
    reader.join()
    assert faults == []
    assert all(sizes[document_id] == 6 for ids in seen for document_id in ids)
    assert len({document_id for ids in seen for document_id in ids}) > 2, "nothing was replaced meanwhile"


def test_same_name_from_other_sources_is_kept_apart(library: Library) -> None:
    """Two folders may each have their readme."""
    library.add("readme.md", RETURNS, source="/one/readme.md")
    library.add("readme.md", SHIPPING, source="/two/readme.md")
    assert len(library.documents()) == 2
    library.add("readme.md", b"Nothing to see here.", source="/two/readme.md")
    assert len(library.documents()) == 2
    assert "receipt" in best(library, "receipt")


def test_document_stays_while_a_source_is_left(library: Library) -> None:
    """The same bytes at two places are one document, which goes with the last of them."""
    report = library.add("a.md", RETURNS, source="/one/a.md")
    assert library.add("b.md", RETURNS, source="/two/b.md").status == "unchanged"
    assert library.catalogue.sources() == dict.fromkeys(["/one/a.md", "/two/b.md"], report.document_id)
    library.forget_source("/one/a.md")
    assert found(library, "receipt") == {report.document_id}
    library.forget_source("/one/a.md")
    library.forget_source("/two/b.md")
    assert (library.documents(), _uploads(library), found(library, "receipt")) == ([], [], set())
    assert_in_step(library)


def test_replacing_one_of_two_sources_keeps_the_other(library: Library) -> None:
    """A copy that is edited parts from the original."""
    library.add("a.md", RETURNS, source="/one/a.md")
    library.add("a.md", RETURNS, source="/two/a.md")
    report = library.add("a.md", SHIPPING, source="/two/a.md")
    assert (report.message, len(library.documents()), len(_uploads(library))) == ("", 2, 2)


def test_renamed_file_embeds_nothing_and_shows_its_new_name(library: Library, settings: Settings) -> None:
    """Added under its new path, then forgotten under the old one."""
    library.add("old.md", RETURNS, source="/folder/old.md")
    embedded = list(library.embedder.embedded)
    library.add("new.md", RETURNS, source="/folder/new.md")
    library.forget_source("/folder/old.md")
    assert [record.name for record in library.documents()] == ["new.md"]
    assert library.catalogue.sources() == {"/folder/new.md": library.documents()[0].id}
    assert library.embedder.embedded == embedded


def test_upload_under_a_new_name_only_is_renamed(library: Library) -> None:
    """The same source with the same bytes and another name shows that name."""
    library.add("draft.md", RETURNS, source="inbox/7")
    library.add("final.md", RETURNS, source="inbox/7")
    assert [record.name for record in library.documents()] == ["final.md"]


def test_only_changed_passages_are_embedded(library: Library) -> None:
    """Of forty paragraphs one is changed and one is new: two texts are embedded, and all are searched."""
    text = paragraphs("tide", 40).decode()
    library.add("a.txt", text.encode())
    library.embedder.embedded.clear()
    changed = text.replace("harbour 17", "lagoon 17") + "\n\n# Part 40\n\nThe tide of a new pier."
    report = library.add("a.txt", changed.encode())
    embedded = library.embedder.embedded
    assert len(embedded) == 2
    assert "lagoon 17" in embedded[0]
    assert "new pier" in embedded[1]
    assert report.passages == library.catalogue.counts()[2] == 41
    assert "lagoon" in best(library, "lagoon 17")


def test_reused_vectors_are_those_of_the_texts(library: Library) -> None:
    """Every stored vector is the one that its text would have if it were embedded now."""
    library.add("a.txt", paragraphs("tide", 12))
    report = library.add("a.txt", b"A new beginning.\n\n" + paragraphs("tide", 12))
    text = library.document(report.document_id).text
    chunks = library.catalogue.chunks_of(report.document_id)
    pairs = [pair for found in library.catalogue.passages([chunk.id for chunk in chunks]).values() for pair in found]
    for passage, vector in pairs:
        assert vector.tolist() == FakeEmbedder().embed_query(text[passage.start : passage.end]).tolist()


def test_going_back_to_an_earlier_version(library: Library) -> None:
    """What was replaced can replace what replaced it."""
    ids = [library.add("a.md", content).document_id for content in (RETURNS, SHIPPING, RETURNS)]
    assert ids[0] == ids[2]
    assert [record.id for record in library.documents()] == [ids[0]]
    assert found(library, "receipt parcels") == {ids[0]}
    assert_in_step(library)


@pytest.mark.parametrize("ending", ["refused", "cancelled"])
def test_version_that_fails_leaves_the_one_before(library: Library, ending: str) -> None:
    """Refused or stopped, the old version answers as if nothing had happened."""
    document_id = library.add("a.pdf.txt", RETURNS).document_id
    if ending == "refused":
        report = library.add("a.pdf.txt", b"%PDF-1.7 in disguise")
    else:
        seen: list[str] = []
        report = library.add(
            "a.pdf.txt", SHIPPING, progress=lambda step: seen.append(step.stage), cancelled=lambda: "storing" in seen
        )
    assert report.status == ending
    assert [record.id for record in library.documents()] == _uploads(library) == [document_id]
    assert found(library, "receipt") == {document_id}
    assert_in_step(library)


def test_file_added_a_hundred_times_is_there_once(library: Library) -> None:
    """One set of chunks, embedded once."""
    reports = [library.add("a.txt", paragraphs("tide", 4)) for _ in range(100)]
    assert [report.status for report in reports] == ["added"] + ["unchanged"] * 99
    assert library.catalogue.counts() == (1, reports[0].chunks, reports[0].passages)
    assert len(library.embedder.embedded) == reports[0].passages
    assert_in_step(library)


@pytest.mark.parametrize("names", ["same", "different"])
def test_file_added_by_ten_threads_is_there_once(library: Library, names: str) -> None:
    """At the same time, under one name or ten: one of them adds it, the others find it there."""

    def add(number: int) -> AddReport:
        return library.add("a.txt" if names == "same" else f"{number}.txt", paragraphs("tide", 4))

    with ThreadPoolExecutor(10) as threads:
        reports = list(threads.map(add, range(10)))
    assert sorted(report.status for report in reports) == ["added"] + ["unchanged"] * 9
    assert len({report.document_id for report in reports}) == len(library.documents()) == len(_uploads(library)) == 1
    assert len(library.embedder.embedded) == library.catalogue.counts()[2]
    assert_in_step(library)


def test_ten_threads_with_versions_of_one_file(library: Library) -> None:
    """Whichever comes last, it is whole and alone."""
    with ThreadPoolExecutor(10) as threads:
        reports = list(threads.map(lambda number: library.add("a.txt", paragraphs(f"tide{number}", 4)), range(10)))
    assert {report.status for report in reports} == {"added"}
    [record] = library.documents()
    assert _uploads(library) == [record.id]
    assert_in_step(library)


def test_name_cannot_pass_for_a_report(library: Library) -> None:
    """A known file is unchanged, even if its name begins like the note on a replaced one."""
    library.add("a.md", RETURNS)
    assert library.add("replaces all.md", RETURNS).status == "unchanged"


def test_lost_upload_comes_back_with_the_same_file(library: Library) -> None:
    """What `check` asks for, adding it again, does help."""
    report = library.add("a.md", RETURNS)
    for content in (b"other bytes", None):
        [upload] = (library.settings.data_dir / "uploads").iterdir()
        if content is None:
            upload.unlink()
        else:
            upload.write_bytes(content)
        [fault] = check(library)
        assert "a.md: its uploaded file is" in fault
        assert library.add("a.md", RETURNS).status == "unchanged"
        assert check(library) == []
    assert library.uploads.read(report.document_id) == RETURNS


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """An empty library with small chunks."""
    with Library.open(settings, FakeEmbedder()) as opened:
        yield opened
