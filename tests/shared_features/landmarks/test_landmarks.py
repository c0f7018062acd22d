"""Landmarks mirrored are those of the mirrored frame; a track checks its arrays."""

import numpy as np
import pytest

from shared_features.errors import TrackError
from shared_features.landmarks.landmarks import (
    CONNECTIONS,
    DERIVED_POINTS,
    LANDMARK_INDEX,
    LANDMARK_NAMES,
    LandmarkTrack,
    empty_landmarks,
    mirror_image,
    mirror_world,
    opposite,
)


def random_track(n_frames: int) -> LandmarkTrack:
    random = np.random.default_rng(1)
    return LandmarkTrack(
        "x.mp4",
        640,
        480,
        np.arange(n_frames) / 30,
        random.random((n_frames, 33, 5), dtype=np.float32),
        random.random((n_frames, 33, 3), dtype=np.float32),
        {"chunk_frames": 300},
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NOSE", "NOSE"),
        ("LEFT_WRIST", "RIGHT_WRIST"),
        ("MOUTH_RIGHT", "MOUTH_LEFT"),
        ("left_knee_right_hip", "right_knee_left_hip"),
    ],
)
def test_each_name_has_an_opposite(name: str, expected: str) -> None:
    """Left becomes right, also in lower case and within a name; the middle stays."""
    assert opposite(name) == expected
    assert opposite(expected) == name


def test_mirroring_swaps_sides_and_reflects_x() -> None:
    """The left wrist of the mirrored frame is the right wrist of the frame, reflected."""
    track = random_track(4)
    mirrored = track.mirrored()
    left, right = LANDMARK_INDEX["LEFT_WRIST"], LANDMARK_INDEX["RIGHT_WRIST"]
    assert np.array_equal(mirrored.image[:, left, 0], 1 - track.image[:, right, 0])
    assert np.array_equal(mirrored.image[:, left, 1:], track.image[:, right, 1:])
    assert np.array_equal(mirrored.world[:, left, 0], -track.world[:, right, 0])
    assert np.array_equal(mirrored.world[:, left, 1:], track.world[:, right, 1:])
    assert (mirrored.source, mirrored.width, mirrored.provenance) == (
        track.source,
        track.width,
        track.provenance,
    )


def test_mirroring_twice_gives_the_landmarks_back() -> None:
    """And leaves its argument alone."""
    track = random_track(3)
    image, world = track.image.copy(), track.world.copy()
    assert np.allclose(mirror_image(mirror_image(track.image)), image, atol=1e-7)
    assert np.array_equal(mirror_world(mirror_world(track.world)), world)
    assert np.array_equal(track.image, image)


def test_every_line_and_derived_point_joins_landmarks() -> None:
    """No name in these tables is misspelt, and each line's mirror image is a line."""
    pairs = [*CONNECTIONS, *DERIVED_POINTS.values()]
    assert {name for pair in pairs for name in pair} <= set(LANDMARK_NAMES)
    lines = {frozenset(pair) for pair in CONNECTIONS}
    assert len(lines) == len(CONNECTIONS)
    assert {frozenset(map(opposite, pair)) for pair in CONNECTIONS} == lines


def test_a_frame_without_a_person_is_nan() -> None:
    """``person`` tells the two apart."""
    image, world = empty_landmarks(3)
    assert np.isnan(image).all()
    assert np.isnan(world).all()
    image[1] = 0.5
    track = LandmarkTrack("x.mp4", 640, 480, np.zeros(3), image, world)
    assert track.person.tolist() == [False, True, False]
    assert (len(track), track.aspect) == (3, 640 / 480)


@pytest.mark.parametrize(("width", "height"), [(0, 480), (640, 0)])
def test_a_frame_without_pixels_is_refused(width: int, height: int) -> None:
    """The message gives the size."""
    with pytest.raises(TrackError, match=f"{width}×{height}, expected positive sizes"):
        LandmarkTrack("x.mp4", width, height, np.zeros(1), *empty_landmarks(1))
