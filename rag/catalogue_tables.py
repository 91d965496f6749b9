"""The tables of a catalogue, and what their rows mean."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from sqlite3 import Row

import numpy as np

from ingestion.types import Chunk, Page, Passage
from rag.filters import DocumentFilter
from rag.types import DocumentRecord, Vector, Vectors

VERSION = 2
SCHEMA = """
CREATE TABLE documents (
    id TEXT PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('staged', 'active', 'removed')), name TEXT NOT NULL,
    title TEXT NOT NULL, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL, page_count INTEGER NOT NULL,
    chunk_count INTEGER NOT NULL, passage_count INTEGER NOT NULL, tokens INTEGER NOT NULL,
    unread_tokens INTEGER NOT NULL, added_at TEXT NOT NULL, warnings TEXT NOT NULL,
    pages TEXT NOT NULL, headings TEXT NOT NULL, text TEXT NOT NULL  -- last: what comes after them costs reading them
) STRICT;
CREATE INDEX documents_not_active ON documents (id) WHERE state <> 'active';
CREATE TABLE sources (
    source TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sources_of_document ON sources (document_id);
CREATE TABLE chunks (
    id TEXT PRIMARY KEY, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, token_count INTEGER NOT NULL, later_pages TEXT NOT NULL
) STRICT;
CREATE INDEX chunks_of_document ON chunks (document_id);
CREATE TABLE passages (
    id TEXT PRIMARY KEY, chunk_id TEXT NOT NULL REFERENCES chunks (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, token_count INTEGER NOT NULL,
    context TEXT NOT NULL, text_hash BLOB NOT NULL, vector BLOB NOT NULL, vector_sum INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_of_chunk ON passages (chunk_id);
CREATE INDEX passages_by_text ON passages (text_hash)
"""
UPGRADES = ("ALTER TABLE passages ADD COLUMN context TEXT NOT NULL DEFAULT ''",)
"""The n-th takes a file from layout n to the one after it."""


def conditions_of(wanted: DocumentFilter) -> tuple[str, list[str]]:
    """What a filter asks of the rows of documents, as SQL that begins with AND, and its parameters."""
    conditions, values = "", []
    if wanted.documents is not None:
        conditions += " AND id IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(sorted(wanted.documents)))
    if wanted.media_types is not None:
        conditions += " AND media_type IN (SELECT value FROM json_each(?))"
        values.append(json.dumps(sorted(wanted.media_types)))
    if wanted.added_from is not None:
        conditions += " AND added_at >= ?"
        values.append(wanted.added_from.isoformat())
    if wanted.added_until is not None:
        conditions += " AND added_at < ?"
        values.append((wanted.added_until + timedelta(days=1)).isoformat())
    return conditions, values


def passage_of(row: Row) -> Passage:
    """A passage as it was."""
    return Passage(row["chunk_id"], row["start"], row["end"], row["token_count"], row["context"])


def vector_of(row: Row) -> Vector:
    """The vector of a passage, (dimension,)."""
    return np.frombuffer(row["vector"], dtype=np.float32)


def vectors_of(blobs: Sequence[bytes]) -> Vectors:
    """The vectors of passages, (n, dimension)."""
    return np.frombuffer(b"".join(blobs), dtype=np.float32).reshape(len(blobs), -1 if blobs else 0)


def record_of(row: Row) -> DocumentRecord:
    """A document as lists show it."""
    return DocumentRecord(
        id=row["id"],
        name=row["name"],
        title=row["title"],
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        pages=row["page_count"],
        chunks=row["chunk_count"],
        passages=row["passage_count"],
        tokens=row["tokens"],
        unread_tokens=row["unread_tokens"],
        warnings=tuple(json.loads(row["warnings"])),
        added_at=row["added_at"],
    )


def chunk_row(chunk: Chunk) -> tuple[str | int | None, ...]:
    """What the table keeps of a chunk, in the order of its columns."""
    return (
        chunk.id,
        chunk.document_id,
        chunk.text,
        chunk.start,
        chunk.end,
        chunk.page,
        chunk.heading,
        chunk.token_count,
        json.dumps([asdict(page) for page in chunk.later_pages]),
    )


def chunk_of(row: Row) -> Chunk:
    """A chunk as it was."""
    later_pages = row["later_pages"]
    return Chunk(
        document_id=row["document_id"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        page=row["page"],
        heading=row["heading"],
        token_count=row["token_count"],
        later_pages=() if later_pages == "[]" else tuple(Page(**page) for page in json.loads(later_pages)),
    )
