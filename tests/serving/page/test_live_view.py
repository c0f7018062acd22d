"""The live view, in front of a fake webcam."""

import csv
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets.sync.client
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket, expect

from shared_features.params import PROJECT_ROOT
from tests.serving.conftest import Start
from tests.serving.page.conftest import FAKE_CAMERA, LAPTOP, Launch, watched
from tests.serving.page.webcam import (
    POSE,
    decoded,
    looks_mirrored,
    true_hold_s,
    write_empty_room,
    write_film,
)
from tests.serving.server import Server

HEADER_BYTES = 16
MOST_IN_FLIGHT = 2
# A pose is seen somewhat before it is complete and somewhat after it was left, and a busy computer
# misses frames at either end. To the hundredth the page shows what the service says.
EDGES_S = 0.6


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


def live_settings() -> dict[str, Any]:
    params = yaml.safe_load((PROJECT_ROOT / "params.yaml").read_text(encoding="utf-8"))
    live: dict[str, Any] = params["serving"]["live"]
    return live


class Traffic:
    """What goes over the page's websocket."""

    def __init__(self, page: Page) -> None:
        self.pictures: list[bytes] = []
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
        self.pictures.append(payload[HEADER_BYTES:])
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


WATCH_CLOCK = """async () => {
    const readings = [];
    const end = performance.now() + 6000;
    while (performance.now() < end) {
        readings.push([performance.now() / 1000, document.querySelector('#live-clock').innerText]);
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return readings;
}"""


