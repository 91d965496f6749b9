"""Real files of all formats, where they lie beside the repository: how many are read, and what is found in them."""

from collections.abc import Callable, Sequence

import pytest

from benchmarks.formats import FOLDER, LEFT_OUT, Reading, is_in_order, readings, share, snippets, words

LEAST_SHARE = 0.95


def test_words_in_order() -> None:
    """A row is found by its cells, though each stands behind the name of its column; not in another order."""
    line = words("## Title: Emma | Days: 7")
    assert line == ["title", "emma", "days", "7"]
    assert is_in_order(words("**Emma** 7"), line)
    assert not is_in_order(words("7 Emma"), line)


def test_share() -> None:
    """What is left out on purpose is counted in one share, and not in the other."""
    name, on_purpose = next(iter(LEFT_OUT.items()))
    found: Sequence[Reading] = [Reading(name, "", tuple(on_purpose), (), 10), Reading("a.txt", "", ("x",), (), 10)]
    assert share(found, of_all=True) == (20 - 1 - len(on_purpose)) / 20
    assert share(found, of_all=False) == (20 - 1 - len(on_purpose)) / (20 - len(on_purpose))


if FOLDER.is_dir():  # without the folder these tests do not exist, rather than being skipped

    @pytest.fixture(scope="module")
    def found() -> list[Reading]:
        """What became of all files; a file that crashes its process or hangs fails here by its name."""
        return readings()

    @pytest.mark.timeout(900)
    @pytest.mark.parametrize("suffix", sorted({f".{name.rpartition('.')[2].lower()}" for name in snippets()}))
    def test_most_files_of_a_format_are_read(found: list[Reading], suffix: str) -> None:
        """Half of the files of each format at least are documents; all others are refused in one sentence."""
        ends = [reading for reading in found if reading.suffix == suffix]
        assert all(reading.refusal.startswith(reading.name) for reading in ends if reading.refusal)
        assert sum(not reading.refusal for reading in ends) >= len(ends) / 2, [reading.refusal for reading in ends]

    @pytest.mark.timeout(900)
    def test_snippets_are_found(found: list[Reading], record_property: Callable[[str, object], None]) -> None:
        """Nearly all of what should be in the files is in their text."""
        record_property("found", share(found, of_all=True))
        assert share(found, of_all=False) >= LEAST_SHARE, [reading.missing for reading in found if reading.missing]
