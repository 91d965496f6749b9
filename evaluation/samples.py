"""The sample documents that come with the project, and the questions about them."""

from pathlib import Path

from evaluation.questions import Question, load_questions

SAMPLE_DOCS = Path(__file__).parents[1] / "sample_docs"
_QUESTIONS = SAMPLE_DOCS / "questions.jsonl"


def sample_files() -> list[Path]:
    """The sample documents, by name."""
    return sorted(path for path in SAMPLE_DOCS.iterdir() if path.is_file() and path != _QUESTIONS)


def sample_questions() -> list[Question]:
    """The questions about them, some of which they do not answer."""
    return load_questions(_QUESTIONS)
