"""The truth about one index: documents, chunks, passages and their vectors. The search structures derive from it."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from sqlite3 import Row
from typing import Self
from zlib import crc32

from ingestion.types import Chunk, Document, Heading, Page, Passage
from rag.catalogue_tables import (
    SCHEMA,
    UPGRADES,
    VERSION,
    chunk_of,
    chunk_row,
    conditions_of,
    passage_of,
    record_of,
    vector_of,
    vectors_of,
)
from rag.database import Database
from rag.errors import UnknownDocument
from rag.filters import DocumentFilter
from rag.passage_cache import PassageCache
from rag.types import DocumentRecord, Vector, Vectors

_MAX_VARIABLES = 500  # ids a single statement takes; SQLite allows 32,766
_RECORD = (
    "SELECT id, name, title, media_type, size_bytes, page_count, chunk_count, passage_count, tokens, unread_tokens, "
    "added_at, warnings FROM documents WHERE state = 'active' "
)
_ACTIVE_PASSAGES = (
    "FROM passages p JOIN chunks c ON c.id = p.chunk_id JOIN documents d ON d.id = c.document_id "
    "WHERE d.state = 'active'"
)
_NEXT_EPOCH = (
    "INSERT INTO facts VALUES ('epoch', '1') ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
)


def text_hash(text: str) -> bytes:
    """What a passage's text is known by: equal texts have equal vectors under one passport."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Catalogue:
    """Documents of one index: staged with all their parts, then made active in one step. Readers see active ones.

    A document is known by its content. Its sources, file names or paths, say where it came from: a source points to
    one document at a time, and a document that no source points to is retired.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.database = Database(path, SCHEMA, VERSION, upgrades=UPGRADES, read_only=read_only)
        self.passage_cache = PassageCache(self.passage_table)

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
            "page_count": len(document.pages),
            "chunk_count": len(chunks),
            "passage_count": len(passages),
            "text": document.text,
            "pages": json.dumps([asdict(page) for page in document.pages]),
            "headings": json.dumps([asdict(heading) for heading in document.headings]),
            "warnings": json.dumps(document.warnings),
            "tokens": sum(chunk.token_count for chunk in chunks),
            "unread_tokens": unread_tokens,
            "added_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "state": "staged",
        }
        text = document.text
        with self.database.transaction() as connection:
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            connection.execute(f"INSERT INTO documents ({names}) VALUES ({marks})", row)  # noqa: S608
            connection.executemany(
                "INSERT INTO chunks (id, document_id, text, start, end, page, heading, token_count, later_pages) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [chunk_row(chunk) for chunk in chunks],
            )
            connection.executemany(
                "INSERT INTO passages (id, chunk_id, start, end, token_count, context, text_hash, vector, vector_sum) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (*_place(passage), passage.context, text_hash(passage.embedded(text)), blob, crc32(blob))
                    for passage, blob in zip(passages, [vector.tobytes() for vector in vectors], strict=True)
                ],
            )

    def activate(self, document_id: str, source: str) -> str | None:
        """Makes a document what `source` points to, visible in the same step in which the one before it vanishes.

        Returns the id of the document that was retired by this, if any. Raises UnknownDocument.
        """
        with self.database.transaction() as connection:
            before = connection.execute("SELECT document_id FROM sources WHERE source = ?", (source,)).fetchone()
            cursor = connection.execute("UPDATE documents SET state = 'active' WHERE id = ?", (document_id,))
            if cursor.rowcount == 0:
                raise UnknownDocument(f"There is no document {document_id!r} in this library.")
            connection.execute("INSERT OR REPLACE INTO sources VALUES (?, ?)", (source, document_id))
            if before is None or before["document_id"] == document_id:
                return None
            connection.execute(_NEXT_EPOCH)
            retired = connection.execute(
                "UPDATE documents SET state = 'removed' WHERE id = ? "
                "AND NOT EXISTS (SELECT 1 FROM sources WHERE document_id = ?)",
                (before["document_id"], before["document_id"]),
            )
            return before["document_id"] if retired.rowcount else None

    def retire(self, document_id: str) -> None:
        """Makes a document invisible. Raises UnknownDocument."""
        with self.database.transaction() as connection:
            cursor = connection.execute("UPDATE documents SET state = 'removed' WHERE id = ?", (document_id,))
            if cursor.rowcount == 0:
                raise UnknownDocument(f"There is no document {document_id!r} in this library.")
            connection.execute(_NEXT_EPOCH)

    def forget_source(self, source: str) -> str | None:
        """Takes a source away; returns the id of the document that was retired because it was its last one."""
        with self.database.transaction() as connection:
            row = connection.execute("SELECT document_id FROM sources WHERE source = ?", (source,)).fetchone()
            connection.execute("DELETE FROM sources WHERE source = ?", (source,))
            if (
                row is None
                or connection.execute("SELECT 1 FROM sources WHERE document_id = ?", (row["document_id"],)).fetchone()
            ):
                return None
            connection.execute("UPDATE documents SET state = 'removed' WHERE id = ?", (row["document_id"],))
            connection.execute(_NEXT_EPOCH)
            return str(row["document_id"])

    def forget(self, document_id: str) -> None:
        """Deletes a document and all its parts, from the file too."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM documents WHERE id = ?", (document_id,))
        self.database.empty_log()
        self.passage_cache.clear()

    def rename(self, document_id: str, name: str) -> None:
        """Gives a document another name to be shown by."""
        with self.database.transaction() as connection:
            connection.execute("UPDATE documents SET name = ? WHERE id = ?", (name, document_id))

    def sources(self, prefix: str = "") -> dict[str, str]:
        """Ids of visible documents by source, of the sources that begin with `prefix`."""
        rows = self.database.query(
            "SELECT s.source, s.document_id FROM sources s JOIN documents d ON d.id = s.document_id "
            "WHERE d.state = 'active' AND substr(s.source, 1, ?) = ? ORDER BY s.source",
            (len(prefix), prefix),
        )
        return {row["source"]: row["document_id"] for row in rows}

    def sources_of(self, document_id: str) -> list[str]:
        """Where a document came from."""
        rows = self.database.query("SELECT source FROM sources WHERE document_id = ? ORDER BY source", (document_id,))
        return [row["source"] for row in rows]

    def inactive_ids(self) -> list[str]:
        """Documents that were left half added or half removed."""
        return [row["id"] for row in self.database.query("SELECT id FROM documents WHERE state <> 'active'")]

    def records(self) -> list[DocumentRecord]:
        """The documents, newest first."""
        return [record_of(row) for row in self.database.query(_RECORD + "ORDER BY added_at DESC, name")]

    def is_empty(self) -> bool:
        """Whether no document is visible."""
        return not self.database.query("SELECT 1 FROM documents WHERE state = 'active' LIMIT 1")

    def record(self, document_id: str) -> DocumentRecord:
        """One document's row. Raises UnknownDocument."""
        found = self.records_of([document_id])
        if not found:
            raise UnknownDocument(f"There is no document {document_id!r} in this library.")
        return found[0]

    def records_of(self, document_ids: Collection[str]) -> list[DocumentRecord]:
        """The rows of those of the documents that are visible."""
        return [record_of(row) for row in self._in(_RECORD + "AND id IN ({marks})", document_ids)]

    def has(self, document_id: str) -> bool:
        """Whether a document with this id is visible."""
        return bool(self.database.query("SELECT 1 FROM documents WHERE id = ? AND state = 'active'", (document_id,)))

    def document(self, document_id: str) -> Document:
        """One document with its text. Raises UnknownDocument."""
        rows = self.database.query("SELECT * FROM documents WHERE id = ? AND state = 'active'", (document_id,))
        if not rows:
            raise UnknownDocument(f"There is no document {document_id!r} in this library.")
        row = rows[0]
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

    def matching(self, wanted: DocumentFilter) -> dict[str, int]:
        """The visible documents that a filter lets through: how many passages each has, by id."""
        conditions, values = conditions_of(wanted)
        query = f"SELECT id, passage_count FROM documents WHERE state = 'active'{conditions}"  # noqa: S608
        return {row["id"]: row["passage_count"] for row in self.database.query(query, values)}

    def chunks(self, chunk_ids: Collection[str]) -> dict[str, Chunk]:
        """Those of the chunks that belong to active documents, by id."""
        query = (
            "SELECT c.* FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.state = 'active' AND c.id IN ({marks})"
        )
        return {row["id"]: chunk_of(row) for row in self._in(query, chunk_ids)}

    def active_among(self, chunk_ids: Collection[str]) -> set[str]:
        """Those of the chunks that belong to active documents: ids only, no text is read."""
        query = (
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id "
            "WHERE d.state = 'active' AND c.id IN ({marks})"
        )
        return {row["id"] for row in self._in(query, chunk_ids)}

    def chunks_of(self, document_id: str) -> list[Chunk]:
        """The chunks of one document, in reading order."""
        query = "SELECT * FROM chunks WHERE document_id = ? ORDER BY start, end"
        return [chunk_of(row) for row in self.database.query(query, (document_id,))]

    def active_chunks(self) -> Iterator[Chunk]:
        """Every chunk, document by document: what the keyword index is rebuilt from."""
        for record in self.records():
            yield from self.chunks_of(record.id)

    def passages(self, chunk_ids: Collection[str]) -> dict[str, list[tuple[Passage, Vector]]]:
        """The passages of each chunk with their vectors, in reading order."""
        found: dict[str, list[tuple[Passage, Vector]]] = {chunk_id: [] for chunk_id in chunk_ids}
        for passage, vector in zip(*self.passage_table(chunk_ids), strict=True):
            found[passage.chunk_id].append((passage, vector))
        return found

    def passage_table(self, chunk_ids: Collection[str]) -> tuple[list[Passage], Vectors]:
        """The passages of the chunks, chunk by chunk in reading order, and their vectors (n, dimension) likewise."""
        # In the order of the index and of staging: to sort rows that carry vectors would be half of the work.
        query = (
            "SELECT chunk_id, start, end, token_count, context, vector FROM passages WHERE chunk_id IN ({marks}) "
            "ORDER BY chunk_id, rowid"
        )
        rows = list(self._in(query, chunk_ids))
        return [passage_of(row) for row in rows], vectors_of([row["vector"] for row in rows])

    def vectors(self, passage_ids: Collection[str]) -> dict[str, Vector]:
        """The vectors of passages by id."""
        query = "SELECT id, vector FROM passages WHERE id IN ({marks})"
        return {row["id"]: vector_of(row) for row in self._in(query, passage_ids)}

    def passage_ids_of(self, document_id: str) -> list[str]:
        """The ids of the passages of one document."""
        query = "SELECT p.id FROM passages p JOIN chunks c ON c.id = p.chunk_id WHERE c.document_id = ?"
        return [row["id"] for row in self.database.query(query, (document_id,))]

    def known_vectors(self, hashes: Collection[bytes]) -> dict[bytes, Vector]:
        """Vectors of texts that were embedded before, by `text_hash`."""
        query = "SELECT text_hash, vector FROM passages WHERE text_hash IN ({marks})"
        return {row["text_hash"]: vector_of(row) for row in self._in(query, hashes)}

    def chunk_sample(self, size: int) -> list[str]:
        """Ids of about `size` chunks spread evenly over the library; all of them if there are no more."""
        # subtle: this reads the index of the ids only; to join the documents would be to read every chunk's text.
        hidden = set(self.inactive_ids())
        ids = [row["id"] for row in self.database.query("SELECT id FROM chunks ORDER BY id")]
        ids = [chunk_id for chunk_id in ids if chunk_id.partition(":")[0] not in hidden] if hidden else ids
        step = max(1, -(-len(ids) // size))
        return ids[::step]

    def all_passages(
        self, batch_size: int, *, documents: Collection[str] | None = None
    ) -> Iterator[tuple[list[str], Vectors]]:
        """Every active passage id with its vector, in batches: what the vector store is rebuilt from.

        With `documents`, ids, only theirs.
        """
        query, values = f"SELECT p.id, p.vector {_ACTIVE_PASSAGES}", []
        if documents is not None:
            query += " AND d.id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(sorted(documents)))
        for rows in self.database.batches(query, batch_size, values):
            yield [row["id"] for row in rows], vectors_of([row["vector"] for row in rows])

    def counts(self) -> tuple[int, int, int]:
        """How many active documents, chunks and passages there are."""
        query = "SELECT count(*), total(chunk_count), total(passage_count) FROM documents WHERE state = 'active'"
        documents, chunks, passages = self.database.query(query)[0]
        return documents, int(chunks), int(passages)

    def epoch(self) -> str:
        """Another one whenever a document has become invisible; in between, all that is read fits together."""
        return self.database.fact("epoch") or "0"

    def take_listing(self, other: Self) -> None:
        """Makes names, dates and sources of the documents those that they have in another catalogue."""
        dates = other.database.query("SELECT name, added_at, id FROM documents WHERE state = 'active'")
        sources = other.database.query("SELECT source, document_id FROM sources")
        with self.database.transaction() as connection:
            connection.executemany("UPDATE documents SET name = ?, added_at = ? WHERE id = ?", map(tuple, dates))
            connection.execute("DELETE FROM sources")
            connection.executemany("INSERT INTO sources VALUES (?, ?)", map(tuple, sources))

    def passport(self) -> dict[str, str | int] | None:
        """What the vectors were made with; None while nothing was."""
        stored = self.database.fact("passport")
        return json.loads(stored) if stored else None

    def set_passport(self, passport: dict[str, str | int]) -> None:
        """Records what the vectors are made with."""
        self.database.set_fact("passport", json.dumps(passport))
        self.passage_cache.clear()

    def _in(self, query: str, values: Collection[str] | Collection[bytes]) -> Iterator[Row]:
        listed = list(values)
        for start in range(0, len(listed), _MAX_VARIABLES):
            part = listed[start : start + _MAX_VARIABLES]
            yield from self.database.query(query.format(marks=", ".join("?" * len(part))), part)


def _place(passage: Passage) -> tuple[str, str, int, int, int]:
    return passage.id, passage.chunk_id, passage.start, passage.end, passage.token_count
