"""The whole story in a real browser: from an empty library to an answer one can check, and back to an empty table.

The tests of this file run in their order, on one app, as a person would go through it.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.rag.openai_server import OpenAIServer, Reply
from tests.ui.conftest import PATIENCE_MS, settled, shot, visit

QUESTION = "How long do I have to return a book?"
WINDOWS = [(1440, "light"), (1440, "dark"), (900, "light"), (900, "dark")]
SPEAKER = re.compile("^Answered by|No language model was asked")
PLANTED = "![spy](http://127.0.0.1:9/leak.png) <img src=http://127.0.0.1:9/leak.png>"

expect.set_options(timeout=30_000)


@pytest.fixture
def page(chromium: Browser, app_url: str) -> Iterator[Page]:
    """A fresh tab; whatever it asks for has to be the app's own."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    asked_for: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))
    page.on("websocket", lambda socket: asked_for.append(socket.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    own = urlsplit(app_url).netloc
    foreign = [url for url in asked_for if urlsplit(url.removeprefix("blob:")).netloc not in {own, ""}]
    assert not foreign
    assert not errors


def ask(page: Page, question: str) -> Locator:
    """Asks, and waits for the stored answer; the last message."""
    before = page.get_by_test_id("stChatMessage").count()
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.get_by_test_id("stChatInputTextArea").press("Enter")
    expect(page.get_by_test_id("stChatMessage")).to_have_count(before + 2)
    expect(page.get_by_text(SPEAKER).nth(before // 2)).to_be_visible(timeout=60_000)
    settled(page)
    return page.get_by_test_id("stChatMessage").last


def sidebar(page: Page) -> Locator:
    """Where the evidence is."""
    return page.get_by_test_id("stSidebar")


def look(page: Page, name: str) -> None:
    """Pictures of the page in two widths and two themes."""
    for width, scheme in WINDOWS:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        shot(page, f"{name}-{width}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


def test_samples_come_in_with_progress(page: Page, app_url: str) -> None:
    """The empty library offers the samples; a click reads them, file by file; then there are questions to try."""
    visit(page, app_url)
    look(page, "1-empty")
    page.get_by_role("button", name="Try the sample documents").click()
    expect(page.get_by_text(re.compile(r"\d of \d+ files done")).first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel").first).to_be_visible()
    shot(page, "2-progress")
    expect(page.get_by_text("What would you like to know?")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name=QUESTION)).to_be_visible()
    look(page, "3-examples")


def test_answer_is_cited_and_explained(page: Page, app_url: str) -> None:
    """An example is asked; the citation opens the passage; map, scores and reasons stand beside; a reload keeps it."""
    visit(page, app_url)
    page.get_by_role("button", name=QUESTION).click()
    citation = page.locator('[class*="st-key-citation-"] button').first
    expect(citation).to_be_visible(timeout=60_000)
    settled(page)
    answer = page.get_by_test_id("stChatMessage").last
    expect(answer).to_contain_text("30 days")
    expect(answer).to_contain_text("Answered by quoting")
    expect(sidebar(page).locator(".target .context")).to_have_count(5)
    expect(sidebar(page).get_by_text(re.compile(r"higher than \S+ % of \d+ chunks")).first).to_be_visible()
    look(page, "4-answer")
    citation.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("returns_policy.md")
    expect(dialog.locator('span[style*="background-color"]').first).to_contain_text("30 days")
    look(page, "5-passage")
    page.keyboard.press("Escape")
    address = page.url
    assert "chat=" in address
    visit(page, address)
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)
    expect(page.get_by_test_id("stChatMessage").last).to_contain_text("30 days")
    expect(sidebar(page).locator(".target .context")).to_have_count(5)


def test_why_opens_from_the_map_and_by_keyboard(page: Page, app_url: str) -> None:
    """A click on a point opens its reasons; the arrow keys reach the next point, Enter picks it."""
    visit(page, app_url)
    ask(page, "What does shipping to Canada cost?")
    sidebar(page).locator(".target .context").last.click(force=True)
    settled(page)
    reasons = sidebar(page).get_by_test_id("stExpander").filter(has_text="Meaning: cosine")
    expect(reasons).to_have_count(1)
    expect(reasons).to_contain_text("The underlined passage scores")
    expect(reasons).to_contain_text("what is left unexplained")
    page.set_viewport_size({"width": 1440, "height": 2400})
    settled(page)
    shot(page, "6-why")
    chosen = sidebar(page).locator(".target .selected")
    first = chosen.get_attribute("data-chunk")
    chosen.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled(page)
    expect(chosen).not_to_have_attribute("data-chunk", str(first))


def test_refusal_has_a_reason_and_the_nearest_passages(page: Page, app_url: str) -> None:
    """What the documents do not say is refused; what came nearest can be opened."""
    visit(page, app_url)
    answer = ask(page, "Who won the football world cup in 1998?")
    expect(answer.get_by_test_id("stAlert")).to_contain_text("cosine")
    expect(page.locator('[class*="st-key-nearest-"] button')).to_have_count(3)
    look(page, "7-refusal")


def test_planted_pictures_are_never_fetched(page: Page, app_url: str) -> None:
    """Not from a file's text or name, nor from an answer; the sentence that nothing supports is marked."""
    name = "![spy](http:··127.0.0.1:9·name.png).md".replace("·", "_")
    text = f"# Opening hours {PLANTED}\n\nThe reading room opens at nine on Sundays. {PLANTED}\n"
    with OpenAIServer(Reply(["The reading room opens ", f"at nine [1]. {PLANTED} ", "Dogs fly."])) as server:
        visit(page, f"{app_url}/library")
        page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(
            [{"name": name, "mimeType": "text/markdown", "buffer": text.encode()}]
        )
        expect(page.get_by_text(re.compile("10 documents"))).to_be_visible(timeout=60_000)
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("textbox", name="Base URL").fill(server.base_url)
        page.get_by_role("textbox", name="Base URL").press("Enter")
        settled(page)
        page.get_by_role("button", name="Test connection").click()
        expect(page.get_by_test_id("stAlert")).to_contain_text("2 models")
        page.get_by_role("combobox", name="Model").click()
        page.get_by_role("option", name="small").click()
        settled(page)
        look(page, "8-settings")
        page.get_by_role("link", name="Chat").click()
        settled(page)
        answer = ask(page, "When does the reading room open on Sundays?")
        expect(answer).to_contain_text("Answered by small")
        expect(answer).to_contain_text("not supported")
        page.locator('[class*="st-key-citation-"] button').first.click()
        expect(page.get_by_role("dialog").get_by_test_id("stHtml")).to_contain_text("leak.png")  # as text
        shot(page, "9-planted")
    assert page.locator("img[src*='127.0.0.1:9']").count() == 0


def test_stop_keeps_what_was_written(page: Page, app_url: str) -> None:
    """Stop in the middle of an answer: what had come stays, checked like any other."""
    pieces = ["The shop opens at nine [1]. ", *[f"Word {number}. " for number in range(200)]]
    with OpenAIServer(Reply(pieces, pause_s=0.1)) as server:
        visit(page, f"{app_url}/settings")
        page.get_by_role("textbox", name="Base URL").fill(server.base_url)
        page.get_by_role("textbox", name="Base URL").press("Enter")
        settled(page)
        page.get_by_role("link", name="Chat").click()
        settled(page)
        page.get_by_test_id("stChatInputTextArea").fill("When does the shop open?")
        page.get_by_test_id("stChatInputTextArea").press("Enter")
        expect(page.get_by_test_id("stChatMessage").last).to_contain_text("Word 5.")
        page.get_by_test_id("stChatInputStopButton").click()
        settled(page)
        page.reload()
        settled(page)
        answer = page.get_by_test_id("stChatMessage").last
        expect(answer).to_contain_text("The shop opens at nine")
        expect(answer).not_to_contain_text("Word 199.")


def test_library_shows_and_removes(page: Page, app_url: str) -> None:
    """The table names the documents; a chosen one is shown, and removed after a question."""
    visit(page, f"{app_url}/library")
    expect(page.get_by_text("10 documents")).to_be_visible()
    look(page, "10-library")
    table = page.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + 52)  # the box of the first row, drawn on a canvas
    settled(page)
    expect(page.get_by_text("The reading room opens at nine on Sundays.").first).to_be_visible()
    assert table.bounding_box() == box, "the page changed its width at a click"
    look(page, "11-preview")
    page.get_by_role("button", name="Remove 1 document").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("9 documents")).to_be_visible()
    settled(page)
    expect(page.get_by_role("button", name="Remove 1 document")).to_have_count(0)  # another is in that row now
