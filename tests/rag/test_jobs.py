"""What is still to be ingested: which job is next, and which files must be kept for it."""

import pytest

from rag.jobs import JobState
from rag.library import Library
from rag.types import AddReport


def test_first_open_job_is_the_oldest_that_is_not_over(library: Library) -> None:
    """Finished ones are passed over; one that ran when the process ended comes before those that wait."""
    jobs = library.jobs
    assert jobs.first_open() is None
    done, ran, waits = (jobs.create(f"{name}.txt", name, name) for name in "abc")
    jobs.set_state(done.id, "done", AddReport("a.txt", "added"))
    jobs.set_state(ran.id, "running")
    assert jobs.first_open().id == ran.id
    jobs.set_state(ran.id, "cancelled")
    assert jobs.first_open().id == waits.id


@pytest.mark.parametrize(
    ("state", "report", "is_awaited"),
    [
        ("waiting", None, True),
        ("running", None, True),
        ("failed", AddReport("a.txt", "failed"), True),
        ("failed", AddReport("a.txt", "refused"), False),
        ("done", AddReport("a.txt", "added"), False),
        ("cancelled", AddReport("a.txt", "cancelled"), False),
    ],
)
def test_upload_is_awaited_while_a_job_may_run(
    library: Library, state: JobState, report: AddReport | None, is_awaited: bool
) -> None:
    """Asked for one upload or for all, the answer is the same."""
    job = library.jobs.create("a.txt", "a.txt", "feed")
    library.jobs.create("b.txt", "b.txt", "beef")
    library.jobs.set_state(job.id, state, report)
    assert library.jobs.awaits("feed") is is_awaited
    assert library.jobs.awaited_uploads() == ({"feed", "beef"} if is_awaited else {"beef"})
    assert not library.jobs.awaits("unknown")
