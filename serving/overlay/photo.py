"""The photo of a hold: the frame in full size, a light skeleton, the pose and its duration."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving.overlay.drawing.canvas import rgb_canvas
from serving.overlay.drawing.palette import Palette
from serving.overlay.drawing.skeleton import SkeletonPen
from serving.overlay.painter import Lettering, unit_px
from serving.overlay.routine import Routine
from serving.settings import OverlayParams
from shared_features.classify.timeline import Segment
from shared_features.media.frames import RgbArray
from shared_features.runtime.atomic import atomic_write

# Thinner than in the video, where it is seen only for a moment.
_LINE = 0.005
_SKELETON_ALPHA = 0.75


class PhotoMaker:
    """Makes the photos of one routine's holds.

    Args:
        routine: Routine with the holds.
        width: Width of the frames in pixels.
        height: Height of the frames in pixels.
        params: Colours, sizes and font.
    """

    def __init__(self, routine: Routine, width: int, height: int, params: OverlayParams) -> None:
        self._palette = Palette(params, routine.labels, routine.other)
        line_px = unit_px(width, height) * _LINE * params.line_scale
        self._pen = SkeletonPen(width, height, line_px, params.skeleton == "sides")
        self._lettering = Lettering(width, height, params, ribbon=False)

    def with_skeleton(self, rgb: RgbArray, points: NDArray[np.float32], hold: Segment) -> RgbArray:
        """A copy of a frame with a light skeleton on it."""
        drawn = rgb.copy()
        self._pen.draw(rgb_canvas(drawn), points, self._palette.of(hold.label))
        light = cv2.addWeighted(drawn, _SKELETON_ALPHA, rgb, 1 - _SKELETON_ALPHA, 0)
        return np.asarray(light, dtype=np.uint8)

    def letter(self, rgb: RgbArray, hold: Segment) -> None:
        """Write pose and duration on a photo, in place."""
        canvas = rgb_canvas(rgb)
        self._lettering.shade(canvas)
        # Rounded as everywhere else; only the running clock is truncated.
        taken_px = self._lettering.clock(canvas, round(hold.duration_s, 1))
        self._lettering.pose(canvas, hold.label, self._palette.of(hold.label), None, taken_px)


def save_photo(rgb: RgbArray, path: Path, quality: int) -> None:
    """Write a JPEG file atomically."""
    with atomic_write(path) as temporary:
        Image.fromarray(rgb).save(temporary, "JPEG", quality=quality)
