"""A posture: the joint angles at one moment, in anatomical terms from the performer's viewpoint.

All angles are in degrees. All zero is standing at attention: torso upright, arms along the body,
legs straight, feet flat, looking ahead. Limb angles are measured from the *torso line* (hips to
shoulders), so at "hip flexion 90" the thigh is at right angles to the torso whatever the curvature
of the spine. Angles are not wrapped: a back lever is ``pitch_back_deg`` 270 (reached by rolling
backwards past the inverted hang), a planche is -90. Interpolation between postures therefore moves
the way a performer moves.
"""

from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar


@dataclass(frozen=True)
class Arm:
    """One arm, relative to the chest: abducted, then flexed, then rotated about itself.

    Attributes:
        flexion_deg: Forward raise; 90 points where the chest faces, 180 is overhead, negative is
            backwards.
        abduction_deg: Sideways raise away from the body; 90 is a T.
        rotation_deg: Rotation about the arm's own length; positive is outwards.
        elbow_deg: Bend of the elbow; 0 is straight, positive brings the hand to the shoulder.
        wrist_deg: Bend of the wrist; positive brings the palm towards the forearm.
    """

    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    rotation_deg: float = 0.0
    elbow_deg: float = 0.0
    wrist_deg: float = 0.0


@dataclass(frozen=True)
class Leg:
    """One leg, relative to the pelvis; rotations are combined as for `Arm`.

    Attributes:
        flexion_deg: Raise of the thigh towards the chest.
        abduction_deg: Raise of the thigh away from the other one (straddle).
        rotation_deg: Rotation about the thigh's own length; positive turns the knee outwards.
        knee_deg: Bend of the knee; 0 is straight, positive brings the heel to the buttock.
        toe_point_deg: Point of the foot; 0 is flat, 70 is fully pointed.
    """

    flexion_deg: float = 0.0
    abduction_deg: float = 0.0
    rotation_deg: float = 0.0
    knee_deg: float = 0.0
    toe_point_deg: float = 0.0


@dataclass(frozen=True)
class Posture:
    """A posture of the whole body.

    Attributes:
        turn_left_deg: Turn of the whole performer about the vertical.
        pitch_back_deg: Backward pitch of the torso line: 90 is face up, 180 upside down, 270 face
            down.
        lean_right_deg: Sideways lean of the torso line, in the body's frontal plane.
        twist_left_deg: Twist of the whole body about the torso line.
        spine_flexion_deg: Rounding of the back; negative is an arch.
        spine_bend_right_deg: Sideways bend, right shoulder towards right hip.
        spine_twist_left_deg: Twist of the shoulders to the left of the hips.
        head_nod_deg: Nod of the head, chin towards the chest.
        head_turn_left_deg: Turn of the head, face towards the left shoulder.
        head_tilt_right_deg: Tilt of the head, ear towards the right shoulder.
        left_arm: The performer's left arm.
        right_arm: The performer's right arm.
        left_leg: The performer's left leg.
        right_leg: The performer's right leg.
        left_holds: Whether the left hand holds a strap.
        right_holds: Whether the right hand holds a strap.
    """

    turn_left_deg: float = 0.0
    pitch_back_deg: float = 0.0
    lean_right_deg: float = 0.0
    twist_left_deg: float = 0.0
    spine_flexion_deg: float = 0.0
    spine_bend_right_deg: float = 0.0
    spine_twist_left_deg: float = 0.0
    head_nod_deg: float = 0.0
    head_turn_left_deg: float = 0.0
    head_tilt_right_deg: float = 0.0
    left_arm: Arm = Arm()
    right_arm: Arm = Arm()
    left_leg: Leg = Leg()
    right_leg: Leg = Leg()
    left_holds: bool = False
    right_holds: bool = False

    @property
    def holds(self) -> tuple[bool, bool]:
        """Which hands hold a strap: ``(left, right)``."""
        return self.left_holds, self.right_holds

    def mirrored(self) -> Self:
        """The same posture with left and right exchanged."""
        return replace(
            self,
            turn_left_deg=-self.turn_left_deg,
            lean_right_deg=-self.lean_right_deg,
            twist_left_deg=-self.twist_left_deg,
            spine_bend_right_deg=-self.spine_bend_right_deg,
            spine_twist_left_deg=-self.spine_twist_left_deg,
            head_turn_left_deg=-self.head_turn_left_deg,
            head_tilt_right_deg=-self.head_tilt_right_deg,
            left_arm=self.right_arm,
            right_arm=self.left_arm,
            left_leg=self.right_leg,
            right_leg=self.left_leg,
            left_holds=self.right_holds,
            right_holds=self.left_holds,
        )


Angles = TypeVar("Angles", Arm, Leg, Posture)


def _blend(a: Angles, b: Angles, t: float) -> Angles:
    changes: dict[str, object] = {}
    for field in fields(a):
        first, second = getattr(a, field.name), getattr(b, field.name)
        if isinstance(first, bool):
            changes[field.name] = first and second
        elif isinstance(first, float | int):
            changes[field.name] = (1 - t) * first + t * second
        else:
            changes[field.name] = _blend(first, second, t)
    return replace(a, **changes)  # type: ignore[arg-type]  # names come from the fields themselves


def interpolate(a: Posture, b: Posture, t: float) -> Posture:
    """The posture a fraction ``t`` (0..1) of the way from ``a`` to ``b``, joint by joint.

    Between two different postures, a hand holds a strap only if it does so in both.
    """
    if t <= 0:
        return a
    if t >= 1:
        return b
    return _blend(a, b, t)
