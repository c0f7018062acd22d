"""Landmarks of many recordings are the same, byte for byte, even after interruptions."""

import json
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from shared_features.landmarks.landmarks import mirror_image
from shared_features.landmarks.track_csv import read_track, write_track
from shared_features.media.photos import read_photo
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams, SharedParams, load_shared
from shared_features.pose.extract import extract_photo, extract_video
from tests.clips import corner_image, write_video
from tests.training.media.conftest import N_PHOTOS
from tests.training.media.media_stage import (
    contents,
    demo_clip,
    identities,
    kill_group,
    run_command,
    start_command,
    wait_until,
    write_params,
)
from training.errors import RecordingError, TrainingError
from training.media.landmarks import ExtractionReport, extract_recordings
from training.media.prepare import process_photos
from training.params import ExtractionParams, ProcessPhotosParams
from training.recordings.catalog import Kind, Recording, find_recordings
from training.recordings.media_jobs import MediaJob, run_jobs
from training.recordings.perceptual_hashes import perceptual_hash
from training.runtime.workers import Workers

pytestmark = pytest.mark.usefixtures("pose_model")

ONE = ExtractionParams(workers=1, annotated_copies=False)


def extract(
    folder: Path,
    out: Path,
    shared: SharedParams,
    kind: Kind = "photo",
    extraction: ExtractionParams = ONE,
) -> ExtractionReport:
    return extract_recordings(kind, find_recordings(folder, kind), out, shared, extraction)


