"""What counts as a word, in which script, and where it stands."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.keyword_index import KeywordIndex
from rag.word_segmentation import words
from tests.rag.builders import make_chunk


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("Tide tables, e.g. for Größe", ["Tide", "tables", "e", "g", "for", "Größe"]),
        ("黑豹队的防守", ["黑豹", "豹队", "队的", "的防", "防守"]),
        ("猫 sat", ["猫", "sat"]),
        ("iPhone手机", ["iPhone", "手机"]),
        ("カタカナ", ["カタ", "タカ", "カナ"]),
        ("한국어", ["한국", "국어"]),
        ("ภาษาไทย", ["ภาษ", "าษา", "ษาไ", "าไท", "ไทย"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("cafe\u0301", ["café"]),
        ("\uff21\uff11", ["A1"]),
        ("AX-400", ["AX", "400", "AX400"]),
        ("978-1-91466-384-0", ["978", "1", "91466", "384", "0", "9781914663840"]),
        ("ann@example.org", ["ann", "example", "org", "annexampleorg"]),
        ("due 2024-11-05.", ["due", "2024", "11", "05", "20241105"]),
        ("snake_case", ["snake", "case", "snakecase"]),
        ("and/or well-known 2.5", ["and", "or", "well", "known", "2", "5"]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, forms: list[str]) -> None:
    """Runs, n-grams of scripts without spaces, and identifiers whole."""
    assert [word.form for word in words(text)] == forms


@given(st.text())
def test_spans_are_where_the_words_stand(text: str) -> None:
    """Each word is its span of the text, normalised, without its punctuation; no letter or digit is in none."""
    covered = set()
    for word in words(text):
        written = unicodedata.normalize("NFKC", text[word.start : word.end])
        assert word.form in (written, "".join(char for char in written if char.isalnum()))
        covered.update(range(word.start, word.end))
    assert all(place in covered for place, char in enumerate(text) if char.isalnum())


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("豹队防守", "黑豹队的防守只丢了"),
        ("ไทย", "ภาษาไทยเป็นภาษา"),
        ("AX400", "The pump AX-400 leaks."),
        ("ax-400", "The pump AX-400 leaks."),
        ("9781914663840", "ISBN 978-1-91466-384-0, paperback."),
        ("ann@example.org", "Write to ann@example.org about it."),
    ],
)
def test_words_are_found(query: str, best: str) -> None:
    """By the index, among texts that hold the parts; and the place is marked that matched."""
    others = ["The pump AX-300 has 400 parts.", "ISBN 978-1-91466-353-6", "ann wrote to bob@example.org", "球队的黑色"]
    index = KeywordIndex(None)
    texts = [
        *others,
        "黑豹队的防守只丢了",
        "ภาษาไทยเป็นภาษา",
        "The pump AX-400 leaks.",
        "ISBN 978-1-91466-384-0, paperback.",
    ]
    texts.append("Write to ann@example.org about it.")
    chunks = [make_chunk(text, document_id=f"d{number}") for number, text in enumerate(texts)]
    index.add(chunks)
    by_id = {chunk.id: chunk for chunk in chunks}
    found = by_id[index.search(query, 9)[0][0]]
    assert found.text == best
    assert any(index.occurrences(found, index.term_shares(query, found.id)).values())
