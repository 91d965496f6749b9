"""HTML pages, as a reader sees them."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from ingestion.errors import NoText
from ingestion.parsers.html import parse_html
from ingestion.types import Page
from tests.ingestion.builders import assert_invariants

PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>Help &amp; contact</title>
<meta name="description" content="META"><base href="http://example.org/"><style>p { color: red }</style></head>
<body><a href="#main">Skip to the content</a>
<nav><ul><li><a href="/">NAVIGATION</a></li></ul></nav>
<main id="main"><h1>Help <small>and contact</small></h1>
<p>Write to <a href="mailto:help@example.org">help@example.org</a> or see <a href="/returns">Returns</a>.<br>
Text with <b>bold</b>, <i>italics</i>, <code>code_name</code>, a*b, [x], # and 2 &lt; 3.</p>
<h2>Lists</h2><ul><li>one</li><li>two</li></ul><ol><li>first</li><li>second</li></ol>
<h3>A table</h3>
<table><caption>The prices</caption><tr><th>Item</th><th>Price</th></tr>
<tr><td>Tea | milk</td><td><b>EUR</b> 2</td></tr><tr><td></td><td>EUR 3</td></tr></table>
<pre><code># not a heading
    indented</code></pre>
<img src="a.png" alt="PICTURE"><svg><title>SVG</title><text>DRAWING</text></svg>
<script>document.write("SCRIPT")</script><template>TEMPLATE</template><iframe src="http://a.b/FRAME"></iframe>
<!-- COMMENT --><p hidden>HIDDEN</p><p style="display:none">NONE</p><input type="hidden" value="VALUE">
<div>plain <div>inner</div> tail</div></main><footer><p>Prices include tax.</p></footer></body></html>
"""
UNSEEN = (
    *("NAVIGATION", "META", "color", "PICTURE", "SVG", "DRAWING", "SCRIPT", "TEMPLATE", "FRAME", "COMMENT"),
    *("HIDDEN", "NONE", "VALUE", "Skip to", "http", "mailto", "/returns"),
)


def text_of(page: str) -> str:
    """The text that a page shows."""
    return parse_html(page.encode()).text


def test_html_golden(golden: Callable[[str, str], None]) -> None:
    """Headings, paragraphs, lists, tables and code come out as Markdown-like text."""
    parsed = parse_html(PAGE.encode())
    assert_invariants(parsed)
    golden("help.html.txt", parsed.text)
    assert parsed.pages == (Page(None, 0, len(parsed.text)),)


@pytest.mark.parametrize("word", UNSEEN)
def test_html_unseen(word: str) -> None:
    """What a reader does not see is not in the text."""
    assert word not in text_of(PAGE)


def test_html_title_and_headings() -> None:
    """The title comes from the head, headings with their levels from the body."""
    parsed = parse_html(PAGE.encode())
    assert parsed.title == "Help & contact"
    assert [(heading.level, heading.title) for heading in parsed.headings] == [
        (1, "Help and contact"),
        (2, "Lists"),
        (3, "A table"),
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>*not a caption*</p>", "*not a caption*"),
        ("<p># no heading</p>", "# no heading"),
        ("<p>| no | row |</p>", "| no | row |"),
        ("<p>a \\ b \\* c</p>", "a \\ b \\* c"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a | b"),
        ("<p>no end", "no end"),
        ("just text", "just text"),
        ("<p>a<svg>b</p><p>c", "a"),
    ],
)
def test_html_marks_of_the_page(html: str, text: str) -> None:
    """Characters that look like marks stay what they are, and an open element costs nothing."""
    assert text_of(html) == text


@pytest.mark.parametrize("encoding", ["utf-8", "koi8-r", "utf-16"])
def test_html_encoding(encoding: str) -> None:
    """The declared encoding is used."""
    page = f'<html><head><meta charset="{encoding}"></head><body><p>Привет</p></body></html>'
    assert parse_html(page.encode(encoding)).text == "Привет"


@pytest.mark.parametrize(
    "html", ["<div>" * 200_000 + "x", "<p hidden>all of it</p>"], ids=["nested too deeply", "hidden"]
)
def test_html_shows_nothing(html: str) -> None:
    """A page that shows no text is refused, and says why."""
    with pytest.raises(NoText, match="shows no text"):
        parse_html(html.encode())


@pytest.mark.timeout(30)
@pytest.mark.parametrize("html", ["<!--" * 100_000, "<a " * 100_000, "<svg " * 50_000, "<p>x" + "<title>" * 50_000])
def test_html_hostile_shapes(html: str) -> None:
    """No page takes for ever."""
    with suppress(NoText):
        parse_html(html.encode())
