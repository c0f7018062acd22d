"""Videos become upright frames with their true times, or a clear message."""

import json
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.media.frames import Frame
from shared_features.media.video.container import open_container, video_stream
from shared_features.media.video.facts import Verdict
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import (
    corner_image,
    corner_order,
    flag_rotation,
    write_audio,
    write_video,
)

UPRIGHT = [0, 1, 2, 3]


def read_all(path: Path, media: MediaParams) -> tuple[list[Frame], Verdict]:
    with VideoReader(path, media) as reader:
        frames = list(reader.frames())
        return frames, reader.verdict


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Three seconds at 20 frames per second."""
    times = [i / 20 for i in range(60)]
    images = [corner_image(160, 120, brightness=i * 3) for i in range(60)]
    return write_video(tmp_path / "clip.mp4", images, times)


def test_frames_have_the_times_they_were_given(tmp_path: Path, media: MediaParams) -> None:
    """With a variable rate and a start other than zero; the first frame is at 0."""
    steps = [0.016, 0.5, 0.016, 0.033, 1.0, 0.1] * 6
    times = [0.0, *np.cumsum(steps).tolist()]
    images = [corner_image(96, 64)] * len(times)
    path = write_video(tmp_path / "variable.mp4", images, times, start_s=7.5)
    frames, verdict = read_all(path, media)
    assert [frame.index for frame in frames] == list(range(len(times)))
    assert np.abs(np.array([frame.pts_s for frame in frames]) - times).max() < 1e-3
    assert verdict.status == "complete"


@pytest.mark.parametrize("clockwise_deg", [0, 90, 180, 270])
def test_a_rotated_video_is_upright(tmp_path: Path, media: MediaParams, clockwise_deg: int) -> None:
    """The rotation flag that phones write is applied; it swaps width and height."""
    stored = np.ascontiguousarray(np.rot90(corner_image(120, 80), k=clockwise_deg // 90))
    path = write_video(tmp_path / "phone.mp4", [stored] * 10, [i / 10 for i in range(10)])
    flag_rotation(path, clockwise_deg)
    with VideoReader(path, media) as reader:
        frame = next(reader.frames())
        assert (reader.info.width, reader.info.height) == (120, 80)
    assert frame.rgb.shape == (80, 120, 3)
    assert corner_order(frame.rgb) == UPRIGHT
    assert frame.rgb.flags["C_CONTIGUOUS"]


def test_pixels_are_made_square(tmp_path: Path, media: MediaParams) -> None:
    """A camcorder's wide pixels are stretched into more columns, which makes angles true."""
    images = [corner_image(96, 64)] * 5
    path = write_video(
        tmp_path / "wide.mp4", images, [i / 5 for i in range(5)], pixel_aspect=Fraction(4, 3)
    )
    frames, _ = read_all(path, media)
    assert frames[0].rgb.shape == (64, 128, 3)


def test_reading_can_start_later(clip: Path, media: MediaParams) -> None:
    """The frames have the same pixels, indices and times as when reading from the start."""
    frames, _ = read_all(clip, media)
    with VideoReader(clip, media) as reader:
        later = list(reader.frames(start=45))
        assert reader.verdict.frames == 60
    assert [frame.index for frame in later] == list(range(45, 60))
    for frame, expected in zip(later, frames[45:], strict=True):
        assert frame.pts_s == expected.pts_s
        assert np.array_equal(frame.rgb, expected.rgb)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_a_video_cut_off_is_read_as_far_as_it_goes(
    tmp_path: Path, media: MediaParams, name: str
) -> None:
    """The part that exists is decoded, and the verdict says that the end is missing."""
    noise = np.random.default_rng(1)
    images = [noise.integers(0, 255, (120, 160, 3), dtype=np.uint8) for _ in range(60)]
    path = write_video(tmp_path / name, images, [i / 20 for i in range(60)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, verdict = read_all(path, media)
    assert verdict.status == "truncated"
    assert 20 <= len(frames) == verdict.frames <= 40


def test_one_missing_frame_is_noticed(clip: Path, media: MediaParams) -> None:
    """A file cut off exactly before its last packet is truncated, not complete."""
    with av.open(str(clip)) as container:
        last = max(packet.pos for packet in container.demux(video=0) if packet.size)
    clip.write_bytes(clip.read_bytes()[:last])
    frames, verdict = read_all(clip, media)
    assert (len(frames), verdict.status) == (59, "truncated")


def test_the_verdict_is_not_known_before_the_end(clip: Path, media: MediaParams) -> None:
    """Asking for it early is a mistake in the program."""
    with VideoReader(clip, media) as reader:
        next(reader.frames())
        with pytest.raises(RuntimeError, match="read to its end"):
            _ = reader.verdict


def test_decoding_continues_after_damaged_packets(clip: Path, media: MediaParams) -> None:
    """Damage in the middle costs a few frames, not the rest of the video."""
    content = bytearray(clip.read_bytes())
    start = content.index(b"mdat") + 1000
    place = np.random.default_rng(3)
    for _ in range(6):
        at = int(place.integers(start, len(content) - 100))
        content[at : at + 30] = bytes(30)
    clip.write_bytes(content)
    frames, verdict = read_all(clip, media)
    assert verdict.status == "corrupt"
    assert verdict.decode_failures + verdict.damaged_frames > 0
    assert len(frames) >= 50


def test_the_same_damaged_file_gives_the_same_frames_twice(clip: Path, media: MediaParams) -> None:
    """Patching up damaged frames on several threads stays deterministic."""
    content = bytearray(clip.read_bytes())
    middle = (content.index(b"mdat") + len(content)) // 2
    content[middle : middle + 40] = bytes(40)
    clip.write_bytes(content)
    first, second = (read_all(clip, media)[0] for _ in range(2))
    assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(first, second, strict=True))


def test_a_file_that_is_not_a_video_is_refused(tmp_path: Path, media: MediaParams) -> None:
    """Empty, text, audio only and missing files each get their own message."""
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 50)
    write_audio(tmp_path / "song.m4a")
    for name, message in (
        ("empty.mp4", "empty"),
        ("text.mp4", "not a video"),
        ("song.m4a", "sound but no video"),
        ("missing.mp4", "no file"),
    ):
        with pytest.raises(MediaError, match=message):
            VideoReader(tmp_path / name, media)


