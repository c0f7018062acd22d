"""Labelled samples without end: landmarks as a detector might report them, and rendered frames.

Samples come in groups. A group is one performer filmed in one shot (body, clothes, background,
lens, frame size); its samples differ in posture and direction of view. Each group draws from its
own seed, so any range of groups can be made anywhere, in any order, with the same result.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks import LANDMARK_COUNT
from training.synthetic.body import Body, figure_m
from training.synthetic.camera import Shot, project, random_camera, to_world
from training.synthetic.detector_noise import observe
from training.synthetic.poses import (
    LABELS,
    OTHER,
    Posture,
    on_the_way,
    random_hang,
    random_posture,
)

LANDMARKS_PER_GROUP = 8
FRAMES_PER_GROUP = 3
OTHER_SHARE = 0.5
"""Half of all samples are "other"; the six straps poses share the rest equally."""

LONGER_SIDE_PX = (520, 640)
_LANDMARK_STREAM, _FRAME_STREAM, _CLIP_STREAM = 0, 1, 3

CLIP_FRAMES_PER_SECOND = 12
CLIP_STILL_FRAMES = 3
CLIP_MOVING_FRAMES = 12
CLIP_FRAMES = 2 * CLIP_STILL_FRAMES + CLIP_MOVING_FRAMES
"""A clip stays still for a moment, moves to another posture within a second, and stays there."""

CLIP_STRAPS_SHARE = 0.7
"""How often an end of a clip is one of the six poses; else it is another posture on the straps."""


@dataclass(frozen=True)
class LandmarkSamples:
    """Labelled landmarks.

    Attributes:
        image: ``(n, 33, 5)`` float32: x, y fractions of the frame, z, visibility, presence.
        world: ``(n, 33, 3)`` float32: metres, hip-centred, camera axes.
        width: ``(n,)`` frame width in pixels.
        height: ``(n,)`` frame height in pixels.
        labels: ``(n,)`` str.
        groups: ``(n,)`` int: performer and shot; never split a group between train and test.
    """

    image: NDArray[np.float32]
    world: NDArray[np.float32]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    labels: NDArray[np.str_]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, n: int) -> "LandmarkSamples":
        """The first ``n`` samples."""
        return LandmarkSamples(
            self.image[:n],
            self.world[:n],
            self.width[:n],
            self.height[:n],
            self.labels[:n],
            self.groups[:n],
        )


@dataclass(frozen=True)
class RenderedFrame:
    """A picture of the performer and the truth about it.

    Attributes:
        rgb: ``(height, width, 3)`` uint8.
        label: the pose.
        group: performer and shot; never split a group between train and test.
        width: in pixels.
        height: in pixels.
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


def _group_rng(seed: int, stream: int, group: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, stream, group]))


def _shot(rng: np.random.Generator) -> Shot:
    return Shot.random(rng, int(rng.integers(LONGER_SIDE_PX[0], LONGER_SIDE_PX[1] + 1)))


def _draw_label(rng: np.random.Generator, labels: Sequence[str]) -> str:
    straps = [label for label in labels if label != OTHER]
    if OTHER in labels and (not straps or rng.random() < OTHER_SHARE):
        return OTHER
    return straps[int(rng.integers(len(straps)))]


def _checked(labels: Sequence[str] | None) -> tuple[str, ...]:
    chosen = LABELS if labels is None else tuple(labels)
    unknown = sorted(set(chosen) - set(LABELS))
    if unknown or not chosen:
        raise ValueError(
            f"Unknown labels {', '.join(unknown) or '(none given)'}; "
            f"expected some of {', '.join(LABELS)}."
        )
    return chosen


def landmark_groups(
    seed: int, first_group: int, n_groups: int, labels: Sequence[str] | None = None
) -> LandmarkSamples:
    """The samples of groups ``first_group .. first_group + n_groups - 1``, 8 of each.

    Raises:
        ValueError: a label is not in the pose table.
    """
    chosen = _checked(labels)
    n = n_groups * LANDMARKS_PER_GROUP
    image = np.empty((n, LANDMARK_COUNT, 5), dtype=np.float32)
    world = np.empty((n, LANDMARK_COUNT, 3), dtype=np.float32)
    width, height, groups = (np.empty(n, dtype=np.int64) for _ in range(3))
    names: list[str] = []
    for row in range(n):
        group, within = divmod(row, LANDMARKS_PER_GROUP)
        if within == 0:
            rng = _group_rng(seed, _LANDMARK_STREAM, first_group + group)
            body, shot = Body.random(rng), _shot(rng)
        label = _draw_label(rng, chosen)
        points_m = figure_m(body, random_posture(rng, label))
        camera = random_camera(rng, points_m, shot)
        landmarks = points_m[:LANDMARK_COUNT]
        image[row], world[row] = observe(
            rng, project(landmarks, camera), to_world(landmarks, camera), camera.aspect
        )
        names.append(label)
        width[row], height[row], groups[row] = shot.width, shot.height, first_group + group
    return LandmarkSamples(image, world, width, height, np.array(names, dtype=np.str_), groups)


