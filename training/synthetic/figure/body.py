"""A performer's body measurements, and forward kinematics: joint angles to landmark positions.

The performer frame is right-handed, in metres, gravity pulling along -y: at zero posture x is the
performer's left, y is up and z is where the chest faces. The origin is the middle of the hips.

Segment lengths are fractions of stature after Drillis and Contini (1966), as tabulated in Winter,
"Biomechanics and Motor Control of Human Movement" (4th ed., fig. 4.1). Joint centres of shoulders
and hips lie inside the measured breadths, so the half-widths are smaller than biacromial and
bitrochanteric halves.
"""

from dataclasses import dataclass
from math import acos, cos, degrees, radians, sin
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared_features.landmarks.landmarks import LANDMARK_COUNT, LANDMARK_INDEX, opposite
from training.synthetic.figure.posture import Arm, Leg, Posture

Points = NDArray[np.float64]

WAIST = LANDMARK_COUNT
"""Row of the mid-spine in `figure_m`; needed to draw a curved back, not a MediaPipe landmark."""

# Fractions of stature: Drillis and Contini via Winter, except where noted in `Body.random`.
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.108
THIGH, SHANK, FOOT, ANKLE_HEIGHT = 0.245, 0.246, 0.152, 0.039
TORSO = 0.818 - 0.530  # shoulder height minus hip height
NECK, SKULL = 0.052, 0.060  # shoulders to skull base, skull base to the line between the ears

# Face landmarks in the head's frame (left, up, forward of the middle of the ears), fractions of
# stature; from mean adult head breadth 0.152 m, length 0.195 m, interpupillary distance 0.063 m.
FACE: dict[str, tuple[float, float, float]] = {
    "NOSE": (0.0, -0.010, 0.068),
    "LEFT_EYE_INNER": (0.010, 0.012, 0.051),
    "LEFT_EYE": (0.018, 0.012, 0.050),
    "LEFT_EYE_OUTER": (0.027, 0.012, 0.045),
    "LEFT_EAR": (0.043, 0.0, 0.0),
    "MOUTH_LEFT": (0.014, -0.034, 0.052),
}

_FACE_BOTH = {
    **{opposite(name): (-left, up, front) for name, (left, up, front) in FACE.items()},
    **FACE,
}
FACE_ROWS = [LANDMARK_INDEX[name] for name in _FACE_BOTH]
FACE_OFFSETS = np.array(list(_FACE_BOTH.values()))


@dataclass(frozen=True)
class Body:
    """Body measurements of a performer.

    Attributes:
        stature_m: Standing height.
        upper_arm_m: Length from shoulder to elbow.
        forearm_m: Length from elbow to wrist.
        hand_m: Length from wrist to fingertip.
        thigh_m: Length from hip to knee.
        shank_m: Length from knee to ankle.
        foot_m: Length from heel to toe.
        torso_m: Length from hips to shoulders along the spine.
        shoulder_half_m: Distance from spine to shoulder joint.
        hip_half_m: Distance from spine to hip joint.
        head_scale: Head size relative to the mean for the stature.
        girth: Thickness of limbs and trunk relative to a lean adult.
        bust: Size of the bust and narrowness of the waist, 0 to 1.
    """

    stature_m: float = 1.72
    upper_arm_m: float = 1.72 * UPPER_ARM
    forearm_m: float = 1.72 * FOREARM
    hand_m: float = 1.72 * HAND
    thigh_m: float = 1.72 * THIGH
    shank_m: float = 1.72 * SHANK
    foot_m: float = 1.72 * FOOT
    torso_m: float = 1.72 * TORSO
    shoulder_half_m: float = 1.72 * 0.102
    hip_half_m: float = 1.72 * 0.055
    head_scale: float = 1.0
    girth: float = 1.0
    bust: float = 0.4

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """A random performer of 1.50-1.95 m whose proportions vary (standard deviation 4 %)."""
        feminine = float(rng.random())
        stature = float(np.clip(rng.normal(1.78 - 0.14 * feminine, 0.065), 1.50, 1.95))

        def part(fraction: float) -> float:
            return stature * fraction * float(np.clip(rng.normal(1.0, 0.04), 0.9, 1.1))

        return cls(
            stature_m=stature,
            upper_arm_m=part(UPPER_ARM),
            forearm_m=part(FOREARM),
            hand_m=part(HAND),
            thigh_m=part(THIGH),
            shank_m=part(SHANK),
            foot_m=part(FOOT),
            torso_m=part(TORSO),
            shoulder_half_m=part(0.108 - 0.012 * feminine),
            hip_half_m=part(0.053 + 0.004 * feminine),
            head_scale=float(rng.uniform(0.94, 1.06)),
            girth=float(np.clip(rng.normal(1.03, 0.1), 0.82, 1.35)),
            bust=feminine * float(rng.uniform(0.5, 1.0)),
        )


