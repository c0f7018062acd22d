"""Tracks a person from frame to frame, and looks more closely where the tracker is in doubt.

The network that finds people sees a frame at 224 × 224 pixels. It misses a performer who is small,
in the dark or upside down, and a tracker that starts badly may stay bad. So, whenever the tracker
has no one or its certainty is low, the frame is looked at again the way that a photo is: around the
person, or in shadows and tiles if no one is tracked. If that finds someone more certainly, a new
tracker starts there. It sees the part of the frame around the person (the *window*), which follows
them.

What happens in a frame depends on the frames that the tracker has seen, and on nothing else.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from shared_features.media.frames import RgbArray
from shared_features.params import PoseParams
from shared_features.pose.crops import Crop, square_around
from shared_features.pose.estimator import Person, PoseEstimator, overlap, pick
from shared_features.pose.photo_looks import certainty, find_more_closely

# Below this certainty, a closer look may find better landmarks. Bodies that are tracked well have
# 0.6 and more.
_DOUBT = 0.5
# Another tracker has to be more certain by this much.
_GAIN = 0.1
# Seconds until the next closer look, which double from one look in vain to the next.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 8.0
# Side of the window, as a multiple of the longer side of the person's box, and the multiple at
# which the person has outgrown it.
_WINDOW, _OUTGROWN = 2.5, 1.25
# The window follows a person whose distance from its middle is more than this share of its side, by
# at most this share per frame: the tracker expects the person near where they were in the window.
_OFF_CENTRE, _SLIDE = 0.1, 0.02

FindPeople = Callable[[RgbArray], list[Person]]


class Tracker(Protocol):
    """Finds the person that the policy selects in one frame after the other."""

    def track(self, rgb: RgbArray, pts_s: float) -> Person | None:
        """The person in the next frame.

        Args:
            rgb: ``(height, width, 3)`` uint8, upright.
            pts_s: Time of the frame in seconds; it must not decrease.
        """

    def close(self) -> None:
        """Free the networks; closing again does nothing."""


def new_tracker(model_path: Path, pose: PoseParams, find_people: FindPeople) -> Tracker:
    """The tracker for ``pose.person_policy``.

    Args:
        model_path: Path of the pose model.
        pose: Pose settings.
        find_people: Finds everyone in an image, independently of earlier ones; for closer looks.
    """
    if pose.person_policy == "followed":
        return PersonTracker(model_path, pose, find_people)
    return GroupTracker(model_path, pose)


class GroupTracker:
    """Tracks several people and selects one of them anew in each frame."""

    def __init__(self, model_path: Path, pose: PoseParams) -> None:
        self._policy = pose.person_policy
        self._estimator = PoseEstimator(model_path, "video", pose.max_people, pose)

    def track(self, rgb: RgbArray, pts_s: float) -> Person | None:
        """See ``Tracker``."""
        return pick(self._estimator.people(rgb, pts_s), self._policy)

    def close(self) -> None:
        """See ``Tracker``."""
        self._estimator.close()


class PersonTracker:
    """Tracks the person that is found first; the arguments are those of ``new_tracker``."""

    def __init__(self, model_path: Path, pose: PoseParams, find_people: FindPeople) -> None:
        self._model_path, self._pose, self._find_people = model_path, pose, find_people
        self._estimator = self._fresh_estimator()
        self._window: Crop | None = None
        self._last: Person | None = None
        self._next_look_s = float("-inf")
        self._pause_s = _FIRST_PAUSE_S

    def close(self) -> None:
        """See ``Tracker``."""
        self._estimator.close()

    def track(self, rgb: RgbArray, pts_s: float) -> Person | None:
        """See ``Tracker``."""
        person = self._tracked(rgb, pts_s)
        if person is not None and certainty(person) >= _DOUBT:
            self._pause_s = _FIRST_PAUSE_S
        elif pts_s >= self._next_look_s:
            person = self._looked_for(person, rgb, pts_s)
        if person is not None:
            self._last = person
        return person

    def _tracked(self, rgb: RgbArray, pts_s: float) -> Person | None:
        """The person whom the current tracker finds."""
        window = self._window
        if window is None:
            people = self._estimator.people(rgb, pts_s)
            return people[0] if people else None
        found = self._estimator.people(window.cut(rgb), pts_s)
        if not found:
            return None
        person = window.in_photo(found[0], rgb)
        self._follow(window, person, rgb)
        return person

    def _follow(self, window: Crop, person: Person, rgb: RgbArray) -> None:
        """Move the window towards the person, or open a wider one if they have outgrown it."""
        height, width = rgb.shape[:2]
        left, top, right, bottom = person.box()
        if max((right - left) * width, (bottom - top) * height) * _OUTGROWN > window.width:
            self._restart(square_around(person, rgb, _WINDOW))
            return
        off_x = (left + right) / 2 * width - (window.left + window.width / 2)
        off_y = (top + bottom) / 2 * height - (window.top + window.height / 2)
        if max(abs(off_x), abs(off_y)) > _OFF_CENTRE * window.width:
            step = _SLIDE * window.width
            self._window = Crop(
                window.left + round(min(max(off_x, -step), step)),
                window.top + round(min(max(off_y, -step), step)),
                window.width,
                window.height,
            )

    def _looked_for(self, person: Person | None, rgb: RgbArray, pts_s: float) -> Person | None:
        """The person as tracked, or as found by a closer look if that is more certain."""
        self._next_look_s = pts_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        candidates = find_more_closely(rgb, self._find_people, person)
        if not candidates:
            return person
        last = self._last
        if person is None and last is not None:
            candidates.sort(key=lambda each: overlap(each, last), reverse=True)
        found = candidates[0]
        window = square_around(found, rgb, _WINDOW)
        if window is None or (person and certainty(found) < certainty(person) + _GAIN):
            return person
        self._restart(window)
        return self._tracked(rgb, pts_s) or person

    def _restart(self, window: Crop | None) -> None:
        self._estimator.close()
        self._estimator, self._window = self._fresh_estimator(), window

    def _fresh_estimator(self) -> PoseEstimator:
        return PoseEstimator(self._model_path, "video", 1, self._pose)
