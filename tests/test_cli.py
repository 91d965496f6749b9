"""The command line, run as a person runs it: a process of its own on a library in a temporary folder."""

import fcntl
import json
import os
import struct
import subprocess
import sys
import termios
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from cli_output import records_text
from rag.types import AddReport, DocumentRecord
from tests.cli_calls import RETURNS, ROOT, SHIPPING, json_of, run_cli
from tests.rag.builders import make_record


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of files and the library that was made of it."""

    files: Path
    data: Path
    reports: list[dict[str, Any]]  # what adding the folder printed
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Two good files, one of them in a folder below, and three bad ones, all added."""
    files, data = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("data")
    (files / "below").mkdir()
    (files / "returns.md").write_text(RETURNS)
    (files / "below" / "shipping.txt").write_text(SHIPPING)
    (files / "empty.txt").write_bytes(b"")
    (files / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing of a PDF follows")
    (files / "program.exe").write_bytes(b"MZ\x90\x00")
    done = run_cli("add", files, "--json", data=data)
    return Shelf(files, data, [json.loads(line) for line in done.stdout.splitlines()], done)


def report_of(shelf: Shelf, name: str) -> dict[str, Any]:
    """The report on one file."""
    return next(report for report in shelf.reports if report["file"] == name)


def test_add_tries_every_file(shelf: Shelf) -> None:
    """A folder is added with all it holds, and each file has its line with every field."""
    assert {report["file"] for report in shelf.reports} == {
        "returns.md", "shipping.txt", "empty.txt", "broken.pdf", "program.exe",
    }  # fmt: skip
    for report in shelf.reports:
        assert list(report) == [field.name for field in fields(AddReport)]


@pytest.mark.parametrize("name", ["returns.md", "shipping.txt"])
def test_add_counts_what_it_added(shelf: Shelf, name: str) -> None:
    """A good file is added, with its id and its counts, and nothing of it is left unread."""
    report = report_of(shelf, name)
    assert report["status"] == "added", report
    assert len(report["document_id"]) == 16
    assert min(report["pages"], report["chunks"], report["passages"], report["tokens"]) >= 1
    assert report["unread_tokens"] == 0


@pytest.mark.parametrize("name", ["empty.txt", "broken.pdf", "program.exe"])
def test_add_says_why_a_file_is_refused(shelf: Shelf, name: str) -> None:
    """A bad file has a message with its name; the others go on, and the exit code says that something was refused."""
    report = report_of(shelf, name)
    assert report["status"] in {"refused", "failed"}
    assert name in report["message"]
    assert report["document_id"] is None or report["chunks"] == 0
    assert shelf.done.returncode == 1


def test_add_is_quiet_when_piped(shelf: Shelf) -> None:
    """No progress bar reaches a pipe."""
    assert shelf.done.stderr == ""


def test_add_again_changes_nothing(shelf: Shelf) -> None:
    """A file that is in the library is unchanged, and that is fine."""
    report = json_of("add", shelf.files / "returns.md", data=shelf.data)
    assert report["status"] == "unchanged"
    assert report["document_id"] == report_of(shelf, "returns.md")["document_id"]


def test_add_for_people(shelf: Shelf, tmp_path: Path) -> None:
    """Without --json, what was added stands on stdout, what was refused on stderr, both in 80 columns."""
    done = run_cli("add", shelf.files, data=tmp_path)
    assert done.returncode == 1
    assert "added: returns.md" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 added, 3 refused"
    assert all(name in done.stderr for name in ("empty.txt", "broken.pdf", "program.exe"))
    assert max(map(len, (done.stdout + done.stderr).splitlines())) <= 80


def test_add_shows_a_bar_on_a_terminal(shelf: Shelf, tmp_path: Path) -> None:
    """On a terminal the bar counts the files and names the stage."""
    reader, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, str(ROOT / "cli.py"), "add", str(shelf.files / "returns.md"), "--data", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, timeout=120)
    os.close(terminal)
    shown = os.read(reader, 65536).decode()
    os.close(reader)
    assert done.returncode == 0
    assert "0/1" in shown
    assert "returns.md: embedding" in shown


def test_add_reports_a_missing_path(tmp_path: Path) -> None:
    """A path that is not there is named; the others go on."""
    (tmp_path / "notes.txt").write_text(SHIPPING)
    done = run_cli("add", tmp_path / "absent.txt", tmp_path / "notes.txt", "--json", data=tmp_path / "data")
    missing, added = map(json.loads, done.stdout.splitlines())
    assert (done.returncode, missing["status"], added["status"]) == (1, "failed", "added")
    assert "absent.txt: there is no such file" in missing["message"]


