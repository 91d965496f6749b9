"""How a cosine compares with those of the library's other chunks for the same question."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.catalogue import Catalogue
from rag.types import Vector, Vectors

SAMPLE_CHUNKS = 2000  # all chunks of smaller libraries; a bound on the work for larger ones


@dataclass(frozen=True, slots=True)
class CosineSample:
    """Passage vectors of chunks spread evenly over the library: `vectors` (n, dimension), chunk by chunk.

    `first_rows` (n_chunks,) is where each chunk's passages begin.
    """

    vectors: Vectors
    first_rows: NDArray[np.intp]

    @classmethod
    def draw(cls, catalogue: Catalogue) -> "CosineSample":
        """The sample of a library as it stands."""
        passages, vectors = catalogue.passage_table(catalogue.chunk_sample(SAMPLE_CHUNKS))
        chunk_ids = [passage.chunk_id for passage in passages]
        first_rows = [row for row, key in enumerate(chunk_ids) if row == 0 or key != chunk_ids[row - 1]]
        return cls(vectors, np.array(first_rows, dtype=np.intp))

    @property
    def size(self) -> int:
        """How many chunks were drawn."""
        return len(self.first_rows)

    def cosines(self, query_vector: Vector) -> NDArray[np.float32]:
        """The cosine of each drawn chunk, that of its best passage, shape (n_chunks,)."""
        if not self.size:
            return np.empty(0, dtype=np.float32)
        best: NDArray[np.float32] = np.maximum.reduceat(self.vectors @ query_vector, self.first_rows)
        return best

    def percentile(self, query_vector: Vector, cosine: float) -> float:
        """Share of the drawn chunks, 0 to 100, whose cosine with the query is lower than `cosine`."""
        cosines = self.cosines(query_vector)
        # subtle: a chunk's own cosine is in the sample and may differ by a rounding, which must not count as lower.
        return float(100 * np.mean(cosines < cosine - 1e-6)) if len(cosines) else 0.0
