"""The labelling page in a real browser."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect, sync_playwright

from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.landmarks.track_csv import write_track
from shared_features.params import PROJECT_ROOT
from tests.browsers import ARGUMENTS, browser_path
from tests.training.labeller.bodies import bodies_in_view
from tests.training.labeller.conftest import StartTool
from tests.training.labeller.tool import SEED_RANGES, SEED_TABLE, Tool, write_params
from training.labeller.editing.ranges import Ranges
from training.labels.label_tables import LabelledRange, LabelTable, read_labels, write_labels

WEB = PROJECT_ROOT / "training" / "labeller" / "web"
VIEWPORT: ViewportSize = {"width": 1200, "height": 800}
PATIENCE_MS = 30_000
RECORDINGS = 12
# Browsers report on their own that a killed tool does not respond.
EXPECTED = ("Failed to load resource", "net::ERR")

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def context() -> Iterator[BrowserContext]:
    """One browser context for all tests: starting a renderer takes longer than most tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(playwright), args=ARGUMENTS
        )
        context = browser.new_context(viewport=VIEWPORT)
        context.set_default_timeout(PATIENCE_MS)
        yield context
        browser.close()


@pytest.fixture(scope="module")
def first_page(context: BrowserContext) -> Page:
    page = context.new_page()
    # The page asks before it is left with unsaved key presses.
    page.on("dialog", lambda dialog: dialog.accept())
    return page


@pytest.fixture
def open_page(context: BrowserContext, first_page: Page) -> Iterator[OpenPage]:
    """Opens a tool's page; a console message or a request to another host fails the test."""
    complaints: list[str] = []
    hosts: set[str] = set()
    pages: list[Page] = []
    listeners = {
        "pageerror": lambda error: complaints.append(str(error)),
        "console": lambda message: complaints.append(message.text),
        "request": lambda request: hosts.add(request.url.split("/")[2]),
    }

    def opened(
        tool: Tool, address: str = "", color_scheme: Literal["light", "dark"] = "light"
    ) -> Page:
        page = context.new_page() if pages else first_page
        pages.append(page)
        page.set_viewport_size(VIEWPORT)
        page.emulate_media(color_scheme=color_scheme)
        for event, listener in listeners.items():
            page.on(event, listener)
        page.goto(tool.url + address)
        expect(page.locator("#frame-image")).to_be_visible()
        return page

    expect.set_options(timeout=PATIENCE_MS)
    yield opened
    for page in pages[1:]:
        page.close()
    if pages:
        for event, listener in listeners.items():
            first_page.remove_listener(event, listener)
        first_page.goto("about:blank")
    assert [text for text in complaints if not any(part in text for part in EXPECTED)] == []
    assert {host.split(":")[0] for host in hosts} <= {"127.0.0.1", ""}


@pytest.fixture
def tool(tools: StartTool, seed_clip: Path) -> Tool:
    """A tool with one recording, for a single test."""
    return tools(lambda folder: shutil.copy(seed_clip, folder / "routine.mp4"))


@pytest.fixture(scope="module")
def shared_tool(tmp_path_factory: pytest.TempPathFactory, seed_clip: Path) -> Iterator[Tool]:
    """One tool for all tests that only need a recording of their own."""
    tool = Tool(write_params(tmp_path_factory.mktemp("shared")))
    tool.recordings.mkdir(parents=True)
    for number in range(RECORDINGS):
        shutil.copy(seed_clip, tool.recordings / f"clip{number}.mp4")
    yield tool.start()
    tool.close()
    assert "Traceback" not in tool.output, tool.output


@dataclass
class OpenRecording:
    """A page with a recording that no other test labels."""

    tool: Tool
    stem: str
    page: Page

    def table(self) -> Ranges:
        """The labels on disk."""
        return self.tool.table(self.stem)


@pytest.fixture
def opened(shared_tool: Tool, open_page: OpenPage) -> OpenRecording:
    untouched = (one for one in shared_tool.listing()["recordings"] if one["status"] == "new")
    stem = Path(next(untouched)["name"]).stem
    return OpenRecording(shared_tool, stem, open_page(shared_tool, f"#video_{stem}.mp4"))


