"""Killed at one write after the other: what was acknowledged is there, what was not is there whole or not at all.

The random kills of test_crash.py seldom hit Chroma's vector files, which take milliseconds to write. Here strace kills
at chosen writes of one persist of them, and of the catalogue's transactions while a document is added, replaced and
removed. How many writes there are is counted first; the points are fixed shares of that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from ingestion.parsing import parse
from rag.doctor import check
from rag.library import Library
from rag.preparation import prepare
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.killed_at_write import OPERATIONS, PHASES, STATES, kill_at_write, open_small, operate, writes_to
from tests.rag.libraries import answers, assert_in_step, in_child

QUESTIONS = ("the moon of harbour 7", "Where is the gale of harbour 12?", "reef and kelp", "buoy of harbour 3")
CATALOGUE = "index.db"  # and its log
SAME = 0.9999  # cosine of a vector with itself, roundings allowed
VECTOR_POINTS = [
    ("add", "header.bin", (0,)),
    ("add", "data_level0.bin", (0, 0.5, 1)),
    ("add", "length.bin", (0.5,)),
    ("add", "link_lists.bin", (0,)),
    ("add", "index_metadata.pickle", (0,)),
    ("replace", "header.bin", (0,)),
    ("replace", "index_metadata.pickle", (1,)),
]
CATALOGUE_POINTS = [
    ("add", CATALOGUE, (0, 0.5, 1)),
    ("replace", CATALOGUE, (0, 0.33, 0.67, 1)),
    ("remove", CATALOGUE, (0, 0.5, 1)),
]


@dataclass(frozen=True)
class Ground:
    """What every kill begins with, and what it is compared with."""

    data_dir: Path  # a library that was closed, in the first of the states
    writes: list[tuple[str, str]]
    answers: list[list[list[tuple[str, float]]]]  # of libraries that nothing happened to, by state


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A small library, the writes that the operations on it take, and the right answers in every state."""
    folder = tmp_path_factory.mktemp("ground").resolve()  # strace compares paths without links
    here, there = get_context("forkserver").Pipe()
    for number in range(len(STATES)):
        assert in_child(_build, Settings(data_dir=folder / f"{number}"), number, there) == 0
    copytree(folder / "0", folder / "counted/data")
    counted = Settings(data_dir=folder / "counted/data")
    writes = writes_to(counted, [*_vector_files(counted.data_dir), *_catalogue_files(counted.data_dir)])
    return Ground(folder / "0", writes, [here.recv() for _ in STATES])


@pytest.mark.parametrize(
    ("phase", "name", "share"),
    [(phase, name, share) for phase, name, shares in VECTOR_POINTS + CATALOGUE_POINTS for share in shares],
    ids=lambda value: value if isinstance(value, str) else f"{value:.0%}",
)
def test_kill_at_a_write(ground: Ground, tmp_path: Path, phase: str, name: str, share: float) -> None:
    """The library opens, complete and in step, nothing is embedded again, and everything can go on."""
    settings = Settings(data_dir=tmp_path.resolve() / "data")
    copytree(ground.data_dir, settings.data_dir)
    is_catalogue = name == CATALOGUE
    paths = _catalogue_files(settings.data_dir) if is_catalogue else _vector_files(settings.data_dir, name)
    acknowledged = kill_at_write(settings, paths, _number(ground, phase, name, share))
    assert acknowledged == PHASES.index(phase)

    here, there = get_context("forkserver").Pipe()
    assert in_child(_look_and_go_on, settings, there) == 0, "see the traceback of the process"
    state, repairs, found, found_at_the_end = here.recv()
    assert state in _possible(phase, is_catalogue, share)
    assert is_catalogue or "the vector files were not as they were left: rebuilt from the catalogue" in repairs
    assert found == ground.answers[state]
    assert found_at_the_end == ground.answers[-1]


def _possible(phase: str, is_catalogue: bool, share: float) -> list[int]:
    """The states that a kill may leave: before the operation and after it, at the ends of its writes only one."""
    before, after = PHASES.index(phase) - 1, PHASES.index(phase)
    if is_catalogue and share == 1:
        return [before] if phase == "add" else [after]  # the last write of an add is what makes it visible
    return [before] if is_catalogue and share == 0 else [before, after]


def _number(ground: Ground, phase: str, name: str, share: float) -> int:
    """The number, from 1, of the write that is at this share of the writes that a phase makes to a file."""
    phases = [phase for phase, written in ground.writes if written.startswith(name)]
    count = phases.count(phase)
    assert count, f"{name} was not written in phase {phase}"
    return phases.index(phase) + 1 + round(share * (count - 1))


def _vector_files(data_dir: Path, name: str = "*") -> list[Path]:
    paths = list(data_dir.glob(f"index-1/vectors-1/*/{name}"))
    assert paths, f"there is no {name}"
    return paths


def _catalogue_files(data_dir: Path) -> list[Path]:
    return [data_dir / "index-1" / name for name in (CATALOGUE, f"{CATALOGUE}-wal")]


def _build(settings: Settings, state: int, pipe: Connection) -> None:
    with open_small(settings) as library:
        for name, content in STATES[state].items():
            assert library.add(name, content).status == "added"
        pipe.send(answers(library, *QUESTIONS))


def _look_and_go_on(settings: Settings, pipe: Connection) -> None:
    with open_small(settings) as library:
        repairs = list(library.index.repairs)
        assert_in_step(library)
        state = next(n for n, held in enumerate(STATES) if _ids(held) == library.catalogue.sources())
        _assert_whole(library, STATES[state])
        found = answers(library, *QUESTIONS)
        assert (check(library), library.index.repairs) == ([], repairs)
        assert {library.add(*held).status for held in STATES[state].items()} == {"unchanged"}
        assert library.embedder.embedded == []
        for operation in OPERATIONS[state:]:
            operate(library, operation)
        assert_in_step(library)
    with open_small(settings) as library:
        assert library.index.repairs == []
        assert_in_step(library)
        _assert_whole(library, STATES[-1])
        pipe.send((state, repairs, found, answers(library, *QUESTIONS)))


def _ids(held: Mapping[str, bytes]) -> dict[str, str]:
    return {name: parse(name, content).id for name, content in held.items()}


def _assert_whole(library: Library, held: Mapping[str, bytes]) -> None:
    """Each document has the text, chunks, passages and vectors that it has apart from the library; all are found."""
    assert {record.name for record in library.documents()} == held.keys()
    vectors = library.index._vectors
    assert vectors is not None
    for name, content in held.items():
        expected = prepare(parse(name, content), FakeEmbedder(), library.settings, lambda _: {}, lambda *_: None)
        assert library.document(expected.document.id) == expected.document
        chunks = library.catalogue.chunks_of(expected.document.id)
        assert chunks == expected.chunks
        kept = [pair for pairs in library.catalogue.passages([chunk.id for chunk in chunks]).values() for pair in pairs]
        assert [passage for passage, _ in kept] == expected.passages
        assert np.array_equal([vector for _, vector in kept], expected.vectors)
        for passage, vector in zip(expected.passages, expected.vectors, strict=True):
            hits = vectors.search(vector, 3)
            assert passage.id in [key for key, _ in hits] or all(cosine > SAME for _, cosine in hits), passage
