"""What becomes of real files of each format: how many are read, and how much of what should be in them is found.

The files lie beside the repository, in ../shared/data/files: `manifest.csv` names snippets that another program, or
a person, found in them. Each file is read in a child process within a time limit, for some are bombs.

A snippet is found "word for word" if its words follow one another in the text, whatever signs and blanks are between
them; "in order" also if they stand in their order in one line, as in a row of a table whose cells name their columns.
"""

import csv
import json
import multiprocessing
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import FileRefused
from ingestion.parsers import PARSERS
from ingestion.parsing import parse

FOLDER = Path(__file__).parents[2] / "shared/data/files"
SECONDS_PER_FILE = 60
LEFT_OUT = {
    "tika__testPPT_various2.pptx": {"This slide is hidden", "NotesMasterHeader", "NotesMasterFooter"},
    "tika__testRFC822_multipart_attachments.eml": {"This is the html body of the main msg."},
    "tika__testWORD_text_box.docx": {
        "This text is inside of a text box in the header of the document.",
        "This text is inside of a text box in the footer of the document.",
    },
}
"""Snippets that no parser should find: hidden slides, masters, the HTML beside a text, headers and footers."""
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one file: the refusal, or "" for a document; and its snippets."""

    name: str
    refusal: str
    missing: tuple[str, ...]  # neither word for word nor in order
    in_order: tuple[str, ...]  # in order only
    snippets: int

    @property
    def suffix(self) -> str:
        """In lower case."""
        return Path(self.name).suffix.lower()


def snippets() -> dict[str, list[str]]:
    """File -> what should be found in it; all files of the manifest that a parser takes."""
    with (FOLDER / "manifest.csv").open(encoding="utf-8", newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    supported = [row for row in rows if Path(row["file"]).suffix.lower() in PARSERS]
    return {row["file"]: json.loads(row["expected_snippets"] or "[]") for row in supported}


def read(name: str, expected: Sequence[str]) -> Reading:
    """Parse one file and look for its snippets."""
    try:
        text = parse(name, (FOLDER / name).read_bytes()).text
    except FileRefused as refusal:
        return Reading(name, str(refusal), tuple(expected), (), len(expected))
    whole, lines = " ".join(words(text)), [words(line) for line in text.split("\n")]
    inexact = [snippet for snippet in expected if " ".join(words(snippet)) not in whole]
    in_order = [snippet for snippet in inexact if any(is_in_order(words(snippet), line) for line in lines)]
    missing = [snippet for snippet in inexact if snippet not in in_order]
    return Reading(name, "", tuple(missing), tuple(in_order), len(expected))


def words(text: str) -> list[str]:
    """The words of `text`, without signs and case."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def is_in_order(snippet: Sequence[str], line: Sequence[str]) -> bool:
    """Whether the words of `snippet` stand in `line` in their order, whatever is between them."""
    left = iter(line)
    return all(word in left for word in snippet)


def readings() -> list[Reading]:
    """What became of every file. A crash or a hang ends the run with the file's name."""
    found = []
    with multiprocessing.get_context("spawn").Pool(1) as child:
        for name, expected in snippets().items():
            try:
                found.append(child.apply_async(read, [name, expected]).get(SECONDS_PER_FILE))
            except multiprocessing.TimeoutError:
                raise TimeoutError(f"{name} took longer than {SECONDS_PER_FILE} s, or ended its process") from None
    return found


def share(found: Sequence[Reading], *, of_all: bool) -> float:
    """How many snippets were found, of all or of those that should be."""
    total = sum(reading.snippets for reading in found)
    missing = sum(len(reading.missing) for reading in found)
    on_purpose = sum(len(LEFT_OUT.get(reading.name, set()) & set(reading.missing)) for reading in found)
    return (total - missing) / total if of_all else (total - missing) / (total - on_purpose)


def main() -> None:
    """Prints a row for each format, and what was not found."""
    if not FOLDER.is_dir():
        print(f"There are no real files to read: {FOLDER.name}/ with a manifest.csv belongs in {FOLDER.parent}.")
        return
    found = readings()
    print("| format | files | documents | refused | snippets | word for word | or in order |\n" + "|---" * 7 + "|")
    for suffix in [*sorted({reading.suffix for reading in found}), "all"]:
        _print_row(suffix, [reading for reading in found if suffix in (reading.suffix, "all")])
    all_of_them, due = share(found, of_all=True), share(found, of_all=False)
    print(f"\nFound: {all_of_them:.1%} of all snippets; {due:.1%} of those that are not left out on purpose.\n")
    for reading in found:
        for snippet in reading.missing:
            why = " (on purpose)" if snippet in LEFT_OUT.get(reading.name, ()) else ""
            print(f"not found in {reading.name}{why}: {reading.refusal or snippet[:80]}")


def _print_row(suffix: str, found: Sequence[Reading]) -> None:
    refused = sum(bool(reading.refusal) for reading in found)
    total = sum(reading.snippets for reading in found)
    missing = sum(len(reading.missing) for reading in found)
    exact = total - missing - sum(len(reading.in_order) for reading in found)
    print(f"| {suffix} | {len(found)} | {len(found) - refused} | {refused} | {total} | {exact} | {total - missing} |")


if __name__ == "__main__":
    main()
