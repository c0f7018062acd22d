"""Fewer inferences on request, and interpolated landmarks for the other frames."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.landmarks.landmarks import LandmarkTrack, empty_landmarks
from shared_features.media.frames import RgbArray
from shared_features.params import MediaParams, PoseParams
from shared_features.pose.estimator import Person
from shared_features.pose.extract import VideoExtraction, extract_video
from shared_features.pose.sampling import Stillness, fill_skipped
from tests.clips import write_video

FPS = 20
SIZE = 720, 1280
Extract = Callable[..., VideoExtraction]


def someone(shift: float = 0.0) -> Person:
    image, world = empty_landmarks(1)
    image[0, :, 0] = np.linspace(0.3, 0.6, 33)
    image[0, :, 1] = np.linspace(0.2, 0.8, 33)
    image[0, :, 2:], world[0] = 0.5, 0.5
    image[0, 15, 0] += shift  # the left wrist
    return Person(image[0], world[0])


def inferred_frames(
    people: list[Person | None], still_fps: float | None, fps: float = 30
) -> list[bool]:
    """Whether the network runs on each frame."""
    stillness, inferred = Stillness(still_fps), []
    for number, person in enumerate(people):
        pts_s = number / fps
        inferred.append(stillness.is_due(pts_s))
        if inferred[-1]:
            stillness.record(pts_s, person, SIZE)
    return inferred


def test_inference_is_less_frequent_while_the_performer_is_still() -> None:
    """After a quarter of a second, and at the requested rate."""
    inferred = inferred_frames([someone()] * 90, still_fps=10)
    assert all(inferred[:8])
    assert np.flatnonzero(inferred[12:]).tolist() == list(range(inferred[12:].index(True), 78, 3))


def test_every_frame_counts_once_the_performer_moves_again() -> None:
    """From the inference that notices the movement, for as long as it lasts."""
    waving = [someone(0.2 * np.sin(number)) for number in range(30)]
    inferred = inferred_frames([someone()] * 60 + waving, still_fps=10)
    assert not all(inferred[30:60])
    assert all(inferred[63:])


def test_no_one_and_no_limit_are_never_still() -> None:
    """Without a person or a limit, the network runs on every frame."""
    assert all(inferred_frames([None] * 60, still_fps=5))
    assert all(inferred_frames([someone()] * 60, still_fps=None))


@given(
    still_fps=st.floats(1, 60), fps=st.floats(10, 60), moves=st.lists(st.booleans(), max_size=80)
)
def test_pauses_are_never_longer_than_requested(
    still_fps: float, fps: float, moves: list[bool]
) -> None:
    """The first frame after a pause is due."""
    people: list[Person | None] = [
        someone(0.3 * number * move) for number, move in enumerate(moves)
    ]
    inferred = np.flatnonzero(inferred_frames(people, still_fps, fps))
    assert (np.diff(inferred) / fps < 1 / still_fps + 1 / fps).all()


def test_frames_between_lie_on_straight_lines() -> None:
    """Linear in time, not in index; constant after the last inference or next to no one."""
    pts_s = np.array([0.0, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8])
    inferred = np.array([True, False, True, False, True, False, False])
    image, world = empty_landmarks(len(pts_s))
    image[0], image[2] = 1.0, 5.0
    world[0], world[2] = -1.0, 3.0
    fill_skipped(pts_s, inferred, image, world)
    assert image[:, 7, 1].tolist() == pytest.approx([1, 2, 5, 5, *[np.nan] * 3], nan_ok=True)
    assert world[:, 7, 1].tolist() == pytest.approx([-1, 0, 3, 3, *[np.nan] * 3], nan_ok=True)


@pytest.fixture(scope="module")
def extract(
    tmp_path_factory: pytest.TempPathFactory,
    performer: list[RgbArray],
    pose_model: Path,
    media: MediaParams,
    pose: PoseParams,
) -> Extract:
    """The synthetic performer: moving, then standing still for two seconds, then moving."""
    del pose_model
    pictures = [*performer, *[performer[-1]] * 40, *performer[::-1][:25]]
    clip = tmp_path_factory.mktemp("clips") / "still.mp4"
    write_video(clip, pictures, [i / FPS for i in range(len(pictures))])
    chunks = pose.model_copy(update={"chunk_frames": 50, "warmup_frames": 6})

    def extract(folder: Path | None = None, workers: int = 1, **asked: float) -> VideoExtraction:
        return extract_video(clip, media, chunks.model_copy(update=asked), folder, None, workers)

    return extract


@pytest.fixture(scope="module")
def usual(extract: Extract) -> LandmarkTrack:
    return extract().track


@pytest.mark.parametrize(
    "asked", [{"max_fps": 7}, {"still_fps": 5}, {"max_fps": 10, "still_fps": 4}]
)
def test_fewer_inferences_give_the_same_bits_however_they_are_computed(
    extract: Extract, usual: LandmarkTrack, tmp_path: Path, asked: dict[str, float]
) -> None:
    """With one thread or two, resumed or not; every frame has a row close to the usual one."""
    less = extract(tmp_path, **asked).track
    assert less.pts_s.tobytes() == usual.pts_s.tobytes()
    inferences = less.provenance["frames_looked_at"]
    assert inferences < 0.8 * usual.provenance["frames_looked_at"]
    assert usual.provenance["frames_looked_at"] == len(usual)
    assert np.nanmedian(np.abs(less.image - usual.image)[:, :, :2]) < 0.01
    last, *_ = sorted(tmp_path.iterdir(), reverse=True)
    last.unlink()
    for again in (extract(**asked, workers=2), extract(tmp_path, **asked)):
        assert again.track.image.tobytes() == less.image.tobytes()
        assert again.track.world.tobytes() == less.world.tobytes()
        assert again.track.provenance == less.provenance
