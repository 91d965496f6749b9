"""From which documents a command searches and answers."""

import argparse
from datetime import date

from ingestion.parsers import MEDIA_TYPES
from rag.filters import DocumentFilter
from rag.library import Library


def added_filters(command: argparse.ArgumentParser) -> None:
    """Adds the options that narrow a search."""
    chosen = command.add_argument_group("only from some documents")
    chosen.add_argument("--document", metavar="ID", action="append", help="this one; may be given again")
    chosen.add_argument("--type", metavar="TYPE", action="append", type=media_type, help="say pdf; may be given again")
    chosen.add_argument("--from", dest="added_from", metavar="DAY", type=day, help="added on that day or later")
    chosen.add_argument("--until", dest="added_until", metavar="DAY", type=day, help="added on that day or earlier")


def filter_of(options: argparse.Namespace, library: Library) -> DocumentFilter:
    """The filter that was asked for. Raises UnknownDocument for a document that is not in the library."""
    for document_id in options.document or ():
        library.catalogue.record(document_id)
    return DocumentFilter(
        documents=frozenset(options.document) if options.document else None,
        media_types=frozenset(options.type) if options.type else None,
        added_from=options.added_from,
        added_until=options.added_until,
    )


def media_type(suffix: str) -> str:
    """The value of --type: a file name's ending, with or without its dot."""
    try:
        return MEDIA_TYPES[f".{suffix.lower().lstrip('.')}"]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{suffix!r} is no type of file that is read; say pdf, docx or md") from None


def day(text: str) -> date:
    """The value of --from and --until."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write it as 2026-01-31") from None
