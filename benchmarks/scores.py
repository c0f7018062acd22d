"""How right the points of a hold are: ``python -m benchmarks.scores``.

Synthetic performers hold poses with known faults; rendered frames go through MediaPipe, and the
score of its landmarks is compared with the same code of points applied to the true faults. The
camera is where a coach would put it: to the side within 35 degrees, at the height of the body
within 10. Use another seed than the one you chose settings with.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import nan

import numpy as np
from scipy.stats import spearmanr

from shared_features.landmarks.landmarks import LANDMARK_COUNT, empty_landmarks
from shared_features.params import ScoringParams, SharedParams, load_shared
from shared_features.pose import model_asset
from shared_features.pose.estimator import PoseEstimator
from shared_features.scoring.faults import FaultKind, faults_of, points_of
from shared_features.scoring.holds import HoldScore, score_hold
from shared_features.scoring.ideals import IDEALS
from shared_features.scoring.measures import HoldMeasures, measure
from training.synthetic.executions import Execution, executions
from training.synthetic.figure.look import Look
from training.synthetic.rendering.camera import ASPECTS, Camera, Shot, look_at, project
from training.synthetic.rendering.renderer import render

FRAMES_PER_S = 15
LONGEST_S = 2.4
LONGER_SIDE_PX = 400
YAW_DEG, PITCH_DEG = 35.0, 10.0
NAMED_POINTS = 3.0
"""A fault must cost this much for its name to be asked for."""

GROUPS = (("front lever", "back lever", "l-hang"), tuple(IDEALS))


@dataclass(frozen=True)
class Compared:
    """A hold's true points and most expensive fault, and its score."""

    label: str
    points: float
    fault: FaultKind | None
    score: HoldScore


def main() -> None:
    """Print the figures for each pose and for all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--holds", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    shared = load_shared()
    compared = list(_compare(given.seed, given.holds, shared))
    print(f"{'':30} holds scored   MAE  bias Spearman  largest fault right")
    for label in IDEALS:
        _print(label, [hold for hold in compared if hold.label == label])
    for group in GROUPS:
        name = "all" if len(group) == len(IDEALS) else ", ".join(group)
        _print(name, [hold for hold in compared if hold.label in group])


def _print(name: str, compared: list[Compared]) -> None:
    scored = [hold for hold in compared if hold.score.points is not None]
    if not scored:
        print(f"{name:30} {len(compared):5} {0:6}")
        return
    true = np.array([hold.points for hold in scored])
    errors = np.array([hold.score.points for hold in scored], dtype=float) - true
    named = [hold for hold in scored if hold.fault is not None]
    right = sum(
        bool(hold.score.faults) and hold.score.faults[0].kind == hold.fault for hold in named
    )
    rho = spearmanr(true, true + errors).statistic if len(scored) > 2 else nan
    print(
        f"{name:30} {len(compared):5} {len(scored):6} {np.abs(errors).mean():5.1f} "
        f"{errors.mean():5.1f} {rho:8.2f}  {right} of {len(named)}"
    )


def _compare(seed: int, holds: int, shared: SharedParams) -> Iterator[Compared]:
    model_path = model_asset.resolve(shared.pose.model_path)
    for number, hold in enumerate(islice(executions(seed), holds)):
        rng = np.random.default_rng([seed, 9, number])
        pts_s = np.arange(0, min(hold.duration_s, LONGEST_S), 1 / FRAMES_PER_S)
        points = [hold.points_m(float(time_s)) for time_s in pts_s]
        shot = _shot(rng)
        look = Look.random(rng, hold.body, shot.height, shot.width)
        yaw_deg = float(rng.choice([90, 270]) + rng.uniform(-YAW_DEG, YAW_DEG))
        roll_deg = float(np.clip(rng.normal(0, 1.5), -4, 4))
        camera = look_at(np.concatenate(points), shot, yaw_deg, roll_deg)
        image, _ = empty_landmarks(len(pts_s))
        with PoseEstimator(model_path, "video", 1, shared.pose) as estimator:
            for row, (time_s, figure) in enumerate(zip(pts_s, points, strict=True)):
                rgb = render(figure, hold.body, look, camera, hold.posture.holds)
                for person in estimator.people(rgb, float(time_s)):
                    image[row] = person.image
        duration_s = float(pts_s[-1])
        score = score_hold(hold.label, image, pts_s, duration_s, camera.aspect, shared.scoring)
        true_points, fault = _truth(hold, pts_s, points, camera, shared.scoring)
        yield Compared(hold.label, true_points, fault, score)


def _shot(rng: np.random.Generator) -> Shot:
    across, down = ASPECTS[int(rng.choice(3, p=(0.5, 0.3, 0.2)))]
    scale = LONGER_SIDE_PX / max(across, down)
    return Shot(
        width=round(across * scale / 2) * 2,
        height=round(down * scale / 2) * 2,
        lens_mm=float(rng.uniform(26, 60)),
        pitch_up_deg=float(np.clip(rng.normal(2, 5), -PITCH_DEG, PITCH_DEG)),
        fill=float(rng.uniform(0.55, 0.9)),
    )


def _truth(
    hold: Execution,
    pts_s: np.ndarray,
    points: list[np.ndarray],
    camera: Camera,
    params: ScoringParams,
) -> tuple[float, FaultKind | None]:
    """The code of points applied to the true faults; arrival is measured on exact landmarks."""
    ideal, faults = IDEALS[hold.label], hold.faults
    exact = np.ones((len(pts_s), LANDMARK_COUNT, 5), dtype=np.float32)
    exact[:, :, :3] = [project(figure[:LANDMARK_COUNT], camera) for figure in points]
    late_s = measure(exact, pts_s, camera.aspect, ideal, params.min_visibility).late_s
    left, right = (
        bend if on else nan for bend, on in zip(faults.elbows_deg, hold.posture.holds, strict=True)
    )
    found = faults_of(
        HoldMeasures(
            hips_deg=nan if ideal.hip_deg is None else faults.hips_deg,
            tilt_deg=faults.tilt_deg if ideal.has_tilt else nan,
            knees_deg=faults.knees_deg,
            elbows_deg=(left, right),
            uneven_deg=faults.uneven_deg,
            shake_cm=faults.shake_cm,
            hands_shake_cm=0.0,
            jitter_cm=0.0,
            late_s=late_s,
            symmetry_deg=0.0,
        ),
        ideal,
        hold.duration_s,
        params.code,
    )
    named = found and found[0].points >= NAMED_POINTS
    return points_of(found), found[0].kind if named else None


if __name__ == "__main__":
    main()
