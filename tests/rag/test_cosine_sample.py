"""How high a cosine is among those of the other chunks."""

import numpy as np
import pytest

from rag.cosine_sample import CosineSample
from rag.library import Library

# Three chunks with 2, 1 and 1 passages; the query is the first axis.
VECTORS = np.array([[0.6, 0.8], [1.0, 0.0], [0.0, 1.0], [0.8, 0.6]], dtype=np.float32)
SAMPLE = CosineSample(VECTORS, np.array([0, 2, 3]))
QUERY = np.array([1, 0], dtype=np.float32)


def test_cosine_of_a_chunk_is_that_of_its_best_passage() -> None:
    """Of .6 and 1, 0, and .8, the chunks have 1, 0 and .8."""
    assert SAMPLE.cosines(QUERY) == pytest.approx([1.0, 0.0, 0.8])
    assert SAMPLE.size == 3


@pytest.mark.parametrize(("cosine", "percentile"), [(1.0, 200 / 3), (0.8, 100 / 3), (0.5, 100 / 3), (0.0, 0), (2, 100)])
def test_percentile_counts_lower_chunks(cosine: float, percentile: float) -> None:
    """A chunk does not count itself, nor others as high."""
    assert SAMPLE.percentile(QUERY, cosine) == pytest.approx(percentile)


def test_percentile_forgives_a_rounding() -> None:
    """A chunk whose own cosine came out a rounding higher is not above itself."""
    assert SAMPLE.percentile(QUERY, 0.8 + 5e-7) == pytest.approx(100 / 3)


def test_sample_of_nothing(library: Library) -> None:
    """An empty library has no percentile to speak of."""
    sample = CosineSample.draw(library.catalogue)
    assert (sample.size, sample.percentile(QUERY, 0.5), len(sample.cosines(QUERY))) == (0, 0.0, 0)


def test_sample_of_a_small_library_is_all_of_it(sample_library: Library) -> None:
    """Every chunk with all its passages, chunk by chunk."""
    _, chunks, passages = sample_library.catalogue.counts()
    sample = CosineSample.draw(sample_library.catalogue)
    assert (sample.size, len(sample.vectors)) == (chunks, passages)
