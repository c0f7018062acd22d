"""Annotated copies show the landmarks in their positions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_features.landmarks.landmarks import CONNECTIONS, LANDMARK_INDEX, empty_landmarks
from training.media.annotate import draw_landmarks


@pytest.mark.usefixtures("pose_model")
def test_the_lines_are_those_that_mediapipe_draws() -> None:
    """They connect the same landmarks."""
    from mediapipe.tasks.python.vision import PoseLandmarksConnections

    theirs = {frozenset((line.start, line.end)) for line in PoseLandmarksConnections.POSE_LANDMARKS}
    ours = {frozenset((LANDMARK_INDEX[a], LANDMARK_INDEX[b])) for a, b in CONNECTIONS}
    assert ours == theirs


def test_every_landmark_is_marked_and_left_and_right_differ() -> None:
    """Each mark is at its landmark; left and right have different colours."""
    random = np.random.default_rng(0)
    image = random.uniform(0.1, 0.9, (33, 5)).astype(np.float32)
    blank = np.full((400, 600, 3), 60, dtype=np.uint8)
    drawn = draw_landmarks(blank, image)
    positions = np.rint(image[:, :2] * (600, 400)).astype(int)
    colours = [tuple(int(value) for value in drawn[y, x]) for x, y in positions]
    assert (60, 60, 60) not in colours
    assert len(set(colours)) >= 3
    assert (blank == 60).all(), "the original image is not changed"


def test_nothing_is_drawn_without_a_person() -> None:
    """A frame without a person is a row of NaN."""
    blank = np.full((40, 60, 3), 60, dtype=np.uint8)
    assert (draw_landmarks(blank, empty_landmarks(1)[0][0]) == blank).all()


@given(x=st.floats(-1e6, 1e6, width=32), y=st.floats(-1e6, 1e6, width=32))
def test_landmarks_outside_the_image_do_no_harm(x: float, y: float) -> None:
    """MediaPipe guesses the position of a foot that is out of view."""
    image = np.full((33, 5), 0.5, dtype=np.float32)
    image[LANDMARK_INDEX["LEFT_ANKLE"], :2] = x, y
    drawn = draw_landmarks(np.full((40, 60, 3), 60, dtype=np.uint8), image)
    assert drawn.shape == (40, 60, 3)
