"""The index that is being built beside the one that answers, with other settings, until the two are swapped."""

import logging
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ingestion.errors import FileRefused
from ingestion.parsing import PARSER_VERSION
from ingestion.sandbox import parse_in_child
from ingestion.types import Document
from rag.catalogue import Catalogue
from rag.embedding import Embedder
from rag.errors import LibraryDamaged, LibraryMismatch, UnknownDocument
from rag.index import Index
from rag.passport import passport_of
from rag.preparation import prepare
from rag.progress import Step
from rag.settings import Settings
from rag.types import DocumentRecord, Vector
from rag.uploads import Uploads

log = logging.getLogger(__name__)


def shadow_folder(index: Index) -> Path:
    """Where the index that may replace `index` is built."""
    return index.folder.with_name(f"index-{int(index.folder.name.removeprefix('index-')) + 1}")


def open_shadow(index: Index, settings: Settings, embedder: Embedder) -> Index:
    """The index that is being built: what an earlier call left, if it was for the same settings."""
    folder = shadow_folder(index)
    try:
        shadow = Index(folder, settings, embedder)
    except (LibraryDamaged, LibraryMismatch):
        shutil.rmtree(folder)
        return Index(folder, settings, embedder)
    if shadow.passport == passport_of(settings, embedder):
        return shadow
    shadow.close()
    shutil.rmtree(folder)
    return Index(folder, settings, embedder)


def missing_from(shadow: Index, records: Collection[DocumentRecord]) -> list[DocumentRecord]:
    """Those of the documents that it lacks; those it has too many of are removed from it."""
    there = {record.id for record in shadow.catalogue.records()}
    for gone in there - {record.id for record in records}:
        shadow.remove(gone)
    return [record for record in records if record.id not in there]


def tidy_shadow(folder: Path, settings: Settings, embedder: Embedder, records: Collection[DocumentRecord]) -> None:
    """Takes what was removed meanwhile out of an index whose building was stopped."""
    try:
        catalogue = Catalogue(folder / "index.db")
        there = {record.id for record in catalogue.records()} | set(catalogue.inactive_ids())
        catalogue.database.close()
        if there - {record.id for record in records}:
            shadow = Index(folder, settings, embedder)
            missing_from(shadow, records)
            shadow.close()
    except (LibraryDamaged, LibraryMismatch):
        shutil.rmtree(folder)


def copy_document(record: DocumentRecord, index: Index, uploads: Uploads, shadow: Index, step: Step) -> None:
    """Adds a document of `index` to the one that is being built, cut and embedded by its settings."""
    try:
        document = _document_anew(record, index, uploads)
        sources = index.catalogue.sources_of(record.id) or [record.name]
    except UnknownDocument:
        return  # removed meanwhile
    is_same_model = shadow.embedder.passport.items() <= index.passport.items()

    def known_vectors(hashes: Collection[bytes]) -> dict[bytes, Vector]:
        there = index.catalogue.known_vectors(hashes) if is_same_model else {}
        return there | shadow.catalogue.known_vectors(hashes)

    prepared = prepare(document, shadow.embedder, shadow.settings, known_vectors, step)
    shadow.insert(prepared, sources[0], size_bytes=record.size_bytes, step=step)
    for source in sources[1:]:
        shadow.link(record.id, source)


def _document_anew(record: DocumentRecord, index: Index, uploads: Uploads) -> Document:
    """A document as today's parser reads it; as it is stored if that is what it did, or its upload is lost."""
    stored = index.catalogue.document(record.id)
    if index.passport["parser"] == PARSER_VERSION:
        return stored
    try:
        return replace(parse_in_child(record.name, uploads.read(record.id)), name=record.name)
    except (FileRefused, UnknownDocument):
        log.exception("%s could not be read anew; its text stays as it was", record.name)
        return stored
