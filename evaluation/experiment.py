"""A question set run over the production path: the same library and the same `retrieve` as the page."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from evaluation.beir import BeirSet, SetRefused
from evaluation.metrics import Metrics, Span, means, ranking_metrics, span_metrics
from evaluation.quality import measured, relevant_chunks
from evaluation.significance import Difference, mean_difference
from evaluation.span_set import SpanSet, placed
from rag.library import Library
from rag.pipeline import retrieve
from rag.progress import Step
from rag.settings import Settings
from rag.types import Hit, Retrieval, Source

_DEPTHS = (5, 10, 50)


@dataclass(frozen=True, slots=True)
class Experiment:
    """How every ranking did on every question of a set; `unread` names the documents that could not be added."""

    set: str
    documents: int
    chunks: int
    unread: tuple[str, ...]
    metrics: Mapping[Source, Mapping[str, Metrics]]  # ranking -> question id -> measures
    seconds: float

    @property
    def questions(self) -> int:
        """How many questions were asked."""
        return len(self.metrics[Source.FUSED])

    def means(self, source: Source) -> Metrics:
        """The measures of one ranking, averaged over the questions."""
        return means(self.metrics[source].values())

    def differences(self, measure: str) -> dict[tuple[Source, Source], Difference]:
        """(one, other) -> how much the one is ahead of the other in `measure`, with its interval."""
        keys = self.metrics[Source.FUSED]
        return {
            (one, other): mean_difference(
                [self.metrics[one][key][measure] for key in keys], [self.metrics[other][key][measure] for key in keys]
            )
            for one, other in combinations(reversed(list(self.metrics)), 2)
        }


def run_beir(library: Library, given: BeirSet, settings: Settings, step: Step) -> Experiment:
    """Adds the documents of a set and asks its questions; a document ranks where its best chunk does.

    Raises SetRefused if the library holds anything else.
    """
    started = time.perf_counter()
    files = {
        f"{key}.{'md' if text.startswith('# ') else 'txt'}": text.encode() for key, text in given.documents.items()
    }
    ids, unread = _fill(library, files, step)
    keys: dict[str, list[str]] = {}  # document id -> the set's ids: the same text may stand in it twice
    for key, name in zip(given.documents, files, strict=True):
        if name in ids:
            keys.setdefault(ids[name], []).append(key)
    rankings: dict[Source, dict[str, list[str]]] = {source: {} for source in measured(settings)}
    for question, retrieval in _asked(library, given.questions, settings, step):
        for source, found in rankings.items():
            documents = dict.fromkeys(hit.chunk.document_id for hit in retrieval.rankings[source])
            found[question] = [key for document in documents for key in keys[document]]
    metrics = {source: ranking_metrics(found, given.grades) for source, found in rankings.items()}
    return _experiment(library, given.name, unread, metrics, started)


def run_spans(library: Library, given: SpanSet, settings: Settings, step: Step) -> Experiment:
    """Adds the files of a set and asks its questions; recall, precision and IoU are those of characters.

    ndcg@10 and mrr@10 count chunks that hold at least half of a reference. Raises SetRefused if the library holds
    anything else, or a file lacks what should answer.
    """
    started = time.perf_counter()
    ids, unread = _fill(library, given.files, step)
    if unread:
        raise SetRefused(f"{unread[0]} could not be read, so its questions cannot be asked.")
    texts = {name: library.document(key).text for name, key in ids.items()}
    questions = {
        question.id: replace(
            question, references=tuple(placed(each, texts[each.document]) for each in question.references)
        )
        for question in given.questions
    }
    relevant = {key: dict.fromkeys(relevant_chunks(library, question), 1) for key, question in questions.items()}
    rankings: dict[Source, dict[str, tuple[Hit, ...]]] = {source: {} for source in measured(settings)}
    for question, retrieval in _asked(library, {key: each.text for key, each in questions.items()}, settings, step):
        for source, found in rankings.items():
            found[question] = retrieval.rankings[source]
    metrics: dict[Source, dict[str, Metrics]] = {}
    for source, found in rankings.items():
        by_chunk = ranking_metrics({key: [hit.chunk.id for hit in hits] for key, hits in found.items()}, relevant)
        metrics[source] = {
            key: _measured_by_span(
                by_chunk[key],
                found[key],
                [(ids[each.document], each.start, each.end) for each in question.references],
            )
            for key, question in questions.items()
        }
    return _experiment(library, given.name, unread, metrics, started)


def _measured_by_span(by_chunk: Metrics, hits: tuple[Hit, ...], references: list[Span]) -> Metrics:
    spans = [(hit.chunk.document_id, hit.chunk.start, hit.chunk.end) for hit in hits]
    found = {depth: span_metrics(spans[:depth], references) for depth in _DEPTHS}
    recalls = {f"recall@{depth}": recall for depth, (recall, _, _) in found.items()}
    return by_chunk | recalls | {"precision@5": found[5][1], "iou@5": found[5][2]}


def _fill(library: Library, files: Mapping[str, bytes], step: Step) -> tuple[dict[str, str], tuple[str, ...]]:
    """The document of each file, and the files that could not be added."""
    ids: dict[str, str] = {}
    for done, (name, content) in enumerate(files.items()):
        step("adding", done, len(files))
        report = library.add(name, content)
        if report.document_id is not None:
            ids[name] = report.document_id
    if strange := {record.id: record.name for record in library.documents() if record.id not in ids.values()}:
        raise SetRefused(
            f"The library holds {len(strange)} other documents, say {next(iter(strange.values()))}. "
            "An evaluation needs a library of its own: name an empty folder."
        )
    if not ids:
        raise SetRefused("None of the documents could be read.")
    return ids, tuple(name for name in files if name not in ids)


def _asked(
    library: Library, questions: Mapping[str, str], settings: Settings, step: Step
) -> Iterable[tuple[str, Retrieval]]:
    for done, (key, text) in enumerate(questions.items()):
        step("asking", done, len(questions))
        yield key, retrieve(library, text, settings)


def _experiment(
    library: Library,
    name: str,
    unread: tuple[str, ...],
    metrics: Mapping[Source, Mapping[str, Metrics]],
    started: float,
) -> Experiment:
    documents, chunks, _ = library.catalogue.counts()
    return Experiment(name, documents, chunks, unread, metrics, time.perf_counter() - started)
