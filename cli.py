"""The terminal: add documents, search them, ask them. The same engine as the page, without the page."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError
from tqdm import tqdm

import cli_output as output
from ingestion.errors import SightlineError
from ingestion.limits import MAX_FILE_BYTES
from rag.citations import check_answer
from rag.embedding import load_embedder
from rag.explanation import explain
from rag.generation import chat_model
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import AddReport, Progress, Source

FINE, FAILED, INTERRUPTED = 0, 1, 130  # argparse exits with 2 on wrong usage
MOST_HITS = 1000


def add(options: argparse.Namespace, settings: Settings) -> int:
    """Add every file of the paths; a bad one is reported and the others go on."""
    files, reports = files_of(options.paths), list(missing_paths(options.paths))
    for report in reports:
        show_report(report, options.json)
    with Library.open(settings, load_embedder(settings)) as library, progress_bar(len(files)) as bar:
        for path in files:
            report = add_file(library, path, bar)
            show_report(report, options.json)
            reports.append(report)
            bar.update()
    if not options.json:
        print(output.add_summary(reports))
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


def add_file(library: Library, path: Path, bar: tqdm) -> AddReport:
    """What became of one file; never raises for one that cannot be read."""

    def show(progress: Progress) -> None:
        bar.set_postfix_str(f"{output.short(path.name, 30)}: {progress.stage} {progress.done}/{progress.total}")

    if not path.is_file():
        return AddReport(path.name, "failed", message=f"{path.name} is no regular file; nothing was read from it.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)  # one more than is accepted: enough to be refused
    except OSError as error:
        return AddReport(path.name, "failed", message=f"{path.name} could not be read: {error.strerror}.")
    return library.add(path.name, content, progress=show)


def progress_bar(files: int) -> tqdm:
    """A bar on the terminal's stderr; nothing when stderr is piped."""
    return tqdm(
        total=files,
        bar_format="{n_fmt}/{total_fmt} {bar:20} {elapsed}{postfix}",
        disable=not sys.stderr.isatty(),
        leave=False,
        file=sys.stderr,
    )


def show_report(report: AddReport, as_json: bool) -> None:
    """One report: JSON on stdout; for a person, failures on stderr."""
    if as_json:
        tqdm.write(output.to_json(asdict(report)), file=sys.stdout)
    else:
        tqdm.write(output.report_text(report), file=sys.stderr if report.status in output.NOT_ADDED else sys.stdout)
    sys.stdout.flush()


def list_documents(options: argparse.Namespace, settings: Settings) -> int:
    """List the documents, newest first."""
    with Library.open(settings, load_embedder(settings)) as library:
        records = library.documents()
    print(output.to_json([asdict(record) for record in records]) if options.json else output.records_text(records))
    return FINE


def remove(options: argparse.Namespace, settings: Settings) -> int:
    """Remove one document."""
    with Library.open(settings, load_embedder(settings)) as library:
        names = {record.id: record.name for record in library.documents()}
        library.remove(options.id)
    name = names[options.id]
    print(output.to_json({"removed": options.id, "document": name}) if options.json else f"Removed {name}.")
    return FINE


def search(options: argparse.Namespace, settings: Settings) -> int:
    """Show the best chunks, and why each was found."""
    k = options.k or settings.context_chunks
    settings = settings.model_copy(update={"candidates": max(settings.candidates, k)})
    with Library.open(settings, load_embedder(settings)) as library:
        retrieval = retrieve(library, options.question, settings)
        hits = retrieval.rankings.get(Source.FUSED, ())[:k]
        explained = [(hit, explain(library, retrieval, hit.chunk.id)) for hit in hits]
    if options.json:
        print(output.to_json(output.search_json(retrieval, explained)))
    else:
        print(output.search_text(retrieval, explained))
    return FINE


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answer a question, then list the passages that the answer rests on."""
    embedder = load_embedder(settings)
    with Library.open(settings, embedder) as library:
        retrieval = retrieve(library, options.question, settings)
    model = chat_model(settings, embedder)
    pieces: list[str] = []

    def recorded() -> Iterator[str]:
        for piece in model.stream(retrieval):
            pieces.append(piece)
            yield piece

    for piece in recorded() if options.json else output.wrapped(recorded()):
        if not options.json:
            print(piece, end="", flush=True)
    answer = check_answer("".join(pieces), retrieval, embedder, model=model.name)
    print(output.to_json(output.answer_json(retrieval, answer)) if options.json else output.answer_text(answer))
    return FINE


Command = Callable[[argparse.Namespace, Settings], int]


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="cli.py",
        description="Chat with your own documents, and see why each passage was found.",
        epilog='example:\n  cli.py add ~/manuals\n  cli.py ask "How long is the guarantee?"',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, purpose: str, example: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            epilog=f"example:\n  cli.py {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("--json", action="store_true", help="print JSON instead of text")
        added.add_argument("--data", dest="data_dir", metavar="DIR", type=Path, help="where the library is kept")
        added.set_defaults(run=run)
        return added

    added = command("add", add, "add files, and folders with all they hold", "add notes.pdf manuals/")
    added.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file or a folder")
    command("list", list_documents, "list the documents, newest first", "list --json")
    added = command("remove", remove, "remove a document", "remove 1f0c2d3e4a5b6978")
    added.add_argument("id", metavar="ID", help="as the command list shows it")
    added = command("search", search, "find chunks, and see why", 'search "refund time" -k 3')
    added.add_argument("question", metavar="QUERY", help="in your own words, in quotes")
    added.add_argument("-k", metavar="N", type=hit_count, help="how many chunks to show")
    added.add_argument("--dense-weight", metavar="W", type=float, help="meaning against words, 0 to 1")
    added = command("ask", ask, "answer a question from the documents", 'ask "Who pays the postage?"')
    added.add_argument("question", metavar="QUESTION", help="in your own words, in quotes")
    added.add_argument("-k", dest="context_chunks", metavar="N", type=int, help="how many chunks to answer from")
    added.add_argument("--dense-weight", metavar="W", type=float, help="meaning against words, 0 to 1")
    return top


def hit_count(text: str) -> int:
    """The value of -k for a search."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_HITS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_HITS}")
    return int(text)


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings of the environment, with those given as options in front."""
    given = {name: getattr(options, name, None) for name in Settings.model_fields}
    return Settings(**{name: value for name, value in given.items() if value is not None})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 fine, 1 something was refused or failed, 2 wrong usage."""
    commands = parser()
    options = commands.parse_args(arguments)
    try:
        settings = settings_of(options)
    except ValidationError as error:
        commands.error(output.settings_error(error.errors()))
    try:
        code: int = options.run(options, settings)
        sys.stdout.flush()
        return code
    except SightlineError as error:
        print(f"cli.py: {output.printable(str(error))}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\ncli.py: stopped; what was added before stays.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        return FINE


if __name__ == "__main__":
    sys.exit(main())
