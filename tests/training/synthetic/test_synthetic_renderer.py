"""Rendered frames: the performer is where the landmarks are, and the real detector finds it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.synthetic.figure.body import Body, figure_m
from training.synthetic.figure.look import Look
from training.synthetic.frames import RenderedFrame, frame_groups
from training.synthetic.poses.table import LABELS, random_posture, variant_named
from training.synthetic.poses.variants import draw_posture
from training.synthetic.rendering.camera import Shot, look_at, project
from training.synthetic.rendering.renderer import render

POSE_MODEL = Path(__file__).parents[3] / "models" / "pose_landmarker_full.task"
SIZE = 240
Detect = Callable[[NDArray[np.uint8]], NDArray[np.float64] | None]


@pytest.mark.parametrize("label", LABELS)
def test_the_person_is_drawn_where_the_landmarks_are(label: str) -> None:
    """Against a green wall, the pixels at knees, elbows, shoulders and hips are not green."""
    rng = np.random.default_rng(4)
    body, posture = Body.random(rng), random_posture(rng, label)
    green = np.zeros((SIZE, SIZE, 3), dtype=np.float32)
    green[..., 1] = 255
    look = replace(
        Look.random(rng, body, SIZE, SIZE),
        background=green,
        grain=0.0,
        top_colour=(200.0, 60.0, 60.0),
        bottom_colour=(60.0, 60.0, 200.0),
    )
    points = figure_m(body, posture)
    shot = Shot(width=SIZE, height=SIZE, lens_mm=40.0, pitch_up_deg=0.0, fill=0.8)
    camera = look_at(points, shot, yaw_deg=float(rng.uniform(0, 360)))
    rgb = render(points, body, look, camera, posture.holds).astype(int)
    drawn = rgb[..., 1] < 250
    image = project(points[:33], camera)
    for joint in ("SHOULDER", "ELBOW", "HIP", "KNEE"):
        for side in ("LEFT", "RIGHT"):
            x, y, _ = image[LANDMARK_INDEX[f"{side}_{joint}"]]
            assert drawn[int(y * SIZE), int(x * SIZE)], f"{side}_{joint}"
    assert 0.01 < drawn.mean() < 0.6


def test_straps_run_up_out_of_the_frame_from_the_holding_hands_only() -> None:
    """Two holding hands give two straps at the top edge; standing on the floor gives none."""
    rng = np.random.default_rng(0)
    body = Body()
    green = np.zeros((SIZE, SIZE, 3), dtype=np.float32)
    green[..., 1] = 255
    look = replace(
        Look.random(rng, body, SIZE, SIZE),
        background=green,
        grain=0.0,
        strap_colour=(200.0, 30.0, 30.0),
    )
    shot = Shot(width=SIZE, height=SIZE, lens_mm=40.0, pitch_up_deg=0.0, fill=0.7)
    for name, expected in (("front lever", 2), ("standing", 0)):
        posture = draw_posture(rng, variant_named(name))
        points = figure_m(body, posture)
        camera = look_at(points, shot, yaw_deg=0.0 if name == "standing" else 30.0)
        top_row = render(points, body, look, camera, posture.holds)[0, :, 1] < 200
        assert np.sum(np.diff(top_row.astype(int)) == 1) == expected


@pytest.fixture(scope="module")
def detect() -> Iterator[Detect]:
    """The real pose model on single images."""
    if not POSE_MODEL.exists():
        pytest.skip(f"{POSE_MODEL.name} is not there; obtain the pose model first")
    import mediapipe as mp
    from mediapipe.tasks.python import BaseOptions, vision

    landmarker = vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(POSE_MODEL)))
    )

    def run(rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        found = landmarker.detect(mp.Image(mp.ImageFormat.SRGB, rgb)).pose_landmarks
        return np.array([[p.x, p.y] for p in found[0]]) if found else None

    yield run
    landmarker.close()


def test_the_real_detector_finds_the_performer_where_it_is(detect: Detect) -> None:
    """At least 90 % are found over all labels, and their hips typically within 5 % of its size."""
    frames: list[RenderedFrame] = []
    for label in LABELS:
        frames += frame_groups(seed=11, first_group=0, n_groups=2, labels=[label])
    errors = []
    for frame in frames:
        seen = detect(frame.rgb)
        if seen is not None:
            square = np.array([frame.width / frame.height, 1.0])
            hips = [LANDMARK_INDEX["LEFT_HIP"], LANDMARK_INDEX["RIGHT_HIP"]]
            off = (seen[hips] - frame.image[hips, :2]).mean(axis=0) * square
            figure = np.ptp(frame.image[:, :2] * square, axis=0).max()
            errors.append(np.linalg.norm(off) / figure)
    assert len(errors) >= 0.9 * len(frames)
    assert np.median(errors) < 0.05
