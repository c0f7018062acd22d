"""Reading from the middle gives the frames of reading in order, or says that it cannot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from shared_features.errors import MediaError, MediaTooLargeError, SeekError
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.seek import SeekingReader, frame_ticks
from shared_features.params import MediaParams
from tests.clips import corner_image, write_audio, write_video

N_FRAMES = 95
# Variable, and starting late.
TIMES_S = [0.04 * i + 0.3 * (i // 30) for i in range(N_FRAMES)]


def clip_in(tmp_path: Path, name: str = "clip.mp4", **options: str) -> Path:
    """A clip with a key frame at every thirtieth frame."""
    images = [corner_image(96, 64, brightness=2 * i) for i in range(N_FRAMES)]
    return write_video(tmp_path / name, images, TIMES_S, start_s=0.5, options=options)


@pytest.mark.parametrize(
    ("name", "options"),
    [("clip.mp4", {"bf": "0"}), ("clip.mp4", {"bf": "3"}), ("clip.mkv", {"g": "250"})],
    ids=["in order", "out of order", "one key frame"],
)
def test_frames_from_the_middle_are_those_of_reading_in_order(
    tmp_path: Path, media: MediaParams, name: str, options: dict[str, str]
) -> None:
    """The same pixels, indices, times and verdict, wherever reading begins."""
    clip = clip_in(tmp_path, name, **options)
    with VideoReader(clip, media) as reader:
        expected = list(reader.frames())
        info, verdict = reader.info, reader.verdict
    ticks = frame_ticks(clip)
    assert ticks is not None
    assert len(ticks) == N_FRAMES
    with SeekingReader(clip, media, ticks) as seeking:
        assert seeking.info == info
        for start, stop in [(50, 95), (0, 3), (94, 95), (17, 18), (29, 31), (60, 61)]:
            found = list(seeking.frames(start, stop))
            assert [frame.index for frame in found] == list(range(start, stop))
            for frame, other in zip(found, expected[start:stop], strict=True):
                assert (frame.pts_s, frame.duration_s) == (other.pts_s, other.duration_s)
                assert np.array_equal(frame.rgb, other.rgb)
        assert seeking.verdict() == verdict


def test_a_damaged_part_cannot_be_read_from_its_middle(tmp_path: Path, media: MediaParams) -> None:
    """Patched-up frames depend on where decoding starts; the other parts can be read."""
    clip = clip_in(tmp_path)
    ticks = frame_ticks(clip)
    assert ticks is not None
    content = bytearray(clip.read_bytes())
    start = content.index(b"mdat") + 4
    middle = (start + len(content)) // 2
    content[middle : middle + 200] = b"\x55" * 200
    clip.write_bytes(content)
    with SeekingReader(clip, media, ticks) as seeking:
        with pytest.raises(SeekError, match=r"clip\.mp4"):
            list(seeking.frames(30, 95))
        assert len(list(seeking.frames(0, 10))) == 10


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ticks: (ticks[0] - 1, *ticks[1:]), "does not start with its first packet"),
        (lambda ticks: (*ticks[:5], ticks[5] + 1, *ticks[6:]), "gives other frames"),
        (lambda ticks: (*ticks, ticks[-1] + 10_000), "fewer frames than packets"),
    ],
    ids=["start", "middle", "end"],
)
def test_frames_that_are_not_where_the_packets_said_are_an_error(
    tmp_path: Path,
    media: MediaParams,
    change: Callable[[tuple[int, ...]], tuple[int, ...]],
    message: str,
) -> None:
    """Then only reading in order gives the right frames."""
    clip = clip_in(tmp_path)
    ticks = frame_ticks(clip)
    assert ticks is not None
    with (
        SeekingReader(clip, media, change(ticks)) as seeking,
        pytest.raises(SeekError, match=message),
    ):
        list(seeking.frames(0, N_FRAMES + 1))


def test_a_video_that_ends_early_has_no_verdict(tmp_path: Path, media: MediaParams) -> None:
    """The header announces more frames than there are packets."""
    clip = clip_in(tmp_path)
    ticks = frame_ticks(clip)
    assert ticks is not None
    with (
        SeekingReader(clip, media, ticks[:-1]) as seeking,
        pytest.raises(SeekError, match="ends before its announced end"),
    ):
        seeking.verdict()


def test_limits_hold(tmp_path: Path, media: MediaParams) -> None:
    """By the header, and at the end of a stream without one."""
    clip = clip_in(tmp_path)
    ticks = frame_ticks(clip)
    assert ticks is not None
    with pytest.raises(MediaTooLargeError, match="max_duration_s"):
        SeekingReader(clip, media.model_copy(update={"max_duration_s": 2.0}), ticks)


def test_videos_to_be_read_in_order_have_no_ticks(tmp_path: Path) -> None:
    """Packets of a bare stream have no times; other files are no videos at all."""
    bare = clip_in(tmp_path, "bare.h264")
    assert frame_ticks(bare) is None
    (tmp_path / "text.mp4").write_text("not a video\n" * 50)
    assert frame_ticks(tmp_path / "text.mp4") is None
    with pytest.raises(MediaError, match="no video"):
        frame_ticks(write_audio(tmp_path / "audio.m4a"))


def test_ticks_are_the_times_of_the_file(tmp_path: Path) -> None:
    """Rising, although frames are stored out of order."""
    ticks = frame_ticks(clip_in(tmp_path, bf="3"))
    assert ticks is not None
    assert ticks == tuple(sorted(ticks))
    assert np.allclose((np.array(ticks) - ticks[0]) / 90_000, TIMES_S, atol=1e-4)
