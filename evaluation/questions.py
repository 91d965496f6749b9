"""Questions whose answers are known, as spans of the documents.

Run as `python -m evaluation.questions FOLDER` after a parser changed: it finds every reference again by its text in
the parsed documents of FOLDER and rewrites FOLDER/questions.jsonl.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from ingestion.errors import SightlineError
from ingestion.parsing import parse
from rag.types import Message

Kind = Literal["paraphrase", "identifier", "direct", "follow_up", "unanswerable"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A span that answers: `content` is the text of `document` (a file name) from `start` to `end`."""

    document: str
    content: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the turns before it, and the spans that answer it; none if the documents do not."""

    id: str
    text: str
    kind: Kind
    history: tuple[Message, ...]
    references: tuple[Reference, ...]


def load_questions(path: Path) -> list[Question]:
    """The questions of a JSONL file, in its order."""
    return [_question(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def save_questions(path: Path, questions: list[Question]) -> None:
    """Writes questions, one JSON object a line."""
    lines = [json.dumps({"_id": question.id} | _fields(question), ensure_ascii=False) for question in questions]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def located(question: Question, texts: Mapping[str, str]) -> Question:
    """The question with its references found by their content in `texts` (file name -> text), white space ignored.

    Raises SightlineError if a reference does not stand in its document exactly once.
    """
    return replace(question, references=tuple(_located(question, each, texts) for each in question.references))


def _located(question: Question, reference: Reference, texts: Mapping[str, str]) -> Reference:
    pattern = r"\s+".join(re.escape(word) for word in reference.content.split())
    found = list(re.finditer(pattern, texts[reference.document]))
    if len(found) != 1:
        raise SightlineError(
            f"question {question.id}: its reference stands {len(found)} times in {reference.document}, "
            f"not once: {reference.content[:80]!r}"
        )
    return replace(reference, content=found[0].group(), start=found[0].start(), end=found[0].end())


def _question(fields: dict[str, object]) -> Question:
    references = [Reference(**{"start": 0, "end": 0} | each) for each in fields["references"]]  # type: ignore[attr-defined]
    return Question(
        id=str(fields["_id"]),
        text=str(fields["text"]),
        kind=fields["kind"],  # type: ignore[arg-type]
        history=tuple(fields["history"]),  # type: ignore[arg-type]
        references=tuple(references),
    )


def _fields(question: Question) -> dict[str, object]:
    fields = asdict(question)
    del fields["id"]
    return fields


def main(folder: Path) -> None:
    """Finds the references of FOLDER/questions.jsonl again."""
    path = folder / "questions.jsonl"
    questions = load_questions(path)
    names = sorted({reference.document for question in questions for reference in question.references})
    texts = {name: parse(name, (folder / name).read_bytes()).text for name in names}
    save_questions(path, [located(question, texts) for question in questions])
    sys.stdout.write(f"{len(questions)} questions, every reference found in {len(names)} documents\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
