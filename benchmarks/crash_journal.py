"""What a worker of the crash benchmark wrote down before it was killed, line by line, and what must hold after it."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crash_texts import Recipe, hashes_of, id_of

Event = dict[str, Any]


class Journal:
    """A file that a kill leaves whole but for its last line."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, **event: object) -> None:
        """Writes a line: it outlives the process."""
        os.write(self._handle, json.dumps(event).encode() + b"\n")

    def acknowledge(self, **event: object) -> None:
        """Writes a line that outlives the machine."""
        self.note(**event)
        os.fsync(self._handle)


class JournalReader:
    """The lines of a journal while it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.events: list[Event] = []
        self._read = 0

    def fresh(self) -> list[Event]:
        """The lines that were written since the last call."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as handle:
            handle.seek(self._read)
            whole, newline, _ = handle.read().rpartition(b"\n")
        self._read += len(whole) + len(newline)
        events = [json.loads(line) for line in whole.splitlines()]
        self.events += events
        return events


@dataclass
class Truth:
    """What the library must hold, by what it acknowledged.

    `held` has versions by source. While an operation is in flight its source may be as before or as after:
    `uncertain` is that source and what it may become, None for gone.
    """

    recipe: Recipe  # of the index that answers
    wanted: Recipe  # what it is to be rebuilt with
    held: dict[int, int] = field(default_factory=dict)
    copied: set[tuple[int, int]] = field(default_factory=set)  # in the index that is being rebuilt
    uncertain: tuple[int, int | None] | None = None
    is_rebuilding: bool = False
    is_swapping: bool = False
    faults: list[str] = field(default_factory=list)
    acknowledged: int = 0
    _before_copy: set[tuple[int, int]] = field(default_factory=set)  # what was there when the rebuild last looked

    def replay(self, events: list[Event]) -> None:
        """Takes in what a worker wrote."""
        for event in events:
            for key, value in event.items():
                follow = getattr(self, f"_on_{key}", None)
                if follow is not None:
                    follow(value, event)

    def phase(self) -> str:
        """What was going on when the journal ended."""
        doing = [] if self.uncertain is None else [self._doing]
        if self.is_swapping:
            doing.append("swap")
        elif self.is_rebuilding:
            doing.append("rebuild")
        return " + ".join(doing) or "between"

    def settle(self, found: dict[int, int], recipe: Recipe) -> None:
        """Compares with what was found after the kill, and goes on from there."""
        allowed = [self.held]
        if self.uncertain is not None:
            source, version = self.uncertain
            after = {key: value for key, value in self.held.items() if key != source}
            allowed.append(after if version is None else after | {source: version})
        if found not in allowed:
            wrong = {key for key in found.keys() | self.held.keys() if found.get(key) != self.held.get(key)}
            self.faults += [f"document {key}: {self.held.get(key)} held, {found.get(key)} found" for key in wrong]
        if recipe not in ([self.recipe, self.wanted] if self.is_rebuilding else [self.recipe]):
            self.faults.append(f"the index is made with {recipe}, not with {self.recipe}")
        self.held, self.recipe = dict(found), recipe
        self.uncertain = None
        self.is_rebuilding = self.is_swapping = False
        if recipe == self.wanted:
            self.copied.clear()

    def _on_do(self, kind: str, event: Event) -> None:
        self._doing = kind
        self.uncertain = event["source"], None if kind == "remove" else event["version"]

    def _on_did(self, kind: str, event: Event) -> None:
        self.acknowledged += 1
        if kind == "rebuild":
            self.is_rebuilding = False
            return
        if self.uncertain is None or self.uncertain[0] != event["source"]:
            raise ValueError(f"acknowledged but never begun: {event}")
        source, version = self.uncertain
        self.held.pop(source, None)
        if version is not None:
            self.held[source] = version
        self.uncertain = None

    def _on_rebuilding(self, _: object, event: Event) -> None:
        self.is_rebuilding = True
        self._before_copy = self._untouched()

    def _on_copied(self, document_id: str, event: Event) -> None:
        self.copied |= {pair for pair in self.held.items() if id_of(*pair) == document_id}
        self._before_copy = self._untouched()

    def _on_swapping(self, _: object, event: Event) -> None:
        self.is_swapping = True

    def _on_swapped(self, _: object, event: Event) -> None:
        self.is_swapping = False
        self.recipe = self.wanted
        self.copied.clear()

    def _on_saw(self, fault: str, event: Event) -> None:
        self.faults.append(fault)

    def _on_embedded(self, hashes: list[str], event: Event) -> None:
        known: set[str] = set()
        if event["by"] == "rebuild":
            there = self._untouched() & self._before_copy
            known.update(*(hashes_of(*pair, self.wanted) for pair in self.copied & there))
            if self.recipe.model == self.wanted.model:
                known.update(*(hashes_of(*pair, self.recipe) for pair in there))
        elif event["model"] == self.recipe.model:
            known.update(*(hashes_of(*pair, self.recipe) for pair in self.held.items()))
        if again := known & set(hashes):
            self.faults.append(f"{event['by']}: {len(again)} of {len(hashes)} texts embedded again by {event['model']}")

    def _untouched(self) -> set[tuple[int, int]]:
        """What is there for certain: not what an operation in flight may take away."""
        changing = None if self.uncertain is None else self.uncertain[0]
        return {pair for pair in self.held.items() if pair[0] != changing}
