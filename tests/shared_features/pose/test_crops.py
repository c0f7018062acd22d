"""What is found in a part of a photo is in the same place in the whole photo."""

import numpy as np
import pytest

from shared_features.pose.crops import Crop, square_around, tiles
from shared_features.pose.estimator import Person


def person_at(points: list[tuple[float, float]]) -> Person:
    """A person whose landmarks are at these fractions, in turn."""
    image = np.zeros((33, 5), dtype=np.float32)
    image[:, :2] = np.resize(np.array(points, dtype=np.float32), (33, 2))
    image[:, 2] = 0.5
    return Person(image, np.full((33, 3), 0.25, dtype=np.float32))


@pytest.mark.parametrize(
    "crop",
    [
        Crop(10, 20, 60, 40),
        Crop(-15, -25, 200, 200),
        Crop(70, 50, 100, 100),
        Crop(-301, -203, 3001, 3001),
        Crop(0, 0, 120, 90),
    ],
    ids=["inside", "beyond two edges", "beyond the other two", "scaled down", "everything"],
)
def test_a_pixel_is_found_again(crop: Crop) -> None:
    """A bright block of the photo, seen in the part, has its own place in the photo."""
    rgb = np.full((900, 1200, 3), 20, dtype=np.uint8)
    rgb = rgb if crop.width > 1000 else rgb[:90, :120].copy()
    height, width = rgb.shape[:2]
    block = slice(height * 2 // 3, height * 2 // 3 + 6), slice(width * 2 // 3, width * 2 // 3 + 6)
    if crop.left + crop.width < width * 2 // 3 + 6 or crop.top + crop.height < height * 2 // 3 + 6:
        block = slice(30, 36), slice(40, 46)
    rgb[block] = 250
    cut = crop.cut(rgb)
    assert max(cut.shape) <= 1280
    weights = np.clip(cut[..., 0].astype(float) - 20, 0, None)
    rows, columns = np.indices(weights.shape) + 0.5
    seen = (
        (columns * weights).sum() / weights.sum() / cut.shape[1],
        (rows * weights).sum() / weights.sum() / cut.shape[0],
    )
    found = crop.in_photo(person_at([seen]), rgb).image[0]
    assert found[0] * width == pytest.approx(block[1].start + 3, abs=0.02)
    assert found[1] * height == pytest.approx(block[0].start + 3, abs=0.02)


def test_depth_is_scaled_like_x_and_metres_stay() -> None:
    """Depth is a fraction of the photo's width; world landmarks do not depend on the part."""
    rgb = np.zeros((90, 120, 3), dtype=np.uint8)
    person = person_at([(0.5, 0.5)])
    found = Crop(10, 20, 60, 40).in_photo(person, rgb)
    assert found.image[:, 2] == pytest.approx(0.25)
    assert (found.world == person.world).all()
    assert found.image.dtype == np.float32


def test_beyond_the_photo_is_black() -> None:
    """The part is as large as was asked for."""
    cut = Crop(-5, 80, 20, 30).cut(np.full((90, 120, 3), 200, dtype=np.uint8))
    assert cut.shape == (30, 20, 3)
    assert (cut[:10, 5:] == 200).all()
    assert cut.sum() == 200 * 3 * 10 * 15


def test_the_square_is_around_the_person() -> None:
    """Its side is a multiple of the longer side of the person's box, in pixels."""
    rgb = np.zeros((100, 200, 3), dtype=np.uint8)
    crop = square_around(person_at([(0.4, 0.2), (0.6, 0.8)]), rgb, 1.5)
    assert crop == Crop(55, 5, 90, 90)


@pytest.mark.parametrize("centre", [(40.0, 0.5), (-7.0, 0.5), (0.5, 9.0)])
def test_a_person_outside_the_photo_has_no_square(centre: tuple[float, float]) -> None:
    """Landmarks may be invented anywhere."""
    x, y = centre
    person = person_at([(x - 0.1, y - 0.1), (x + 0.1, y + 0.1)])
    assert square_around(person, np.zeros((100, 200, 3), dtype=np.uint8), 1.5) is None


@pytest.mark.parametrize(("height", "width"), [(90, 160), (160, 90), (100, 100), (1, 7)])
def test_tiles_cover_the_photo(height: int, width: int) -> None:
    """Every pixel is in a tile, and none is outside the photo."""
    covered = np.zeros((height, width), dtype=bool)
    for tile in tiles(np.zeros((height, width, 3), dtype=np.uint8)):
        assert min(tile.left, tile.top) >= 0
        assert tile.left + tile.width <= width
        assert tile.top + tile.height <= height
        covered[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width] = True
    assert covered.all()
