"""The documents of the crash benchmark: short, each version of each different, most passages of a version the same."""

import hashlib
import random
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ingestion.parsing import parse
from rag.catalogue import text_hash
from rag.preparation import Prepared, prepare
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder

_PARTS = 8
_EVERYWHERE = (
    "This paragraph stands in every document. Its passages have one vector each, however often they are stored."
)


class Recipe(NamedTuple):
    """What an index is made with, as far as the benchmark changes it."""

    model: str  # "fake-<dimension>"
    chunk_tokens: int

    def settings(self, folder: Path) -> Settings:
        """The settings of a library in `folder`, its chunks and passages small."""
        return Settings(data_dir=folder, embedding_model=self.model, chunk_tokens=self.chunk_tokens, passage_tokens=24)


RECIPES = (Recipe("fake-96", 64), Recipe("fake-96", 96), Recipe("fake-128", 96))


def dimension_of(model: str) -> int:
    """The length of a model's vectors."""
    return int(model.removeprefix("fake-"))


def file_name(source: int) -> str:
    """The file that every version of one document comes from."""
    return f"{source}.txt"


def text_of(source: int, version: int) -> str:
    """A document. Another version has another first line and one other paragraph."""
    paragraphs = [f"Document {source}, version {version}."]
    for part in range(_PARTS):
        words = random.Random(f"{source} {part} {version if part == version % _PARTS else ''}")
        paragraphs.append(
            " ".join(f"{' '.join(f'w{words.randrange(20_000)}' for _ in range(9))}.".capitalize() for _ in range(3))
        )
    paragraphs.insert(_PARTS // 2, _EVERYWHERE)
    return "\n\n".join(paragraphs)


def version_of(text: str) -> int:
    """The version that a document says it is."""
    found = re.match(r"Document \d+, version (\d+)\.", text)
    return int(found[1]) if found else -1


def id_of(source: int, version: int) -> str:
    """The id that the library gives to a document."""
    return hashlib.sha256(text_of(source, version).encode()).hexdigest()[:16]


@lru_cache(maxsize=4096)
def prepared(source: int, version: int, recipe: Recipe) -> Prepared:
    """The parts that a document must have, cut and embedded apart from any library."""
    document = parse(file_name(source), text_of(source, version).encode())
    embedder = FakeEmbedder(dimension_of(recipe.model))
    return prepare(document, embedder, recipe.settings(Path()), lambda hashes: {}, lambda stage, done, total: None)


@lru_cache(maxsize=4096)
def hashes_of(source: int, version: int, recipe: Recipe) -> frozenset[str]:
    """What the texts of its passages are known by."""
    parts = prepared(source, version, recipe)
    return frozenset(text_hash(parts.document.text[p.start : p.end]).hex() for p in parts.passages)
