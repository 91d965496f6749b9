"""What the crash benchmark runs in processes of their own: a worker that gets killed, and a look at what it left."""

import json
import random
import re
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np

from benchmarks.crash_journal import Journal
from benchmarks.crash_texts import Recipe, dimension_of, file_name, id_of, prepared, text_of, version_of
from ingestion.parsing import parse
from ingestion.types import Document
from rag import doctor, index_opening, shadow, vector_store
from rag import library as library_module
from rag.catalogue import Catalogue, text_hash
from rag.errors import UnknownDocument
from rag.index import Index
from rag.library import Library
from rag.pipeline import retrieve
from rag.preparation import Prepared
from rag.settings import Settings
from rag.types import DocumentRecord, Source, Vectors
from tests.rag.fake_embedder import FakeEmbedder

_READERS = 2
_SOURCES = 200
_SAME = 0.9999  # cosine of a vector with itself, roundings allowed


class Plan(NamedTuple):
    """What one worker is to do until it is killed."""

    folder: Path
    wanted: Recipe
    journal: Path
    seed: str
    first_version: int
    documents: int  # about as many are kept in the library
    rebuild: str  # "no", "alone", or "beside" the other operations
    build_only: bool = False  # add that many, then end


def work(plan: Plan) -> None:
    """Adds, replaces, removes and rebuilds without end, with readers looking on."""
    journal = Journal(plan.journal)
    _prepare_process(journal)
    settings = plan.wanted.settings(plan.folder)
    library = _Watched.open(settings, _Watcher(plan.wanted.model, journal))
    library.journal = journal
    journal.note(ready=True)
    rng = random.Random(plan.seed)
    if plan.build_only:
        for source in range(plan.documents):
            _change(library, journal, "add", source, plan.first_version + source)
        library.close()
        return
    for number in range(_READERS):
        _start(journal, _read_on, library, random.Random(f"{plan.seed} {number}"), name=f"reader {number}")
    _guarded(journal, _operate_on, library, plan, rng)
    time.sleep(60)  # a fault is written down; wait for the kill


def look(folder: Path, wanted: Recipe, journal: Path, answer: Path, seed: str) -> None:
    """Opens what a worker left, compares everything with everything, and writes down what is wrong."""
    notes = Journal(journal)
    _prepare_process(notes)
    embedder = _Watcher(wanted.model, notes)
    started = time.perf_counter()
    with Library.open(wanted.settings(folder), embedder) as library:
        seconds = time.perf_counter() - started
        repairs = list(library.index.repairs)
        faults = [fault for check in _CHECKS for fault in check(library, random.Random(seed))]
        unmended = doctor.check(library)
        if unmended or library.index.repairs != repairs:
            faults.append(f"check() still found something: {unmended} {library.index.repairs[len(repairs) :]}")
        faults += [] if not embedder.embedded else [f"{len(embedder.embedded)} texts embedded by the recovery"]
        found = {
            int(name.removesuffix(".txt")): version_of(library.document(key).text)
            for name, key in library.catalogue.sources().items()
        }
        recipe = library.index.settings.embedding_model, library.index.settings.chunk_tokens
    answer.write_text(
        json.dumps(
            {
                "seconds": seconds,
                "repairs": repairs,
                "faults": faults,
                "found": found,
                "recipe": recipe,
            }
        )
    )


