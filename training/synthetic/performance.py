"""A choreographed routine: one performer on two straps, from the floor up and down again.

Its timing is known exactly, so it serves as an offline demo and as a test video.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.synthetic.figure.body import Body, Points, figure_m
from training.synthetic.poses.table import Posture, eased, on_the_way, variant_named
from training.synthetic.poses.variants import Range, Variant, draw_posture
from training.synthetic.rendering.camera import Camera, Shot, look_at

FRAMES_PER_SECOND = 25
FRAME_WIDTH, FRAME_HEIGHT = 640, 480
STRAP_END = 1.36
"""Height of the straps' lower ends as a fraction of stature: within reach of a small jump."""

HANDS = [LANDMARK_INDEX["LEFT_INDEX"], LANDMARK_INDEX["RIGHT_INDEX"]]

HOLD_S: Range = (2.6, 4.2)
MOVE_S: Range = (1.0, 1.5)

ROUTINE: tuple[tuple[str, float], ...] = (
    ("standing", 1.2),
    ("standing, arms raised", 0.6),
    ("hanging straight", 1.0),
    ("l-hang", 0.0),
    ("inverted tuck", 0.3),
    ("nutcracker", 0.0),
    ("inverted tuck", 0.3),
    ("front lever", 0.0),
    ("inverted tuck", 0.3),
    ("back lever", 0.0),
    ("inverted tuck", 0.4),
    ("meathook piked, free arm out", 0.0),
    ("inverted tuck", 0.4),
    ("reverse meathook piked, free arm out", 0.0),
    ("inverted tuck", 0.3),
    ("hanging straight", 0.8),
    ("standing", 1.2),
)
"""Each variant and its hold time in seconds; 0 means a random time from `HOLD_S`, as for all
labelled holds."""


@dataclass(frozen=True)
class Hold:
    """One posture of the routine.

    Attributes:
        posture: Posture that is held.
        label: Label of the posture.
        move_s: Duration of the move into it, in seconds.
        hold_s: Duration of the hold, in seconds.
        start_s: Time at which the move into it starts, in seconds.
    """

    posture: Posture
    label: str
    move_s: float
    hold_s: float
    start_s: float


def steady(variant: Variant) -> Variant:
    """The variant as a trained artist performs it: trunk and head near mid-range."""

    def middle(bounds: Range) -> Range:
        centre, half = (bounds[0] + bounds[1]) / 2, (bounds[1] - bounds[0]) / 10
        return centre - half, centre + half

    return replace(
        variant,
        pitch_back=middle(variant.pitch_back),
        lean_right=middle(variant.lean_right),
        twist_left=middle(variant.twist_left),
        spine_flexion=middle(variant.spine_flexion),
        spine_bend_right=middle(variant.spine_bend_right),
        spine_twist_left=middle(variant.spine_twist_left),
        head_nod=middle(variant.head_nod),
        head_turn_left=middle(variant.head_turn_left),
    )


def choreography(rng: np.random.Generator) -> tuple[Hold, ...]:
    """The holds of the routine in order, with random postures and times."""
    holds: list[Hold] = []
    clock_s = 0.0
    for name, given_s in ROUTINE:
        variant = variant_named(name)
        posture = draw_posture(rng, steady(variant))
        # All one-arm poses hang from the left arm, to avoid changing hands in mid-air.
        if posture.holds == (False, True):
            posture = posture.mirrored()
        move_s = float(rng.uniform(*MOVE_S)) if holds else 0.0
        hold_s = given_s or float(rng.uniform(*HOLD_S))
        holds.append(Hold(posture, variant.label, move_s, hold_s, clock_s))
        clock_s += move_s + hold_s
    return tuple(holds)


def posture_at(holds: tuple[Hold, ...], pts_s: float) -> tuple[Posture, str]:
    """The posture and label at a time in the routine, without sway."""
    index = max(i for i, hold in enumerate(holds) if hold.start_s <= pts_s or i == 0)
    hold = holds[index]
    if index == 0 or pts_s >= hold.start_s + hold.move_s:
        return hold.posture, hold.label
    before = holds[index - 1]
    share = (pts_s - hold.start_s) / hold.move_s
    return on_the_way(before.posture, hold.posture, share)