def test_list_has_every_field(shelf: Shelf) -> None:
    """The list holds the records of the good files."""
    records = json_of("list", data=shelf.data)
    assert {record["name"] for record in records} == {"returns.md", "shipping.txt"}
    for record in records:
        assert set(record) == {field.name for field in fields(DocumentRecord)}


def test_list_for_people() -> None:
    """A row fits 80 columns however long the name, and ends with the day as a date."""
    record = make_record("1f0c2d3e4a5b6978", name="long name " * 9)
    record = replace(record, tokens=9_999_999, added_at="2026-11-23T09:00:00+00:00")
    row = records_text([record]).splitlines()[1]
    assert row.endswith(" 9,999,999  2026-11-23")
    assert len(row) == 80


def test_search_has_every_field(shelf: Shelf) -> None:
    """The hits carry the score of each stage."""
    found = json_of("search", "Who pays the postage for a return?", data=shelf.data)
    assert list(found) == ["query", "hits", "timings_ms"]
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    best = found["hits"][0]
    assert list(best) == [
        "rank", "score", "document", "document_id", "chunk_id", "page", "start", "end", "text", "cosine",
        "cosine_percentile", "bm25", "dense_rank", "keyword_rank", "fused_score", "fused_rank", "rerank_score",
        "reranked_score", "reranked_rank", "context_share", "sentences",
    ]  # fmt: skip
    assert best["document"] == "returns.md"
    assert -1 <= best["cosine"] <= 1
    assert 0 <= best["cosine_percentile"] <= 100
    assert all(milliseconds >= 0 for milliseconds in found["timings_ms"].values())


@pytest.mark.parametrize("query", ["postage in Switzerland", "delivery to the islands", "crates", "zzz qqq"])
def test_search_spans_and_shares_are_exact(shelf: Shelf, query: str) -> None:
    """Spans slice the document's text, and the shares of the sentences add up to the cosine."""
    texts = {"returns.md": RETURNS, "shipping.txt": SHIPPING}
    for hit in json_of("search", query, data=shelf.data)["hits"]:
        assert texts[hit["document"]][hit["start"] : hit["end"]] == hit["text"]
        if hit["cosine"] is not None:
            assert sum(part["share"] for part in hit["sentences"]) == pytest.approx(hit["cosine"], abs=1e-4)
        for part in hit["sentences"]:
            assert hit["start"] <= part["start"] < part["end"] <= hit["end"]


def test_search_takes_k_and_weight(shelf: Shelf) -> None:
    """-k bounds the hits; a dense weight of 0 leaves the order to the words, one of 1 to the meaning."""
    assert len(json_of("search", "delivery", "-k", "1", data=shelf.data)["hits"]) == 1
    words = json_of("search", "crates on Fridays", "--dense-weight", "0", data=shelf.data)["hits"]
    meaning = json_of("search", "crates on Fridays", "--dense-weight", "1", data=shelf.data)["hits"]
    assert words[0]["keyword_rank"] == 1
    assert meaning[0]["dense_rank"] == 1


@pytest.mark.parametrize(
    ("options", "documents"),
    [
        (["--type", "md"], {"returns.md"}),
        (["--type", ".TXT", "--until", "2999-12-31"], {"shipping.txt"}),
        (["--type", "txt", "--type", "md"], {"returns.md", "shipping.txt"}),
        (["--until", "1999-12-31"], set()),
        (["--document", "ID", "--from", "2000-01-01"], {"returns.md"}),
    ],
)
def test_search_in_some_documents(shelf: Shelf, options: list[str], documents: set[str]) -> None:
    """Only what meets all conditions is found; a document is named by its id, a type by its ending."""
    ids = {record["name"]: record["id"] for record in json_of("list", data=shelf.data)}
    options = [ids["returns.md"] if option == "ID" else option for option in options]
    hits = json_of("search", "delivery", *options, data=shelf.data)["hits"]
    assert {hit["document"] for hit in hits} == documents


def test_ask_one_document(shelf: Shelf) -> None:
    """The answer rests on the chosen document alone; one that is not there is named."""
    ids = {record["name"]: record["id"] for record in json_of("list", data=shelf.data)}
    chosen = json_of("ask", "Who pays the postage?", "--document", ids["shipping.txt"], data=shelf.data)
    assert {citation["document"] for citation in chosen["citations"]} <= {"shipping.txt"}
    wrong = run_cli("ask", "Who pays the postage?", "--document", "nowhere", data=shelf.data)
    assert (wrong.returncode, "nowhere" in wrong.stderr) == (1, True)


