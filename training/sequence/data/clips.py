"""Clips of landmarks with what a model shall say about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.errors import TrackError
from shared_features.runtime.atomic import atomic_write
from shared_features.sequence.contract import Task
from training.errors import DatasetError

FloatArray = NDArray[np.float64]
# What scores are: points, or right and wrong as 100 and 0.
Target = Literal["points", "correct", "labels"]


@dataclass(frozen=True)
class Clip:
    """The landmarks of a clip.

    Attributes:
        name: Name for messages and reports.
        pts_s: ``(n,)`` times in seconds, rising; n ≥ 1.
        points: ``(n, 33, 4)`` x, y, z in one unit, and visibility; NaN where missing.
    """

    name: str
    pts_s: FloatArray
    points: FloatArray


@dataclass(frozen=True)
class LabelledClips:
    """Clips with their targets.

    Attributes:
        clips: The clips.
        targets: ``(n,)``: points from 0 to 100, or labels.
        groups: ``(n,)``: performer or recording of each; no split separates a group.
        kind: Points, points that are only 0 (incorrect) and 100 (correct), or labels.

    Raises:
        DatasetError: A target, a clip or a number of them is wrong; the message lists all problems.
    """

    clips: tuple[Clip, ...]
    targets: NDArray[Any]
    groups: NDArray[np.str_]
    kind: Target

    def __post_init__(self) -> None:
        sizes = {len(self.clips), len(self.targets), len(self.groups)}
        problems = [] if len(sizes) == 1 else [f"clips, targets and groups differ: {sorted(sizes)}"]
        if self.kind != "labels":
            points = np.asarray(self.targets, dtype=np.float64)
            outside = ~((points >= 0) & (points <= 100))
            if outside.any():
                problems.append(
                    f"{int(outside.sum())} scores are not between 0 and 100, such as "
                    f"{points[outside][0]:g}"
                )
        if problems:
            raise DatasetError(f"These clips cannot be learned from: {'; '.join(problems)}.")

    def __len__(self) -> int:
        return len(self.clips)

    @property
    def task(self) -> Task:
        """The task that the targets are for."""
        return "classify" if self.kind == "labels" else "score"

    def rows(self, chosen: Sequence[int] | NDArray[np.int64]) -> Self:
        """Some of the clips."""
        return replace(
            self,
            clips=tuple(self.clips[row] for row in chosen),
            targets=self.targets[chosen],
            groups=self.groups[chosen],
        )

    def save(self, path: Path) -> None:
        """Write everything to an ``.npz`` file, atomically."""
        with atomic_write(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(
                file,
                names=np.array([clip.name for clip in self.clips]),
                lengths=np.array([len(clip.pts_s) for clip in self.clips]),
                pts_s=np.concatenate([clip.pts_s for clip in self.clips]),
                points=np.concatenate([clip.points for clip in self.clips]),
                targets=self.targets,
                groups=self.groups,
                kind=np.array(self.kind),
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            DatasetError: The file is damaged or something else.
        """
        try:
            with np.load(path, allow_pickle=False) as content:
                ends = np.cumsum(content["lengths"])[:-1]
                parts = zip(
                    content["names"].tolist(),
                    np.split(content["pts_s"], ends),
                    np.split(content["points"], ends),
                    strict=True,
                )
                kind = str(content["kind"])
                if kind not in ("points", "correct", "labels"):
                    raise ValueError(f"kind {kind!r}")
                return cls(
                    clips=tuple(Clip(*part) for part in parts),
                    targets=content["targets"],
                    groups=content["groups"],
                    kind=kind,  # type: ignore[arg-type]  # checked above
                )
        except (OSError, ValueError, KeyError, TrackError) as error:
            raise DatasetError(
                f"{path} cannot be read as clips ({type(error).__name__}: {error})."
            ) from error
