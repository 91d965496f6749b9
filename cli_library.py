"""The library as a command opens it, and what is said on stderr before the command begins."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import cli_output as output
from ingestion.errors import SightlineError
from rag.embedding import load_embedder
from rag.errors import LibraryInUse
from rag.library import Library
from rag.settings import Settings

FINE, FAILED, INTERRUPTED = 0, 1, 130
"""How a command ends; argparse ends with 2 on wrong usage."""


class NoLibrary(SightlineError):
    """There is nothing in the folder that could be looked after."""


@contextmanager
def writing(settings: Settings) -> Iterator[Library]:
    """The library, owned by this process. Raises LibraryInUse."""
    with Library.open(settings, load_embedder(settings)) as library:
        note_differences(library)
        yield library


@contextmanager
def reading(settings: Settings) -> Iterator[Library]:
    """The library; while another process owns it, beside that process."""
    embedder = load_embedder(settings)
    try:
        library = Library.open(settings, embedder)
    except LibraryInUse:
        note("another process owns the library; it is read beside it, by exact search.")
        library = Library.open_read_only(settings, embedder)
    with library:
        note_differences(library)
        yield library


def check_there(settings: Settings) -> None:
    """Raises NoLibrary if the folder holds none: opening it would make an empty one."""
    if not (settings.data_dir / "library.db").exists():
        raise NoLibrary(f"There is no library in {settings.data_dir}. Name its folder with --data.")


def note_differences(library: Library) -> None:
    """One line when the library was built with other settings than those asked for."""
    if library.differences:
        note(f"this library was built with {output.differences_text(library.differences)}; run `cli.py rebuild`.")


def note(line: str) -> None:
    """One line on stderr, where no program looks for results."""
    print(f"cli.py: {output.printable(line)}", file=sys.stderr, flush=True)
