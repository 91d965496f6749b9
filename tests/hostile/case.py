"""What a hostile file is, and what it must lead to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Expected: TypeAlias = Literal["accept", "refuse", "either"]
MARK = "sightline-pwned"
"""Begins the name of every file that an attack would leave somewhere."""
SECRET = "canary-7f3a-root-secret"
"""The words in the file that no document may quote."""
NEEDLE = "The needle is forty-two millimetres long."


@dataclass(frozen=True, slots=True)
class Trap:
    """What attacks aim at: a file with a secret, and a port where somebody listens."""

    secret_file: Path
    port: int

    @property
    def url(self) -> str:
        """An address whose fetching would be noticed."""
        return f"http://127.0.0.1:{self.port}/fetched"


@dataclass(frozen=True, slots=True)
class Case:
    """One hostile file. `make` is given the trap; `says` is looked for in a refusal."""

    kind: str
    id: str
    name: str
    make: Callable[[Trap], bytes] = field(repr=False)
    expected: Expected = "either"
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    says: str = ""


def fixed(content: bytes) -> Callable[[Trap], bytes]:
    """A maker that needs no trap."""
    return lambda trap: content
