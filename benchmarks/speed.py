"""How long the main job takes: start to usable page, ingest, question to first token."""

import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from benchmarks.empty_library import empty_library
from evaluation.samples import sample_files, sample_questions
from rag.generation import chat_model
from rag.library import Library
from rag.pipeline import retrieve
from tests.ui.chromium import launch_options

_ROOT = Path(__file__).parents[1]
_QUESTIONS = 30


def main() -> None:
    """Prints one row for each figure, with the machine it was measured on."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| what | figure |\n|---|---|")
    with empty_library() as library:
        tokens, seconds = _ingest(library)
        bare = _bare_encoder(library)
        print(f"| ingest (parse, cut, embed, store), document tokens per second | {tokens / seconds:,.0f} |")
        print(f"| of that time, the bare encoder on the same passages | {bare / seconds:.0%} |")
        first = _first_token_ms(library)
        median, slow = statistics.median(first), sorted(first)[int(len(first) * 0.95)]
        print(f"| question to first token, quoting answer, p50 / p95 of {len(first)} | {median:.0f} / {slow:.0f} ms |")
    print(f"| `make run`, already installed, to a usable page | {_page_seconds():.1f} s |")


def _ingest(library: Library) -> tuple[int, float]:
    started = time.perf_counter()
    reports = [library.add(path.name, path.read_bytes()) for path in sample_files()]
    return sum(report.tokens for report in reports), time.perf_counter() - started


def _bare_encoder(library: Library) -> float:
    texts = []
    for record in library.documents():
        text = library.document(record.id).text
        chunk_ids = [chunk.id for chunk in library.catalogue.chunks_of(record.id)]
        passages = [passage for pairs in library.catalogue.passages(chunk_ids).values() for passage, _ in pairs]
        texts.append([text[passage.start : passage.end] for passage in passages])
    started = time.perf_counter()
    for document in texts:
        library.embedder.embed_passages(document)
    return time.perf_counter() - started


def _first_token_ms(library: Library) -> list[float]:
    model = chat_model(library.settings, library.embedder)
    milliseconds = []
    for question in sample_questions()[: _QUESTIONS + 1]:
        started = time.perf_counter()
        next(model.stream(retrieve(library, question.text, library.settings)))
        milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds[1:]  # the first one loads the token table


def _page_seconds() -> float:
    with socket.socket() as probe, tempfile.TemporaryDirectory() as folder:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = os.environ | {"SIGHTLINE_DATA_DIR": folder}
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
        started = time.perf_counter()
        app = subprocess.Popen(
            command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return _until_usable(f"http://127.0.0.1:{port}", app) - started
        finally:
            app.terminate()
            app.wait()


def _until_usable(url: str, app: subprocess.Popen[bytes]) -> float:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        page = browser.new_page()
        while app.poll() is None:
            try:
                page.goto(url)
                break
            except Exception:  # the port is not open yet
                time.sleep(0.1)
        expect(page.get_by_test_id("stChatInputTextArea")).to_be_enabled(timeout=60_000)
        usable = time.perf_counter()
        browser.close()
        return usable


if __name__ == "__main__":
    main()
