"""Frames and audio are written at their own times, to a file that is complete or absent."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from shared_features.errors import MediaError
from shared_features.media.video.audio import Audio
from shared_features.media.video.facts import Colours
from shared_features.media.video.reader import VideoReader
from shared_features.media.video.writer import VideoWriter
from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, write_audio, write_video

UPRIGHT = [0, 1, 2, 3]
TIMES_S = [0.0, 0.04, 0.5, 0.52, 2.0]


def write(path: Path, images: list[np.ndarray], times_s: list[float] = TIMES_S) -> None:
    height, width = images[0].shape[:2]
    with VideoWriter(path, width, height) as writer:
        for image, pts_s in zip(images, times_s, strict=True):
            writer.write(image, pts_s)


def test_frames_keep_their_times_and_pixels(tmp_path: Path, media: MediaParams) -> None:
    """A variable rate is kept; only this one file is left in the folder."""
    path = tmp_path / "out.mp4"
    images = [corner_image(96, 64, brightness=40 * i) for i in range(5)]
    write(path, images)
    assert list(tmp_path.iterdir()) == [path]
    with VideoReader(path, media) as reader:
        frames = list(reader.frames())
        assert (reader.info.codec, reader.verdict.status) == ("h264", "complete")
    assert np.allclose([frame.pts_s for frame in frames], TIMES_S, atol=1e-5)
    for frame, image in zip(frames, images, strict=True):
        assert np.abs(frame.rgb.astype(int) - image).mean() < 6
        assert corner_order(frame.rgb) == UPRIGHT


def test_the_index_comes_first(tmp_path: Path) -> None:
    """A browser can start playing before it has the whole file."""
    write(tmp_path / "out.mp4", [corner_image(96, 64)] * 5)
    content = (tmp_path / "out.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(("width", "height"), [(97, 64), (96, 65), (97, 65), (3, 3)])
def test_odd_sides_lose_a_pixel(
    tmp_path: Path, media: MediaParams, width: int, height: int
) -> None:
    """The right column and the bottom row; the rest stays where it is."""
    write(tmp_path / "out.mp4", [corner_image(width, height)] * 5)
    with VideoReader(tmp_path / "out.mp4", media) as reader:
        assert (reader.info.width, reader.info.height) == (width // 2 * 2, height // 2 * 2)


def test_key_frames_are_close_together(tmp_path: Path) -> None:
    """At most sixty frames apart, for seeking."""
    write(tmp_path / "out.mp4", [corner_image(32, 32)] * 130, [i / 30 for i in range(130)])
    with av.open(str(tmp_path / "out.mp4")) as container:
        keys = [i for i, frame in enumerate(container.decode(video=0)) if frame.key_frame]
    assert keys == [0, 60, 120]


def test_a_frame_drawn_in_the_encoders_memory_is_that_frame(
    tmp_path: Path, media: MediaParams
) -> None:
    """Luma and interleaved chroma are written in place."""
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 99, 66, quality=1) as writer:
        for pts_s in TIMES_S:
            blank = writer.blank()
            assert blank.planes.luma.shape == (66, 98)
            assert blank.planes.chroma.shape == (33, 49, 2)
            blank.planes.luma[:] = 100
            blank.planes.chroma[..., 0], blank.planes.chroma[..., 1] = 90, 170
            writer.append(blank, pts_s)
    with VideoReader(path, media) as reader:
        planes = next(reader.frames()).planes
    for plane, value in zip(planes, (100, 90, 170), strict=True):
        assert np.abs(plane.astype(int) - value).max() <= 2


@pytest.mark.parametrize(
    ("shape", "pts_s", "message"),
    [
        ((64, 97, 3), 1.0, r"shape \(64, 97, 3\); expected \(64, 96, 3\)"),
        ((64, 96, 3), 0.5, "does not come after the one at 0.5 s"),
        ((64, 96, 3), -1.0, "times must rise"),
    ],
    ids=["size", "same time", "earlier"],
)
def test_a_frame_that_does_not_fit_is_refused(
    tmp_path: Path, shape: tuple[int, int, int], pts_s: float, message: str
) -> None:
    """And the file does not appear; an older one of that name stays."""
    path = tmp_path / "out.mp4"
    path.write_text("older")

    def write_two() -> None:
        with VideoWriter(path, 96, 64) as writer:
            writer.write(np.zeros((64, 96, 3), np.uint8), 0.5)
            writer.write(np.zeros(shape, np.uint8), pts_s)

    with pytest.raises(MediaError, match=message):
        write_two()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("width", "height"), [(1, 64), (64, 1)])
def test_a_video_needs_two_by_two_pixels(tmp_path: Path, width: int, height: int) -> None:
    """Smaller ones cannot be stored."""
    with pytest.raises(MediaError, match=f"{width}x{height}"):
        VideoWriter(tmp_path / "out.mp4", width, height)
    with VideoWriter(tmp_path / "out.mp4", 2, 2) as writer:
        writer.write(np.zeros((2, 2, 3), np.uint8), 0.0)
    assert (tmp_path / "out.mp4").is_file()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(MediaError, match=r"Cannot write .*out\.mp4: No such file"):
        VideoWriter(tmp_path / "missing" / "out.mp4", 96, 64)


@pytest.mark.parametrize("matrix", [1, 5, 9, 0])
def test_colours_are_tagged_and_stored_like_the_source(
    tmp_path: Path, media: MediaParams, matrix: int
) -> None:
    """A player shows the same colours; RGB itself is stored as BT.709."""
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 96, 64, colours=Colours(matrix, 9, 14)) as writer:
        for pts_s in TIMES_S:
            writer.write(corner_image(96, 64), pts_s)
    with VideoReader(path, media) as reader:
        assert reader.colours == Colours(matrix or 1, 9, 14)
        assert corner_order(next(reader.frames()).rgb) == UPRIGHT


@pytest.mark.parametrize(("matrix", "luma"), [(1, 63), (5, 81)], ids=["BT.709", "BT.601"])
def test_red_is_stored_by_the_sources_matrix(
    tmp_path: Path, media: MediaParams, matrix: int, luma: int
) -> None:
    """Luma of red is 16 + 219 × its weight in that matrix."""
    path = tmp_path / "out.mp4"
    red = np.zeros((64, 96, 3), np.uint8)
    red[..., 0] = 255
    with VideoWriter(path, 96, 64, quality=1, colours=Colours(matrix, 1, 1)) as writer:
        writer.write(red, 0.0)
    with VideoReader(path, media) as reader:
        stored = next(reader.frames()).planes.y
    assert np.abs(stored.astype(int) - luma).max() <= 3


def test_quality_and_preset_reach_the_encoder(tmp_path: Path) -> None:
    """x264 notes its settings in the file; only `ultrafast` has no sub-pixel refinement."""
    path = tmp_path / "out.mp4"
    with VideoWriter(path, 96, 64, quality=31, preset="ultrafast") as writer:
        writer.write(corner_image(96, 64), 0.0)
    noted = path.read_bytes()
    assert b"crf=31.0" in noted
    assert b"subme=0" in noted


def packets_of(path: Path) -> list[tuple[float, bytes]]:
    """Time in seconds and contents of each audio packet."""
    with av.open(str(path)) as container:
        return [
            (float((packet.pts or 0) * (packet.time_base or 0)), bytes(packet))
            for packet in container.demux(audio=0)
            if packet.size
        ]


def mux(tmp_path: Path, source: Path, start_s: Fraction = Fraction(0)) -> Path:
    """Two seconds of video with the audio of a file."""
    out = tmp_path / "out.mp4"
    with Audio(source, start_s) as audio, VideoWriter(out, 96, 64, audio=audio) as writer:
        for pts_s in TIMES_S:
            writer.write(corner_image(96, 64), pts_s)
    return out


@pytest.mark.parametrize("codec", ["aac", "mp3"])
def test_audio_is_copied_byte_for_byte(tmp_path: Path, codec: str) -> None:
    """Where MP4 carries the codec and browsers play it."""
    source = write_audio(tmp_path / "audio.mkv", 1.5, codec)
    copied, original = packets_of(mux(tmp_path, source)), packets_of(source)
    assert [content for _, content in copied] == [content for _, content in original]
    assert [time_s for time_s, _ in copied] == pytest.approx(
        [max(time_s, copied[0][0]) for time_s, _ in original], abs=0.002
    )


def test_audio_starts_with_the_video(tmp_path: Path) -> None:
    """Time 0 is the first frame, whatever the recording's clock says."""
    source = write_audio(tmp_path / "audio.mkv", 1.5, "aac", start_s=3.25)
    copied, original = packets_of(mux(tmp_path, source, Fraction(3))), packets_of(source)
    for (time_s, _), (original_s, _) in zip(copied[2:], original[2:], strict=True):
        assert time_s == pytest.approx(original_s - 3, abs=0.002)


