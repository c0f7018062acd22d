"""Browsers and pages: a real Chromium, against a real service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browsers import ARGUMENTS, browser_path
from tests.serving.server import Server

FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
LAPTOP: ViewportSize = {"width": 1280, "height": 900}
PATIENCE_MS = 30_000
# What a browser notes by itself: replies with an error status and lost connections, which the page
# explains to the user; and that a header means nothing without https.
NOTED = (
    "Failed to load resource",
    "WebSocket connection to",
    "The Cross-Origin-Opener-Policy header has been ignored",
)

Launch = Callable[..., Browser]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # For a module only: two of them at once do not get along in one process.
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Launch:
    """Starts a browser with more arguments; it ends with the module."""
    executable = browser_path(playwright)
    expect.set_options(timeout=PATIENCE_MS)

    def launched(*arguments: str) -> Browser:
        return playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *arguments])

    return launched


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@contextmanager
def watched(context: BrowserContext, allowed_host: str = "127.0.0.1") -> Iterator[Page]:
    """A page of a context; whatever its console complains about is a failure.

    Args:
        context: closed in the end.
        allowed_host: the only one that anything may be asked of.
    """
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    yield page
    context.close()
    assert [text for text in complaints if not text.startswith(NOTED)] == []
    assert hosts <= {allowed_host, ""}  # pictures made in the page have no host


def wait_until(page: Page, expression: str) -> None:
    """Wait until JavaScript is true; Playwright's own way needs `eval`, which the page forbids."""
    Server.wait_for(lambda: page.evaluate(expression))


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of the common service, at first."""
    context = browser.new_context(
        viewport=LAPTOP, permissions=["clipboard-read", "clipboard-write"]
    )
    with watched(context) as page:
        page.goto(server.url)
        yield page
