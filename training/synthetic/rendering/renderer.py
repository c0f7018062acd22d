"""Draws a figure: every part z-buffered inside its own bounding box, with diffuse shading.

Each part is intersected with rays that are parallel to the optical axis. Its position and size are
exact; only the angle from which it is seen is slightly off.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.synthetic.figure.body import Body, Points
from training.synthetic.figure.flesh import Figure
from training.synthetic.figure.look import Colour, Look
from training.synthetic.figure.solids import Cone, Ellipsoid
from training.synthetic.rendering.camera import Camera, in_camera_m

Float32 = NDArray[np.float32]

NEAR_M = 0.08
"""Parts closer to the camera than this are not drawn."""


@dataclass
class _Canvas:
    """The image ``(h, w, 3)`` and depth ``(h, w)`` in metres drawn so far, and the lighting."""

    rgb: Float32
    depth_m: Float32
    light: Float32
    ambient: float

    def box(self, low: Points, high: Points) -> tuple[tuple[slice, slice], Float32, Float32] | None:
        """The part of the frame between two corners (x, y): slices, columns and rows in pixels."""
        height, width = self.depth_m.shape
        left, top = max(int(low[0]), 0), max(int(low[1]), 0)
        right, bottom = min(int(high[0]) + 2, width), min(int(high[1]) + 2, height)
        if left >= right or top >= bottom:
            return None
        columns = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
        rows = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        return (slice(top, bottom), slice(left, right)), columns, rows

    def paint(
        self,
        where: tuple[slice, slice],
        inside: NDArray[np.bool_],
        depth_m: Float32,
        normal: tuple[Float32, Float32, Float32],
        colour: Colour,
    ) -> None:
        """Shade the pixels that are inside the part and closer than what has been drawn."""
        known = self.depth_m[where]
        mask = inside & (depth_m < known)
        if not mask.any():
            return
        known[mask] = depth_m[mask]
        nx, ny, nz = normal[0][mask], normal[1][mask], normal[2][mask]
        diffuse = np.maximum(nx * self.light[0] + ny * self.light[1] + nz * self.light[2], 0)
        # Light from above, and darker edges where the surface turns away.
        soft = self.ambient * (0.80 - 0.14 * ny - 0.22 * nz)
        shade = (soft + (1 - self.ambient) * 1.15 * diffuse).astype(np.float32)
        self.rgb[where][mask] = shade[:, None] * np.array(colour, dtype=np.float32)


def _to_pixels(seen_m: Points, camera: Camera) -> tuple[Points, float]:
    """Pixel position ``(2,)`` of a point in camera axes, and pixels per metre at its depth."""
    scale = camera.focal * camera.height / max(float(seen_m[2]), NEAR_M)
    centre = np.array([camera.centre[0] * camera.width, camera.centre[1] * camera.height])
    return centre + scale * seen_m[:2], scale


def _draw_cone(canvas: _Canvas, cone: Cone, camera: Camera) -> None:
    ends = in_camera_m(np.stack([cone.start_m, cone.end_m]), camera)
    if ends[:, 2].min() < NEAR_M:
        return
    a, scale_a = _to_pixels(ends[0], camera)
    b, scale_b = _to_pixels(ends[1], camera)
    ra, rb = cone.start_radius_m * scale_a, cone.end_radius_m * scale_b
    box = canvas.box(np.minimum(a - ra, b - rb), np.maximum(a + ra, b + rb))
    if box is None:
        return
    where, columns, rows = box
    scale = (scale_a + scale_b) / 2
    qx, qy = float(b[0] - a[0]), float(b[1] - a[1])
    qz = float((ends[1, 2] - ends[0, 2]) * scale)
    flat2 = max(qx * qx + qy * qy, 1e-3)
    length = float(np.sqrt(flat2 + qz * qz))
    x, y = columns - np.float32(a[0]), rows - np.float32(a[1])
    t0 = (x * qx + y * qy) / flat2
    across2 = x * x + y * y - t0 * t0 * flat2
    radius = ra + (rb - ra) * np.clip(t0, 0, 1)
    # Position along the axis that the visible surface belongs to: of all spheres on the axis that
    # cover the pixel, the one that reaches closest to the camera.
    lean = qz / (np.sqrt(flat2) * length)
    t = np.clip(t0 - lean * np.sqrt(np.maximum(radius * radius - across2, 0)), 0, 1)
    radius = ra + (rb - ra) * t
    dx, dy = x - t * qx, y - t * qy
    rise2 = radius * radius - dx * dx - dy * dy
    inside = rise2 > 0
    rise = np.sqrt(np.maximum(rise2, 0))
    depth = ends[0, 2] + (ends[1, 2] - ends[0, 2]) * t - rise / scale
    canvas.paint(
        where,
        inside,
        depth.astype(np.float32),
        (dx / radius, dy / radius, -rise / radius),
        cone.colour,
    )


def _draw_ellipsoid(canvas: _Canvas, ellipsoid: Ellipsoid, camera: Camera) -> None:
    centre_m = in_camera_m(ellipsoid.centre_m[None], camera)[0]
    if centre_m[2] < NEAR_M:
        return
    centre, scale = _to_pixels(centre_m, camera)
    axes = camera.rotation @ ellipsoid.axes  # columns in camera axes
    radii = ellipsoid.radii_m * scale
    half = np.sqrt((axes * radii) ** 2 @ np.ones(3))[:2]
    box = canvas.box(centre - half, centre + half)
    if box is None:
        return
    where, columns, rows = box
    # |inverse @ p| = 1 on the surface; p in pixels from the centre. Solve for p's z.
    inverse = axes.T / radii[:, None]
    gram = (inverse.T @ inverse).astype(np.float32)
    x, y = columns - np.float32(centre[0]), rows - np.float32(centre[1])
    half_b = gram[0, 2] * x + gram[1, 2] * y
    c = gram[0, 0] * x * x + 2 * gram[0, 1] * x * y + gram[1, 1] * y * y - 1
    root2 = half_b * half_b - gram[2, 2] * c
    inside = root2 > 0
    z = (-half_b - np.sqrt(np.maximum(root2, 0))) / gram[2, 2]
    nx = gram[0, 0] * x + gram[0, 1] * y + gram[0, 2] * z
    ny = gram[0, 1] * x + gram[1, 1] * y + gram[1, 2] * z
    nz = half_b + gram[2, 2] * z
    size = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
    depth = (centre_m[2] + z / scale).astype(np.float32)
    canvas.paint(where, inside, depth, (nx / size, ny / size, nz / size), ellipsoid.colour)


def render(
    points_m: Points, body: Body, look: Look, camera: Camera, holds: tuple[bool, bool]
) -> NDArray[np.uint8]:
    """Render the performer: RGB ``(camera.height, camera.width, 3)`` uint8.

    Args:
        points_m: ``(34, 3)`` points from `body.figure_m`.
        body: The performer's body.
        look: Clothes, lighting and background; the background must have the camera's size.
        camera: The camera.
        holds: Whether the left and the right hand hold a strap.
    """
    canvas = _Canvas(
        rgb=look.background.copy(),
        depth_m=np.full((camera.height, camera.width), np.inf, dtype=np.float32),
        light=look.light.astype(np.float32),
        ambient=look.ambient,
    )
    for part in Figure(points_m, body, look).parts(holds):
        if isinstance(part, Cone):
            _draw_cone(canvas, part, camera)
        else:
            _draw_ellipsoid(canvas, part, camera)
    smooth = cv2.GaussianBlur(canvas.rgb, (3, 3), 0.7)
    # The grain depends only on the view, so the same view always gives the same image.
    view = int(np.abs(camera.position_m).sum() * 1e6) % (2**32)
    noise = np.random.default_rng(view).standard_normal(smooth.shape, dtype=np.float32)
    grained = smooth + look.grain * noise
    rgb: NDArray[np.uint8] = np.clip(grained, 0, 255).astype(np.uint8)
    return rgb
