"""Question sets in the layout of BEIR (Thakur et al. 2021): corpus.jsonl, queries.jsonl, qrels/test.tsv."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import SightlineError


class SetRefused(SightlineError):
    """The folder holds no question set that can be read."""


@dataclass(frozen=True, slots=True)
class BeirSet:
    """Documents by id, as Markdown or plain text; the judged questions; and how well documents answer them.

    `grades`: question id -> document id -> grade, from 1 up; every question has one.
    """

    name: str
    documents: dict[str, str]
    questions: dict[str, str]
    grades: dict[str, dict[str, int]]


def load_beir(folder: Path) -> BeirSet:
    """The set in a folder. Raises SetRefused with the file and the line that cannot be read."""
    documents = {
        _text(fields, "_id", where): _as_document(str(fields.get("title") or ""), _text(fields, "text", where))
        for where, fields in json_lines(folder / "corpus.jsonl")
    }
    texts = {
        _text(fields, "_id", where): _text(fields, "text", where)
        for where, fields in json_lines(folder / "queries.jsonl")
    }
    grades = _grades(folder / "qrels/test.tsv")
    if not grades:
        raise SetRefused(f"{folder / 'qrels/test.tsv'} judges no document as an answer.")
    if unknown := [question for question in grades if question not in texts]:
        raise SetRefused(f"{folder / 'qrels/test.tsv'} judges question {unknown[0]}, which is not in queries.jsonl.")
    return BeirSet(folder.resolve().name, documents, {key: texts[key] for key in grades}, grades)


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The objects of a JSONL file, each with where it stands, for messages. Raises SetRefused."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    fields = json.loads(line)
                    if not isinstance(fields, dict):
                        raise SetRefused(f"{path}, line {number}: a JSON object was expected.")
                    yield f"{path}, line {number}", fields
    except OSError as error:
        raise SetRefused(f"{path} could not be read: {error.strerror}.") from error
    except ValueError as error:
        raise SetRefused(f"{path} is not JSON in UTF-8, one object a line: {error}.") from error


def _text(fields: dict[str, object], name: str, where: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str | int):
        raise SetRefused(f"{where}: {name!r} is missing, or not a text.")
    return str(value)


def _as_document(title: str, text: str) -> str:
    return f"# {' '.join(title.split())}\n\n{text}" if title.strip() else text


def _grades(path: Path) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in list(csv.reader(file, delimiter="\t"))[1:]:
                question, document, grade = row
                if int(grade) > 0:
                    grades.setdefault(question, {})[document] = int(grade)
    except OSError as error:
        raise SetRefused(f"{path} could not be read: {error.strerror}.") from error
    except ValueError as error:
        raise SetRefused(f"{path} has to have a header, then question, document and grade in each row.") from error
    return grades
