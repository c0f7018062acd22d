"""The page works for everyone: by eye, by ear, by keyboard, on a phone, in the dark."""

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.serving.page.conftest import LAPTOP, wait_until, watched
from tests.serving.server import Server

SERIOUS = ("serious", "critical")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
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


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_every_view_is_accessible_and_fits_a_phone(
    browser: Browser, server: Server, finished_job: str, view: Callable[[Page, str, str], None]
) -> None:
    """Axe finds nothing serious in light or dark, and nothing scrolls sideways at 390 pixels."""
    context = browser.new_context(viewport=LAPTOP, reduced_motion="reduce", has_touch=True)
    with watched(context) as page:
        view(page, server.url, finished_job)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert serious_violations(page) == [], scheme
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("view", [open_live, open_analysis], ids=lambda view: view.__name__)
def test_a_view_opened_in_the_dark_on_a_phone_is_accessible(
    browser: Browser, server: Server, finished_job: str, view: Callable[[Page, str, str], None]
) -> None:
    """The first paint needs no change of scheme or size."""
    context = browser.new_context(
        viewport=PHONE, color_scheme="dark", reduced_motion="reduce", has_touch=True
    )
    with watched(context) as page:
        view(page, server.url, finished_job)
        assert serious_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def serious_violations(page: Page) -> list[tuple[str, list[str]]]:
    """Rules that keep people out, with the elements that break them."""
    return [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in SERIOUS
    ]


def test_the_keyboard_is_enough(page: Page, server: Server, finished_job: str) -> None:
    """From the first Tab to playing a hold, without a mouse."""
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
    """Screen readers need one; hidden controls too."""
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
