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


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One file on its way into the library; `upload_id` is its document id."""

    id: str
    name: str
    upload_id: str
    state: JobState
    report: AddReport | None


class Jobs:
    """The ingest jobs of one library, in the order they came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, upload_id: str) -> JobRecord:
        """A new waiting job."""
        job = JobRecord(secrets.token_hex(8), name, upload_id, "waiting", None)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs VALUES (?, ?, ?, ?, NULL, ?)",
                (job.id, job.name, job.upload_id, job.state, datetime.now(UTC).isoformat(timespec="microseconds")),
            )
        return job

    def list(self) -> list[JobRecord]:
        """All jobs, oldest first."""
        return [_job(row) for row in self._database.connection.execute("SELECT * FROM jobs ORDER BY added_at, rowid")]

    def awaited_uploads(self) -> set[str]:
        """Ids of the uploads that unfinished jobs still need."""
        return {job.upload_id for job in self.list() if job.state in ("waiting", "running")}

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
    return JobRecord(row["id"], row["name"], row["upload_id"], row["state"], report)
