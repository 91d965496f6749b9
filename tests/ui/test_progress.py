"""What the pages say of a queue, however long it is, and of a library that differs or could not be opened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ingestion.types import Chunk, Page
from rag.errors import LibraryDamaged, LibraryInUse, LibraryMismatch, StorageFailed
from rag.ingest_queue import Job
from rag.types import AddReport, Progress
from tests.ui.conftest import ROOT
from ui import resources
from ui.components.durations import time_left
from ui.components.ingest_progress import header_words, overview
from ui.components.job_lines import outcome
from ui.components.marked_text import chunk_html, chunk_label
from ui.components.rebuild_banner import difference_words
from ui.engine import Engine

RUN_S = 120


@pytest.fixture(scope="module", autouse=True)
def empty_library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A library of its own for this process, open before the first page is asked for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_DATA_DIR", str(tmp_path_factory.mktemp("progress") / "data"))
        engine = resources.engine()
        assert engine.wait(RUN_S), engine.status
        yield
        resources.close_engine()


def job(number: int, state: str, status: str | None = None, **report: object) -> Job:
    """A job as the queue shows it."""
    made = AddReport(f"{number}.txt", status, **report) if status else None  # type: ignore[arg-type]
    progress = Progress("embedding", 64, 348) if state == "running" else Progress("waiting", 0, 1)
    remaining = 41.0 if state == "running" else None
    return Job(str(number), f"{number}.txt", state, progress, remaining, made, status == "failed")  # type: ignore[arg-type]


def many_jobs() -> list[Job]:
    """2,000 files: some in, some not, one running, the rest waiting."""
    done = [job(number, "done", "added", chunks=3, passages=20, seconds=2.0) for number in range(300)]
    bad = [job(number, "failed", "failed", message="The disk is full.") for number in range(300, 312)]
    return [*done, *bad, job(312, "running"), *(job(number, "waiting") for number in range(313, 2000))]


@dataclass
class StillQueue:
    """A queue that never moves, and counts how often it is asked."""

    shown: Sequence[Job]
    asked: int = 0
    is_paused: bool = False
    called: list[tuple[str, str]] = field(default_factory=list)

    def jobs(self) -> Sequence[Job]:
        """The jobs."""
        self.asked += 1
        return self.shown

    def is_busy(self) -> bool:
        """Whether it works."""
        return True

    def pause(self) -> None:
        """Pauses."""
        self.is_paused = True

    def resume(self) -> None:
        """Goes on."""
        self.is_paused = False

    def cancel(self, job_id: str) -> None:
        """Remembers."""
        self.called.append(("cancel", job_id))

    def retry(self, job_id: str) -> None:
        """Remembers."""
        self.called.append(("retry", job_id))

    def clear_finished(self) -> None:
        """Remembers."""
        self.called.append(("clear", ""))

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> StillQueue:
    """A queue of 2,000 files in the place of the real one."""
    from ui.engine import Workshop

    made = StillQueue(many_jobs())
    shop = resources.workshop()
    other = Workshop(shop.library, made, shop.rebuild, shop.watch)  # type: ignore[arg-type]
    monkeypatch.setattr(resources, "workshop", lambda: other)
    return made


def library_page() -> AppTest:
    """The Library page, run."""
    return AppTest.from_file(str(ROOT / "ui/views/library.py"), default_timeout=RUN_S).run()


def words(app: AppTest) -> str:
    """All text on a page, without the backslashes."""
    texts = [str(element.value) for element in [*app.markdown, *app.caption, *app.error, *app.warning]]
    return "\n".join(texts).replace("\\", "")


def test_a_long_queue_is_shown_in_a_few_lines(queue: StillQueue) -> None:
    """The failures first, what runs, what comes next, and counts; two looks for a whole page."""
    app = library_page()
    assert not app.exception
    shown = words(app)
    assert shown.count("The disk is full.") == 5
    assert "and 7 more that need a look" in shown
    assert "and 1,683 more waiting" in shown
    assert sum(button.label == "Cancel" for button in app.button) == 5
    assert len(app.button) < 20
    assert queue.asked == 2


def test_buttons_reach_the_queue(queue: StillQueue) -> None:
    """Pause, resume, cancel one, try one again, clear, cancel all."""
    app = library_page()
    app.button(key="pause-library").click().run()
    assert queue.is_paused
    app.button(key="cancel-313").click().run()
    assert "will be left out" in words(app)
    app.button(key="retry-311").click().run()
    app.button(key="clear-library").click().run()
    assert queue.called == [("cancel", "313"), ("retry", "311"), ("clear", "")]
    app.button(key="drop-library").click().run()
    assert not queue.is_paused  # what was stopped must also end
    assert len(queue.called) == 3 + 1688
    assert not app.exception


def test_outcome_does_not_say_the_name_twice() -> None:
    """The line of a file begins with its name already."""
    assert outcome(AddReport("a.txt", "cancelled", message="a.txt: stopped; nothing of it was kept.")) == (
        "stopped; nothing of it was kept."
    )


def test_header_counts_and_estimates() -> None:
    """300 files took 2 s each; 1,687 wait and one is on its way."""
    view = overview(many_jobs())
    assert header_words(view, is_paused=False) == (
        "312 of 2,000 files done · 12 need a look · about 56 min left at this pace"
    )
    assert header_words(view, is_paused=True).endswith("pausing after this file")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (0.4, "a few seconds left"),
        (41, "about 40 s left"),
        (300, "about 5 min left"),
        (9000, "about 2 h left"),
    ],
)
def test_time_left(seconds: float | None, said: str) -> None:
    """Rounded, and nothing where nothing is known."""
    assert time_left(seconds) == said


def test_differences_are_said_in_words() -> None:
    """Each setting by what it means; of a changed model only its name."""
    assert difference_words({"passage_tokens": (64, 32)}) == "passages hold up to 64 tokens, and are to hold 32"
    changed = {"embedding_model": ("a", "b"), "dimension": (384, 768), "revision": ("1", "2")}
    assert difference_words(changed) == "the model was a, and is to be b"
    assert difference_words({"passage_context": (None, True)}).endswith("heading: none, and are to be: yes")
    assert difference_words({"new_thing": (None, 2)}) == "new thing was none, and is 2"


@pytest.mark.parametrize("kind", [LibraryInUse, LibraryDamaged, LibraryMismatch, StorageFailed])
def test_page_says_why_it_could_not_open(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the error, with a button to try again."""
    from rag.library import Library

    def fails(*_arguments: object) -> None:
        raise kind("The shelf is on fire. Take it out first.")

    monkeypatch.setattr(Library, "open", fails)
    failed = Engine(resources.engine().settings)
    failed.start()
    assert not failed.wait(RUN_S)
    monkeypatch.setattr(resources, "engine", lambda: failed)
    app = library_page()
    assert app.error[0].value.replace("\\", "") == "The shelf is on fire. Take it out first."
    assert [button.label for button in app.button] == ["Try again"]