def longest_run(readings: list[tuple[float, str]]) -> tuple[float, float]:
    """How long one hold was watched, and by how much its clock went on meanwhile."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at_s, text in readings:
        if not text or (runs[-1] and float(text) < runs[-1][-1][1]):
            runs.append([])
        if text:
            runs[-1].append((at_s, float(text)))
    spans = [(run[-1][0] - run[0][0], run[-1][1] - run[0][1]) for run in runs if run]
    return max(spans)


def test_poses_appear_holds_are_timed_and_kept(live_page: Page, film: Path) -> None:
    """From the camera to the clock, the log, the best time and the file; then the camera is off."""
    page = live_page
    traffic = Traffic(page)
    page.click("#live-start")
    expect(page.locator("#live-pose")).to_have_text(POSE)
    elapsed_s, shown_s = longest_run(page.evaluate(WATCH_CLOCK))
    assert elapsed_s > 1
    assert shown_s == pytest.approx(elapsed_s, abs=0.25)
    expect(page.locator("#live-spoken")).to_have_text(POSE)
    expect(page.locator("#log-rows tr").first).to_contain_text(POSE)
    expect(page.locator("#live-last")).to_contain_text(f"Last: {POSE}")
    expect(page.locator("#log-best")).to_contain_text(POSE)
    expect(page.locator("#figure-delay")).to_contain_text("ms")
    with page.expect_download() as download:
        page.click("#log-save")
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    longest = max(float(row["duration_s"]) for row in rows if row["pose"] == POSE)
    assert longest == pytest.approx(true_hold_s(), abs=EDGES_S)
    assert f"{longest:.2f}" in traffic.holds
    assert traffic.most_in_flight <= MOST_IN_FLIGHT
    assert traffic.errors == []
    page.click("#live-stop")
    expect(page.locator("#live-start")).to_be_visible()
    assert page.evaluate("document.querySelector('#camera').srcObject") is None
    page.click("#log-clear")
    expect(page.locator("#log-empty")).to_be_visible()


def test_only_what_is_shown_is_mirrored(live_page: Page, film: Path) -> None:
    """A mirrored picture would exchange left and right, so the service gets it as it is."""
    page = live_page
    traffic = Traffic(page)
    page.click("#live-start")
    expect(page.locator("#live-pose")).not_to_be_empty()
    transform = "getComputedStyle(document.querySelector('#camera')).transform"
    expect(page.locator("#mirror")).to_be_checked()
    assert page.evaluate(transform) == "matrix(-1, 0, 0, 1, 0, 0)"
    picture = decoded(traffic.pictures[-1])
    assert max(picture.shape[:2]) == 640
    assert not looks_mirrored(picture, film)
    page.click("#mirror")
    assert page.evaluate(transform) == "none"
    page.reload()
    expect(page.locator("#mirror")).not_to_be_checked()


def test_cameras_can_be_chosen_and_the_screen_filled(live_page: Page) -> None:
    """The picker names the cameras; the stage takes the whole screen and gives it back."""
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


def test_a_hidden_page_sends_nothing_and_goes_on_when_it_is_seen(
    webcam: Browser, start: Start
) -> None:
    """Nobody looks, so nothing is worked on; the service hangs up meanwhile, which hurts nobody."""
    server = start(live=live_settings() | {"idle_timeout_s": 1})
    with watched(camera_context(webcam)) as page:
        page.goto(f"{server.url}/#live")
        traffic = Traffic(page)
        page.click("#live-start")
        expect(page.locator("#live-pose")).not_to_be_empty()
        see = """(hidden) => {
            Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
        page.evaluate(see, True)
        page.wait_for_timeout(300)
        sent = len(traffic.pictures)
        expect(page.locator("#live-link")).to_have_text("Paused")
        assert len(traffic.pictures) == sent
        page.evaluate(see, False)
        expect(page.locator("#live-link")).to_be_hidden()
        deadline = time.monotonic() + 15
        while len(traffic.pictures) <= sent:
            assert time.monotonic() < deadline, "nothing is sent"
            page.wait_for_timeout(50)
        expect(page.locator("#live-pose")).not_to_be_empty()


def test_another_view_switches_the_camera_off(live_page: Page) -> None:
    """Nobody is filmed who is not looking."""
    page = live_page
    page.click("#live-start")
    expect(page.locator("#live-pose")).not_to_be_empty()
    page.click("#to-video")
    assert page.evaluate("document.querySelector('#camera').srcObject") is None
    page.click("#to-live")
    expect(page.locator("#live-start")).to_be_visible()


def test_the_demo_needs_no_camera(page: Page, server: Server) -> None:
    """The demo performance plays as if it were one."""
    page.goto(f"{server.url}/#live")
    page.click("#live-demo")
    expect(page.locator("#live-pose")).not_to_be_empty()
    expect(page.locator("#mirror")).not_to_be_checked()
    page.click("#live-stop")
    expect(page.locator("#live-demo")).to_be_visible()


def test_an_empty_room_is_called_that(launch: Launch, server: Server, tmp_path: Path) -> None:
    """Nobody is an answer."""
    room = write_empty_room(tmp_path / "room.mjpeg")
    browser = launch(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={room}")
    with watched(camera_context(browser)) as page:
        page.goto(f"{server.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-pose")).to_have_text("nobody in the picture")
        expect(page.locator("#live-clock")).to_be_empty()
    browser.close()


def test_a_camera_that_was_not_allowed_is_explained(browser: Browser, server: Server) -> None:
    """What to do about it is said, and the demo is still there."""
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
    """A computer without one."""
    with watched(camera_context(browser)) as page:
        page.goto(f"{server.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("No camera was found")


def test_a_page_that_browsers_do_not_trust_says_why(launch: Launch, server: Server) -> None:
    """Cameras need https or this same computer."""
    browser = launch("--host-resolver-rules=MAP straps.example 127.0.0.1")
    with watched(browser.new_context(viewport=LAPTOP), "straps.example") as page:
        page.goto(f"http://straps.example:{server.port}/#live")
        page.click("#live-start")
        expect(page.locator("#live-notice")).to_contain_text("https")
    browser.close()


def test_it_comes_back_by_itself_when_the_service_was_gone(webcam: Browser, start: Start) -> None:
    """Killed and started again; the camera has been running all the time."""
    server = start()
    with watched(camera_context(webcam)) as page:
        page.goto(f"{server.url}/#live")
        page.click("#live-start")
        expect(page.locator("#live-pose")).not_to_be_empty()
        server.kill()
        expect(page.locator("#live-notice")).to_contain_text("No connection to the service")
        expect(page.locator("#live-pose")).to_be_empty()
        server.start()
        expect(page.locator("#live-notice")).to_be_hidden()
        expect(page.locator("#live-pose")).not_to_be_empty()


def test_a_busy_service_is_tried_again(webcam: Browser, start: Start) -> None:
    """The one place is taken at first, then free."""
    server = start(live=live_settings() | {"max_sessions": 1})
    address = f"ws://127.0.0.1:{server.port}/api/v1/live"
    with watched(camera_context(webcam)) as page:
        page.goto(f"{server.url}/#live")
        with websockets.sync.client.connect(address) as first:
            assert "ready" in str(first.recv())
            page.click("#live-start")
            expect(page.locator("#live-notice")).to_contain_text("The service is busy")
        page.click("#live-retry")
        expect(page.locator("#live-notice")).to_be_hidden()
        expect(page.locator("#live-pose")).not_to_be_empty()
