"""Untrusted words stay words: in the HTML that we make, in labels, in streamed answers."""

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.types import Answer, Share
from ui.components.answer import UNSUPPORTED, answer_markdown
from ui.components.marked_text import marked_html, pieces, shade
from ui.components.plain import Calmer, calm_markdown, plain, shortened

NASTY = st.text(alphabet="ab <>&\"'/=[]()!`*_:$#\\\n\u202e", max_size=60)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: tuple(sorted(pair))), max_size=5)


class Tags(HTMLParser):
    """Collects the tags and attributes of some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, tuple[str, ...]]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remembers one tag."""
        self.found.add((tag, tuple(name for name, _ in attrs)))


@given(text=NASTY, framed=SPANS, cited=SPANS, spans=SPANS, start=st.integers(0, 5))
def test_marked_html_shows_the_text_and_nothing_else(
    text: str, framed: list[tuple[int, int]], cited: list[tuple[int, int]], spans: list[tuple[int, int]], start: int
) -> None:
    """Whatever is marked, the words come out as they went in, and no tag is not ours."""
    words = [Share(left, right, "", 0.1 * place - 0.2) for place, (left, right) in enumerate(spans)]
    html = marked_html(text, start=start, framed=framed, cited=cited, words=words)
    tags = Tags()
    tags.feed(html)
    assert tags.found <= {("div", ("style",)), ("span", ("style",)), ("span", ("style", "title"))}
    assert unescape(re.sub(r"<[^>]*>", "", html)) == text


@given(start=st.integers(0, 20), length=st.integers(0, 40), spans=SPANS)
def test_pieces_cover_the_text_once(start: int, length: int, spans: list[tuple[int, int]]) -> None:
    """The pieces join up from the first letter to the last."""
    cut = pieces(start, start + length, spans)
    assert "".join("x" * (right - left) for left, right in cut) == "x" * length
    assert all(left[1] == right[0] for left, right in pairwise(cut))


def test_shade_is_signed_and_scaled() -> None:
    """Amber adds, blue takes away, half the largest share is half as strong."""
    assert shade(0.2, 0.2) == "background-color: rgba(224, 165, 18, 0.6);"
    assert shade(-0.1, 0.2) == "background-color: rgba(66, 118, 214, 0.3);"
    assert shade(0.0, 0.2) == ""


@given(NASTY)
def test_plain_leaves_no_sign_unescaped(text: str) -> None:
    """In a label, every sign of markdown stands behind a backslash, and all is on one line."""
    label = plain(text)
    assert "\n" not in label
    assert not re.sub(r"\\[!-/:-@\[-`{-~]", "", label).strip("ab \u200b…")


@given(NASTY, st.integers(0, 60))
def test_calmed_pieces_are_the_calmed_whole(text: str, cut: int) -> None:
    """Where a stream is cut does not matter, but for an address that is cut in its middle."""
    calmer = Calmer()
    assert calmer.feed(text[:cut]) + calmer.feed(text[cut:]) == calm_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        "![x](//evil/p.png)",
        "a `code` ![x](//evil/p.png)",
        "` ![x](//evil/p.png)",
        "![x][y]\n\n[y]: //evil/p.png",
        r"\![x](//evil/p.png)",
        r"\\![x](//evil/p.png)",
        "```\n![x](//evil/p.png)\n```",
    ],
)
def test_calmed_markdown_holds_no_picture(text: str) -> None:
    """A picture's bracket never follows its `!` directly, nor does a definition keep its brackets, in code or not."""
    calmed = calm_markdown(text)
    assert not re.search(r"!\[", re.sub(r"\\\[", "", calmed))
    assert not re.search(r"(?<!\\)(?:\\\\)*(?<!\u200b)\[", calmed)


def test_unsupported_sentences_are_marked_with_a_word() -> None:
    """The word stands behind the sentence and its mark; sentences are compared without marks."""
    answer = Answer("Yes [1]. Dogs fly on *Sundays* [2].\n\nGood.", (), ("Dogs fly on *Sundays*.",), None, "m")
    marked = answer_markdown(answer)
    assert marked.count(UNSUPPORTED) == 1
    assert marked.index("Sundays") < marked.index(UNSUPPORTED) < marked.index("Good")


def test_shortened_keeps_the_end_of_a_name() -> None:
    """The suffix of a long file name stays readable."""
    assert shortened("a" * 50 + ".pdf", 20) == "aaaaaaaaaaaaa…aa.pdf"
