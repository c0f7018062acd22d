"""What serving will do with a model: its timeline of recordings it has not learned from.

Probabilities are smoothed and compared with thresholds before a person sees a label, so a model can
have the right label likeliest in every frame and still answer "uncertain" throughout.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared_features.classify.classifier import ModelContract, PoseClassifier
from shared_features.classify.timeline import UNCERTAIN, Timeline, build_timeline
from training.learning.evaluation.held_out import HeldOut
from training.words import counted

# A hold is found if at least this share of it is covered by one hold of the same label.
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Hold:
    """A pose held by the performer, or as the timeline has it.

    Attributes:
        label: The pose.
        start_s: Time of its first frame.
        end_s: Time of the frame after it.
    """

    label: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Served:
    """How a model does when it is served.

    Attributes:
        frames: Number of labelled frames.
        accuracy: Share of frames whose label in the timeline is right; "uncertain" is wrong.
        coverage: Share of frames that are not "uncertain".
        commonest: Share of the most frequent label: the accuracy of always saying that.
        holds: Number of holds.
        holds_found: Number of them that the timeline has.
        false_holds: Number of holds in the timeline that are none.
        edge_s: Mean distance in seconds of the edges of the holds found; NaN if there are none.
    """

    frames: int
    accuracy: float
    coverage: float
    commonest: float
    holds: int
    holds_found: int
    false_holds: int
    edge_s: float

    @property
    def hold_f1(self) -> float:
        """Harmonic mean of the shares of holds found and of holds that are real; NaN if none."""
        total = 2 * self.holds_found + (self.holds - self.holds_found) + self.false_holds
        return 2 * self.holds_found / total if total else float("nan")

    def numbers(self) -> dict[str, float]:
        """The numbers by name; those that are not known are left out."""
        names = ("accuracy", "coverage", "hold_f1", "edge_s")
        found = {name: float(getattr(self, name)) for name in names}
        return {name: value for name, value in found.items() if value == value}

    def __str__(self) -> str:
        said = (
            f"{self.accuracy:.0%} of {counted(self.frames, 'frame')} right, "
            f"{1 - self.coverage:.0%} uncertain"
        )
        if self.holds:
            said += f", {self.holds_found} of {counted(self.holds, 'hold')} found"
        if self.holds_found:
            said += f" with edges {self.edge_s:.2f} s off"
        return said + (f", {counted(self.false_holds, 'false hold')}" if self.false_holds else "")


def served(held_out: HeldOut, classifier: PoseClassifier) -> Served | None:
    """Judge a model by its timelines; None if the times of the frames are not known.

    Args:
        held_out: Recordings that the model has not learned from.
        classifier: The model, with the smoothing and the thresholds in its file.
    """
    if held_out.pts_s is None or not len(held_out):
        return None
    probabilities = held_out.known_probabilities(classifier).astype(np.float32)
    return judged(held_out, held_out.pts_s, probabilities, classifier.contract)


def judged(
    held_out: HeldOut,
    pts_s: NDArray[np.float64],
    probabilities: NDArray[np.float32],
    contract: ModelContract,
) -> Served:
    """Judge probabilities ``(n, labels)`` by the timelines that serving makes of them.

    Args:
        held_out: The frames and their labels, at least one.
        pts_s: ``(n,)`` times of the frames in their recordings.
        probabilities: ``(n, labels)`` of the labels of the contract.
        contract: Labels, smoothing and thresholds of the model.
    """
    answers: list[str] = []
    truth: list[str] = []
    edges_s: list[float] = []
    n_holds = found = false = 0
    for rows in _recordings(held_out):
        times_s, labels = pts_s[rows], held_out.labels[rows]
        timeline = _timeline(probabilities[rows], times_s, contract)
        answers += timeline.frame_labels
        truth += labels.tolist()
        real = list(_holds(times_s, labels, contract))
        # What comes after the last frame before a gap has no label to compare with.
        ends_s = times_s + _frame_s(times_s)
        said = [
            Hold(one.label, one.start_s, min(one.end_s, float(ends_s[one.last_frame])))
            for one in timeline.holds
        ]
        matches = [_match(hold, said) for hold in real]
        edges_s += [
            abs(ours - theirs)
            for hold, match in zip(real, matches, strict=True)
            if match is not None
            for ours, theirs in ((match.start_s, hold.start_s), (match.end_s, hold.end_s))
        ]
        n_holds += len(real)
        found += sum(match is not None for match in matches)
        false += sum(_match(hold, real) is None for hold in said)
    right = np.array(answers) == np.array(truth)
    return Served(
        frames=len(truth),
        accuracy=float(right.mean()),
        coverage=float(np.mean(np.array(answers) != UNCERTAIN)),
        commonest=float(np.unique(truth, return_counts=True)[1].max() / len(truth)),
        holds=n_holds,
        holds_found=found,
        false_holds=false,
        edge_s=float(np.mean(edges_s)) if edges_s else float("nan"),
    )


def _recordings(held_out: HeldOut) -> Iterator[NDArray[np.int64]]:
    """Row numbers of each recording, by time."""
    for name in np.unique(held_out.filenames):
        rows = np.flatnonzero(held_out.filenames == name)
        yield rows[np.argsort(held_out.frame_numbers[rows], kind="stable")]


def _timeline(
    probabilities: NDArray[np.float32], times_s: NDArray[np.float64], contract: ModelContract
) -> Timeline:
    end_s = float(times_s[-1]) + _frame_s(times_s)
    return build_timeline(
        probabilities, times_s, end_s, contract.labels, contract.other, contract.timeline
    )


def _holds(
    times_s: NDArray[np.float64], labels: NDArray[np.str_], contract: ModelContract
) -> Iterator[Hold]:
    """The holds that a perfect timeline of the same frames would have."""
    frame_s = _frame_s(times_s)
    gaps = np.flatnonzero(
        (labels[1:] != labels[:-1]) | (np.diff(times_s) > contract.timeline.max_gap_s)
    )
    for start, end in pairwise([0, *(gaps + 1).tolist(), len(labels)]):
        last_s = float(times_s[end - 1]) + frame_s
        end_s = min(last_s, float(times_s[end])) if end < len(labels) else last_s
        hold = Hold(str(labels[start]), float(times_s[start]), end_s)
        if hold.label != contract.other and end_s - hold.start_s >= contract.timeline.min_hold_s:
            yield hold


def _frame_s(times_s: NDArray[np.float64]) -> float:
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0


def _match(hold: Hold, others: list[Hold]) -> Hold | None:
    """The hold of the same label that covers most of this one, if it covers enough."""

    def overlap_s(other: Hold) -> float:
        return min(hold.end_s, other.end_s) - max(hold.start_s, other.start_s)

    alike = [other for other in others if other.label == hold.label]
    best = max(alike, key=overlap_s, default=None)
    if best is None or overlap_s(best) < _LEAST_OVERLAP * (hold.end_s - hold.start_s):
        return None
    return best
