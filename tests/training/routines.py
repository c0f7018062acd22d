"""Short rendered routines with known labels, and a simulated user who labels one in a browser."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from playwright.sync_api import Browser, expect

from shared_features.media.video.writer import VideoWriter
from training.synthetic.performance import performance_frames

# For every seed, this stretch goes from an l-hang through a tuck into a nutcracker.
START_S, END_S = 9.2, 13.4
HEIGHT, WIDTH = 240, 320
PATIENCE_MS = 30_000
# The page ignores a key while the image of its frame is still loading, and says so.
HANDLED = """before => {
    const text = id => document.querySelector(id).textContent;
    const position = /^frame (\\d+)/.exec(text("#position"));
    return !document.querySelector("#card").hidden
        || (position && Number(position[1]) !== before) || text("#message").includes("Press again");
}"""


@dataclass(frozen=True)
class Routine:
    """A rendered video and the true label of each of its frames."""

    path: Path
    labels: tuple[str, ...]

    def rows(self) -> list[tuple[str, str, int, int]]:
        """Path, label, first and last frame of each range, as `import-labels` reads them."""
        rows = []
        for label, group in groupby(enumerate(self.labels), key=lambda numbered: numbered[1]):
            frames = [frame for frame, _ in group]
            rows.append((self.path.name, label, frames[0], frames[-1]))
        return rows


def render_routine(path: Path, seed: int) -> Routine:
    labels = []
    with VideoWriter(path, WIDTH, HEIGHT) as writer:
        for rgb, pts_s, label in performance_frames(seed, HEIGHT, WIDTH, START_S, END_S):
            writer.write(rgb, pts_s - START_S)
            labels.append(label)
    return Routine(path, tuple(labels))


def type_labels(
    browser: Browser, url: str, name: str, labels: Sequence[str], key_of: dict[str, str]
) -> list[int]:
    """Press the key of the true label at each frame that the labelling page shows.

    Returns:
        The frames that were shown.
    """
    shown: list[int] = []
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(f"{url}#video_{name}")
        expect(page.locator("#title")).to_have_text(name)
        expect(page.locator("#frame-image")).to_be_visible()
        while not page.locator("#card").is_visible():
            found = re.match(r"frame (\d+)", page.locator("#position").inner_text())
            assert found is not None
            frame = int(found[1])
            if frame not in shown:
                shown.append(frame)
            # From here on, any message is about this key.
            page.locator("#message").evaluate("message => { message.textContent = ''; }")
            page.keyboard.press(key_of[labels[frame]])
            page.wait_for_function(HANDLED, arg=frame)
        expect(page.locator("#saved")).to_have_text("Saved")
    finally:
        page.close()
    return shown
