"""How often the answer for a photo is right: ``python -m benchmarks.quality``.

Labelled photos of performers and everyday photos, each with its mirror image, go the way that every
photo goes: landmarks, then the classifier. Photos of performers, and frames of clips of exercises,
are also shown small in the frame and underexposed. A third of the recordings, chosen by a hash of
their name, are only scored with ``--unseen``: choose settings without it, and use it once at the
end.

The figures are written as JSON, next to a page with the thirty worst answers. A committed run,
``benchmarks/quality_baseline.json``, is printed beside them.
"""

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.labelled_photos import Shown, View, shown_views
from benchmarks.quality_page import page, thumbnail
from shared_features.classify.classifier import PoseClassifier
from shared_features.media.frames import Frame
from shared_features.params import PROJECT_ROOT, PoseNetwork, load_shared
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.pose.extract import photo_track
from shared_features.runtime import console

DATA_VARIABLE = "STRAPS_TEST_DATA"
Outcome = Literal["right", "wrong", "uncertain", "not all in view", "nobody"]
OUTCOMES: tuple[Outcome, ...] = ("right", "wrong", "uncertain", "not all in view", "nobody")
BASELINE = PROJECT_ROOT / "benchmarks" / "quality_baseline.json"
_WORST = 30
# Number of standard deviations on each side of a 95 % interval.
_Z = 1.96


@dataclass(frozen=True)
class Answered:
    """A view and the answer for it.

    Attributes:
        shown: What was shown.
        mirrored: Whether this is the mirror image.
        answer: A label of the model, ``uncertain``, ``not all in view`` or ``nobody``.
        probability: Probability of the likeliest label; 0 without one.
        thumbnail: JPEG of the picture with its landmarks, for the page.
    """

    shown: Shown
    mirrored: bool
    answer: str
    probability: float
    thumbnail: bytes = b""

    @property
    def outcome(self) -> Outcome:
        """Whether the answer is right."""
        for outcome in OUTCOMES[2:]:
            if self.answer == outcome:
                return outcome
        return "right" if self.answer == self.shown.label else "wrong"

    @property
    def title(self) -> str:
        """What was shown."""
        mirrored = ", mirror image" if self.mirrored else ""
        return f"{self.shown.name}, {self.shown.condition}{mirrored}"

    @property
    def said(self) -> str:
        """The answer, and what would have been right."""
        sure = f" ({self.probability:.0%})" if self.probability else ""
        return f"{self.answer}{sure} instead of {self.shown.label}"


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson's score interval)."""
    if of == 0:
        return 0.0, 1.0
    share, spread = hits / of, _Z**2 / of
    middle = share + spread / 2
    half = _Z * float(np.sqrt(share * (1 - share) / of + spread / (4 * of)))
    return (
        max(0.0, (middle - half) / (1 + spread)),
        min(1.0, (middle + half) / (1 + spread)),
    )


def answers(
    views: Iterable[View], network: PoseNetwork = "full"
) -> tuple[list[Answered], float, int]:
    """The answer for every view and its mirror image, the seconds taken, and the inferences."""
    shared = load_shared(PROJECT_ROOT / "params.yaml")
    pose, other = shared.pose.model_copy(update={"network": network}), shared.labels.other
    classifier = PoseClassifier(PROJECT_ROOT / "models" / "pose_classifier.onnx")
    enter = classifier.contract.timeline.enter_confidence
    found: list[Answered] = []
    seconds, looks = 0.0, 0
    model_path = model_asset.resolve(pose.model_path, pose.network)
    with PoseEstimator(model_path, "photo", pose.max_people, pose) as estimator:
        for view in views:
            for mirrored in (False, True):
                rgb = np.ascontiguousarray(view.rgb[:, ::-1]) if mirrored else view.rgb
                began_s = time.process_time()
                track = photo_track(view.shown.name, Frame.of_rgb(rgb), estimator, pose)
                row = classifier.classify_photo(track)
                seconds += time.process_time() - began_s
                looks += track.provenance.get("inferences", 1)
                if np.isnan(row).any():
                    answer, probability = ("not all in view" if track.person[0] else "nobody"), 0.0
                else:
                    best = int(row.argmax())
                    probability = float(row[best])
                    answer = "uncertain" if probability < enter else classifier.labels[best]
                answered = Answered(view.shown, mirrored, answer, probability)
                if is_mistake(answered, other):
                    picture = thumbnail(rgb, track.image[0])
                    answered = replace(answered, thumbnail=picture)
                found.append(answered)
    return found, seconds, looks


def is_mistake(found: Answered, other: str) -> bool:
    """Whether a pose was missed, or something else was called a pose."""
    return found.outcome == ("wrong" if found.shown.label == other else found.outcome) != "right"


