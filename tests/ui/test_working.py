"""Work that outlives a tab, in a real browser: a queue of files, a rebuild, a document looked into.

The tests of this file run in their order, on one library.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from rag.embedding import load_embedder
from rag.library import Library
from rag.settings import Settings
from tests.ui.conftest import PATIENCE_MS, running_app, settled, shot, visit
from ui.components.watched_folder import POLL_S

WINDOWS = [(1440, "light"), (1440, "dark"), (900, "light"), (900, "dark")]
PLANTED = (
    "<img src=http://127.0.0.1:9/leak.png> ![spy](http://127.0.0.1:9/leak.png) <script>document.title='taken'</script>"
)

expect.set_options(timeout=30_000)


def long_text(subject: str, sentences: int = 600) -> bytes:
    """A text that takes some seconds to embed; no two sentences are alike."""
    return " ".join(
        f"Note {number} on {subject} says that shelf {number * 7 % 97} holds {number * 13 % 1009} volumes."
        for number in range(sentences)
    ).encode()


def payload(name: str, content: bytes) -> FilePayload:
    """A file as the browser hands it over."""
    return {"name": name, "mimeType": "text/plain", "buffer": content}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the library of this file is."""
    return tmp_path_factory.mktemp("working") / "data"


@pytest.fixture(scope="module")
def app_url(data_dir: Path) -> Iterator[str]:
    """The app on that library, as it is first started."""
    with running_app(data_dir, SIGHTLINE_PASSAGE_TOKENS="64") as url:
        yield url


@pytest.fixture
def tabs(chromium: Browser) -> Iterator[list[Page]]:
    """Two fresh tabs; what they ask for has to be the app's own."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    asked_for: list[str] = []
    context.on("request", lambda request: asked_for.append(request.url))
    yield [context.new_page(), context.new_page()]
    context.close()
    hosts = {urlsplit(url.removeprefix("blob:")).hostname for url in asked_for}
    assert hosts <= {"127.0.0.1", None}
    assert not [url for url in asked_for if ":9/" in url]


def add(page: Page, *files: FilePayload) -> None:
    """Drops files on the Library page."""
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(list(files))


def look(page: Page, name: str) -> None:
    """Pictures of the page in two widths and two themes."""
    for width, scheme in WINDOWS:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(700)
        shot(page, f"{name}-{width}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def row_of_table(page: Page, row: int = 0) -> None:
    """Chooses a row of the table, which is drawn on a canvas."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 52 + 35 * row)
    settled(page)


def line(page: Page, name: str) -> Locator:
    """The line of a file that runs or waits."""
    return page.get_by_text(re.compile(rf"^{name}")).first


def test_queue_is_paused_resumed_and_cancelled(tabs: list[Page], app_url: str) -> None:
    """The first file goes on to its end, the others wait; one is dropped; the rest come in."""
    page = tabs[0]
    visit(page, f"{app_url}/library")
    expect(page.get_by_role("link", name="Settings")).to_be_visible()  # our own list of pages, on the very first visit
    add(page, *(payload(f"shelf-{number}.txt", long_text(f"shelf {number}")) for number in range(4)))
    expect(page.get_by_text(re.compile(r"embedding \d+ / \d+ passages")).first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text(re.compile("paus(ed|ing)")).first).to_be_visible()
    look(page, "12-paused")
    expect(page.get_by_text(re.compile(r"[1-3] of 4 files done · paused"))).to_be_visible(timeout=60_000)
    page.wait_for_timeout(1500)
    expect(line(page, "shelf-3.txt · waiting")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).last.click()
    expect(line(page, "shelf-3.txt · will be left out")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("3 documents, ")).to_be_visible(timeout=PATIENCE_MS)


def test_reload_and_second_tab_show_the_same_work(tabs: list[Page], app_url: str) -> None:
    """A tab that was closed and one that was opened meanwhile change nothing: the file comes in once (T17)."""
    page, other = tabs
    visit(page, f"{app_url}/library")
    visit(other, f"{app_url}/library")
    add(page, payload("atlas.txt", long_text("the atlas", 1500)))
    expect(other.get_by_text(re.compile(r"atlas\.txt · embedding")).first).to_be_visible(timeout=60_000)
    page.close()
    other.reload()
    expect(other.get_by_text(re.compile(r"atlas\.txt · embedding")).first).to_be_visible(timeout=60_000)
    shot(other, "13-second-tab")
    expect(other.get_by_text("4 documents, ")).to_be_visible(timeout=PATIENCE_MS)
    expect(other.get_by_text(re.compile("atlas.txt ·"))).to_have_count(0)


def test_refused_file_says_why_and_is_cleared(tabs: list[Page], app_url: str) -> None:
    """A file that is no PDF is refused in words, in both tabs, until it is cleared."""
    page = tabs[0]
    visit(page, f"{app_url}/library")
    add(page, payload("no*t [a](http://127.0.0.1:9/x) pdf.pdf", b"this is not a PDF"))
    trouble = page.get_by_test_id("stMarkdown").filter(has_text="pdf.pdf").last
    expect(trouble).to_be_visible(timeout=60_000)
    look(page, "14-refused")
    page.get_by_role("button", name="Clear finished").click()
    expect(page.get_by_text(re.compile("pdf.pdf"))).to_have_count(0)


