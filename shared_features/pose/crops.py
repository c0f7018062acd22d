"""Parts of a photo, cut out for another look, and the way back into the whole photo."""

from dataclasses import dataclass

import cv2
import numpy as np

from shared_features.landmarks.landmarks import X, Y, Z
from shared_features.media.frames import RgbArray
from shared_features.pose.estimator import Person

# The networks look at 224 and 256 pixels; a larger part is scaled down by a whole number.
_MAX_SIDE_PX = 1280
_MIN_SIDE_PX = 32
# A tile's side as a fraction of the photo's longer side. Neighbours overlap by at least a third.
_TILE_SIDE = 0.6


@dataclass(frozen=True)
class Crop:
    """A part of a photo; it may extend beyond the photo, where it is black.

    Attributes:
        left: Left edge, in pixels of the photo.
        top: Top edge, in pixels of the photo.
        width: Width, in pixels of the photo.
        height: Height, in pixels of the photo.
    """

    left: int
    top: int
    width: int
    height: int

    def cut(self, rgb: RgbArray) -> RgbArray:
        """The pixels of this part, scaled down if it is large: an array of its own."""
        photo_height, photo_width = rgb.shape[:2]
        step = -(-max(self.width, self.height) // _MAX_SIDE_PX)
        # Whole cells of `step` pixels, so that a landmark's way back is exact.
        columns, first_column, last_column = _cells(self.left, self.width, photo_width, step)
        rows, first_row, last_row = _cells(self.top, self.height, photo_height, step)
        part = rgb[
            self.top + first_row * step : self.top + last_row * step,
            self.left + first_column * step : self.left + last_column * step,
        ]
        if step > 1 and part.size:
            size = last_column - first_column, last_row - first_row
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        cut = np.zeros((rows, columns, 3), dtype=np.uint8)
        cut[first_row:last_row, first_column:last_column] = part
        return cut

    def in_photo(self, person: Person, rgb: RgbArray) -> Person:
        """A person found in this part, with the coordinates of the whole photo."""
        photo_height, photo_width = rgb.shape[:2]
        step = -(-max(self.width, self.height) // _MAX_SIDE_PX)
        width, height = self.width // step * step, self.height // step * step
        image = person.image.astype(np.float64)
        image[:, X] = (self.left + image[:, X] * width) / photo_width
        image[:, Y] = (self.top + image[:, Y] * height) / photo_height
        image[:, Z] *= width / photo_width
        return Person(image.astype(np.float32), person.world)


def _cells(start: int, length: int, photo_length: int, step: int) -> tuple[int, int, int]:
    """Number of cells along one axis, and the first and end of those inside the photo."""
    cells = length // step
    first = min(cells, max(0, -(start // step)))
    last = max(first, min(cells, (photo_length - start) // step))
    return cells, first, last


def square_around(person: Person, rgb: RgbArray, multiple: float) -> Crop | None:
    """A square around a person; None if no part of it would be in the photo.

    Args:
        person: The person, in coordinates of the photo.
        rgb: The photo.
        multiple: Side of the square, as a multiple of the longer side of the person's box.
    """
    height, width = rgb.shape[:2]
    left, top, right, bottom = person.box()
    longer = max((right - left) * width, (bottom - top) * height)
    # Landmarks can lie far outside the photo.
    side = round(min(max(longer * multiple, _MIN_SIDE_PX), 2.0 * max(height, width)))
    x, y = (left + right) / 2 * width - side / 2, (top + bottom) / 2 * height - side / 2
    crop = Crop(round(x), round(y), side, side)
    inside = -side < crop.left < width and -side < crop.top < height
    return crop if inside else None


def tiles(rgb: RgbArray) -> list[Crop]:
    """Overlapping parts that cover the whole photo, in reading order."""
    height, width = rgb.shape[:2]
    side = round(max(height, width) * _TILE_SIDE)
    tall, wide = min(side, height), min(side, width)
    return [
        Crop(left, top, wide, tall)
        for top in sorted({0, (height - tall) // 2, height - tall})
        for left in sorted({0, (width - wide) // 2, width - wide})
    ]
