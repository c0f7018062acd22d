"""Each chunk has a tracker of its own, which is put on the person followed before."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import empty_landmarks
from shared_features.media.frames import Frame, RgbArray
from shared_features.params import PoseParams
from shared_features.pose.chunk_tracker import ChunkTracker, _blank_around, is_distracted
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.sampling import SkippedFrame
from shared_features.pose.tracking import TrackedChunk, track_chunks

CHUNK, WARM_UP, FRAMES = 8, 3, 20


def someone(left: float, right: float) -> Person:
    image, world = empty_landmarks(1)
    image[0], world[0] = 0.5, 0.5
    image[0, :, 0] = np.linspace(left, right, 33)
    image[0, :, 1] = np.linspace(0.25, 0.75, 33)
    return Person(image[0], world[0])


def bits(*arrays: NDArray[np.generic]) -> list[bytes]:
    return [array.tobytes() for array in arrays]


@pytest.fixture(scope="module")
def frames(performer: list[RgbArray]) -> list[Frame]:
    return [Frame.of_rgb(rgb, index, index / 25) for index, rgb in enumerate(performer[:FRAMES])]


@pytest.fixture(scope="module")
def small(pose: PoseParams) -> PoseParams:
    return pose.model_copy(update={"chunk_frames": CHUNK, "warmup_frames": WARM_UP})


@pytest.fixture(scope="module")
def in_order(frames: list[Frame], small: PoseParams, pose_model: Path) -> list[TrackedChunk]:
    with PoseEstimator(pose_model, "photo", small.max_people, small) as everyone:
        return list(track_chunks(frames, 0, None, None, pose_model, small, everyone.people))


def test_only_the_last_chunk_is_shorter(in_order: list[TrackedChunk]) -> None:
    """Every frame belongs to exactly one chunk."""
    assert [tracked.number for tracked in in_order] == [0, 1, 2]
    times = [tracked.chunk.pts_s.tolist() for tracked in in_order]
    assert [len(each) for each in times] == [CHUNK, CHUNK, FRAMES - 2 * CHUNK]
    assert [time for each in times for time in each] == [index / 25 for index in range(FRAMES)]
    assert all(tracked.chunk.people_in_view == len(tracked.in_view) for tracked in in_order)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_chunk_alone_has_the_bits_of_one_tracked_in_order(
    frames: list[Frame],
    small: PoseParams,
    pose_model: Path,
    in_order: list[TrackedChunk],
    number: int,
) -> None:
    """Chunks can be tracked in any order, with or without the one before."""
    some = frames[max(0, number * CHUNK - WARM_UP) : (number + 1) * CHUNK]
    expected = in_order[number].chunk
    for previous in (None, in_order[number - 1].chunk if number else None):
        with PoseEstimator(pose_model, "photo", small.max_people, small) as everyone:
            (tracked,) = track_chunks(
                some, number, number, previous, pose_model, small, everyone.people
            )
        found = tracked.chunk
        assert bits(found.pts_s, found.image, found.world) == bits(
            expected.pts_s, expected.image, expected.world
        )


def test_everyone_is_looked_for_once_per_chunk_in_its_first_frame(
    frames: list[Frame], small: PoseParams, pose_model: Path
) -> None:
    """That is the first warm-up frame, except for the first chunk."""
    asked: list[int] = []

    def find_everyone(rgb: RgbArray) -> list[Person]:
        asked.extend(frame.index for frame in frames if frame.rgb is rgb)
        return []

    list(track_chunks(frames, 0, None, None, pose_model, small, find_everyone))
    assert asked == [0, CHUNK - WARM_UP, 2 * CHUNK - WARM_UP]


def test_a_tracker_cannot_start_on_a_skipped_frame(small: PoseParams, pose_model: Path) -> None:
    """Sampling always keeps the frames that trackers start on."""
    tracker = ChunkTracker(1, pose_model, small, lambda _: [])
    with pytest.raises(ValueError, match="frame 5 was skipped"):
        tracker.add(SkippedFrame(5, 0.2), None)
    tracker.close()


def test_only_someone_else_in_view_distracts() -> None:
    """The person followed, a little further on, does not."""
    followed = someone(0.1, 0.4)
    assert not is_distracted(None, [followed])
    assert not is_distracted(followed, [])
    assert not is_distracted(followed, [someone(0.15, 0.45)])
    assert is_distracted(followed, [someone(0.15, 0.45), someone(0.6, 0.9)])


def test_blanking_keeps_the_person_and_a_margin() -> None:
    """Everything else becomes grey, and the frame itself stays as it is."""
    rgb = np.zeros((200, 400, 3), dtype=np.uint8)
    blanked = _blank_around(rgb, someone(0.25, 0.5))
    rows, columns = np.nonzero((blanked == 0).all(axis=2))
    # 15 % of the person's 100 × 100 pixels on each side.
    assert (rows.min(), rows.max() + 1) == (35, 166)
    assert (columns.min(), columns.max() + 1) == (85, 216)
    assert set(np.unique(blanked)) == {0, 128}
    assert not rgb.any()
    assert not (_blank_around(rgb, someone(-1.0, 2.0))[35:166] == 128).any()
