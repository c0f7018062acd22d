"""Rendered frames of the performer with ground truth: stills, and clips of a movement.

Groups are as in `samples`: one performer with one set of clothes in one shot, from its own seed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT
from training.synthetic.figure.body import Body, figure_m
from training.synthetic.figure.look import Look
from training.synthetic.poses.table import (
    LABELS,
    OTHER,
    Posture,
    on_the_way,
    random_hang,
    random_posture,
)
from training.synthetic.rendering.camera import Camera, project, random_camera, to_world
from training.synthetic.rendering.renderer import render
from training.synthetic.samples import checked_labels, draw_label, group_rng, random_shot

_FRAME_STREAM, _CLIP_STREAM = 1, 3
FRAMES_PER_GROUP = 3

CLIP_FRAMES_PER_SECOND = 12
CLIP_STILL_FRAMES = 3
CLIP_MOVING_FRAMES = 12
CLIP_FRAMES = 2 * CLIP_STILL_FRAMES + CLIP_MOVING_FRAMES
"""A clip stays still for a moment, moves to another posture within a second, and stays there."""

CLIP_STRAPS_SHARE, CLIP_HANG_SHARE = 0.6, 0.25
"""Shares of clip ends that are one of the six poses, and other postures on the straps; the rest are
"other" postures of any kind."""


@dataclass(frozen=True)
class RenderedFrame:
    """A rendered frame with its ground truth.

    Attributes:
        rgb: ``(height, width, 3)`` uint8.
        label: Label of the pose.
        group: Number of the performer and shot; a split must never separate a group.
        width: Width of the frame, in pixels.
        height: Height of the frame, in pixels.
        image: ``(33, 3)`` true image landmarks: x, y fractions of the frame, z scaled like x.
        world: ``(33, 3)`` true world landmarks: metres, hip-centred, camera axes.
    """

    rgb: NDArray[np.uint8]
    label: str
    group: int
    width: int
    height: int
    image: NDArray[np.float64]
    world: NDArray[np.float64]


class _Stage:
    """The performer and the shot of one group."""

    def __init__(self, rng: np.random.Generator, group: int) -> None:
        self._group = group
        self.body, self.shot = Body.random(rng), random_shot(rng)
        self._look = Look.random(rng, self.body, self.shot.height, self.shot.width)

    def frame(self, posture: Posture, label: str, camera: Camera) -> RenderedFrame:
        points_m = figure_m(self.body, posture)
        landmarks = points_m[:LANDMARK_COUNT]
        return RenderedFrame(
            rgb=render(points_m, self.body, self._look, camera, posture.holds),
            label=label,
            group=self._group,
            width=self.shot.width,
            height=self.shot.height,
            image=project(landmarks, camera),
            world=to_world(landmarks, camera),
        )


def frame_groups(
    seed: int, first_group: int, n_groups: int, labels: Sequence[str] | None = None
) -> Iterator[RenderedFrame]:
    """Rendered frames of groups ``first_group .. first_group + n_groups - 1``, 3 of each.

    Raises:
        ValueError: A label is not in the pose table.
    """
    chosen = checked_labels(labels)
    for group in range(first_group, first_group + n_groups):
        rng = group_rng(seed, _FRAME_STREAM, group)
        stage = _Stage(rng, group)
        for _ in range(FRAMES_PER_GROUP):
            label = draw_label(rng, chosen)
            posture = random_posture(rng, label)
            camera = random_camera(rng, figure_m(stage.body, posture), stage.shot)
            yield stage.frame(posture, label, camera)


def render_frames(
    n: int, seed: int, labels: Sequence[str] | None = None
) -> Iterator[RenderedFrame]:
    """The first ``n`` rendered frames of a seed; arguments as for `generate_landmarks`."""
    n_groups = -(-n // FRAMES_PER_GROUP)
    for count, frame in enumerate(frame_groups(seed, 0, n_groups, labels), start=1):
        yield frame
        if count == n:
            return


def clip_groups(seed: int, first_group: int, n_groups: int) -> Iterator[list[RenderedFrame]]:
    """Clips, one per group: a move from one posture to another, for a detector that tracks.

    Each has ``CLIP_FRAMES`` frames, ``1 / CLIP_FRAMES_PER_SECOND`` seconds apart, from a fixed
    camera.
    """
    for group in range(first_group, first_group + n_groups):
        rng = group_rng(seed, _CLIP_STREAM, group)
        stage = _Stage(rng, group)
        (start, start_label), (end, end_label) = _clip_end(rng), _clip_end(rng)
        while end_label == start_label != OTHER:  # a clip leaves one pose for another
            end, end_label = _clip_end(rng)
        both = np.concatenate([figure_m(stage.body, start), figure_m(stage.body, end)])
        camera = random_camera(rng, both, stage.shot)
        clip = []
        for number in range(CLIP_FRAMES):
            share = (number - CLIP_STILL_FRAMES + 1) / CLIP_MOVING_FRAMES
            share = min(max(share, 0.0), 1.0)
            posture, label = on_the_way(start, end, share)
            clip.append(stage.frame(posture, label, camera))
        yield clip


def _clip_end(rng: np.random.Generator) -> tuple[Posture, str]:
    kind = rng.random()
    if kind < CLIP_STRAPS_SHARE:
        label = draw_label(rng, [label for label in LABELS if label != OTHER])
        return random_posture(rng, label), label
    if kind < CLIP_STRAPS_SHARE + CLIP_HANG_SHARE:
        return random_hang(rng), OTHER
    return random_posture(rng, OTHER), OTHER
