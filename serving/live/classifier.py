"""From frames of one camera to predictions: who is followed, which pose, for how long."""

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from serving.live.hold_memory import HoldMemory
from serving.live.one_euro import OneEuroFilter
from serving.live.steady import EndedHold, PredictionSmoother, SteadyPrediction
from serving.live.trackers import TrackedFrame
from serving.settings import LiveParams
from shared_features.classify.classifier import PoseClassifier
from shared_features.classify.hold_evidence import HoldEvidence
from shared_features.landmarks.landmarks import VISIBILITY, LandmarkTrack, X, Y, empty_landmarks
from shared_features.landmarks.still_periods import StillPeriods
from shared_features.params import ScoringParams
from shared_features.pose.estimator import Person, is_same_person


@dataclass(frozen=True)
class LivePrediction:
    """The result for one frame.

    Attributes:
        labels: Labels of the model, in the order of the probabilities.
        person: Whether a person was found in the frame.
        person_changed: Whether it is another person than before, which resets smoothing and hold.
        steady: Smoothed prediction with the current hold.
        landmarks: ``(33, 3)`` smoothed for drawing: x, y as fractions of the frame, visibility;
            None without a person.
        pose_s: Duration of finding the landmarks in seconds.
        classify_s: Duration of everything after that in seconds.
    """

    labels: tuple[str, ...]
    person: bool
    person_changed: bool
    steady: SteadyPrediction
    landmarks: NDArray[np.float64] | None
    pose_s: float
    classify_s: float


class LiveClassifier:
    """Names the pose of the person in front of one camera, from frame to frame.

    Args:
        live: How landmarks are smoothed for drawing.
        scoring: How holds get points.
        classifier: Gives the poses.
    """

    def __init__(
        self, live: LiveParams, scoring: ScoringParams, classifier: PoseClassifier
    ) -> None:
        self._memory = HoldMemory(scoring)
        self._aspect = 1.0
        self._drawing = OneEuroFilter(live.landmark_min_cutoff_hz, live.landmark_beta)
        self._last: tuple[float, Person] | None = None
        self.use(classifier)

    def use(self, classifier: PoseClassifier) -> None:
        """Continue with another model; this resets smoothing and hold."""
        contract = classifier.contract
        self.classifier = classifier
        self._steady = PredictionSmoother(contract.labels, contract.other, contract.timeline)
        self._still = StillPeriods(contract.timeline.max_gap_s)
        self._evidence = HoldEvidence(contract.labels, contract.other)

    def classify(self, frame: TrackedFrame, time_s: float) -> LivePrediction:
        """The prediction for the next frame.

        Args:
            frame: The person found in it.
            time_s: When it was taken, later than the previous frame.
        """
        began_s = time.perf_counter()
        person = frame.person
        changed = self._is_another_person(person, time_s)
        ended = self._steady.reset(time_s) if changed else None
        steady = self._steady.add(
            time_s, self._probabilities(frame, person, time_s), person is not None
        )
        self._aspect = frame.width / frame.height
        self._memory.add(time_s, None if person is None else person.image)
        ended = self._scored(ended or steady.ended)
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
            pose_s=frame.pose_s,
            classify_s=time.perf_counter() - began_s,
        )

    def finish(self, time_s: float) -> EndedHold | None:
        """End the session at ``time_s``; returns the hold that this ends, if any."""
        return self._scored(self._steady.reset(time_s))

    def _scored(self, hold: EndedHold | None) -> EndedHold | None:
        if hold is None:
            return None
        score = self._memory.score(hold.label, hold.start_s, hold.end_s, self._aspect)
        return replace(hold, score=score)

    def _is_another_person(self, person: Person | None, time_s: float) -> bool:
        if person is None or self._last is None or self._is_stale(time_s):
            return False
        return not is_same_person(self._last[1], person)

    def _is_stale(self, time_s: float) -> bool:
        """Whether the last person was seen too long ago to continue."""
        gap_s = self.classifier.contract.timeline.max_gap_s
        return self._last is None or time_s - self._last[0] > gap_s

    def _probabilities(
        self, frame: TrackedFrame, person: Person | None, time_s: float
    ) -> NDArray[np.float32]:
        image, world = empty_landmarks(1)
        if person is not None:
            image[0], world[0] = person.image, person.world
        track = LandmarkTrack("live", frame.width, frame.height, np.zeros(1), image, world)
        probabilities: NDArray[np.float32] = self.classifier.classify(track)[0]
        if person is None:
            return probabilities
        period = self._still.add(time_s, person.image, track.aspect)
        if np.isnan(probabilities).any():
            return probabilities
        return self._evidence.add(probabilities, period)

    def _for_drawing(
        self, person: Person | None, time_s: float, changed: bool
    ) -> NDArray[np.float64] | None:
        if person is None:
            return None
        if changed or self._is_stale(time_s):
            self._drawing.reset()
        xy = self._drawing.add(time_s, person.image[:, [X, Y]])
        return np.column_stack([xy, person.image[:, VISIBILITY]])
