"""Images of live frames are decoded upright, or refused with the frame's number."""

import io

import numpy as np
import pytest
from PIL import Image

from serving.live.frame import FrameError, LiveFrame
from serving.live.image import decode_image
from tests.clips import corner_image, corner_order
from tests.jpegs import encoded, with_repeated_scan

LIMITS = (640 * 480, 32_000)


def stored(format_name: str, **options: object) -> bytes:
    """An image with coloured corners."""
    file = io.BytesIO()
    Image.fromarray(corner_image(90, 60)).save(file, format_name, quality=95, **options)
    return file.getvalue()


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP"])
def test_an_image_is_decoded(format_name: str) -> None:
    """As red, green and blue."""
    rgb = decode_image(LiveFrame(1, 0.0, stored(format_name)), *LIMITS)
    assert corner_order(rgb) == [0, 1, 2, 3]


def test_a_phone_that_turns_is_followed_frame_by_frame() -> None:
    """Each frame's own orientation counts."""
    for orientation, corners in ((1, [0, 1, 2, 3]), (6, [3, 0, 1, 2]), (2, [1, 0, 3, 2])):
        exif = Image.Exif()
        exif[0x0112] = orientation
        rgb = decode_image(LiveFrame(1, 0.0, stored("JPEG", exif=exif)), *LIMITS)
        assert corner_order(rgb) == corners
        assert rgb.shape == ((90, 60, 3) if orientation == 6 else (60, 90, 3))


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (with_repeated_scan(4000), "passes"),
        (encoded()[:-500], "truncated"),
        (b"no image", "not an image"),
    ],
    ids=["drawn over and over", "cut off", "text"],
)
def test_a_bad_image_is_refused(image: bytes, message: str) -> None:
    """With the number of the frame."""
    with pytest.raises(FrameError, match=message) as error:
        decode_image(LiveFrame(7, 0.0, image), *LIMITS)
    assert (error.value.code, error.value.frame_id) == ("bad_picture", 7)


def test_damaged_metadata_does_not_fail_a_frame() -> None:
    """The decoder does not see it."""
    exif = Image.Exif()
    exif[0x011A] = 72.5
    content = bytearray(encoded(exif=exif))
    at = content.index(b"Exif\0\0")
    content[at + 10 : at + 30] = b"\xff" * 20
    rgb = decode_image(LiveFrame(1, 0.0, bytes(content)), *LIMITS)
    np.testing.assert_array_equal(rgb, decode_image(LiveFrame(1, 0.0, encoded()), *LIMITS))
