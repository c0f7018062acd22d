"""Live sources give the frames that an analysis of the same recording sees."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from shared_features.errors import MediaError
from shared_features.media.live import live_frames
from shared_features.media.reader import VideoReader
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
    with pytest.raises(MediaError, match="Expected the number of a camera"):
        next(live_frames(str(tmp_path / "missing.mp4")))
