"""Files wait here for their turn.

One worker thread outside any page's run takes them, so that a reload, a closed tab or a second tab changes nothing;
what a killed process left is taken up again at the next start.
"""

import logging
import threading
from dataclasses import dataclass, replace

from rag.errors import UnknownDocument
from rag.jobs import JobRecord, JobState
from rag.library import Library
from rag.types import AddReport, Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One file on its way into the library, as the page shows it."""

    id: str
    name: str
    state: JobState
    progress: Progress
    report: AddReport | None


class IngestQueue:
    """Takes uploads, adds them to the library one after the other, and tells how far each is."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._progress: dict[str, Progress] = {}
        self._cancelled: set[str] = set()
        self._wake = threading.Condition()
        self._closed = False
        for job in library.jobs.list():
            if job.state == "running":
                library.jobs.set_state(job.id, "waiting")
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)
        self._worker.start()

    def submit(self, name: str, content: bytes) -> Job:
        """Keeps the file and its job on disk, then returns; the work happens in the background."""
        upload_id = self._library.uploads.keep(content)
        record = self._library.jobs.create(name, upload_id)
        with self._wake:
            self._wake.notify_all()
        return self._shown(record)

    def jobs(self) -> list[Job]:
        """All jobs since they were last cleared, oldest first."""
        return [self._shown(record) for record in self._library.jobs.list()]

    def is_busy(self) -> bool:
        """Whether any job waits or runs."""
        return any(job.state in ("waiting", "running") for job in self._library.jobs.list())

    def cancel(self, job_id: str) -> None:
        """Stops a job at its next step; nothing of its file stays."""
        with self._wake:
            self._cancelled.add(job_id)
            self._wake.notify_all()

    def clear_finished(self) -> None:
        """Forgets the jobs that are over."""
        self._library.jobs.delete_finished()

    def close(self) -> None:
        """Stops the worker at its next step; unfinished jobs go on at the next start."""
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._worker.join()
        for job in self._library.jobs.list():
            if job.state == "waiting" and job.id in self._cancelled:
                self._run(job)

    def _work(self) -> None:
        while True:
            with self._wake:
                job = self._next()
                while job is None and not self._closed:
                    self._wake.wait()
                    job = self._next()
                if self._closed or job is None:
                    return
            self._run(job)

    def _next(self) -> JobRecord | None:
        return next((job for job in self._library.jobs.list() if job.state == "waiting"), None)

    def _run(self, job: JobRecord) -> None:
        self._library.jobs.set_state(job.id, "running")
        try:
            content = self._library.uploads.read(job.upload_id)
            report = self._library.add(
                job.name,
                content,
                progress=lambda progress: self._progress.__setitem__(job.id, progress),
                cancelled=lambda: self._closed or job.id in self._cancelled,
            )
        except UnknownDocument:
            report = AddReport(job.name, "failed", message=f"{job.name}: its upload is gone. Add the file again.")
        except Exception:
            # The thread is the last place that can catch this: the next file must go on, and the person must know.
            log.exception("ingest of one file failed")
            message = f"{job.name}: something went wrong inside; nothing of it was kept. The log says what."
            report = AddReport(job.name, "failed", message=message)
        if self._closed and report.status == "cancelled" and job.id not in self._cancelled:
            self._library.jobs.set_state(job.id, "waiting")
            return
        self._library.jobs.set_state(job.id, _STATES.get(report.status, "done"), report)
        self._library.drop_upload(job.upload_id)

    def _shown(self, record: JobRecord) -> Job:
        progress = self._progress.get(record.id, Progress("waiting", 0, 1))
        if record.state == "done":
            progress = replace(progress, stage="done", done=progress.total)
        return Job(record.id, record.name, record.state, progress, record.report)


_STATES: dict[str, JobState] = {"refused": "failed", "failed": "failed", "cancelled": "cancelled"}
