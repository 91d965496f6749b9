"""Long work on a terminal: a bar that stays out of pipes, and Ctrl-C that stops where nothing is torn."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO, TypeAlias

from tqdm import tqdm

from cli_output import short
from rag.types import Progress

Bar: TypeAlias = tqdm


def progress_bar(total: int) -> Bar:
    """A bar on the terminal's stderr; nothing when stderr is piped."""
    return tqdm(
        total=total,
        bar_format="{n_fmt}/{total_fmt} {bar:20} {elapsed}{postfix}",
        disable=not sys.stderr.isatty(),
        leave=False,
        file=sys.stderr,
    )


def stage_shown(bar: Bar, name: str) -> Callable[[Progress], None]:
    """What shows the stage of one file beside the bar."""

    def show(progress: Progress) -> None:
        bar.set_postfix_str(f"{short(name, 30)}: {progress.stage} {progress.done}/{progress.total}")

    return show


def write_line(line: str, file: TextIO) -> None:
    """Prints a line at once, above the bar."""
    tqdm.write(line, file=file)
    file.flush()


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, for work that looks at it between two steps; pressed again, it ends at once."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # as it is for what a script starts in the background
        signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
