"""How every ranking does on a folder of question sets, each in the layout of BEIR or of the chunking evaluation.

Each line of the table is what `cli.py evaluate` prints: `python -m benchmarks.question_sets FOLDER`.
"""

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from benchmarks.empty_library import empty_library
from evaluation.beir import load_beir
from evaluation.experiment import Experiment, run_beir, run_spans
from evaluation.span_set import load_spans
from rag.types import Source


def found_sets(folder: Path) -> Iterator[Path]:
    """The folders of sets at or below `folder`, in the order of their paths."""
    for questions in sorted(chain(folder.rglob("queries.jsonl"), folder.rglob("questions.jsonl"))):
        if (questions.parent / "corpora").is_dir() or (questions.parent / "qrels").is_dir():
            yield questions.parent


def measured(folder: Path) -> Experiment:
    """One set, run over the production path with the default settings."""
    with empty_library() as library:
        if (folder / "corpora").is_dir():
            return run_spans(library, load_spans(folder), library.settings, _silent)
        return run_beir(library, load_beir(folder), library.settings, _silent)


def row(experiment: Experiment) -> str:
    """A line of the table: nDCG@10 of each ranking, recall@5 of the fused one, and how far it is ahead."""
    means = {source: experiment.means(source) for source in experiment.metrics}
    better = max((Source.DENSE, Source.KEYWORD), key=lambda source: means[source]["ndcg@10"])
    ahead = experiment.differences("ndcg@10")[Source.FUSED, better]
    figures = " | ".join(f"{means[source]['ndcg@10']:.3f}" for source in (Source.DENSE, Source.KEYWORD, Source.FUSED))
    return (
        f"| {experiment.set} | {experiment.documents:,} | {experiment.questions:,} | {figures} | "
        f"{means[Source.FUSED]['recall@5']:.3f} | {ahead.mean:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}] | "
        f"{experiment.seconds:,.0f} |"
    )


def main(folder: Path) -> None:
    """Prints the table, a line as soon as its set is done."""
    print("| set | documents | questions | dense | keyword | fused | fused recall@5 | fused - better of both | s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for each in found_sets(folder):
        print(row(measured(each)), flush=True)


def _silent(_stage: str, _done: int, _total: int) -> None:
    """Takes the progress of a run, which nobody watches here."""


if __name__ == "__main__":
    if len(sys.argv) == 2:
        main(Path(sys.argv[1]))
    else:
        print("Name a folder of question sets: python -m benchmarks.question_sets FOLDER")
