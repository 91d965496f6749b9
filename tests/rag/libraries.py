"""What tests of whole libraries share: documents to fill them, what they find, and processes that use them and die."""

from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from ingestion.parsing import parse
from ingestion.types import Document
from rag import library as library_module
from rag import shadow
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Source
from tests.rag.fake_embedder import FakeEmbedder

RETURNS = b"# Returns\n\nYou may return a printed book within thirty days. Keep the receipt.\n"
SHIPPING = b"Parcels leave the warehouse twice a week. The lighthouse keeper waits longest.\n"


def paragraphs(word: str, count: int) -> bytes:
    """A text of `count` paragraphs, each a passage of its own, that all hold `word`."""
    return "\n\n".join(f"# Part {number}\n\nThe {word} of harbour {number}." for number in range(count)).encode()


def found(library: Library, question: str) -> set[str]:
    """Ids of the documents of the best candidates."""
    return {hit.chunk.document_id for hit in retrieve(library, question, library.settings).rankings[Source.FUSED]}


def best(library: Library, question: str) -> str:
    """The text of the best chunk."""
    return retrieve(library, question, library.settings).rankings[Source.FUSED][0].chunk.text


def answers(library: Library, *questions: str) -> list[list[tuple[str, float]]]:
    """Ids and scores of all candidates of each question, best first."""
    rankings = [retrieve(library, question, library.settings).rankings[Source.FUSED] for question in questions]
    return [[(hit.chunk.id, round(hit.score, 5)) for hit in ranking] for ranking in rankings]


def assert_in_step(library: Library) -> None:
    """The vector store and the keyword index hold what the catalogue holds, and are in use."""
    _, chunks, passages = library.catalogue.counts()
    assert library.index._vectors is not None
    assert library.index._keywords_are_sound
    assert (library.index._vectors.count(), library.index.keywords.count()) == (passages, chunks)
    assert library.catalogue.inactive_ids() == []


def files_with(folder: Path, word: bytes) -> list[str]:
    """The files under a folder that hold `word` anywhere."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [str(path.relative_to(folder)) for path in files if word in path.read_bytes()]


def in_child(target: Callable[..., None], *arguments: object, seconds: float = 120) -> int | None:
    """The exit code of a process that runs `target`; the libraries are loaded once for all of them."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.rag.libraries"])
    child = context.Process(target=target, args=arguments)
    child.start()
    child.join(seconds)
    if child.is_alive():
        child.kill()
    return child.exitcode


def open_in_child(settings: Settings) -> Library:
    """A library in a process that will be killed: files are read in it, not in further processes."""

    def parse_here(name: str, content: bytes, **_: object) -> Document:
        return parse(name, content)

    library_module.parse_in_child = parse_here
    shadow.parse_in_child = parse_here
    return Library.open(settings, FakeEmbedder())
