"""What two thousand small documents and one of two thousand pages take, and how questions are answered meanwhile.

Everything goes through the queue, as from the page. Memory is that of the process that holds the library.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benchmarks.resources import cpu_seconds, machine, peak_megabytes
from rag.embedding import load_embedder
from rag.ingest_queue import IngestQueue, Job
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder

_PARAGRAPHS = 4  # of a small document
_LINES = 30  # of a page
_WORDS = [
    f"{a}{b}{c}" for a in ("mar", "tel", "vin", "sor", "bal") for b in "aeiou" for c in ("den", "rik", "lo", "st")
]
_EDGE = 200  # documents at either end whose time is compared


@dataclass
class Watch:
    """What was seen from outside while the queue worked."""

    progress: set[tuple[str, str, int]] = field(default_factory=set)  # job, stage, done
    finished: set[int] = field(default_factory=set)  # how many jobs were done, whenever that was looked at
    looks: list[float] = field(default_factory=list)  # seconds that a look at the jobs took
    answers: list[float] = field(default_factory=list)  # seconds


def main() -> None:
    """Prints one row for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--fake", action="store_true", help="with vectors of hashed words, which take no time")
    options = parser.parse_args()
    print(f"{machine()}, {'fake' if options.fake else 'real'} vectors\n\n| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        pdf = _written_apart(Path(folder) / "long.pdf", options.pages)
        settings = Settings(data_dir=Path(folder) / "library")
        embedder = FakeEmbedder(384) if options.fake else load_embedder(settings)
        embedder.embed_query("What is loaded at first use is loaded now.")
        with Library.open(settings, embedder) as library:
            _row("memory before", f"{peak_megabytes():,.0f} MB")
            queue = IngestQueue(library)
            try:
                _small_documents(library, queue, options.documents)
                _long_document(library, queue, pdf, options.pages)
            finally:
                queue.close()
            _questions(library)


def _small_documents(library: Library, queue: IngestQueue, count: int) -> None:
    cpu, started = cpu_seconds(), time.perf_counter()
    submitted = []
    with _watched(library, queue) as watch:
        for number in range(count):
            before = time.perf_counter()
            queue.submit(f"{number}.txt", _small_text(number).encode())
            submitted.append(time.perf_counter() - before)
        _row(f"{count:,} small files put in the queue", f"{time.perf_counter() - started:,.1f} s")
        _wait(queue)
    seconds = time.perf_counter() - started
    reports = [job.report for job in queue.jobs() if job.report is not None]
    taken = [report.seconds for report in reports]
    _row("of them added", f"{sum(report.status == 'added' for report in reports):,} in {seconds:,.0f} s")
    _row("documents, chunks, passages", ", ".join(f"{number:,}" for number in library.catalogue.counts()))
    _row("for one document", f"{seconds / count * 1000:,.0f} ms, {(cpu_seconds() - cpu) / count * 1000:,.0f} ms CPU")
    _row("of that outside of adding it", f"{(seconds - sum(taken)) / count * 1000:,.1f} ms")
    _row(f"adding one, first and last {_EDGE}", _edges(taken))
    _row(f"putting one in the queue, first and last {_EDGE}", _edges(submitted))
    _row("states of the queue seen", f"{len(watch.finished):,} counts of finished files")
    _print_watch(watch)


def _long_document(library: Library, queue: IngestQueue, pdf: bytes, pages: int) -> None:
    cpu, started = cpu_seconds(), time.perf_counter()
    with _watched(library, queue) as watch:
        job_id = queue.submit("long.pdf", pdf).id
        _wait(queue)
    seconds = time.perf_counter() - started
    report = next(job.report for job in queue.jobs() if job.id == job_id)
    if report is None or report.document_id is None:
        raise SystemExit(f"the long document was not added: {report}")
    _row(
        f"one PDF of {pages:,} pages ({len(pdf) / 1e6:.1f} MB)",
        f"{report.status} in {seconds:,.0f} s, {cpu_seconds() - cpu:,.0f} s CPU: {report.chunks:,} chunks, "
        f"{report.passages:,} passages, {report.tokens:,} tokens",
    )
    steps = [(stage, done) for job, stage, done in watch.progress if job == job_id]
    stages = dict.fromkeys(stage for stage, _ in sorted(steps))
    counts = ", ".join(f"{stage} {sum(name == stage for name, _ in steps)}" for stage in stages)
    _row("different values of its progress seen", f"{len(steps)}: {counts}")
    _print_watch(watch)


def _questions(library: Library) -> None:
    seconds = [_ask(library, random.Random(number)) for number in range(30)]
    _row("a question afterwards, p50 / p95", _quantiles(seconds))


def _print_watch(watch: Watch) -> None:
    _row("memory, the most so far", f"{peak_megabytes():,.0f} MB")
    _row(f"{len(watch.answers)} questions meanwhile, p50 / p95", _quantiles(watch.answers))
    _row("looking at the queue meanwhile, p50 / p95", _quantiles(watch.looks))


@contextmanager
def _watched(library: Library, queue: IngestQueue) -> Iterator[Watch]:
    watch, ended = Watch(), threading.Event()

    def look() -> None:
        before = time.perf_counter()
        jobs = queue.jobs()
        watch.looks.append(time.perf_counter() - before)
        watch.finished.add(sum(job.state == "done" for job in jobs))
        watch.progress |= {_shown(job) for job in jobs if job.state == "running"}
        ended.wait(0.2)

    def ask() -> None:
        watch.answers.append(_ask(library, random.Random(len(watch.answers))))
        ended.wait(0.5)

    def repeat(step: Callable[[], None]) -> None:
        while not ended.is_set():
            step()

    threads = [threading.Thread(target=repeat, args=(step,)) for step in (look, ask)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _shown(job: Job) -> tuple[str, str, int]:
    return job.id, job.progress.stage, job.progress.done


def _ask(library: Library, words: random.Random) -> float:
    question = f"What is said of {_sentence(words, 6)}?"
    started = time.perf_counter()
    retrieve(library, question, library.settings)
    return time.perf_counter() - started


def _wait(queue: IngestQueue) -> None:
    while queue.is_busy():
        time.sleep(0.2)


def _small_text(number: int) -> str:
    words = random.Random(number)
    paragraphs = [" ".join(_sentence(words, 10).capitalize() + "." for _ in range(4)) for _ in range(_PARAGRAPHS)]
    return "\n\n".join([f"Document {number} of many.", *paragraphs])


def _sentence(words: random.Random, length: int) -> str:
    return " ".join(f"{words.choice(_WORDS)}{words.choice(_WORDS)}" for _ in range(length))


def _written_apart(path: Path, pages: int) -> bytes:
    """The PDF's bytes; it is made by another process, so that this one does not remember the memory it took."""
    writer = get_context("spawn").Process(target=write_pdf, args=(path, pages))
    writer.start()
    writer.join()
    return path.read_bytes()


def write_pdf(path: Path, pages: int) -> None:
    """Pages of text, each its own."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

    canvas = Canvas(str(path))
    words = random.Random(pages)
    for page in range(1, pages + 1):
        lines = canvas.beginText(60, 780)
        for line in [f"Page {page} of {pages}.", "", *(_sentence(words, 7).capitalize() + "." for _ in range(_LINES))]:
            lines.textLine(line)
        canvas.drawText(lines)
        canvas.showPage()
    canvas.save()


def _edges(seconds: list[float]) -> str:
    first, last = statistics.median(seconds[:_EDGE]), statistics.median(seconds[-_EDGE:])
    return f"{first * 1000:,.0f} ms, {last * 1000:,.0f} ms"


def _quantiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"{statistics.median(ordered) * 1000:,.0f} / {ordered[int(len(ordered) * 0.95)] * 1000:,.0f} ms"


def _row(what: str, figure: str) -> None:
    print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()
