"""The files that are being read: what runs, what comes next, what went wrong, and counts of all the rest.

However many files there are, one look costs one query and draws a bounded number of lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from rag.ingest_queue import IngestQueue, Job
from ui import session
from ui.components.durations import time_left
from ui.components.job_lines import cancel_all, outcome, retry_all, show_active, show_finished
from ui.components.naming import counted
from ui.components.plain import plain

POLL_S = 0.5
IDLE_POLL_S = 3.0
"""While nothing is under way here: another tab, or the watched folder, may begin something."""

SHOWN_TROUBLES = 5
SHOWN_WAITING = 4
SHOWN_DONE = 3
ENOUGH_FOR_A_PACE = 5
"""As many files as must be through before the rest is estimated by them."""


@dataclass(frozen=True, slots=True)
class Overview:
    """All jobs, sorted once by what is to be said of them."""

    running: Sequence[Job]
    waiting: Sequence[Job]
    troubles: Sequence[Job]  # also those that were read in part
    well: Sequence[Job]

    @property
    def is_busy(self) -> bool:
        """Whether anything waits or runs."""
        return bool(self.running or self.waiting)

    @property
    def through(self) -> int:
        """How many have ended, well or not."""
        return len(self.troubles) + len(self.well)

    @property
    def total(self) -> int:
        """How many there are."""
        return self.through + len(self.running) + len(self.waiting)

    @property
    def remaining_s(self) -> float | None:
        """How long the waiting files take at the pace of those that were read; None until enough were."""
        seconds = [job.report.seconds for job in self.well if job.report and job.report.status == "added"]
        if len(seconds) < ENOUGH_FOR_A_PACE:
            return None
        return sum(seconds) / len(seconds) * (len(self.waiting) + len(self.running) / 2)


def went_well(job: Job) -> bool:
    """Whether nothing about a file that is through needs a look."""
    return job.report is not None and job.report.status in {"added", "unchanged", "cancelled"}


def overview(jobs: Sequence[Job]) -> Overview:
    """The jobs, sorted."""
    running: list[Job] = []
    waiting: list[Job] = []
    troubles: list[Job] = []
    well: list[Job] = []
    for job in jobs:
        if job.state == "running":
            running.append(job)
        elif job.state == "waiting":
            waiting.append(job)
        else:
            (well if went_well(job) else troubles).append(job)
    return Overview(running, waiting, troubles, well)


def header_words(view: Overview, *, is_paused: bool) -> str:
    """`312 of 2,000 files done · 3 need a look · about 4 min left at this pace`."""
    parts = [f"{view.through:,} of {counted(view.total, 'file')} done"]
    if view.troubles:
        parts.append(f"{len(view.troubles):,} need a look")
    if is_paused:
        parts.append("paused" if not view.running else "pausing after this file")
    elif left := time_left(view.remaining_s):
        parts.append(f"{left} at this pace")
    return " · ".join(parts)


def drop_all(queue: IngestQueue, jobs: Sequence[Job]) -> None:
    """Stops everything; a paused queue goes on, so that what was stopped also ends."""
    cancel_all(queue, jobs)
    queue.resume()


def show_controls(queue: IngestQueue, view: Overview, *, key: str) -> None:
    """Pause or resume all, drop all, clear what is through."""
    active = [*view.waiting, *view.running]
    with st.container(horizontal=True, gap="small"):
        if queue.is_paused:
            st.button("Resume", key=f"resume-{key}", icon=":material/play_arrow:", on_click=queue.resume)
        else:
            st.button("Pause", key=f"pause-{key}", icon=":material/pause:", on_click=queue.pause)
        if len(active) > 1:
            st.button("Cancel all", key=f"drop-{key}", icon=":material/close:", on_click=drop_all, args=(queue, active))
        show_clear(queue, view, key=key)


def show_clear(queue: IngestQueue, view: Overview, *, key: str) -> None:
    """Forgets the files that are through; documents stay."""
    if view.through:
        st.button(
            "Clear finished",
            key=f"clear-{key}",
            icon=":material/clear_all:",
            help="Documents stay.",
            on_click=queue.clear_finished,
        )


def show_more(count: int, words: str) -> None:
    """A line for those that are not drawn."""
    if count > 0:
        st.caption(f"and {count:,} more {words}")


def show_busy(queue: IngestQueue, view: Overview, *, key: str) -> None:
    """All that is under way, in at most a dozen lines: troubles first."""
    with st.container(gap="xsmall"):
        st.progress(view.through / max(view.total, 1), text=plain(header_words(view, is_paused=queue.is_paused)))
        show_controls(queue, view, key=key)
        for job in view.troubles[-SHOWN_TROUBLES:]:
            show_finished(queue, job)
        show_more(len(view.troubles) - SHOWN_TROUBLES, "that need a look")
        for job in [*view.running, *view.waiting[:SHOWN_WAITING]]:
            show_active(queue, job)
        show_more(len(view.waiting) - SHOWN_WAITING, "waiting")
        for job in reversed(view.well[-SHOWN_DONE:]):
            show_finished(queue, job)


def show_left_over(queue: IngestQueue, view: Overview, *, key: str) -> None:
    """The files that need a look, until they are cleared."""
    if not view.troubles:
        return
    with st.container(gap="xsmall"):
        for job in view.troubles[:SHOWN_TROUBLES]:
            show_finished(queue, job)
        if len(view.troubles) > SHOWN_TROUBLES:
            with st.expander(f"All {counted(len(view.troubles), 'file')} that need a look"):
                rows = [{"File": job.name, "What happened": outcome(job.report)} for job in view.troubles]
                st.dataframe(rows, hide_index=True)
        again = [job for job in view.troubles if job.can_be_retried]
        with st.container(horizontal=True, gap="small"):
            if len(again) > 1:
                st.button(f"Try {len(again):,} again", key=f"retry-all-{key}", on_click=retry_all, args=(queue, again))
            show_clear(queue, view, key=key)


def end_words(view: Overview, before: int) -> str:
    """What to say when all files are through."""
    return f"{counted(max(0, read_count(view) - before), 'file')} read."


def read_count(view: Overview) -> int:
    """How many files are in the library now."""
    return sum(job.state == "done" for job in [*view.well, *view.troubles])


def show_ingest_progress(queue: IngestQueue, *, key: str, attached_only: bool = False) -> None:
    """The files under way; looks again twice a second, and now and then while there are none.

    With `attached_only`, of files that are through only those that came in on the chat page of this tab are told.
    """
    at_first = overview(queue.jobs())
    session.set_looked(key, is_busy=at_first.is_busy, read=read_count(at_first))

    @st.fragment(run_every=POLL_S if at_first.is_busy else IDLE_POLL_S)
    def lines() -> None:
        view = overview(queue.jobs())
        was_busy, read = session.looked(key)
        if view.is_busy != was_busy or (not view.is_busy and read_count(view) != read):
            if not view.is_busy and was_busy:
                session.set_notice(end_words(view, session.read_before(key)))
            st.rerun()  # the page around us changes: documents have come in, or are about to
        if view.is_busy:
            show_busy(queue, view, key=key)
        else:
            troubles = [job for job in view.troubles if not attached_only or session.is_attached(job.id)]
            show_left_over(queue, replace(view, troubles=troubles), key=key)

    lines()
