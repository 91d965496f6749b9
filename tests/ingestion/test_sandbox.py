"""A file cannot do more to the program than to be refused."""

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import limits
from ingestion.errors import DamagedFile, FileRefused, FileTooLarge
from ingestion.parsing import parse
from ingestion.sandbox import ParsingCancelled, Sandbox, SandboxFailed, messages, parse_in_child
from ingestion.sandbox.confinement import landlock_version
from ingestion.sandbox.messages import UnbelievableAnswer, document_from, facts_of, refusal_from
from ingestion.types import Document
from tests.ingestion.builders import make_docx, make_handbook

CHILD_SECONDS = 1
MISBEHAVING = ("-P", "-m", "tests.ingestion.misbehaving_child", str(CHILD_SECONDS))
IS_LINUX = sys.platform == "linux"
SENTENCE = re.compile(r"a\.txt [^\n]+[;:,] [^\n]+\.")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox whose parser of text does what the text says."""
    sandbox = Sandbox(MISBEHAVING)
    yield sandbox
    sandbox.close()


def ask(sandbox: Sandbox, order: str) -> str:
    """What came of an order to the misbehaving parser."""
    return sandbox.parse("a.txt", order.encode(), cancelled=lambda: False, progress=lambda done, total: None).text


@pytest.mark.parametrize("name", ["a.txt", "../b.md", "handbook.pdf", "contract.docx", "page.html", "c.py"])
def test_same_document_as_without_a_child(name: str) -> None:
    """The document is the one that the parser alone gives."""
    contents = {"handbook.pdf": make_handbook(), "contract.docx": make_docx(title="The contract")}
    content = contents.get(name, "# Title\n\nA text with ü and 🐍.\n".encode())
    assert parse_in_child(name, content) == parse(name, content)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", b""), ("a.xyz", b"x"), ("a\ud800\n.txt", b" "), ("", b"x"), ("a.pdf", b"%PDF-1.7"), ("ü" * 900, b"x")],
)
def test_same_refusal_as_without_a_child(name: str, content: bytes) -> None:
    """The refusal is the one that the parser alone gives, whatever the name."""
    with pytest.raises(FileRefused, match=r".+") as alone:
        parse(name, content)
    with pytest.raises(type(alone.value), match=re.escape(str(alone.value))):
        parse_in_child(name, content)


@pytest.mark.parametrize(
    ("order", "refusal", "message"),
    [
        (f"die {int(signal.SIGSEGV)}", DamagedFile, "crashed the parser"),
        (f"die {int(signal.SIGKILL)}", FileTooLarge, "needs more than 1 GB of memory"),
        ("leave", DamagedFile, "crashed the parser"),
        ("loop", FileTooLarge, "took longer than 60 s"),
    ],
)
def test_end_of_the_child_is_a_refusal(sandbox: Sandbox, order: str, refusal: type[FileRefused], message: str) -> None:
    """A crash, a kill and too much processor time are told in one sentence, and the next file goes through."""
    with pytest.raises(refusal, match=message) as caught:
        ask(sandbox, order)
    assert SENTENCE.fullmatch(str(caught.value))
    assert ask(sandbox, "say next") == "next"


@pytest.mark.skipif(not IS_LINUX, reason="the system does not hold RLIMIT_AS")
@pytest.mark.parametrize("order", ["allocate 3000", "fill_and_abort 700"])
def test_too_much_memory(sandbox: Sandbox, order: str) -> None:
    """Memory over the limit is refused, whether Python or native code asks for it."""
    with pytest.raises(FileTooLarge, match=r"a\.txt needs more than 1 GB of memory"):
        ask(sandbox, order)


def test_memory_under_the_limit(sandbox: Sandbox) -> None:
    """A file that needs 900 MB is read."""
    assert ask(sandbox, "allocate 900") == str(900 * 1024 * 1024)


def test_wall_time(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that waits is stopped when its time is over."""
    monkeypatch.setattr(limits, "MAX_SECONDS", 1)
    started = time.monotonic()
    with pytest.raises(FileTooLarge, match=r"a\.txt took longer than 1 s to read"):
        ask(sandbox, "sleep")
    assert time.monotonic() - started < 5


def test_cancelled(sandbox: Sandbox) -> None:
    """Cancellation kills the child at once; nothing else is harmed."""
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    with pytest.raises(ParsingCancelled, match=r"a\.txt: stopped"):
        sandbox.parse("a.txt", b"sleep", cancelled=asked.is_set, progress=lambda done, total: None)
    assert ask(sandbox, "say next") == "next"


def test_what_a_parser_starts_ends_with_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program started by the parser does not outlive it."""
    monkeypatch.setattr(limits, "MAX_SECONDS", 1)
    with pytest.raises(FileTooLarge, match="took longer"):
        ask(sandbox, "start sleep 97531")
    for _ in range(100):
        if not is_running("97531"):
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def is_running(argument: str) -> bool:
    """Whether a process has this argument."""
    lists = Path("/proc").glob("[0-9]*/cmdline") if IS_LINUX else []
    return any(argument in words for words in map(read_quietly, lists))


def read_quietly(path: Path) -> str:
    """The text of a file that may vanish."""
    try:
        return path.read_text()
    except OSError:
        return ""


def test_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key in the environment reaches the child."""
    monkeypatch.setenv("SIGHTLINE_API_KEY", "secret")
    fresh = Sandbox(MISBEHAVING)
    names = ask(fresh, "environment")
    fresh.close()
    assert "PATH" in names
    assert "KEY" not in names and "HOME" not in names


