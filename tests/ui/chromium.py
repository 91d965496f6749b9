"""How a Chromium is started for the pages: without a screen, and without any request of its own."""

import os
import shutil
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


def launch_options() -> dict[str, Any]:
    """What `playwright.chromium.launch` is given. CHROMIUM names a browser; without any, Playwright's own is tried."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    return {"executable_path": path, "args": ARGUMENTS}
