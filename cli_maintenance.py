"""The commands that look after a library: rebuild, doctor, backup and restore."""

import argparse
import logging
from pathlib import Path

import cli_output as output
from cli_library import FAILED, FINE, INTERRUPTED, check_there, note, note_differences, reading
from cli_progress import progress_bar, stoppable
from rag.backup import back_up, restore
from rag.doctor import check
from rag.embedding import load_embedder
from rag.errors import Cancelled, LibraryDamaged
from rag.library import Library
from rag.settings import Settings
from rag.types import Progress


def rebuild(options: argparse.Namespace, settings: Settings) -> int:
    """Make the index anew with the settings asked for; what was done before Ctrl-C is kept for the next time."""
    check_there(settings)
    with Library.open(settings, load_embedder(settings)) as library:
        differences, documents = library.differences, len(library.documents())
        if differences and not options.json:
            print(output.differences_table(differences), flush=True)
        finished, kept, done = rebuilt(library, documents) if differences else (True, documents, documents)
    if options.json:
        status = "unchanged" if not differences else "rebuilt" if finished else "stopped"
        counts = {"documents": documents, "kept": kept, "done": done}
        print(output.to_json({"status": status, **counts, "differences": differences}))
    elif finished:
        print(output.rebuild_text(documents, kept) if differences else "Nothing to do: the settings are the same.")
    if not finished:
        note(f"stopped; {done} of {documents} documents are done and kept. The next `cli.py rebuild` goes on there.")
    return FINE if finished else INTERRUPTED


def rebuilt(library: Library, documents: int) -> tuple[bool, int, int]:
    """Whether it came to its end, how many documents an earlier call had done, and how many are done now."""
    seen: list[int] = []  # documents done, at each step
    with stoppable() as stopped, progress_bar(documents) as bar:

        def show(progress: Progress) -> None:
            seen.append(documents - (progress.total - progress.done))
            bar.n = seen[-1]
            bar.refresh()

        try:
            library.rebuild(progress=show, cancelled=stopped)
        except Cancelled:
            return False, seen[0] if seen else 0, seen[-1] if seen else 0
    return True, seen[0] if seen else documents, documents


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """Compare everything with everything, mend what can be mended, and say what cannot."""
    check_there(settings)
    logging.getLogger("rag").setLevel(logging.ERROR)  # repairs are printed below
    documents, repairs, faults = None, [], []
    try:
        with Library.open(settings, load_embedder(settings)) as library:
            note_differences(library)
            repairs = library.index.repairs  # those of the opening, and those to come
            faults = check(library)
            documents = len(library.documents())
    except LibraryDamaged as error:
        faults = [*faults, str(error)]
    if options.json:
        print(output.to_json({"documents": documents, "repairs": repairs, "faults": faults}))
    else:
        print(output.doctor_text(documents, repairs, faults))
    return FAILED if faults else FINE


def backup(options: argparse.Namespace, settings: Settings) -> int:
    """Write everything that cannot be made again into one file."""
    check_there(settings)
    target: Path = options.file
    with reading(settings) as library:
        size_bytes = back_up(library, target)
        documents = len(library.documents())
    if options.json:
        print(output.to_json({"backup": str(target.resolve()), "documents": documents, "size_bytes": size_bytes}))
    else:
        print(output.backup_text(target, documents, size_bytes))
    return FINE


def put_back(options: argparse.Namespace, settings: Settings) -> int:
    """Put a backup into a new folder."""
    documents = restore(options.file, settings.data_dir)
    if options.json:
        print(output.to_json({"data_dir": str(settings.data_dir.resolve()), "documents": documents}))
    else:
        print(f"Restored {output.counted(documents, 'document')} into {output.printable(str(settings.data_dir))}.")
    return FINE
