"""Nothing leaves the machine: the app and the command line answer a real question while their connections are recorded.

Recorded by strace, for the whole process tree; where strace is missing or forbidden, by a Python audit hook.
"""

import json
import os
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.egress import INSTALL_STRACE, ROOT, departures, output_of, recorded, recorder_name, strace_works

QUESTION, WORDS = "How many days may I take to return a printed book?", "30 days"
RETURNS = "You may return a printed book within 30 days of delivery. Gifts have a longer window of 60 days.\n"
SAMPLES = ("help.html", "shipping_policy.txt", "staff_handbook.pdf", "supplier_contract.docx")
PATIENCE_S = 240
WITH_STRACE = strace_works()

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True, slots=True)
class Call:
    """A finished process and what it connected to."""

    code: int
    output: str
    left_for: list[str]


@dataclass(frozen=True, slots=True)
class Home:
    """Folders of its own for one library: an empty home, so that every first-time step is recorded too."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a fresh user who has set nothing but where the library is."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "CHROMIUM") if name in os.environ}
        here = {"HOME": str(self.folder), "SIGHTLINE_DATA_DIR": str(self.folder / "data")}
        return kept | here


def call(command: list[str], log: Path, environment: Mapping[str, str], *, use_strace: bool = WITH_STRACE) -> Call:
    """Runs a command to its end."""
    with recorded(command, log, environment, use_strace=use_strace) as process:
        process.wait(timeout=PATIENCE_S)
    return Call(process.returncode, output_of(log).read_text(), departures(log))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one folder in it, of a file for every parser."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "shelf").mkdir()
    (folder / "shelf/returns.md").write_text(RETURNS)
    for name in SAMPLES:
        (folder / "shelf" / name).write_bytes((ROOT / "sample_docs" / name).read_bytes())
    return Home(folder)


@pytest.fixture(scope="module")
def added(home: Home) -> Call:
    """The folder, added; the first use, with the export of the model, is in it."""
    command = [sys.executable, str(ROOT / "cli.py"), "add", str(home.folder / "shelf")]
    return call(command, home.folder / "add.log", home.environment)


def test_recorder_is_named() -> None:
    """Which recorder was used is said; the weaker one is a warning with the command that gets the better one."""
    if not WITH_STRACE:
        with pytest.warns(UserWarning, match="strace"):
            warnings.warn(f"egress was recorded by {recorder_name()}; for all of it: {INSTALL_STRACE}", stacklevel=1)
    print(f"connections were recorded by {recorder_name()}")  # noqa: T201  (pytest -rP shows it)


@pytest.mark.parametrize("use_strace", [pytest.param(True, id="strace"), pytest.param(False, id="audit hook")])
@pytest.mark.parametrize(
    ("code", "leaves"),
    [
        ("s.connect(('192.0.2.1', 443))", True),
        ("s.sendto(b'x', ('192.0.2.1', 443))", True),
        ("s.connect(('127.0.0.1', 53))", True),
        ("s.connect(('127.0.0.1', 8000))", False),
    ],
    ids=["connect", "sendto", "a name look-up by a local resolver", "loopback"],
)
def test_recorder_sees_departures(tmp_path: Path, use_strace: bool, code: str, leaves: bool) -> None:
    """A datagram for a documentation address is seen, by both recorders; loopback raises nothing."""
    if use_strace and not WITH_STRACE:
        pytest.skip(f"strace is missing or forbidden here: {INSTALL_STRACE}")
    plant = f"import socket; s = socket.socket(type=socket.SOCK_DGRAM)\ntry: {code}\nexcept OSError: pass"
    environment = {"PATH": os.environ["PATH"]}
    done = call([sys.executable, "-c", plant], tmp_path / "log", environment, use_strace=use_strace)
    assert done.code == 0, done.output
    assert bool(done.left_for) is leaves


def test_first_add_stays_here(added: Call) -> None:
    """Adding a file, and whatever the first start does, connects to nothing outside."""
    assert added.code == 0, added.output
    assert added.left_for == []


def test_first_add_writes_only_its_own_folders(home: Home, added: Call) -> None:
    """No library leaves an identifier, a log or a cache of its own in the home."""
    assert added.code == 0, added.output
    own = ("shelf/", "data/", ".cache/sightline/", "add.log")
    files = [path.relative_to(home.folder).as_posix() for path in home.folder.rglob("*") if path.is_file()]
    assert [file for file in files if not file.startswith(own)] == []


@pytest.mark.parametrize(("command", "words"), [("search", "30 days"), ("ask", "30 days"), ("list", "returns.md")])
def test_command_line_stays_here(home: Home, added: Call, command: str, words: str) -> None:
    """A question in the terminal is answered without a connection to anywhere else."""
    assert added.code == 0, added.output
    arguments = [command, *([QUESTION] if command != "list" else [])]
    done = call([sys.executable, str(ROOT / "cli.py"), *arguments], home.folder / f"{command}.log", home.environment)
    assert done.code == 0, done.output
    assert words in done.output
    assert done.left_for == []


def test_app_stays_here(home: Home, added: Call) -> None:
    """The app answers a question in a browser; neither the server nor the page asks for anything elsewhere."""
    assert added.code == 0, added.output
    port, log = free_port(), home.folder / "app.log"
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port", str(port)]
    with recorded(command, log, home.environment, use_strace=WITH_STRACE):
        url = f"http://localhost:{port}"
        wait_until_healthy(url)
        visitor = [sys.executable, str(ROOT / "tests/egress_browser.py"), url, QUESTION, WORDS]
        visit = subprocess.run(visitor, capture_output=True, text=True, timeout=PATIENCE_S)
    assert visit.returncode == 0, visit.stderr
    seen = json.loads(visit.stdout)
    assert {urlsplit(address).hostname for address in seen["asked_for"]} <= {"localhost", None, ""}
    assert departures(log) == []


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(url: str) -> None:
    """Returns once the server answers."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            with urlopen(f"{url}/_stcore/health") as answer:
                if answer.read() == b"ok":
                    return
        except (URLError, ConnectionError):
            time.sleep(0.5)
    pytest.fail("the server did not start")
