"""`sync`: the library follows a folder of files."""

import json
from pathlib import Path

import pytest

from tests.cli_calls import RETURNS, SHIPPING, json_of, run_cli


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two documents, one of them below, and two files that are none of ours."""
    folder = tmp_path / "manuals"
    (folder / "below").mkdir(parents=True)
    (folder / "returns.md").write_text(RETURNS)
    (folder / "below" / "shipping.txt").write_text(SHIPPING)
    (folder / "program.exe").write_bytes(b"MZ\x90\x00")
    (folder / ".hidden.txt").write_text("Not for you.")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the library is."""
    return tmp_path / "data"


def names_in(data: Path) -> set[str]:
    """The names of the documents."""
    return {record["name"] for record in json_of("list", data=data)}


def test_sync_follows_the_folder(folder: Path, data: Path) -> None:
    """New files come, a changed one replaces its former version, a deleted one goes; then there is nothing to do."""
    first = json_of("sync", folder, data=data)
    assert first == {
        "folder": str(folder),
        "dry_run": False,
        "new": [str(folder / "returns.md"), str(folder / "below" / "shipping.txt")],
        "changed": [],
        "removed": [],
        "refused": [],
    }
    (folder / "returns.md").write_text(RETURNS.replace("30 days", "90 days"))
    (folder / "below" / "shipping.txt").unlink()
    (folder / "hours.txt").write_text("The shop opens at nine and closes at five.")
    second = run_cli("sync", folder, data=data)
    assert second.returncode == 0, second.stderr
    lines = second.stdout.splitlines()
    assert lines[0].startswith("new: hours.txt (1 page")
    assert lines[1].startswith("changed: returns.md (1 page")
    assert "replaces the version before it" in " ".join(second.stdout.split())
    assert lines[-2:] == ["removed: below/shipping.txt", "1 new, 1 changed, 1 removed"]
    assert names_in(data) == {"returns.md", "hours.txt"}
    texts = [hit["text"] for hit in json_of("search", "days to return a printed book", data=data)["hits"]]
    assert any("90 days" in text for text in texts)
    assert not any("30 days" in text for text in texts)
    assert run_cli("sync", folder, data=data).stdout == "Nothing to do.\n"


def test_dry_run_changes_nothing(folder: Path, data: Path) -> None:
    """--dry-run says what would be done, in the same fields, and does nothing."""
    json_of("add", folder / "returns.md", data=data)
    (folder / "returns.md").write_text(RETURNS + "\nMore.\n")
    planned = json_of("sync", folder, "--dry-run", data=data)
    assert planned["dry_run"] is True
    assert planned["new"] == [str(folder / "below" / "shipping.txt")]
    assert planned["changed"] == [str(folder / "returns.md")]
    shown = run_cli("sync", folder, "--dry-run", data=data)
    assert shown.stdout.splitlines()[-1] == "To do: 1 new, 1 changed. Nothing was changed."
    assert names_in(data) == {"returns.md"}


def test_refused_file_keeps_the_version_before(folder: Path, data: Path) -> None:
    """A file that cannot be read is named with its reason, the others go on, and the exit code says so."""
    json_of("sync", folder, data=data)
    (folder / "returns.md").write_bytes(b"")
    (folder / "hours.txt").write_text("The shop opens at nine.")
    done = run_cli("sync", folder, "--json", data=data)
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["changed"], len(shown["new"])) == (1, [], 1)
    assert [refusal["path"] for refusal in shown["refused"]] == [str(folder / "returns.md")]
    assert "is empty" in shown["refused"][0]["message"]
    assert shown["refused"][0]["message"].endswith("The version before it stays.")
    assert names_in(data) == {"returns.md", "shipping.txt", "hours.txt"}


def test_empty_folder_is_refused(folder: Path, data: Path) -> None:
    """A folder without documents, as a disk that is not mounted, removes nothing, unless told to."""
    json_of("sync", folder, data=data)
    for path in (folder / "returns.md", folder / "below" / "shipping.txt"):
        path.unlink()
    refused = run_cli("sync", folder, data=data)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert "--allow-empty" in refused.stderr
    assert len(names_in(data)) == 2
    assert len(json_of("sync", folder, "--allow-empty", data=data)["removed"]) == 2
    assert names_in(data) == set()


def test_missing_folder_is_refused(folder: Path, data: Path) -> None:
    """A folder that is not there is named in one line."""
    done = run_cli("sync", folder / "absent", data=data)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "absent cannot be read" in done.stderr


def test_moved_file_stays(folder: Path, data: Path) -> None:
    """A file that was moved is the same document, under its new name."""
    json_of("sync", folder, data=data)
    before = {record["id"] for record in json_of("list", data=data)}
    (folder / "returns.md").rename(folder / "below" / "refunds.md")
    json_of("sync", folder, data=data)
    records = json_of("list", data=data)
    assert {record["id"] for record in records} == before
    assert {record["name"] for record in records} == {"refunds.md", "shipping.txt"}


def test_add_replaces_the_version_before(folder: Path, data: Path) -> None:
    """A changed file that is added again by its path takes the place of its former version, words and all."""
    json_of("add", folder / "below" / "shipping.txt", data=data)
    (folder / "below" / "shipping.txt").write_text(SHIPPING.replace("Fridays", "Sundays"))
    report = json_of("add", folder / "below" / "shipping.txt", data=data)
    assert (report["status"], report["message"]) == ("added", "replaces the version before it")
    assert [record["id"] for record in json_of("list", data=data)] == [report["document_id"]]
    kept = b"".join(path.read_bytes() for path in data.rglob("*") if path.is_file())
    assert b"Fridays" not in kept
    assert b"fridai" not in kept  # its stem, in the keyword index
