"""The real app on a free port with an empty library, and a real Chromium to look at it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

from tests.ui.chromium import launch_options

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
START_S = 90
PATIENCE_MS = 240_000


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def is_up(url: str) -> bool:
    """Whether the app answers."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return answer.read() == b"ok"
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running_app(data_dir: Path, **environment: str) -> Iterator[str]:
    """Starts `streamlit run streamlit_app.py` on a library in `data_dir`; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", f"--server.port={port}"]
    with (data_dir.parent / f"{data_dir.name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"SIGHTLINE_DATA_DIR": str(data_dir)} | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_S
            while not is_up(url):
                assert process.poll() is None, Path(log.name).read_text()
                assert time.monotonic() < deadline, f"the app did not start in {START_S} s"
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app, its library empty at first."""
    with running_app(tmp_path_factory.mktemp("app") / "data") as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; where none can be started the test fails and says what to run."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(**launch_options())
        except Error as error:
            pytest.fail(f"No Chromium can be started. Run: tests/install_browser.sh\n{error}")
        yield browser
        browser.close()


def settled(page: Page) -> None:
    """Waits until the script has run and what it drew is on the page."""
    page.wait_for_timeout(250)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=120_000)
    page.wait_for_timeout(250)


def visit(page: Page, url: str) -> None:
    """Opens an address and waits for the open library."""
    page.goto(url)
    page.wait_for_selector('[data-testid="stApp"]')
    settled(page)
    expect(page.get_by_text("Loading the embedding model")).to_have_count(0, timeout=PATIENCE_MS)
    settled(page)


def shot(page: Page, name: str) -> None:
    """Saves a picture of the page for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
