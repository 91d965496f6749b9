"""The queue: nothing submitted is lost, nothing stopped stays, and one bad file stops no other."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic, sleep

import pytest

from rag.ingest_queue import IngestQueue, Job
from rag.library import Library
from rag.settings import Settings
from rag.types import Vectors
from tests.rag.fake_embedder import FakeEmbedder

RETURNS = b"You may return a printed book within thirty days.\n"
SHIPPING = b"Parcels leave the warehouse twice a week.\n"


class GatedEmbedder(FakeEmbedder):
    """A fake embedder that waits at a gate, and fails on texts that say so."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.reached = threading.Event()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Waits for the gate, then embeds."""
        self.reached.set()
        assert self.gate.wait(20)
        if "explode" in texts[0]:
            raise ZeroDivisionError("in the depths of a model")
        return super().embed_passages(texts)


@contextmanager
def _running(settings: Settings) -> Iterator[tuple[Library, IngestQueue]]:
    with Library.open(settings, GatedEmbedder()) as library:
        queue = IngestQueue(library)
        try:
            yield library, queue
        finally:
            library.embedder.gate.set()
            queue.close()


def _wait(condition: Callable[[], bool]) -> None:
    end = monotonic() + 20
    while not condition():
        assert monotonic() < end, "nothing happened in 20 s"
        sleep(0.005)


def _finished(queue: IngestQueue) -> list[Job]:
    _wait(lambda: not queue.is_busy())
    return queue.jobs()


def _uploads(settings: Settings) -> int:
    return len(list((settings.data_dir / "uploads").iterdir()))


def test_submitted_files_are_added_in_order(settings: Settings) -> None:
    """Jobs keep their order, end as done with full progress and a report, and the documents are there."""
    with _running(settings) as (library, queue):
        submitted = [queue.submit("a.txt", RETURNS), queue.submit("b.txt", SHIPPING)]
        jobs = _finished(queue)
        assert [job.id for job in jobs] == [job.id for job in submitted]
        assert [(job.state, job.report.status, job.progress.stage) for job in jobs] == [("done", "added", "done")] * 2
        added = sorted(library.documents(), key=lambda record: record.added_at)
        assert [record.name for record in added] == ["a.txt", "b.txt"]


def test_job_shows_how_far_it_is(settings: Settings) -> None:
    """While one file is embedded, it runs and the next one waits."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        queue.submit("a.txt", RETURNS)
        assert library.embedder.reached.wait(20)
        queue.submit("b.txt", SHIPPING)
        assert [(job.state, job.progress.stage) for job in queue.jobs()] == [
            ("running", "embedding"),
            ("waiting", "waiting"),
        ]
        assert queue.is_busy()


def test_bad_file_says_why_and_the_next_goes_on(settings: Settings) -> None:
    """A refused file is a failed job whose message names it; its bytes are not kept."""
    with _running(settings) as (_, queue):
        queue.submit("bad.exe", b"MZ\x90\x00")
        queue.submit("b.txt", SHIPPING)
        bad, good = _finished(queue)
        assert (bad.state, bad.report.status, good.state) == ("failed", "refused", "done")
        assert bad.report.message.startswith("bad.exe")
        assert _uploads(settings) == 1


def test_unexpected_fault_fails_one_job(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """A fault nobody foresaw is a failed job with a message, a line in the log, and the next file goes on."""
    with _running(settings) as (library, queue):
        queue.submit("a.txt", b"This will explode.")
        queue.submit("b.txt", SHIPPING)
        bad, good = _finished(queue)
        assert (bad.state, bad.report.status, good.state) == ("failed", "failed", "done")
        assert bad.report.message.startswith("a.txt: something went wrong inside; nothing of it was kept.")
        assert "ZeroDivisionError" in caplog.text
        assert [record.name for record in library.documents()] == ["b.txt"]
        assert (bad.can_be_retried, _uploads(settings)) == (True, 2)
        queue.clear_finished()
        assert _uploads(settings) == 1


def test_running_job_can_be_cancelled(settings: Settings) -> None:
    """It stops at its next step and leaves nothing; the next file goes on."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        job = queue.submit("a.txt", RETURNS)
        queue.submit("b.txt", SHIPPING)
        assert library.embedder.reached.wait(20)
        queue.cancel(job.id)
        library.embedder.gate.set()
        assert [job.state for job in _finished(queue)] == ["cancelled", "done"]
        assert [record.name for record in library.documents()] == ["b.txt"]
        assert _uploads(settings) == 1


