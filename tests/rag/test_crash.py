"""The crash benchmark, small: what was acknowledged outlives every kill, and nothing is half there."""

from pathlib import Path

from benchmarks.crash import crash


def test_kills_lose_nothing(tmp_path: Path) -> None:
    """Ten kills, aimed ones and random ones, all of one library; the benchmark does a hundred and more."""
    crashes = crash(tmp_path, trials=10, documents=8, seed=7, tell=lambda line: None)
    assert crashes.result.faults == []
    assert crashes.acknowledged > 8