def test_repairs_are_said_until_they_are_read() -> None:
    """One quiet line on the Library page."""
    repairs = resources.workshop().library.index.repairs
    repairs.append("the keyword index was rebuilt from the catalogue")
    try:
        app = library_page()
        assert "Mended when the library was opened: the keyword index was rebuilt" in words(app)
        app.button(key="repairs-read").click().run()
        assert "Mended" not in words(app)
    finally:
        repairs.clear()


def test_closing_while_it_opens_lets_go(tmp_path: Path) -> None:
    """An engine that is closed before it is open does not keep the folder."""
    settings = resources.engine().settings.model_copy(update={"data_dir": tmp_path / "data"})
    first = Engine(settings)
    first.start()
    first.close()
    assert not first.wait(RUN_S)
    second = Engine(settings)
    second.start()
    assert second.wait(RUN_S), second.status
    second.close()


def test_folder_field_is_only_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the Settings page says where it can be chosen."""
    from ui.components import watched_folder

    path = str(ROOT / "ui/views/settings.py")
    app = AppTest.from_file(path, default_timeout=RUN_S).run()
    assert "at localhost" in words(app)
    assert watched_folder.FIELD not in {element.key for element in app.text_input}
    monkeypatch.setattr(watched_folder, "is_at_this_machine", lambda: True)
    app = AppTest.from_file(path, default_timeout=RUN_S).run()
    app.text_input(key=watched_folder.FIELD).set_value("/no/such/folder").run()
    assert "is not a folder of this machine" in words(app)
    assert not app.exception


def test_chunk_is_a_band_with_its_pages_and_headings() -> None:
    """A label, headings in bold, a mark where a page begins, and what the chunk before it holds made faint."""
    text = "# Fees <b>\n\nOne.\nTwo."
    chunk = Chunk("d", text, 100, 100 + len(text), 2, "Fees <b>", 9, (Page(3, 100 + text.index("Two"), 200),))
    assert chunk_label(chunk, 3) == "chunk 3 · pages 2 to 3 · 9 tokens · Fees <b>"
    html = chunk_html(chunk, 3, repeated_to=104)
    assert "<b>" not in html
    assert '<span style="font-weight: 600;opacity: 0.55;"># Fe</span>' in html
    assert html.index("page 3</div>Two.") > html.index("One.")
