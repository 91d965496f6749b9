"""Puts blocks of text together and knows where each heading and page began."""

from ingestion import limits
from ingestion.errors import FileTooLarge
from ingestion.parsers.cleaning import clean, one_line
from ingestion.parsers.parsed import Parsed, single_page
from ingestion.types import Heading, Page

PARAGRAPH = "\n\n"
LINE = "\n"
_HIGHEST_LEVEL, _LOWEST_LEVEL = 1, 6


class TextWriter:
    """Collects cleaned blocks; `parsed()` gives the text, the headings and the pages with their offsets."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._page_starts: list[tuple[int, int]] = []  # (page number, start)
        self._waiting: list[int] = []  # pages whose first block has not come yet

    @property
    def length(self) -> int:
        """How many characters have been written."""
        return self._length

    def page(self, number: int) -> None:
        """What is written from here on stands on page `number`."""
        if len(self._page_starts) + len(self._waiting) >= limits.MAX_PAGES:
            raise FileTooLarge(f"has more than {limits.MAX_PAGES:,} pages; split it")
        self._waiting.append(number)

    def heading(self, level: int, title: str) -> None:
        """Write `## title`, with as many marks as the level says."""
        title = one_line(title)
        if not title:
            return
        level = min(max(level, _HIGHEST_LEVEL), _LOWEST_LEVEL)
        start = self.block(f"{'#' * level} {title}")
        self._headings.append(Heading(level=level, title=title, start=start))

    def block(self, text: str, *, gap: str = PARAGRAPH) -> int:
        """Write `text`, `gap` away from what stands before it; give back where it starts."""
        text = clean(text)
        if not text:
            return self._length
        if self._length:
            self._append(gap)
        self._page_starts += [(number, self._length) for number in self._waiting]
        self._waiting.clear()
        start = self._length
        self._append(text)
        return start

    def embed(self, parsed: Parsed, *, below: int) -> None:
        """Write the text of another document; its headings come `below` levels lower, its pages are left out."""
        start = self.block(parsed.text)
        self._headings += [
            Heading(min(heading.level + below, _LOWEST_LEVEL), heading.title, start + heading.start)
            for heading in parsed.headings
        ]

    def parsed(self, *, title: str = "", warnings: tuple[str, ...] = ()) -> Parsed:
        """All that was written."""
        text = "".join(self._parts)
        return Parsed(
            text=text,
            pages=self._pages() or single_page(text),
            headings=tuple(self._headings),
            title=one_line(title),
            warnings=warnings,
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._length > limits.MAX_TEXT_CHARACTERS:  # said now: a small file may go on and on
            raise FileTooLarge(f"has more than {limits.MAX_TEXT_CHARACTERS:,} characters of text; split it")

    def _pages(self) -> tuple[Page, ...]:
        numbered = self._page_starts + [(number, self._length) for number in self._waiting]
        if not numbered:
            return ()
        starts = [0] + [start for _, start in numbered[1:]]  # nothing stands before the first page
        ends = [*starts[1:], self._length]
        return tuple(Page(number, start, end) for (number, _), start, end in zip(numbered, starts, ends, strict=True))
