"""Files and folders handed over by the browser, passed to the queue."""

from collections.abc import Sequence

import streamlit as st
from streamlit.typing import UploadedFile

from evaluation.samples import sample_files
from ingestion.parsers import PARSERS
from rag.ingest_queue import IngestQueue
from ui import session
from ui.components.naming import counted


def suffixes() -> list[str]:
    """What can be read, without the dot."""
    return sorted(suffix.removeprefix(".") for suffix in PARSERS)


def submit_all(queue: IngestQueue, files: Sequence[UploadedFile]) -> list[str]:
    """Passes files to the queue; the ids of their jobs."""
    return [queue.submit(file.name, file.getvalue()).id for file in files]


def submit_samples(queue: IngestQueue) -> None:
    """Passes the sample documents to the queue."""
    for path in sample_files():
        queue.submit(path.name, path.read_bytes())


def show_upload(queue: IngestQueue, *, folder: bool = False, in_chat: bool = False) -> None:
    """A place to drop files, or a folder. What arrives goes to the queue at once, and the place is emptied."""
    files = st.file_uploader(
        "Add a folder" if folder else "Add documents",
        type=suffixes(),
        accept_multiple_files="directory" if folder else True,
        key=f"{session.uploader_key()}-{'folder' if folder else 'files'}",
        label_visibility="collapsed",
    )
    if files:
        with st.spinner(f"Taking in {counted(len(files), 'file')}"):
            job_ids = submit_all(queue, files)
        if in_chat:
            session.note_attached(job_ids)
        session.next_uploader()
        st.rerun()
