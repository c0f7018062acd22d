"""The page in a real browser."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from shared_features.params import PROJECT_ROOT
from tests.clips import write_sound
from tests.serving.server import VIDEOS, Server

WEB = PROJECT_ROOT / "serving" / "web"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)} on the path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, at first; whatever the console complains about is a failure."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(server.url)
    yield page
    context.close()
    # A browser notes replies with an error status by itself; the page explains them to the user.
    assert [text for text in complaints if "Failed to load resource" not in text] == []
    assert {host for host in hosts if not host.startswith("localhost")} <= {
        f"127.0.0.1:{server.port}",
        "",
    }


def test_a_video_is_uploaded_followed_and_shown(page: Page, server: Server, clip: Path) -> None:
    """From the file to the ribbon, the table of holds and the downloads."""
    page.set_input_files("#file", clip)
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#current-title")).to_have_text("clip.mp4")
    expect(page.locator("#current-status")).to_have_text("Done")
    job_id = page.url.split("#")[1]
    timeline = server.http.get(f"{VIDEOS}/{job_id}/timeline").json()
    holds = [segment for segment in timeline["segments"] if segment["hold"]]
    expect(page.locator(".segment")).to_have_count(len(timeline["segments"]))
    expect(page.locator("#result tbody tr")).to_have_count(len(holds))
    for format_, start in (("json", b"{"), ("csv", b"index"), ("segments", b"label")):
        with page.expect_download() as download:
            page.click(f'.downloads a[href$="format={format_}"]')
        assert download.value.path().read_bytes().startswith(start)


def test_the_ribbon_seeks_by_mouse_and_by_keyboard(
    page: Page, server: Server, finished_job: str
) -> None:
    """A click goes to that time; arrow keys go a second on or back."""
    page.goto(f"{server.url}/#{finished_job}")
    ribbon = page.locator(".ribbon")
    expect(ribbon).to_be_visible()
    server.wait_for(lambda: page.evaluate("document.querySelector('video').readyState") >= 1)
    box = ribbon.bounding_box()
    assert box is not None
    ribbon.click(position={"x": box["width"] / 2, "y": 20})
    time_of = "document.querySelector('video').currentTime"
    duration = float(page.evaluate("document.querySelector('video').duration"))
    assert page.evaluate(time_of) == pytest.approx(duration / 2, abs=0.1)
    ribbon.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(time_of) == pytest.approx(1, abs=0.1)
    expect(page.locator("#now")).not_to_be_empty()


def test_a_photo_is_answered(page: Page, photo: Path, empty_photo: Path) -> None:
    """The pose and its probabilities, or that nobody is there."""
    page.set_input_files("#file", photo)
    expect(page.locator(".bars li").first).to_be_visible()
    page.set_input_files("#file", empty_photo)
    expect(page.locator(".answer")).to_have_text("No person")


def test_a_video_that_fails_says_why_and_can_be_deleted(page: Page, tmp_path: Path) -> None:
    """The service's own message, and the way out."""
    page.set_input_files("#file", write_sound(tmp_path / "song.mp4"))
    expect(page.locator("#failed-text")).to_contain_text("song.mp4 holds sound but no picture")
    page.click("#failed-delete")
    expect(page.locator("#current")).to_be_hidden()
    expect(page.locator("#recent-list")).not_to_contain_text("song.mp4")


def test_a_running_analysis_is_cancelled(page: Page, long_clip: Path) -> None:
    """The card closes and nothing of it is listed."""
    page.set_input_files("#file", long_clip)
    expect(page.locator("#busy-text")).to_contain_text("frames")
    page.click("#cancel")
    expect(page.locator("#current")).to_be_hidden()
    expect(page.locator("#recent-list")).not_to_contain_text("long.mp4")


def test_a_finished_video_is_deleted_once_it_is_confirmed(
    page: Page, server: Server, clip: Path
) -> None:
    """A slip of the hand deletes nothing."""
    job_id = server.submit(clip, "mine.mp4")
    server.finished(job_id)
    page.reload()
    delete = page.get_by_role("button", name="Delete mine.mp4")
    page.once("dialog", lambda dialog: dialog.dismiss())
    delete.click()
    assert server.job(job_id)["status"] == "done"
    page.once("dialog", lambda dialog: dialog.accept())
    delete.click()
    expect(delete).to_have_count(0)
    assert server.http.get(f"{VIDEOS}/{job_id}").status_code == 404


def test_problems_are_explained(page: Page, tmp_path: Path) -> None:
    """A file beyond the limit is not even sent; a photo that is none gets the service's words."""
    (tmp_path / "huge.mp4").write_bytes(b"\0" * (3 * 1024 * 1024))
    expect(page.locator("#limits")).to_contain_text("MB")
    page.set_input_files("#file", tmp_path / "huge.mp4")
    expect(page.locator("#message")).to_contain_text("at most 2 MB are taken")
    page.click("#message-close")
    expect(page.locator("#message")).to_be_hidden()
    (tmp_path / "cat.jpg").write_text("no photo")
    page.set_input_files("#file", tmp_path / "cat.jpg")
    expect(page.locator("#message")).to_contain_text("cat.jpg is not a photo")


def test_the_demo_is_one_click_away(page: Page) -> None:
    """No file needed."""
    page.click("#demo")
    expect(page.locator("#result")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_reads_well(
    browser: Browser, server: Server, finished_job: str, scheme: str
) -> None:
    """No sideways scrolling at 390 pixels; text stands out from what is behind it (WCAG AA)."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator("#result")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    colours = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            return Object.fromEntries(['paper', 'card', 'ink', 'soft', 'accent', 'accent-strong',
                'on-accent', 'good', 'bad', 'tint', 'bad-tint'].map(
                    (name) => [name, style.getPropertyValue('--' + name).trim()]));
        }"""
    )
    context.close()
    for text, behind in (
        ("ink", "paper"),
        ("soft", "paper"),
        ("soft", "card"),
        ("soft", "tint"),
        ("accent-strong", "card"),
        ("on-accent", "accent"),
        ("good", "card"),
        ("bad", "card"),
        ("bad", "bad-tint"),
    ):
        assert _contrast(colours[text], colours[behind]) >= 4.5, (text, behind)


def _contrast(one: str, other: str) -> float:
    """Ratio of relative luminances, WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("path", sorted(WEB.iterdir()), ids=lambda path: path.name)
def test_the_page_needs_nobody_else(path: Path) -> None:
    """No address of another host, no script or style inside the markup."""
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<style|style=|<script>|\son\w+=\"", text)


def test_every_control_has_a_name(page: Page, server: Server, finished_job: str) -> None:
    """For those who hear the page instead of seeing it."""
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator("#result")).to_be_visible()
    for role in ("button", "link", "slider", "progressbar", "table"):
        for control in page.get_by_role(role, include_hidden=True).all():
            name = control.evaluate(
                "e => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')"
                " || e.labels?.[0]?.textContent || e.textContent || e.title"
            )
            assert name.strip(), control
