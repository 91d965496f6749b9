"""Files wait here for their turn.

One worker thread outside any page's run takes them, so that a reload, a closed tab or a second tab changes nothing;
what a killed process left is taken up again at the next start.
"""

import logging
import threading
import time
from dataclasses import dataclass

from ingestion.errors import SightlineError
from rag.errors import UnknownDocument
from rag.jobs import JobRecord, JobState
from rag.library import Library
from rag.types import AddReport, Progress

_STATES: dict[str, JobState] = {"refused": "failed", "failed": "failed", "cancelled": "cancelled"}

_PAUSE_SECONDS = 5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One file on its way into the library, as the page shows it. `remaining_s` is None until it can be told."""

    id: str
    name: str
    state: JobState
    progress: Progress
    remaining_s: float | None
    report: AddReport | None
    can_be_retried: bool


class _Pace:
    """How fast the stage of one job goes, and so how long it will take."""

    def __init__(self) -> None:
        self.progress = Progress("waiting", 0, 1)
        self._began = (0.0, 0)

    def update(self, progress: Progress) -> None:
        if progress.stage != self.progress.stage:
            self._began = (time.monotonic(), progress.done)
        self.progress = progress

    def remaining_s(self) -> float | None:
        began, first = self._began
        done = self.progress.done - first
        return (time.monotonic() - began) / done * (self.progress.total - self.progress.done) if done > 0 else None


class IngestQueue:
    """Takes uploads, adds them to the library one after the other, and tells how far each is."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._paces: dict[str, _Pace] = {}
        self._cancelled: set[str] = set()
        self._wake = threading.Condition()
        self._closed = False
        self._paused = False
        for job in library.jobs.list():
            if job.state == "running":
                library.jobs.set_state(job.id, "waiting")
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)
        self._worker.start()

    def submit(self, name: str, content: bytes, *, source: str | None = None) -> Job:
        """Keeps the file and its job on disk, then returns; the work happens in the background.

        Raises StorageFailed.
        """
        record = self._library.enqueue(name, content, source or name)
        self._notify()
        return self._shown(record)

    def jobs(self) -> list[Job]:
        """All jobs since they were last cleared, oldest first."""
        return [self._shown(record) for record in self._library.jobs.list()]

    def is_busy(self) -> bool:
        """Whether any job waits or runs."""
        return self._library.jobs.first_open() is not None

    @property
    def is_paused(self) -> bool:
        """Whether the queue was told to wait."""
        return self._paused

    def pause(self) -> None:
        """Takes no further job until `resume`; the running one goes on to its end."""
        self._paused = True

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._paused = False
        self._notify()

    def retry(self, job_id: str) -> None:
        """Puts a job that failed back in the queue."""
        self._cancelled.discard(job_id)
        self._paces.pop(job_id, None)
        self._library.jobs.set_state(job_id, "waiting")
        self._notify()

    def cancel(self, job_id: str) -> None:
        """Stops a job at its next step; nothing of its file stays."""
        self._cancelled.add(job_id)
        self._notify()

    def clear_finished(self) -> None:
        """Forgets the jobs that are over, and the uploads that led to nothing."""
        finished = [job for job in self._library.jobs.list() if job.state not in ("waiting", "running")]
        self._library.jobs.delete_finished()
        for job in finished:
            self._library.drop_upload(job.upload_id)

    def close(self) -> None:
        """Stops the worker at its next step; unfinished jobs go on at the next start."""
        self._closed = True
        self._notify()
        self._worker.join()
        for job in self._library.jobs.list():
            if job.state == "waiting" and job.id in self._cancelled:
                self._run(job)

    def _notify(self) -> None:
        with self._wake:
            self._wake.notify_all()

    def _work(self) -> None:
        while not self._closed:
            try:
                job = self._next()
                if job is not None:
                    self._run(job)
                    continue
                self._library.index.compact()
                with self._wake:
                    if not self._closed and self._next() is None:
                        self._wake.wait()
            except SightlineError:
                # Not even the state of a job could be written: the disk is full, and may have room later.
                log.exception("the queue waits %s s before it goes on", _PAUSE_SECONDS)
                with self._wake:
                    if not self._closed:
                        self._wake.wait(_PAUSE_SECONDS)

    def _next(self) -> JobRecord | None:
        """The first job that is to be run: one that waits, or one whose end could not be written down."""
        return None if self._paused else self._library.jobs.first_open()

    def _run(self, job: JobRecord) -> None:
        self._library.jobs.set_state(job.id, "running")
        pace = self._paces[job.id] = _Pace()
        try:
            report = self._library.add(
                job.name,
                self._library.uploads.read(job.upload_id),
                source=job.source,
                progress=pace.update,
                cancelled=lambda: self._closed or job.id in self._cancelled,
            )
        except UnknownDocument:
            report = AddReport(job.name, "failed", message=f"{job.name}: its upload is gone. Add the file again.")
        except Exception:
            # The thread is the last place that can catch this: the next file must go on, and the person must know.
            log.exception("ingest of one file failed")
            message = f"{job.name}: something went wrong inside; nothing of it was kept. The log says what."
            report = AddReport(job.name, "failed", message=message)
        stopped_by_close = self._closed and report.status == "cancelled" and job.id not in self._cancelled
        state: JobState = "waiting" if stopped_by_close else _STATES.get(report.status, "done")
        self._library.jobs.set_state(job.id, state, None if stopped_by_close else report)
        self._library.drop_upload(job.upload_id)

    def _shown(self, record: JobRecord) -> Job:
        pace = self._paces.get(record.id, _Pace())
        progress = Progress("done", 1, 1) if record.state == "done" else pace.progress
        remaining = pace.remaining_s() if record.state == "running" else None
        return Job(record.id, record.name, record.state, progress, remaining, record.report, record.can_be_retried)
