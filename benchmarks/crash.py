"""What a library loses that is killed again and again while it adds, replaces, removes and rebuilds.

After each kill it is opened again, sometimes killed at that too, and compared with what it acknowledged before.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks import crash_child
from benchmarks.crash_journal import JournalReader, Truth
from benchmarks.crash_texts import RECIPES, Recipe

_AIMS = ("random", "vector files", "add", "replace", "remove", "rebuild", "random", "vector files", "swap", "opening")
_PATIENCE_S = {"rebuild": 30, "swap": 60}  # others: 10; an aim that is not met by then becomes a random one
_STUCK_S = 120


@dataclass
class Result:
    """What became of all trials."""

    trials: int = 0
    aims: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)
    killed_recoveries: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    looks: int = 0
    faults: list[str] = field(default_factory=list)


class Crashes:
    """One library that goes through one kill after another."""

    def __init__(self, folder: Path, *, documents: int, seed: int) -> None:
        self.result = Result()
        self._folder = folder
        self._documents = documents
        self._random = random.Random(seed)
        self._truth = Truth(RECIPES[0], RECIPES[0])
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(["benchmarks.crash_child"])
        self._number = 0
        self._build()

    def trial(self) -> None:
        """One worker killed, what it left looked at."""
        self._number += 1
        self.result.trials += 1
        aim = _AIMS[self._number % len(_AIMS)]
        if self._truth.recipe == self._truth.wanted and (aim in ("rebuild", "swap") or self._random.random() < 0.4):
            self._truth.wanted = self._random.choice([recipe for recipe in RECIPES if recipe != self._truth.recipe])
        worker, reader = self._start_worker(self._rebuild_for(aim))
        met = self._wait_for(aim, worker, reader)
        worker.kill()
        worker.join()
        self._truth.replay(reader.fresh())
        self.result.aims[aim if met else "random"] += 1
        self.result.phases[self._truth.phase() if any("ready" in event for event in reader.events) else "opening"] += 1
        self.result.looks += sum("looks" in event for event in reader.events)
        self._look()
        self.result.faults += [f"trial {self._number}, {aim}: {fault}" for fault in self._truth.faults]
        self._truth.faults.clear()

    def _build(self) -> None:
        worker, reader = self._start_worker("no", build_only=True)
        worker.join(_STUCK_S)
        self._truth.replay(reader.fresh())
        if worker.exitcode != 0 or len(self._truth.held) != self._documents:
            raise RuntimeError(f"the library could not be made: {worker.exitcode}, {self._truth.faults}")

    def _rebuild_for(self, aim: str) -> str:
        if self._truth.recipe == self._truth.wanted:
            return "no"
        if aim == "swap":
            return "alone"
        return self._random.choice(("alone", "beside")) if aim not in ("add", "replace", "remove") else "beside"

    def _start_worker(self, rebuild: str, *, build_only: bool = False) -> tuple[BaseProcess, JournalReader]:
        journal = self._folder / f"journal-{self._number}"
        plan = crash_child.Plan(
            folder=self._folder / "library",
            wanted=self._truth.wanted,
            journal=journal,
            seed=f"{self._random.random()}",
            first_version=self._number * 10_000,
            documents=self._documents,
            rebuild=rebuild,
            build_only=build_only,
        )
        worker = self._context.Process(target=crash_child.work, args=(plan,))
        worker.start()
        return worker, JournalReader(journal)

    def _wait_for(self, aim: str, worker: BaseProcess, reader: JournalReader) -> bool:
        """Returns at the moment of the kill: whether it is the one that was aimed at."""
        if aim == "opening":
            time.sleep(self._random.uniform(0, 0.5))
            return True
        is_there = self._target(aim, reader)
        end = time.monotonic() + _STUCK_S
        while not any("ready" in event for event in reader.events):
            if worker.exitcode is not None or time.monotonic() > end:
                self._truth.faults.append(f"the worker did not open the library: {worker.exitcode}")
                return False
            self._truth.replay(reader.fresh())
            time.sleep(0.002)
        end = time.monotonic() + (self._random.uniform(0, 2) if aim == "random" else _PATIENCE_S.get(aim, 10))
        while time.monotonic() < end and worker.exitcode is None:
            self._truth.replay(reader.fresh())
            if is_there():
                return True
            time.sleep(0.001)
        if worker.exitcode is not None:
            self._truth.faults.append(f"the worker ended by itself: {worker.exitcode}")
        return aim == "random"

    def _target(self, aim: str, reader: JournalReader) -> Callable[[], bool]:
        if aim == "random":
            return lambda: False
        if aim == "vector files":
            return self._when_files_change(self._random.randint(1, 12), self._random.uniform(0, 0.01))
        key, value = {"swap": ("swapping", True), "rebuild": ("copied", None)}.get(aim, ("do", aim))
        times = self._random.randint(1, {"swap": 1, "rebuild": self._documents // 2}.get(aim, 3))
        delay = self._random.uniform(0, 0.2 if aim == "swap" else 0.15)

        def is_there() -> bool:
            if sum(key in event and value in (None, event[key]) for event in reader.events) < times:
                return False
            time.sleep(delay)
            return True

        return is_there

    def _when_files_change(self, times: int, delay: float) -> Callable[[], bool]:
        seen: dict[Path, int] = {}
        changes = 0

        def is_there() -> bool:
            nonlocal changes
            for path in (self._folder / "library").glob("index-*/vectors-*/*/*"):
                try:
                    changed = path.stat().st_mtime_ns
                except FileNotFoundError:
                    continue
                changes += seen.get(path, changed) != changed
                seen[path] = changed
            if changes < times:
                return False
            time.sleep(delay)
            return True

        return is_there

    def _look(self) -> None:
        answer = self._folder / "answer"
        answer.unlink(missing_ok=True)
        journal = self._folder / f"look-{self._number}"
        arguments = (self._folder / "library", self._truth.wanted, journal, answer, f"{self._number}")
        if self._random.random() < 0.25:
            doomed = self._context.Process(target=crash_child.look, args=arguments)
            doomed.start()
            time.sleep(self._random.uniform(0.05, 0.8))
            doomed.kill()
            doomed.join()
            self.result.killed_recoveries += 1
            answer.unlink(missing_ok=True)
        looker = self._context.Process(target=crash_child.look, args=arguments)
        looker.start()
        looker.join(_STUCK_S)
        if looker.exitcode != 0 or not answer.exists():
            looker.kill()
            self._truth.faults.append(f"what is left could not be opened or compared: {looker.exitcode}")
            return
        found = json.loads(answer.read_text())
        self.result.seconds.append(found["seconds"])
        self.result.repairs.update(_kind(repair) for repair in found["repairs"])
        self._truth.faults += found["faults"]
        self._truth.settle({int(key): version for key, version in found["found"].items()}, Recipe(*found["recipe"]))

    @property
    def acknowledged(self) -> int:
        """How many operations the workers said were done."""
        return self._truth.acknowledged


def _kind(repair: str) -> str:
    return "document half there: removed" if repair.startswith("document ") else repair


def crash(folder: Path, *, trials: int, documents: int, seed: int, tell: Callable[[str], None]) -> Crashes:
    """Kills a library of about `documents` documents `trials` times."""
    crashes = Crashes(folder, documents=documents, seed=seed)
    for number in range(1, trials + 1):
        before = len(crashes.result.faults)
        crashes.trial()
        for fault in crashes.result.faults[before:]:
            tell(fault)
        if number % 10 == 0:
            tell(f"{number} trials, {len(crashes.result.faults)} faults")
    return crashes


def main() -> int:
    """Prints what was killed, what was mended and what was lost; 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--documents", type=int, default=50, help="kept in the library, about")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--folder", type=Path, help="where the library and the journals are kept; default: deleted")
    options = parser.parse_args()
    print(f"seed {options.seed}\n", flush=True)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        crashes = crash(
            folder,
            trials=options.trials,
            documents=options.documents,
            seed=options.seed,
            tell=lambda line: print(line, file=sys.stderr, flush=True),
        )
    _print(crashes, time.perf_counter() - started)
    return 1 if crashes.result.faults else 0


def _print(crashes: Crashes, seconds: float) -> None:
    result = crashes.result
    print(f"| what | figure |\n|---|---|\n| kill -9 | {result.trials} in {seconds:,.0f} s |")
    print(f"| of the recovery too | {result.killed_recoveries} |")
    for aim, count in sorted(result.aims.items()):
        print(f"| aimed at: {aim} | {count} |")
    for phase, count in sorted(result.phases.items()):
        print(f"| hit: {phase} | {count} |")
    for repair, count in sorted(result.repairs.items()):
        print(f"| mended: {repair} | {count} |")
    slowest = sorted(result.seconds)
    print(f"| operations acknowledged | {crashes.acknowledged:,} |")
    print(f"| looks of readers meanwhile | {result.looks:,} |")
    if slowest:
        middle, most = statistics.median(slowest), slowest[-1]
        print(f"| time to open again, median / most | {middle:.2f} / {most:.2f} s |")
    print(f"| **lost, half, mixed or embedded again** | **{len(result.faults)}** |")


if __name__ == "__main__":
    sys.exit(main())
