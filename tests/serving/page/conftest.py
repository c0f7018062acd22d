"""A real Chromium and a real service."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from shared_features.params import PROJECT_ROOT
from tests.browsers import ARGUMENTS, browser_path
from tests.serving.server import Server, write_params

FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
LAPTOP: ViewportSize = {"width": 1280, "height": 900}
PATIENCE_MS = 30_000
# Messages of the browser itself: responses with an error status and lost connections, which the
# page explains to the user, and a header that has no effect without https.
NOTED = (
    "Failed to load resource",
    "WebSocket connection to",
    "The Cross-Origin-Opener-Policy header has been ignored",
)

Launch = Callable[..., Browser]


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    # Per module: two of them cannot run in one process at a time.
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def launch(playwright: Playwright) -> Launch:
    """Starts a browser with additional arguments."""
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
    """A page of a context; any message on its console is a failure.

    Args:
        context: Context of the page; closed at the end.
        allowed_host: The only host that may receive requests.
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
    assert hosts <= {allowed_host, ""}  # images made in the page have no host


def wait_until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true.

    Playwright's own way needs `eval`, which the page's security policy forbids.
    """
    Server.wait_for(lambda: page.evaluate(expression))


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page of the shared service, freshly loaded."""
    context = browser.new_context(
        viewport=LAPTOP, permissions=["clipboard-read", "clipboard-write"]
    )
    with watched(context) as page:
        page.goto(server.url)
        yield page


@pytest.fixture(scope="session")
def restartable_service(
    tmp_path_factory: pytest.TempPathFactory, model: Path, pose_model: Path
) -> Iterator[Server]:
    """A service that tests may kill; it closes live sessions that are silent for a second."""
    del pose_model  # needed by the service
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    live = params["serving"]["live"] | {"idle_timeout_s": 1}
    server = Server(write_params(tmp_path_factory.mktemp("restartable"), model, live=live)).start()
    yield server
    server.close()


@pytest.fixture
def restartable(restartable_service: Server) -> Iterator[Server]:
    """The service that may be killed: running, and without videos."""
    yield restartable_service
    if not restartable_service.alive:
        restartable_service.start()
    restartable_service.delete_all()
