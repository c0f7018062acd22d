"""Crops an image to a body, in a given shape."""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_features.media.frames import RgbArray

# Size of the crop relative to the body, and its smallest share of the image: a distant performer is
# enlarged, but not until the image turns blurry.
_AROUND = 1.45
_LEAST_SHARE = 0.45


def body_crop(rgb: RgbArray, points: NDArray[np.float32], width: int, height: int) -> RgbArray:
    """The part of an image around a body, scaled to a given size.

    Args:
        rgb: ``(rows, columns, 3)`` uint8.
        points: ``(33, 3)`` landmarks as fractions of the image; NaN without a person, which crops
            to the centre.
        width: Width of the result in pixels.
        height: Height of the result in pixels.

    Returns:
        ``(height, width, 3)`` uint8.
    """
    rows, columns = rgb.shape[:2]
    lower, upper = np.array([0.5, 0.5]), np.array([0.5, 0.5])
    if not np.isnan(points).any():
        inside = np.clip(points[:, :2], 0, 1)
        lower, upper = inside.min(axis=0), inside.max(axis=0)
    size = np.array([columns, rows], dtype=np.float64)
    middle, extent = (lower + upper) / 2 * size, (upper - lower) * size * _AROUND
    # The widest crop of this shape in the image, and the narrowest with the whole body.
    widest = min(columns, rows * width / height)
    wanted = max(extent[0], extent[1] * width / height, widest * _LEAST_SHARE)
    part = np.array([1.0, height / width]) * min(widest, wanted)
    corner = np.clip(middle - part / 2, 0, size - part)
    scale = width / part[0]
    transform = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    if scale < 1:
        left, top = np.floor(corner).astype(int)
        right, bottom = np.minimum(np.ceil(corner + part), size).astype(int)
        region = rgb[top:bottom, left:right]
        return np.asarray(
            cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    return np.asarray(
        cv2.warpAffine(rgb, transform, (width, height), flags=cv2.INTER_CUBIC), dtype=np.uint8
    )
