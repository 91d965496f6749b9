"""Tries hostile files: what became of each, and what it cost."""

import time
from dataclasses import dataclass

from ingestion.errors import FileRefused
from ingestion.sandbox import Sandbox
from ingestion.types import Document

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Trial:
    """How one file ended. `peak_mb` is of the process that read it, or of an earlier one that took more."""

    outcome: Document | FileRefused
    seconds: float
    peak_mb: int


def try_file(sandbox: Sandbox, name: str, content: bytes) -> Trial:
    """Read a file in a child, as the app does."""
    started = time.monotonic()
    outcome: Document | FileRefused
    try:
        outcome = sandbox.parse(name, content, cancelled=lambda: False, progress=lambda done, total: None)
    except FileRefused as refusal:
        outcome = refusal
    return Trial(outcome, time.monotonic() - started, sandbox.peak_bytes // MEGABYTE)


def shown_text(document: Document) -> str:
    """All that a document brings into the program: text, title, headings, warnings, name."""
    headings = [heading.title for heading in document.headings]
    return "\n".join([document.text, document.title, *headings, *document.warnings, document.name])
