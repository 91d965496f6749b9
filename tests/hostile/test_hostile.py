"""Every hostile file ends as text or as a refusal, soon, and harms nothing."""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator

import pytest

from ingestion import limits
from ingestion.errors import FileRefused
from ingestion.sandbox import Sandbox
from ingestion.types import Document
from tests.hostile.case import NEEDLE, Case, Trap
from tests.hostile.conftest import left_behind
from tests.hostile.generator import all_cases
from tests.hostile.shared import shared_cases
from tests.hostile.trial import Trial, shown_text, try_file
from tests.ingestion.builders import assert_invariants

SECONDS = 20
PEAK_MB = 1_536
CHILD_SECONDS = 15  # shorter than in the app, so that the tests do not wait a minute
CASES = all_cases()
SHARED = shared_cases()
CLASSES = {
    *("type", "encoding", "shape", "unicode", "archive", "name"),
    *("xml", "pdf", "picture", "markup", "injection", "duplicate"),
}
_written: list[str] = []
_is_watching = False


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", CHILD_SECONDS)


@pytest.fixture(scope="module", autouse=True)
def _watch() -> Iterator[None]:
    """Notes which files this process opens to write while a hostile file is read."""
    global _is_watching
    sys.addaudithook(_note_writing)
    yield
    _is_watching = False


def _note_writing(event: str, arguments: tuple[object, ...]) -> None:
    if _is_watching and event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        _written.append(str(arguments[0]))


def outcome_of(case: Case, trap: Trap, sandbox: Sandbox) -> Trial:
    """How a case ended, after all that holds for every case."""
    global _is_watching
    content = case.make(trap)
    _is_watching = True
    trial = try_file(sandbox, case.name, content)
    _is_watching = False
    assert trial.seconds < SECONDS
    assert trial.peak_mb < PEAK_MB
    if isinstance(trial.outcome, Document):
        check_document(case, trial.outcome)
    else:
        check_refusal(case, trial.outcome)
    return trial


def check_document(case: Case, document: Document) -> None:
    """What holds for an accepted file."""
    assert case.expected != "refuse", f"accepted with the text {document.text[:200]!r}"
    assert_invariants(document)
    shown = shown_text(document)
    assert all(words in shown for words in case.must)
    assert not [words for words in case.must_not if words in shown]
    assert is_plain_name(document.name)


def check_refusal(case: Case, refusal: FileRefused) -> None:
    """What holds for a refused file: one sentence, which names it, says what was found and what to do."""
    message = str(refusal)
    assert case.expected != "accept", message
    assert re.fullmatch(r"[^\n]+ [^\n]+[;:,] [^\n]+\.", message)
    assert "Traceback" not in message and "Error" not in message and "/" not in message
    assert case.says in message
    assert is_plain_name(message)


def is_plain_name(text: str) -> bool:
    """Whether nothing in it is unseen or moves the rest."""
    return not any(unicodedata.category(character)[0] == "C" for character in text)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.id}")
def test_hostile(case: Case, trap: Trap, sandbox: Sandbox) -> None:
    """It ends as it must, and the next file goes through."""
    outcome_of(case, trap, sandbox)
    after = try_file(sandbox, "after.txt", NEEDLE.encode()).outcome
    assert isinstance(after, Document) and after.text == NEEDLE


if SHARED:  # beside the repository; without them this test does not exist, rather than being skipped

    @pytest.mark.parametrize("case", SHARED, ids=lambda case: case.id)
    def test_shared(case: Case, trap: Trap, sandbox: Sandbox) -> None:
        """It ends as its manifest says."""
        outcome_of(case, trap, sandbox)


def test_duplicates(trap: Trap, sandbox: Sandbox) -> None:
    """The same bytes are the same document under every name; other bytes never are."""
    cases = {case.id: case for case in CASES if case.kind == "duplicate"}
    ids = {key: outcome_of(case, trap, sandbox).outcome.id for key, case in cases.items()}
    assert ids["first"] == ids["other_name"]
    assert len(set(ids.values())) == 3


def test_nothing_was_harmed(trap: Trap, sandbox: Sandbox, knocks: list[str]) -> None:
    """After all of them, nothing was written, nobody called anybody, and no child took too much."""
    sandbox.close()
    assert not left_behind(trap)
    assert not _written
    assert not knocks
    assert sandbox.peak_bytes < PEAK_MB * 1024 * 1024


def test_every_class_has_its_cases() -> None:
    """All classes are there, each with several, and no id twice."""
    assert {case.kind for case in CASES} == CLASSES
    assert min(Counter(case.kind for case in CASES).values()) >= 4
    assert not [key for key, count in Counter((case.kind, case.id) for case in CASES).items() if count > 1]
