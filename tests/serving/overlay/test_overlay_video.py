"""The overlay video has every frame of the recording at its time, with the original audio."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from serving.overlay.moments import MOMENTS
from serving.overlay.render import draw_all
from serving.overlay.routine import load_routine, save_routine
from serving.settings import OverlayParams, load_settings
from shared_features.classify.timeline import Segment, Total
from shared_features.media.frames import RgbArray
from shared_features.media.orientation import Upright
from shared_features.media.video.reader import VideoReader
from shared_features.params import PROJECT_ROOT, MediaParams
from tests.clips import corner_image, corner_order, flag_display_matrix, write_video
from tests.serving.overlay_clips import add_audio, audio_packets, routine_for

RECORDINGS = (
    "portrait_rotflag.mp4",
    "squat_vfr.mp4",
    "push_up_audio.mp4",
    "three_seated_audio.mp4",
    "h265_10bits.mp4",
    "testsrc2_444_10bit_hevc.mp4",
    "testsrc2_odd_width_444.mp4",
)
Overlay = Callable[[Path], Path]


@pytest.fixture(scope="module")
def params() -> OverlayParams:
    fast = {"preset": "ultrafast", "quality": 30}
    overlay = load_settings(PROJECT_ROOT / "params.yaml").serving.overlay
    return overlay.model_copy(update=fast)


@pytest.fixture
def overlay(tmp_path: Path, params: OverlayParams, media: MediaParams) -> Overlay:
    """Draws the overlay of a recording."""

    def made(video: Path) -> Path:
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        draw_all(video, routine_for(video, media), out, params, media)
        assert not [path for path in out.iterdir() if path.name.startswith(".")]
        return out / "overlay.mp4"

    return made


def frame_times(path: Path, media: MediaParams) -> list[float]:
    with VideoReader(path, media) as reader:
        return [frame.pts_s for frame in reader.frames()]


def assert_plays_everywhere(path: Path) -> None:
    """H.264, yuv420p, even sides, no rotation metadata, index at the start."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = stream.codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.width % 2, codec.height % 2) == (0, 0)
        assert next(container.decode(stream)).rotation == 0
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def some_pictures(count: int, width: int = 96, height: int = 64) -> list[NDArray[np.uint8]]:
    return [corner_image(width, height, 40 + index) for index in range(count)]


UNEVEN = [0.0, 0.021, 0.15, 0.4, 0.41, 0.5, 1.4, 1.433, 1.47, 2.0]
EVEN = [index / 25 for index in range(10)]


@pytest.mark.parametrize("start_s", [0.0, 8.3], ids=["from zero", "from later"])
@pytest.mark.parametrize("pts_s", [EVEN, UNEVEN], ids=["even rate", "uneven rate"])
def test_every_frame_keeps_its_time(
    tmp_path: Path, overlay: Overlay, media: MediaParams, pts_s: list[float], start_s: float
) -> None:
    """Within a millisecond of the original, relative to the first frame, at any frame rate."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(10), pts_s, start_s=start_s)
    made = overlay(video)
    assert_plays_everywhere(made)
    times = frame_times(made, media)
    assert times == pytest.approx(frame_times(video, media), abs=0.001)
    assert times == pytest.approx(pts_s, abs=0.001)
    with av.open(str(made)) as container:  # the clock of the file starts at 0, too
        assert next(container.decode(video=0)).pts == 0


@pytest.mark.parametrize(
    "matrix",
    [
        *((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
        *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
    ],
    ids=str,
)
def test_the_overlay_is_upright(
    tmp_path: Path, overlay: Overlay, media: MediaParams, matrix: tuple[int, int, int, int]
) -> None:
    """Turning and mirroring are applied to the pixels, as a player would apply them."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(4, 128, 96), EVEN[:4])
    flag_display_matrix(video, matrix)
    made = overlay(video)
    assert_plays_everywhere(made)
    with VideoReader(video, media) as reader:
        original = next(reader.frames()).rgb
    with VideoReader(made, media) as reader:
        upright = next(reader.frames()).rgb
    assert upright.shape == original.shape
    # The lower corners are in the shade below the ribbon; the upper ones are unchanged.
    assert corner_order(upright)[:2] == corner_order(original)[:2]