def at(page: Page, frame: int) -> None:
    """Wait until a frame is on the page and visible."""
    expect(page.locator("#position")).to_have_text(
        re.compile(rf"frame {frame}( of 0–22|, the last one) ")
    )
    expect(page.locator("#frame-image")).to_have_attribute("data-seen", re.compile(rf"@{frame}$"))


def sees(page: Page, photo: str) -> None:
    """Wait until a photo is on the page and visible."""
    expect(page.locator("#title")).to_have_text(photo)
    expect(page.locator("#frame-image")).to_have_attribute("data-seen", f"photo_{photo}@0")


def label_all(page: Page) -> None:
    for frame, key, *_ in SEED_TABLE:
        at(page, frame)
        page.keyboard.press(key)
    expect(page.locator("#card-title")).to_be_visible()


def saved(page: Page) -> None:
    expect(page.locator("#saved")).to_have_text("Saved")


def segments(page: Page) -> list[str]:
    return [
        segment.get_attribute("title") or "" for segment in page.locator("#overview .segment").all()
    ]


def test_the_seeds_table_typed_into_the_page(tool: Tool, open_page: OpenPage) -> None:
    """Frames 0, 5, 10, 15, 20 and 22 are shown; six keys give the seed's table."""
    page = open_page(tool)
    for frame, key, label, (first, last) in SEED_TABLE:
        at(page, frame)
        labelled = f"frame {frame}." if first == last else f"frames {first}–{last}."
        expect(page.locator("#task")).to_have_text(f"A key labels {labelled}")
        page.keyboard.press(key)
        expect(page.locator("#message")).to_contain_text(label)
    expect(page.locator("#card-title")).to_have_text("All videos are labelled")
    saved(page)
    assert tool.table("routine") == SEED_RANGES
    text = (tool.labels / "video_routine_labeled.csv").read_text().splitlines()
    assert text[0] == "frame_number,filename,label"
    assert text[6] == "5,video_routine.mp4,Banana"
    expect(page.locator("#list")).to_contain_text("Labelled (1)")


def test_keys_typed_ahead_are_not_lost(opened: OpenRecording) -> None:
    """A user who knows the routine types faster than frames appear."""
    page = opened.page
    for frame, keys in ((0, "aba"), (15, "cca")):
        at(page, frame)
        page.keyboard.type(keys)
    expect(page.locator("#card-title")).to_be_visible()
    saved(page)
    assert opened.table() == SEED_RANGES


def test_arrow_left_goes_back_and_relabels(opened: OpenRecording) -> None:
    """Only the stretch that ends at the frame changes, and the next key press moves on."""
    page = opened.page
    label_all(page)
    page.keyboard.press("ArrowLeft")
    at(page, 22)
    for frame in (20, 15, 10):
        page.keyboard.press("ArrowLeft")
        at(page, frame)
    expect(page.locator("#task")).to_have_text("A key relabels frames 6–10.")
    page.keyboard.press("c")
    at(page, 15)
    saved(page)
    assert opened.table()[2] == LabelledRange(6, 20, "Cherry")
    page.keyboard.press("Shift+B")
    expect(page.locator("#overview .segment").nth(1)).to_have_attribute(
        "title", "Banana, frames 1 to 20"
    )
    saved(page)
    assert opened.table()[1] == LabelledRange(1, 20, "Banana")


def test_undo_also_after_a_restart(tool: Tool, open_page: OpenPage) -> None:
    """The page stays open while the tool restarts; then labels are undone one by one."""
    page = open_page(tool)
    label_all(page)
    page.keyboard.press("Backspace")
    at(page, 22)
    saved(page)
    assert tool.table("routine")[-1].last == 20
    port = tool.port
    tool.stop()
    expect(page.locator("#alert")).to_contain_text("cannot be reached")
    tool.start(port=port)
    expect(page.locator("#alert")).to_be_hidden()
    for frame in (20, 15, 10, 5):
        page.keyboard.press("Control+z")
        at(page, frame)
    saved(page)
    assert tool.table("routine") == SEED_RANGES[:1]
    page.keyboard.press("Control+y")
    saved(page)
    expect(page.locator("#message")).to_contain_text("Redone: frames 1–5")
    assert tool.table("routine") == SEED_RANGES[:2]


