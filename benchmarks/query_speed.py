"""What a question takes in libraries of a thousand, ten thousand and a hundred thousand chunks, part by part.

Times stand beside that of the bare query embedding in the same run, since a busy machine slows both. The libraries are
those of `benchmarks.large_library`; with `--keep` they stay, and are not built again the next time.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.large_library import open_large_library
from benchmarks.resources import machine, resident_megabytes
from evaluation.samples import sample_questions
from rag.catalogue import Catalogue
from rag.embedding import load_embedder
from rag.explanation import explain
from rag.keyword_index import KeywordIndex
from rag.library import Library
from rag.passage_cache import PassageCache
from rag.pipeline import retrieve
from rag.projection import target_map
from rag.settings import Settings
from rag.types import Retrieval, Source, Vectors

_EXPLAINED = 5  # hits
_BATCH = 10_000  # vectors of the exact search
_MEGABYTE = 1024 * 1024
_CATALOGUE_READS = ("active_among", "chunks", "records_of", "epoch")
_KEYWORD_CALLS = ("search", "scores", "full_score")


@dataclass
class Stopwatch:
    """Milliseconds of each part, one number for each question."""

    parts: dict[str, list[float]] = field(default_factory=dict)
    running: dict[str, float] = field(default_factory=dict)

    def add(self, part: str, milliseconds: float) -> None:
        """One more question."""
        self.parts.setdefault(part, []).append(milliseconds)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Adds what is done inside."""
        started = time.perf_counter()
        yield
        self.add(part, _ms_since(started))

    def watch(self, part: str, owner: object, method: str) -> "mock._patch[Any]":
        """Adds up the calls of a method, until they are taken by `collected`."""
        inner = getattr(owner, method)

        def watched(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (whatever the method takes)
            started = time.perf_counter()
            try:
                return inner(*arguments, **options)
            finally:
                self.running[part] = self.running.get(part, 0.0) + _ms_since(started)

        return mock.patch.object(owner, method, watched)

    def collected(self) -> Mapping[str, float]:
        """What was added up since the last time."""
        taken, self.running = self.running, {}
        return taken


def main() -> None:
    """Prints two tables for each size: times, and what else there is to know."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="a folder in which the libraries stay for the next run")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for chunks in options.chunks:
            _apart(_build, folder / str(chunks), chunks)
            _apart(_measure, folder / str(chunks), options.questions)


def _build(folder: Path, chunks: int) -> None:
    started = time.perf_counter()
    with open_large_library(folder, chunks) as library:
        documents, there, passages = library.catalogue.counts()
    seconds = time.perf_counter() - started
    print(f"\n## {there:,} chunks, {passages:,} passages, {documents:,} documents (ready in {seconds:,.0f} s)\n")


def _measure(folder: Path, count: int) -> None:
    print(f"{machine()}, {count} questions\n")
    settings = Settings(data_dir=folder)
    embedder = load_embedder(settings)
    embedder.embed_query("What is loaded at first use is loaded now.")
    _read_through(folder)
    before, started = resident_megabytes(), time.perf_counter()
    with Library.open(settings, embedder) as library:
        facts = {"opening the library, files cached": f"{_ms_since(started):,.0f} ms"}
        gc.collect()
        gc.freeze()  # as the page does
        facts |= _first_question(library)
        questions = [question.text for question in sample_questions()[:count]]
        stopwatch = _asked(library, questions)
        facts["memory after all questions, over that of the model"] = f"{resident_megabytes() - before:,.0f} MB"
        facts["the same for a chunk"] = (
            f"{(resident_megabytes() - before) * 1024 / library.catalogue.counts()[1]:,.1f} KB"
        )
        facts |= _disk(folder, library.catalogue.counts()[1])
        _print_times(stopwatch)
        facts |= _recall(library, questions)
    print("\n| what | figure |\n|---|---|")
    for what, figure in facts.items():
        print(f"| {what} | {figure} |")


def _read_through(folder: Path) -> None:
    """Brings the files into the memory of the machine, so that a run does not depend on what ran before it."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(_MEGABYTE):
                    pass


def _first_question(library: Library) -> dict[str, str]:
    started = time.perf_counter()
    retrieval = retrieve(library, "Who was the first to ask?", library.settings)
    asked = _ms_since(started)
    started = time.perf_counter()
    _explain(library, retrieval)
    return {"the first question": f"{asked:,.0f} ms", "its explanation": f"{_ms_since(started):,.0f} ms"}


def _asked(library: Library, questions: Sequence[str]) -> Stopwatch:
    stopwatch = Stopwatch()
    with ExitStack() as watched:
        watched.enter_context(stopwatch.watch("dense", library.index, "nearest_passages"))
        for method in _KEYWORD_CALLS:
            watched.enter_context(stopwatch.watch("keyword", KeywordIndex, method))
        for method in _CATALOGUE_READS:
            watched.enter_context(stopwatch.watch("catalogue", Catalogue, method))
        watched.enter_context(stopwatch.watch("catalogue", PassageCache, "of"))
        for question in questions:
            with stopwatch.timed("bare"):
                library.embedder.embed_passages([question])
            stopwatch.collected()
            retrieval = retrieve(library, question, library.settings)
            _add_parts(stopwatch, retrieval.timings_ms, stopwatch.collected())
            with stopwatch.timed("again"):
                retrieve(library, question, library.settings)
            with stopwatch.timed("explain"):
                _explain(library, retrieval)
    return stopwatch


def _add_parts(stopwatch: Stopwatch, timings: Mapping[str, float], calls: Mapping[str, float]) -> None:
    stopwatch.add("embed", timings["embed"])
    stopwatch.add("dense", calls["dense"])
    stopwatch.add("keyword", calls["keyword"])
    stopwatch.add("fuse", timings["rank"] - calls["dense"] - calls["keyword"])
    stopwatch.add("catalogue", calls["catalogue"])
    stopwatch.add("prompt", timings["prompt"])
    stopwatch.add("total", timings["total"])


def _explain(library: Library, retrieval: Retrieval) -> None:
    # the vectors are not those of the texts, so the sums that an explanation checks do not come out
    with mock.patch("rag.types.SUM_TOLERANCE", 2.0):
        _explain_five(library, retrieval)


def _explain_five(library: Library, retrieval: Retrieval) -> None:
    for hit in retrieval.rankings[Source.FUSED][:_EXPLAINED]:
        explain(library, retrieval, hit.chunk.id)
    target_map(library, retrieval)


def _print_times(stopwatch: Stopwatch) -> None:
    names = {
        "bare": "bare query embedding",
        "embed": "embed",
        "dense": "dense (Chroma)",
        "keyword": "keyword (tantivy)",
        "fuse": "fuse: the rest of ranking",
        "catalogue": "… of it, reading the catalogue",
        "prompt": "prompt",
        "total": "**total** without explanation",
        "again": "the same question again, from the cache of query vectors",
        "explain": f"explaining {_EXPLAINED} hits, with the map",
    }
    bare = _quantiles(stopwatch.parts["bare"])
    print("| part | p50 | p95 | p50 / bare p50 | p95 / bare p95 |\n|---|---|---|---|---|")
    for part, name in names.items():
        median, slow = _quantiles(stopwatch.parts[part])
        print(f"| {name} | {median:.1f} ms | {slow:.1f} ms | {median / bare[0]:.2f} | {slow / bare[1]:.2f} |")


def _recall(library: Library, questions: Sequence[str]) -> dict[str, str]:
    """How many of the nearest passages by exact search are among those that Chroma calls the nearest."""
    queries = library.embedder.embed_passages(questions)
    asked = library.settings.candidates * 4
    found = [[key for key, _ in library.index.nearest_passages(query, asked)] for query in queries]
    exact = _exact(library.catalogue, queries, asked)
    shares = {
        count: np.mean(
            [len({*ours[:count]} & {*truth[:count]}) / count for ours, truth in zip(found, exact, strict=True)]
        )
        for count in (10, asked)
    }
    return {f"recall@{count} of Chroma": f"{share:.4f}" for count, share in shares.items()}


def _exact(catalogue: Catalogue, queries: Vectors, count: int) -> list[list[str]]:
    """Ids of the nearest passages of each query, nearest first, by looking at all of them."""
    best: list[list[tuple[float, str]]] = [[] for _ in queries]
    for ids, vectors in catalogue.all_passages(_BATCH):
        for row, cosines in enumerate(queries @ vectors.T):
            nearest = np.argpartition(-cosines, min(count, len(cosines) - 1))[:count]
            best[row] = sorted([*best[row], *((-float(cosines[at]), ids[at]) for at in nearest)])[:count]
    return [[key for _, key in hits] for hits in best]


def _disk(folder: Path, chunks: int) -> dict[str, str]:
    sizes = {
        name: sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file())
        for name, pattern in {
            "the catalogue": "index-*/index.db*",
            "Chroma": "index-*/vectors-*/**/*",
            "tantivy": "index-*/keywords/*",
        }.items()
    }
    parts = ", ".join(f"{name} {size / chunks / 1024:.1f}" for name, size in sizes.items())
    total = sum(sizes.values())
    return {
        "disk": f"{total / _MEGABYTE:,.0f} MB",
        "disk for a chunk": f"{total / chunks / 1024:.1f} KB ({parts})",
    }


def _apart(step: Callable[..., None], *arguments: object) -> None:
    """Runs in a process of its own, so that it does not hold the memory that another step took."""
    child = get_context("spawn").Process(target=step, args=arguments)
    child.start()
    child.join()
    if child.exitcode:
        raise SystemExit(child.exitcode)


def _quantiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(milliseconds)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
