"""Question sets in the layout of the public chunking evaluation: questions.jsonl with spans, corpora/ with texts."""

import re
from dataclasses import dataclass
from pathlib import Path

from evaluation.beir import SetRefused, json_lines
from evaluation.questions import Question, Reference


@dataclass(frozen=True, slots=True)
class SpanSet:
    """Files by name, and questions whose references are spans of them as they are on disk."""

    name: str
    files: dict[str, bytes]
    questions: list[Question]


def load_spans(folder: Path) -> SpanSet:
    """The set in a folder. Raises SetRefused with the file and the line that cannot be read."""
    try:
        files = {path.name: path.read_bytes() for path in sorted((folder / "corpora").iterdir()) if path.is_file()}
    except OSError as error:
        raise SetRefused(f"{folder / 'corpora'} could not be read: {error.strerror}.") from error
    names = {Path(name).stem: name for name in files}
    questions = []
    for where, fields in json_lines(folder / "questions.jsonl"):
        try:
            name = names[str(fields["corpus_id"])]
            references = tuple(
                Reference(name, str(each["content"]), int(each["start_index"]), int(each["end_index"]))
                for each in fields["references"]  # type: ignore[attr-defined]
            )
            questions.append(Question(str(fields["_id"]), str(fields["text"]), "direct", (), references))
        except (KeyError, TypeError, ValueError) as error:
            raise SetRefused(f"{where}: it needs _id, text, corpus_id and references ({error!r}).") from error
    if not questions:
        raise SetRefused(f"{folder / 'questions.jsonl'} holds no question.")
    return SpanSet(folder.resolve().name, files, questions)


def placed(reference: Reference, text: str) -> Reference:
    """The reference where its words stand in the text of the parsed document, nearest to where they stood in the file.

    White space may differ. Raises SetRefused if they are not there.
    """
    if text[reference.start : reference.end] == reference.content:
        return reference
    words = r"\s+".join(re.escape(word) for word in reference.content.split())
    found = min(re.finditer(words, text), key=lambda match: abs(match.start() - reference.start), default=None)
    if found is None:
        raise SetRefused(f"{reference.document} does not hold what should answer: {reference.content[:80]!r}.")
    return Reference(reference.document, found.group(), found.start(), found.end())
