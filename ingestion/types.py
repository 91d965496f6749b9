"""What ingestion passes on. All positions are Python character offsets into `Document.text`, end exclusive."""

import re
from bisect import bisect_right
from dataclasses import dataclass

_HEADING_LINE = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as the author numbered it; `number` is None in formats that have none."""

    number: int | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and where its line begins; level 1 is the highest."""

    level: int
    title: str
    start: int


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one file. Identity is content: `id` is the first 16 hex digits of the bytes' sha256."""

    id: str
    name: str
    media_type: str
    text: str
    pages: tuple[Page, ...]
    headings: tuple[Heading, ...] = ()
    title: str = ""  # what it calls itself, if it does
    warnings: tuple[str, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number of the page that holds `offset`; None where pages have no numbers."""
        index = bisect_right([page.start for page in self.pages], offset) - 1
        return self.pages[index].number if index >= 0 else None

    def heading_at(self, offset: int) -> str:
        """The headings above `offset`, outermost first, joined by " › "; "" before the first."""
        path: list[Heading] = []
        for heading in self.headings:
            if heading.start > offset:
                break
            path = [above for above in path if above.level < heading.level] + [heading]
        return " › ".join(heading.title for heading in path)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The unit that is retrieved, cited and put in the prompt: `document.text[start:end] == text`."""

    document_id: str
    text: str
    start: int
    end: int
    page: int | None  # where it starts
    heading: str
    token_count: int
    later_pages: tuple[Page, ...] = ()  # those that begin inside it

    @property
    def id(self) -> str:
        """`document_id:start-end`."""
        return f"{self.document_id}:{self.start}-{self.end}"

    def page_at(self, offset: int) -> int | None:
        """The page that a place inside the chunk is on."""
        reached = [page.number for page in self.later_pages if page.start <= offset]
        return reached[-1] if reached else self.page

    def heading_at(self, offset: int) -> str:
        """The innermost heading above a place inside the chunk; the chunk's own before its first heading line."""
        above = _HEADING_LINE.findall(self.text, 0, offset - self.start + 1)
        return above[-1].strip() if above else self.heading


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is embedded: a window of whole sentences inside its chunk, in document offsets.

    `context` is embedded in front of it: the document's title and the heading above, a line each, where it lacks them.
    `token_count` is of both.
    """

    chunk_id: str
    start: int
    end: int
    token_count: int
    context: str = ""

    def embedded(self, document_text: str) -> str:
        """The text that its vector is of."""
        return self.context + document_text[self.start : self.end]

    @property
    def id(self) -> str:
        """`document_id:chunk/start-end`."""
        return f"{self.chunk_id}/{self.start}-{self.end}"
