"""Any number of labelled landmarks, as a detector might report them.

Samples come in groups. A group is one performer in one shot (body, clothes, background, lens, frame
size); its samples differ in posture and viewing direction. Each group has its own seed, so any
range of groups can be generated anywhere, in any order, with the same result.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT
from training.synthetic.detector_noise import observe
from training.synthetic.figure.body import Body, figure_m
from training.synthetic.poses.table import LABELS, OTHER, random_posture
from training.synthetic.rendering.camera import Shot, project, random_camera, to_world

LANDMARKS_PER_GROUP = 8
OTHER_SHARE = 0.5
"""Half of all samples are "other"; the six straps poses share the rest equally."""

LONGER_SIDE_PX = (400, 512)
_LANDMARK_STREAM = 0


@dataclass(frozen=True)
class LandmarkSamples:
    """Labelled landmarks.

    Attributes:
        image: ``(n, 33, 5)`` float32: x, y fractions of the frame, z, visibility, presence.
        world: ``(n, 33, 3)`` float32: metres, hip-centred, camera axes.
        width: ``(n,)`` frame width in pixels.
        height: ``(n,)`` frame height in pixels.
        labels: ``(n,)`` str.
        groups: ``(n,)`` int: performer and shot; a split must never separate a group.
    """

    image: NDArray[np.float32]
    world: NDArray[np.float32]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    labels: NDArray[np.str_]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, chosen: NDArray[Any] | slice) -> Self:
        """Some of the samples; ``chosen`` is a slice, row numbers or a ``(n,)`` mask."""
        names = [field.name for field in fields(self)]
        return type(self)(**{name: getattr(self, name)[chosen] for name in names})


def concatenated(parts: Sequence[LandmarkSamples]) -> LandmarkSamples:
    """The samples of all parts, in order."""
    names = [field.name for field in fields(LandmarkSamples)]
    return LandmarkSamples(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    )


def group_rng(seed: int, stream: int, group: int) -> np.random.Generator:
    """Random generator of one group; ``stream`` separates landmarks, frames and clips."""
    return np.random.default_rng(np.random.SeedSequence([seed, stream, group]))


def random_shot(rng: np.random.Generator) -> Shot:
    """A random shot of the usual size."""
    return Shot.random(rng, int(rng.integers(LONGER_SIDE_PX[0], LONGER_SIDE_PX[1] + 1)))


def draw_label(rng: np.random.Generator, labels: Sequence[str]) -> str:
    """A random label: "other" with probability ``OTHER_SHARE``, the poses equally likely."""
    straps = [label for label in labels if label != OTHER]
    if OTHER in labels and (not straps or rng.random() < OTHER_SHARE):
        return OTHER
    return straps[int(rng.integers(len(straps)))]


def checked_labels(labels: Sequence[str] | None) -> tuple[str, ...]:
    """The requested labels; all by default.

    Raises:
        ValueError: One of them is not in the pose table.
    """
    chosen = LABELS if labels is None else tuple(labels)
    unknown = sorted(set(chosen) - set(LABELS))
    if unknown or not chosen:
        raise ValueError(
            f"Unknown labels {', '.join(unknown) or '(none given)'}; "
            f"expected one or more of {', '.join(LABELS)}."
        )
    return chosen


def landmark_groups(
    seed: int, first_group: int, n_groups: int, labels: Sequence[str] | None = None
) -> LandmarkSamples:
    """The samples of groups ``first_group .. first_group + n_groups - 1``, 8 of each.

    Raises:
        ValueError: A label is not in the pose table.
    """
    chosen = checked_labels(labels)
    n = n_groups * LANDMARKS_PER_GROUP
    image = np.empty((n, LANDMARK_COUNT, 5), dtype=np.float32)
    world = np.empty((n, LANDMARK_COUNT, 3), dtype=np.float32)
    width, height, groups = (np.empty(n, dtype=np.int64) for _ in range(3))
    names: list[str] = []
    for row in range(n):
        group, within = divmod(row, LANDMARKS_PER_GROUP)
        if within == 0:
            rng = group_rng(seed, _LANDMARK_STREAM, first_group + group)
            body, shot = Body.random(rng), random_shot(rng)
        label = draw_label(rng, chosen)
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
    """The first ``n`` samples of a seed, with simulated detector errors.

    Args:
        n: Number of samples.
        seed: Seed; the same seed gives the same samples, whatever ``n``.
        labels: Labels to draw from; all by default.

    Raises:
        ValueError: A label is not in the pose table.
    """
    n_groups = -(-n // LANDMARKS_PER_GROUP)
    return landmark_groups(seed, 0, n_groups, labels).rows(slice(n))
