"""Calls of the command line, as a person makes them: each a process of its own on a library in a given folder."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

RETURNS = """# Returns

You may return a printed book within 30 days of delivery. Gifts have a longer window of 60 days.

## Who pays the postage

The prepaid label RL-7 is free inside Ireland. Readers in Switzerland buy the postage themselves.
"""
SHIPPING = """Parcels leave the harbour warehouse every evening at six.

Standard delivery to the islands takes four working days. The lighthouse keeper collects large crates on Fridays.
"""
_OWNER = """
import sys
sys.path.insert(0, sys.argv[1])
from rag.embedding import load_embedder
from rag.library import Library
from rag.settings import Settings
settings = Settings(data_dir=sys.argv[2])
with Library.open(settings, load_embedder(settings)):
    print("open", flush=True)
    input()
"""


def command_of(*arguments: str | Path, data: Path) -> list[str]:
    """What starts a command on the library in `data`."""
    return [sys.executable, str(ROOT / "cli.py"), *map(str, arguments), "--data", str(data)]


def clean_environment(**added: str) -> dict[str, str]:
    """The environment without settings, but for those given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SIGHTLINE_")} | added


def run_cli(*arguments: str | Path, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One call of cli.py, its output piped."""
    return subprocess.run(
        command_of(*arguments, data=data),
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def json_of(*arguments: str | Path, data: Path, **environment: str) -> Any:
    """The JSON that a command prints; it has to succeed, and to have the fields that docs/terminal.md shows."""
    done = run_cli(*arguments, "--json", data=data, **environment)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    if printed:
        assert keys_of(printed) == keys_of(documented(str(arguments[0])))
    return printed


def documented(command: str) -> Any:
    """The JSON that docs/terminal.md shows for a command."""
    page = (ROOT / "docs/terminal.md").read_text()
    found = re.search(rf"^## {command}\n.*?```json\n(.*?)\n```", page, re.MULTILINE | re.DOTALL)
    assert found, f"docs/terminal.md shows no JSON for {command}"
    return json.loads(found.group(1))


def keys_of(value: Any) -> list[str]:
    """The names of the fields, in order; those of the first for a list."""
    return list(value[0] if isinstance(value, list) else value)


@contextmanager
def owner_of(data: Path) -> Iterator[int]:
    """Another process that holds the library while the block runs; its process id."""
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(ROOT), str(data)],
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"open\n"
        try:
            yield owner.pid
        finally:
            owner.communicate(b"\n")
