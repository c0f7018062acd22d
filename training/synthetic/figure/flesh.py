"""Builds a figure from solid shapes: round cones and ellipsoids, with their colours.

Radii are fractions of stature for a lean adult (mid-limb girths from Winter and NASA-STD-3000,
divided by two pi), scaled by the body's girth.
"""

from collections.abc import Callable

import numpy as np

from shared_features.landmarks.landmarks import LANDMARK_INDEX
from training.synthetic.figure.body import WAIST, Body, Points
from training.synthetic.figure.look import Colour, Look
from training.synthetic.figure.solids import Cone, Ellipsoid, Part, axes_from, darker, unit

EYE_WHITE: Colour = (236, 232, 228)
STRAP_WIDTH_M = 0.028

TRUNK_SLICES = 19
TRUNK_SHARES = (0.0, 0.15, 0.35, 0.5, 0.80, 0.92)
"""Positions between hips (0) and shoulders (1) at which the trunk's width and depth are given."""
TRUNK_DEPTHS = (0.066, 0.066, 0.061, 0.062, 0.068, 0.054)


PointInHead = Callable[[float, float, float], Points]
BlobInHead = Callable[[float, float, float, tuple[float, float, float], Colour], None]


class Figure:
    """Turns the points of one moment into solid parts.

    Args:
        points_m: ``(34, 3)`` points from `body.figure_m`.
        body: The performer's body.
        look: Clothes and colours.
    """

    def __init__(self, points_m: Points, body: Body, look: Look) -> None:
        self._points = points_m
        self._body = body
        self._look = look
        self._thick = body.stature_m * body.girth
        self._parts: list[Part] = []

    def parts(self, holds: tuple[bool, bool]) -> list[Part]:
        """All shapes of the body and of the straps in its hands, in metres, performer frame."""
        self._trunk()
        self._head()
        for side, held in zip(("LEFT", "RIGHT"), holds, strict=True):
            self._arm(side, held)
            self._leg(side)
        self._straps(holds)
        return self._parts

    def _at(self, name: str) -> Points:
        point: Points = self._points[LANDMARK_INDEX[name]]
        return point

    def _cone(self, a: Points, b: Points, ra: float, rb: float, colour: Colour) -> None:
        self._parts.append(Cone(a, b, ra * self._thick, rb * self._thick, colour))

    def _blob(
        self,
        centre: Points,
        axes: Points,
        radii: tuple[float, float, float],
        colour: Colour,
        scale: float | None = None,
    ) -> None:
        size = self._thick if scale is None else scale
        self._parts.append(Ellipsoid(centre, axes, np.array(radii) * size, colour))

    def _trunk(self) -> None:
        look, body, h = self._look, self._body, self._body.stature_m
        shoulders = self._at("LEFT_SHOULDER") - self._at("RIGHT_SHOULDER")
        hips = self._at("LEFT_HIP") - self._at("RIGHT_HIP")
        neck = (self._at("LEFT_SHOULDER") + self._at("RIGHT_SHOULDER")) / 2
        middle = (self._at("LEFT_HIP") + self._at("RIGHT_HIP")) / 2
        waist = self._points[WAIST]
        chest, pelvis = axes_from(shoulders, neck - waist), axes_from(hips, waist - middle)
        top = look.skin if look.top == "bare" else look.top_colour
        belly = look.skin if look.top in ("bare", "crop") else look.top_colour
        span = body.torso_m / 2
        wide = body.shoulder_half_m / h  # shoulder half-width as a fraction of stature
        hip_wide = body.hip_half_m / h
        slim = 1.0 - 0.13 * body.bust
        widths = (hip_wide + 0.038, hip_wide + 0.037, wide * 0.75 * slim, wide * 0.77 * slim)
        mixed = axes_from(shoulders + hips, neck - middle)
        for share in np.linspace(0.0, 0.92, TRUNK_SLICES):
            width = float(np.interp(share, TRUNK_SHARES, (*widths, wide * 0.88, wide * 0.80)))
            depth = float(np.interp(share, TRUNK_SHARES, TRUNK_DEPTHS))
            axes = pelvis if share < 0.4 else mixed if share < 0.6 else chest
            up = (share - 0.5) * 2 * span
            centre = waist + up * (chest[:, 1] if share > 0.5 else pelvis[:, 1])
            colour = look.bottom_colour if share < 0.22 else belly if share < 0.6 else top
            # Tall slices blend into one surface; short ones at the ends leave neck and seat clear.
            tall = 0.050 + 0.13 * min(float(share), 0.95 - float(share))
            self._blob(centre, axes, (width, tall, depth), colour)
        self._chest_and_seat(chest, pelvis, waist, middle, top)
        for side in ("LEFT", "RIGHT"):
            # Trapezius, from the neck to the shoulder.
            slope = neck + 0.028 * h * chest[:, 1]
            covered = top if look.top in ("shirt", "long-sleeved") else look.skin
            self._cone(slope, self._at(f"{side}_SHOULDER"), 0.026, 0.028, covered)

    def _chest_and_seat(
        self, chest: Points, pelvis: Points, waist: Points, middle: Points, top: Colour
    ) -> None:
        """Parts that tell front from back: breast and neckline, shoulder blades, buttocks."""
        body, look, h = self._body, self._look, self._body.stature_m
        span = body.torso_m / 2
        for side in (1.0, -1.0):
            breast = waist + chest @ np.array([side * 0.036 * h, 0.60 * span, 0.048 * h])
            out = 0.020 + 0.024 * body.bust
            self._blob(breast, chest, (0.034, 0.030, out), top)
            blade = waist + chest @ np.array([side * 0.042 * h, 0.66 * span, -0.048 * h])
            self._blob(blade, chest, (0.028, 0.045, 0.020), top)
            seat = middle + pelvis @ np.array([side * 0.036 * h, -0.012 * h, -0.038 * h])
            self._blob(seat, pelvis, (0.042, 0.046, 0.044), look.bottom_colour)
        if look.top == "bare":
            for up in (0.0, 0.3):
                navel = waist + chest @ np.array([0.0, (up - 0.2) * span, 0.062 * h * body.girth])
                self._blob(navel, chest, (0.004, 0.012, 0.004), darker(look.skin, 0.75))
        else:
            neckline = waist + chest @ np.array([0.0, 0.98 * span, 0.043 * h * body.girth])
            self._blob(neckline, chest, (0.026, 0.030, 0.016), look.skin)

    def _head(self) -> None:
        look, size = self._look, self._body.stature_m * self._body.head_scale
        left = self._at("LEFT_EAR") - self._at("RIGHT_EAR")
        ears = (self._at("LEFT_EAR") + self._at("RIGHT_EAR")) / 2
        forward = self._at("NOSE") - ears
        # The nose lies a little below the ears; undo that to get the head's own axes.
        head = axes_from(left, np.cross(forward, left))
        tip = np.arctan2(0.010, 0.068)
        up = np.cos(tip) * head[:, 1] - np.sin(tip) * head[:, 2]
        head = axes_from(left, up)

        def at(x: float, y: float, z: float) -> Points:
            point: Points = ears + size * (head @ np.array([x, y, z]))
            return point

        def blob(
            x: float, y: float, z: float, radii: tuple[float, float, float], colour: Colour
        ) -> None:
            self._blob(at(x, y, z), head, radii, colour, scale=size)

        neck = (self._at("LEFT_SHOULDER") + self._at("RIGHT_SHOULDER")) / 2
        self._cone(neck, at(0, -0.028, -0.002), 0.034, 0.031, look.skin)
        blob(0, 0.020, -0.002, (0.043, 0.050, 0.054), look.skin)
        blob(0, -0.018, 0.018, (0.037, 0.042, 0.040), look.skin)
        jaw = look.hair_colour if look.beard else look.skin
        blob(0, -0.042, 0.030, (0.026, 0.022, 0.026), jaw)
        self._parts.append(
            Cone(at(0, 0.012, 0.053), at(0, -0.010, 0.063), 0.006 * size, 0.010 * size, look.skin)
        )
        for side in (1, -1):
            blob(side * 0.043, 0, -0.002, (0.006, 0.017, 0.011), darker(look.skin, 0.92))
            blob(side * 0.018, 0.011, 0.047, (0.009, 0.0055, 0.006), EYE_WHITE)
            blob(side * 0.018, 0.011, 0.051, (0.0042, 0.0045, 0.004), (40, 28, 22))
            blob(side * 0.019, 0.023, 0.049, (0.012, 0.003, 0.006), darker(look.hair_colour, 0.8))
        blob(0, -0.034, 0.052, (0.015, 0.0045, 0.006), (158, 70, 66))
        self._hair(at, blob)

    def _hair(self, at: PointInHead, blob: BlobInHead) -> None:
        look, size = self._look, self._body.stature_m * self._body.head_scale
        if look.hair == "bald":
            return
        blob(0, 0.032, -0.014, (0.047, 0.049, 0.053), look.hair_colour)
        blob(0, 0.000, -0.026, (0.044, 0.048, 0.036), look.hair_colour)
        if look.hair == "bun":
            blob(0, 0.062, -0.052, (0.024, 0.022, 0.022), look.hair_colour)
        if look.hair == "long":
            # Hair hangs with gravity, whichever way up the head is.
            root = at(0, 0.010, -0.040)
            tip = root - np.array([0.0, 0.15 * size, 0.0])
            self._parts.append(Cone(root, tip, 0.034 * size, 0.014 * size, look.hair_colour))

    def _arm(self, side: str, held: bool) -> None:
        look = self._look
        shoulder, elbow, wrist = (self._at(f"{side}_{n}") for n in ("SHOULDER", "ELBOW", "WRIST"))
        sleeved = look.top in ("shirt", "long-sleeved")
        upper = look.top_colour if sleeved else look.skin
        fore = look.top_colour if look.top == "long-sleeved" else look.skin
        self._cone(shoulder, shoulder + 0.3 * (elbow - shoulder), 0.033, 0.030, upper)
        half = shoulder + 0.5 * (elbow - shoulder)
        lower_upper = look.top_colour if look.top == "long-sleeved" else look.skin
        self._cone(shoulder, half, 0.030, 0.0285, upper)
        self._cone(half, elbow, 0.0280, 0.0215, lower_upper)
        bulge = elbow + 0.3 * (wrist - elbow)
        self._cone(elbow, bulge, 0.0215, 0.0235, fore)
        self._cone(bulge, wrist, 0.0235, 0.0150, fore)
        index, pinky, thumb = (self._at(f"{side}_{n}") for n in ("INDEX", "PINKY", "THUMB"))
        knuckles = (index + pinky) / 2
        self._cone(wrist, index, 0.0135, 0.0110, look.skin)
        self._cone(wrist, pinky, 0.0135, 0.0095, look.skin)
        self._cone(wrist + 0.3 * (knuckles - wrist), thumb, 0.0100, 0.0080, look.skin)
        if held:  # fingers curled round the strap
            self._cone(index, pinky, 0.0180, 0.0160, look.skin)
            return
        for knuckle, reach in ((index, 0.42), (knuckles, 0.46), (pinky, 0.36)):
            self._cone(knuckle, knuckle + reach * (knuckle - wrist), 0.0085, 0.0060, look.skin)

    def _leg(self, side: str) -> None:
        look = self._look
        hip, knee, ankle = (self._at(f"{side}_{n}") for n in ("HIP", "KNEE", "ANKLE"))
        heel, toe = self._at(f"{side}_HEEL"), self._at(f"{side}_FOOT_INDEX")
        cloth = look.bottom_colour
        thigh = look.skin if look.bottom == "shorts" else cloth
        loose = 1.18 if look.bottom == "trousers" else 1.0
        half = hip + 0.5 * (knee - hip)
        self._cone(hip, half, 0.052 * loose, 0.046 * loose, cloth)
        self._cone(half, knee, 0.0445 * loose, 0.0315 * loose, thigh)
        calf = knee + 0.3 * (ankle - knee)
        self._cone(knee, calf, 0.0310 * loose, 0.0325 * loose, thigh)
        self._cone(calf, ankle, 0.0325 * loose, 0.0200 * loose, thigh)
        foot = look.shoe_colour or look.skin
        thick = 1.0 if look.shoe_colour is None else 1.2
        self._cone(ankle, heel, 0.0200, 0.0165 * thick, foot)
        self._cone(ankle, heel + 0.62 * (toe - heel), 0.0200, 0.0155 * thick, foot)
        self._cone(heel, toe, 0.0165 * thick, 0.0135 * thick, foot)
        self._cone(toe, toe + 0.18 * (toe - heel), 0.0140 * thick, 0.0095 * thick, foot)

    def _straps(self, holds: tuple[bool, bool]) -> None:
        """A strap from each holding hand up to the anchor, with a loop around the wrist."""
        hands = [
            (self._at(f"{side}_WRIST"), (self._at(f"{side}_INDEX") + self._at(f"{side}_PINKY")) / 2)
            for side, held in zip(("LEFT", "RIGHT"), holds, strict=True)
            if held
        ]
        if not hands:
            return
        middle = np.mean([knuckles for _, knuckles in hands], axis=0)
        anchor = middle + np.array([0.0, self._look.anchor_m, 0.0])
        radius = STRAP_WIDTH_M / 2
        for wrist, knuckles in hands:
            # Two straps end 0.1 m apart at the anchor's swivel.
            end = anchor + 0.1 * unit(knuckles - middle) * float(len(hands) > 1)
            self._parts.append(Cone(knuckles, end, radius, radius, self._look.strap_colour))
            cuff = wrist + 0.12 * (knuckles - wrist)
            below = wrist - 0.25 * (knuckles - wrist)
            size = 0.0185 * self._thick
            self._parts.append(Cone(cuff, below, size, size, self._look.strap_colour))
