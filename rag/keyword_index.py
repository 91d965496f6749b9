"""BM25 over the chunks (Robertson & Zaragoza 2009; k1 = 1.2, b = 0.75, the engine's constants). Home of tantivy.

Per term: weight · idf · (k1 + 1) · tf / (tf + k1 · (1 - b + b · dl / avgdl)), idf = ln(1 + (N - n + 0.5) / (n + 0.5)),
weight = (k3 + 1) · qtf / (k3 + qtf) for a term that is asked qtf times.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from itertools import groupby
from math import log
from pathlib import Path
from traceback import clear_frames
from typing import Any

import tantivy

from ingestion.types import Chunk
from rag.errors import StorageFailed
from rag.fingerprint import fingerprint
from rag.word_analysis import ENGLISH, LANGUAGES, query_words, reading_languages, stems, terms
from rag.word_segmentation import SEGMENTATION_VERSION, words

_K3 = 8  # how soon a word that is asked again stops weighing more (Robertson et al. 1995, from 7 to 1000)
_WRITER_BYTES = 15_000_000  # the engine's minimum


class KeywordIndex:
    """A tantivy index of chunk texts, each read in its own language; so is the query, once for every language.

    Without a folder it is kept in memory. Writing raises StorageFailed, and leaves what is searched as it was.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("chunk_id", stored=True, tokenizer_name="raw")
        builder.add_text_field("document_id", tokenizer_name="raw")
        builder.add_text_field("language", stored=True, tokenizer_name="raw")
        builder.add_text_field("body", tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        if folder is None:
            self._index = tantivy.Index(self._schema)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder))

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

    def languages(self) -> list[str]:
        """The languages that the chunks are read in, the commonest first; English of an empty index."""
        searcher = self._index.searcher()
        counts = {language: searcher.doc_freq("language", language) for language in LANGUAGES}
        return sorted((each for each in counts if counts[each]), key=lambda each: (-counts[each], each)) or [ENGLISH]

    def terms(self, query: str) -> dict[str, dict[str, float]]:
        """The query as the chunks of each language see it: terms in order, and how much each weighs."""
        languages = self.languages()
        asked = query_words(query, languages)
        counts = {each: Counter(word[each] for word in asked if each in word) for each in languages}
        return {each: {term: _asked_weight(count) for term, count in counts[each].items()} for each in languages}

    def search(self, query: str, limit: int, *, documents: Collection[str] | None = None) -> list[tuple[str, float]]:
        """Chunks that hold a term of the query as (chunk id, BM25 score), best first; only of `documents` if given."""
        asked = self._asked(query)
        return self._run(asked if documents is None else _both(self._in("document_id", documents), asked), limit)

    def full_score(self, query: str) -> float:
        """The BM25 of a chunk of average length that holds every word of the query once: the sum of weight · idf.

        Of a word that has several terms, by language, the rarest that occurs counts.
        """
        searcher, languages = self._index.searcher(), self.languages()
        total = 0.0
        for word, asked in Counter(tuple(word.values()) for word in query_words(query, languages)).items():
            occurring = [count for term in word if (count := searcher.doc_freq("body", term))]
            if occurring or len(word) == len(languages):  # else a stop word of one, which the others do not know
                total += _asked_weight(asked) * _idf(searcher.num_docs, min(occurring, default=0))
        return total

    def scores(self, query: str, chunk_ids: Collection[str]) -> dict[str, float]:
        """BM25 scores of the given chunks; chunks that hold no term of the query are left out."""
        if not chunk_ids:
            return {}
        return dict(self._run(_both(self._in("chunk_id", chunk_ids), self._asked(query)), len(chunk_ids)))

    def term_shares(self, query: str, chunk_id: str) -> dict[str, float]:
        """What each term of the query adds to the chunk's BM25 score, largest first; their sum is the score."""
        searcher, asked = self._index.searcher(), self._asked(query)
        hits = searcher.search(_both(self._in("chunk_id", [chunk_id]), asked), 1).hits
        shares = _term_values(json.loads(asked.explain(searcher, hits[0][1]).to_json())) if hits else {}
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def occurrences(self, chunk: Chunk, terms: Collection[str]) -> dict[str, list[tuple[int, int]]]:
        """Where words of a chunk whose stem is one of `terms` stand, as character spans of its text."""
        searcher = self._index.searcher()
        hits = searcher.search(self._in("chunk_id", [chunk.id]), 1).hits
        language = searcher.doc(hits[0][1])["language"][0] if hits else ENGLISH
        found: dict[str, list[tuple[int, int]]] = {term: [] for term in terms}
        for word in words(chunk.text):
            for term in stems(word.form, language):
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

    def _asked(self, query: str) -> tantivy.Query:
        """Matches the chunks that hold a term of the query as their language has it."""
        by_language = {
            language: _either(self._has(term, weight) for term, weight in terms.items())
            for language, terms in self.terms(query).items()
        }
        if len(by_language) == 1:
            return next(iter(by_language.values()))
        return _either(_both(self._in("language", [language]), asked) for language, asked in by_language.items())

    def _has(self, term: str, weight: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, "body", term, "freq")
        return query if weight == 1 else tantivy.Query.boost_query(query, weight)

    def _in(self, field: str, values: Collection[str]) -> tantivy.Query:
        """Matches the chunks with one of the values, and adds nothing to their score."""
        # One term query for each: a set query walks the dictionary of all ids in every segment.
        query = tantivy.Query
        any_value = _either(query.term_query(self._schema, field, value, "basic") for value in values)
        return query.const_score_query(any_value, 0.0)

    def _run(self, query: tantivy.Query, limit: int) -> list[tuple[str, float]]:
        searcher = self._index.searcher()
        hits = searcher.search(query, max(1, limit)).hits
        return [(searcher.doc(address)["chunk_id"][0], score) for score, address in hits]


def keyword_state(folder: Path) -> str:
    """What the files of a keyword index look like, and how its words were found; it is made anew if either changed."""
    return f"{SEGMENTATION_VERSION} {fingerprint(folder)}"


def _add(writer: tantivy.IndexWriter, chunks: Iterable[Chunk]) -> None:
    for document_id, of_document in groupby(chunks, key=lambda chunk: chunk.document_id):
        together = list(of_document)
        for chunk, language in zip(together, reading_languages([chunk.text for chunk in together]), strict=True):
            body = " ".join(terms(chunk.text, language))
            writer.add_document(
                tantivy.Document(chunk_id=chunk.id, document_id=document_id, language=language, body=body)
            )


def _both(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.Must, other)])


def _either(queries: Iterable[tantivy.Query]) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in queries])


def _idf(count: int, containing: int) -> float:
    return log(1 + (count - containing + 0.5) / (containing + 0.5))


def _asked_weight(count: int) -> float:
    """How much a term weighs that is asked `count` times: 1, 1.8, 2.45, ... up to 9."""
    return (_K3 + 1) * count / (_K3 + count)


def _term_values(tree: dict[str, Any]) -> dict[str, float]:
    """Term -> value from the engine's explanation, whose leaves carry `Term=Term(field=…, type=Str, "stem")`."""
    for context in tree.get("context") or []:
        term = re.search(r'"(.*)"', context)
        if term:
            return {json.loads(term.group()): tree["value"]}
    values: dict[str, float] = {}
    for part in tree.get("details") or []:
        values.update(_term_values(part))
    return dict.fromkeys(values, tree["value"]) if len(values) == 1 else values  # with the weight around a leaf
