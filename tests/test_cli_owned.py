"""Commands beside a process that owns the library, as the page does while it runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_calls import RETURNS, SHIPPING, json_of, owner_of, run_cli

BESIDE = "cli.py: another process owns the library; it is read beside it, by exact search.\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two documents."""
    files = tmp_path_factory.mktemp("owned-files")
    (files / "returns.md").write_text(RETURNS)
    (files / "shipping.txt").write_text(SHIPPING)
    return files


@pytest.fixture(scope="module")
def free(files: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The library's folder, and what the reading commands print while nobody owns it."""
    data = tmp_path_factory.mktemp("owned") / "data"
    assert run_cli("add", files, data=data).returncode == 0
    found = json_of("search", "crates on Fridays", data=data)["hits"]
    return {"data": data, "list": json_of("list", data=data), "search": found}


@pytest.fixture(scope="module")
def owned(free: dict[str, object]) -> Iterator[tuple[Path, int]]:
    """The folder while another process owns it, and that process."""
    data = free["data"]
    assert isinstance(data, Path)
    with owner_of(data) as pid:
        yield data, pid


def test_list_and_search_are_the_same_beside(free: dict[str, object], owned: tuple[Path, int]) -> None:
    """The documents and the hits are those that an owner gets; a line on stderr says how they were read."""
    listed = run_cli("list", "--json", data=owned[0])
    assert (listed.returncode, json.loads(listed.stdout), listed.stderr) == (0, free["list"], BESIDE)
    found = run_cli("search", "crates on Fridays", "--json", data=owned[0])
    assert (found.returncode, found.stderr) == (0, BESIDE)
    for hit, expected in zip(json.loads(found.stdout)["hits"], free["search"], strict=True):
        sentences = zip(hit.pop("sentences"), expected.pop("sentences"), strict=True)
        assert hit == pytest.approx(expected, abs=1e-6)
        assert all(here == pytest.approx(there, abs=1e-6) for here, there in sentences)


def test_ask_works_beside(owned: tuple[Path, int]) -> None:
    """A question is answered."""
    done = run_cli("ask", "How many days may I take to return a printed book?", data=owned[0])
    assert (done.returncode, done.stderr) == (0, BESIDE)
    assert "30 days" in done.stdout


def test_backup_works_beside(owned: tuple[Path, int], free: dict[str, object], tmp_path: Path) -> None:
    """A backup taken while the page runs is whole."""
    done = run_cli("backup", tmp_path / "library.zip", "--json", data=owned[0])
    assert (done.returncode, done.stderr) == (0, BESIDE)
    json_of("restore", tmp_path / "library.zip", data=tmp_path / "new")
    assert json_of("list", data=tmp_path / "new") == free["list"]


def test_sync_can_be_planned_beside(files: Path, owned: tuple[Path, int]) -> None:
    """--dry-run reads only."""
    done = run_cli("sync", files, "--dry-run", data=owned[0])
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing to do.\n", BESIDE)


@pytest.mark.parametrize("command", ["add", "sync", "remove", "rebuild", "doctor"])
def test_writing_names_the_owner(files: Path, owned: tuple[Path, int], command: str) -> None:
    """A command that writes says in one line which process holds the library."""
    argument = {"add": [files], "sync": [files], "remove": ["1f0c2d3e4a5b6978"]}.get(command, [])
    done = run_cli(command, *argument, data=owned[0])
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"cli.py: Another Sightline process (process {owned[1]}) owns the library in ")


def test_restore_over_an_owned_library_is_refused(owned: tuple[Path, int], tmp_path: Path) -> None:
    """A library in use is not written over."""
    run_cli("backup", tmp_path / "library.zip", data=owned[0])
    done = run_cli("restore", tmp_path / "library.zip", data=owned[0])
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not empty" in done.stderr


def test_dead_owner_is_not_named(files: Path, tmp_path: Path) -> None:
    """A lock file names the process that wrote it last; while another holds the lock, only a living one is told."""
    import fcntl
    import socket

    data = tmp_path / "data"
    data.mkdir()
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for content in (f"4194305 {socket.gethostname()}", "1 another-host", "junk", ""):
            (data / "lock").write_text(content)
            done = run_cli("add", files, data=data)
            assert done.returncode == 1
            assert "Another Sightline process owns the library" in done.stderr
