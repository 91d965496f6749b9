"""What every parser gives back, and the shape of a parser."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ingestion.types import Heading, Page


@dataclass(frozen=True, slots=True)
class Parsed:
    """The text of a file before it is given an identity.

    `headings[i].start` is where the heading's line begins. `pages` follow one another without a hole
    and cover `text`. A `title` of "" means that the file does not say.
    """

    text: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    title: str = ""
    warnings: tuple[str, ...] = ()


Parser: TypeAlias = Callable[[bytes], Parsed]
"""Reads one format. Its `FileRefused` messages begin after the file's name: "asks for a password; ..."."""


def single_page(text: str) -> tuple[Page, ...]:
    """The pages of a format that has none: one, without a number."""
    return (Page(number=None, start=0, end=len(text)),)
