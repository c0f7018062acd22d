"""Where a Chromium is, for tests that drive one."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

BROWSER_VARIABLE = "STRAPS_TEST_BROWSER"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def browser_path(playwright: Playwright) -> str:
    """The one that is set, or on the path, or Playwright's own; without any the test is skipped."""
    own = playwright.chromium.executable_path
    candidates = [os.environ.get(BROWSER_VARIABLE), *map(shutil.which, NAMES), own]
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return candidate
    pytest.skip(
        f"needs a browser: {BROWSER_VARIABLE}, one of {', '.join(NAMES)} on the path, or "
        "`playwright install chromium`"
    )
