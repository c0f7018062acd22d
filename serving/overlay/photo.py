"""The photo of a hold: the frame in full size, a light skeleton, the pose and its duration."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving.overlay.drawing.canvas import rgb_canvas
from serving.overlay.drawing.crop import body_crop
from serving.overlay.drawing.ideal import draw_ideal
from serving.overlay.drawing.palette import Palette
from serving.overlay.drawing.skeleton import SkeletonPen
from serving.overlay.painter import Lettering, unit_px
from serving.overlay.routine import Routine, ShownScore
from serving.settings import OverlayParams
from shared_features.classify.timeline import Segment
from shared_features.media.frames import RgbArray
from shared_features.runtime.atomic import atomic_write

# Thinner than in the video, where it is seen only for a moment.
_LINE = 0.005
_SKELETON_ALPHA = 0.75
# Longer and shorter side of a picture that compares real and ideal line.
_COMPARED_PX = 640, 480


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
        self._line_px = line_px
        self._pen = SkeletonPen(width, height, line_px, params.skeleton == "sides")
        self._lettering = Lettering(width, height, params, ribbon=False)

    def with_skeleton(self, rgb: RgbArray, points: NDArray[np.float32], hold: Segment) -> RgbArray:
        """A copy of a frame with a light skeleton on it."""
        drawn = rgb.copy()
        self._pen.draw(rgb_canvas(drawn), points, self._palette.of(hold.label))
        light = cv2.addWeighted(drawn, _SKELETON_ALPHA, rgb, 1 - _SKELETON_ALPHA, 0)
        return np.asarray(light, dtype=np.uint8)

    def compared(self, photo: RgbArray, points: NDArray[np.float32], hold: Segment) -> RgbArray:
        """The part of a photo around the body, with the pose's ideal line beside the real one."""
        drawn = photo.copy()
        draw_ideal(drawn, points, hold.label, self._line_px)
        rows, columns = drawn.shape[:2]
        longer, shorter = _COMPARED_PX
        width, height = (longer, shorter) if columns >= rows else (shorter, longer)
        return body_crop(drawn, points, width, height)

    def letter(self, rgb: RgbArray, hold: Segment, score: ShownScore | None = None) -> None:
        """Write pose, duration and score on a photo, in place."""
        canvas = rgb_canvas(rgb)
        self._lettering.shade(canvas)
        # Rounded as everywhere else; only the running clock is truncated.
        detail = None if score is None else score.text
        taken_px = self._lettering.clock(canvas, round(hold.duration_s, 1))
        self._lettering.pose(canvas, hold.label, self._palette.of(hold.label), detail, taken_px)


def save_photo(rgb: RgbArray, path: Path, quality: int) -> None:
    """Write a JPEG file atomically."""
    with atomic_write(path) as temporary:
        Image.fromarray(rgb).save(temporary, "JPEG", quality=quality)
