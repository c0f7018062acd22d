"""A tracker that is in doubt looks more closely, and only then."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared_features.media.frames import RgbArray
from shared_features.params import PoseParams
from shared_features.pose.estimator import Person, PoseEstimator
from shared_features.pose.person_tracker import PersonTracker, new_tracker
from training.synthetic.performance import performance_frames

HEIGHT, WIDTH, TOP = 600, 800, 200
SMALL = 0.4


@pytest.fixture(scope="module")
def performer() -> list[RgbArray]:
    """An l-hang."""
    return [rgb for rgb, _, _ in performance_frames(seed=1, start_s=8.0, end_s=8.6)]


def far_away(rgb: RgbArray, left: int) -> RgbArray:
    """The picture, small in a large frame whose rest is its edge."""
    small = cv2.resize(rgb, None, fx=SMALL, fy=SMALL, interpolation=cv2.INTER_AREA)
    below, right = HEIGHT - TOP - small.shape[0], WIDTH - left - small.shape[1]
    framed = cv2.copyMakeBorder(small, TOP, below, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(framed, dtype=np.uint8)


@pytest.fixture(scope="module")
def everyone(pose: PoseParams, pose_model: Path) -> Iterator[PoseEstimator]:
    with PoseEstimator(pose_model, "photo", pose.max_people, pose) as estimator:
        yield estimator


def test_a_performer_who_is_easy_to_see_costs_one_inference_per_frame(
    performer: list[RgbArray], pose: PoseParams, pose_model: Path
) -> None:
    """There is no closer look, and the landmarks are those of the plain tracker, bit for bit."""
    looks: list[RgbArray] = []

    def find_people(rgb: RgbArray) -> list[Person]:
        looks.append(rgb)
        return []

    tracker = new_tracker(pose_model, pose, find_people)
    with PoseEstimator(pose_model, "video", 1, pose) as plain:
        for number, rgb in enumerate(performer):
            found = tracker.track(rgb, number / 25)
            assert found is not None
            np.testing.assert_array_equal(found.image, plain.people(rgb, number / 25)[0].image)
    tracker.close()
    assert not looks


def test_a_small_performer_is_found_and_followed(
    performer: list[RgbArray], pose: PoseParams, pose_model: Path, everyone: PoseEstimator
) -> None:
    """Where the plain tracker finds no one; the landmarks are those of the whole frame."""
    lefts = [200 + 6 * number for number in range(len(performer))]
    frames = [far_away(rgb, left) for rgb, left in zip(performer, lefts, strict=True)]
    with PoseEstimator(pose_model, "video", 1, pose) as plain:
        missed = sum(not plain.people(rgb, number / 25) for number, rgb in enumerate(frames))
    assert missed == len(frames)
    tracker = PersonTracker(pose_model, pose, everyone.people)
    found = [tracker.track(rgb, number / 25) for number, rgb in enumerate(frames)]
    tracker.close()
    assert None not in found
    for person, left in zip(found, lefts, strict=True):
        assert person is not None
        x0, y0, x1, y1 = person.box()
        assert left <= (x0 + x1) / 2 * WIDTH <= left + 640 * SMALL
        assert TOP <= (y0 + y1) / 2 * HEIGHT <= TOP + 480 * SMALL
        assert 0.04 < x1 - x0 < 640 * SMALL / WIDTH


def test_the_same_frames_give_the_same_bits(
    performer: list[RgbArray], pose: PoseParams, pose_model: Path, everyone: PoseEstimator
) -> None:
    """Closer looks and windows depend on nothing but the frames."""
    frames = [far_away(rgb, 300) for rgb in performer[:6]]
    passes = []
    for _ in range(2):
        tracker = PersonTracker(pose_model, pose, everyone.people)
        found = [tracker.track(rgb, number / 25) for number, rgb in enumerate(frames)]
        passes.append(
            [person and person.image.tobytes() + person.world.tobytes() for person in found]
        )
        tracker.close()
    assert passes[0] == passes[1]


def test_an_empty_stage_is_searched_less_and_less(pose: PoseParams, pose_model: Path) -> None:
    """The time from one search to the next doubles."""
    searched: list[float] = []
    now_s = 0.0

    def find_people(_: RgbArray) -> list[Person]:
        if now_s not in searched:
            searched.append(now_s)
        return []

    tracker = PersonTracker(pose_model, pose, find_people)
    for number in range(33):
        now_s = number / 8
        assert tracker.track(np.full((90, 120, 3), 90, dtype=np.uint8), now_s) is None
    tracker.close()
    assert searched == [0.0, 0.25, 0.75, 1.75, 3.75]
