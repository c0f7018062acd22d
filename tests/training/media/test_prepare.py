"""Recordings are prepared for labelling: smaller, upright, every frame at its own time."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams
from tests.clips import corner_image, corner_order, flag_rotation, write_video
from tests.training.media.media_stage import (
    contents,
    demo_clip,
    identities,
    kill_group,
    run_command,
    start_command,
    wait_until,
)
from training.errors import RecordingError
from training.media.prepare import PrepareReport, process_photos, process_videos
from training.media.prepare_files import reduced_size
from training.params import ProcessPhotosParams, ProcessVideosParams
from training.recordings.catalog import find_recordings
from training.runtime.workers import Workers

ONE = Workers(processes=1)
# Length of the real clips used here.
CLIP_S = 2.0
VARIABLE_RATE_S = [0.0, 0.033, 0.5, 0.52, 0.9, 2.1]


def videos(
    raw: Path, out: Path, media: MediaParams, factor: int = 4, mirrored: bool = False
) -> PrepareReport:
    settings = ProcessVideosParams(reduction_factor=factor, mirrored_copy=mirrored)
    return process_videos(find_recordings(raw, "video"), out, media, settings, ONE)


def photos(raw: Path, out: Path, media: MediaParams, mirrored: bool = False) -> PrepareReport:
    settings = ProcessPhotosParams(mirrored_copy=mirrored)
    return process_photos(find_recordings(raw, "photo"), out, media, settings, ONE)


def probed(path: Path) -> tuple[np.ndarray, int, int]:
    """Times of all frames after the first, and width and height, according to ffprobe."""
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
    command += ["-show_entries", "frame=best_effort_timestamp_time,width,height", str(path)]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    frames = json.loads(done.stdout)["frames"]
    times = np.array([float(frame["best_effort_timestamp_time"]) for frame in frames])
    return times - times[0], frames[0]["width"], frames[0]["height"]


def test_frames_are_upright_and_keep_their_times(tmp_path: Path, media: MediaParams) -> None:
    """The copy of a rotated phone clip with a variable frame rate needs no rotation."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    clip = write_video(
        raw / "turned.mp4", [corner_image(192, 96)] * len(VARIABLE_RATE_S), VARIABLE_RATE_S
    )
    flag_rotation(clip, 90)
    report = videos(raw, out, media, factor=2, mirrored=True)
    assert (report.done, report.failed, report.damaged) == (("turned.mp4",), (), ())
    times_s, width, height = probed(out / "turned.mp4")
    assert (width, height) == (48, 96)
    assert np.abs(times_s - VARIABLE_RATE_S).max() <= 0.001
    orders = {}
    for name in ("turned.mp4", "mirrored_turned.mp4"):
        with VideoReader(out / name, media) as reader:
            frames = list(reader.frames())
        assert np.abs(np.array([f.pts_s for f in frames]) - VARIABLE_RATE_S).max() <= 0.001
        orders[name] = corner_order(frames[-1].rgb)
    # After a quarter turn clockwise, the lower left corner is the upper left one.
    assert orders["turned.mp4"] == [3, 0, 1, 2]
    assert orders["mirrored_turned.mp4"] == [0, 3, 2, 1]