def _swaying(posture: Posture, pts_s: float, phase: float) -> Posture:
    """The posture with the small movements of swinging and breathing."""

    def wave(period_s: float, shift: float) -> float:
        return float(np.sin(2 * np.pi * pts_s / period_s + phase + shift))

    return replace(
        posture,
        turn_left_deg=posture.turn_left_deg + 7.0 * wave(7.3, 0.0),
        pitch_back_deg=posture.pitch_back_deg + 1.2 * wave(2.9, 1.0),
        lean_right_deg=posture.lean_right_deg + 1.0 * wave(3.7, 2.0),
        spine_flexion_deg=posture.spine_flexion_deg + 1.5 * wave(3.4, 0.5),
        head_nod_deg=posture.head_nod_deg + 2.0 * wave(4.1, 1.5),
    )


def _grip(holds: tuple[Hold, ...], pts_s: float) -> NDArray[np.float64]:
    """Share of the weight that each hand carries, ``(2,)``, 0..1; eased from hold to hold."""
    index = max(i for i, hold in enumerate(holds) if hold.start_s <= pts_s or i == 0)
    now = np.array(holds[index].posture.holds, dtype=np.float64)
    if index == 0 or pts_s >= holds[index].start_s + holds[index].move_s:
        return now
    before = np.array(holds[index - 1].posture.holds, dtype=np.float64)
    done = eased((pts_s - holds[index].start_s) / holds[index].move_s)
    blended: NDArray[np.float64] = (1 - done) * before + done * now
    return blended


def _on_stage(points: Points, grip: NDArray[np.float64], hands_m: float) -> Points:
    """The figure ``(34, 3)`` moved so that its hands are at the straps, or its feet on the floor.

    The stage's origin is on the floor below the straps; ``hands_m`` is the height of their lower
    ends.
    """
    on_floor = np.array([0.0, -float(points[:, 1].min()), 0.0])
    carried = float(grip.max())
    if carried == 0:
        standing: Points = points + on_floor
        return standing
    hands: Points = grip @ points[HANDS] / grip.sum()
    on_straps = np.array([0.0, hands_m, 0.0]) - hands
    moved: Points = points + (1 - carried) * on_floor + carried * on_straps
    return moved


def _drifting_camera(body: Body, shot: Shot, pts_s: float) -> Camera:
    """A three-quarter side view of the whole stage that drifts slowly."""
    reach = 1.45 * body.stature_m
    stage = np.array(
        [[x, y, z] for x in (-0.3, 0.3) for y in (-0.05, reach) for z in (-0.75, 0.75)]
    )
    return look_at(stage, shot, yaw_deg=62.0 + 12.0 * float(np.sin(2 * np.pi * pts_s / 31.0)))


def performance_frames(
    seed: int,
    height: int = FRAME_HEIGHT,
    width: int = FRAME_WIDTH,
    start_s: float = 0.0,
    end_s: float = float("inf"),
) -> Iterator[tuple[NDArray[np.uint8], float, str]]:
    """The rendered routine: ``(rgb (height, width, 3), pts_s, label)`` at 25 frames per second.

    Args:
        seed: Seed for the performer, the look and the timing.
        height: Height of the frames, in pixels.
        width: Width of the frames, in pixels.
        start_s: Leave out frames before this time. Times remain those of the whole routine.
        end_s: Leave out frames from this time on.
    """
    # Only rendering needs OpenCV.
    from training.synthetic.figure.look import Look
    from training.synthetic.rendering.renderer import render

    rng = np.random.default_rng(np.random.SeedSequence([seed, 2]))
    body = Body.random(rng)
    look = Look.random(rng, body, height, width)
    holds = choreography(rng)
    shot = Shot(width=width, height=height, lens_mm=35.0, pitch_up_deg=4.0, fill=0.96)
    hands_m = STRAP_END * body.stature_m
    phase = float(rng.uniform(0, 2 * np.pi))
    duration_s = holds[-1].start_s + holds[-1].move_s + holds[-1].hold_s
    for number in range(int(duration_s * FRAMES_PER_SECOND)):
        pts_s = number / FRAMES_PER_SECOND
        if not start_s <= pts_s < end_s:
            continue
        still, label = posture_at(holds, pts_s)
        posture = _swaying(still, pts_s, phase)
        points = _on_stage(figure_m(body, posture), _grip(holds, pts_s), hands_m)
        camera = _drifting_camera(body, shot, pts_s)
        yield render(points, body, look, camera, posture.holds), pts_s, label
