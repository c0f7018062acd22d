"""Frames become upright with square pixels, as RGB and as planes alike."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from shared_features.media.display.turn import Turn
from shared_features.media.orientation import (
    DecodedPixels,
    Shape,
    Upright,
    pixel_aspect,
    square_pixel_size,
)
from shared_features.media.planes import storable_matrix
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, flag_rotation, write_video

UPRIGHT = [0, 1, 2, 3]
# Counter-clockwise, as matrices of a display.
QUARTERS = [
    Turn.of_matrix(*matrix)
    for matrix in ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
]


@pytest.mark.parametrize(
    ("of_stream", "of_codec", "size"),
    [
        (None, None, (720, 576)),
        (Fraction(16, 11), None, (1047, 576)),
        (Fraction(8, 9), None, (720, 648)),
        (None, Fraction(2), (1440, 576)),
        (Fraction(1, 2), Fraction(2), (720, 1152)),
        (Fraction(1001, 1000), None, (720, 576)),
        (Fraction(99, 100), None, (720, 582)),
        (Fraction(101, 100), None, (727, 576)),
        (Fraction(10), None, (720, 576)),
        (Fraction(1, 10), None, (720, 576)),
        (Fraction(9), None, (6480, 576)),
    ],
    ids=[
        *("nothing said", "wide", "tall", "by the codec", "stream before codec", "rounding"),
        *("one per cent tall", "one per cent wide", "absurdly wide", "absurdly tall", "very wide"),
    ],
)
def test_pixels_are_stretched_until_they_are_square(
    of_stream: Fraction | None, of_codec: Fraction | None, size: tuple[int, int]
) -> None:
    """By the stream's pixel shape, or else the codec's; absurd shapes are mistakes."""
    codec = SimpleNamespace(sample_aspect_ratio=of_codec)
    stream: Any = SimpleNamespace(codec_context=codec, sample_aspect_ratio=of_stream)
    assert square_pixel_size(720, 576, pixel_aspect(stream)) == size


def a_frame(
    width: int, height: int, pixel_format: str = "yuv420p", full_range: bool = False
) -> VideoFrame:
    """A frame with a differently coloured corner each."""
    frame = VideoFrame.from_ndarray(corner_image(width, height), format="rgb24")
    return frame.reformat(
        format=pixel_format,
        dst_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
    )


def as_rgb(planes: Any) -> Any:
    """Planes of limited range as RGB, for comparison."""
    height, width = planes.y.shape
    stacked = np.concatenate([plane.ravel() for plane in planes])
    image = stacked.reshape(height * 3 // 2, width)
    return VideoFrame.from_ndarray(image, format="yuv420p").to_ndarray(format="rgb24")


@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv420p10le", "rgb24"])
@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
def test_rgb_and_planes_show_the_same(
    quarter_turns: int, pixel_format: str, full_range: bool
) -> None:
    """Turned alike, in the same size and the same colours, whatever the video stores."""
    pixels = DecodedPixels(
        a_frame(120, 80, pixel_format, full_range), Upright(Shape(120, 80, QUARTERS[quarter_turns]))
    )
    width, height = pixels.size
    assert (width, height) == ((80, 120) if quarter_turns % 2 else (120, 80))
    assert pixels.rgb.shape == (height, width, 3)
    assert pixels.rgb.flags["C_CONTIGUOUS"]
    assert [plane.shape for plane in pixels.planes] == [
        (height, width),
        (height // 2, width // 2),
        (height // 2, width // 2),
    ]
    turned = np.rot90(corner_image(120, 80), k=quarter_turns)
    assert corner_order(pixels.rgb) == corner_order(np.ascontiguousarray(turned))
    shown = as_rgb(pixels.planes)
    assert np.abs(shown.astype(int) - pixels.rgb).mean() < 5


@pytest.mark.parametrize(
    ("colour_range", "stored", "expected"),
    [(ColorRange.MPEG, 235, 235), (ColorRange.JPEG, 255, 235), (ColorRange.UNSPECIFIED, 235, 235)],
    ids=["limited", "full", "not said"],
)
def test_white_is_white_in_either_range(
    colour_range: ColorRange, stored: int, expected: int
) -> None:
    """Planes always have limited range, in which white is 235."""
    frame = VideoFrame(96, 64, "yuv420p")
    for plane, value in zip(frame.planes, (stored, 128, 128), strict=True):
        np.frombuffer(memoryview(plane), np.uint8)[:] = value
    frame.color_range = colour_range
    pixels = DecodedPixels(frame, Upright(Shape(96, 64)))
    assert np.abs(pixels.planes.y.astype(int) - expected).max() <= 1
    assert pixels.rgb.min() >= 253


@pytest.mark.parametrize(
    ("matrix", "luma"), [(0, 63), (1, 63), (5, 81)], ids=["RGB", "BT.709", "BT.601"]
)
def test_red_is_stored_by_the_videos_own_matrix(matrix: int, luma: int) -> None:
    """Luma of red is 16 + 219 × its weight; where RGB itself is stored, by that of BT.709."""
    red = np.zeros((64, 96, 3), np.uint8)
    red[..., 0] = 255
    frame = VideoFrame.from_ndarray(red, format="rgb24")
    if matrix:
        frame = frame.reformat(format="yuv444p", dst_colorspace=matrix)
    else:
        frame = frame.reformat(format="gbrp")
    frame.colorspace = matrix
    pixels = DecodedPixels(frame, Upright(Shape(96, 64)))
    assert np.abs(pixels.planes.y.astype(int) - luma).max() <= 2


def test_planes_of_an_ordinary_video_are_not_copied() -> None:
    """They are views of the decoder's memory."""
    stored = a_frame(96, 64)
    planes = Upright(Shape(96, 64)).planes(stored)
    memory = np.frombuffer(memoryview(stored.planes[0]), np.uint8)
    assert np.shares_memory(planes.y, memory)


