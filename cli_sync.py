"""The command `sync`: the library follows a folder of files."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import cli_output as output
from cli_adding import add_file
from cli_library import FAILED, FINE, INTERRUPTED, reading, writing
from cli_progress import Bar, progress_bar, stage_shown, stoppable, write_line
from ingestion.parsers import PARSERS
from rag.library import Library
from rag.settings import Settings
from rag.sync import SyncPlan, plan_sync, source_of
from rag.types import AddReport


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one file, and what became of it once it was added."""

    kind: Literal["new", "changed", "removed"]
    path: Path
    report: AddReport | None = None

    @property
    def refusal(self) -> str | None:
        """Why the file was not added."""
        if self.report is None or self.report.status not in output.NOT_ADDED:
            return None
        return self.report.message + (" The version before it stays." if self.kind == "changed" else "")


def sync(options: argparse.Namespace, settings: Settings) -> int:
    """Add what is new or changed in a folder, then remove what is gone from it; or only say what would be done."""
    folder: Path = options.folder
    steps: list[Step] = []
    with (reading if options.dry_run else writing)(settings) as library, stoppable() as stopped:
        plan = plan_sync(library, folder, PARSERS, may_empty=options.allow_empty)
        with progress_bar(len(plan.new) + len(plan.changed)) as bar:
            for step in steps_of(plan) if options.dry_run else carried_out(library, plan, bar, stopped):
                steps.append(step)
                if not options.json:
                    write_line(step_text(step, folder), sys.stderr if step.refusal else sys.stdout)
    if options.json:
        print(output.to_json(steps_json(steps, folder, dry_run=options.dry_run)))
    else:
        print(summary(steps, dry_run=options.dry_run))
    if stopped():
        return INTERRUPTED
    return FAILED if any(step.refusal for step in steps) else FINE


def steps_of(plan: SyncPlan) -> Iterator[Step]:
    """What there is to do. What is gone comes last: a file that was moved is not taken out in between."""
    yield from (Step("new", path) for path in plan.new)
    yield from (Step("changed", path) for path in plan.changed)
    yield from (Step("removed", Path(source)) for source in plan.gone)


def carried_out(library: Library, plan: SyncPlan, bar: Bar, stopped: Callable[[], bool]) -> Iterator[Step]:
    """Each step of the plan once it is done; those after Ctrl-C are left for the next time."""
    for step in steps_of(plan):
        if stopped():
            return
        if step.kind == "removed":
            library.forget_source(str(step.path))
            yield step
        else:
            yield replace(step, report=add_file(library, step.path, stage_shown(bar, step.path.name), stopped))
            bar.update()


def step_text(step: Step, folder: Path) -> str:
    """One line: what happened to a file, which is named by its place in the folder."""
    if step.path.is_relative_to(folder):
        name = str(step.path.relative_to(folder))
    else:
        name = os.path.relpath(step.path, folder.resolve())
    if step.report is None:
        return f"{step.kind}: {output.printable(name)}"
    message = step.refusal or step.report.message
    return output.report_text(replace(step.report, file=name, message=message), step.kind)


def steps_json(steps: Sequence[Step], folder: Path, *, dry_run: bool) -> dict[str, Any]:
    """The full paths of the files by what happened to them; the refused ones with the reason."""

    def paths(kind: str) -> list[str]:
        return [source_of(step.path) for step in steps if step.kind == kind and not step.refusal]

    return {
        "folder": source_of(folder),
        "dry_run": dry_run,
        "new": paths("new"),
        "changed": paths("changed"),
        "removed": paths("removed"),
        "refused": [{"path": source_of(step.path), "message": step.refusal} for step in steps if step.refusal],
    }


def summary(steps: Sequence[Step], *, dry_run: bool) -> str:
    """How many files came to which end: "2 new, 1 removed"."""
    kinds = ["refused" if step.refusal else step.kind for step in steps]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    if dry_run:
        return f"To do: {counts}. Nothing was changed." if counts else "Nothing to do."
    return counts or "Nothing to do."
