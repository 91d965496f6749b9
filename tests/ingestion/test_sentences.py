"""Where sentences begin and end, by hand and for any text."""

from itertools import pairwise

import pytest
from hypothesis import given

from ingestion.sentences import sentence_spans
from tests.strategies import texts


def _sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        pytest.param(["It rains.", "We stay in."], id="two sentences"),
        pytest.param(["Dr. Meyer met Mrs. Jones.", "They spoke."], id="titles"),
        pytest.param(["We sell e.g. novels, atlases etc. and maps.", "All new."], id="abbreviations inside"),
        pytest.param(["J. R. R. Tolkien wrote it.", "We sell it."], id="initials"),
        pytest.param(["It costs 12.50 euros.", "Shipping is 3.90."], id="decimals"),
        pytest.param(["See www.example.org/a.b for more.", "Or ask."], id="addresses"),
        pytest.param(["“Is it new?”", "“It is!”", "He left."], id="quotes"),
        pytest.param(["(It was late.)", "Nobody came."], id="parentheses"),
        pytest.param(["Really?!", "Yes…", "Good."], id="other stops"),
        pytest.param(["Das gilt z. B. nicht.", "Es ist z.B. kaputt."], id="German abbreviations"),
        pytest.param(["Mittwoch, 14. Mai 2025, ab 9 Uhr.", "Am 1. Jänner nicht."], id="German dates"),
        pytest.param(["Vom 12.-14. Okt. 2025 zu.", "Ab 3. Dez 2025 offen."], id="German dates with short months"),
        pytest.param(["Es kam am 3. Dez.", "Danke."], id="short month that ends a sentence"),
        pytest.param(["He is 14.", "Jan is 12.", "May is 9."], id="numbers before names"),
        pytest.param(["Version 3.14.", "August saw 2.0.", "In 2014.", "April came."], id="numbers that are no days"),
        pytest.param(["Wait ... what is this?", "A test."], id="dots before a small letter"),
    ],
)
def test_sentences_of_a_line(sentences: list[str]) -> None:
    """A line splits where a reader would split it, and nowhere else."""
    assert _sentences(" ".join(sentences)) == sentences


def test_sentences_of_chinese_need_no_spaces() -> None:
    """Full-width stops end a sentence at once, and closing brackets stay with it."""
    assert _sentences("你可以退货。期限是三十天！「真的吗？」是的。") == [
        "你可以退货。",
        "期限是三十天！",
        "「真的吗？」",
        "是的。",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("# Returns\nBring the book.", ["# Returns", "Bring the book."]),
        ("Bring:\n- the book\n- the receipt\n", ["Bring:", "- the book", "- the receipt"]),
        ("1. Pack it.\n2. Send it.", ["1. Pack it.", "2. Send it."]),
        (
            "| Title | Price |\n| --- | --- |\n| Tide | 12.50 |",
            ["| Title | Price |", "| --- | --- |", "| Tide | 12.50 |"],
        ),
        ("No stop here\n\nNor here", ["No stop here", "Nor here"]),
    ],
    ids=["heading", "list", "numbered list", "table", "paragraphs"],
)
def test_lines_that_are_sentences(text: str, sentences: list[str]) -> None:
    """Headings, list items, table rows and paragraphs end where their line does, stop or not."""
    assert _sentences(text) == sentences


def test_sentence_of_a_wrapped_line_goes_on() -> None:
    """A line that an editor wrapped is not the end of its sentence."""
    wrapped = (
        "You may return a printed book within thirty days of its\ndelivery, if you kept the receipt. Gifts take longer."
    )
    assert _sentences(wrapped) == wrapped.replace(". G", ".|G").split("|")


@pytest.mark.parametrize("text", ["", " ", "\n\t\u00a0\n"])
def test_white_space_has_no_sentences(text: str) -> None:
    """Nothing to read gives nothing."""
    assert sentence_spans(text) == []


@given(texts)
def test_sentences_hold_everything_in_order(text: str) -> None:
    """Spans are ordered, disjoint, stripped, and hold every character that is not white space."""
    spans = sentence_spans(text)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
