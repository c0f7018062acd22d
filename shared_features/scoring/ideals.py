"""The ideal line of each pose, for a straps artist to check: what a hold is measured against.

The ranges from which the synthetic performer draws its postures (`training/synthetic/poses`) lie
around these lines. Levers and l-hang follow the public descriptions; nutcracker and both meathooks
are working assumptions, and are only measured where their descriptions agree.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PoseIdeal:
    """The geometry of a perfect hold; None where a pose does not prescribe anything.

    Elevations are in degrees above the horizontal.

    Attributes:
        torso_elevation_deg: Of the line from hips to shoulders: 90 upright, 0 level.
        legs_elevation_deg: Of the line from hips to knees.
        hip_deg: Angle at the hips between torso and thighs: 180 is one line.
        arms: How many arms hang from the straps, with straight elbows.
        symmetrical: Whether left and right should mirror each other.
        assumed: Whether no public definition of the pose was found.
    """

    torso_elevation_deg: float | None
    legs_elevation_deg: float | None
    hip_deg: float | None
    arms: int
    symmetrical: bool
    assumed: bool = False

    @property
    def is_line(self) -> bool:
        """Whether shoulders, hips and feet should be one level line."""
        return self.torso_elevation_deg == 0 and self.hip_deg == 180

    @property
    def has_tilt(self) -> bool:
        """Whether the pose prescribes the direction of the torso."""
        return self.torso_elevation_deg is not None


IDEALS: dict[str, PoseIdeal] = {
    "front lever": PoseIdeal(0, 0, 180, arms=2, symmetrical=True),
    "back lever": PoseIdeal(0, 0, 180, arms=2, symmetrical=True),
    "l-hang": PoseIdeal(90, 0, 90, arms=2, symmetrical=True),
    # Folded until the shins are close to the face.
    "nutcracker": PoseIdeal(None, None, 30, arms=2, symmetrical=True, assumed=True),
    "meathook": PoseIdeal(None, None, None, arms=1, symmetrical=False, assumed=True),
    "reverse meathook": PoseIdeal(None, None, None, arms=1, symmetrical=False, assumed=True),
}
