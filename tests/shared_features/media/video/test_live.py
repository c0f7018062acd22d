"""Live sources give the frames that an analysis of the same recording sees."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared_features.errors import MediaError
from shared_features.media.video.live import live_frames
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, flag_rotation, write_audio, write_video

UPRIGHT = [0, 1, 2, 3]
# A variable rate and a start other than zero.
TIMES_S = (0.0, 0.04, 0.08, 0.5, 0.54, 1.2)


@pytest.mark.parametrize("pixel_aspect", [Fraction(1), Fraction(4, 3), Fraction(3, 4)], ids=str)
@pytest.mark.parametrize("clockwise_deg", [0, 90, 180, 270])
def test_a_recording_gives_the_same_frames_live_and_analysed(
    tmp_path: Path, media: MediaParams, clockwise_deg: int, pixel_aspect: Fraction
) -> None:
    """Rotation, pixel shape and times: a pose has the same angles either way."""
    stored = np.ascontiguousarray(np.rot90(corner_image(120, 80), k=clockwise_deg // 90))
    path = write_video(
        tmp_path / "phone.mp4",
        [stored] * len(TIMES_S),
        TIMES_S,
        start_s=3.0,
        pixel_aspect=pixel_aspect,
    )
    flag_rotation(path, clockwise_deg)
    live = list(live_frames(str(path)))
    with VideoReader(path, media) as reader:
        analysed = list(reader.frames())
    assert len(live) == len(analysed) == len(TIMES_S)
    for one, other in zip(live, analysed, strict=True):
        assert (one.index, one.pts_s, one.duration_s) == (
            other.index,
            other.pts_s,
            other.duration_s,
        )
        assert np.array_equal(one.rgb, other.rgb)
    assert corner_order(live[0].rgb) == UPRIGHT
    assert (live[0].rgb.shape == (80, 120, 3)) == (pixel_aspect == 1)


def test_a_source_without_video_is_refused(tmp_path: Path) -> None:
    """The message says what it holds instead."""
    path = write_audio(tmp_path / "song.m4a")
    with pytest.raises(MediaError, match=r"song\.m4a contains sound but no video"):
        next(live_frames(str(path)))


def test_a_source_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    """The message names what may be given."""
    with pytest.raises(
        MediaError, match=r"missing\.mp4 cannot be read.*number of a camera, the add"
    ):
        next(live_frames(str(tmp_path / "missing.mp4")))


def test_a_source_without_a_decodable_frame_is_refused(tmp_path: Path) -> None:
    """It opens, but there is nothing to see."""
    path = write_video(tmp_path / "clip.mp4", [corner_image(96, 64)] * 5, [i / 5 for i in range(5)])
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    path.write_bytes(content[:start] + bytes(len(content) - start))
    with pytest.raises(MediaError, match=r"No frame of .*clip\.mp4 can be decoded"):
        next(live_frames(str(path)))


class FakeCapture:
    """Three blue frames from camera 3; there is no other camera."""

    released = 0

    def __init__(self, number: int) -> None:
        self._number, self._left = number, 3

    def isOpened(self) -> bool:
        return self._number == 3

    def read(self) -> tuple[bool, np.ndarray | None]:
        self._left -= 1
        return (
            (True, np.full((48, 64, 3), (255, 0, 0), np.uint8))
            if self._left >= 0
            else (False, None)
        )

    def release(self) -> None:
        FakeCapture.released += 1


def test_a_cameras_frames_are_rgb_and_timed_on_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenCV gives blue first; the first frame is at 0, and the camera is released at the end."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    released = FakeCapture.released
    frames = list(live_frames("3"))
    assert [frame.index for frame in frames] == [0, 1, 2]
    assert all((frame.rgb == (0, 0, 255)).all() for frame in frames)
    times_s = [frame.pts_s for frame in frames]
    assert times_s[0] == 0.0
    assert times_s == sorted(times_s)
    assert [frame.duration_s for frame in frames] == [0.0] * 3
    assert FakeCapture.released == released + 1


def test_a_camera_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names its number and what else may be given."""
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    with pytest.raises(MediaError, match=r"There is no camera 4.*another number, the address"):
        next(live_frames("4"))
