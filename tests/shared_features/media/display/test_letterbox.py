"""Frames of another shape are placed in the middle."""

import numpy as np
import pytest

from shared_features.media.display.letterbox import Letterbox


@pytest.mark.parametrize(
    ("inner", "outer", "expected"),
    [
        ((80, 120), (120, 80), Letterbox(53, 80, 32, 0)),
        ((120, 80), (80, 120), Letterbox(80, 53, 0, 32)),
        ((640, 480), (320, 240), Letterbox(320, 240, 0, 0)),
        ((10_000, 1), (96, 64), Letterbox(96, 1, 0, 30)),
        ((1, 1), (97, 65), Letterbox(65, 65, 16, 0)),
    ],
    ids=["upright", "wide", "same shape", "a line", "odd"],
)
def test_the_largest_place_of_the_same_shape_is_found(
    inner: tuple[int, int], outer: tuple[int, int], expected: Letterbox
) -> None:
    """Bars are even, because chroma has half the resolution."""
    assert Letterbox.fitting(inner, outer) == expected


def test_what_is_around_is_black() -> None:
    """In the resolution of luma and of chroma."""
    letterbox = Letterbox(4, 6, 2, 0)
    luma = letterbox.place(np.full((6, 4), 200, np.uint8), (6, 9), 16)
    assert luma[:, 2:6].min() == 200
    assert set(luma[:, [0, 1, 6, 7, 8]].ravel()) == {16}
    chroma = letterbox.place(np.full((3, 2), 90, np.uint8), (3, 5), 128, halvings=1)
    assert chroma.tolist() == [[128, 90, 90, 128, 128]] * 3
