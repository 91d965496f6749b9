"""Which index answers, and with which embedder: the one that it was made with, whatever the settings ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag import seal
from rag.catalogue import Catalogue
from rag.database import Database
from rag.embedding import Embedder, MissingEmbedder, load_embedder
from rag.errors import LibraryMismatch, ModelUnavailable
from rag.index import Index
from rag.integrity import catalogue_faults
from rag.passport import RECIPE, passport_of
from rag.settings import Settings

_REBUILD = "Put the old one back, or rebuild the library with the new one: `python cli.py rebuild`."


def open_index(
    folder: Path, database: Database, settings: Settings, embedder: Embedder, *, read_only: bool, is_sealed: bool
) -> Index:
    """The index in `folder`, with the settings and the embedder that it was made with; an empty one takes those given.

    `database` is the library's, which may speak of documents that are gone. Unless the library `is_sealed`, all files
    of the truth are read through first. Raises LibraryDamaged, StorageFailed.
    """
    if database.fact("index") and seal.is_gone(folder / "index.db"):
        raise database.damage(f"the documents that it speaks of are gone: {folder / 'index.db'}")
    if not is_sealed and (faults := database.faults()):
        raise database.damage(faults[0])
    recipe = _recipe_of(folder, read_only=read_only, is_sealed=is_sealed) or {}
    made_with, its_embedder = settings.model_copy(update=dict(recipe)), embedder
    if made_with.embedding_model != settings.embedding_model and not isinstance(embedder, MissingEmbedder):
        its_embedder = _load(made_with)
    index = Index(folder, made_with, its_embedder, read_only=read_only)
    if index.catalogue.counts()[0]:
        index.embedder = _fitting(its_embedder, index)
    elif not read_only and index.passport != passport_of(settings, embedder):
        index.adopt(settings, embedder)
    return index


def _recipe_of(folder: Path, *, read_only: bool, is_sealed: bool) -> Mapping[str, Any] | None:
    """The settings that an index was made with; None if there is none. Raises LibraryDamaged."""
    if not (folder / "index.db").exists():
        return None
    catalogue = Catalogue(folder / "index.db", read_only=read_only)
    try:
        if not is_sealed and (faults := catalogue_faults(catalogue)):
            raise catalogue.database.damage(faults[0])
        passport = catalogue.passport()
    finally:
        catalogue.database.close()
    return None if passport is None else {name: passport[name] for name in RECIPE}


def _load(settings: Settings) -> Embedder:
    try:
        return load_embedder(settings)
    except ModelUnavailable as error:
        return MissingEmbedder(ModelUnavailable(f"{error} Without it this library cannot be searched. {_REBUILD}"))


def _fitting(embedder: Embedder, index: Index) -> Embedder:
    """The embedder; one that says what changed if it no longer gives the vectors that are stored."""
    if isinstance(embedder, MissingEmbedder):
        return embedder
    there, here = index.passport, embedder.passport
    changed = ", ".join(
        f"{key} was {there.get(key)!r} and is {value!r}" for key, value in here.items() if there.get(key) != value
    )
    if not changed:
        return embedder
    return MissingEmbedder(
        LibraryMismatch(
            f"The embedding model {index.settings.embedding_model!r} is not the one that this library was built with: "
            f"{changed}. {_REBUILD}"
        )
    )
