"""Which pose a body holds is decided by all of the hold, not frame by frame.

Front and back lever have the same outline, and the network's idea of which way the chest faces can
change from frame to frame. Within a period in which the body is still
(``landmarks.still_periods``), the share of each pose among the poses is therefore the mean over the
period. How likely it is that a frame shows a pose at all remains the frame's own, so holds begin
and end where they did.
"""

import numpy as np
from numpy.typing import NDArray

Probabilities = NDArray[np.float64]


class HoldEvidence:
    """Follows a live session: a period counts as far as it has been seen.

    Args:
        labels: Labels of the model, in the order of the probabilities.
        other: The label that is not a pose.
    """

    def __init__(self, labels: tuple[str, ...], other: str) -> None:
        self._poses = _poses(labels, other)
        self._period = -1
        self._evidence = np.zeros(len(labels))

    def add(self, probabilities: NDArray[np.float32], period: int) -> NDArray[np.float32]:
        """The probabilities ``(labels,)`` of the next frame, given the period so far.

        Args:
            probabilities: ``(labels,)`` of the frame alone, not NaN.
            period: Number of the period that the frame belongs to.
        """
        if period != self._period:
            self._period, self._evidence = period, np.zeros(len(self._poses))
        row = probabilities.astype(np.float64)
        self._evidence += row
        decided: NDArray[np.float64] = _shared_out(row[None], self._evidence, self._poses)[0]
        return decided.astype(np.float32)


def decided_by_hold(
    probabilities: NDArray[np.float32],
    periods: NDArray[np.intp],
    labels: tuple[str, ...],
    other: str,
) -> NDArray[np.float32]:
    """The probabilities of all frames, given the whole of each period, ``(n, labels)``.

    Args:
        probabilities: ``(n, labels)`` of each frame alone; NaN without a person.
        periods: ``(n,)`` number of each frame's period, not decreasing; −1 for none.
        labels: Labels of the columns.
        other: The label that is not a pose.
    """
    poses = _poses(labels, other)
    decided = probabilities.astype(np.float64)
    known = np.flatnonzero(~np.isnan(decided).any(axis=1) & (periods >= 0))
    if len(known):
        for rows in np.split(known, np.flatnonzero(np.diff(periods[known])) + 1):
            decided[rows] = _shared_out(decided[rows], decided[rows].sum(axis=0), poses)
    return decided.astype(np.float32)


def _poses(labels: tuple[str, ...], other: str) -> NDArray[np.bool_]:
    return np.array([label != other for label in labels])


def _shared_out(
    rows: Probabilities, evidence: Probabilities, poses: NDArray[np.bool_]
) -> Probabilities:
    """Each row's probability of being a pose, shared out by the evidence for each pose."""
    total = evidence[poses].sum()
    if total <= 0:
        return rows
    shared = rows.copy()
    shared[:, poses] = rows[:, poses].sum(axis=1, keepdims=True) * evidence[poses] / total
    return shared