def test_a_turned_phone_is_letterboxed(
    tmp_path: Path, overlay: Overlay, media: MediaParams
) -> None:
    """What follows keeps its shape, between black bars."""
    parts = [
        write_video(tmp_path / f"{width}.ts", some_pictures(4, width, height), EVEN[:4], start_s=at)
        for width, height, at in ((128, 96, 0.0), (96, 128, 0.16))
    ]
    video = tmp_path / "turned.ts"
    video.write_bytes(b"".join(part.read_bytes() for part in parts))
    made = overlay(video)
    with VideoReader(made, media) as reader:
        last = [frame.rgb for frame in reader.frames()][-1]
    assert last.shape == (96, 128, 3)
    assert last[:48, :26].max() < 30
    assert corner_order(np.ascontiguousarray(last[:, 28:100]))[:2] == [0, 1]


@pytest.mark.parametrize(
    ("width", "height", "pixel_format", "aspect", "expected"),
    [
        pytest.param(97, 65, "yuv444p", 1, (96, 64), id="odd sides"),
        pytest.param(96, 64, "yuv420p10le", 1, (96, 64), id="10 bit"),
        pytest.param(96, 64, "yuv420p", Fraction(4, 3), (128, 64), id="wide pixels"),
        pytest.param(240, 120, "yuv420p", 1, (200, 100), id="above the limit"),
    ],
)
def test_any_format_becomes_one_that_plays(
    tmp_path: Path,
    params: OverlayParams,
    media: MediaParams,
    width: int,
    height: int,
    pixel_format: str,
    aspect: int | Fraction,
    expected: tuple[int, int],
) -> None:
    """Even sides, square pixels, eight bits; scaled down to the limit."""
    video = write_video(
        tmp_path / "clip.mp4",
        some_pictures(5, width, height),
        EVEN[:5],
        pixel_format=pixel_format,
        pixel_aspect=Fraction(aspect),
    )
    limited = params.model_copy(update={"max_side_px": 200})
    draw_all(video, routine_for(video, media), tmp_path, limited, media)
    assert_plays_everywhere(tmp_path / "overlay.mp4")
    with VideoReader(tmp_path / "overlay.mp4", media) as reader:
        assert (reader.info.width, reader.info.height) == expected
        assert len(list(reader.frames())) == 5