class _Watcher(FakeEmbedder):
    """A fake embedder that writes down what it embeds."""

    def __init__(self, model: str, journal: Journal) -> None:
        super().__init__(dimension_of(model))
        self._model = model
        self._journal = journal

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Writes it down, then embeds."""
        hashes = [text_hash(text).hex() for text in texts]
        self._journal.note(embedded=hashes, model=self._model, by=threading.current_thread().name)
        return super().embed_passages(texts)


class _Watched(Library):
    """A library that writes down how far a rebuild is."""

    journal: Journal

    def _swap(self, fresh: Index) -> None:
        self.journal.note(swapping=True)
        super()._swap(fresh)
        self.journal.note(swapped=True)


def _prepare_process(journal: Journal) -> None:
    """Vector files written every few documents, files parsed here, models without weights."""
    vector_store._HNSW["batch_size"] = 10
    vector_store._HNSW["sync_threshold"] = 30
    for module in (library_module, shadow):
        mock.patch.object(module, "parse_in_child", _parse_here).start()
    mock.patch.object(library_module, "copy_document", _noting_copies(journal)).start()

    def load_watcher(settings: Settings) -> _Watcher:
        return _Watcher(settings.embedding_model, journal)

    mock.patch.object(index_opening, "load_embedder", load_watcher).start()


def _noting_copies(journal: Journal) -> Callable[..., None]:
    def copy(record: DocumentRecord, *rest: Any) -> None:  # noqa: ANN401  (passed on as they are)
        shadow.copy_document(record, *rest)
        journal.note(copied=record.id)

    return copy


def _parse_here(name: str, content: bytes, **_: object) -> Document:
    return parse(name, content)


def _start(journal: Journal, target: Callable[..., None], *arguments: object, name: str) -> threading.Thread:
    thread = threading.Thread(target=_guarded, args=(journal, target, *arguments), name=name, daemon=True)
    thread.start()
    return thread


def _guarded(journal: Journal, target: Callable[..., None], *arguments: object) -> None:
    try:
        target(*arguments)
    except Exception:
        journal.note(saw=f"{threading.current_thread().name}: {traceback.format_exc()}")


def _operate_on(library: _Watched, plan: Plan, rng: random.Random) -> None:
    if plan.rebuild == "alone":
        _rebuild(library)
    elif plan.rebuild == "beside":
        _start(library.journal, _rebuild, library, name="rebuild")
    version = plan.first_version
    while True:
        version += 1
        held = [int(name.removesuffix(".txt")) for name in library.catalogue.sources()]
        free = sorted(set(range(_SOURCES)) - set(held))
        weights = {"replace": 4, "add": 3, "remove": 3 if len(held) > plan.documents else 1}
        kind = rng.choices(list(weights), list(weights.values()))[0]
        _change(library, library.journal, kind, rng.choice(free if kind == "add" else held), version)


def _rebuild(library: _Watched) -> None:
    threading.current_thread().name = "rebuild"
    library.journal.note(rebuilding=True)
    library.rebuild()
    library.journal.acknowledge(did="rebuild")
    threading.current_thread().name = "operations"


def _change(library: Library, journal: Journal, kind: str, source: int, version: int) -> None:
    journal.note(do=kind, source=source, version=version)
    if kind == "remove":
        library.remove(library.catalogue.sources()[file_name(source)])
    else:
        report = library.add(file_name(source), text_of(source, version).encode())
        if report.status != "added":
            raise RuntimeError(f"{kind} of {source} ended as {report}")
    journal.acknowledge(did=kind, source=source)


def _read_on(library: _Watched, rng: random.Random) -> None:
    looks = 0
    while True:
        index = library.index
        try:
            faults = _faults_of_a_look(library, index.catalogue, rng)
        except Exception:
            faults = [traceback.format_exc()]
        for fault in faults:
            library.journal.note(saw=f"{threading.current_thread().name}: {fault}")
        looks += 1
        library.journal.note(looks=looks)
        time.sleep(0.1)


def _faults_of_a_look(library: Library, catalogue: Catalogue, rng: random.Random) -> list[str]:
    records = catalogue.records()
    names = [record.name for record in records]
    faults = [f"two versions of {name} at once" for name in set(names) if names.count(name) > 1]
    if not records:
        return faults
    record = rng.choice(records)
    source = int(record.name.removesuffix(".txt"))
    try:
        text = catalogue.document(record.id).text
    except UnknownDocument:
        return faults
    expected = {chunk.id for chunk in _prepared_as(library, catalogue, source, text).chunks}
    chunks = {chunk.id for chunk in catalogue.chunks_of(record.id)}
    if chunks != expected and not (not chunks and not catalogue.has(record.id)):
        faults.append(f"{record.name}: {len(chunks)} of {len(expected)} chunks seen")
    return faults + _faults_of_an_answer(library, catalogue, record, text, rng)


def _prepared_as(library: Library, catalogue: Catalogue, source: int, text: str) -> Prepared:
    passport = catalogue.passport() or {}
    recipe = Recipe(str(passport["embedding_model"]), int(passport["chunk_tokens"]))
    return prepared(source, version_of(text), recipe)


def _faults_of_an_answer(
    library: Library, catalogue: Catalogue, record: DocumentRecord, text: str, rng: random.Random
) -> list[str]:
    question = rng.choice(text.split("\n\n")[1:])
    result = retrieve(library, question, library.settings)
    chunks = [hit.chunk for hit in result.rankings[Source.FUSED]]
    documents = {result.documents[key].name: key for key in {chunk.document_id for chunk in chunks}}
    faults = []
    if len(documents) != len({chunk.document_id for chunk in chunks}):
        faults.append("chunks of two versions in one answer")
    is_found = any(question.split()[0] in chunk.text for chunk in chunks if chunk.document_id == record.id)
    if not is_found and library.catalogue.has(record.id):
        faults.append(f"{record.name} was there and was not found: {[chunk.id for chunk in chunks[:5]]}")
    return faults


def _check_documents(library: Library, rng: random.Random) -> list[str]:
    """Each document is whole: its text, chunks, passages and vectors are those it has apart from the library."""
    faults = [f"{key} is neither there nor gone" for key in library.catalogue.inactive_ids()]
    recipe = Recipe(library.index.settings.embedding_model, library.index.settings.chunk_tokens)
    for record in library.documents():
        source = int(record.name.removesuffix(".txt"))
        document = library.document(record.id)
        version = version_of(document.text)
        expected = prepared(source, version, recipe)
        chunks = library.catalogue.chunks_of(record.id)
        stored = [pair for pairs in library.catalogue.passages([c.id for c in chunks]).values() for pair in pairs]
        vectors = {passage.id: vector for passage, vector in stored}
        if record.id != id_of(source, version) or document.text != expected.document.text:
            faults.append(f"{record.name}: not the text of version {version}")
        elif {chunk.id for chunk in chunks} != {chunk.id for chunk in expected.chunks}:
            faults.append(f"{record.name}: {len(chunks)} of {len(expected.chunks)} chunks")
        elif not all(
            np.array_equal(vectors.get(passage.id, ()), vector)
            for passage, vector in zip(expected.passages, expected.vectors, strict=True)
        ) or len(vectors) != len(expected.passages):
            faults.append(f"{record.name}: vectors that are not its own")
    return faults


def _check_structures(library: Library, rng: random.Random) -> list[str]:
    """The ids of the vector store and of the keyword index are those of the catalogue; nothing else lies about."""
    index = library.index
    if index._vectors is None:
        return ["no vector store"]
    faults = []
    passages = {key for ids, _ in index.catalogue.all_passages(500) for key in ids}
    stored = index._vectors.ids()
    if stored != passages:
        faults.append(f"vector store: {len(stored - passages)} too many, {len(passages - stored)} missing")
    chunks = {chunk.id for record in library.documents() for chunk in index.catalogue.chunks_of(record.id)}
    keywords = index.keywords
    there = {key for key, _ in keywords._run(keywords._in("chunk_id", chunks), len(chunks) + 1)}
    if there != chunks or keywords.count() != len(chunks):
        faults.append(f"keyword index: {keywords.count()} chunks, {len(chunks - there)} of {len(chunks)} missing")
    files = sorted(path.name[:16] for path in (library.settings.data_dir / "uploads").iterdir())
    if files != sorted(record.id for record in library.documents()):
        faults.append(f"{len(files)} uploads for {len(library.documents())} documents")
    return faults


def _check_folders(library: Library, rng: random.Random) -> list[str]:
    """One index, one that is being rebuilt at most, and one vector folder in the first."""
    number = int(library.index.folder.name.removeprefix("index-"))
    allowed = {f"index-{number}", f"index-{number + 1}"}
    there = {path.name for path in library.settings.data_dir.glob("index-*")}
    faults = [] if there <= allowed else [f"left behind: {sorted(there - allowed)}"]
    stores = [path.name for path in library.index.folder.glob("vectors-*")]
    return faults if len(stores) == 1 else [*faults, f"vector folders: {stores}"]


def _check_remains(library: Library, rng: random.Random) -> list[str]:
    """No file holds the text of a version that is gone, not even one that SQLite or a stopped rebuild left."""
    there = {version_of(library.document(record.id).text) for record in library.documents()}
    faults = []
    for path in library.settings.data_dir.rglob("*"):
        versions = {int(found) for found in re.findall(rb"Document \d+, version (\d+)\.", _bytes_of(path))}
        if gone := versions - there:
            name = path.relative_to(library.settings.data_dir)
            faults.append(f"{name} still holds the text of {len(gone)} versions that are gone")
    return faults


def _bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _check_search(library: Library, rng: random.Random) -> list[str]:
    """Every seventh vector finds itself, and a few paragraphs their documents."""
    index = library.index
    if index._vectors is None:
        return ["no vector store"]
    faults = []
    pairs = [pair for ids, vectors in index.catalogue.all_passages(500) for pair in zip(ids, vectors, strict=True)]
    for key, vector in pairs[::7]:
        hits = index._vectors.search(vector, 5)
        if key not in [hit for hit, _ in hits] and any(cosine < _SAME for _, cosine in hits):
            faults.append(f"{key} does not find itself")
    records = library.documents()
    for record in rng.sample(records, min(3, len(records))):
        text = library.document(record.id).text
        faults += _faults_of_an_answer(library, library.catalogue, record, text, rng)
    return faults


_CHECKS: tuple[Callable[[Library, random.Random], list[str]], ...] = (
    _check_documents,
    _check_structures,
    _check_folders,
    _check_remains,
    _check_search,
)
