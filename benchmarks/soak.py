"""What becomes of a library in which documents are added, replaced and removed for hours, with questions between.

Every figure is a ratio within the run, or a slope. The run is cut into fifths: the last is compared with the first.
"""

import argparse
import math
import os
import random
import tempfile
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.crash_texts import file_name, text_of
from benchmarks.resources import machine, resident_megabytes
from rag.doctor import check
from rag.embedding import load_embedder
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder

_SLOPE_TARGET = 5.0  # megabytes per hour
_DISK_TARGET = 3.0
_RATE_TARGET = 0.7
_QUERY_TARGET = 2.0
_SETTLED = 1 / 3  # of the run, after which memory should no longer grow
_EDGE = 1 / 5  # of the run at either end, compared with each other
_SAMPLE_S = 1.0
_WEIGHTS = {"replace": 4, "add": 3}
_REMOVE_WEIGHTS = 1, 5  # with fewer documents than asked for, with more


@dataclass
class Series:
    """Values over time, in a few bytes each: a run of many hours should not grow by being measured."""

    times: "array[float]" = field(default_factory=lambda: array("d"))  # seconds since the run began
    values: "array[float]" = field(default_factory=lambda: array("d"))

    def note(self, at: float, value: float) -> None:
        """One more value."""
        self.times.append(at)
        self.values.append(value)

    def between(self, start: float, end: float) -> list[float]:
        """The values of that part of the run."""
        return [value for at, value in zip(self.times, self.values, strict=True) if start <= at < end]


class Soak:
    """One library that is changed and asked without pause."""

    def __init__(self, library: Library, *, documents: int, seed: int) -> None:
        self.held: dict[int, int] = {}  # versions by source
        self.added, self.changes = Series(), Series()  # seconds: adding and replacing; these and removing
        self.processor = Series()  # seconds of CPU time that the changes took of this process
        self.questions, self.memory, self.disk = Series(), Series(), Series()  # seconds, megabytes, bytes
        self.seconds = 0.0  # the whole run
        self._library = library
        self._documents = documents
        self._random = random.Random(seed)
        self._version = 0

    def fill(self) -> None:
        """The documents to begin with, and what is loaded at first use."""
        for source in range(self._documents):
            self._put(source)
        for _ in range(20):
            self._ask()

    def run(self, seconds: float) -> None:
        """Changes and questions in turn."""
        began = time.perf_counter()
        sampled = -math.inf
        while (now := time.perf_counter() - began) < seconds:
            if now - sampled >= _SAMPLE_S:
                self.memory.note(now, resident_megabytes())
                self.disk.note(now, bytes_of(self._library.settings.data_dir))
                sampled = now
            processor = time.process_time()
            self._change(now)
            self.processor.note(now, time.process_time() - processor)
            self.questions.note(now, _seconds(self._ask))
        self.seconds = time.perf_counter() - began

    def _change(self, now: float) -> None:
        few, many = _REMOVE_WEIGHTS
        weights = _WEIGHTS | {"remove": many if len(self.held) > self._documents else few}
        kind = self._random.choices(list(weights), list(weights.values()))[0]
        source = max(self.held) + 1 if kind == "add" else self._random.choice(list(self.held))
        if kind == "remove":
            self.changes.note(now, _seconds(lambda: self._remove(source)))
            return
        taken = _seconds(lambda: self._put(source))
        self.added.note(now, taken)
        self.changes.note(now, taken)

    def _put(self, source: int) -> None:
        self._version += 1
        report = self._library.add(file_name(source), text_of(source, self._version).encode())
        if report.status != "added":
            raise SystemExit(f"{file_name(source)} was not added: {report}")
        self.held[source] = self._version
        if isinstance(self._library.embedder, FakeEmbedder):
            self._library.embedder.embedded.clear()  # it remembers every text, which would count as the library's

    def _remove(self, source: int) -> None:
        self._library.remove(self._library.catalogue.sources()[file_name(source)])
        del self.held[source]

    def _ask(self) -> None:
        source, version = self._random.choice(list(self.held.items()))
        question = self._random.choice(text_of(source, version).split("\n\n"))
        found = retrieve(self._library, question, self._library.settings).context
        if not found:
            raise SystemExit(f"nothing was found for {question!r}")


