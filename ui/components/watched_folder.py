"""The folder that the library follows: which one it is, what was done last, and what was refused."""

import time
from pathlib import Path

import streamlit as st

from ui import session
from ui.components.naming import counted
from ui.components.plain import plain
from ui.engine import Workshop
from ui.guard import LOOPBACK, hostname
from ui.watching import FolderRefused, FolderWatch, WatchReport

POLL_S = 2.0
FIELD = "watched-folder"


def is_at_this_machine() -> bool:
    """Whether the page was asked for on the machine itself: whoever may name folders here may read them."""
    headers = st.context.headers
    is_passed_on = any(headers.get(name) for name in ("X-Forwarded-For", "X-Forwarded-Host", "Forwarded"))
    return st.context.ip_address is None and hostname(headers.get("Host") or "") in LOOPBACK and not is_passed_on


def show_watched_folder(shop: Workshop) -> None:
    """The field, and below it how the following goes."""
    st.markdown("## A folder to follow")
    if is_at_this_machine():
        st.caption(
            "A folder of this machine. New and changed files are read, documents whose files are gone are removed. "
            "Set SIGHTLINE\\_WATCH\\_DIR to follow it again after a restart."
        )
        show_field(shop.watch)
    elif shop.watch.folder is None:
        st.caption("It can be chosen where Sightline runs, at localhost, or set in SIGHTLINE\\_WATCH\\_DIR.")
    if shop.watch.folder is not None:
        show_report(shop.watch)
        if session.is_asked_to_empty():
            confirm_emptying(shop.watch, shop.watch.report.would_go)


def show_field(watch: FolderWatch) -> None:
    """Where the folder is typed; empty for none."""
    current = str(watch.folder or "")
    typed = st.text_input(
        "Folder", value=current, key=FIELD, placeholder="none", help="The full path. Its subfolders are followed too."
    ).strip()
    if typed == current:
        return
    try:
        watch.follow(Path(typed).expanduser().absolute() if typed else None)
    except FolderRefused as error:
        st.error(plain(str(error), length=400))
    else:
        session.drop_field(FIELD)
        st.rerun()


def report_words(report: WatchReport, now: float) -> str:
    """What was found and done, and when: `4 files; looked 3 s ago. Last: 2 new, 1 changed, 0 gone, 5 min ago`."""
    if not report.looked_at:
        return "Looking for the first time."
    words = f"{counted(report.files, 'file')}; looked {ago(now - report.looked_at)}."
    if report.changed_at:
        done = f"{report.added:,} new, {report.changed:,} changed, {report.forgotten:,} gone"
        words += f" Last: {done}, {ago(now - report.changed_at)}."
    return words


def ago(seconds: float) -> str:
    """`3 s ago`, `5 min ago`, `2 h ago`."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s ago"
    return f"{round(seconds / 60)} min ago" if seconds < 5400 else f"{round(seconds / 3600)} h ago"


@st.fragment(run_every=POLL_S)
def show_report(watch: FolderWatch) -> None:
    """How the last look went."""
    report = watch.report
    if report.trouble:
        st.warning(plain(report.trouble, length=600), icon=":material/folder_off:")
        if report.would_go and st.button("Empty it anyway", key="empty-anyway", icon=":material/delete:"):
            session.ask_to_empty()
            st.rerun()  # the whole page: a dialog of this fragment would vanish when it runs again
        return
    st.caption(f":material/folder_eye: {plain(report_words(report, time.time()))}")
    if report.too_large:
        names = ", ".join(report.too_large[:5])
        st.caption(plain(f"{counted(len(report.too_large), 'file')} over 50 MB left out: {names}", length=400))


@st.dialog("Remove what came from this folder?")
def confirm_emptying(watch: FolderWatch, count: int) -> None:
    """Asks once more: an empty folder may be a disk that is not there."""
    st.markdown(
        f"The folder is empty. If that is meant, {counted(count, 'file')} of it will be forgotten, and the documents "
        "that came from nowhere else removed. If its disk is only not there, keep them."
    )
    with st.container(horizontal=True):
        if st.button("Remove", type="primary", key="empty-sure"):
            watch.empty_anyway()
            st.rerun()
        if st.button("Keep"):
            st.rerun()