def test_a_gif_is_told_what_to_do(tmp_path: Path, media: MediaParams) -> None:
    """It is a photo here, even if it moves."""
    path = tmp_path / "moving.gif"
    first, second = (Image.fromarray(corner_image(40, 30, each)) for each in (0, 90))
    first.save(path, save_all=True, append_images=[second])
    with pytest.raises(MediaError, match="convert this GIF, or send it as a photo"):
        VideoReader(path, media)


def test_a_playlist_cannot_make_the_reader_open_other_files(
    tmp_path: Path, clip: Path, media: MediaParams
) -> None:
    """A list of files or addresses is not a recording, whatever its name."""
    # A relative name: FFmpeg itself would follow it.
    (tmp_path / "list.mp4").write_text(f"ffconcat version 1.0\nfile {clip.name}\n")
    with av.open(str(tmp_path / "list.mp4")) as followed:
        assert followed.streams.video
    (tmp_path / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:3,\n{clip}\n#EXT-X-ENDLIST\n")
    for name in ("list.mp4", "list.m3u8"):
        with pytest.raises(MediaError, match="not a video"):
            VideoReader(tmp_path / name, media)


def test_limits_hold_by_the_header_and_while_reading(
    tmp_path: Path, clip: Path, media: MediaParams
) -> None:
    """Frames too large, a duration announced as too long, and one longer than announced."""
    for limit, value in (("max_video_pixels", 160 * 120 - 1), ("max_duration_s", 2.0)):
        with pytest.raises(MediaTooLargeError, match=limit):
            VideoReader(clip, media.model_copy(update={limit: value}))
    # A bare stream has no header to announce anything.
    bare = write_video(
        tmp_path / "bare.h264", [corner_image(96, 64)] * 60, [i / 20 for i in range(60)]
    )
    with VideoReader(bare, media.model_copy(update={"max_duration_s": 1.0})) as reader:
        assert reader.info.announced_duration_s is None
        with pytest.raises(MediaTooLargeError, match="max_duration_s"):
            list(reader.frames())


def test_frames_and_times_are_those_of_ffprobe(
    shared_data: Callable[[str], Path], media: MediaParams
) -> None:
    """For every codec, container, odd size, start offset and variable rate in the collection."""
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        pytest.skip("needs ffprobe, the reference for frames and times")
    for path in sorted(shared_data("edge_cases").iterdir()):
        with open_container(path) as container:
            chosen = str(video_stream(path.name, container).index)
        command = [ffprobe, "-v", "quiet", "-select_streams", chosen, "-of", "json"]
        command.append("-show_entries")
        output = subprocess.run(  # noqa: S603 - our own words
            [*command, "frame=best_effort_timestamp_time", str(path)],
            capture_output=True,
            check=True,
        ).stdout
        expected = [
            float(frame.get("best_effort_timestamp_time", "nan"))
            for frame in json.loads(output)["frames"]
        ]
        with VideoReader(path, media) as reader:
            found = [frame.pts_s for frame in reader.frames()]
            assert reader.verdict.status == "complete", path.name
        assert len(found) == len(expected), path.name
        assert np.nanmax(np.abs(found - (np.array(expected) - expected[0]))) < 1e-3, path.name
