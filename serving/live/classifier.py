"""Pictures of one camera to answers: who is followed, which pose, for how long."""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serving.live.one_euro import OneEuroFilter
from serving.live.steady import EndedHold, PredictionSmoother, SteadyPrediction
from serving.settings import LiveParams
from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.landmarks import VISIBILITY, LandmarkTrack, X, Y, empty_landmarks
from shared_features.media.frames import RgbArray
from shared_features.params import PersonPolicy
from shared_features.pose.estimator import Person, PoseEstimator, is_same_person, pick


@dataclass(frozen=True)
class LivePrediction:
    """What is known after a frame.

    Attributes:
        labels: what the probabilities mean.
        person: whether someone was found in the frame.
        person_changed: whether it is someone else than before; everything has begun anew.
        steady: pose, confidence and hold.
        landmarks: ``(33, 3)`` for drawing, smoothed: x, y as fractions of the picture, visibility;
            None without a person.
        pose_s: how long finding the landmarks took.
        classify_s: how long the rest took.
    """

    labels: tuple[str, ...]
    person: bool
    person_changed: bool
    steady: SteadyPrediction
    landmarks: NDArray[np.float64] | None
    pose_s: float
    classify_s: float


class LiveClassifier:
    """Belongs to one camera: it follows a person from frame to frame. Use as a context manager.

    Args:
        tracker: a fresh one, from ``trackers``; closed with this.
        policy: which of the people it finds counts.
        live: how landmarks are smoothed for drawing.
        classifier: gives the poses.
    """

    def __init__(
        self,
        tracker: PoseEstimator,
        policy: PersonPolicy,
        live: LiveParams,
        classifier: PoseClassifier,
    ) -> None:
        self._tracker, self._policy = tracker, policy
        self._drawing = OneEuroFilter(live.landmark_min_cutoff_hz, live.landmark_beta)
        self._start_s: float | None = None
        self._last: tuple[float, Person] | None = None
        self.use(classifier)

    def __enter__(self) -> "LiveClassifier":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the networks."""
        self._tracker.close()

    def use(self, classifier: PoseClassifier) -> None:
        """Go on with another model; answers and hold begin anew."""
        contract = classifier.contract
        self.classifier = classifier
        self._steady = PredictionSmoother(contract.labels, contract.other, contract.timeline)

    def classify(self, rgb: RgbArray, time_s: float) -> LivePrediction:
        """The answer for the next frame.

        Args:
            rgb: ``(height, width, 3)`` uint8, upright, not mirrored.
            time_s: when it was taken, later than the frame before.
        """
        began = time.perf_counter()
        if self._start_s is None:
            self._start_s = time_s
        person = pick(self._tracker.people(rgb, time_s - self._start_s), self._policy)
        found = time.perf_counter()
        changed = self._is_someone_else(person, time_s)
        ended = self._steady.restart(time_s) if changed else None
        steady = self._steady.add(time_s, self._probabilities(rgb, person))
        if ended is not None:
            steady = replace(steady, ended=ended)
        landmarks = self._for_drawing(person, time_s, changed)
        if person is not None:
            self._last = time_s, person
        return LivePrediction(
            labels=self.classifier.contract.labels,
            person=person is not None,
            person_changed=changed,
            steady=steady,
            landmarks=landmarks,
            pose_s=found - began,
            classify_s=time.perf_counter() - found,
        )

    def finish(self, time_s: float) -> EndedHold | None:
        """The hold that is over because nothing comes after ``time_s``, if there is one."""
        return self._steady.restart(time_s)

    def _is_someone_else(self, person: Person | None, time_s: float) -> bool:
        if person is None or self._last is None or self._is_stale(time_s):
            return False
        return not is_same_person(self._last[1], person)

    def _is_stale(self, time_s: float) -> bool:
        """Whether too much time has passed since someone was seen."""
        gap_s = self.classifier.contract.timeline.max_gap_s
        return self._last is None or time_s - self._last[0] > gap_s

    def _probabilities(self, rgb: RgbArray, person: Person | None) -> NDArray[np.float32]:
        image, world = empty_landmarks(1)
        if person is not None:
            image[0], world[0] = person.image, person.world
        height, width = rgb.shape[:2]
        track = LandmarkTrack("live", width, height, np.zeros(1), image, world)
        probabilities: NDArray[np.float32] = self.classifier.classify(track)[0]
        return probabilities

    def _for_drawing(
        self, person: Person | None, time_s: float, changed: bool
    ) -> NDArray[np.float64] | None:
        if person is None:
            return None
        if changed or self._is_stale(time_s):
            self._drawing.reset()
        xy = self._drawing.add(time_s, person.image[:, [X, Y]])
        return np.column_stack([xy, person.image[:, VISIBILITY]])
