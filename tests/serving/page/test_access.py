"""Everybody can use the page: by eye, by ear, by keyboard, on a phone, in the dark."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.serving.page.conftest import LAPTOP, wait_until, watched
from tests.serving.server import Server

SERIOUS = ("serious", "critical")
PHONE: ViewportSize = {"width": 390, "height": 844}


def open_live(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#live")
    expect(page.locator("#live-start")).to_be_visible()


def open_live_demo(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#live")
    page.click("#live-demo")
    expect(page.locator("#live-pose")).not_to_be_empty()


def open_videos(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#video")
    expect(page.locator("#recent-list li")).not_to_have_count(0)


def open_analysis(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#{job_id}")
    expect(page.locator(".chart")).to_be_visible()


def open_photo(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#photo")
    page.click("#photo-demo")
    expect(page.locator(".prediction")).to_be_visible()


def open_problem(page: Page, url: str, job_id: str) -> None:
    page.goto(f"{url}/#{'0' * 32}")
    expect(page.locator("#message")).to_be_visible()


def open_question(page: Page, url: str, job_id: str) -> None:
    open_analysis(page, url, job_id)
    page.click("#delete")
    expect(page.locator("#confirm")).to_be_visible()


VIEWS = [
    open_live,
    open_live_demo,
    open_videos,
    open_analysis,
    open_photo,
    open_problem,
    open_question,
]


@pytest.fixture(params=["light", "dark"])
def either_page(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        viewport=LAPTOP, color_scheme=request.param, reduced_motion="reduce"
    )
    with watched(context) as page:
        yield page


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_axe_finds_nothing_serious(
    either_page: Page, server: Server, finished_job: str, view: Callable[[Page, str, str], None]
) -> None:
    """Names, roles, contrast, order: nothing that keeps anybody out."""
    view(either_page, server.url, finished_job)
    found = Axe().run(either_page).response["violations"]
    serious = [
        (v["id"], [node["html"][:200] for node in v["nodes"]])
        for v in found
        if v["impact"] in SERIOUS
    ]
    assert serious == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_it_fits_a_phone_held_upright(
    browser: Browser, server: Server, finished_job: str, view: Callable[[Page, str, str], None]
) -> None:
    """Nothing scrolls sideways at 390 pixels."""
    with watched(browser.new_context(viewport=PHONE, has_touch=True)) as page:
        view(page, server.url, finished_job)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_keyboard_is_enough(page: Page, server: Server, finished_job: str) -> None:
    """From the first key to a played hold, without a mouse."""
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator("#result")).to_be_visible()
    page.locator("body").focus()
    page.keyboard.press("Tab")
    names = set()
    for _ in range(60):
        names.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
        page.keyboard.press("Tab")
    assert {"to-live", "to-photo", "copy-link", "delete", "ribbon", "joint", "file"} <= names
    page.locator(".pose-button").first.focus()
    page.keyboard.press("Enter")
    wait_until(page, "!document.querySelector('.player video').paused")


def test_every_control_has_a_name(page: Page, server: Server, finished_job: str) -> None:
    """For those who hear the page instead of seeing it; hidden controls too."""
    page.goto(f"{server.url}/#{finished_job}")
    expect(page.locator("#result")).to_be_visible()
    for role in ("button", "link", "slider", "progressbar", "switch", "combobox", "radio"):
        for control in page.get_by_role(role, include_hidden=True).all():
            name = control.evaluate(
                "e => e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')"
                " || e.labels?.[0]?.textContent || e.textContent || e.title"
                " || e.querySelector('img')?.alt"
            )
            assert (name or "").strip(), control
