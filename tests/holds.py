"""Holds of the synthetic performer as a perfect detector sees them."""

import numpy as np
from numpy.typing import NDArray

from training.synthetic.executions import Execution
from training.synthetic.rendering.camera import Shot, look_at, project

Filmed = tuple[NDArray[np.float32], NDArray[np.float64]]

FRAMES_PER_S = 15
ASPECT = 16 / 9


def filmed(hold: Execution, yaw_deg: float = 90) -> Filmed:
    """Exact image landmarks ``(n, 33, 5)`` from a camera at the performer's height, and times."""
    pts_s = np.arange(0, hold.duration_s, 1 / FRAMES_PER_S)
    points = [hold.points_m(float(time_s)) for time_s in pts_s]
    shot = Shot(1280, 720, lens_mm=50, pitch_up_deg=0, fill=0.7)
    camera = look_at(np.concatenate(points), shot, yaw_deg)
    image = np.ones((len(pts_s), 33, 5), dtype=np.float32)
    image[:, :, :3] = [project(frame[:33], camera) for frame in points]
    return image, pts_s
