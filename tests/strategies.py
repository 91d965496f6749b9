"""What hypothesis makes for the property tests: texts of every kind, small vocabularies, rankings."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ingestion.types import Document, Heading, Page

_WORDS = "the book was returned within thirty days of delivery because its cover tore unreadable".split()
_PIECES = [
    "A sentence ends here. ",
    "Does Dr. Meyer agree? ",
    "Er kommt z. B. am 3. Mai. ",
    "本书可以退货。三十天之内！",
    "日本語の文です。",
    "## A heading\n",
    "\n# Top\n\n",
    "- an item of a list\n",
    "| cell | 12.50 |\n",
    "1) first\n",
    "\n\n",
    "\n",
    "\t",
    "\u00a0",
    "e\u0301o\u0308 ",
    "👩‍👩‍👧‍👦 🇩🇪 👍🏽 ",
    "हिन्दी में ",
    "مرحبا ",
    "antidisestablishmentarianism",
    "Donaudampfschifffahrtsgesellschaftskapitän ",
    "x7Q-" * 12,
    "…!?” ",
]

characters = st.characters(exclude_categories=("Cs",), exclude_characters="\r\x00")
"""Any character but lone surrogates, NUL and CR, which the parsers never let through."""

prose = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=30).map(" ".join)
pieces = st.sampled_from(_PIECES)
repeats = st.tuples(st.one_of(pieces, st.text(characters, min_size=1, max_size=6)), st.integers(2, 60)).map(
    lambda pair: pair[0] * pair[1]
)
texts = st.lists(st.one_of(prose, pieces, repeats, st.text(characters, max_size=40)), max_size=12).map("".join)
"""Texts of prose, other scripts, emoji, headings, repeats, giant words and noise, joined with or without spaces."""


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document with pages and headings where there is text to hold them."""
    text = draw(texts)
    cut = draw(st.integers(0, len(text)))
    lines = [start for start in range(len(text)) if text.startswith("#", start) and text[:start].endswith("\n")]
    headings = tuple(Heading(1, f"H{start}", start) for start in lines)
    return Document("d1", "d1.md", "text/markdown", text, (Page(1, 0, cut), Page(2, cut, len(text))), headings)


keyword_texts: SearchStrategy[str] = st.lists(
    st.sampled_from("refund refunds refunded book books return the of Thriller naïve 42 ISBN-13 Straße".split()),
    min_size=1,
    max_size=12,
).map(" ".join)
"""Short texts over a small vocabulary, so that words and stems meet."""

candidate_ids = st.sampled_from([f"c{number}" for number in range(8)])
cosines = st.dictionaries(candidate_ids, st.floats(-1, 1), max_size=8)
keyword_scores = st.dictionaries(candidate_ids, st.floats(0.25, 40), max_size=8)
"""BM25 scores; a chunk without a score holds none of the words."""

rankings = st.lists(candidate_ids, unique=True, max_size=8).map(
    lambda ids: {key: rank for rank, key in enumerate(ids, 1)}
)
"""Candidate -> rank from 1."""