def test_waiting_job_can_be_cancelled(settings: Settings) -> None:
    """A job that has not begun is not begun."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        queue.submit("a.txt", RETURNS)
        queue.cancel(queue.submit("b.txt", SHIPPING).id)
        library.embedder.gate.set()
        assert [job.state for job in _finished(queue)] == ["done", "cancelled"]
        assert SHIPPING.decode().strip() not in library.embedder.embedded


def test_same_file_twice_survives_the_cancelling_of_one(settings: Settings) -> None:
    """Two jobs share the bytes; stopping one leaves the other what it needs."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        first = queue.submit("a.txt", RETURNS)
        queue.submit("copy.txt", RETURNS)
        assert library.embedder.reached.wait(20)
        queue.cancel(first.id)
        library.embedder.gate.set()
        assert [job.state for job in _finished(queue)] == ["cancelled", "done"]
        assert [record.name for record in library.documents()] == ["copy.txt"]


def test_closed_queue_goes_on_at_the_next_start(settings: Settings) -> None:
    """What waited or ran when the app was closed is added when it is opened again."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        queue.submit("a.txt", RETURNS)
        queue.submit("b.txt", SHIPPING)
        assert library.embedder.reached.wait(20)
        closing = threading.Thread(target=queue.close)
        closing.start()
        _wait(lambda: queue._closed)
        library.embedder.gate.set()
        closing.join()
        assert [job.state for job in queue.jobs()] == ["waiting", "waiting"]
    with _running(settings) as (library, queue):
        assert [job.state for job in _finished(queue)] == ["done", "done"]
        assert {record.name for record in library.documents()} == {"a.txt", "b.txt"}


def test_queue_closed_while_storing_keeps_the_upload(settings: Settings) -> None:
    """Stopped by the end of the app between two indexes, the file is taken up again with its bytes."""
    with _running(settings) as (library, queue):
        insert = library.index._add_vectors

        def close_and_insert(*arguments: object) -> None:
            queue._closed = True
            insert(*arguments)

        library.index._add_vectors = close_and_insert
        queue.submit("a.txt", RETURNS)
        _wait(lambda: not queue._worker.is_alive())
        assert [job.state for job in queue.jobs()] == ["waiting"]
        assert library.documents() == []
    with _running(settings) as (library, queue):
        assert [job.state for job in _finished(queue)] == ["done"]


def test_killed_job_is_taken_up_again(settings: Settings) -> None:
    """A process that died with a staged document and a running job left bytes, from which the job is done."""
    with Library.open(settings, FakeEmbedder()) as library:
        job = library.jobs.create("a.txt", "a.txt", library.uploads.keep(RETURNS))
        library.jobs.set_state(job.id, "running")
        library.add("a.txt", RETURNS)
        with library.catalogue.database.transaction() as connection:
            connection.execute("UPDATE documents SET state = 'staged'")
    with _running(settings) as (library, queue):
        [finished] = _finished(queue)
        assert (finished.state, finished.report.status) == ("done", "added")
        assert len(library.documents()) == 1


def test_cancelled_job_stays_cancelled(settings: Settings) -> None:
    """What a person stopped does not begin again when the app was closed before its turn came."""
    with _running(settings) as (library, queue):
        library.embedder.gate.clear()
        running, waiting = queue.submit("a.txt", RETURNS), queue.submit("b.txt", SHIPPING)
        assert library.embedder.reached.wait(20)
        queue.cancel(running.id)
        queue.cancel(waiting.id)
        queue._closed = True
        library.embedder.gate.set()
        queue.close()
        assert [job.state for job in queue.jobs()] == ["cancelled", "cancelled"]
        assert _uploads(settings) == 0


def test_lost_upload_is_said(settings: Settings) -> None:
    """A job whose bytes are gone fails with what to do."""
    with Library.open(settings, FakeEmbedder()) as library:
        library.jobs.create("a.txt", "a.txt", "0" * 16)
    with _running(settings) as (_, queue):
        [job] = _finished(queue)
        assert job.report.message == "a.txt: its upload is gone. Add the file again."


def test_finished_jobs_can_be_cleared(settings: Settings) -> None:
    """Only what is over is forgotten; the documents stay."""
    with _running(settings) as (library, queue):
        queue.submit("a.txt", RETURNS)
        queue.submit("bad.exe", b"MZ\x90\x00")
        _finished(queue)
        library.embedder.gate.clear()
        queue.submit("b.txt", SHIPPING)
        queue.clear_finished()
        assert [job.name for job in queue.jobs()] == ["b.txt"]
        assert len(library.documents()) == 1
