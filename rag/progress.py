"""How long work tells how far it is, and is asked whether to stop."""

from collections.abc import Callable

from rag.errors import Cancelled
from rag.types import Progress

Step = Callable[[str, int, int], None]  # stage, how many of it are done, of how many


def ignore_progress(progress: Progress) -> None:
    """Progress nobody watches."""


def never() -> bool:
    """Work that nobody stops."""
    return False


def stepper(name: str, progress: Callable[[Progress], None], cancelled: Callable[[], bool]) -> Step:
    """A function `step(stage, done, total)` for one file: tells `progress`, and raises Cancelled once `cancelled`."""

    def step(stage: str, done: int, total: int) -> None:
        if cancelled():
            raise Cancelled(f"{name}: stopped; nothing of it was kept.")
        progress(Progress(stage, done, total))

    return step