def test_search_takes_a_reranker(shelf: Shelf) -> None:
    """Every hit has its scores before and after, or null; in words they add up, in 80 columns."""
    query, late = "crates on Fridays", ("--reranker", "late-interaction")
    before = json_of("search", query, data=shelf.data)["hits"]
    found = json_of("search", query, *late, data=shelf.data, SIGHTLINE_RERANK_CHUNKS="1")
    assert "rerank" in found["timings_ms"]
    best, other = found["hits"]
    assert [hit["fused_score"] for hit in found["hits"]] == [hit["score"] for hit in before]
    assert (best["score"], best["reranked_score"], best["reranked_rank"]) == (1, 1, 1)
    assert (other["score"], other["rerank_score"], other["reranked_score"]) == (other["fused_score"], None, None)
    shown = run_cli("search", query, *late, data=shelf.data, SIGHTLINE_RERANK_CHUNKS="1").stdout
    assert "score    1.000 = fused 0.500 + reranker 0.500" in shown
    assert f"reranker {best['rerank_score']:.3g} by late-interaction" in shown
    assert "reranker not scored by late-interaction" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_search_for_people(shelf: Shelf) -> None:
    """Text in 80 columns with the sentence that counts most, the cosine and the matched words."""
    done = run_cli("search", "When are large crates collected?", data=shelf.data)
    assert done.returncode == 0, done.stderr
    assert "1. shipping.txt" in done.stdout
    assert "cosine" in done.stdout
    assert "BM25" in done.stdout
    assert "crate" in done.stdout.split("matched", 1)[1]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_search_in_an_empty_library(tmp_path: Path) -> None:
    """An empty library finds nothing, without a fault."""
    assert json_of("search", "anything", data=tmp_path)["hits"] == []


def test_ask_quotes_with_citations(shelf: Shelf) -> None:
    """Without an endpoint the answer is made of the documents, and each citation's span slices its document."""
    texts = {"returns.md": RETURNS, "shipping.txt": SHIPPING}
    answer = json_of("ask", "How many days may I take to return a printed book?", data=shelf.data)
    assert list(answer) == ["question", "query", "answer", "citations", "unsupported", "refusal", "model"]
    assert answer["refusal"] is None
    assert "30 days" in answer["answer"]
    assert answer["citations"]
    for citation in answer["citations"]:
        assert list(citation) == ["document", "page", "start", "end", "text"]
        assert texts[citation["document"]][citation["start"] : citation["end"]] == citation["text"]


def test_ask_for_people(shelf: Shelf) -> None:
    """The answer, then its citations, then who gave it."""
    done = run_cli("ask", "How many days may I take to return a printed book?", data=shelf.data)
    assert done.returncode == 0, done.stderr
    answer, citations = done.stdout.split("\n\n[1] ", 1)
    assert "30 days" in answer
    assert citations.startswith("returns.md")
    assert "Answered by: " in citations
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_remove_takes_a_document_out(tmp_path: Path) -> None:
    """What was removed is neither listed nor found again; removing it twice is an error with its id."""
    (tmp_path / "shipping.txt").write_text(SHIPPING)
    data = tmp_path / "data"
    added = json_of("add", tmp_path / "shipping.txt", data=data)["document_id"]
    assert json_of("remove", added, data=data) == {"removed": added, "document": "shipping.txt"}
    assert json_of("list", data=data) == []
    assert json_of("search", "lighthouse keeper", data=data)["hits"] == []
    again = run_cli("remove", added, data=data)
    assert (again.returncode, again.stdout) == (1, "")
    assert added in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["fly"],
        ["search"],
        ["search", ""],
        ["ask", " \n"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--dense-weight", "2"],
        ["ask", "x", "-k", "99"],
        ["search", "x", "--type", "spaceship"],
        ["ask", "x", "--from", "yesterday"],
    ],
    ids=[
        "no command",
        "unknown command",
        "no query",
        "empty query",
        "blank question",
        "k of 0",
        "weight of 2",
        "too many chunks",
        "unknown type",
        "no day",
    ],
)
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    """Wrong usage is refused with the usage, before anything is loaded."""
    command = [sys.executable, str(ROOT / "cli.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: cli.py" in done.stderr


def test_wrong_setting_is_named(tmp_path: Path) -> None:
    """A setting out of range is refused with its name and its value."""
    done = run_cli("list", data=tmp_path, SIGHTLINE_CHUNK_TOKENS="3")
    assert done.returncode == 2
    assert "chunk_tokens is '3'" in done.stderr
