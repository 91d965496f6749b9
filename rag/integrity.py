"""Is the truth still what was written? Structure by SQLite's own check, content by its hashes."""

from zlib import crc32

from rag.catalogue import Catalogue, text_hash
from rag.catalogue_tables import passage_of


def catalogue_faults(catalogue: Catalogue) -> list[str]:
    """What is wrong with a catalogue's file, structure and content; empty if it is as it was written."""
    found = catalogue.database.faults()
    for row in [] if found else catalogue.database.query("SELECT id, name FROM documents WHERE state = 'active'"):
        if not _is_whole(catalogue, row["id"]):
            found.append(f"the stored text or vectors of {row['name']} have changed")
    return found


def _is_whole(catalogue: Catalogue, document_id: str) -> bool:
    try:
        text, record = catalogue.document(document_id).text, catalogue.record(document_id)
    except (ValueError, TypeError):  # what is no JSON, or other fields than were written
        return False
    chunks = catalogue.database.query("SELECT text, start, end FROM chunks WHERE document_id = ?", (document_id,))
    passages = catalogue.database.query(
        "SELECT p.* FROM passages p JOIN chunks c ON c.id = p.chunk_id WHERE c.document_id = ?", (document_id,)
    )
    if (record.chunks, record.passages) != (len(chunks), len(passages)):
        return False
    return all(text[row["start"] : row["end"]] == row["text"] for row in chunks) and all(
        text_hash(passage_of(row).embedded(text)) == row["text_hash"] and crc32(row["vector"]) == row["vector_sum"]
        for row in passages
    )
