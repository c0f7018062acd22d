"""Periods in which a body is held still.

A body that is held still cannot turn over, although the landmarks of single frames may say so: the
network takes the left side for the right one, or the chest for the back. So whether a body is still
is judged by the picture alone, and without regard to sides.

Pure numpy; frame by frame, so it can follow a live session.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX, X, Y

_PAIRS = np.array(
    [
        [LANDMARK_INDEX[f"{side}_{joint}"] for side in ("LEFT", "RIGHT")]
        for joint in ("SHOULDER", "ELBOW", "WRIST", "HIP", "KNEE", "ANKLE")
    ]
)
# A body is still while so many of its twelve joints stay this close to where they were on average,
# in multiples of the longer side of the body's box. The others may be drawn elsewhere for a moment.
_STILL_JOINTS, _TOLERANCE = 9, 0.08


class StillPeriods:
    """Numbers the periods of one recording or session; a movement begins another one.

    Args:
        max_gap_s: Longest time without a person within a period, in seconds.
    """

    def __init__(self, max_gap_s: float) -> None:
        self._max_gap_s = max_gap_s
        self._number = -1
        self._frames = 0
        self._seen_s = -np.inf
        self._mean_px = np.empty(0)

    def add(self, pts_s: float, image: NDArray[Any], aspect: float) -> int:
        """The number of the period that a frame belongs to, or that it begins.

        Args:
            pts_s: Time of the frame in seconds.
            image: ``(33, >=2)`` image landmarks of the frame, which has a person.
            aspect: Width / height of the frame.
        """
        at = image[_PAIRS][..., [X, Y]].astype(np.float64) * (aspect, 1.0)
        if self._number < 0 or pts_s - self._seen_s > self._max_gap_s:
            self._begin(at)
        else:
            swapped = at[:, ::-1]
            kept_off, swapped_off = _off(at, self._mean_px), _off(swapped, self._mean_px)
            is_swapped = swapped_off.sum(axis=1) < kept_off.sum(axis=1)
            off = np.where(is_swapped[:, None], swapped_off, kept_off)
            box = float(np.ptp(self._mean_px.reshape(-1, 2), axis=0).max())
            if (
                np.partition(off, _STILL_JOINTS - 1, axis=None)[_STILL_JOINTS - 1]
                > _TOLERANCE * box
            ):
                self._begin(at)
            else:
                self._frames += 1
                aligned = np.where(is_swapped[:, None, None], swapped, at)
                self._mean_px += (aligned - self._mean_px) / self._frames
        self._seen_s = pts_s
        return self._number

    def _begin(self, at: NDArray[np.float64]) -> None:
        self._number += 1
        self._frames, self._mean_px = 1, at


def still_periods(
    pts_s: NDArray[np.float64],
    image: NDArray[Any],
    aspect: float,
    max_gap_s: float,
    breaks: Collection[int] = (),
) -> NDArray[np.intp]:
    """The number of each frame's period, ``(n,)``; −1 for frames without a person.

    Args:
        pts_s: ``(n,)`` times in seconds.
        image: ``(n, 33, >=2)`` image landmarks, NaN without a person.
        aspect: Width / height of the frames.
        max_gap_s: Longest time without a person within a period, in seconds.
        breaks: Indices of frames that do not continue what was before.
    """
    numbers = np.full(len(pts_s), -1)
    periods, first = StillPeriods(max_gap_s), 0
    starts = set(breaks)
    for index in range(len(pts_s)):
        if index in starts:
            first = int(numbers[:index].max(initial=-1)) + 1
            periods = StillPeriods(max_gap_s)
        if not np.isnan(image[index, 0, 0]):
            numbers[index] = first + periods.add(float(pts_s[index]), image[index], aspect)
    return numbers


def _off(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    off: NDArray[np.float64] = np.hypot(*(a - b).transpose(2, 0, 1))
    return off
