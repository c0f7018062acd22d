"""Half bodies: pictures whose edge cuts a body off, and how they are answered.

``python -m benchmarks.half_bodies`` shows generated performers whole, closely framed, and cut off
at thighs, waist, neck or in the middle, each the way that every photo goes, and says how they were
answered. A picture is whole if head, shoulders, elbows, hips and knees are in it. ``--fit`` also
fits the weights of ``shared_features.landmarks.in_view`` to them; judge those by another seed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import wilson
from shared_features.classify.classifier import PoseClassifier
from shared_features.landmarks.in_view import in_view, view_evidence
from shared_features.landmarks.landmarks import LANDMARK_INDEX, LandmarkTrack
from shared_features.media.frames import Frame
from shared_features.params import PROJECT_ROOT, load_shared
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from shared_features.runtime import console

Points = NDArray[np.float64]
Box = tuple[int, int, int, int]


def _of(*joints: str) -> list[int]:
    return [LANDMARK_INDEX[f"{side}_{joint}"] for joint in joints for side in ("LEFT", "RIGHT")]


_HEAD = [LANDMARK_INDEX["NOSE"], *_of("EAR")]
_NEEDED = [*_HEAD, *_of("SHOULDER", "ELBOW", "HIP", "KNEE")]
# What is cut off, what is kept, and where between the two.
_CUTS: dict[str, tuple[list[int], list[int], float]] = {
    "cut at the thighs": (_of("KNEE", "ANKLE"), _of("SHOULDER", "HIP"), 0.5),
    "cut at the waist": (_of("HIP", "KNEE", "ANKLE"), _of("SHOULDER"), 0.6),
    "cut at the neck": (_HEAD, _of("HIP", "KNEE"), 0.6),
}
_SIDE = ("SHOULDER", "HIP", "KNEE", "ANKLE")
# A cut needs some space between the joints on both sides of it, as a share of the body's box.
_LEAST_SPACE = 0.03
_LEAST_SIDE_PX = 60
_CLOSE_FRAME = (0.02, 0.2)


@dataclass(frozen=True)
class Picture:
    """A performer as shown, and the answer.

    Attributes:
        shown: ``whole``, ``closely framed`` or how it is cut.
        whole: Whether all of the body that a pose needs is in it.
        label: Label of the performer's pose.
        track: What was found in it.
        answer: A label of the model, ``uncertain``, ``not all in view`` or ``nobody``.
        unchecked: The answer if the view were not checked.
    """

    shown: str
    whole: bool
    label: str
    track: LandmarkTrack
    answer: str
    unchecked: str


def cuts(points_px: Points, width: int, height: int) -> dict[str, Box]:
    """Parts of a picture, left, top, right, bottom, by how they cut off a body.

    Args:
        points_px: ``(33, 2)`` landmarks of the body in pixels.
        width: Width of the picture.
        height: Height of the picture.
    """
    found = {}
    for name, (gone, kept, share) in _CUTS.items():
        box = _cut(points_px, gone, kept, share, width, height)
        if box is not None:
            found[name] = box
    for side, other in (("LEFT", "RIGHT"), ("RIGHT", "LEFT")):
        gone = [LANDMARK_INDEX[f"{side}_{joint}"] for joint in _SIDE]
        kept = [LANDMARK_INDEX[f"{other}_{joint}"] for joint in _SIDE[:2]]
        box = _cut(points_px, gone, kept, 0.5, width, height)
        if box is not None:
            found[f"{side.lower()} side cut off"] = box
    return found


def _cut(
    points: Points, gone: list[int], kept: list[int], share: float, width: int, height: int
) -> Box | None:
    """The largest part that has some joints and not others; None if no straight cut does that."""
    best, widest = None, _LEAST_SPACE * float(np.ptp(points, axis=0).max())
    for axis in (0, 1):
        for sign in (1, -1):
            nearest, last = (sign * points[gone, axis]).min(), (sign * points[kept, axis]).max()
            if nearest - last > widest:
                at = round(float(sign * (last + (nearest - last) * share)))
                box = [0, 0, width, height]
                box[axis + (2 if sign > 0 else 0)] = at
                widest, best = nearest - last, (box[0], box[1], box[2], box[3])
    if best is None or min(best[2] - best[0], best[3] - best[1]) < _LEAST_SIDE_PX:
        return None
    return best


def _closely_framed(points: Points, width: int, height: int, rng: np.random.Generator) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    left, top, right, bottom = rng.uniform(*_CLOSE_FRAME, 4) * float((high - low).max())
    return (
        max(0, int(low[0] - left)),
        max(0, int(low[1] - top)),
        min(width, int(high[0] + right)),
        min(height, int(high[1] + bottom)),
    )


def pictures(seed: int, groups: int) -> Iterator[Picture]:
    """Generated performers, three pictures of each group, in all ways; answered one by one."""
    from training.synthetic.frames import frame_groups

    pose = load_shared(PROJECT_ROOT / "params.yaml").pose
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    rng = np.random.default_rng(seed)
    with PoseEstimator(
        model_asset.resolve(pose.model_path, pose.network), "photo", pose.max_people, pose
    ) as estimator:
        for frame in frame_groups(seed, 0, groups):
            points = frame.image[:, :2] * (frame.width, frame.height)
            boxes: dict[str, Box] = {
                "whole": (0, 0, frame.width, frame.height),
                "closely framed": _closely_framed(points, frame.width, frame.height, rng),
                **cuts(points, frame.width, frame.height),
            }
            for shown, (left, top, right, bottom) in boxes.items():
                part = np.ascontiguousarray(frame.rgb[top:bottom, left:right])
                track = photo_track(shown, Frame.of_rgb(part), estimator, pose)
                needed = points[_NEEDED]
                whole = bool(((needed > (left, top)) & (needed < (right, bottom))).all())
                yield Picture(shown, whole, frame.label, track, *_answers(classifier, track))


def _answers(classifier: PoseClassifier, track: LandmarkTrack) -> tuple[str, str]:
    """The answer for a photo, and what it would be if its view were not checked."""
    if not track.person[0]:
        return "nobody", "nobody"
    spec, enter = classifier.contract.features, classifier.contract.timeline.enter_confidence
    row = np.mean(
        [classifier.probabilities(spec.of_track(t))[0] for t in (track, track.mirrored())], axis=0
    )
    unchecked = "uncertain" if row.max() < enter else classifier.labels[int(row.argmax())]
    seen = bool(in_view(track.image, track.aspect)[0])
    return unchecked if seen else "not all in view", unchecked


def report(shown: Sequence[Picture], other: str) -> Iterator[str]:
    """A line for each way in which a body is shown."""
    no_pose = (other, "uncertain", "not all in view", "nobody")
    yield (
        f"{'':<22}{'pictures':>9}{'not in view':>12}{'nobody':>8}{'other':>7}{'unsure':>8}"
        f"{'a pose':>8}{'(unchecked)':>13}"
    )
    for name in dict.fromkeys(each.shown for each in shown):
        chosen = [each for each in shown if each.shown == name]
        count = [sum(each.answer == a for each in chosen) for a in no_pose]
        poses = sum(each.answer not in no_pose for each in chosen)
        unchecked = sum(each.unchecked not in no_pose for each in chosen)
        yield (
            f"{name:<22}{len(chosen):>9}{count[2]:>12}{count[3]:>8}{count[0]:>7}{count[1]:>8}"
            f"{poses:>8}{unchecked:>13}"
        )
    halves = [each for each in shown if not each.whole and each.answer != "nobody"]
    found = sum(each.answer not in no_pose for each in halves)
    low, high = wilson(found, len(halves))
    yield f"half bodies called a pose: {found} of {len(halves)} (95 %: {low:.1%} to {high:.1%})"
    right = [e for e in shown if e.whole and e.unchecked == e.label != other]
    lost = sum(each.answer != each.label for each in right)
    yield f"right poses of whole bodies lost: {lost} of {len(right)}"


def fit(shown: Sequence[Picture]) -> tuple[NDArray[np.float64], float]:
    """``WEIGHTS`` and ``BIAS`` that tell whole bodies from half ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = [each for each in shown if each.track.person[0]]
    evidence = np.array([view_evidence(e.track.image, e.track.aspect)[0] for e in found])
    model: Any = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000))
    model.fit(evidence.reshape(len(found), -1), [each.whole for each in found])
    scaler, regression = model[0], model[1]
    weights = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - (weights * scaler.mean_).sum())
    return weights.reshape(evidence.shape[1:]), bias


def main() -> None:
    """Print the table and, if asked to, the weights."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=20261126, help="seed of the performers")
    parser.add_argument("--groups", type=int, default=20, help="performers, of three poses each")
    parser.add_argument("--fit", action="store_true", help="print fitted weights as well")
    arguments = parser.parse_args()
    shown = list(pictures(arguments.seed, arguments.groups))
    other = load_shared(PROJECT_ROOT / "params.yaml").labels.other
    print("\n".join(report(shown, other)))
    if arguments.fit:
        weights, bias = fit(shown)
        print(f"WEIGHTS = {weights.round(2).tolist()}\nBIAS = {bias:.2f}")


if __name__ == "__main__":
    console.run(main)
