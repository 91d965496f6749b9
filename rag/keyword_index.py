"""BM25 over the chunks (Robertson & Zaragoza 2009; k1 = 1.2, b = 0.75, the engine's constants). Home of tantivy.

Per term: idf · (k1 + 1) · tf / (tf + k1 · (1 - b + b · dl / avgdl)), idf = ln(1 + (N - n + 0.5) / (n + 0.5)).
"""

import json
import re
from collections.abc import Callable, Collection, Iterable
from math import log
from pathlib import Path
from traceback import clear_frames
from typing import Any

import tantivy

from ingestion.types import Chunk
from rag.errors import StorageFailed
from rag.fingerprint import fingerprint
from rag.stop_words import ENGLISH
from rag.word_segmentation import SEGMENTATION_VERSION, words

_WRITER_BYTES = 15_000_000  # the engine's minimum
_ANALYZER = "sightline_english"


class KeywordIndex:
    """A tantivy index of chunk texts: their words lower-cased, English stop words out, Snowball stems.

    Without a folder it is kept in memory. Writing raises StorageFailed, and leaves what is searched as it was.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._analyzer = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
            .filter(tantivy.Filter.lowercase())
            .filter(tantivy.Filter.custom_stopword(ENGLISH))
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("chunk_id", stored=True, tokenizer_name="raw")
        builder.add_text_field("document_id", tokenizer_name="raw")
        builder.add_text_field("body", tokenizer_name=_ANALYZER, index_option="freq")
        self._schema = builder.build()
        if folder is None:
            self._index = tantivy.Index(self._schema)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder))
        self._index.register_tokenizer(_ANALYZER, self._analyzer)

    def add(self, chunks: Iterable[Chunk]) -> None:
        """Makes chunks searchable."""
        self._write(lambda writer: _add(writer, chunks))

    def delete(self, document_id: str) -> None:
        """Removes the chunks of one document from what is found. See `has_remains`."""
        self._write(lambda writer: writer.delete_documents_by_term("document_id", document_id))

    def has_remains(self) -> bool:
        """Whether words of deleted chunks are still on disk and in the statistics: files go only whole."""
        if self._folder is None:
            return False
        meta = json.loads((self._folder / "meta.json").read_text(encoding="utf-8"))
        return any(segment["deletes"] for segment in meta["segments"])

    def replace(self, chunks: Iterable[Chunk]) -> None:
        """Makes `chunks` all there is, in one step; of others nothing remains."""

        def write(writer: tantivy.IndexWriter) -> None:
            writer.delete_all_documents()
            _add(writer, chunks)

        self._write(write)

    def count(self) -> int:
        """How many chunks are indexed."""
        return int(self._index.searcher().num_docs)

    def terms(self, query: str) -> list[str]:
        """The query as the index sees it: stems, each once, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(_separated(query))))

    def search(self, query: str, limit: int, *, documents: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Chunks that hold a term of the query as (chunk id, BM25 score), best first; only of `documents` if given."""
        any_term = self._any_term(self.terms(query))
        if documents is None:
            return self._run(any_term, limit)
        among = [(tantivy.Occur.Must, self._among("document_id", documents)), (tantivy.Occur.Must, any_term)]
        return self._run(tantivy.Query.boolean_query(among), limit)

    def full_score(self, query: str) -> float:
        """The BM25 of a chunk of average length that holds every term of the query once: the sum of their idf."""
        searcher = self._index.searcher()
        count = searcher.num_docs
        return sum(_idf(count, searcher.doc_freq("body", term)) for term in self.terms(query))

    def scores(self, query: str, chunk_ids: Collection[str]) -> dict[str, float]:
        """BM25 scores of the given chunks; chunks that hold no term of the query are left out."""
        terms = self.terms(query)
        if not terms or not chunk_ids:
            return {}
        among = [(tantivy.Occur.Must, self._among("chunk_id", chunk_ids)), (tantivy.Occur.Must, self._any_term(terms))]
        return dict(self._run(tantivy.Query.boolean_query(among), len(chunk_ids)))

    def term_shares(self, query: str, chunk_id: str) -> dict[str, float]:
        """What each term of the query adds to the chunk's BM25 score, largest first; their sum is the score."""
        terms = self.terms(query)
        if not terms:
            return {}
        any_term = self._any_term(terms)
        searcher = self._index.searcher()
        hits = searcher.search(self._among("chunk_id", [chunk_id]), 1).hits
        if not hits:
            return {}
        tree = json.loads(any_term.explain(searcher, hits[0][1]).to_json()) if self.scores(query, [chunk_id]) else {}
        shares = _leaf_values(tree)
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def occurrences(self, text: str, terms: Collection[str]) -> dict[str, list[tuple[int, int]]]:
        """Where words of `text` whose stem is one of `terms` stand, as character spans."""
        found: dict[str, list[tuple[int, int]]] = {term: [] for term in terms}
        for word in words(text):
            for term in self._analyzer.analyze(word.form):
                if term in found:
                    found[term].append((word.start, word.end))
        return found

    def _write(self, change: Callable[[tantivy.IndexWriter], object]) -> None:
        writer = None
        try:
            writer = self._index.writer(_WRITER_BYTES, num_threads=1)
            change(writer)
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()
        except BaseException as error:
            # subtle: the engine's lock is held as long as the writer lives, and the traceback would keep it alive.
            writer = None
            clear_frames(error.__traceback__)
            if isinstance(error, (ValueError, OSError)):
                raise StorageFailed(f"The keyword index could not be written ({error}). Is the disk full?") from error
            raise

    def _any_term(self, terms: Collection[str]) -> tantivy.Query:
        query = tantivy.Query
        return query.boolean_query(
            [(tantivy.Occur.Should, query.term_query(self._schema, "body", term, "freq")) for term in terms]
        )

    def _among(self, field: str, values: Collection[str]) -> tantivy.Query:
        # One term query for each: a set query walks the dictionary of all ids in every segment.
        query = tantivy.Query
        ids = [(tantivy.Occur.Should, query.term_query(self._schema, field, value, "basic")) for value in values]
        return query.const_score_query(query.boolean_query(ids), 0.0)

    def _run(self, query: tantivy.Query, limit: int) -> list[tuple[str, float]]:
        searcher = self._index.searcher()
        hits = searcher.search(query, max(1, limit)).hits
        return [(searcher.doc(address)["chunk_id"][0], score) for score, address in hits]


def keyword_state(folder: Path) -> str:
    """What the files of a keyword index look like, and how its words were found; it is made anew if either changed."""
    return f"{SEGMENTATION_VERSION} {fingerprint(folder)}"


def _add(writer: tantivy.IndexWriter, chunks: Iterable[Chunk]) -> None:
    for chunk in chunks:
        writer.add_document(
            tantivy.Document(chunk_id=chunk.id, document_id=chunk.document_id, body=_separated(chunk.text))
        )


def _separated(text: str) -> str:
    return " ".join(word.form for word in words(text))


def _idf(count: int, containing: int) -> float:
    return log(1 + (count - containing + 0.5) / (containing + 0.5))


def _leaf_values(tree: dict[str, Any]) -> dict[str, float]:
    """Term -> value from the engine's explanation, whose leaves carry `Term=Term(field=…, type=Str, "stem")`."""
    for context in tree.get("context") or []:
        term = re.search(r'"(.*)"', context)
        if term:
            return {json.loads(term.group()): tree["value"]}
    values: dict[str, float] = {}
    for part in tree.get("details") or []:
        values.update(_leaf_values(part))
    return values