def about_x(angle_deg: float) -> Points:
    """Rotation ``(3, 3)`` about x (left): positive tips y towards z, i.e. bows forwards."""
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


def about_y(angle_deg: float) -> Points:
    """Rotation ``(3, 3)`` about y (up): positive turns z towards x, i.e. to the left."""
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def about_z(angle_deg: float) -> Points:
    """Rotation ``(3, 3)`` about z (forwards): positive tips y towards -x, i.e. to the right."""
    c, s = cos(radians(angle_deg)), sin(radians(angle_deg))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def torso_axes(posture: Posture) -> Points:
    """The torso's orientation ``(3, 3)``; columns are its left, up (hips to shoulders), front."""
    return (
        about_y(posture.turn_left_deg)
        @ about_x(-posture.pitch_back_deg)
        @ about_z(posture.lean_right_deg)
        @ about_y(posture.twist_left_deg)
    )


def chest_axes(posture: Posture) -> Points:
    """The frame ``(3, 3)`` for the arm angles: that of the torso, with half the twist."""
    return torso_axes(posture) @ about_y(posture.spine_twist_left_deg / 2)


def limb_axes(parent: Points, limb: Arm | Leg, side: int) -> Points:
    """Orientation ``(3, 3)`` of an upper arm or thigh; it points along its own -y.

    Args:
        parent: ``(3, 3)`` chest or pelvis axes.
        limb: Angles of the limb.
        side: +1 for left, -1 for right.
    """
    return (
        parent
        @ about_x(-limb.flexion_deg)
        @ about_z(side * limb.abduction_deg)
        @ about_y(side * limb.rotation_deg)
    )


def _arm_points(
    points: Points, body: Body, chest: Points, shoulder: Points, arm: Arm, side: int
) -> None:
    name = "LEFT" if side > 0 else "RIGHT"
    upper = limb_axes(chest, arm, side)
    fore = upper @ about_x(-arm.elbow_deg)
    hand = fore @ about_x(-arm.wrist_deg)
    elbow = shoulder - body.upper_arm_m * upper[:, 1]
    wrist = elbow - body.forearm_m * fore[:, 1]
    points[LANDMARK_INDEX[f"{name}_SHOULDER"]] = shoulder
    points[LANDMARK_INDEX[f"{name}_ELBOW"]] = elbow
    points[LANDMARK_INDEX[f"{name}_WRIST"]] = wrist
    # Knuckles and thumb, fractions of hand length (medial, down, towards the thumb's side).
    for finger, across, down, forward in (
        ("PINKY", 0.0, 0.72, -0.20),
        ("INDEX", 0.0, 0.80, 0.15),
        ("THUMB", 0.12, 0.45, 0.26),
    ):
        offset = np.array([-side * across, -down, forward]) * body.hand_m
        points[LANDMARK_INDEX[f"{name}_{finger}"]] = wrist + hand @ offset


