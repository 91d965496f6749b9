"""The command `add`: files become documents, those that are named and all that folders hold."""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import cli_output as output
from cli_library import FAILED, FINE, writing
from cli_progress import progress_bar, stage_shown, stoppable, write_line
from ingestion.limits import MAX_FILE_BYTES
from rag.library import Library
from rag.settings import Settings
from rag.sync import source_of
from rag.types import AddReport, Progress


def add(options: argparse.Namespace, settings: Settings) -> int:
    """Add every file of the paths; a bad one is reported and the others go on."""
    files, reports = files_of(options.paths), list(missing_paths(options.paths))
    for report in reports:
        show_report(report, options.json)
    with writing(settings) as library, stoppable() as stopped, progress_bar(len(files)) as bar:
        for path in files:
            report = add_file(library, path, stage_shown(bar, path.name), stopped)
            show_report(report, options.json)
            reports.append(report)
            bar.update()
            if stopped():
                break
    if not options.json:
        print(output.add_summary(reports))
    if stopped():
        raise KeyboardInterrupt
    return FAILED if any(report.status in output.NOT_ADDED for report in reports) else FINE


def missing_paths(paths: Sequence[Path]) -> Iterator[AddReport]:
    """A report for each path that leads to no file."""
    for path in paths:
        if not path.exists():
            yield AddReport(str(path), "failed", message=f"{path}: there is no such file or folder.")
        elif path.is_dir() and not files_of([path]):
            yield AddReport(str(path), "failed", message=f"{path}: there is no file in this folder.")


def files_of(paths: Sequence[Path]) -> list[Path]:
    """The files that the paths name or hold, each once, those of a folder in order of their path."""
    found: dict[Path, Path] = {}  # resolved -> as given
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.exists() and not file.is_dir():
                found.setdefault(file.resolve(), file)
    return list(found.values())


def add_file(
    library: Library, path: Path, progress: Callable[[Progress], None], stopped: Callable[[], bool]
) -> AddReport:
    """What became of one file, which replaces what came from its path before; never raises for one that is bad."""
    if not path.is_file():
        return AddReport(path.name, "failed", message=f"{path.name} is no regular file; nothing was read from it.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)  # one more than is accepted: enough to be refused
    except OSError as error:
        return AddReport(path.name, "failed", message=f"{path.name} could not be read: {error.strerror}.")
    return library.add(path.name, content, source=source_of(path), progress=progress, cancelled=stopped)


def show_report(report: AddReport, as_json: bool) -> None:
    """One report: JSON on stdout; for a person, failures on stderr."""
    if as_json:
        write_line(output.to_json(asdict(report)), sys.stdout)
    else:
        write_line(output.report_text(report), sys.stderr if report.status in output.NOT_ADDED else sys.stdout)