def worst(found: Sequence[Answered], other: str) -> list[Answered]:
    """The worst answers: wrong poses by their probability, then poses that were not named."""
    mistakes = [each for each in found if is_mistake(each, other)]
    return sorted(
        mistakes,
        key=lambda each: (each.outcome != "wrong" or each.answer == other, -each.probability),
    )[:_WORST]


def report(found: Sequence[Answered], other: str) -> dict[str, Any]:
    """The figures: by label, by condition, in the mirror, and others called a pose."""
    poses = [each for each in found if each.shown.label != other]
    others = [each for each in found if each.shown.label == other]
    false = [each for each in others if each.outcome == "wrong"]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    same = sum(a.answer == b.answer for a, b in pairs)
    rows = {"all poses": _counts(poses), "other": _counts(others)}
    for label in sorted({each.shown.label for each in poses}):
        rows[label] = _counts(each for each in poses if each.shown.label == label)
    for condition in dict.fromkeys(each.shown.condition for each in found):
        chosen = [each for each in found if each.shown.condition == condition]
        rows[f"poses, {condition}"] = _counts(e for e in chosen if e.shown.label != other)
        rows[f"other, {condition}"] = _counts(e for e in chosen if e.shown.label == other)
    return {
        "rows": rows,
        "others called a pose": _share(len(false), len(others)),
        "same answer in the mirror": _share(same, len(pairs)),
        "mistakes": [
            {
                "name": each.shown.name,
                "condition": each.shown.condition,
                "mirrored": each.mirrored,
                "label": each.shown.label,
                "answer": each.answer,
                "probability": round(each.probability, 3),
            }
            for each in [e for e in poses if e.outcome != "right"] + false
        ],
    }


def _counts(found: Iterable[Answered]) -> dict[str, Any]:
    counted = Counter(each.outcome for each in found)
    of = counted.total()
    return {
        **{outcome: counted[outcome] for outcome in OUTCOMES},
        "right_share_95": [round(bound, 3) for bound in wilson(counted["right"], of)],
    }


def _share(hits: int, of: int) -> dict[str, Any]:
    bounds = [round(bound, 3) for bound in wilson(hits, of)]
    return {"count": hits, "of": of, "share": round(hits / max(of, 1), 4), "share_95": bounds}


def table(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines of text."""
    yield f"{'':<34}{'right':>7}{'wrong':>7}{'unsure':>8}{'cut off':>8}{'nobody':>8}   right, 95 %"
    for name, row in figures["rows"].items():
        low, high = row["right_share_95"]
        counts = f"{row['right']:>7}{row['wrong']:>7}{row['uncertain']:>8}"
        counts += f"{row['not all in view']:>8}{row['nobody']:>8}"
        yield f"{name:<34}{counts}   {low:.2f} to {high:.2f}"
    for name in ("others called a pose", "same answer in the mirror"):
        share = figures[name]
        yield f"{name}: {share['count']} of {share['of']} ({share['share']:.1%})"
    yield (
        f"CPU time per photo: {figures['cpu_ms_per_photo']:.0f} ms; "
        f"inferences per photo: {figures['inferences_per_photo']:.2f}"
    )


def main() -> None:
    """Print the table and write the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--everyday", type=int, default=90, help="number of everyday photos")
    parser.add_argument(
        "--unseen", action="store_true", help="score the third that is kept for the end instead"
    )
    parser.add_argument(
        "--network", choices=("lite", "full", "heavy"), default="full", help="pose network"
    )
    parser.add_argument("--out", type=Path, default=PROJECT_ROOT / "out" / "quality.json")
    arguments = parser.parse_args()
    data = Path(os.environ.get(DATA_VARIABLE, PROJECT_ROOT.parent / "shared" / "data"))
    if not (data / "straps" / "labels.csv").is_file():
        print(f"Skipped: there are no labelled photos in {data} (set {DATA_VARIABLE}).")
        return
    other = load_shared(PROJECT_ROOT / "params.yaml").labels.other
    views = shown_views(data, other, arguments.everyday, arguments.unseen)
    found, seconds, inferences = answers(views, arguments.network)
    figures = report(found, other) | {
        "unseen": arguments.unseen,
        "network": arguments.network,
        "cpu_ms_per_photo": round(seconds / len(found) * 1000, 1),
        "inferences_per_photo": round(inferences / len(found), 3),
    }
    lines = list(table(figures))
    print("\n".join(lines))
    if BASELINE.is_file() and not arguments.unseen:
        print("\nThe committed run:")
        print("\n".join(table(json.loads(BASELINE.read_text(encoding="utf-8")))))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    shown = arguments.out.with_suffix(".html")
    shown.write_text(page(lines, worst(found, other)), encoding="utf-8")
    print(f"Written to {arguments.out} and {shown}.")


if __name__ == "__main__":
    console.run(main)