def test_another_key_shows_the_valid_ones(opened: OpenRecording) -> None:
    """Nothing is labelled by mistake; capital letters work; the question mark opens the help."""
    page = opened.page
    at(page, 0)
    page.keyboard.press("x")
    expect(page.locator("#message")).to_contain_text(
        "No label is on the key “x”. The label keys are: a Apple, b Banana, c Cherry."
    )
    at(page, 0)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    for label in ("Apple", "Banana", "Cherry"):
        expect(page.locator("#help-labels")).to_contain_text(label)
    page.keyboard.press("b")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    assert opened.table() == ()
    page.keyboard.press("A")  # as with Caps Lock
    at(page, 5)
    saved(page)
    assert opened.table() == SEED_RANGES[:1]


def test_a_boundary_is_dragged_with_the_mouse(opened: OpenRecording) -> None:
    """From after frame 5 to after frame 8, with a preview; undo reverts it."""
    page = opened.page
    label_all(page)
    page.keyboard.press("ArrowLeft")
    ribbon = page.locator("#overview .ribbon").bounding_box()
    handle = page.locator('#overview .handle[data-boundary="5"]').bounding_box()
    assert ribbon is not None
    assert handle is not None
    frame_px = ribbon["width"] / 23
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 10)
    page.mouse.down()
    for step in (1, 2, 3):
        page.mouse.move(ribbon["x"] + frame_px * (6 + step), ribbon["y"] + 10)
    expect(page.locator("#peek")).to_have_text("Banana ends at frame 8, then Apple")
    assert opened.table() == SEED_RANGES
    page.mouse.up()
    expect(page.locator("#peek")).to_be_hidden()
    at(page, 22)
    saved(page)
    expect(page.locator('#overview .handle[data-boundary="8"]')).to_be_visible()
    assert opened.table()[1:3] == (
        LabelledRange(1, 8, "Banana"),
        LabelledRange(9, 10, "Apple"),
    )
    # The same with the keyboard.
    page.locator('#overview .handle[data-boundary="8"]').focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator('#overview .handle[data-boundary="7"]')).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator('#overview .handle[data-boundary="6"]')).to_be_focused()
    saved(page)
    assert opened.table()[1] == LabelledRange(1, 6, "Banana")
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect(page.locator('#overview .handle[data-boundary="5"]')).to_be_visible()
    at(page, 22)
    saved(page)
    assert opened.table() == SEED_RANGES


def test_the_timeline_seeks_and_changes_ranges(opened: OpenRecording) -> None:
    """A click goes to that frame; the list next to it changes the label of the whole range."""
    page = opened.page
    label_all(page)
    ribbon = page.locator("#overview .ribbon")
    box = ribbon.bounding_box()
    assert box is not None
    ribbon.click(position={"x": box["width"] * 12.5 / 23, "y": 20})
    at(page, 12)
    expect(page.locator("#range-text")).to_have_text("Frames 11–20")
    page.select_option("#range-label", "Banana")
    expect(page.locator("#message")).to_have_text("frames 11–20: Banana")
    saved(page)
    assert opened.table()[3] == LabelledRange(11, 20, "Banana")
    assert "Banana, frames 11 to 20" in segments(page)
    page.keyboard.press("Shift+ArrowRight")
    at(page, 13)
    page.keyboard.press("ArrowRight")
    at(page, 15)
    page.keyboard.press("Home")
    at(page, 0)


def test_killed_while_the_user_types(tool: Tool, open_page: OpenPage) -> None:
    """A key pressed while the tool is dead is kept, reported as unsaved, and saved later."""
    page = open_page(tool)
    for frame, key in ((0, "a"), (5, "b")):
        at(page, frame)
        page.keyboard.press(key)
    at(page, 10)
    saved(page)
    port = tool.port
    tool.kill()
    assert tool.table("routine") == SEED_RANGES[:2]
    page.keyboard.press("a")
    expect(page.locator("#saved")).to_contain_text("1 key press is not saved yet")
    page.keyboard.press("c")
    expect(page.locator("#message")).to_contain_text("Your last key press is kept")
    tool.start(port=port)
    saved(page)
    assert tool.table("routine") == SEED_RANGES[:3]
    at(page, 15)
    expect(page.locator("#alert")).to_be_hidden()
    page.keyboard.press("c")
    at(page, 20)
    page.reload()
    at(page, 20)
    page.keyboard.press("c")
    at(page, 22)
    page.keyboard.press("a")
    expect(page.locator("#card-title")).to_be_visible()
    saved(page)
    assert tool.table("routine") == SEED_RANGES


