"""The photo of a hold: the frame in full size, a light skeleton, and what was held for how long."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving.overlay.painter import Lettering, unit_px
from serving.overlay.palette import Palette
from serving.overlay.routine import Routine
from serving.overlay.skeleton import SkeletonPen
from serving.settings import OverlayParams
from shared_features.atomic import written_whole
from shared_features.frames import RgbArray
from shared_features.timeline import Segment

# Thinner than in the video, where it has to be seen in passing.
_LINE = 0.005
_SKELETON_ALPHA = 0.75


@dataclass(frozen=True, repr=False)
class HoldPhoto:
    """A hold and its picture ``(height, width, 3)`` uint8."""

    hold: Segment
    rgb: RgbArray


class PhotoMaker:
    """Makes the photos of one routine.

    Args:
        routine: whose holds they are.
        width: of the frames in pixels.
        height: of the frames in pixels.
        params: how they look.
    """

    def __init__(self, routine: Routine, width: int, height: int, params: OverlayParams) -> None:
        self._palette = Palette(params, routine.labels, routine.other)
        line_px = unit_px(width, height) * _LINE * params.line_scale
        self._pen = SkeletonPen(width, height, line_px, params.skeleton == "sides")
        self._lettering = Lettering(width, height, params, ribbon=False)

    def make(self, rgb: RgbArray, points: NDArray[np.float32], hold: Segment) -> RgbArray:
        """A photo of a frame; the frame itself stays as it is."""
        import cv2

        colour = self._palette.of(hold.label)
        drawn = rgb.copy()
        self._pen.draw(drawn, points, colour)
        photo = np.asarray(cv2.addWeighted(drawn, _SKELETON_ALPHA, rgb, 1 - _SKELETON_ALPHA, 0))
        self._lettering.shade(photo)
        room = self._lettering.clock(photo, hold.duration_s)
        self._lettering.pose(photo, hold.label, colour, None, room)
        return photo


def save_photo(rgb: RgbArray, path: Path, quality: int) -> None:
    """Write a JPEG file; it is there whole or not at all."""
    with written_whole(path) as temporary:
        Image.fromarray(rgb).save(temporary, "JPEG", quality=quality)
