"""The commands that look after a library: rebuild, doctor, backup and restore."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli_calls import RETURNS, SHIPPING, clean_environment, command_of, json_of, run_cli

SMALLER = {"SIGHTLINE_PASSAGE_TOKENS": "32"}
LONG_FILES = 6


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of two documents, made once."""
    files, data = tmp_path_factory.mktemp("kept-files"), tmp_path_factory.mktemp("kept") / "data"
    (files / "returns.md").write_text(RETURNS)
    (files / "shipping.txt").write_text(SHIPPING)
    done = run_cli("add", files, data=data)
    assert done.returncode == 0, done.stderr
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    shutil.copytree(made, tmp_path / "data", copy_function=shutil.copy2)
    return tmp_path / "data"


def vectors_deleted(data: Path) -> None:
    """Chroma's folder is gone."""
    for folder in data.glob("index-*/vectors-*"):
        shutil.rmtree(folder)


def vectors_spoiled(data: Path) -> None:
    """Chroma's database is full of something else."""
    for path in data.glob("index-*/vectors-*/chroma.sqlite3"):
        path.write_bytes(b"not a database, but long enough to be taken for one" * 100)


def keywords_deleted(data: Path) -> None:
    """The keyword index is gone."""
    for folder in data.glob("index-*/keywords"):
        shutil.rmtree(folder)


def keywords_spoiled(data: Path) -> None:
    """The keyword index cannot be read."""
    for path in data.glob("index-*/keywords/meta.json"):
        path.write_text("{")


def upload_changed(data: Path) -> None:
    """A kept file has other bytes than its name says."""
    for path in (data / "uploads").iterdir():
        path.write_bytes(path.read_bytes() + b"!")


def upload_deleted(data: Path) -> None:
    """The kept files are gone."""
    for path in (data / "uploads").iterdir():
        path.unlink()


def test_doctor_on_a_whole_library(data: Path) -> None:
    """Nothing is wrong, nothing is changed, and that is said."""
    assert json_of("doctor", data=data) == {"documents": 2, "repairs": [], "faults": []}
    assert run_cli("doctor", data=data).stdout == "2 documents checked: everything is whole.\n"


@pytest.mark.parametrize("plant", [vectors_deleted, vectors_spoiled, keywords_deleted, keywords_spoiled])
def test_doctor_mends_what_derives(data: Path, plant: Callable[[Path], None]) -> None:
    """What can be made again from the catalogue is, and searching works as before."""
    before = json_of("search", "crates on Fridays", data=data)["hits"]
    plant(data)
    shown = json_of("doctor", data=data)
    assert (shown["documents"], shown["faults"]) == (2, [])
    assert shown["repairs"]
    assert json_of("search", "crates on Fridays", data=data)["hits"] == before
    assert json_of("doctor", data=data)["repairs"] == []


@pytest.mark.parametrize("plant", [upload_changed, upload_deleted])
def test_doctor_says_what_it_cannot_mend(data: Path, plant: Callable[[Path], None]) -> None:
    """What has no second copy is named, with what to do, and the exit code says so; for people and for programs."""
    plant(data)
    done = run_cli("doctor", data=data)
    assert done.returncode == 1
    assert "not mended: returns.md" in done.stdout
    assert "Add it again" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 documents checked: 0 mended, 2 not mended."
    done = run_cli("doctor", "--json", data=data)
    assert (done.returncode, len(json.loads(done.stdout)["faults"])) == (1, 2)


