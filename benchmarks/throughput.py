"""What ingest costs over the bare parser and the bare encoder, on the same files in the same run.

For each file in turn: added to a library, then parsed alone, then the passages that were embedded embedded alone.
"""

import argparse
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from benchmarks.empty_library import empty_library
from benchmarks.resources import cpu_seconds, machine
from evaluation.samples import sample_files
from ingestion.parsing import parse
from rag.library import Library
from rag.types import Progress, Vectors

_VARIED = {".md", ".txt"}
_TARGET = 0.15


@dataclass
class Cost:
    """Time by the clock and of the processors."""

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Adds what is done inside."""
        wall, cpu = time.perf_counter(), cpu_seconds()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += cpu_seconds() - cpu


class Measurement:
    """The costs of all files together."""

    def __init__(self, library: Library) -> None:
        self.ingest, self.parser, self.encoder = Cost(), Cost(), Cost()
        self.stages: defaultdict[str, float] = defaultdict(float)  # seconds by the clock
        self.tokens = 0
        self.files = 0
        self._library = library
        self._embed = library.embedder.embed_passages

    def add(self, name: str, content: bytes) -> None:
        """One file, three times: into the library, through the parser, through the encoder."""
        texts: list[str] = []

        def watched(part: Sequence[str]) -> Vectors:
            texts.extend(part)
            return self._embed(part)

        with mock.patch.object(self._library.embedder, "embed_passages", watched), self.ingest.measured():
            follow, finish = self._stopwatch()
            report = self._library.add(name, content, progress=follow)
            finish()
        if report.document_id is None:
            sys.exit(report.message)
        with self.parser.measured():
            parse(name, content)
        with self.encoder.measured():
            self._embed(texts)
        self.tokens += report.tokens
        self.files += 1

    def _stopwatch(self) -> tuple[Callable[[Progress], None], Callable[[], None]]:
        now = "before"
        since = time.perf_counter()

        def change(stage: str) -> None:
            nonlocal now, since
            self.stages[now] += time.perf_counter() - since
            now, since = stage, time.perf_counter()

        return lambda progress: change(progress.stage), lambda: change("")


def main() -> None:
    """Prints one row for each part, in seconds and as a share of the whole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variations", type=int, default=4, help="of each text file, besides the file itself")
    options = parser.parse_args()
    print(f"{machine()}\n")
    with empty_library() as library:
        library.add("warm.txt", b"What is loaded at first use is loaded now.")
        measurement = Measurement(library)
        for path in sample_files():
            for variation in range(1 + options.variations * (path.suffix in _VARIED)):
                measurement.add(*_variation(path, variation))
    _print(measurement)


def _variation(path: Path, number: int) -> tuple[str, bytes]:
    """The file; from 1 on, with a word more in every sentence, so that no vector is known before."""
    if not number:
        return path.name, path.read_bytes()
    text = re.sub(r"(?<=\w)([.!?]) ", rf" again{number}\1 ", path.read_text(encoding="utf-8"))
    text = re.sub(r"(?<=\w)([.!?]?)\n", rf" again{number}\1\n", text)
    return f"{number} {path.name}", text.encode()


def _print(measured: Measurement) -> None:
    ingest, parser, encoder = measured.ingest, measured.parser, measured.encoder
    rest = Cost(ingest.wall - parser.wall - encoder.wall, ingest.cpu - parser.cpu - encoder.cpu)
    print(
        f"{measured.files} files, {measured.tokens:,} tokens, {measured.tokens / ingest.wall:,.0f} tokens per second\n"
    )
    print("| part | seconds | of the whole | CPU seconds | of the whole |\n|---|---|---|---|---|")
    for name, cost in (
        ("the whole ingest", ingest),
        ("bare parser", parser),
        ("bare encoder", encoder),
        (f"**everything else** (target {_TARGET:.0%})", rest),
    ):
        shares = f"{cost.wall:.1f} | {cost.wall / ingest.wall:.1%} | {cost.cpu:.1f} | {cost.cpu / ingest.cpu:.1%}"
        print(f"| {name} | {shares} |")
    print("\n| stage of the ingest | seconds | of the whole |\n|---|---|---|")
    for stage, seconds in measured.stages.items():
        print(f"| {stage} | {seconds:.1f} | {seconds / ingest.wall:.1%} |")


if __name__ == "__main__":
    main()
