"""Ranges of arms and legs that several entries of the pose table share."""

from training.synthetic.poses.variants import ArmRange, LegRange, Range, StrapArm

OTHER = "other pose or transition"

DOWN = ArmRange(flexion=(-15, 30), abduction=(2, 30), elbow=(0, 40))
OVERHEAD = ArmRange(flexion=(150, 195), abduction=(-5, 30), elbow=(0, 25))
ANYWHERE = ArmRange(
    flexion=(-40, 185), abduction=(0, 100), rotation=(-60, 60), elbow=(0, 130), wrist=(-30, 30)
)
SIDEWAYS = ArmRange(flexion=(-15, 20), abduction=(70, 110), elbow=(0, 20))
HANG = StrapArm(slope_to_feet=(-8, 10), outward=(-10, 20), elbow=(0, 12))
BOTH, LEFT_ONLY = (True, True), (True, False)
STRAIGHT = LegRange(flexion=(-10, 12), abduction=(-1, 10), knee=(0, 12), toe_point=(10, 70))
STRADDLED = LegRange(flexion=(-5, 40), abduction=(25, 65), knee=(0, 12), toe_point=(10, 70))
TUCKED = LegRange(flexion=(90, 140), abduction=(0, 18), knee=(90, 145), toe_point=(0, 60))
PIKED = LegRange(flexion=(75, 105), abduction=(-1, 12), knee=(0, 15), toe_point=(10, 65))


def legs(
    flexion: Range,
    knee: Range,
    abduction: Range = (0, 14),
    rotation: Range = (-5, 20),
    toe_point: Range = (-15, 20),
) -> LegRange:
    """Legs of any kind."""
    return LegRange(flexion, abduction, rotation, knee, toe_point)


def arms(flexion: Range, abduction: Range = (-5, 20), elbow: Range = (0, 12)) -> ArmRange:
    """Arms of any kind, the palms turned a little."""
    return ArmRange(flexion=flexion, abduction=abduction, elbow=elbow, wrist=(-30, 10))
