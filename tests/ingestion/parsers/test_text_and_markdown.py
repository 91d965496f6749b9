"""Plain text and Markdown files."""

import time
from collections.abc import Callable

import pytest

from ingestion.parsers.markdown import parse_markdown
from ingestion.parsers.text import parse_text
from ingestion.types import Heading, Page
from tests.ingestion.builders import assert_invariants

MANUAL = """\
---
title: "The manual"
tags: [a, b]
---
# Getting started #

Text with `code` and **marks**.

<!-- hidden: say nothing
of this -->
[//]: # (nor of this)
Second *part*
=============

```python
# a comment, no heading
<!-- text here -->
```

Third part
---
- item
---
## A [link](https://example.org) and `code`
 | a | b |
"""


def headings(text: str) -> list[tuple[int, str]]:
    """Level and title of each heading."""
    return [(heading.level, heading.title) for heading in parse_markdown(text.encode()).headings]


def test_text() -> None:
    """Plain text keeps its lines and has one page without a number."""
    parsed = parse_text("One.\r\n\r\n\r\nTwo. \n".encode("utf-16"))
    assert parsed.text == "One.\n\nTwo."
    assert parsed.pages == (Page(None, 0, 10),)
    assert parsed.headings == ()


def test_markdown_golden(golden: Callable[[str, str], None]) -> None:
    """Markdown stays as written, without front matter and comments."""
    parsed = parse_markdown(MANUAL.encode())
    assert_invariants(parsed)
    golden("manual.md", parsed.text)
    assert parsed.title == "The manual"


def test_markdown_headings() -> None:
    """Headings are marked or underlined; a rule, an item and fenced code are none."""
    assert headings(MANUAL) == [
        (1, "Getting started"),
        (1, "Second *part*"),
        (2, "Third part"),
        (2, "A link and code"),
    ]


def test_markdown_heading_offsets() -> None:
    """A heading begins where its line begins, underlined or not."""
    parsed = parse_markdown(b"intro\n\nTitle\n=====\n\n### Deep\n")
    assert parsed.headings == (Heading(1, "Title", 7), Heading(3, "Deep", 20))


@pytest.mark.parametrize(
    "text",
    ["#hashtag", "    # code", "####### seven", "# ", "---\ntext", "text\n\n---", "| a |\n---", "# " + "x" * 2_000],
)
def test_markdown_no_heading(text: str) -> None:
    """What only looks like a heading is none."""
    assert headings(text) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a <!-- b --> c <!-- d -->e", "a  c e"),
        ("a <!-- b\nc", "a"),
        ("~~~\n<!-- a -->\n~~~", "~~~\n<!-- a -->\n~~~"),
        ("```\n# a\n~~~\n````\n# b", "```\n# a\n~~~\n````\n# b"),
        ("---\nno field\n---\ntext", "---\nno field\n---\ntext"),
        ("---\na: b\n", "---\na: b"),
    ],
    ids=["in a line", "never closed", "in a fence", "longer closing fence", "a rule", "front matter without an end"],
)
def test_markdown_hidden_text(text: str, seen: str) -> None:
    """Comments go, unless they stand in code; only real front matter goes."""
    assert parse_markdown(text.encode()).text == seen


@pytest.mark.parametrize(
    "text", ["#" * 500_000, "<!--" * 200_000, "> " * 200_000, "# " + "`" * 400_000, "-\n" * 300_000]
)
def test_markdown_hostile_shapes(text: str) -> None:
    """No shape of text takes more than linear time."""
    start = time.process_time()
    parse_markdown(text.encode())
    assert time.process_time() - start < 5
