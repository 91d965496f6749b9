"""The truth about the library: documents, chunks, passages and their vectors. The indexes are derived from it."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from sqlite3 import Row

import numpy as np

from ingestion.types import Chunk, Document, Heading, Page, Passage
from rag.database import Database
from rag.errors import UnknownDocument
from rag.types import DocumentRecord, Vector, Vectors

_MAX_VARIABLES = 500  # ids a single statement takes; SQLite allows 32,766
_RECORD = """
SELECT d.*, json_array_length(d.pages) AS page_count,
       (SELECT count(*) FROM chunks c WHERE c.document_id = d.id) AS chunk_count,
       (SELECT count(*) FROM passages p JOIN chunks c ON c.id = p.chunk_id WHERE c.document_id = d.id) AS passage_count
FROM documents d WHERE d.state = 'active'
"""


class Catalogue:
    """Documents of the library: staged with all their parts, then made active in one step. Readers see active ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def stage(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        passages: Sequence[Passage],
        vectors: Vectors,
        *,
        size_bytes: int,
        unread_tokens: int,
    ) -> None:
        """Writes a document and its parts, not yet visible."""
        row = {
            "id": document.id,
            "name": document.name,
            "title": document.title,
            "media_type": document.media_type,
            "size_bytes": size_bytes,
            "text": document.text,
            "pages": json.dumps([asdict(page) for page in document.pages]),
            "headings": json.dumps([asdict(heading) for heading in document.headings]),
            "warnings": json.dumps(document.warnings),
            "tokens": sum(chunk.token_count for chunk in chunks),
            "unread_tokens": unread_tokens,
            "added_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "state": "staged",
        }
        with self._database.transaction() as connection:
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO documents ({names}) VALUES ({marks})", row)  # noqa: S608
            connection.executemany(
                "INSERT INTO chunks (id, document_id, text, start, end, page, heading, token_count, later_pages) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_chunk_row(chunk) for chunk in chunks],
            )
            connection.executemany(
                "INSERT INTO passages (id, chunk_id, start, end, token_count, vector) VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (p.id, p.chunk_id, p.start, p.end, p.token_count, vector.tobytes())
                    for p, vector in zip(passages, vectors, strict=True)
                ],
            )

    def activate(self, document_id: str) -> None:
        """Makes a staged document visible."""
        self._set_state(document_id, "active")

    def retire(self, document_id: str) -> None:
        """Makes a document invisible. Raises UnknownDocument."""
        self._set_state(document_id, "removed")

    def forget(self, document_id: str) -> None:
        """Deletes a document and all its parts, from the file too."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        self._database.empty_log()

    def inactive_ids(self) -> list[str]:
        """Documents that were left half added or half removed."""
        rows = self._database.connection.execute("SELECT id FROM documents WHERE state <> 'active'")
        return [row["id"] for row in rows]

    def records(self) -> list[DocumentRecord]:
        """The documents, newest first."""
        rows = self._database.connection.execute(_RECORD + "ORDER BY d.added_at DESC, d.name")
        return [_record(row) for row in rows]

    def record(self, document_id: str) -> DocumentRecord:
        """One document's row. Raises UnknownDocument."""
        row = self._database.connection.execute(_RECORD + "AND d.id = ?", (document_id,)).fetchone()
        if row is None:
            raise UnknownDocument(f"There is no document {document_id!r} in this library.")
        return _record(row)

    def records_of(self, document_ids: Collection[str]) -> list[DocumentRecord]:
        """The rows of those of the documents that are visible."""
        return [_record(row) for row in self._in(_RECORD + "AND d.id IN ({marks})", document_ids)]

    def has(self, document_id: str) -> bool:
        """Whether a document with this id is visible."""
        query = "SELECT 1 FROM documents WHERE id = ? AND state = 'active'"
        return self._database.connection.execute(query, (document_id,)).fetchone() is not None

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises UnknownDocument."""
        query = "SELECT * FROM documents WHERE id = ? AND state = 'active'"
        row = self._database.connection.execute(query, (document_id,)).fetchone()
        if row is None:
            raise UnknownDocument(f"There is no document {document_id!r} in this library.")
        return Document(
            id=row["id"],
            name=row["name"],
            media_type=row["media_type"],
            text=row["text"],
            pages=tuple(Page(**page) for page in json.loads(row["pages"])),
            headings=tuple(Heading(**heading) for heading in json.loads(row["headings"])),
            title=row["title"],
            warnings=tuple(json.loads(row["warnings"])),
        )

    def chunks(self, chunk_ids: Collection[str]) -> dict[str, Chunk]:
        """Those of the chunks that belong to active documents, by id."""
        query = (
            "SELECT c.* FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.state = 'active' AND c.id IN ({marks})"
        )
        return {row["id"]: _chunk(row) for row in self._in(query, chunk_ids)}

    def chunks_of(self, document_id: str) -> list[Chunk]:
        """The chunks of one document, in reading order."""
        query = "SELECT * FROM chunks WHERE document_id = ? ORDER BY start, end"
        return [_chunk(row) for row in self._database.connection.execute(query, (document_id,))]

    def passages(self, chunk_ids: Collection[str]) -> dict[str, list[tuple[Passage, Vector]]]:
        """The passages of each chunk with their vectors, in reading order."""
        query = "SELECT * FROM passages WHERE chunk_id IN ({marks}) ORDER BY start, end"
        found: dict[str, list[tuple[Passage, Vector]]] = {chunk_id: [] for chunk_id in chunk_ids}
        for row in self._in(query, chunk_ids):
            passage = Passage(row["chunk_id"], row["start"], row["end"], row["token_count"])
            found[row["chunk_id"]].append((passage, np.frombuffer(row["vector"], dtype=np.float32)))
        return found

    def chunk_sample(self, size: int) -> list[str]:
        """Ids of about `size` chunks spread evenly over the library; all of them if there are no more."""
        query = "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.state = 'active'"
        ids = [row["id"] for row in self._database.connection.execute(query + " ORDER BY c.id")]
        step = max(1, -(-len(ids) // size))
        return ids[::step]

    def all_passages(self, batch_size: int) -> Iterator[tuple[list[str], Vectors]]:
        """Every active passage id with its vector, in batches: what the vector store is rebuilt from."""
        query = (
            "SELECT p.id, p.vector FROM passages p JOIN chunks c ON c.id = p.chunk_id "
            "JOIN documents d ON d.id = c.document_id WHERE d.state = 'active'"
        )
        cursor = self._database.connection.execute(query)
        while rows := cursor.fetchmany(batch_size):
            yield (
                [row["id"] for row in rows],
                np.stack([np.frombuffer(row["vector"], dtype=np.float32) for row in rows]),
            )

    def counts(self) -> tuple[int, int, int]:
        """How many active documents, chunks and passages there are."""
        query = """
        SELECT count(*), coalesce(sum(chunk_count), 0), coalesce(sum(passage_count), 0) FROM
        """
        row = self._database.connection.execute(f"{query} ({_RECORD})").fetchone()
        return row[0], row[1], row[2]

    def passport(self) -> dict[str, str | int] | None:
        """What the vectors were made with; None while the library is new."""
        row = self._database.connection.execute("SELECT value FROM facts WHERE key = 'passport'").fetchone()
        return json.loads(row["value"]) if row else None

    def set_passport(self, passport: dict[str, str | int]) -> None:
        """Records what the vectors are made with."""
        self.set_fact("passport", json.dumps(passport))

    def fact(self, key: str) -> str | None:
        """A small remembered value."""
        row = self._database.connection.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return row["value"] if row else None

    def set_fact(self, key: str, value: str) -> None:
        """Remembers a small value."""
        with self._database.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO facts (key, value) VALUES (?, ?)", (key, value))

    def _set_state(self, document_id: str, state: str) -> None:
        with self._database.transaction() as connection:
            cursor = connection.execute("UPDATE documents SET state = ? WHERE id = ?", (state, document_id))
            if cursor.rowcount == 0:
                raise UnknownDocument(f"There is no document {document_id!r} in this library.")

    def _in(self, query: str, values: Collection[str]) -> Iterator[Row]:
        listed = list(values)
        for start in range(0, len(listed), _MAX_VARIABLES):
            part = listed[start : start + _MAX_VARIABLES]
            yield from self._database.connection.execute(query.format(marks=", ".join("?" * len(part))), part)


def _record(row: Row) -> DocumentRecord:
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


def _chunk_row(chunk: Chunk) -> tuple[str | int | None, ...]:
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


def _chunk(row: Row) -> Chunk:
    return Chunk(
        document_id=row["document_id"],
        text=row["text"],
        start=row["start"],
        end=row["end"],
        page=row["page"],
        heading=row["heading"],
        token_count=row["token_count"],
        later_pages=tuple(Page(**page) for page in json.loads(row["later_pages"])),
    )
