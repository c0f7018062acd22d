"""Fitting a frame of another shape into the shape of a video, between black bars."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Letterbox:
    """Where a frame goes within the frames of its video.

    Attributes:
        width: Width of the frame inside, in pixels.
        height: Height of the frame inside, in pixels.
        left: Width of the bar on the left, even because chroma has half the resolution.
        top: Height of the bar at the top, even as well.
    """

    width: int
    height: int
    left: int
    top: int

    @classmethod
    def fitting(cls, inner: tuple[int, int], outer: tuple[int, int]) -> Self:
        """The largest place of the same shape as ``inner`` in the middle of ``outer``.

        Args:
            inner: Width and height of the frame.
            outer: Width and height of the video.
        """
        scale = min(outer[0] / inner[0], outer[1] / inner[1])
        width, height = (
            max(1, min(whole, round(side * scale)))
            for side, whole in zip(inner, outer, strict=True)
        )
        return cls(width, height, (outer[0] - width) // 4 * 2, (outer[1] - height) // 4 * 2)

    def place(
        self, pixels: NDArray[np.uint8], shape: tuple[int, ...], black: int, halvings: int = 0
    ) -> NDArray[np.uint8]:
        """An image or a plane of ``shape``, black but for the frame.

        Args:
            pixels: Pixels of the frame, in its size here.
            shape: Shape of the result.
            black: Value of black.
            halvings: 0 for full resolution, 1 for a plane of half the resolution.
        """
        placed = np.full(shape, black, np.uint8)
        top, left = self.top >> halvings, self.left >> halvings
        placed[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        return placed
