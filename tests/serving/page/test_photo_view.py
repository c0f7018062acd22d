"""The photo view."""

from pathlib import Path

from playwright.sync_api import Page, expect

DRAWN = """() => {
    const canvas = document.querySelector('.photo-stage canvas');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
        .data.some((value) => value > 0);
}"""


def test_a_photo_is_answered_with_its_skeleton(page: Page, photo: Path, empty_photo: Path) -> None:
    """The pose and its probabilities over the picture, or that nobody is there."""
    page.click("#to-photo")
    page.set_input_files("#photo-file", photo)
    expect(page.locator(".bars:visible li")).not_to_have_count(0)
    assert page.evaluate(DRAWN)
    page.get_by_role("switch", name="Skeleton").click()
    expect(page.locator(".photo-stage canvas")).to_be_hidden()
    page.set_input_files("#photo-file", empty_photo)
    expect(page.locator(".prediction")).to_have_text("No person")
    expect(page.locator(".photo-stage canvas")).to_have_count(0)


def test_the_demo_photo_is_one_click_away(page: Page) -> None:
    """No photo needed."""
    page.click("#to-photo")
    page.click("#photo-demo")
    expect(page.locator("#photo-status")).to_have_text("Done")
    page.click("#to-photo")
    expect(page.locator("#photo-card")).to_be_hidden()


def test_what_is_no_photo_gets_the_words_of_the_service(page: Page, tmp_path: Path) -> None:
    """And the card of the failed attempt is gone."""
    (tmp_path / "cat.jpg").write_text("no photo")
    page.click("#to-photo")
    page.set_input_files("#photo-file", tmp_path / "cat.jpg")
    expect(page.locator("#message")).to_contain_text("cat.jpg is not a photo")
    expect(page.locator("#photo-card")).to_be_hidden()


def test_a_photo_dropped_on_another_view_is_taken_to_its_own(page: Page, photo: Path) -> None:
    """People drop where they are."""
    transfer = page.evaluate_handle(
        """async (bytes) => {
            const transfer = new DataTransfer();
            const content = new Uint8Array(bytes);
            transfer.items.add(new File([content], 'pose.png', { type: 'image/png' }));
            return transfer;
        }""",
        list(photo.read_bytes()),
    )
    page.dispatch_event("#video", "dragenter", {"dataTransfer": transfer})
    expect(page.locator("body.dropping")).to_have_count(1)
    page.dispatch_event("#video", "drop", {"dataTransfer": transfer})
    expect(page.locator(".prediction")).to_be_visible()
    assert page.url.endswith("#photo")
