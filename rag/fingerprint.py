"""What files looked like when they were last known to be good: their names, sizes and times."""

import json
from collections.abc import Iterable
from pathlib import Path


def fingerprint(folder: Path) -> str:
    """Names, sizes and times of all files in a folder, lock files left out; none of them is opened."""
    return fingerprint_of(folder, sorted(path for path in folder.rglob("*") if path.suffix != ".lock"))


def fingerprint_of(folder: Path, paths: Iterable[Path]) -> str:
    """The same of some files of a folder, of those that are there."""
    found = []
    for path in paths:
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        if path.is_file():
            found.append((path.relative_to(folder).as_posix(), state.st_size, state.st_mtime_ns))
    return json.dumps(found)