@pytest.fixture
def some(photos: Path, undisturbed: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of three photos and their tables, which a test may change."""
    few, tables = tmp_path / "photos", tmp_path / "tables"
    few.mkdir()
    tables.mkdir()
    for number in range(3):
        shutil.copy2(photos / f"{number:02}.jpg", few)
        for suffix in ("csv", "json"):
            shutil.copy2(undisturbed / f"photo_{number:02}_landmarks.{suffix}", tables)
    return few, tables


def finished(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of the files of each finished recording."""
    sidecars = {path.stem for path in folder.glob("*_landmarks.json")}
    files = identities(folder, "*_landmarks.*")
    return {name: identity for name, identity in files.items() if Path(name).stem in sidecars}


def test_a_photo_has_the_landmarks_that_serving_finds(
    photos: Path, undisturbed: Path, shared_params: SharedParams
) -> None:
    """They are equal bit for bit, whichever photos the same estimator has processed before."""
    found_people = 0
    for number in (0, 7, 23):
        track = read_track(undisturbed / f"photo_{number:02}_landmarks.csv")
        served = extract_photo(photos / f"{number:02}.jpg", shared_params.media, shared_params.pose)
        assert track.image.tobytes() == served.image.tobytes()
        assert track.world.tobytes() == served.world.tobytes()
        assert track.source == f"{number:02}.jpg"
        assert track.provenance["frames_with_person"] == int(track.person.sum())
        found_people += int(track.person.sum())
    assert found_people


def test_killed_three_times_and_resumed(photos: Path, undisturbed: Path, tmp_path: Path) -> None:
    """After ``kill -9`` at random moments, the bytes are the same and finished tables stay."""
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    out = tmp_path / "tables"
    command = ("extract-photo-landmarks", "--input", photos, "--output", out, "--workers")
    before: dict[str, tuple[int, int]] = {}
    for workers in (2, 1, 1):
        process = start_command(*command, workers)
        more = len(before) + 2 * chance.randint(1, 4)
        wait_until(lambda more=more: len(finished(out)) >= more, process)
        kill_group(process)
        now = finished(out)
        assert before.items() <= now.items()
        assert len(before) < len(now) < 2 * N_PHOTOS
        before = now
    code, output, errors = run_command(*command, 1)
    assert code == 0, errors
    n_before = len(before) // 2
    assert f"{N_PHOTOS - n_before} done, {n_before} up to date" in output
    assert before.items() <= finished(out).items()
    assert contents(out) == contents(undisturbed)


def test_a_killed_video_resumes_after_its_last_chunk(tmp_path: Path) -> None:
    """The table is that of an uninterrupted run, and the chunks are removed when it is written."""
    clip = demo_clip(tmp_path / "videos" / "routine.mp4", 60)
    params = write_params(tmp_path / "params.yaml", pose={"chunk_frames": 12, "warmup_frames": 4})
    out = tmp_path / "tables"
    command = ["extract-video-landmarks", "--params", params, "--workers", 1]
    command += ["--input", clip.parent, "--output", out]
    process = start_command(*command)
    chunks = out / ".checkpoints" / "video_routine.mp4"
    wait_until(lambda: len(identities(chunks, "chunk*")) >= 2, process)
    kill_group(process)
    assert not list(out.glob("*.csv"))
    code, _, errors = run_command(*command)
    assert code == 0, errors
    assert set(contents(out)) == {"video_routine_landmarks.csv", "video_routine_landmarks.json"}
    shared = load_shared(params)
    undisturbed = extract_video(clip, shared.media, shared.pose).track
    track = read_track(out / "video_routine_landmarks.csv")
    assert track.image.tobytes() == undisturbed.image.tobytes()
    assert track.world.tobytes() == undisturbed.world.tobytes()
    assert track.pts_s.tobytes() == undisturbed.pts_s.tobytes()
    assert track.provenance["verdict"]["status"] == "complete"
    assert len(track.provenance["picture_hashes"]) == int(track.pts_s[-1]) + 1


def test_only_contents_and_settings_count(
    some: tuple[Path, Path], shared_params: SharedParams
) -> None:
    """A touched photo is up to date; after a change of settings or content it is not."""
    photos, out = some
    before = finished(out)
    os.utime(photos / "00.jpg")
    chunks = shared_params.pose.model_copy(update={"chunk_frames": 99})
    report = extract(photos, out, shared_params.model_copy(update={"pose": chunks}))
    assert (len(report.up_to_date), report.done) == (3, ()), "chunk settings do not affect photos"
    assert finished(out) == before
    surer = shared_params.pose.model_copy(update={"min_detection_confidence": 0.6})
    other = shared_params.model_copy(update={"pose": surer})
    assert len(extract(photos, out, other).done) == 3
    shutil.copy(photos / "01.jpg", photos / "00.jpg")
    report = extract(photos, out, other)
    assert (report.done, report.up_to_date) == (("00.jpg",), ("01.jpg", "02.jpg"))


def test_a_renamed_photo_is_not_computed_again(
    some: tuple[Path, Path], shared_params: SharedParams
) -> None:
    """Its table is copied under the new name; the old one stays and is reported."""
    photos, out = some
    (photos / "00.jpg").rename(photos / "lever.jpg")
    (photos / "01.jpg").rename(photos / "01.jpeg")
    track = read_track(out / "photo_00_landmarks.csv")
    track.image[0, 0, 3] = 0.125  # A value that extraction would not give.
    write_track(track, out / "photo_00_landmarks.csv")
    report = extract(photos, out, shared_params)
    assert (report.done, report.failed) == (("01.jpeg", "lever.jpg"), ())
    assert report.vanished == ("photo_00_landmarks.csv",)
    assert any("photo_00_landmarks.csv" in line for line in report.warnings())
    copied = read_track(out / "photo_lever_landmarks.csv")
    assert copied.image.tobytes() == track.image.tobytes()
    assert (copied.source, copied.provenance["source"]) == ("lever.jpg", "lever.jpg")
    assert read_track(out / "photo_01_landmarks.csv").source == "01.jpeg"
    assert (out / "photo_00_landmarks.csv").is_file()


def test_an_unfinished_result_is_made_again(
    some: tuple[Path, Path], shared_params: SharedParams
) -> None:
    """A table without its sidecar, a sidecar without its table, or a damaged sidecar."""
    photos, out = some
    before = contents(out)
    (out / "photo_00_landmarks.json").unlink()
    (out / "photo_01_landmarks.csv").unlink()
    (out / "photo_02_landmarks.json").write_text('{"extraction_key": ')
    (out / ".photo_02_landmarks.999999999.part.csv").write_text("half a table")
    assert len(extract(photos, out, shared_params).done) == 3
    assert contents(out) == before


def test_unreadable_recordings_are_named(some: tuple[Path, Path]) -> None:
    """The reason is printed after all others are done; a photo without a person is a result."""
    photos, out = some
    (photos / "bad.jpg").write_text("no photo")
    Image.fromarray(corner_image(64, 64)).save(photos / "nobody.png")
    code, output, errors = run_command(
        "extract-photo-landmarks", "--input", photos, "--output", out, "--workers", 1
    )
    assert code == 1, errors
    assert "1 done, 3 up to date, 1 without a person, 1 failed" in output
    assert "bad.jpg is not a photo" in errors
    assert "No person was found in these photos: nobody.png" in errors
    assert np.isnan(read_track(out / "photo_nobody_landmarks.csv").image).all()


def test_a_damaged_video_keeps_its_verdict(tmp_path: Path, shared_params: SharedParams) -> None:
    """The sidecar and the report have it, even if the table is up to date."""
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 255, (96, 96, 3), dtype=np.uint8) for _ in range(60)]
    (tmp_path / "videos").mkdir()
    clip = write_video(tmp_path / "videos" / "cut.mp4", pictures, [i / 20 for i in range(60)])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    for _ in range(2):
        report = extract(tmp_path / "videos", tmp_path / "out", shared_params, "video")
        (damage,) = report.damaged
        assert (damage.name, damage.reason.split(",")[0]) == ("cut.mp4", "truncated")
    sidecar = json.loads((tmp_path / "out" / "video_cut_landmarks.json").read_text())
    assert sidecar["verdict"]["status"] == "truncated"
    assert sidecar["verdict"]["frames"] == sidecar["frames"]
    assert len(sidecar["picture_hashes"]) == sidecar["frames"] // 20 + 1