def main() -> None:
    """Prints one row for each figure, with its target and whether it was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--documents", type=int, default=200, help="kept in the library, about")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--real", action="store_true", help="with the default model instead of vectors of hashed words")
    options = parser.parse_args()
    print(f"{machine()}, {'real' if options.real else 'fake'} vectors, {options.minutes:g} minutes\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder) / "library")
        embedder = load_embedder(settings) if options.real else FakeEmbedder(384)
        with Library.open(settings, embedder) as library:
            soak = Soak(library, documents=options.documents, seed=options.seed)
            soak.fill()
            soak.run(options.minutes * 60)
            _print_work(soak, library)
            disk = bytes_of(settings.data_dir)
            faults = check(library)
        fresh_settings = Settings(data_dir=Path(folder) / "fresh")
        with Library.open(fresh_settings, embedder) as fresh:
            for source, version in soak.held.items():
                fresh.add(file_name(source), text_of(source, version).encode())
            _print_figures(soak, disk, bytes_of(fresh_settings.data_dir))
    print(f"| faults that a check of the library found | {len(faults)} | 0 | {_met(not faults)} |")


def bytes_of(folder: Path) -> int:
    """The sizes of all files in a folder, together."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # the keyword index deletes files when it likes
            continue
    return total


def slope_per_hour(series: Series, start: float) -> float:
    """How much the values grow in an hour, by the straight line that fits those after `start` best."""
    chosen = np.asarray(series.times) >= start
    slope, _ = np.polyfit(np.asarray(series.times)[chosen] / 3600, np.asarray(series.values)[chosen], 1)
    return float(slope)


def _print_work(soak: Soak, library: Library) -> None:
    adds, removes = len(soak.added.values), len(soak.changes.values) - len(soak.added.values)
    documents, _, passages = library.catalogue.counts()
    print(
        f"{adds:,} documents added or replaced, {removes:,} removed, {len(soak.questions.values):,} questions asked; "
    )
    print(f"{documents:,} documents, {passages:,} passages at the end; load {os.getloadavg()[0]:.1f} then\n")
    print("| what | figure | target | met |\n|---|---|---|---|", flush=True)


def _print_figures(soak: Soak, disk: int, fresh: int) -> None:
    slope = slope_per_hour(soak.memory, soak.seconds * _SETTLED)
    first, last = soak.memory.values[0], soak.memory.values[-1]
    edge = soak.seconds * _EDGE
    parts = (0.0, edge), (soak.seconds - edge, soak.seconds)
    slow = [_p95(soak.questions.between(*part)) for part in parts]
    query = slow[1] / slow[0]
    most = max(soak.disk.values)
    _row(
        "memory, growth after the first third",
        f"{slope:+.1f} MB per hour ({first:.0f} MB at the start, {last:.0f} at the end)",
        f"< {_SLOPE_TARGET:g} MB per hour",
        slope < _SLOPE_TARGET,
    )
    for when, size in (("at the end", disk), ("at the most", most)):
        _row(
            f"disk {when}, against a fresh library with the same documents",
            f"{size / fresh:.2f} x ({size / 1e6:.1f} of {fresh / 1e6:.1f} MB)",
            f"≤ {_DISK_TARGET:g} x",
            size / fresh <= _DISK_TARGET,
        )
    for unit, spent in (("second", soak.changes), ("CPU second", soak.processor)):  # other work slows only the first
        rates = [len(soak.added.between(*part)) / sum(spent.between(*part)) for part in parts]
        rate = rates[1] / rates[0]
        _row(
            f"documents taken in per {unit} of all changes, last fifth against first",
            f"{rate:.0%} ({rates[1]:.1f} of {rates[0]:.1f})",
            f"≥ {_RATE_TARGET:.0%}",
            rate >= _RATE_TARGET,
        )
    _row(
        "question p95, last fifth against first",
        f"{query:.2f} x ({slow[1] * 1000:.0f} of {slow[0] * 1000:.0f} ms)",
        f"≤ {_QUERY_TARGET:g} x",
        query <= _QUERY_TARGET,
    )


def _row(what: str, figure: str, target: str, is_met: bool) -> None:
    print(f"| {what} | {figure} | {target} | {_met(is_met)} |", flush=True)


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


def _seconds(step: Callable[[], None]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
