"""One line for each file on its way: how far it is, how it ended, and what can be done about it."""

from collections.abc import Sequence

import streamlit as st

from rag.ingest_queue import IngestQueue, Job
from rag.types import AddReport
from ui import session
from ui.components.durations import time_left
from ui.components.naming import counted
from ui.components.plain import plain

UNITS = {"reading": "pages", "embedding": "passages", "storing": "passages"}
"""What a stage counts, where it counts more than one."""

WHOLE_FILE = {"embedding", "storing"}
"""The stages after which nothing long follows, so that their remaining time is the file's."""

MARKS = {
    "added": (":material/check_circle:", "green"),
    "unchanged": (":material/check_circle:", "gray"),
    "cancelled": (":material/cancel:", "gray"),
    "partial": (":material/error:", "orange"),
}
TROUBLE = (":material/error:", "red")


def outcome(report: AddReport | None) -> str:
    """How a file ended, in words."""
    if report is None:
        return "stopped"
    message = report.message.removeprefix(f"{report.file}: ")  # its line begins with its name
    if report.status in {"added", "partial"}:
        read = f"{counted(report.chunks, 'chunk')}, {counted(report.passages, 'passage')}"
        return f"{read}. {message}" if message else read
    return message or {"unchanged": "already in the library", "cancelled": "cancelled"}.get(
        report.status, report.status
    )


def stage_words(job: Job) -> str:
    """How far a file is: `embedding 64 / 348 passages, about 40 s left`."""
    if job.state == "waiting":
        return "will be left out" if session.is_cancelled(job.id) else "waiting"
    if session.is_cancelled(job.id):
        return "stopping"
    progress = job.progress
    if progress.total <= 1:
        return progress.stage
    words = f"{progress.stage} {progress.done:,} / {progress.total:,} {UNITS.get(progress.stage, '')}".rstrip()
    left = time_left(job.remaining_s) if progress.stage in WHOLE_FILE else ""
    return f"{words}, {left}" if left else words


def cancel_all(queue: IngestQueue, jobs: Sequence[Job]) -> None:
    """Stops files at their next step."""
    for job in jobs:
        queue.cancel(job.id)
        session.note_cancelled(job.id)


def retry_all(queue: IngestQueue, jobs: Sequence[Job]) -> None:
    """Puts files that failed back in the queue."""
    for job in jobs:
        queue.retry(job.id)
        session.forget_cancelled(job.id)


def show_active(queue: IngestQueue, job: Job) -> None:
    """A file on its way, and a button that stops it."""
    words = f"{plain(job.name, length=60)} · {plain(stage_words(job))}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if job.state == "waiting":
            st.caption(words)
        else:
            st.progress(min(1.0, job.progress.done / max(job.progress.total, 1)), text=words)
        st.button(
            "Cancel",
            key=f"cancel-{job.id}",
            type="tertiary",
            width="content",
            disabled=session.is_cancelled(job.id),
            on_click=cancel_all,
            args=(queue, [job]),
        )


def show_finished(queue: IngestQueue, job: Job) -> None:
    """A file that is through: added, or why not; one that failed for a reason that may pass can be tried again."""
    name, words = plain(job.name, length=60), plain(outcome(job.report), length=400)
    icon, colour = MARKS.get(job.report.status if job.report else job.state, TROUBLE)
    line = f":{colour}[{icon}] **{name}** · {words}"
    if not job.can_be_retried:
        st.markdown(line)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(line)
        st.button(
            "Try again",
            key=f"retry-{job.id}",
            type="tertiary",
            width="content",
            on_click=retry_all,
            args=(queue, [job]),
        )
