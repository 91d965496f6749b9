"""The sample documents in a library of their own, for the benchmarks."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion.parsers import PARSERS
from rag.embedding import load_embedder
from rag.library import Library
from rag.settings import Settings

SAMPLE_DOCS = Path(__file__).parents[1] / "sample_docs"


def sample_files() -> list[Path]:
    """The sample documents, without their questions."""
    return sorted(path for path in SAMPLE_DOCS.iterdir() if path.suffix in PARSERS)


@contextmanager
def empty_library() -> Iterator[Library]:
    """A new library in a temporary folder, with the default settings."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with Library.open(settings, load_embedder(settings)) as library:
            yield library
