"""The live view, in front of a fake webcam."""

import csv
import itertools
import json
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from tests.serving.live.client import Client
from tests.serving.page.conftest import (
    FAKE_CAMERA,
    LAPTOP,
    PATIENCE_MS,
    Launch,
    wait_until,
    watched,
)
from tests.serving.page.webcam import (
    POSE,
    decoded,
    looks_mirrored,
    write_empty_room,
    write_film,
)
from tests.serving.server import Server

HEADER_BYTES = 16
MOST_IN_FLIGHT = 2
LEAST_SHOWN_S = 1.0
# The clock runs on for at most this long without an answer (`timeline.max_gap_s`).
MAX_GAP_S = 0.5


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("webcam") / "performance.mjpeg")


@pytest.fixture(scope="module")
def webcam(launch: Launch, film: Path) -> Iterator[Browser]:
    """A browser whose camera shows the performer."""
    browser = launch(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={film}")
    yield browser
    browser.close()


@pytest.fixture
def live_page(webcam: Browser, server: Server) -> Iterator[Page]:
    with watched(camera_context(webcam)) as page:
        page.goto(f"{server.url}/#live")
        yield page


def camera_context(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport=LAPTOP, permissions=["camera"], accept_downloads=True)


class Traffic:
    """Records the messages on the page's websocket."""

    def __init__(self, page: Page) -> None:
        self.images: list[bytes] = []
        self.holds: list[str] = []
        self.errors: list[object] = []
        self.most_in_flight = 0
        self._in_flight: set[int] = set()
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        self._in_flight.clear()
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, payload: str | bytes) -> None:
        assert isinstance(payload, bytes)
        magic, frame_id, _ = struct.unpack_from("<4sId", payload)
        assert magic == b"SLF1"
        self.images.append(payload[HEADER_BYTES:])
        self._in_flight.add(frame_id)
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))

    def _received(self, payload: str | bytes) -> None:
        message = json.loads(payload)
        if message["type"] == "error":
            self.errors.append(message)
        if message["type"] == "pose":
            self._in_flight -= set(range(message["frame_id"] + 1))
            if message["ended_hold"]:
                self.holds.append(f"{message['ended_hold']['duration_s']:.2f}")


# Keeps every reading of the hold clock, hold by hold.
RECORD_CLOCK = """() => {
    const clock = document.querySelector('#live-clock');
    window.holdReadings = [[]];
    new MutationObserver(() => {
        const runs = window.holdReadings;
        if (clock.textContent) runs.at(-1).push(Number(clock.textContent));
        else runs.push([]);
    }).observe(clock, { childList: true, characterData: true, subtree: true });
}"""


def test_poses_appear_holds_are_timed_and_kept(live_page: Page) -> None:
    """From the camera to the clock, the log, the best time and the file; then the camera is off."""
    page = live_page
    traffic = Traffic(page)
    page.evaluate(RECORD_CLOCK)
    page.click("#live-start")
    expect(page.locator("#live-pose")).to_have_text(POSE)
    expect(page.locator("#live-spoken")).to_have_text(POSE)
    wait_until(page, f"Math.max(0, ...window.holdReadings.flat()) >= {LEAST_SHOWN_S}")
    expect(page.locator("#log-rows tr").first).to_contain_text(POSE)
    expect(page.locator("#live-last")).to_contain_text(f"Last: {POSE}")
    expect(page.locator("#log-best")).to_contain_text(POSE)
    expect(page.locator("#figure-delay")).to_contain_text("ms")
    page.click("#live-stop")
    expect(page.locator("#live-start")).to_be_visible()
    assert page.evaluate("document.querySelector('#camera').srcObject") is None
    with page.expect_download() as download:
        page.click("#log-save")
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    longest = max(float(row["duration_s"]) for row in rows if row["pose"] == POSE)
    assert longest >= LEAST_SHOWN_S
    # To the hundredth, the page shows what the service says; a hold that is cut off by the end
    # of the session is the page's own.
    assert set(traffic.holds) <= {f"{float(row['duration_s']):.2f}" for row in rows}
    readings = page.evaluate("window.holdReadings")
    # The clock falls only where another hold begins; between two messages the page counts on, so a
    # late message may set it back a little.
    steps = [(a, b) for run in readings for a, b in itertools.pairwise(run)]
    assert sum(b < a - MAX_GAP_S for a, b in steps) <= len(rows)
    assert max(max(run, default=0) for run in readings) <= longest + MAX_GAP_S
    assert traffic.most_in_flight <= MOST_IN_FLIGHT
    assert traffic.errors == []
    page.click("#log-clear")
    expect(page.locator("#log-empty")).to_be_visible()


def test_only_what_is_shown_is_mirrored(live_page: Page, film: Path) -> None:
    """A mirrored image would swap left and right, so the service gets the camera's own."""
    page = live_page
    traffic = Traffic(page)
    page.click("#live-start")
    expect(page.locator("#live-pose")).not_to_be_empty()
    transform = "getComputedStyle(document.querySelector('#camera')).transform"
    expect(page.locator("#mirror")).to_be_checked()
    assert page.evaluate(transform) == "matrix(-1, 0, 0, 1, 0, 0)"
    image = decoded(traffic.images[-1])
    assert max(image.shape[:2]) == 640
    assert not looks_mirrored(image, film)
    page.click("#mirror")
    assert page.evaluate(transform) == "none"
    page.reload()
    expect(page.locator("#mirror")).not_to_be_checked()


