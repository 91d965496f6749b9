"""The terminal: add documents, search them, ask them, look after them. The same engine as the page, without it."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

import cli_output as output
from cli_adding import add
from cli_evaluation import evaluate
from cli_filters import added_filters, filter_of
from cli_library import FAILED, FINE, INTERRUPTED, note, reading, writing
from cli_maintenance import backup, doctor, put_back, rebuild
from cli_sync import sync
from ingestion.errors import SightlineError
from rag.citations import check_answer
from rag.explanation import explain
from rag.generation import chat_model
from rag.pipeline import retrieve
from rag.settings import Settings

MOST_HITS = 1000


def list_documents(options: argparse.Namespace, settings: Settings) -> int:
    """List the documents, newest first."""
    with reading(settings) as library:
        records = library.documents()
    print(output.to_json([asdict(record) for record in records]) if options.json else output.records_text(records))
    return FINE


def remove(options: argparse.Namespace, settings: Settings) -> int:
    """Remove one document."""
    with writing(settings) as library:
        names = {record.id: record.name for record in library.documents()}
        library.remove(options.id)
    name = names[options.id]
    print(output.to_json({"removed": options.id, "document": name}) if options.json else f"Removed {name}.")
    return FINE


def search(options: argparse.Namespace, settings: Settings) -> int:
    """Show the best chunks, and why each was found."""
    k = options.k or settings.context_chunks
    settings = settings.model_copy(update={"candidates": max(settings.candidates, k)})
    with reading(settings) as library:
        retrieval = retrieve(library, options.question, settings, within=filter_of(options, library))
        hits = retrieval.final[:k]
        explained = [(hit, explain(library, retrieval, hit.chunk.id)) for hit in hits]
    if options.json:
        print(output.to_json(output.search_json(retrieval, explained)))
    else:
        print(output.search_text(retrieval, explained))
    return FINE


def ask(options: argparse.Namespace, settings: Settings) -> int:
    """Answer a question, then list the passages that the answer rests on."""
    with reading(settings) as library:
        retrieval = retrieve(library, options.question, settings, within=filter_of(options, library))
        embedder = library.embedder  # the one that the vectors are from, whatever the settings name
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
        epilog=examples_text("add ~/manuals", 'ask "How long is the guarantee?"'),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, purpose: str, *examples: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            epilog=examples_text(*examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.add_argument("--json", action="store_true", help="print JSON instead of text")
        added.add_argument("--data", dest="data_dir", metavar="DIR", type=Path, help="where the library is kept")
        added.set_defaults(run=run)
        return added

    added = command("add", add, "add files, and folders with all they hold", "add notes.pdf manuals/")
    added.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a file or a folder")
    added = command("sync", sync, "make the library follow a folder", "sync ~/manuals", "sync ~/manuals --dry-run")
    added.add_argument("folder", metavar="FOLDER", type=Path, help="a folder, with all it holds")
    added.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
    added.add_argument("--allow-empty", action="store_true", help="go on when the folder holds no document any more")
    command("list", list_documents, "list the documents, newest first", "list --json")
    added = command("remove", remove, "remove a document", "remove 1f0c2d3e4a5b6978")
    added.add_argument("id", metavar="ID", help="as the command list shows it")
    added_questions(command)
    added_evaluation(command)
    added_upkeep(command)
    return top


def added_questions(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands that ask the library."""
    added = command(
        "search", search, "find chunks, and see why", 'search "refund time" -k 3', "search refunds --type pdf"
    )
    added.add_argument("question", metavar="QUERY", type=question, help="in your own words, in quotes")
    added.add_argument("-k", metavar="N", type=hit_count, help="how many chunks to show")
    added.add_argument("--dense-weight", metavar="W", type=float, help="meaning against words, 0 to 1")
    added.add_argument("--reranker", metavar="NAME", help="late-interaction, a cross-encoder's name or folder, or none")
    added_filters(added)
    added = command("ask", ask, "answer a question from the documents", 'ask "Who pays the postage?"')
    added.add_argument("question", metavar="QUESTION", type=question, help="in your own words, in quotes")
    added.add_argument("-k", dest="context_chunks", metavar="N", type=int, help="how many chunks to answer from")
    added.add_argument("--dense-weight", metavar="W", type=float, help="meaning against words, 0 to 1")
    added.add_argument("--reranker", metavar="NAME", help="late-interaction, a cross-encoder's name or folder, or none")
    added_filters(added)


def added_evaluation(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the command that measures."""
    added = command("evaluate", evaluate, "measure how well passages are found", "evaluate --beir sets/cranfield")
    sets = added.add_mutually_exclusive_group(required=True)
    sets.add_argument("--beir", metavar="DIR", type=Path, help="corpus.jsonl, queries.jsonl and qrels/test.tsv")
    sets.add_argument("--spans", metavar="DIR", type=Path, help="questions.jsonl with spans of the texts in corpora/")
    added.add_argument("--dense-weight", metavar="W", type=float, help="meaning against words, 0 to 1")
    added.add_argument("--reranker", metavar="NAME", help="late-interaction, a cross-encoder's name or folder, or none")


def added_upkeep(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds the commands that look after the library."""
    command("rebuild", rebuild, "make the index anew after a change of the settings", "rebuild")
    command("doctor", doctor, "check the library, and mend what can be mended", "doctor", "doctor --json")
    added = command("backup", backup, "write the library into one file", "backup library.zip")
    added.add_argument("file", metavar="FILE", type=Path, help="the file to write; one of that name is replaced")
    added = command(
        "restore", put_back, "put a backup into a new folder", "restore library.zip --data ~/restored-library"
    )
    added.add_argument("file", metavar="FILE", type=Path, help="what the command backup wrote")


def examples_text(*examples: str) -> str:
    """The end of a help text."""
    lines = [f"  cli.py {example}" for example in examples]
    return "\n".join(["example:" if len(lines) == 1 else "examples:", *lines])


def question(text: str) -> str:
    """What is searched or asked."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; say in your own words what to look for")
    return text


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
    logging.basicConfig(format="cli.py: %(message)s", level=logging.WARNING)
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
        note(str(error))
        return FAILED
    except KeyboardInterrupt:
        note("stopped; what was done before stays.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered goes nowhere
        return FINE


if __name__ == "__main__":
    sys.exit(main())