@pytest.mark.parametrize("file", ["library.db", "index-1/index.db"])
def test_doctor_of_a_damaged_library(data: Path, file: str) -> None:
    """A file of the truth that is no database any more is named, without a traceback."""
    (data / file).write_bytes(b"this is not SQLite" * 500)
    done = run_cli("doctor", data=data)
    assert (done.returncode, done.stderr) == (1, "")
    assert f"{file} is damaged" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1] == "The library could not be read."
    shown = json.loads(run_cli("doctor", "--json", data=data).stdout)
    assert shown["documents"] is None
    assert "restore" in shown["faults"][0]
    listed = run_cli("list", data=data)
    assert (listed.returncode, listed.stdout, listed.stderr.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("command", [["doctor"], ["rebuild"], ["backup", "library.zip"]], ids=lambda words: words[0])
def test_there_has_to_be_a_library(tmp_path: Path, command: list[str]) -> None:
    """In a folder without a library there is nothing to look after; none is made, and no backup is replaced."""
    done = run_cli(*command, data=tmp_path / "absent")
    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no library in" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def long_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that takes some seconds to be rebuilt."""
    files, data = tmp_path_factory.mktemp("long-files"), tmp_path_factory.mktemp("long") / "data"
    for number in range(LONG_FILES):
        lines = [f"Crate {number}-{line} holds {line * 7 % 13} lamps and {line} ropes." for line in range(150)]
        (files / f"crates-{number}.txt").write_text("\n\n".join(lines))
    done = run_cli("add", files, data=data)
    assert done.returncode == 0, done.stderr
    return data


def stopped_rebuild(data: Path) -> subprocess.CompletedProcess[str]:
    """A rebuild on a terminal that gets Ctrl-C once two documents are done."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what was started in the background ignores it for all
    reader, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))  # no bar in 0 columns
    running = subprocess.Popen(
        command_of("rebuild", "--json", data=data),
        env=clean_environment(**SMALLER),
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    shown = b""
    while f"2/{LONG_FILES}".encode() not in shown and running.poll() is None:
        shown += os.read(reader, 65536)
    running.send_signal(signal.SIGINT)
    printed, _ = running.communicate(timeout=60)
    with contextlib.suppress(OSError):  # nothing more was written
        shown += os.read(reader, 65536)
    os.close(reader)
    return subprocess.CompletedProcess(running.args, running.returncode, printed, shown.decode())


def test_rebuild_goes_on_after_ctrl_c(long_library: Path) -> None:
    """Ctrl-C keeps what is done and leaves the old index in use; the next call does the rest."""
    notice = "built with passage_tokens 64, not 32; run `cli.py rebuild`"
    asked = run_cli("search", "lamps", "-k", "1", "--json", data=long_library, **SMALLER)
    assert notice in asked.stderr
    assert asked.stderr.count("\n") == 1
    stopped = stopped_rebuild(long_library)
    assert stopped.returncode == 130
    shown = json.loads(stopped.stdout)
    assert (shown["status"], shown["documents"], shown["kept"]) == ("stopped", LONG_FILES, 0)
    assert 2 <= shown["done"] < LONG_FILES
    assert shown["differences"] == {"passage_tokens": [64, 32]}
    assert f"stopped; {shown['done']} of {LONG_FILES} documents are done and kept" in stopped.stderr
    between = run_cli("search", "lamps", "-k", "1", "--json", data=long_library, **SMALLER)
    assert notice in between.stderr
    assert json.loads(between.stdout)["hits"] == json.loads(asked.stdout)["hits"]
    finished = run_cli("rebuild", data=long_library, **SMALLER)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == [
        "passage_tokens  64 -> 32",
        f"Rebuilt {LONG_FILES} documents; {shown['done']} of them had been done before.",
    ]
    after = run_cli("search", "lamps", "-k", "1", "--json", data=long_library, **SMALLER)
    assert (after.returncode, after.stderr) == (0, "")
    again = json_of("rebuild", data=long_library, **SMALLER)
    assert (again["status"], again["differences"]) == ("unchanged", {})


def test_rebuild_without_need(data: Path) -> None:
    """With the same settings there is nothing to do."""
    before = sorted(path.name for path in data.iterdir())
    assert run_cli("rebuild", data=data).stdout == "Nothing to do: the settings are the same.\n"
    assert sorted(path.name for path in data.iterdir()) == before


def test_backup_and_restore_give_the_same_library(data: Path, tmp_path: Path) -> None:
    """A restored library lists the same documents and finds the same passages with the same scores."""
    file, restored = tmp_path / "library.zip", tmp_path / "new" / "data"
    saved = json_of("backup", file, data=data)
    assert saved == {"backup": str(file), "documents": 2, "size_bytes": file.stat().st_size}
    assert json_of("restore", file, data=restored) == {"data_dir": str(restored), "documents": 2}
    assert json_of("list", data=restored) == json_of("list", data=data)
    query = "How long does delivery to the islands take?"
    mine, theirs = (json_of("search", query, data=folder) for folder in (data, restored))
    assert mine["hits"]
    assert theirs["hits"] == mine["hits"]
    assert json_of("doctor", data=restored)["faults"] == []


def test_backup_replaces_the_one_before(data: Path, tmp_path: Path) -> None:
    """A backup of the same name is replaced, and what stands on the terminal says how to put it back."""
    file = tmp_path / "library.zip"
    file.write_text("an older one")
    done = run_cli("backup", file, data=data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Backed up 2 documents to ")
    assert f"cli.py restore {file} --data NEW_FOLDER" in done.stdout
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_backup_into_a_missing_folder(data: Path, tmp_path: Path) -> None:
    """A backup that cannot be written is one line."""
    done = run_cli("backup", tmp_path / "absent" / "library.zip", data=data)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr


def test_restore_wants_an_empty_folder(data: Path, tmp_path: Path) -> None:
    """A library that is there is never written over."""
    json_of("backup", tmp_path / "library.zip", data=data)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    done = run_cli("restore", tmp_path / "library.zip", data=data)
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not empty" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


@pytest.mark.parametrize("damage", ["missing", "not a zip", "cut short", "changed in the middle"])
def test_restore_of_a_bad_backup(made: Path, tmp_path: Path, damage: str) -> None:
    """What is no whole backup is refused in one line, and nothing is put into the folder."""
    file = tmp_path / "library.zip"
    json_of("backup", file, data=made)
    whole = file.read_bytes()
    if damage == "missing":
        file.unlink()
    elif damage == "not a zip":
        file.write_text("My holiday photographs")
    elif damage == "cut short":
        file.write_bytes(whole[: len(whole) // 2])
    else:
        middle = len(whole) // 2
        file.write_bytes(whole[:middle] + bytes(64) + whole[middle + 64 :])
    done = run_cli("restore", file, data=tmp_path / "new")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert "library.zip" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"library.zip"}
