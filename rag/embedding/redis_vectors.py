"""Vectors in a Redis that several processes share. Home of redis, which is installed only where it is wanted.

A Redis that is slow, full or gone costs no question: it is left alone for a while, and said in the log once.
"""

import importlib.util
import logging
import time

import numpy as np

from rag.errors import CacheUnavailable
from rag.types import Vector

INSTALL = "pip install redis==8.1.0"

_TIMEOUT_S = 0.25  # far more than a Redis nearby takes, and not much more than the embedding that it saves
_PAUSE_S = 30.0  # after a failure
_KEPT_S = 30 * 24 * 3600
_UNIT = 1e-3  # how far the length of a vector may be from 1
_FLOATS = np.dtype("<f4")

log = logging.getLogger(__name__)


class RedisVectors:
    """Implements `rag.embedding.cached_embedder.SharedVectors`: the bytes of float32 numbers under their keys."""

    def __init__(self, url: str) -> None:
        if importlib.util.find_spec("redis") is None:
            raise CacheUnavailable(f"SIGHTLINE_REDIS_URL is set, but the package for it is missing: {INSTALL}")
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._failures = (redis.RedisError, OSError)
        try:
            self._client = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=Retry(NoBackoff(), 0)
            )
        except ValueError as error:  # whose text may hold a password
            raise CacheUnavailable(
                "SIGHTLINE_REDIS_URL is no address of a Redis. It looks like redis://host:6379/0."
            ) from error
        self._is_failing = False
        self._not_before = 0.0  # time.monotonic()

    def get(self, key: str, dimension: int) -> Vector | None:
        """The vector under a key; None if there is none, or something that is no vector of this length."""
        if self._is_pausing():
            return None
        try:
            found = self._client.get(key)
        except self._failures as error:
            self._note_failure(error)
            return None
        self._is_failing = False
        if not isinstance(found, bytes) or len(found) != dimension * _FLOATS.itemsize:
            return None
        vector = np.frombuffer(found, dtype=_FLOATS).astype(np.float32)
        return vector if abs(float(np.linalg.norm(vector)) - 1.0) < _UNIT else None

    def put(self, key: str, vector: Vector) -> None:
        """Keeps a vector for a month."""
        if self._is_pausing():
            return
        try:
            self._client.set(key, vector.astype(_FLOATS).tobytes(), ex=_KEPT_S)
        except self._failures as error:
            self._note_failure(error)

    def _is_pausing(self) -> bool:
        return time.monotonic() < self._not_before

    def _note_failure(self, error: Exception) -> None:
        self._not_before = time.monotonic() + _PAUSE_S
        if not self._is_failing:
            self._is_failing = True
            log.warning("Redis failed (%s); query vectors are remembered in memory only", type(error).__name__)
