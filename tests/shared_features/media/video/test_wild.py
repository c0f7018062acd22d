"""Videos as phones and editors really make them, read the way FFmpeg shows them."""

import itertools
import shutil
import struct
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.errors import MediaTooLargeError
from shared_features.media.frames import Frame
from shared_features.media.video.audio import Audio
from shared_features.media.video.facts import Verdict, VideoInfo, video_notes
from shared_features.media.video.live import live_frames
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.seek import SeekingReader, frame_ticks
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, flag_display_matrix, write_audio, write_video

UPRIGHT = [0, 1, 2, 3]
TENTHS = [index / 10 for index in range(10)]
EIGHT = [
    *((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
    *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
]
ALL_BLACK = 20


def read(path: Path, media: MediaParams) -> tuple[list[Frame], VideoInfo, Verdict]:
    """Every frame, the header and the verdict."""
    with VideoReader(path, media) as reader:
        frames = [frame.converted() for frame in reader.frames()]
        return frames, reader.info, reader.verdict


def remuxed(source: Path, target: Path) -> Path:
    """A copy in another container."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        copy = new.add_stream_from_template(video)
        for packet in old.demux(video):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    return target


def by_ffmpeg(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    """The first frame as FFmpeg shows it."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("needs ffmpeg, the reference for what is shown")
    command = [ffmpeg, "-v", "error", "-i", str(path), "-frames:v", "1", "-pix_fmt", "rgb24"]
    shown = subprocess.run(  # noqa: S603 - our own words
        [*command, "-f", "rawvideo", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(shown, np.uint8).reshape(height, width, 3)


@pytest.fixture(scope="module")
def corner_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 96 × 64 pixels with a colour in each corner."""
    path = tmp_path_factory.mktemp("corners") / "clip.mp4"
    return write_video(path, [corner_image(96, 64)] * 5, TENTHS[:5])


@pytest.mark.parametrize("matrix", EIGHT, ids=str)
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
def test_a_display_matrix_is_applied_as_ffmpeg_does(
    tmp_path: Path,
    media: MediaParams,
    corner_clip: Path,
    container: str,
    matrix: tuple[int, int, int, int],
) -> None:
    """Mirrored and turned, in order, from the middle, live, and in the planes of the overlay."""
    path = Path(shutil.copy(corner_clip, tmp_path / "flagged.mp4"))
    flag_display_matrix(path, matrix)
    if container != "mp4":
        path = remuxed(path, path.with_suffix(f".{container}"))
    frames, info, _ = read(path, media)
    shown = by_ffmpeg(path, info.width, info.height)
    assert corner_order(frames[0].rgb) == corner_order(shown)
    assert np.abs(frames[0].rgb.astype(int) - shown).mean() < 3
    assert frames[0].planes.y.shape == (info.height, info.width)
    luma = frames[0].planes.y.astype(int)
    assert np.abs(luma - (16 + shown @ (0.257, 0.504, 0.098))).mean() < 6
    ticks = frame_ticks(path)
    assert ticks is not None
    with SeekingReader(path, media, ticks) as reader:
        (middle,) = reader.frames(2, 3)
    np.testing.assert_array_equal(middle.rgb, frames[2].rgb)
    np.testing.assert_array_equal(next(live_frames(str(path))).rgb, frames[0].rgb)


def joined(target: Path, *parts: Path) -> Path:
    """Transport streams one after the other, as they are."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def part(path: Path, start_s: float, size: tuple[int, int] = (96, 64), frames: int = 10) -> Path:
    """A second of a transport stream that starts at a given time."""
    return write_video(path, [corner_image(*size)] * frames, TENTHS[:frames], start_s=start_s)


def test_a_size_that_changes_keeps_square_pixels(tmp_path: Path, media: MediaParams) -> None:
    """The phone was turned: what follows is fitted in between black bars, and counted."""
    path = joined(
        tmp_path / "turned.ts",
        part(tmp_path / "a.ts", 0.0),
        part(tmp_path / "b.ts", 1.0, (64, 96)),
    )
    frames, info, verdict = read(path, media)
    assert {frame.rgb.shape for frame in frames} == {(64, 96, 3)}
    assert verdict.reshaped_frames == 10
    assert corner_order(frames[0].rgb) == UPRIGHT
    bars = frames[-1].rgb.copy()
    inside = np.ascontiguousarray(bars[:, 26:69])
    assert corner_order(inside) == UPRIGHT
    bars[:, 26:69] = 0
    assert bars.max() < ALL_BLACK
    assert "10 frames have another shape" in video_notes(info, verdict)[0]
    live = list(live_frames(str(path)))
    np.testing.assert_array_equal(live[-1].rgb, frames[-1].rgb)
    small = media.model_copy(update={"max_side_pixels": 95})
    wide = joined(tmp_path / "grown.ts", part(tmp_path / "c.ts", 0.0, (64, 64)), tmp_path / "b.ts")
    with pytest.raises(MediaTooLargeError, match="64×96"):
        read(wide, small)


@pytest.mark.parametrize("suffix", ["mkv", "webm"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_a_clip_cut_from_a_longer_one_is_complete(
    tmp_path: Path, media: MediaParams, suffix: str, cut: bool
) -> None:
    """Its first frame comes late by its own clock; one that lacks its end is still noticed."""
    path, codec = tmp_path / f"late.{suffix}", "libvpx" if suffix == "webm" else "mpeg4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.gop_size = 96, 64, 1
        for index in range(60):
            frame = av.VideoFrame.from_ndarray(corner_image(96, 64), format="rgb24")
            frame.pts, frame.time_base = index + 5000, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    if cut:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    frames, _, verdict = read(path, media)
    assert frames[0].pts_s == 0
    assert verdict.status == ("truncated" if cut else "complete")
    assert cut or verdict.duration_s == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize("starts_s", [(10.0, 610.0), (20_000.0, 10.0)], ids=["forward", "back"])
def test_a_clock_that_jumps_is_bridged(
    tmp_path: Path, media: MediaParams, starts_s: tuple[float, float]
) -> None:
    """Two seconds of video last two seconds; the jump is counted and said."""
    names = ("a.ts", "b.ts")
    path = joined(
        tmp_path / "joined.ts",
        *(part(tmp_path / name, at) for name, at in zip(names, starts_s, strict=True)),
    )
    short = media.model_copy(update={"max_duration_s": 100.0})
    frames, info, verdict = read(path, short)
    assert verdict.jumps == (10,)
    assert verdict.status == "complete"
    assert verdict.repaired_timestamps == 0
    steps = np.diff([frame.pts_s for frame in frames])
    assert len(steps) == 19
    assert steps == pytest.approx([0.1] * 19, abs=0.001)
    assert verdict.duration_s == pytest.approx(2, abs=0.1)
    assert "jumps once" in " ".join(video_notes(info, verdict))
    if starts_s[0] < starts_s[1]:
        assert frame_ticks(path) is None
    assert [frame.pts_s for frame in live_frames(str(path))] == [frame.pts_s for frame in frames]
    with pytest.raises(MediaTooLargeError, match="lasts"):
        read(path, media.model_copy(update={"max_duration_s": 1.5}))


def test_a_slide_show_does_not_jump(tmp_path: Path, media: MediaParams) -> None:
    """Frames that are always far apart keep their times."""
    times = [15.0 * number for number in range(10)]
    path = write_video(tmp_path / "slides.mkv", [corner_image(96, 64)] * 10, times)
    frames, _, verdict = read(path, media)
    assert [frame.pts_s for frame in frames] == times
    assert verdict.jumps == ()


def with_two_videos(path: Path, sizes: Sequence[tuple[int, int]], default: int) -> Path:
    """A file with several videos."""
    with av.open(str(path), "w") as container:
        streams = []
        for index, (width, height) in enumerate(sizes):
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.disposition = av.stream.Disposition.default if index == default else 0
            streams.append(stream)
        for number, stream in itertools.product(range(3), streams):
            image = corner_image(stream.width, stream.height)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("sizes", "default", "expected"),
    [
        (((64, 48), (320, 240)), 1, (320, 240)),
        (((64, 48), (320, 240)), 0, (64, 48)),
        (((64, 48), (320, 240), (160, 120)), -1, (320, 240)),
        (((320, 240), (320, 240)), -1, (320, 240)),
    ],
    ids=["the default", "the small default", "the largest", "the first"],
)
def test_of_several_videos_the_one_ffmpeg_picks_is_read(
    tmp_path: Path,
    media: MediaParams,
    sizes: tuple[tuple[int, int], ...],
    default: int,
    expected: tuple[int, int],
) -> None:
    """And the owner is told."""
    path = with_two_videos(tmp_path / "several.mkv", sizes, default)
    frames, info, verdict = read(path, media)
    assert (info.width, info.height) == expected
    assert by_ffmpeg(path, *expected).shape == frames[0].rgb.shape
    assert len(frames) == 3
    assert f"{len(sizes)} videos" in video_notes(info, verdict)[0]


@pytest.mark.parametrize(
    ("transfer", "kind", "code"), [(16, "PQ", 373), (18, "HLG", 356)], ids=["PQ", "HLG"]
)
def test_mid_grey_of_hdr_is_mid_grey(
    tmp_path: Path, media: MediaParams, transfer: int, kind: str, code: int
) -> None:
    """It arrived as about 90 before; planes are those of BT.709, and tagged so."""
    path = tmp_path / "hdr.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = transfer, 9, 9
        for number in range(3):
            frame = av.VideoFrame(96, 64, "yuv420p10le")
            for plane, value in zip(frame.planes, (code, 512, 512), strict=True):
                np.frombuffer(memoryview(plane), np.uint16)[:] = value
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with VideoReader(path, media) as reader:
        frame = next(reader.frames())
        colours, info = reader.colours, reader.info
    assert np.abs(frame.rgb.astype(int) - 128).max() <= 2
    assert np.abs(frame.planes.y.astype(int) - 126).max() <= 2
    assert np.abs(frame.planes.u.astype(int) - 128).max() <= 1
    assert (colours.matrix, colours.primaries, colours.transfer) == (1, 1, 1)
    assert info.hdr == kind


def test_only_what_an_edit_list_shows_is_announced(tmp_path: Path, media: MediaParams) -> None:
    """Frames outside of it are stored, but neither shown nor counted."""
    path = write_video(
        tmp_path / "edited.mp4",
        [corner_image(96, 64)] * 90,
        [index / 30 for index in range(90)],
        options={"bf": "0"},
    )
    content = bytearray(path.read_bytes())
    # ISO/IEC 14496-12, edit list box: duration by the movie's clock, then start by the media's.
    at = content.index(b"elst") + 12
    (start,) = struct.unpack_from(">i", content, at + 4)
    struct.pack_into(">Ii", content, at, 1000, start + 45_000)
    path.write_bytes(content)
    frames, info, verdict = read(path, media)
    assert info.announced_frames == len(frames) == verdict.frames
    assert 30 <= len(frames) <= 32
    assert verdict.status == "complete"


def with_tone(video: Path, target: Path, start_s: float) -> Path:
    """A transport stream with a second of audio added."""
    tone = write_audio(target.with_suffix(".m4a"), 1.0, start_s=start_s)
    with (
        av.open(str(video)) as pictures,
        av.open(str(tone)) as sound,
        av.open(str(target), "w") as output,
    ):
        packets = []
        for source in (pictures.streams.video[0], sound.streams.audio[0]):
            copy = output.add_stream_from_template(source)
            for packet in source.container.demux(source):
                if packet.dts is not None:
                    packet.stream = copy
                    packets.append(packet)
        packets.sort(key=lambda packet: float(packet.dts * packet.time_base))
        for packet in packets:
            output.mux(packet)
    return target


@pytest.mark.parametrize("starts_s", [(10.0, 610.0), (2000.0, 10.0)], ids=["forward", "back"])
def test_audio_follows_a_clock_that_jumps(
    tmp_path: Path, media: MediaParams, starts_s: tuple[float, float]
) -> None:
    """It stays with the frames it was recorded with."""
    parts = []
    for name, at in zip("ab", starts_s, strict=True):
        silent = part(tmp_path / f"{name}.ts", at)
        parts.append(with_tone(silent, tmp_path / f"{name}{name}.ts", at))
    path = joined(tmp_path / "joined.ts", *parts)
    out = tmp_path / "out.mp4"
    with (
        VideoReader(path, media) as reader,
        Audio(path, reader.start_s) as audio,
        VideoWriter(out, 96, 64, reader.time_base, audio=audio) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.rgb, frame.pts_s)
        assert reader.verdict.jumps == (10,)
    with av.open(str(out)) as container:
        times_s = [
            float(packet.pts * packet.time_base)
            for packet in container.demux(audio=0)
            if packet.size
        ]
    assert times_s[0] == pytest.approx(0, abs=0.2)
    assert 1.8 < times_s[-1] < 2.3
    assert max(np.diff(times_s)) < 0.3


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ("240.000000", 21),
        ("145", 12.57),
        ("60.0", 1),
        ("fast", 1),
        ("nan", 1),
    ],
    ids=["slow motion", "no whole number", "filmed in the dark", "text", "no number"],
)
def test_slow_motion_is_known_where_the_file_says_so(
    tmp_path: Path, media: MediaParams, corner_clip: Path, noted: str, expected: float
) -> None:
    """Android notes the frame rate of the recording; the clip plays at 11.5."""
    path = tmp_path / "slow.mp4"
    options = {"movflags": "use_metadata_tags"}
    with av.open(str(corner_clip)) as old, av.open(str(path), "w", options=options) as new:
        new.metadata["com.android.capture.fps"] = noted
        copy = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None:
                packet.stream = copy
                new.mux(packet)
    _, info, _ = read(path, media)
    assert info.slowed_down == pytest.approx(expected, rel=1e-3)
