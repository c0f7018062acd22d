"""The two solids that figures are drawn with: cones with round ends, and ellipsoids."""

from dataclasses import dataclass

import numpy as np

from training.synthetic.figure.body import Points
from training.synthetic.figure.look import Colour


@dataclass(frozen=True)
class Cone:
    """A cone with round ends.

    Attributes:
        start_m: ``(3,)`` centre of one end.
        end_m: ``(3,)`` centre of the other.
        start_radius_m: radius there.
        end_radius_m: radius there.
        colour: before shading.
    """

    start_m: Points
    end_m: Points
    start_radius_m: float
    end_radius_m: float
    colour: Colour


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid.

    Attributes:
        centre_m: ``(3,)``.
        axes: ``(3, 3)``; columns are its unit axes.
        radii_m: ``(3,)`` along them.
        colour: before shading.
    """

    centre_m: Points
    axes: Points
    radii_m: Points
    colour: Colour


Part = Cone | Ellipsoid


def unit(vector: Points) -> Points:
    """The vector ``(3,)`` scaled to length 1."""
    scaled: Points = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return scaled


def axes_from(left: Points, up: Points) -> Points:
    """Right-handed axes ``(3, 3)`` with columns left, up, front; ``up`` is kept exactly."""
    y = unit(up)
    z = unit(np.cross(left, y))
    return np.stack([np.cross(y, z), y, z], axis=1)


def darker(colour: Colour, factor: float) -> Colour:
    """The colour times the factor."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor
