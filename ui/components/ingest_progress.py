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


def worth_showing(jobs: Sequence[Job]) -> list[Job]:
    """All jobs while one is under way; afterwards those that did not go well."""
    busy = any(job.state in ACTIVE for job in jobs)
    return [job for job in jobs if busy or job.report is None or job.report.status not in {"added", "unchanged"}]


def show_ingest_progress(queue: IngestQueue, *, key: str, everything: bool) -> None:
    """The files since the list was last cleared; looks again twice a second while one is under way.

    Without `everything`, files that came in well leave the list once all are through.
    """
    busy = queue.is_busy()
    session.set_working(key, busy)

    @st.fragment(run_every=POLL_S if busy else None)
    def lines() -> None:
        jobs = queue.jobs()
        shown = jobs if everything else worth_showing(jobs)
        show_jobs(queue, shown)
        if session.was_working(key) and not queue.is_busy():
            st.rerun()  # the page around us changes: documents have come in
        if shown and not queue.is_busy() and st.button("Clear this list", key=f"clear-{key}", type="tertiary"):
            queue.clear_finished()
            st.rerun()

    lines()
