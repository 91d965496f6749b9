"""The hostile files that lie beside the repository, with their manifest; none where the folder is not."""

import csv
import re
from pathlib import Path

from tests.hostile.case import Case, Expected

FOLDER = Path(__file__).parents[2] / "../shared/data/hostile"
_EXPECTED: dict[str, Expected] = {"accept": "accept", "refuse": "refuse"}
# What the manifest asks of the answer or of the network, not of the text; other tests look there.
_NOT_OF_TEXT = re.compile(r"request to|in answer|link to|deleted|invented|/var/")


def shared_cases() -> list[Case]:
    """One case for each row of the manifest whose file is there."""
    manifest = FOLDER / "manifest.csv"
    if not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as rows:
        return [_case(row) for row in csv.DictReader(rows) if (FOLDER / row["file"]).is_file()]


def _case(row: dict[str, str]) -> Case:
    path = FOLDER / row["file"]
    must_not = [_written(part) for part in row["must_not"].split("|") if part and not _NOT_OF_TEXT.search(part)]
    return Case(
        kind=row["class"],
        id=row["file"],
        name=_written(row["upload_name"]),
        make=lambda trap: path.read_bytes(),
        expected=_EXPECTED.get(row["expect"], "either"),
        must=(row["must_contain"],) if row["must_contain"] else (),
        must_not=tuple(must_not),
    )


def _written(text: str) -> str:
    r"""The text with its escapes taken for what they stand for: "a\x00b"."""
    return re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|n)", lambda found: _character(found[1]), text)


def _character(escape: str) -> str:
    return "\n" if escape == "n" else chr(int(escape[1:], 16))