@pytest.mark.parametrize("size", [(60, 40), (240, 160)], ids=["smaller", "larger"])
def test_a_frame_of_another_size_is_scaled_to_the_first(size: tuple[int, int]) -> None:
    """A frame of the same shape fills it."""
    pixels = DecodedPixels(a_frame(*size), Upright(Shape(120, 80)))
    assert pixels.rgb.shape == (80, 120, 3)
    assert pixels.planes.y.shape == (80, 120)
    assert corner_order(pixels.rgb) == UPRIGHT
    assert corner_order(as_rgb(pixels.planes)) == UPRIGHT


@pytest.mark.parametrize(
    ("size", "columns", "rows"),
    [((80, 120), slice(32, 86), slice(0, 80)), ((240, 80), slice(0, 120), slice(20, 60))],
    ids=["upright", "wide"],
)
def test_a_frame_of_another_shape_keeps_square_pixels(
    size: tuple[int, int], columns: slice, rows: slice
) -> None:
    """It is fitted in between black bars: the phone was turned during the recording."""
    frame, upright = a_frame(*size), Upright(Shape(120, 80))
    decoded, planes = upright.rgb(frame), upright.planes(frame)
    assert decoded.shape == (80, 120, 3)
    assert np.abs(as_rgb(planes).astype(int) - decoded).mean() < 6
    assert corner_order(np.ascontiguousarray(decoded[rows, columns])) == UPRIGHT
    decoded[rows, columns] = 0
    assert decoded.max() <= 8
    assert upright.has_another_shape(frame)
    assert not upright.has_another_shape(a_frame(120, 80))


def test_a_video_says_how_its_frames_are_turned(tmp_path: Path, media: MediaParams) -> None:
    """Rotation and pixel shape together: the stored pixels are stretched, then turned."""
    stored = np.ascontiguousarray(np.rot90(corner_image(120, 80)))
    path = write_video(
        tmp_path / "phone.mp4", [stored] * 3, [0.0, 0.1, 0.2], pixel_aspect=Fraction(3, 2)
    )
    flag_rotation(path, 90)
    with VideoReader(path, media) as reader:
        frame = next(reader.frames())
    # Stored as 80 × 120, stretched to 120 × 120, and turned.
    assert frame.rgb.shape == (120, 120, 3)
    assert corner_order(frame.rgb) == UPRIGHT
    with av.open(str(path)) as container:
        decoded = next(container.decode(video=0))
        upright = Upright.of_video(container.streams.video[0], decoded)
    assert upright.size == (120, 120)
    assert np.array_equal(upright.rgb(decoded), frame.rgb)


@pytest.mark.parametrize(("matrix", "stored"), [(0, 1), (1, 1), (5, 5), (9, 9), (2, 2)])
def test_only_rgb_itself_needs_another_matrix(matrix: int, stored: int) -> None:
    """Planes cannot hold RGB; they are stored as high-definition video instead."""
    assert storable_matrix(matrix) == stored
