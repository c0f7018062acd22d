"""A frame carries its time and gives its pixels when they are asked for."""

from pathlib import Path

import numpy as np
import pytest
from av.video.frame import VideoFrame

from shared_features.media.frames import Frame, RgbArray
from shared_features.media.orientation import Upright
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import corner_image, write_video


def test_a_frame_of_given_pixels_has_no_planes() -> None:
    """Only videos store planes."""
    rgb = np.zeros((4, 6, 3), np.uint8)
    frame = Frame.of_rgb(rgb, 7, 1.5, 0.04)
    assert (frame.index, frame.pts_s, frame.duration_s) == (7, 1.5, 0.04)
    assert frame.rgb is rgb
    plain = Frame.of_rgb(rgb)
    assert (plain.index, plain.pts_s, plain.duration_s) == (0, 0.0, 0.0)
    with pytest.raises(TypeError, match="does not come from a video"):
        _ = frame.planes


def test_a_frame_is_shown_without_its_pixels() -> None:
    """Its place, its times and its size are what a reader of a log needs."""
    frame = Frame.of_rgb(np.zeros((4, 6, 3), np.uint8), 7, 1.5, 0.04)
    assert repr(frame) == "Frame(index=7, pts_s=1.500, duration_s=0.040, 6×4)"


def test_frames_of_a_video_are_converted_once_and_only_when_asked_for(
    tmp_path: Path, media: MediaParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading times, sizes and planes costs no conversion; asking twice costs one."""
    path = write_video(tmp_path / "clip.mp4", [corner_image(96, 64)] * 3, [0.0, 0.1, 0.2])
    converted: list[int | None] = []
    real = Upright.rgb

    def counting(upright: Upright, frame: VideoFrame) -> RgbArray:
        converted.append(frame.pts)
        return real(upright, frame)

    monkeypatch.setattr(Upright, "rgb", counting)
    with VideoReader(path, media) as reader:
        first, second, third = reader.frames()
    assert [repr(first), first.planes.y.shape] == [
        "Frame(index=0, pts_s=0.000, duration_s=0.100, 96×64)",
        (64, 96),
    ]
    assert converted == []
    assert second.converted() is second
    assert len(converted) == 1
    assert second.rgb is second.rgb
    assert third.rgb.shape == (64, 96, 3)
    assert len(converted) == 2
