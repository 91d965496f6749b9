"""The files that are being read: one line each, with how far it is and how it ended."""

from collections.abc import Sequence

import streamlit as st

from rag.ingest_queue import IngestQueue, Job
from rag.types import AddReport
from ui import session
from ui.components.naming import counted
from ui.components.plain import plain

POLL_S = 0.5
ACTIVE = {"waiting", "running"}


def outcome(report: AddReport | None) -> str:
    """How a file ended, in words."""
    if report is None:
        return "stopped"
    if report.status in {"added", "partial"}:
        read = f"{counted(report.chunks, 'chunk')}, {counted(report.passages, 'passage')}"
        return f"{read}. {report.message}" if report.message else read
    return report.message or {"unchanged": "already in the library", "cancelled": "cancelled"}.get(
        report.status, report.status
    )


def stage_words(job: Job) -> str:
    """How far a file is: `embedding 64 / 348`."""
    progress = job.progress
    if job.state == "waiting":
        return "waiting"
    return f"{progress.stage} {progress.done:,} / {progress.total:,}" if progress.total > 1 else progress.stage


def show_active(queue: IngestQueue, job: Job) -> None:
    """A file on its way: stage, done of total, and a button that stops it."""
    words = f"{plain(job.name, length=60)} · {plain(stage_words(job))}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if job.state == "waiting":
            st.caption(words)
        else:
            st.progress(min(1.0, job.progress.done / max(job.progress.total, 1)), text=words)
        if st.button("Cancel", key=f"cancel-{job.id}", type="tertiary", width="content"):
            queue.cancel(job.id)


def show_finished(job: Job) -> None:
    """A file that is through: added, or why not."""
    name, words = plain(job.name, length=60), plain(outcome(job.report), length=400)
    status = job.report.status if job.report else job.state
    icon, colour = {
        "added": (":material/check_circle:", "green"),
        "unchanged": (":material/check_circle:", "gray"),
        "cancelled": (":material/cancel:", "gray"),
        "partial": (":material/error:", "orange"),
    }.get(status, (":material/error:", "red"))
    st.markdown(f":{colour}[{icon}] **{name}** · {words}")


def show_jobs(queue: IngestQueue, jobs: Sequence[Job]) -> None:
    """How many files are through, and a line for each."""
    through = sum(job.state not in ACTIVE for job in jobs)
    with st.container(gap="xsmall"):
        if through < len(jobs):
            st.progress(through / len(jobs), text=f"{through} of {counted(len(jobs), 'file')} read")
        for job in jobs:
            if job.state in ACTIVE:
                show_active(queue, job)
            else:
                show_finished(job)


def went_well(job: Job) -> bool:
    """Whether a file is in the library and nothing about it needs a look."""
    return job.report is not None and job.report.status in {"added", "unchanged"}


def show_ingest_progress(queue: IngestQueue, *, key: str) -> None:
    """The files under way; looks again twice a second. Once all are through, only those that did not go well stay."""
    busy = queue.is_busy()
    session.set_working(key, busy)

    @st.fragment(run_every=POLL_S if busy else None)
    def lines() -> None:
        jobs = queue.jobs()
        if queue.is_busy():
            show_jobs(queue, jobs)
        elif session.was_working(key):
            session.set_notice(f"{counted(sum(map(went_well, jobs)), 'file')} read.")
            st.rerun()  # the page around us changes: documents have come in
        else:
            show_left_over(queue, [job for job in jobs if not went_well(job)], key=key)

    lines()


def show_left_over(queue: IngestQueue, jobs: Sequence[Job], *, key: str) -> None:
    """The files that did not go well, until they are dismissed."""
    if not jobs:
        return
    for job in jobs:
        show_finished(job)
    if st.button("Dismiss", key=f"clear-{key}", type="tertiary"):
        queue.clear_finished()
        st.rerun()
