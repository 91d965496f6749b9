"""What hostile files cost: made by the tests, and those of the shared set where it is there."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ingestion.sandbox import Sandbox
from ingestion.types import Document
from tests.hostile.case import SECRET, Trap
from tests.hostile.generator import all_cases
from tests.hostile.shared import shared_cases
from tests.hostile.trial import Trial, try_file

_SHOWN_SLOW = 5.0  # seconds


def main() -> None:
    """Prints one row for each class; with an argument also one line for each file whose class holds it."""
    print("| class | files | accepted | refused | slowest | largest |\n|---|---|---|---|---|---|")
    slow = []
    for kind, files in _by_kind().items():
        trials = dict(_trials(files))
        accepted = sum(isinstance(trial.outcome, Document) for trial in trials.values())
        seconds = max(trial.seconds for trial in trials.values())
        largest = max(trial.peak_mb for trial in trials.values())
        print(
            f"| {kind} | {len(trials)} | {accepted} | {len(trials) - accepted} | {seconds:.1f} s | {largest:,} MB |",
            flush=True,
        )
        slow += [f"{kind} {key}: {_shown(trial)}" for key, trial in trials.items() if _is_shown(kind, trial)]
    print("\n" + "\n".join(slow))


def _is_shown(kind: str, trial: Trial) -> bool:
    return trial.seconds > _SHOWN_SLOW or any(part in kind for part in sys.argv[1:])


def _shown(trial: Trial) -> str:
    said = "accepted" if isinstance(trial.outcome, Document) else str(trial.outcome)
    return f"{trial.seconds:.1f} s, {trial.peak_mb} MB, {said[:150]}"


def _by_kind() -> dict[str, list[tuple[str, str, bytes]]]:
    """Class -> (id, name, content) of its files."""
    folder = Path(tempfile.mkdtemp())
    secret = folder / "secret"
    secret.write_text(SECRET)
    trap = Trap(secret, 9)
    kinds: dict[str, list[tuple[str, str, bytes]]] = {}
    for case in all_cases():
        kinds.setdefault(case.kind, []).append((case.id, case.name, case.make(trap)))
    for shared in shared_cases():
        kinds.setdefault("shared set", []).append((shared.id, shared.name, shared.make(trap)))
    return kinds


def _trials(files: list[tuple[str, str, bytes]]) -> Iterator[tuple[str, Trial]]:
    sandbox = Sandbox()
    for key, name, content in files:
        yield key, try_file(sandbox, name, content)
    sandbox.close()


if __name__ == "__main__":
    main()
