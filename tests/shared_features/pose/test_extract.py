"""A video's landmarks are defined chunk by chunk, however often they are computed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shared_features.landmarks.landmarks import LandmarkTrack
from shared_features.media.frames import RgbArray
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.estimator import Person, PersonPolicy, pick
from shared_features.pose.extract import extract_photo, extract_video
from tests.clips import corner_image, write_video
from training.synthetic.performance import performance_frames

pytestmark = pytest.mark.usefixtures("pose_model")


class StoppedError(Exception):
    """Raised by a progress callback to end an extraction midway."""


def same_bits(a: LandmarkTrack, b: LandmarkTrack) -> bool:
    return (
        a.image.tobytes() == b.image.tobytes()
        and a.world.tobytes() == b.world.tobytes()
        and a.pts_s.tobytes() == b.pts_s.tobytes()
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, performer: list[RgbArray]) -> Path:
    """Fifty frames of the synthetic performer, then ten of an empty stage."""
    pictures = [*performer, *[np.full_like(performer[0], 90)] * 10]
    path = tmp_path_factory.mktemp("clips") / "performance.mp4"
    return write_video(path, pictures, [i / 10 for i in range(60)])


@pytest.fixture(scope="module")
def small_chunks(pose: PoseParams) -> PoseParams:
    return pose.model_copy(update={"chunk_frames": 20, "warmup_frames": 4})


@pytest.fixture(scope="module")
def uninterrupted(clip: Path, media: MediaParams, small_chunks: PoseParams) -> LandmarkTrack:
    return extract_video(clip, media, small_chunks).track


def test_rows_are_frames_and_no_person_is_nan(uninterrupted: LandmarkTrack) -> None:
    """A frame without a person is a row of NaN, never a missing row."""
    assert len(uninterrupted) == 60
    assert uninterrupted.person[:50].mean() > 0.9
    assert np.isnan(uninterrupted.image[-5:]).all()
    assert np.isnan(uninterrupted.world[-5:]).all()
    assert uninterrupted.provenance["chunk_frames"] == 20
    assert len(uninterrupted.provenance["people_in_view"]) == 3


def test_the_same_file_twice_gives_the_same_bits(
    clip: Path, media: MediaParams, small_chunks: PoseParams, uninterrupted: LandmarkTrack
) -> None:
    """Nothing leaks from one extraction into the next."""
    assert same_bits(extract_video(clip, media, small_chunks).track, uninterrupted)


@pytest.mark.parametrize("stop_at", [1, 19, 20, 21, 39, 45, 59])
def test_an_interrupted_extraction_resumes_to_the_same_bits(
    tmp_path: Path,
    clip: Path,
    media: MediaParams,
    small_chunks: PoseParams,
    uninterrupted: LandmarkTrack,
    stop_at: int,
) -> None:
    """Finished chunks are not computed again, and the result is that of an uninterrupted run."""

    def stop(frames: int) -> None:
        if frames == stop_at:
            raise StoppedError

    with pytest.raises(StoppedError):
        extract_video(clip, media, small_chunks, tmp_path, stop)
    reported: list[int] = []
    resumed = extract_video(clip, media, small_chunks, tmp_path, reported.append)
    assert reported[0] == stop_at // 20 * 20
    assert reported[-1] == 60
    assert same_bits(resumed.track, uninterrupted)


def test_a_damaged_checkpoint_is_computed_again(
    tmp_path: Path,
    clip: Path,
    media: MediaParams,
    small_chunks: PoseParams,
    uninterrupted: LandmarkTrack,
) -> None:
    """Disks lose data; the extraction resumes before the damage."""
    extract_video(clip, media, small_chunks, tmp_path)
    second = sorted(tmp_path.glob("chunk_*"))[1]
    second.write_bytes(second.read_bytes()[:100])
    resumed = extract_video(clip, media, small_chunks, tmp_path)
    assert same_bits(resumed.track, uninterrupted)
    assert same_bits(extract_video(clip, media, small_chunks, tmp_path).track, uninterrupted)


def test_chunks_of_another_setting_are_not_reused(
    tmp_path: Path, clip: Path, media: MediaParams, small_chunks: PoseParams
) -> None:
    """A checkpoint only counts for what it was computed with."""
    extract_video(clip, media, small_chunks, tmp_path)
    other = small_chunks.model_copy(update={"warmup_frames": 2})
    reported: list[int] = []
    extract_video(clip, media, other, tmp_path, reported.append)
    assert reported[0] == 0


def test_a_chunk_does_not_depend_on_the_ones_before(
    clip: Path, media: MediaParams, small_chunks: PoseParams, uninterrupted: LandmarkTrack
) -> None:
    """The first chunk is the same, whatever comes after it."""
    longer_chunks = small_chunks.model_copy(update={"chunk_frames": 40})
    longer = extract_video(clip, media, longer_chunks).track
    assert longer.image[:20].tobytes() == uninterrupted.image[:20].tobytes()


def test_without_warm_up_chunks_still_join(
    clip: Path, media: MediaParams, small_chunks: PoseParams, tmp_path: Path
) -> None:
    """Zero warm-up frames are allowed, also when resuming."""
    cold = small_chunks.model_copy(update={"warmup_frames": 0})
    whole = extract_video(clip, media, cold, tmp_path).track
    assert same_bits(extract_video(clip, media, cold, tmp_path).track, whole)


def test_a_photo_is_a_track_of_one_frame(
    tmp_path: Path, performer: list[RgbArray], media: MediaParams, pose: PoseParams
) -> None:
    """With a person, or a row of NaN."""
    Image.fromarray(performer[0]).save(tmp_path / "person.png")
    Image.fromarray(corner_image(320, 240)).save(tmp_path / "nobody.png")
    person = extract_photo(tmp_path / "person.png", media, pose)
    nobody = extract_photo(tmp_path / "nobody.png", media, pose)
    assert person.person.tolist() == [True]
    assert nobody.person.tolist() == [False]
    assert nobody.provenance["people_in_view"] == [0]


def _person(left: float, top: float, right: float, bottom: float) -> Person:
    image = np.zeros((33, 5), dtype=np.float32)
    image[:, 0] = np.linspace(left, right, 33)
    image[:, 1] = np.linspace(top, bottom, 33)
    return Person(image, np.zeros((33, 3), dtype=np.float32))


@pytest.mark.parametrize(("policy", "expected"), [("followed", 0), ("largest", 1), ("central", 2)])
def test_each_policy_picks_its_person(policy: PersonPolicy, expected: int) -> None:
    """The one found first, the largest, the one in the middle."""
    people = [_person(0, 0.4, 0.1, 0.6), _person(0.6, 0, 1, 1), _person(0.4, 0.4, 0.6, 0.6)]
    assert pick(people, policy) is people[expected]
    assert pick([], policy) is None


def test_the_person_followed_is_kept_across_chunks(
    shared_data: Callable[[str], Path], media: MediaParams, small_chunks: PoseParams
) -> None:
    """Three people sit next to each other; every new tracker continues with the same one."""
    pose = small_chunks.model_copy(update={"chunk_frames": 60, "warmup_frames": 10})
    track = extract_video(shared_data("edge_cases/three_seated_audio.mp4"), media, pose).track
    hips = track.image[:, 23:25, :2].mean(axis=1)
    assert max(track.provenance["people_in_view"]) > 1
    assert np.abs(np.diff(hips, axis=0)).max() < 0.1


def test_the_smaller_of_two_people_is_kept_once_followed(
    tmp_path: Path, media: MediaParams, small_chunks: PoseParams
) -> None:
    """Someone larger comes into view; every new tracker stays with the first person."""
    first, second = (
        [rgb[:, 120:460] for rgb, _, _ in performance_frames(seed, start_s=1.0, end_s=3.0)]
        for seed in (1, 4)
    )
    nobody = np.full_like(second[0], 90)
    for picture in first:
        small = np.asarray(Image.fromarray(picture).resize((306, 432)))
        picture[:] = 90
        picture[30:462, 17:323] = small
    pictures = [
        np.hstack([left, right if i >= 10 else nobody])
        for i, (left, right) in enumerate(zip(first, second, strict=True))
    ]
    path = write_video(tmp_path / "two.mp4", pictures, [i / 25 for i in range(50)])
    pose = small_chunks.model_copy(update={"warmup_frames": 8})
    track = extract_video(path, media, pose).track
    assert track.person.mean() > 0.8
    assert np.nanmax(track.image[:, 23:25, 0]) < 0.5