def test_descriptors(tmp_path: Path) -> None:
    """The child has its connection and nothing else that was open."""
    with (tmp_path / "open").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        fresh = Sandbox(MISBEHAVING)
        assert ask(fresh, "descriptors") == "[0, 1, 2, 3]"
        fresh.close()


def test_nothing_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    """The child writes no byte to disk; where Landlock is, it cannot even make an empty file."""
    assert ask(sandbox, f"write {tmp_path / 'pwned'}").startswith("failed")
    left = list(tmp_path.iterdir())
    assert not any(path.stat().st_size for path in left)
    assert not left or not landlock_version()


@pytest.mark.skipif(not landlock_version(), reason="this kernel has no Landlock")
def test_other_files_cannot_be_read(sandbox: Sandbox, tmp_path: Path) -> None:
    """The child cannot read what belongs to the person."""
    (tmp_path / "diary").write_text("secret")
    assert ask(sandbox, f"read {tmp_path / 'diary'}") == "failed: PermissionError"


@pytest.mark.parametrize("order", ["connect", "connect_natively"] if landlock_version() > 3 else ["connect"])
def test_no_network(sandbox: Sandbox, order: str) -> None:
    """The child reaches no port, not even of its own machine."""
    with socket.create_server(("127.0.0.1", 0)) as canary:
        canary.settimeout(0.2)
        assert ask(sandbox, f"{order} {canary.getsockname()[1]}").startswith("failed")
        with pytest.raises(TimeoutError, match="timed out"):
            canary.accept()


@pytest.mark.parametrize(
    "order",
    [
        "boast",
        "speak X:what",
        "speak N:again",
        "speak P:[2, 1]",
        "speak P:[true, 2]",
        'speak R:["KeyError", "a.txt is odd."]',
        'speak R:["NoText", "other.txt is odd."]',
        'speak R:["NoText", "a.txt is\\nodd."]',
        "speak T:text|F:{}",
        "speak T:text|F:" + "[" * 5_000,
        'speak T:text|F:{"media_type": "a/b", "title": "", "warnings": [], "headings": [], "pages": [[1, 0, 5]]}',
    ],
)
def test_lies_are_not_believed(sandbox: Sandbox, order: str) -> None:
    """A child that was taken over can say what it likes: the file is refused."""
    with pytest.raises(DamagedFile, match=r"a\.txt crashed the parser"):
        ask(sandbox, order)


def test_workers_of_text_are_used_again() -> None:
    """Small texts share a worker; a PDF gets its own."""
    fresh = Sandbox(MISBEHAVING)
    first, second = ask(fresh, "pid"), ask(fresh, "pid ")
    fresh.parse("a.pdf", make_handbook(), cancelled=lambda: False, progress=lambda done, total: None)
    third = ask(fresh, "pid  ")
    fresh.close()
    assert first == second != third


def test_progress() -> None:
    """Progress of a PDF is told by pages."""
    told: list[tuple[int, int]] = []
    parse_in_child("handbook.pdf", make_handbook(), progress=lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told == sorted(told)
    assert {total for _, total in told} == {4}


def test_killed_processes_are_replaced() -> None:
    """Neither the loss of an idle worker nor that of the process behind it is noticed by the next file."""
    fresh = Sandbox(MISBEHAVING)
    os.kill(int(ask(fresh, "pid")), signal.SIGKILL)
    time.sleep(0.2)
    assert ask(fresh, "say again") == "again"
    os.kill(fresh._server._process.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert ask(fresh, "say once more") == "once more"
    fresh.close()
    assert ask(fresh, "say and again") == "and again"
    fresh.close()


def test_a_sandbox_that_does_not_start() -> None:
    """Where no process can be had, that is said."""
    with pytest.raises(SandboxFailed, match="did not start"):
        ask(Sandbox(("-c", "")), "say x")


def test_many_threads(sandbox: Sandbox) -> None:
    """Every thread gets the answer to its own file."""
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda number: ask(sandbox, f"say {number}"), range(40)))
    assert texts == [str(number) for number in range(40)]


def test_small_files_cost_little() -> None:
    """A small text costs less than 5 ms on top; the best of three rounds, for the machine may be busy."""
    parse_in_child("a.txt", b"warm")
    rounds = []
    for _ in range(3):
        started = time.perf_counter()
        for number in range(100):
            parse_in_child("a.txt", b"text %d" % number)
        rounds.append((time.perf_counter() - started) / 100)
    assert min(rounds) < 0.005


DOCUMENT = parse("a.md", b"# Title\n\nText.")
FACTS = json.loads(facts_of(DOCUMENT))


@given(
    key=st.sampled_from(sorted(FACTS)),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
        max_leaves=8,
    ),
)
def test_any_facts(key: str, value: object) -> None:
    """Whatever stands in an answer, it is a sound document or not believed."""
    try:
        document = document_from("a.md", b"", DOCUMENT.text.encode(), json.dumps(FACTS | {key: value}).encode())
    except UnbelievableAnswer:
        return
    assert isinstance(document, Document)
    assert all(0 <= page.start <= page.end <= len(document.text) for page in document.pages)
    assert all(0 <= heading.start <= len(document.text) for heading in document.headings)
    assert document.name == "a.md"


@given(said=st.binary(max_size=60))
def test_any_bytes_as_an_answer(said: bytes) -> None:
    """Bytes that are no answer are not believed."""
    for reading in (
        messages.progress_from,
        lambda said: refusal_from("a", said),
        lambda said: document_from("a", b"", said, said),
    ):
        with pytest.raises(UnbelievableAnswer, match="makes no sense"):
            reading(b"\xff" + said)
