"""What is still to be ingested, on disk before anything else happens to it."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from sqlite3 import Row
from typing import Literal

from rag.database import Database
from rag.types import AddReport

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
_OPEN = "state IN ('waiting', 'running')"


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One file on its way into the library; `upload_id` is its document id."""

    id: str
    name: str
    source: str
    upload_id: str
    state: JobState
    report: AddReport | None

    @property
    def can_be_retried(self) -> bool:
        """Whether it failed for a reason that may pass; a file that was refused stays refused."""
        return self.state == "failed" and (self.report is None or self.report.status == "failed")

    @property
    def needs_upload(self) -> bool:
        """Whether the file must be kept for it."""
        return self.state in ("waiting", "running") or self.can_be_retried


class Jobs:
    """The ingest jobs of one library, in the order they came."""

    SCHEMA = """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL, upload_id TEXT NOT NULL, state TEXT NOT NULL,
        report TEXT, added_at TEXT NOT NULL
    ) STRICT"""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, source: str, upload_id: str) -> JobRecord:
        """A new waiting job."""
        job = JobRecord(secrets.token_hex(8), name, source, upload_id, "waiting", None)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, ?, NULL, ?)",
                (
                    job.id,
                    job.name,
                    job.source,
                    job.upload_id,
                    job.state,
                    datetime.now(UTC).isoformat(timespec="microseconds"),
                ),
            )
        return job

    def list(self) -> list[JobRecord]:
        """All jobs, oldest first."""
        return [_job(row) for row in self._database.query("SELECT * FROM jobs ORDER BY added_at, rowid")]

    def first_open(self) -> JobRecord | None:
        """The oldest job that is not over; the others are not read for it."""
        rows = self._database.query(f"SELECT * FROM jobs WHERE {_OPEN} ORDER BY added_at, rowid LIMIT 1")  # noqa: S608
        return _job(rows[0]) if rows else None

    def awaited_uploads(self) -> set[str]:
        """Ids of the uploads that unfinished jobs still need, and those that may be tried again."""
        return {job.upload_id for job in self.list() if job.needs_upload}

    def awaits(self, upload_id: str) -> bool:
        """Whether it is one of the awaited uploads."""
        rows = self._database.query("SELECT * FROM jobs WHERE upload_id = ?", (upload_id,))
        return any(_job(row).needs_upload for row in rows)

    def set_state(self, job_id: str, state: JobState, report: AddReport | None = None) -> None:
        """Records how far a job is."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, report = ? WHERE id = ?",
                (state, json.dumps(asdict(report)) if report else None, job_id),
            )

    def delete_finished(self) -> None:
        """Forgets jobs that will not run again."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM jobs WHERE state IN ('done', 'failed', 'cancelled')")


def _job(row: Row) -> JobRecord:
    report = AddReport(**json.loads(row["report"])) if row["report"] else None
    return JobRecord(row["id"], row["name"], row["source"], row["upload_id"], row["state"], report)