def test_links_and_resuming(tools: StartTool, seed_clip: Path, open_page: OpenPage) -> None:
    """A link opens a recording at a frame; without one, the partly labelled recording opens."""

    def prepare(folder: Path) -> None:
        for name in ("begun", "my clip #1", "other"):
            shutil.copy(seed_clip, folder / f"{name}.mp4")
        labels = folder.parents[1] / "interim" / "labels"
        half = LabelTable("video_begun.mp4", (LabelledRange(0, 10, "Apple"),))
        write_labels(half, labels / "video_begun_labeled.csv")

    tool = tools(prepare)
    page = open_page(tool)
    expect(page.locator("#title")).to_have_text("begun.mp4")
    at(page, 15)
    page.goto(tool.url + "#video_my%20clip%20%231.mov@7")
    expect(page.locator("#title")).to_have_text("my clip #1.mp4")
    at(page, 7)
    other = open_page(tool, "#video_other.mp4@22")
    expect(other.locator("#title")).to_have_text("other.mp4")
    at(other, 22)
    unknown = open_page(tool, "#video_nobody.mp4@3")
    expect(unknown.locator("#alert")).to_contain_text("There is no recording 'video_nobody.mp4'")
    expect(unknown.locator("#title")).to_have_text("begun.mp4")
    # From one recording to the next with the keyboard alone.
    for key in "aca":
        unknown.keyboard.press(key)
    expect(unknown.locator("#card-text")).to_contain_text(
        "Next: my clip #1.mp4. 2 videos are left."
    )

    def next_is_open() -> bool:
        # Right after the last frame, Enter does nothing for half a second.
        unknown.keyboard.press("Enter")
        return unknown.locator("#title").inner_text() == "my clip #1.mp4"

    tool.wait_for(next_is_open)
    at(unknown, 0)


def test_forced_recordings_keep_the_labels_of_skipped_frames(
    tools: StartTool, seed_clip: Path, open_page: OpenPage
) -> None:
    """Space moves on and keeps the old label; a key replaces it; then the recording is done."""

    def prepare(folder: Path) -> None:
        shutil.copy(seed_clip, folder / "routine.mp4")
        path = folder.parents[1] / "interim" / "labels" / "video_routine_labeled.csv"
        write_labels(LabelTable("video_routine.mp4", SEED_RANGES), path)

    tool = tools(prepare, label_videos={"force_relabel_all": True})
    page = open_page(tool)
    for frame, *_ in SEED_TABLE[:-1]:
        at(page, frame)
        page.keyboard.press("b" if frame == 10 else " ")
    at(page, 22)
    page.keyboard.press(" ")
    expect(page.locator("#card-title")).to_have_text("All videos are labelled")
    assert tool.table("routine") == (
        SEED_RANGES[0],
        LabelledRange(1, 10, "Banana"),
        *SEED_RANGES[3:],
    )


def test_photos_one_key_each(tools: StartTool, open_page: OpenPage) -> None:
    """A key labels and opens the next; back, undo and skip work; a damaged photo is skipped."""

    def prepare(folder: Path) -> None:
        for index, name in enumerate("pqrs"):
            Image.new("RGB", (400, 300), (60 * index, 90, 120)).save(folder / f"{name}.jpg")

    tool = tools(prepare, kind="photo")
    tool.wait_for(lambda: len(tool.listing()["queue"]) == 4)
    # It is damaged from now on, even if the tool has already read it.
    (tool.recordings / "r.jpg").write_text("no photo")
    page = open_page(tool)
    sees(page, "p.jpg")
    page.keyboard.press("a")
    sees(page, "q.jpg")
    saved(page)
    assert tool.table("p") == (LabelledRange(0, 0, "Apple"),)
    page.keyboard.press("ArrowLeft")
    sees(page, "p.jpg")
    page.keyboard.press("b")
    sees(page, "q.jpg")
    saved(page)
    assert tool.table("p") == (LabelledRange(0, 0, "Banana"),)
    page.keyboard.press("Backspace")
    sees(page, "p.jpg")
    saved(page)
    assert tool.table("p") == (LabelledRange(0, 0, "Apple"),)
    page.keyboard.press("End")
    sees(page, "q.jpg")
    page.keyboard.press(" ")
    sees(page, "s.jpg")
    expect(page.locator("#timeline-panel")).to_be_hidden()


