"""All eight display matrices, against FFmpeg's own idea of them."""

import struct

import numpy as np
import pytest

from shared_features.media.display.turn import NO_TURN, Turn
from tests.clips import corner_image, corner_order

# Rows of the 2 × 2 part of the matrix, and where the corners go, clockwise from the upper left.
EIGHT = {
    "as stored": ((1, 0, 0, 1), [0, 1, 2, 3]),
    "a quarter clockwise": ((0, 1, -1, 0), [3, 0, 1, 2]),
    "half": ((-1, 0, 0, -1), [2, 3, 0, 1]),
    "a quarter counter-clockwise": ((0, -1, 1, 0), [1, 2, 3, 0]),
    "left and right exchanged": ((-1, 0, 0, 1), [1, 0, 3, 2]),
    "top and bottom exchanged": ((1, 0, 0, -1), [3, 2, 1, 0]),
    "transposed": ((0, 1, 1, 0), [0, 3, 2, 1]),
    "transposed the other way": ((0, -1, -1, 0), [2, 1, 0, 3]),
}


@pytest.mark.parametrize(("matrix", "corners"), EIGHT.values(), ids=EIGHT)
def test_corners_go_where_the_matrix_says(
    matrix: tuple[int, int, int, int], corners: list[int]
) -> None:
    """Whatever the matrix is scaled by."""
    for scale in (1, 1 << 16):
        turn = Turn.of_matrix(*(value * scale for value in matrix))
        turned = np.ascontiguousarray(turn.apply(corner_image(90, 60)))
        assert corner_order(turned) == corners
        assert turn.size(90, 60) == (turned.shape[1], turned.shape[0])


def test_side_data_is_read() -> None:
    """Nine numbers, of which four count; without them nothing is turned."""
    values = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    assert Turn.of_side_data(struct.pack("=9i", *values)) == Turn.of_matrix(0, 1, -1, 0)
    assert Turn.of_side_data(None) == Turn.of_side_data(b"short") == NO_TURN


def test_a_slanted_matrix_is_taken_for_the_nearest_right_angle() -> None:
    """Phones that are held askew may write one."""
    assert Turn.of_matrix(9, 2, -2, 9) == NO_TURN
    assert Turn.of_matrix(2, 9, -9, 2) == Turn.of_matrix(0, 1, -1, 0)
