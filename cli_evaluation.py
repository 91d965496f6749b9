"""The command `evaluate`: how often the right passage is found, measured on a question set."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cli_output as output
from cli_library import FINE, note, writing
from cli_progress import progress_bar
from evaluation.beir import load_beir
from evaluation.experiment import Experiment, run_beir, run_spans
from evaluation.span_set import load_spans
from rag.progress import Step
from rag.settings import Settings
from rag.types import Source

COMPARED = ("ndcg@10", "recall@5")


def evaluate(options: argparse.Namespace, settings: Settings) -> int:
    """Add the documents of a set to a library of its own, ask its questions, and print how each ranking did."""
    with place_for(options.data_dir) as folder, shown_steps() as step:
        settings = settings.model_copy(update={"data_dir": folder})
        with writing(settings) as library:
            library.rerankers.get(settings, library.embedder)  # one that is not to be had is said now, not after hours
            if options.beir:
                experiment = run_beir(library, load_beir(options.beir), settings, step)
            else:
                experiment = run_spans(library, load_spans(options.spans), settings, step)
    for name in experiment.unread[:5]:
        note(f"{name} could not be added; questions that it answers count as missed.")
    if len(experiment.unread) > len(experiment.unread[:5]):
        note(f"and {len(experiment.unread) - 5} more.")
    print(output.to_json(experiment_json(experiment)) if options.json else experiment_text(experiment))
    return FINE


@contextmanager
def place_for(folder: Path | None) -> Iterator[Path]:
    """The folder for the library of the set; one that is deleted afterwards if none is named."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="sightline-") as temporary:
        yield Path(temporary)


@contextmanager
def shown_steps() -> Iterator[Step]:
    """A bar on the terminal for each of the two stages."""
    with progress_bar(0) as bar:

        def step(stage: str, done: int, total: int) -> None:
            bar.total, bar.n = total, done
            bar.set_postfix_str(stage)

        yield step


def experiment_json(experiment: Experiment) -> dict[str, Any]:
    """What a program reads of it."""
    return {
        "set": experiment.set,
        "documents": experiment.documents,
        "chunks": experiment.chunks,
        "questions": experiment.questions,
        **{source.value: experiment.means(source) if source in experiment.metrics else None for source in Source},
        "differences": [
            {"measure": measure, "ranking": one.value, "against": other.value, **asdict(difference)}
            for measure in COMPARED
            for (one, other), difference in experiment.differences(measure).items()
        ],
        "seconds": round(experiment.seconds, 3),
    }


def experiment_text(experiment: Experiment) -> str:
    """The measures of each ranking as a table, and below it the differences with their intervals."""
    rows = {source.value: experiment.means(source) for source in experiment.metrics}
    measures = list(next(iter(rows.values())))
    lines = [
        f"{experiment.set}: {experiment.documents:,} documents, {experiment.chunks:,} chunks, "
        f"{experiment.questions:,} questions",
        "",
        f"{'':8}" + "".join(f"{measure:>12}" for measure in measures),
        *(f"{name:8}" + "".join(f"{row[measure]:12.3f}" for measure in measures) for name, row in rows.items()),
        "",
        "Differences with their 95 % intervals (paired bootstrap); those with 0 inside may be chance:",
    ]
    for measure in COMPARED:
        for (one, other), found in experiment.differences(measure).items():
            pair = f"{one.value} - {other.value}"
            lines.append(f"  {measure:9} {pair:18} {found.mean:+.3f}  [{found.low:+.3f}, {found.high:+.3f}]")
    return "\n".join(lines)