def test_proposals_are_accepted_with_enter(
    tools: StartTool, open_page: OpenPage, seed_clip: Path, model: Path
) -> None:
    """Enter accepts the model's proposal; Shift Enter goes to where the model is least sure."""
    samples = bodies_in_view(23)
    size = int(samples.width[0]), int(samples.height[0])
    track = LandmarkTrack(
        *("routine.mp4", *size, np.arange(23.0)), samples.image, samples.world, {}
    )

    def prepare(folder: Path) -> None:
        shutil.copy(seed_clip, folder / "routine.mp4")
        table = folder.parent / "landmarks" / "video_routine_landmarks.csv"
        table.parent.mkdir()
        write_track(track, table)

    settings = {"promotion": {"output": str(model)}, "label_videos": {"skip_seconds": 5}}
    tool = tools(prepare, fruit=False, **settings)
    page = open_page(tool)
    expect(page.locator(".suggestion")).to_be_visible()
    proposals = tool.recording("video_routine.mp4")["proposals"]
    page.keyboard.press("Shift+Enter")
    at(page, proposals["least_sure"][0])
    page.keyboard.press("Home")
    for one in proposals["stretches"]:
        at(page, one["last"])
        expect(page.locator(".suggestion strong")).to_have_text(one["label"])
        page.keyboard.press("Enter")
    expect(page.locator("#card-title")).to_be_visible()
    saved(page)
    labelled = read_labels(tool.labels / "video_routine_labeled.csv")
    assert labelled.by_frame() == {
        frame: one["label"]
        for one in proposals["stretches"]
        for frame in range(one["first"], one["last"] + 1)
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_window_and_reads_well(
    shared_tool: Tool, open_page: OpenPage, scheme: Literal["light", "dark"]
) -> None:
    """No sideways scrolling at 390 pixels; text has enough contrast (WCAG AA)."""
    page = open_page(shared_tool, "#video_clip0.mp4", color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    colours = page.evaluate(
        """() => {
            const style = getComputedStyle(document.documentElement);
            return Object.fromEntries(['paper', 'card', 'ink', 'soft', 'accent', 'accent-strong',
                'on-accent', 'bad', 'bad-tint', 'tint', 'other', 'on-tone'].map(
                    (name) => [name, style.getPropertyValue('--' + name).trim()]));
        }"""
    )
    for text, background in (
        ("ink", "paper"),
        ("ink", "card"),
        ("ink", "tint"),
        ("ink", "bad-tint"),
        ("soft", "paper"),
        ("soft", "card"),
        ("soft", "tint"),
        ("accent-strong", "card"),
        ("on-accent", "accent"),
        ("on-tone", "other"),
        ("bad", "paper"),
        ("bad", "bad-tint"),
    ):
        assert contrast(colours[text], colours[background]) >= 4.5, (text, background)


def contrast(one: str, other: str) -> float:
    """Ratio of relative luminances, WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("path", sorted(WEB.iterdir()), ids=lambda path: path.name)
def test_the_page_loads_nothing_from_other_hosts(path: Path) -> None:
    """No address of another host, no inline script or style."""
    text = path.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"')]*", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<style|style=|<script>|\son\w+=\"", text)


def test_every_control_has_a_name(opened: OpenRecording) -> None:
    """Screen readers need one."""
    page = opened.page
    label_all(page)
    controls = "button, a, select, progress, [role=slider]"
    names = page.locator(controls).evaluate_all(
        """controls => controls.map(e => [e.outerHTML, e.getAttribute('aria-label')
            || e.getAttribute('aria-labelledby') || e.labels?.[0]?.textContent || e.textContent
            || e.title])"""
    )
    assert len(names) > 10
    assert [html for html, name in names if not (name or "").strip()] == []