@pytest.mark.parametrize("name", ["squat_vfr.mp4", "portrait_rotflag.mp4"])
def test_real_phone_clips_keep_their_times(
    shared_data: Callable[[str], Path], tmp_path: Path, media: MediaParams, name: str
) -> None:
    """Every frame of the source is there, within a millisecond, according to ffprobe."""
    raw = tmp_path / "raw"
    raw.mkdir()
    _copy_beginning(shared_data(f"edge_cases/{name}"), raw / name)
    videos(raw, tmp_path / "out", media)
    source_s, width, height = probed(raw / name)
    copy_s, copy_width, copy_height = probed(tmp_path / "out" / name)
    assert len(copy_s) == len(source_s)
    assert np.abs(copy_s - source_s).max() <= 0.001
    upright = (height, width) if "rotflag" in name else (width, height)
    assert (copy_width, copy_height) == (upright[0] // 4, upright[1] // 4)


def _copy_beginning(source: Path, target: Path) -> None:
    """The first seconds of a clip, with its packets, times and rotation unchanged."""
    command = ["ffmpeg", "-v", "error", "-i", str(source), "-t", str(CLIP_S), "-c", "copy"]
    subprocess.run([*command, str(target)], check=True)  # noqa: S603


@given(width=st.integers(2, 8000), height=st.integers(2, 8000), factor=st.integers(2, 16))
def test_reduced_lengths_are_even_and_close(width: int, height: int, factor: int) -> None:
    """Width and height are off by a pixel at most, and never zero."""
    for side, reduced in zip((width, height), reduced_size(width, height, factor), strict=True):
        assert reduced % 2 == 0
        assert reduced >= 2
        assert abs(reduced - side / factor) <= 1 or reduced == 2


def test_other_containers_become_mp4(tmp_path: Path, media: MediaParams) -> None:
    """The stem stays, by which labels and landmarks are matched."""
    raw = tmp_path / "raw" / "evening"
    raw.mkdir(parents=True)
    write_video(raw / "routine.mkv", [corner_image(96, 96)] * 3, [0, 0.04, 0.08])
    write_video(raw / "other.mov", [corner_image(96, 96)] * 3, [0, 0.04, 0.08])
    videos(raw.parent, tmp_path / "out", media, factor=1)
    made = {path.name for path in (tmp_path / "out").glob("*.m*")}
    assert made == {"evening__routine.mp4", "evening__other.mov"}


def test_photos_are_copied_byte_for_byte_and_mirrored_upright(
    tmp_path: Path, media: MediaParams
) -> None:
    """A photo with a rotation flag is mirrored upright."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    turned = Image.fromarray(corner_image(96, 60))
    exif = Image.Exif()
    exif[0x0112] = 6  # Rotated by a quarter turn clockwise.
    turned.save(raw / "turned.jpg", quality=95, exif=exif)
    turned.save(raw / "plain.png")
    photos(raw, out, media, mirrored=True)
    for name in ("turned.jpg", "plain.png"):
        assert (out / name).read_bytes() == (raw / name).read_bytes()
        upright = read_photo(raw / name, media).rgb
        mirrored = read_photo(out / f"mirrored_{name}", media).rgb
        assert np.abs(mirrored[:, ::-1].astype(int) - upright).max() <= 20
    with Image.open(out / "mirrored_plain.png") as mirrored_plain:
        assert mirrored_plain.format == "PNG"


def test_only_changed_recordings_are_processed_again(tmp_path: Path, media: MediaParams) -> None:
    """Contents and settings count; dates do not."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(corner_image(60, 60)).save(raw / name)
    photos(raw, out, media)
    before = identities(out, "*.png")
    os.utime(raw / "a.png")
    assert photos(raw, out, media).up_to_date == ("a.png", "b.png")
    assert identities(out, "*.png") == before
    Image.fromarray(corner_image(60, 60, brightness=9)).save(raw / "a.png")
    report = photos(raw, out, media)
    assert (report.done, report.up_to_date) == (("a.png",), ("b.png",))
    (out / "b.png").unlink()
    assert photos(raw, out, media).done == ("b.png",)
    assert photos(raw, out, media, mirrored=True).done == ("a.png", "b.png")
    (raw / "a.png").unlink()
    assert photos(raw, out, media).vanished == ("a.png", "mirrored_a.png", "mirrored_b.png")


def test_a_mirrored_recording_is_not_mirrored_again(tmp_path: Path, media: MediaParams) -> None:
    """Two recordings that would have the same copy are refused."""
    raw = tmp_path / "raw"
    raw.mkdir()
    Image.fromarray(corner_image(60, 60)).save(raw / "mirrored_a.png")
    photos(raw, tmp_path / "out", media, mirrored=True)
    assert set(identities(tmp_path / "out", "*.png")) == {"mirrored_a.png"}
    Image.fromarray(corner_image(60, 60)).save(raw / "a.jpg")
    with pytest.raises(RecordingError, match=r"from a\.jpg and from mirrored_a\.png"):
        photos(raw, tmp_path / "out", media, mirrored=True)
    assert photos(raw, tmp_path / "out", media).succeeded


def test_copies_never_become_recordings(tmp_path: Path, media: MediaParams) -> None:
    """A folder for copies that contains recordings is refused."""
    Image.fromarray(corner_image(60, 60)).save(tmp_path / "a.png")
    with pytest.raises(RecordingError, match="Choose another --output"):
        photos(tmp_path, tmp_path, media)


def test_unreadable_photos_are_named_and_the_others_prepared(tmp_path: Path) -> None:
    """The exit code is 1, with a list on standard error; it is 2 if no photo could be read."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    (raw / "bad.jpg").write_text("no photo")
    command = ("process-photos", "--input", raw, "--output", out, "--workers", 1)
    code, _, errors = run_command(*command)
    assert code == 2
    assert "bad.jpg is not a photo" in errors
    assert contents(out) == {}
    Image.fromarray(corner_image(60, 60)).save(raw / "good.jpg")
    code, output, errors = run_command(*command)
    assert code == 1
    assert "1 done, 0 up to date, 1 failed" in output
    assert "bad.jpg is not a photo" in errors
    assert "good.jpg" in contents(out)


def test_a_killed_run_leaves_no_half_written_copy(tmp_path: Path) -> None:
    """The unfinished copy has a temporary name, and the next run removes it."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    demo_clip(raw / "routine.mp4", 150)
    command = ("process-videos", "--input", raw, "--output", out, "--workers", 1)
    process = start_command(*command)
    wait_until(lambda: bool(list(out.glob(".routine.*"))), process)
    kill_group(process)
    (unfinished,) = contents(out)
    assert unfinished.startswith(".routine.")
    code, _, errors = run_command(*command)
    assert code == 0, errors
    assert set(contents(out)) == {"routine.mp4", ".prepared/video_routine.mp4.json"}


def test_a_damaged_video_is_prepared_as_far_as_it_goes(tmp_path: Path, media: MediaParams) -> None:
    """The damage is reported, even if the copy is up to date."""
    raw, out = tmp_path / "raw", tmp_path / "out"
    raw.mkdir()
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 255, (96, 96, 3), dtype=np.uint8) for _ in range(30)]
    clip = write_video(raw / "cut.mp4", pictures, [i / 30 for i in range(30)])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    for _ in range(2):
        (damage,) = videos(raw, out, media).damaged
        assert damage.name == "cut.mp4"
        assert "truncated" in damage.reason
    assert 0 < len(probed(out / "cut.mp4")[0]) < 30