def test_cameras_can_be_chosen_and_the_screen_filled(live_page: Page) -> None:
    """The picker lists the cameras; full screen can be entered and left."""
    page = live_page
    page.click("#live-start")
    expect(page.locator("#live-pose")).not_to_be_empty()
    choice = page.locator("#camera-choice")
    expect(choice.locator("option")).not_to_have_count(0)
    choice.select_option(index=0)
    choice.dispatch_event("change")
    expect(page.locator("#live-pose")).not_to_be_empty()
    page.click("#live-full")
    expect(page.locator("#stage.full")).to_have_count(1)
    page.evaluate("document.exitFullscreen()")
    expect(page.locator("#stage.full")).to_have_count(0)


def test_a_hidden_page_sends_nothing_and_continues_when_it_is_visible(
    webcam: Browser, restartable: Server
) -> None:
    """The service closes the silent session meanwhile; the page connects again by itself."""
    with watched(camera_context(webcam)) as page:
        page.goto(f"{restartable.url}/#live")
        traffic = Traffic(page)
        page.click("#live-start")
        expect(page.locator("#live-pose")).not_to_be_empty()
        see = """(hidden) => {
            Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
        page.evaluate(see, True)
        expect(page.locator("#live-link")).to_have_text("Paused")
        sent = len(traffic.images)
        # Video frames are still shown, but none is sent.
        page.evaluate(
            """async () => {
                const video = document.querySelector('#camera');
                for (let i = 0; i < 5; i += 1) {
                    await new Promise((next) => video.requestVideoFrameCallback(next));
                }
            }"""
        )
        assert len(traffic.images) == sent
        page.evaluate(see, False)
        expect(page.locator("#live-link")).to_be_hidden()
        expect(page.locator("#live-pose")).not_to_be_empty()
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while len(traffic.images) <= sent:
            assert time.monotonic() < deadline, "nothing is sent"
            page.wait_for_timeout(50)  # lets Playwright deliver its events


def test_another_view_switches_the_camera_off(live_page: Page) -> None:
    """The camera never runs out of sight."""
    page = live_page
    page.click("#live-start")
    expect(page.locator("#live-pose")).not_to_be_empty()
    page.click("#to-video")
    page.wait_for_function("document.querySelector('#camera').srcObject === null")
    page.click("#to-live")
    expect(page.locator("#live-start")).to_be_visible()


def test_the_demo_needs_no_camera(page: Page, server: Server) -> None:
    """The demo performance stands in for one."""
    page.goto(f"{server.url}/#live")
    page.click("#live-demo")
    expect(page.locator("#live-pose")).not_to_be_empty()
    expect(page.locator("#mirror")).not_to_be_checked()
    page.click("#live-stop")
    expect(page.locator("#live-demo")).to_be_visible()


def test_an_empty_room_is_named(launch: Launch, server: Server, tmp_path: Path) -> None:
    """The page says that nobody is there."""
    room = write_empty_room(tmp_path / "room.mjpeg")
    browser = launch(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={room}")
    with watched(camera_context(browser)) as page:
        page.goto(f"{server.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-pose")).to_have_text("no one in view")
        expect(page.locator("#live-clock")).to_be_empty()
    browser.close()


def test_a_camera_that_was_not_allowed_is_explained(browser: Browser, server: Server) -> None:
    """The page says what to do and still offers the demo."""
    with watched(browser.new_context(viewport=LAPTOP)) as page:
        page.goto(f"{server.url}/#live")
        page.evaluate(
            """() => {
                navigator.mediaDevices.getUserMedia =
                    async () => { throw new DOMException('denied', 'NotAllowedError'); };
            }"""
        )
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("The camera was not allowed")
        expect(page.locator("#live-demo")).to_be_visible()


def test_a_missing_camera_is_explained(browser: Browser, server: Server) -> None:
    """On a computer without one."""
    with watched(camera_context(browser)) as page:
        page.goto(f"{server.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("No camera was found")


def test_a_page_that_browsers_do_not_trust_says_why(launch: Launch, server: Server) -> None:
    """Browsers open cameras only over https or on localhost."""
    browser = launch("--host-resolver-rules=MAP straps.example 127.0.0.1")
    with watched(browser.new_context(viewport=LAPTOP), "straps.example") as page:
        page.goto(f"http://straps.example:{server.port}/#live")
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("https")
    browser.close()


def test_it_reconnects_when_the_service_is_back(webcam: Browser, restartable: Server) -> None:
    """The service is killed and started again; the camera keeps running."""
    with watched(camera_context(webcam)) as page:
        page.goto(f"{restartable.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-pose")).not_to_be_empty()
        restartable.kill()
        expect(page.locator("#live-notice")).to_contain_text("No connection to the service")
        expect(page.locator("#live-pose")).to_be_empty()
        restartable.start()
        expect(page.locator("#live-notice")).to_be_hidden()
        expect(page.locator("#live-pose")).not_to_be_empty()


def test_a_busy_service_is_tried_again(webcam: Browser, server: Server) -> None:
    """All sessions are taken at first, then free."""
    with watched(camera_context(webcam)) as page, ExitStack() as others:
        page.goto(f"{server.url}/#live")
        while True:
            client = others.enter_context(Client(server))
            if client.ready["type"] == "error":
                break
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("The service is busy")
        others.close()
        page.click("#live-retry")
        expect(page.locator("#live-notice")).to_be_hidden()
        expect(page.locator("#live-pose")).not_to_be_empty()