def _leg_points(
    points: Points, body: Body, pelvis: Points, hip: Points, leg: Leg, side: int
) -> None:
    name = "LEFT" if side > 0 else "RIGHT"
    thigh = limb_axes(pelvis, leg, side)
    shank = thigh @ about_x(leg.knee_deg)
    foot = shank @ about_x(leg.toe_point_deg)
    knee = hip - body.thigh_m * thigh[:, 1]
    ankle = knee - body.shank_m * shank[:, 1]
    sole = -ANKLE_HEIGHT * body.stature_m
    points[LANDMARK_INDEX[f"{name}_HIP"]] = hip
    points[LANDMARK_INDEX[f"{name}_KNEE"]] = knee
    points[LANDMARK_INDEX[f"{name}_ANKLE"]] = ankle
    heel, toe = (
        np.array([0.0, sole, -0.22 * body.foot_m]),
        np.array([0.0, sole, 0.68 * body.foot_m]),
    )
    points[LANDMARK_INDEX[f"{name}_HEEL"]] = ankle + foot @ heel
    points[LANDMARK_INDEX[f"{name}_FOOT_INDEX"]] = ankle + foot @ toe


def _face_points(points: Points, body: Body, chest: Points, neck: Points, posture: Posture) -> None:
    head = (
        chest
        @ about_y(posture.head_turn_left_deg)
        @ about_x(posture.head_nod_deg)
        @ about_z(posture.head_tilt_right_deg)
    )
    # The neck follows half of the head's movement.
    half = chest @ about_x(posture.head_nod_deg / 2) @ about_z(posture.head_tilt_right_deg / 2)
    base = neck + NECK * body.stature_m * half[:, 1]
    size = body.stature_m * body.head_scale
    ears = base + SKULL * size * head[:, 1] + 0.008 * size * head[:, 2]
    points[FACE_ROWS] = ears + size * (FACE_OFFSETS @ head.T)


def _shoulder_lift_deg(arm: Arm) -> float:
    """Lift of the collarbone with the arm: about a fifth of the arm's elevation beyond 60 degrees.

    This simplifies the scapulohumeral rhythm (Inman et al. 1944).
    """
    down = cos(radians(arm.abduction_deg)) * cos(radians(arm.flexion_deg))
    return max(0.0, degrees(acos(down)) - 60.0) * 0.2


def figure_m(body: Body, posture: Posture) -> Points:
    """Positions ``(34, 3)`` in metres, performer frame: the 33 landmarks, then the waist."""
    points = np.zeros((LANDMARK_COUNT + 1, 3))
    torso = torso_axes(posture)
    flexion, bend, twist = (
        posture.spine_flexion_deg / 2,
        posture.spine_bend_right_deg / 2,
        posture.spine_twist_left_deg / 2,
    )
    # The two halves of the spine tilt by equal and opposite angles, which keeps the line from hips
    # to shoulders where pitch and lean put it.
    lower = torso @ about_x(-flexion) @ about_z(-bend) @ about_y(-twist)
    upper = torso @ about_x(flexion) @ about_z(bend) @ about_y(twist)
    points[WAIST] = body.torso_m / 2 * lower[:, 1]
    neck = points[WAIST] + body.torso_m / 2 * upper[:, 1]
    pelvis, chest = torso @ about_y(-twist), torso @ about_y(twist)
    limbs = ((1, posture.left_arm, posture.left_leg), (-1, posture.right_arm, posture.right_leg))
    for side, arm, leg in limbs:
        collarbone = upper @ about_z(side * _shoulder_lift_deg(arm))
        shoulder = neck + side * body.shoulder_half_m * collarbone[:, 0]
        _arm_points(points, body, chest, shoulder, arm, side)
        _leg_points(points, body, pelvis, side * body.hip_half_m * lower[:, 0], leg, side)
    _face_points(points, body, upper, neck, posture)
    return points


def landmarks_m(body: Body, posture: Posture) -> Points:
    """Positions ``(33, 3)`` of the landmarks in metres, performer frame, hips at the origin."""
    return figure_m(body, posture)[:LANDMARK_COUNT]
