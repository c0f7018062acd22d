"""A service with tokens in a browser: logging in, keeping apart, and pages of other websites."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.serving.page.conftest import LAPTOP, Launch, watched
from tests.serving.server import VIDEOS, Server, write_params

ANNA, BEN = "anna-" + "a" * 24, "ben-" + "b" * 24
# What a page of another website may try, and whether it got anything.
ATTACK = """async (service) => {
    const tries = [
        fetch(`${service}/api/v1/videos`, { credentials: 'include' }),
        fetch(`${service}/api/v1/videos/demo`, { method: 'POST', credentials: 'include' }),
    ];
    const replies = await Promise.allSettled(tries);
    const socket = new WebSocket(`${service.replace('http', 'ws')}/api/v1/live`);
    const opened = await new Promise((resolve) => {
        socket.onopen = () => resolve(true);
        socket.onerror = () => resolve(false);
    });
    return [...replies.map((reply) => reply.status === 'fulfilled' && reply.value.ok), opened];
}"""


@pytest.fixture(scope="module")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, tiny_model: Path, pose_model: Path, clip: Path
) -> Iterator[Server]:
    """A service with two tokens."""
    del pose_model  # needed by the service
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tokens").write_text(f"anna:{ANNA}\nben:{BEN}\n")
    params = write_params(folder, tiny_model, tokens_file="tokens", demo_video=str(clip))
    server = Server(params).start()
    yield server
    server.close()


@contextmanager
def logged_in(browser: Browser, server: Server, token: str) -> Iterator[Page]:
    with watched(browser.new_context(viewport=LAPTOP)) as page:
        page.goto(server.url)
        page.fill("#login-token", token)
        page.click("#login button")
        expect(page.locator("#log-out")).to_be_visible()
        yield page


def test_each_name_has_its_own_videos(browser: Browser, guarded: Server) -> None:
    """Anna analyses the demo and goes live; Ben sees neither her list nor her link."""
    with logged_in(browser, guarded, ANNA) as page:
        page.click("#demo")
        expect(page.locator(".chart")).to_be_visible()
        link = page.url
        page.goto(f"{guarded.url}/#live")
        page.click("#live-demo")
        expect(page.locator("#live-pose")).not_to_be_empty()
    with logged_in(browser, guarded, BEN) as page:
        expect(page.locator("#recent-empty")).to_be_visible()
        page.goto(link)
        expect(page.locator("#message")).to_contain_text("There is no video")
        page.click("#log-out")
        expect(page.locator("#login")).to_be_visible()


def test_a_wrong_token_is_explained(browser: Browser, guarded: Server) -> None:
    """The form stays, Escape included, until there is a token."""
    with watched(browser.new_context(viewport=LAPTOP)) as page:
        page.goto(guarded.url)
        page.fill("#login-token", "a guess")
        page.click("#login button")
        expect(page.locator("#login-problem")).to_contain_text("not known")
        page.keyboard.press("Escape")
        expect(page.locator("#login")).to_be_visible()


@pytest.fixture
def website(tmp_path: Path) -> Iterator[int]:
    """Another website; returns its port."""
    (tmp_path / "index.html").write_text("<title>Another website</title>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        yield other.server_port
        other.shutdown()
        thread.join()


def attacked(context: BrowserContext, page_url: str, service: str) -> list[bool]:
    page = context.new_page()
    page.goto(page_url)
    got: list[bool] = page.evaluate(ATTACK, service)
    context.close()
    return got


def test_other_websites_get_nowhere(launch: Launch, server: Server, website: int) -> None:
    """Neither from their own address, nor under a name that they point at this machine.

    The service has no tokens, so that nothing but the names is in their way.
    """
    browser = launch("--host-resolver-rules=MAP *.example 127.0.0.1")
    other = f"http://evil.example:{website}"
    assert attacked(browser.new_context(), other, server.url) == [False] * 3
    rebound = f"http://evil.example:{server.port}"
    assert attacked(browser.new_context(), rebound, rebound) == [False] * 3
    browser.close()
    assert [
        v["id"] for v in server.http.get(VIDEOS).json()["videos"] if v["id"] not in server.kept
    ] == []
