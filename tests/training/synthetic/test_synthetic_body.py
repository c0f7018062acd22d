"""Forward kinematics and camera: what must hold for every performer, posture and view."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_features.landmarks.landmarks import LANDMARK_INDEX, MIRROR_ORDER, mirror_world
from training.synthetic.figure.body import WAIST, Body, Points, figure_m, landmarks_m
from training.synthetic.poses.table import LABELS, Posture, interpolate, random_posture
from training.synthetic.rendering.camera import Shot, look_at, project, random_camera, to_world

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int) -> tuple[Body, Posture]:
    """A random performer in a random posture of a random label."""
    rng = np.random.default_rng(seed)
    return Body.random(rng), random_posture(rng, LABELS[seed % len(LABELS)])


def length(points: Points, a: str, b: str) -> float:
    """Distance between two landmarks in metres."""
    return float(np.linalg.norm(points[LANDMARK_INDEX[a]] - points[LANDMARK_INDEX[b]]))


@settings(max_examples=60)
@given(seeds)
def test_bones_keep_their_length_in_every_posture(seed: int) -> None:
    """No posture stretches a limb."""
    body, posture = drawn(seed)
    points = landmarks_m(body, posture)
    for side in ("LEFT", "RIGHT"):
        for a, b, expected in (
            ("SHOULDER", "ELBOW", body.upper_arm_m),
            ("ELBOW", "WRIST", body.forearm_m),
            ("HIP", "KNEE", body.thigh_m),
            ("KNEE", "ANKLE", body.shank_m),
        ):
            assert length(points, f"{side}_{a}", f"{side}_{b}") == pytest.approx(expected)
    assert length(points, "LEFT_HIP", "RIGHT_HIP") == pytest.approx(2 * body.hip_half_m)


@settings(max_examples=60)
@given(seeds)
def test_a_mirrored_posture_is_the_mirror_image(seed: int) -> None:
    """Exchanging left and right in the posture reflects the points in the plane x = 0."""
    body, posture = drawn(seed)
    mirrored = landmarks_m(body, posture)[MIRROR_ORDER] * np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(landmarks_m(body, posture.mirrored()), mirrored, atol=1e-9)


def test_at_attention_everything_is_where_it_is_on_a_person() -> None:
    """The documented frame: left is +x, up is +y, the chest faces +z."""
    body = Body()
    figure = figure_m(body, Posture())
    at = {name: figure[row] for name, row in LANDMARK_INDEX.items()}
    assert at["LEFT_SHOULDER"][0] > 0 > at["RIGHT_SHOULDER"][0]
    assert at["NOSE"][1] > at["LEFT_SHOULDER"][1] > figure[WAIST][1] > at["LEFT_KNEE"][1]
    assert at["NOSE"][2] > at["LEFT_EAR"][2]
    assert at["LEFT_FOOT_INDEX"][2] > at["LEFT_HEEL"][2]
    height_m = at["NOSE"][1] - at["LEFT_HEEL"][1]
    assert height_m == pytest.approx(0.92 * body.stature_m, rel=0.03)


def test_joints_bend_the_way_joints_bend() -> None:
    """A bent knee brings the heel back, a bent elbow brings the hand forward."""
    straight = Posture()
    bent = replace(
        straight,
        left_leg=replace(straight.left_leg, knee_deg=90.0),
        left_arm=replace(straight.left_arm, elbow_deg=90.0),
    )
    points = landmarks_m(Body(), bent)
    at = {name: points[row] for name, row in LANDMARK_INDEX.items()}
    assert at["LEFT_ANKLE"][2] < at["LEFT_KNEE"][2] - 0.3
    assert at["LEFT_WRIST"][2] > at["LEFT_ELBOW"][2] + 0.2


@settings(max_examples=25)
@given(seeds, st.floats(0, 1))
def test_interpolation_starts_and_ends_at_its_postures(seed: int, t: float) -> None:
    """The ends are exact, and in between every angle lies between its ends."""
    (_, a), (_, b) = drawn(seed), drawn(seed // 2 + 1)
    assert interpolate(a, b, 0.0) == a
    assert interpolate(a, b, 1.0) == b
    pitches = sorted((a.pitch_back_deg, b.pitch_back_deg))
    between = interpolate(a, b, t).pitch_back_deg
    assert pitches[0] - 1e-9 <= between <= pitches[1] + 1e-9


@settings(max_examples=40)
@given(seeds)
def test_projection_agrees_with_the_world_landmarks(seed: int) -> None:
    """World axes are the camera's: right, down, away; hips in the middle; sizes unchanged."""
    rng = np.random.default_rng(seed)
    body, posture = drawn(seed)
    points = landmarks_m(body, posture)
    shot = Shot.random(rng, 640)
    camera = random_camera(rng, points, shot)
    image, world = project(points, camera), to_world(points, camera)
    hips = [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]
    np.testing.assert_allclose(world[hips].mean(axis=0), 0, atol=1e-9)
    assert length(world, "LEFT_KNEE", "LEFT_ANKLE") == pytest.approx(body.shank_m)
    # Points at the same depth keep their order across and down the image.
    nearer = np.argsort(world[:, 2])
    assert np.all(np.diff(image[nearer, 2]) >= -1e-12)
    assert abs(image[hips, 2].mean()) < 0.02


def test_a_centred_figure_fills_the_frame_as_asked() -> None:
    """`fill` is the share of the tighter side, up to perspective."""
    points = landmarks_m(Body(), Posture())
    shot = Shot(width=640, height=480, lens_mm=40.0, pitch_up_deg=0.0, fill=0.8)
    image = project(points, look_at(points, shot, yaw_deg=30.0))
    assert np.ptp(image[:, 1]) == pytest.approx(0.8, abs=0.06)
    assert image[:, 1].mean() == pytest.approx(0.5, abs=0.25)


def test_seen_from_the_front_left_is_on_the_right_and_nothing_is_mirrored() -> None:
    """Seen from the front, the performer's left is on the image's right and the nose is closest."""
    points = landmarks_m(Body(), Posture())
    shot = Shot(width=480, height=480, lens_mm=40.0, pitch_up_deg=0.0, fill=0.8)
    camera = look_at(points, shot, yaw_deg=0.0)
    image, world = project(points, camera), to_world(points, camera)
    left, right = LANDMARK_INDEX["LEFT_SHOULDER"], LANDMARK_INDEX["RIGHT_SHOULDER"]
    assert image[left, 0] > image[right, 0]
    assert world[LANDMARK_INDEX["NOSE"], 1] < 0 < world[LANDMARK_INDEX["LEFT_HEEL"], 1]
    assert image[LANDMARK_INDEX["NOSE"], 2] < image[LANDMARK_INDEX["LEFT_EAR"], 2] < 0.1
    np.testing.assert_allclose(mirror_world(mirror_world(world)), world)
