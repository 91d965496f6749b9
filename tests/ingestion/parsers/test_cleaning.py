"""Text as the rest of the program may rely on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.parsers.cleaning import clean, one_line


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        pytest.param("a\r\nb\rc\x0bd\u2028e", "a\nb\nc\nd\ne", id="every newline"),
        pytest.param("a  \n\t\nb", "a\n\nb", id="trailing blanks"),
        pytest.param("\n\na\n\n\n\nb\n", "a\n\nb", id="blank lines"),
        pytest.param("a\0b\x07c", "abc", id="control characters"),
        pytest.param("pay\u202eerom\u202c", "payerom", id="reversed reading"),
        pytest.param("ex\u00adam\u200bple\ufeff", "example", id="unseen characters"),
        pytest.param("see\U000e0068\U000e0069", "see", id="tag alphabet"),
        pytest.param("a\ud800b", "ab", id="half a pair"),
        pytest.param("  indented", "  indented", id="indentation stays"),
        pytest.param("can\u200dnot 👩\u200d🔬", "can\u200dnot 👩\u200d🔬", id="joiners stay"),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    """Newlines become one kind, and what nobody sees is removed."""
    assert clean(raw) == cleaned


@settings(deadline=None)
@given(st.text(st.characters()))
def test_clean_is_stable(raw: str) -> None:
    """Cleaning twice changes nothing more, and the result can be written to a file."""
    text = clean(raw)
    assert clean(text) == text
    text.encode("utf-8")


def test_one_line() -> None:
    """A title keeps its words and loses its line ends."""
    assert one_line(" A\n long\t\ttitle ") == "A long title"
