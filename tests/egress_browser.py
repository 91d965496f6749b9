"""Asks the page one question in a browser and prints, as JSON, the answer and every address the page asked for.

Usage: python tests/egress_browser.py URL QUESTION WORDS, where WORDS have to stand in the answer.
"""

import json
import os
import shutil
import sys

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 120_000


def main(url: str, question: str, words: str) -> None:
    """One visit."""
    browser_path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    asked_for: list[str] = []
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda request: asked_for.append(request.url))
        page.on("websocket", lambda socket: asked_for.append(socket.url))
        page.goto(url)
        page.get_by_test_id("stChatInputTextArea").fill(question)
        page.get_by_test_id("stChatInputTextArea").press("Enter")
        answer = page.get_by_test_id("stChatMessage").filter(has_text=words).last
        answer.wait_for()
        page.wait_for_timeout(2000)  # what a page does after the answer is there
        sys.stdout.write(json.dumps({"answer": answer.inner_text(), "asked_for": asked_for}))


if __name__ == "__main__":
    main(*sys.argv[1:])
