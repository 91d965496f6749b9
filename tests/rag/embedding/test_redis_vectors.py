"""Query vectors in a real Redis; one that is missing, stopped, slow, full or wrong costs no question."""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import redis

from rag.embedding import load_embedder, redis_vectors
from rag.embedding.cached_embedder import CachedEmbedder
from rag.embedding.redis_vectors import RedisVectors
from rag.errors import CacheUnavailable
from rag.settings import Settings
from rag.types import Vector
from tests.rag.fake_embedder import FakeEmbedder

ROOT = Path(__file__).parents[3]


class Server:
    """A redis-server of our own, in memory only."""

    def __init__(self, port: int) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.client = redis.Redis.from_url(self.url)
        for _ in range(200):
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("redis-server did not start")

    def stop(self) -> None:
        """Ends it."""
        self.client.close()
        self.process.terminate()
        self.process.wait()


@pytest.fixture
def port() -> int:
    """A port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def server(port: int) -> Iterator[Server]:
    """A Redis with nothing in it."""
    started = Server(port)
    yield started
    started.stop()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a failure the next question tries again at once."""
    monkeypatch.setattr(redis_vectors, "_PAUSE_S", 0.0)


def _unit(dimension: int = 256) -> Vector:
    vector = np.random.default_rng(7).normal(size=dimension).astype(np.float32)
    return vector / np.linalg.norm(vector)


def test_vector_comes_back_bit_for_bit(server: Server) -> None:
    """Also to another process, here another client; it is four bytes a number, and does not stay for ever."""
    RedisVectors(server.url).put("key", _unit())
    assert (RedisVectors(server.url).get("key", 256) == _unit()).all()
    assert server.client.strlen("key") == 4 * 256
    assert 0 < server.client.ttl("key") <= 30 * 24 * 3600


def test_unknown_key_has_no_vector(server: Server) -> None:
    """What was not put is not there."""
    assert RedisVectors(server.url).get("key", 256) is None


@pytest.mark.parametrize(
    "bad",
    [b"", b"no vector", _unit(255).tobytes(), np.full(256, np.nan, np.float32).tobytes(), (_unit() * 2).tobytes()],
    ids=["empty", "words", "short", "NaN", "of length 2"],
)
def test_what_is_no_vector_of_ours_is_not_used(server: Server, bad: bytes) -> None:
    """The question is embedded, and the right vector takes the place of the wrong one."""
    vectors = RedisVectors(server.url)
    server.client.set("key", bad)
    assert vectors.get("key", 256) is None
    vectors.put("key", _unit())
    assert vectors.get("key", 256) is not None


def test_servers_share_what_they_embedded(server: Server) -> None:
    """A question asked in one is not embedded in the other; of its words nothing is in Redis."""
    CachedEmbedder(FakeEmbedder(), RedisVectors(server.url)).embed_query("a harbour")
    inner = FakeEmbedder()
    inner.embed_query = None  # which would raise
    vector = CachedEmbedder(inner, RedisVectors(server.url)).embed_query("a harbour")
    assert (vector == FakeEmbedder().embed_query("a harbour")).all()
    keys = server.client.keys("*")
    assert len(keys) == 1
    assert keys[0].startswith(b"sightline:query:")
    assert b"harbour" not in keys[0]


def test_missing_redis_costs_no_question(port: int, caplog: pytest.LogCaptureFixture, no_pause: None) -> None:
    """Nobody listens: questions are embedded, memory goes on, and the log says so once."""
    cached = CachedEmbedder(FakeEmbedder(), RedisVectors(f"redis://:secret@127.0.0.1:{port}/0"))
    for query in ("a", "b", "a", "c"):
        assert (cached.embed_query(query) == FakeEmbedder().embed_query(query)).all()
    assert [record.levelno for record in caplog.records if "Redis failed" in record.message] == [logging.WARNING]
    assert "secret" not in caplog.text


def test_redis_that_stops_and_comes_back(
    server: Server, port: int, caplog: pytest.LogCaptureFixture, no_pause: None
) -> None:
    """While it is down nothing fails; afterwards it is used again."""
    vectors = RedisVectors(server.url)
    vectors.put("key", _unit())
    server.stop()
    assert vectors.get("key", 256) is None
    vectors.put("key", _unit())
    again = Server(port)
    try:
        vectors.put("key", _unit())
        assert (vectors.get("key", 256) == _unit()).all()
    finally:
        again.stop()
    assert caplog.text.count("Redis failed") == 1


def test_redis_that_failed_is_left_alone_for_a_while(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next questions do not wait for it."""
    vectors = RedisVectors(f"redis://127.0.0.1:{port}/0")
    vectors.get("key", 256)
    monkeypatch.setattr(vectors, "_client", None)  # which would raise
    assert vectors.get("key", 256) is None
    vectors.put("key", _unit())


def test_silent_redis_costs_a_moment(port: int) -> None:
    """One that takes connections and never answers is waited for under a second, once."""
    with socket.create_server(("127.0.0.1", port)):
        vectors = RedisVectors(f"redis://127.0.0.1:{port}/0")
        started = time.monotonic()
        assert vectors.get("key", 256) is None
        vectors.put("key", _unit())
        assert time.monotonic() - started < 1.0


def test_full_redis_costs_no_question(server: Server, no_pause: None) -> None:
    """What it refuses to keep is embedded again."""
    server.client.config_set("maxmemory", "1")
    cached = CachedEmbedder(FakeEmbedder(), RedisVectors(server.url))
    assert (cached.embed_query("a") == FakeEmbedder().embed_query("a")).all()


def test_address_that_is_none_is_refused() -> None:
    """The message says what an address looks like, and not what was there: it may hold a password."""
    with pytest.raises(CacheUnavailable, match=r"redis://host:6379/0\.$") as caught:
        load_embedder(Settings(redis_url="htp://:secret@host"))
    assert "secret" not in str(caught.value)


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message ends in the command, with the version that the tests run with."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CacheUnavailable, match=r"pip install redis==[\d.]+$"):
        RedisVectors("redis://127.0.0.1:6379/0")
    assert redis_vectors.INSTALL.removeprefix("pip install ") in (ROOT / "requirements-dev.txt").read_text()


def test_redis_is_loaded_only_where_it_is_set() -> None:
    """Without the setting the package is not imported: it need not be there."""
    code = "import sys, rag.embedding.loading; print('redis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_address_is_not_shown() -> None:
    """Nor in the settings, when they are printed."""
    assert "secret" not in repr(Settings(redis_url="redis://:secret@host:6379/0"))
