"""A library of its own for one benchmark, with the default settings."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.embedding import load_embedder
from rag.library import Library
from rag.settings import Settings


@contextmanager
def empty_library() -> Iterator[Library]:
    """A new library in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        with Library.open(settings, load_embedder(settings)) as library:
            yield library