@pytest.mark.parametrize("after_s", [0.0, 0.25, -0.2], ids=["together", "sound later", "sooner"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_audio_is_copied_packet_by_packet(
    tmp_path: Path, overlay: Overlay, suffix: str, after_s: float
) -> None:
    """The same bytes at the same times relative to the first frame."""
    silent = write_video(tmp_path / "silent.mp4", some_pictures(30), [i / 25 for i in range(30)])
    video = add_audio(silent, tmp_path / f"clip{suffix}", "aac", starts_s=1.0 + after_s, shift_s=1)
    original, copied = audio_packets(video), audio_packets(overlay(video))
    assert [content for _, content in copied] == [content for _, content in original]
    assert [t for t, _ in copied] == pytest.approx([t for t, _ in original], abs=0.001)
    assert copied[0][0] == pytest.approx(after_s, abs=0.03)


@pytest.mark.parametrize("codec", ["libmp3lame", "flac", "libopus"])
def test_other_codecs_that_mp4_carries_are_copied_too(
    tmp_path: Path, overlay: Overlay, codec: str
) -> None:
    """The packets are identical."""
    silent = write_video(tmp_path / "silent.mp4", some_pictures(30), [i / 25 for i in range(30)])
    video = add_audio(silent, tmp_path / "clip.mkv", codec)
    original, copied = audio_packets(video), audio_packets(overlay(video))
    assert [content for _, content in copied] == [content for _, content in original]


def test_uncompressed_audio_becomes_aac(tmp_path: Path, overlay: Overlay) -> None:
    """Browsers do not play it in MP4. Length and start are preserved."""
    silent = write_video(tmp_path / "silent.mp4", some_pictures(50), [i / 25 for i in range(50)])
    video = add_audio(silent, tmp_path / "clip.avi", "pcm_s16le", video_codec="mpeg4")
    made = overlay(video)
    with av.open(str(made)) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        sound = [frame.to_ndarray() for frame in container.decode(stream)]
    heard_s = sum(part.shape[1] for part in sound) / 44_100
    assert heard_s == pytest.approx(2.0, abs=0.1)
    assert np.abs(np.concatenate(sound, axis=1)).max() > 0.1
    assert audio_packets(made)[0][0] == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_recording_is_drawn_as_far_as_it_is_readable(
    tmp_path: Path, overlay: Overlay, media: MediaParams, damage: str
) -> None:
    """The overlay has all readable frames and is a valid file."""
    silent = write_video(tmp_path / "s.mp4", some_pictures(90), [i / 25 for i in range(90)])
    # The index of this MP4 lies at its end: cut off, nothing could be read.
    name = "clip.mkv" if damage == "cut" else "clip.mp4"
    video = add_audio(silent, tmp_path / name, "aac")
    content = bytearray(video.read_bytes())
    if damage == "cut":
        del content[len(content) * 2 // 3 :]
    else:
        rng = np.random.default_rng(3)
        for at in rng.integers(2000, content.index(b"moov") - 200, 40):
            content[int(at)] ^= 0xFF
    video.write_bytes(content)
    expected = frame_times(video, media)
    assert 0 < len(expected) <= 90
    made = overlay(video)
    assert_plays_everywhere(made)
    assert frame_times(made, media) == pytest.approx(expected, abs=0.001)


def test_frames_without_a_person_are_kept(
    tmp_path: Path, params: OverlayParams, media: MediaParams
) -> None:
    """Even when no frame has a person."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(10), EVEN)
    routine = routine_for(video, media)
    missing = np.full_like(routine.points, np.nan)
    segment = Segment("no person", 0.0, routine.duration_s, 0, 9, None, False)
    confidence = np.full(10, np.nan)
    empty = replace(routine, points=missing, segments=(segment,), confidence=confidence, totals=())
    draw_all(video, empty, tmp_path, params, media)
    assert len(frame_times(tmp_path / "overlay.mp4", media)) == 10


def test_only_the_chosen_parts_are_drawn(
    tmp_path: Path, params: OverlayParams, media: MediaParams
) -> None:
    """Without any part, the frames are those of the recording."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(5, 320, 240), EVEN[:5])
    bare = params.model_copy(update={"parts": frozenset(), "quality": 5})
    draw_all(video, routine_for(video, media), tmp_path, bare, media)
    with VideoReader(video, media) as a, VideoReader(tmp_path / "overlay.mp4", media) as b:
        for original, copy in zip(a.frames(), b.frames(), strict=True):
            difference = np.abs(original.rgb.astype(int) - copy.rgb.astype(int))
            assert difference.mean() < 3


def test_photos_and_summary_do_not_depend_on_the_overlay(
    tmp_path: Path, params: OverlayParams, media: MediaParams
) -> None:
    """With or without the video, they are the same bytes."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(30), [i / 25 for i in range(30)])
    routine = routine_for(video, media)
    folders = []
    for overlay in (True, False):
        folders.append(tmp_path / f"overlay {overlay}")
        (folders[-1] / "holds").mkdir(parents=True)
        (folders[-1] / "holds" / "7.jpg").write_bytes(b"of an earlier analysis")
        written = draw_all(video, routine, folders[-1], params, media, overlay=overlay)
        assert all(path.is_file() for path in written)
        assert {path.name for path in (folders[-1] / "holds").iterdir()} == {
            "1.jpg",
            *(f"1_{moment}.jpg" for moment in MOMENTS),
        }
    assert not (folders[1] / "overlay.mp4").exists()
    for name in ("holds/1.jpg", "holds/1_entry.jpg", "holds.json", "summary.png"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_only_photos_are_converted_to_rgb(
    tmp_path: Path, overlay: Overlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The video is drawn in its stored format: one conversion per moment of a hold."""
    clip = write_video(tmp_path / "clip.mp4", some_pictures(40), [i / 20 for i in range(40)])
    converted, real = [], Upright.rgb

    def counting(upright: Upright, frame: VideoFrame) -> RgbArray:
        # The main thread reads the times of the clip.
        if threading.current_thread() is not threading.main_thread():
            converted.append(frame.pts)
        return real(upright, frame)

    monkeypatch.setattr(Upright, "rgb", counting)
    overlay(clip)
    assert len(converted) == len(MOMENTS)


def test_an_interrupted_drawing_leaves_no_video(
    tmp_path: Path, params: OverlayParams, media: MediaParams
) -> None:
    """An exception from the caller ends it, and no partial file remains."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(30), [i / 25 for i in range(30)])
    out = tmp_path / "out"
    out.mkdir()

    def stop(frames_done: int) -> None:
        if frames_done == 20:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        draw_all(video, routine_for(video, media), out, params, media, report_progress=stop)
    assert [path.name for path in out.iterdir() if path.is_file()] == []


@pytest.mark.parametrize("name", RECORDINGS)
def test_real_recordings_keep_frames_and_sound(
    tmp_path: Path,
    params: OverlayParams,
    media: MediaParams,
    shared_data: Callable[[str], Path],
    name: str,
) -> None:
    """According to ffprobe: frames, their times, and a hash of every audio packet."""
    if shutil.which("ffprobe") is None:
        pytest.skip("needs ffprobe")
    video = shared_data(f"edge_cases/{name}")
    small = params.model_copy(update={"max_side_px": 320})
    draw_all(video, routine_for(video, media), tmp_path, small, media)
    made = tmp_path / "overlay.mp4"
    assert_plays_everywhere(made)
    times, expected = probed_times(made), probed_times(video)
    assert len(times) == len(expected)
    assert times == pytest.approx(expected, abs=0.001)
    assert probed_sound(made) == probed_sound(video)


def probed(path: Path, *arguments: str) -> dict[str, list[dict[str, str]]]:
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, str(path)]
    found = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    report: dict[str, list[dict[str, str]]] = json.loads(found.stdout)
    return report


def probed_times(path: Path) -> list[float]:
    frames = probed(path, "-select_streams", "v:0", "-show_entries", "frame=pts_time")["frames"]
    return [float(frame["pts_time"]) for frame in frames]


def probed_sound(path: Path) -> list[str]:
    arguments = ("-select_streams", "a:0", "-show_packets", "-show_data_hash", "md5")
    return [packet["data_hash"] for packet in probed(path, *arguments).get("packets", [])]


def test_a_routine_without_holds_has_a_summary(
    tmp_path: Path, params: OverlayParams, media: MediaParams
) -> None:
    """The list of holds is empty."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(10), EVEN)
    routine = routine_for(video, media)
    bare = replace(
        routine,
        segments=(Segment("other", 0.0, routine.duration_s, 0, 9, 0.9, False),),
        totals=(Total("other", routine.duration_s, 0, 0.0),),
    )
    written = draw_all(video, bare, tmp_path, params, media, overlay=False)
    assert [path.name for path in written] == ["holds.json", "summary.png"]
    assert json.loads((tmp_path / "holds.json").read_text()) == []


def test_a_routine_is_stored_bit_for_bit(tmp_path: Path, media: MediaParams) -> None:
    """Reading it back gives the same arrays and texts."""
    video = write_video(tmp_path / "clip.mp4", some_pictures(10), EVEN)
    kept = routine_for(video, media)
    save_routine(kept, tmp_path)
    read = load_routine(tmp_path)
    assert read.points.tobytes() == kept.points.tobytes()
    assert read.pts_s.tobytes() == kept.pts_s.tobytes()
    assert read.confidence.tobytes() == kept.confidence.tobytes()
    assert (read.segments, read.totals) == (kept.segments, kept.totals)
    assert (read.source, read.labels, read.other) == (kept.source, kept.labels, kept.other)
