"""The part of an ``Analysis`` that is drawn, stored on disk next to the video.

Drawing runs in a process of its own after the analysis, and again if it was interrupted.
"""

import itertools
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.analysis import Analysis
from serving.errors import ServingError
from shared_features.classify.timeline import Segment, Total
from shared_features.landmarks.landmarks import VISIBILITY, X, Y
from shared_features.runtime.atomic import atomic_write

_FILE = "drawing.npz"


@dataclass(frozen=True)
class ShownScore:
    """What is drawn of the score of a hold.

    Attributes:
        points: 0 to 100; None if the hold was not seen well enough.
        faults: What cost points, in words, the most expensive first.
    """

    points: float | None
    faults: tuple[str, ...]

    @property
    def text(self) -> str:
        """The points and what cost most of them."""
        if self.points is None:
            return "no score"
        return " · ".join([f"{self.points:.0f} points", *self.faults[:1]])


@dataclass(frozen=True)
class Routine:
    """A recording's predictions over time, and its landmarks.

    Attributes:
        source: File name of the video, as its owner named it.
        duration_s: End of the last frame in seconds.
        labels: Labels of the model, in the order of their colours.
        other: The label that is no pose.
        pts_s: ``(n,)`` float64 times of the frames in seconds.
        points: ``(n, 33, 3)`` float32: x, y as fractions of the upright frame, visibility; NaN
            without a person.
        confidence: ``(n,)`` float64 smoothed probability of the prediction; NaN without a person.
        segments: Segments of the timeline, without gaps between them.
        totals: Totals of each label.
        scores: Score of each hold; empty if they were not scored.
    """

    source: str
    duration_s: float
    labels: tuple[str, ...]
    other: str
    pts_s: NDArray[np.float64]
    points: NDArray[np.float32]
    confidence: NDArray[np.float64]
    segments: tuple[Segment, ...]
    totals: tuple[Total, ...]
    scores: tuple[ShownScore, ...] = ()

    def __len__(self) -> int:
        return len(self.pts_s)

    @property
    def holds(self) -> tuple[Segment, ...]:
        """The segments that count as holds, in chronological order."""
        return tuple(segment for segment in self.segments if segment.hold)

    @property
    def scored_holds(self) -> tuple[tuple[Segment, ShownScore | None], ...]:
        """Each hold with its score; None if it was not scored."""
        return tuple(itertools.zip_longest(self.holds, self.scores[: len(self.holds)]))

    @property
    def person(self) -> NDArray[np.bool_]:
        """``(n,)`` whether a person was found in the frame."""
        return ~np.isnan(self.points[:, 0, 0])


def routine_of(analysis: Analysis) -> Routine:
    """The routine of an analysis."""
    timeline = analysis.timeline
    return Routine(
        source=analysis.media.source,
        duration_s=analysis.media.duration_s,
        labels=timeline.labels,
        other=analysis.model.other,
        pts_s=timeline.pts_s,
        points=analysis.track.image[:, :, [X, Y, VISIBILITY]],
        confidence=timeline.confidence,
        segments=timeline.segments,
        totals=timeline.totals,
        scores=tuple(
            ShownScore(score.points, tuple(fault.text for fault in score.faults))
            for score in analysis.scores
        ),
    )


def save_routine(routine: Routine, folder: Path) -> None:
    """Store a routine in a folder, atomically."""
    text = {
        "source": routine.source,
        "duration_s": routine.duration_s,
        "labels": routine.labels,
        "other": routine.other,
        "segments": [asdict(segment) for segment in routine.segments],
        "totals": [asdict(total) for total in routine.totals],
        "scores": [asdict(score) for score in routine.scores],
    }
    with atomic_write(folder / _FILE) as temporary:
        np.savez(
            temporary,
            text=np.array(json.dumps(text)),
            pts_s=routine.pts_s,
            points=routine.points,
            confidence=routine.confidence,
        )


def load_routine(folder: Path) -> Routine:
    """The routine stored in a folder, bit for bit.

    Raises:
        ServingError: The file is missing or damaged.
    """
    try:
        with np.load(folder / _FILE, allow_pickle=False) as stored:
            text = json.loads(str(stored["text"]))
            return Routine(
                source=text["source"],
                duration_s=text["duration_s"],
                labels=tuple(text["labels"]),
                other=text["other"],
                pts_s=stored["pts_s"],
                points=stored["points"],
                confidence=stored["confidence"],
                segments=tuple(Segment(**segment) for segment in text["segments"]),
                totals=tuple(Total(**total) for total in text["totals"]),
                # Earlier versions scored no holds.
                scores=tuple(
                    ShownScore(score["points"], tuple(score["faults"]))
                    for score in text.get("scores", [])
                ),
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ServingError(
            "The data for drawing this video is missing: an older version analysed it, or its "
            "files are damaged. Upload it again."
        ) from error