def test_image_hashes_find_copies_and_tell_images_apart(
    photos: Path, undisturbed: Path, media: MediaParams, tmp_path: Path
) -> None:
    """A smaller copy is close to its source; photos of other moments are not."""

    def stored(stem: str) -> imagehash.ImageHash:
        sidecar = json.loads((undisturbed / f"photo_{stem}_landmarks.json").read_text())
        return imagehash.hex_to_hash(sidecar["picture_hashes"][0])

    with Image.open(photos / "05.jpg") as picture:
        ImageOps.scale(picture, 0.5).save(tmp_path / "small.jpg", quality=70)
    small = imagehash.hex_to_hash(perceptual_hash(read_photo(tmp_path / "small.jpg", media).rgb))
    assert small - stored("05") <= 12
    assert small - stored("00") > 40


def test_landmarks_of_a_mirrored_photo_are_mirrored(
    photos: Path, tmp_path: Path, media: MediaParams, shared_params: SharedParams
) -> None:
    """Left and right are swapped; MediaPipe itself is not exactly symmetrical."""
    few = tmp_path / "photos"
    few.mkdir()
    for number in range(3):
        shutil.copy(photos / f"{number * 4:02}.jpg", few)
    settings = ProcessPhotosParams(mirrored_copy=True)
    recordings = find_recordings(few, "photo")
    process_photos(recordings, tmp_path / "interim", media, settings, Workers(processes=1))
    report = extract(tmp_path / "interim", tmp_path / "out", shared_params)
    assert len(report.done) == 6
    distances = []
    for recording in recordings:
        plain, mirrored = (
            read_track(tmp_path / "out" / f"photo_{prefix}{recording.stem}_landmarks.csv").image[0]
            for prefix in ("", "mirrored_")
        )
        distances.append(
            [np.abs(other - mirrored)[:, :2].max() for other in (mirror_image(plain), plain)]
        )
    as_mirror_image, unchanged = np.median(distances, axis=0)
    assert as_mirror_image < 0.03 < unchanged, distances


def test_annotated_copies_show_what_was_found(
    some: tuple[Path, Path], tmp_path: Path, media: MediaParams, shared_params: SharedParams
) -> None:
    """They are made even if the tables are up to date, with every frame of a video at its time."""
    photos, out = some
    wanted = ExtractionParams(workers=1, annotated_copies=True)
    before = finished(out)
    assert len(extract(photos, out, shared_params, extraction=wanted).done) == 3
    assert finished(out) == before, "the tables were up to date"
    with (
        Image.open(photos / "00.jpg") as plain,
        Image.open(out / "annotated" / "photo_00.jpg") as drawn,
    ):
        assert plain.size == drawn.size
        difference = np.abs(np.asarray(plain, dtype=int) - np.asarray(drawn)).max(axis=2)
    assert 0.001 < (difference > 60).mean() < 0.1
    demo_clip(tmp_path / "videos" / "routine.mp4", 12)
    extract(tmp_path / "videos", out, shared_params, "video", wanted)
    times = []
    for path in (tmp_path / "videos" / "routine.mp4", out / "annotated" / "video_routine.mp4"):
        with VideoReader(path, media) as reader:
            times.append([frame.pts_s for frame in reader.frames()])
    assert np.abs(np.subtract(*times)).max() <= 0.001
    with pytest.raises(RecordingError, match="annotated"):
        extract(out / "annotated", out, shared_params, extraction=wanted)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for a few tables."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:  # noqa: S603
        pytest.skip("needs to mount a small disk, which only root may")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S603, S607


def test_a_full_disk_is_a_message_and_the_run_can_resume(
    photos: Path, undisturbed: Path, small_disk: Path, shared_params: SharedParams
) -> None:
    """No unfinished file is left, and the run resumes when there is room."""
    out = small_disk / "tables"
    with pytest.raises(TrainingError, match="No space left on device") as caught:
        extract(photos, out, shared_params)
    assert str(out) in str(caught.value)
    there, complete = contents(out), contents(undisturbed)
    assert 0 < len(there) < len(complete)
    assert there.items() <= complete.items()
    remount = ["mount", "-o", "remount,size=4m", str(small_disk)]
    subprocess.run(remount, check=True)  # noqa: S603
    report = extract(photos, out, shared_params)
    assert len(report.up_to_date) == len(list(name for name in there if name.endswith(".json")))
    assert contents(out) == complete


def _write_half_and_die(job: MediaJob) -> NoReturn:
    folder = job.recording.path.parent / "out"
    (folder / f".half_landmarks.{os.getpid()}.0123abcd.part.csv").write_text("half a table")
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_the_unfinished_file_of_a_dead_worker_is_removed(tmp_path: Path) -> None:
    """It is removed at the end of the run in which the worker died, not only by the next run."""
    out = tmp_path / "out"
    out.mkdir()
    job = MediaJob(Recording("photo", "a.jpg", tmp_path / "a.jpg"), "", "")
    results = run_jobs([job], [], lambda _: None, _write_half_and_die, out, Workers(2), None)
    assert len(results.failed) == 1
    assert list(out.iterdir()) == []