def generate_landmarks(n: int, seed: int, labels: Sequence[str] | None = None) -> LandmarkSamples:
    """The first ``n`` samples of the seed, as noisy as a detector's.

    Args:
        n: number of samples.
        seed: the same seed gives the same samples, whatever ``n``.
        labels: draw only these; all by default.

    Raises:
        ValueError: a label is not in the pose table.
    """
    n_groups = -(-n // LANDMARKS_PER_GROUP)
    return landmark_groups(seed, 0, n_groups, labels).first(n)


def frame_groups(
    seed: int, first_group: int, n_groups: int, labels: Sequence[str] | None = None
) -> Iterator[RenderedFrame]:
    """Rendered frames of groups ``first_group .. first_group + n_groups - 1``, 3 of each.

    Raises:
        ValueError: a label is not in the pose table.
    """
    # Only rendering needs OpenCV.
    from training.synthetic.look import Look
    from training.synthetic.renderer import render

    chosen = _checked(labels)
    for group in range(first_group, first_group + n_groups):
        rng = _group_rng(seed, _FRAME_STREAM, group)
        body, shot = Body.random(rng), _shot(rng)
        look = Look.random(rng, body, shot.height, shot.width)
        for _ in range(FRAMES_PER_GROUP):
            label = _draw_label(rng, chosen)
            posture = random_posture(rng, label)
            points_m = figure_m(body, posture)
            camera = random_camera(rng, points_m, shot)
            landmarks = points_m[:LANDMARK_COUNT]
            yield RenderedFrame(
                rgb=render(points_m, body, look, camera, posture.holds),
                label=label,
                group=group,
                width=shot.width,
                height=shot.height,
                image=project(landmarks, camera),
                world=to_world(landmarks, camera),
            )


def clip_groups(seed: int, first_group: int, n_groups: int) -> Iterator[list[RenderedFrame]]:
    """Clips, one per group: a move from one posture to another, for a detector that tracks.

    Each has ``CLIP_FRAMES`` frames, ``1 / CLIP_FRAMES_PER_SECOND`` seconds apart, seen by a camera
    that does not move.
    """
    from training.synthetic.look import Look
    from training.synthetic.renderer import render

    for group in range(first_group, first_group + n_groups):
        rng = _group_rng(seed, _CLIP_STREAM, group)
        body, shot = Body.random(rng), _shot(rng)
        look = Look.random(rng, body, shot.height, shot.width)
        (start, start_label), (end, end_label) = _clip_end(rng), _clip_end(rng)
        while end_label == start_label != OTHER:  # from a pose to itself is no way through others
            end, end_label = _clip_end(rng)
        both = np.concatenate([figure_m(body, start), figure_m(body, end)])
        camera = random_camera(rng, both, shot)
        clip = []
        for number in range(CLIP_FRAMES):
            share = (number - CLIP_STILL_FRAMES + 1) / CLIP_MOVING_FRAMES
            posture, label = on_the_way(
                start, start_label, end, end_label, min(max(share, 0.0), 1.0)
            )
            points_m = figure_m(body, posture)
            landmarks = points_m[:LANDMARK_COUNT]
            clip.append(
                RenderedFrame(
                    rgb=render(points_m, body, look, camera, posture.holds),
                    label=label,
                    group=group,
                    width=shot.width,
                    height=shot.height,
                    image=project(landmarks, camera),
                    world=to_world(landmarks, camera),
                )
            )
        yield clip


def _clip_end(rng: np.random.Generator) -> tuple[Posture, str]:
    if rng.random() < CLIP_STRAPS_SHARE:
        label = _draw_label(rng, [label for label in LABELS if label != OTHER])
        return random_posture(rng, label), label
    return random_hang(rng), OTHER


def render_frames(
    n: int, seed: int, labels: Sequence[str] | None = None
) -> Iterator[RenderedFrame]:
    """The first ``n`` rendered frames of the seed; arguments as for `generate_landmarks`."""
    n_groups = -(-n // FRAMES_PER_GROUP)
    for count, frame in enumerate(frame_groups(seed, 0, n_groups, labels), start=1):
        yield frame
        if count == n:
            return
