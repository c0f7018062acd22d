"""Invented joints are not taken for seen ones."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from shared_features.landmarks.in_view import in_view
from shared_features.landmarks.landmarks import (
    LANDMARK_INDEX,
    PRESENCE,
    VISIBILITY,
    X,
    Y,
    empty_landmarks,
    mirror_image,
)
from shared_features.media.frames import Frame
from shared_features.params import PoseParams
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from training.synthetic.performance import performance_frames

Image = NDArray[np.float32]


def standing() -> Image:
    """A body in the middle of the picture, seen clearly, ``(1, 33, 5)``."""
    image, _ = empty_landmarks(1)
    image[..., VISIBILITY] = image[..., PRESENCE] = 0.999
    image[..., 2] = 0
    heights = {"SHOULDER": 0.3, "ELBOW": 0.4, "WRIST": 0.5, "HIP": 0.52, "KNEE": 0.68}
    for name, index in LANDMARK_INDEX.items():
        side = 0.05 if name.startswith("LEFT") else -0.05
        joint = name.partition("_")[2]
        image[0, index, :2] = 0.5 + side, heights.get(joint, 0.2 if index < 11 else 0.85)
    return image


def test_a_whole_body_is_in_view() -> None:
    """Well inside the picture, and seen clearly."""
    assert in_view(standing(), 4 / 3).all()


@pytest.mark.parametrize(
    "joints",
    [("KNEE", "ANKLE"), ("HIP", "KNEE", "ANKLE"), ("ELBOW", "WRIST", "SHOULDER")],
    ids=["thighs", "waist", "arms"],
)
def test_joints_outside_the_picture_are_not_in_view(joints: tuple[str, ...]) -> None:
    """The network places them there when they are cut off."""
    image = standing()
    for joint in joints:
        for side in ("LEFT", "RIGHT"):
            image[0, LANDMARK_INDEX[f"{side}_{joint}"], [Y, VISIBILITY]] = 1.02, 0.02
    assert not in_view(image, 4 / 3).any()


def test_without_a_person_nothing_is_in_view() -> None:
    """A row of NaN is a frame without a person."""
    assert not in_view(empty_landmarks(2)[0], 1.5).any()


def test_landmarks_without_visibility_are_judged_by_position() -> None:
    """Clients may leave out visibility and presence."""
    image = standing()
    image[..., [VISIBILITY, PRESENCE]] = np.nan
    assert in_view(image, 4 / 3).all()
    image[..., Y] += 0.4
    assert not in_view(image, 4 / 3).any()


@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.3, 3),
)
def test_the_answer_is_the_same_in_the_mirror_and_in_a_batch(seed: int, aspect: float) -> None:
    """Left and right weigh the same, and frames do not affect each other."""
    random = np.random.default_rng(seed)
    image = random.uniform(-0.2, 1.2, (6, 33, 5)).astype(np.float32)
    image[..., X] = np.round(image[..., X] * 256) / 256  # so that 1 - x is exact
    image[..., [VISIBILITY, PRESENCE]] = random.uniform(0, 1, (6, 33, 2)).astype(np.float32)
    found = in_view(image, aspect)
    assert found.tolist() == in_view(mirror_image(image), aspect).tolist()
    assert found.tolist() == [bool(in_view(row[None], aspect)[0]) for row in image]


def test_a_performer_who_is_cut_off_is_told_from_a_whole_one(
    pose: PoseParams, pose_model: Path
) -> None:
    """Through the real network: the whole picture, and the part above the hips."""
    rgb = next(rgb for rgb, _, _ in performance_frames(seed=1, start_s=0.4))
    with PoseEstimator(pose_model, "photo", pose.max_people, pose) as estimator:
        whole = photo_track("photo", Frame.of_rgb(rgb), estimator, pose)
        hips = int(whole.image[0, LANDMARK_INDEX["LEFT_HIP"], Y] * whole.height)
        upper = np.ascontiguousarray(rgb[:hips])
        cut = photo_track("photo", Frame.of_rgb(upper), estimator, pose)
    assert cut.person.all()
    assert [bool(in_view(t.image, t.aspect)[0]) for t in (whole, cut)] == [True, False]