def test_preview_draws_the_borders_of_chunks(tabs: list[Page], app_url: str) -> None:
    """Each chunk is a band with its page, tokens and heading; markup in the text stays text."""
    page = tabs[0]
    visit(page, f"{app_url}/library")
    text = f"# Opening hours\n\nThe reading room opens at nine. {PLANTED}\n\n# Fees\n\n"
    text += "\n\n".join(f"## Fee {number}\n\n" + long_text(f"fee {number}", 60).decode() for number in range(30))
    add(page, {"name": "hours.md", "mimeType": "text/markdown", "buffer": text.encode()})
    expect(page.get_by_text("5 documents, ")).to_be_visible(timeout=PATIENCE_MS)
    settled(page)
    row_of_table(page)
    preview = page.locator(".st-key-preview")
    expect(preview.get_by_text(re.compile(r"^chunk 1 · \d+ tokens · Opening hours"))).to_be_visible()
    expect(preview).to_contain_text("<script>document.title='taken'</script>")
    assert page.locator("img[src*='127.0.0.1:9']").count() == 0
    assert page.title() != "taken"
    preview.scroll_into_view_if_needed()
    look(page, "15-preview")
    page.get_by_role("button", name="Page 2").click()
    expect(preview.get_by_text(re.compile("^chunk 21 · "))).to_be_visible()


def test_new_version_replaces_the_old_one(tabs: list[Page], app_url: str) -> None:
    """The same file with other words: the answer changes, the number of documents does not."""
    page = tabs[0]
    for opening in ("seven", "eleven"):
        visit(page, f"{app_url}/library")
        add(page, payload("museum.txt", f"The maritime museum opens at {opening} in the morning.".encode()))
        expect(page.get_by_text("6 documents, ")).to_be_visible(timeout=PATIENCE_MS)
        settled(page)
        page.wait_for_timeout(1500)
        visit(page, app_url)
        assert opening in answer_to(page, "When does the maritime museum open?")


def library_of_twenty(data_dir: Path) -> None:
    """Makes a library with passages of up to 64 tokens."""
    settings = Settings(data_dir=data_dir, passage_tokens=64)
    with Library.open(settings, load_embedder(settings)) as library:
        for number in range(20):
            assert library.add(f"shelf-{number}.txt", long_text(f"shelf {number}", 24)).status == "added"
        assert library.add("museum.txt", b"The maritime museum opens at seven in the morning.").status == "added"


@pytest.mark.timeout(600)
def test_rebuild_beside_questions(tabs: list[Page], tmp_path: Path) -> None:
    """Other settings: every page says so; while the index is rebuilt the old one answers; stopped, it goes on."""
    page, other = tabs
    library_of_twenty(tmp_path / "data")
    with running_app(tmp_path / "data", SIGHTLINE_PASSAGE_TOKENS="32") as url:
        for path in ("", "/library", "/settings"):
            visit(page, f"{url}{path}")
            expect(page.get_by_text("Passages hold up to 64 tokens, and are to hold 32.")).to_be_visible()
        visit(page, url)
        look(page, "16-differs")
        page.get_by_role("button", name="Rebuild in the background").click()
        expect(page.get_by_text(re.compile(r"Rebuilding the index.* of 21 documents"))).to_be_visible()
        visit(other, url)
        expect(other.get_by_role("button", name="Stop", exact=True)).to_be_visible()
        assert "seven" in answer_to(other, "When does the maritime museum open?")
        expect(other.get_by_text(re.compile("Rebuilding the index"))).to_be_visible()
        shot(other, "17-rebuilding")
        other.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("What was done before it was stopped is kept.")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Rebuild in the background").click()
        expect(page.get_by_test_id("stToast")).to_contain_text("The index was rebuilt", timeout=PATIENCE_MS)
        expect(page.get_by_text("was built with other settings")).to_have_count(0)
        assert "seven" in answer_to(page, "When does the maritime museum open?")
        visit(page, f"{url}/library")
        page.get_by_text("Index passport").click()
        shot(page, "18-passport")


def answer_to(page: Page, question: str) -> str:
    """Asks, and waits for the answer."""
    before = page.get_by_test_id("stChatMessage").count()
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.get_by_test_id("stChatInputTextArea").press("Enter")
    expect(page.get_by_test_id("stChatMessage")).to_have_count(before + 2)
    words = re.compile("^Answered by|No language model was asked")
    expect(page.get_by_test_id("stChatMessage").last.get_by_text(words)).to_be_visible(timeout=60_000)
    settled(page)
    return page.get_by_test_id("stChatMessage").last.inner_text()


def test_followed_folder_picks_up_a_file(tabs: list[Page], app_url: str, tmp_path: Path) -> None:
    """A folder named in Settings is read; emptied, it keeps its documents until that is confirmed."""
    page = tabs[0]
    folder = tmp_path / "followed"
    folder.mkdir()
    (folder / "tide.txt").write_text("High tide at the harbour is at a quarter past four.")
    visit(page, f"{app_url}/settings")
    field = page.get_by_role("textbox", name="Folder")
    field.fill(str(folder))
    field.press("Enter")
    expect(page.get_by_text(re.compile(r"1 file; looked .* Last: 1 new"))).to_be_visible(timeout=60_000)
    page.get_by_text("A folder to follow").scroll_into_view_if_needed()
    look(page, "19-followed")
    visit(page, app_url)
    assert "quarter past four" in answer_to(page, "When is high tide at the harbour?")
    (folder / "tide.txt").unlink()
    visit(page, f"{app_url}/settings")
    page.get_by_role("button", name="Empty it anyway").click(timeout=60_000)
    remove = page.get_by_role("dialog").get_by_role("button", name="Remove")
    expect(remove).to_be_visible()
    shot(page, "20-emptied")
    page.wait_for_timeout(2.5 * 1000 * POLL_S)  # a person reads before pressing
    remove.click()
    expect(page.get_by_text(re.compile(r"0 files; looked .* 1 gone"))).to_be_visible(timeout=60_000)
