"""The default model, and one library of the sample documents for every test that needs meaning."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.embedding import Embedder, load_embedder
from rag.library import Library
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder

os.environ["HF_HUB_OFFLINE"] = "1"  # read when a hub library is first imported: no test asks the network

SAMPLE_DOCS = Path(__file__).parents[2] / "sample_docs"
SAMPLES = ("returns_policy.md", "shipping_policy.txt", "nachtschicht_notiz.txt", "catalogue_fiction.md")


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The default model."""
    return load_embedder(Settings())


@pytest.fixture(scope="session")
def sample_library(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Four sample documents in small chunks, over 300 of them, embedded by the default model. Tests only read it."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("samples"), chunk_tokens=80)
    with Library.open(settings, embedder) as library:
        for name in SAMPLES:
            assert library.add(name, (SAMPLE_DOCS / name).read_bytes()).status == "added"
        yield library


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a library in a folder of its own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def library(settings: Settings) -> Iterator[Library]:
    """An empty library with the fake embedder."""
    with Library.open(settings, FakeEmbedder()) as opened:
        yield opened
