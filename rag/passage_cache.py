"""The passages of chunks that were candidates lately, with their vectors: most of what a question reads."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from itertools import groupby

import numpy as np

from ingestion.types import Passage
from rag.types import Vectors

REMEMBERED = 40_000
"""Passages in memory: 60 MB of the default model's vectors, all of a library of some 4,000 chunks."""


class PassageCache:
    """Passages by chunk, in reading order, from memory or from `read`, which gives those of many chunks in one piece.

    A chunk's id holds its document's hash and its place, so what is remembered of it stays true; only another recipe
    cuts the same chunk into other passages, and `clear` is for that.
    """

    def __init__(
        self, read: Callable[[Collection[str]], tuple[list[Passage], Vectors]], *, remembered: int = REMEMBERED
    ) -> None:
        self._read = read
        self._remembered = remembered
        self._known: OrderedDict[str, tuple[list[Passage], Vectors]] = OrderedDict()  # the one read last at the end
        self._count = 0
        self._changing = threading.Lock()

    def of(self, chunk_ids: Collection[str]) -> dict[str, tuple[list[Passage], Vectors]]:
        """The passages of each chunk and their vectors, (n, dimension); chunks that are not there are left out."""
        found: dict[str, tuple[list[Passage], Vectors]] = {}
        with self._changing:
            for chunk_id in chunk_ids:
                if (known := self._known.get(chunk_id)) is not None:
                    self._known.move_to_end(chunk_id)
                    found[chunk_id] = known
        read = self._tables([chunk_id for chunk_id in chunk_ids if chunk_id not in found])
        with self._changing:
            for chunk_id, table in read.items():
                self._remember(chunk_id, table)
        found |= read
        return {chunk_id: found[chunk_id] for chunk_id in chunk_ids if chunk_id in found}

    def clear(self) -> None:
        """Forgets everything."""
        with self._changing:
            self._known.clear()
            self._count = 0

    def _tables(self, chunk_ids: list[str]) -> dict[str, tuple[list[Passage], Vectors]]:
        passages, vectors = self._read(chunk_ids)
        tables = {}
        for chunk_id, rows in groupby(range(len(passages)), key=lambda row: passages[row].chunk_id):
            first, *rest = rows
            end = first + 1 + len(rest)
            # subtle: a copy, since a part of the matrix would keep all of it in memory
            tables[chunk_id] = passages[first:end], np.array(vectors[first:end])
        return tables

    def _remember(self, chunk_id: str, table: tuple[list[Passage], Vectors]) -> None:
        before = self._known.pop(chunk_id, None)
        self._known[chunk_id] = table
        self._count += len(table[0]) - (0 if before is None else len(before[0]))
        while self._count > self._remembered:
            _, (passages, _) = self._known.popitem(last=False)
            self._count -= len(passages)
