"""How far a parser is, for whoever listens."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeAlias

Listener: TypeAlias = Callable[[int, int], None]
"""(pages read, pages in all)"""


def _nobody(done: int, total: int) -> None:
    """Progress nobody watches."""


LISTENER: ContextVar[Listener] = ContextVar("LISTENER", default=_nobody)


def report(done: int, total: int) -> None:
    """Tell the listener of this thread."""
    LISTENER.get()(done, total)