@pytest.mark.parametrize(
    ("rate", "written"), [(44_100, 44_100), (11_025, 16_000), (96_000, 48_000)]
)
def test_uncompressed_audio_becomes_aac(tmp_path: Path, rate: int, written: int) -> None:
    """At the next rate that AAC encoders accept, in its time and full length."""
    source = write_audio(tmp_path / "audio.mkv", 1.5, "pcm_s16le", rate, start_s=0.5)
    with av.open(str(mux(tmp_path, source))) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.rate, stream.channels) == ("aac", written, 1)
        frames = list(container.decode(audio=0))
        samples = sum(frame.samples for frame in frames)
        loud_s = [frame.time for frame in frames if np.abs(frame.to_ndarray()).max() > 0.2]
    assert samples / written == pytest.approx(1.5, abs=0.15)
    assert loud_s[0] == pytest.approx(0.5, abs=0.1)


def test_stereo_stays_stereo(tmp_path: Path) -> None:
    """Both channels are encoded."""
    source = write_audio(tmp_path / "audio.mkv", codec="pcm_s16le", layout="stereo")
    with av.open(str(mux(tmp_path, source))) as container:
        assert container.streams.audio[0].channels == 2


def test_a_recording_without_audio_gives_a_video_without_audio(tmp_path: Path) -> None:
    """No empty track."""
    silent = write_video(tmp_path / "silent.mp4", [corner_image(96, 64)] * 3, [0.0, 0.1, 0.2])
    with av.open(str(mux(tmp_path, silent))) as container:
        assert not container.streams.audio


def test_audio_waits_for_the_video(tmp_path: Path) -> None:
    """Packets are given up to a time, and the rest on request: memory stays bounded."""
    source = write_audio(tmp_path / "audio.mkv", 1.5)
    with Audio(source, Fraction(0)) as audio, av.open(str(tmp_path / "out.mp4"), "w") as output:
        audio.add_to(output)
        early = [float(packet.pts * packet.time_base) for packet in audio.packets(0.5)]
        rest = [float(packet.pts * packet.time_base) for packet in audio.packets()]
    assert 0.4 < max(early) <= 0.5 < min(rest)
    assert len(early) + len(rest) == len(packets_of(source))


def test_a_file_that_cannot_be_opened_for_its_audio_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(MediaError, match=r"audio of text\.mp4 cannot be read"):
        Audio(tmp_path / "text.mp4", Fraction(0))
