"""The sample questions are what they say they are, and can be found again."""

from collections import Counter
from pathlib import Path

import pytest

from evaluation.questions import Question, Reference, load_questions, located, main, save_questions
from ingestion.errors import SightlineError
from ingestion.parsing import parse

SAMPLE_DOCS = Path(__file__).parents[2] / "sample_docs"
QUESTIONS = load_questions(SAMPLE_DOCS / "questions.jsonl")
TEXT = "You may return\na printed book.\n\nReturn it within thirty  days."


@pytest.fixture(scope="module")
def sample_texts() -> dict[str, str]:
    """The parsed text of every document that a question refers to."""
    names = {reference.document for question in QUESTIONS for reference in question.references}
    return {name: parse(name, (SAMPLE_DOCS / name).read_bytes()).text for name in names}


def _question(content: str, document: str = "a.txt") -> Question:
    return Question("q1", "How long?", "direct", (), (Reference(document, content, 0, 0),))


def test_there_are_enough_questions() -> None:
    """At least 80, 15 of them without an answer, each with an id and a text of its own."""
    kinds = Counter(question.kind for question in QUESTIONS)
    assert len(QUESTIONS) >= 80
    assert kinds["unanswerable"] >= 15
    assert set(kinds) == {"paraphrase", "identifier", "direct", "follow_up", "unanswerable"}
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)
    assert len({question.text for question in QUESTIONS}) >= len(QUESTIONS) - 5


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.id)
def test_references_are_true_spans(question: Question, sample_texts: dict[str, str]) -> None:
    """Every reference slices the parsed document; those without an answer have none, follow-ups have a history."""
    for reference in question.references:
        assert sample_texts[reference.document][reference.start : reference.end] == reference.content != ""
    assert (question.kind == "unanswerable") == (not question.references)
    assert question.history or question.kind != "follow_up"


def test_located_finds_over_white_space() -> None:
    """A reference is found by its words, and takes the content that stands there."""
    [reference] = located(_question("return a  printed book."), {"a.txt": TEXT}).references
    assert reference == Reference("a.txt", "return\na printed book.", 8, 30)
    assert TEXT[8:30] == reference.content


@pytest.mark.parametrize(("content", "times"), [("a torn cover", 0), ("eturn", 2)])
def test_reference_that_is_not_there_once_is_refused(content: str, times: int) -> None:
    """Missing or ambiguous: the question, the document and the count are said."""
    with pytest.raises(SightlineError, match=rf"question q1: its reference stands {times} times in a\.txt, not once"):
        located(_question(content), {"a.txt": TEXT})


def test_questions_are_saved_as_they_were(tmp_path: Path) -> None:
    """What is written is read again, in order."""
    save_questions(tmp_path / "q.jsonl", QUESTIONS)
    assert load_questions(tmp_path / "q.jsonl") == QUESTIONS


def test_main_finds_references_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a document changed, spans are moved to where the text now stands."""
    (tmp_path / "a.txt").write_text("A new beginning.\n\n" + TEXT)
    save_questions(tmp_path / "questions.jsonl", [_question("a printed book.")])
    main(tmp_path)
    [question] = load_questions(tmp_path / "questions.jsonl")
    assert question.references[0].start == 18 + TEXT.index("a printed")
    assert capsys.readouterr().out == "1 questions, every reference found in 1 documents\n"
