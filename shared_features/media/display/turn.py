"""Turning and mirroring, as a display matrix asks for."""

import struct
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

_MATRIX = struct.Struct("=9i")


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to turn and mirror an image by right angles.

    Attributes:
        swaps_axes: Whether rows become columns, before anything is flipped.
        flips_x: Whether left and right are then exchanged.
        flips_y: Whether top and bottom are then exchanged.
    """

    swaps_axes: bool = False
    flips_x: bool = False
    flips_y: bool = False

    @classmethod
    def of_matrix(cls, a: int, b: int, c: int, d: int) -> Self:
        """The turn of a display matrix (ISO/IEC 14496-12, 6.2.2), or the one nearest to it.

        A pixel at x, y is shown at a·x + c·y, b·x + d·y. Moving it back into view is left out.
        """
        swaps_axes = abs(b) + abs(c) > abs(a) + abs(d)
        by_x, by_y = (c, b) if swaps_axes else (a, d)
        return cls(swaps_axes, by_x < 0, by_y < 0)

    @classmethod
    def of_side_data(cls, matrix: bytes | None) -> Self:
        """The turn of a display matrix as FFmpeg gives it; none at all without one."""
        if matrix is None or len(matrix) < _MATRIX.size:
            return cls()
        a, b, _, c, d, *_ = _MATRIX.unpack_from(matrix)
        return cls.of_matrix(a, b, c, d)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after turning."""
        return (height, width) if self.swaps_axes else (width, height)

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A view of an image or a plane ``(height, width, …)``, turned."""
        if self.swaps_axes:
            pixels = pixels.swapaxes(0, 1)
        if self.flips_y:
            pixels = pixels[::-1]
        return pixels[:, ::-1] if self.flips_x else pixels


NO_TURN = Turn()
"""Shown as stored."""
