"""Photos become upright frames, or a clear message."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.media.photos import SEVERAL_FRAMES, read_photo
from shared_features.params import MediaParams
from tests.clips import (
    corner_image,
    corner_order,
)
from tests.jpegs import encoded, with_repeated_scan

UPRIGHT = [0, 1, 2, 3]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_whatever_its_exif_orientation(
    tmp_path: Path, media: MediaParams, orientation: int
) -> None:
    """The EXIF orientation is applied."""
    upright = Image.fromarray(corner_image(90, 60))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "photo.jpg", exif=exif, quality=95)
    frame = read_photo(tmp_path / "photo.jpg", media)
    assert frame.rgb.shape == (60, 90, 3)
    assert corner_order(frame.rgb) == UPRIGHT


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("photo.png", "RGB"),
        ("photo.webp", "RGB"),
        ("grey.jpg", "L"),
        ("transparent.png", "RGBA"),
        ("print.jpg", "CMYK"),
        ("palette.png", "P"),
        ("phone.mpo", "RGB"),
    ],
)
def test_a_photo_of_any_colour_mode_is_read_as_rgb(
    tmp_path: Path, media: MediaParams, name: str, mode: str
) -> None:
    """Grey, palette, transparent and CMYK photos become three channels."""
    Image.fromarray(corner_image(40, 30)).convert(mode).save(tmp_path / name)
    frame = read_photo(tmp_path / name, media)
    assert frame.rgb.shape == (30, 40, 3)
    assert frame.rgb.dtype == np.uint8


def test_a_16_bit_photo_keeps_its_brightness(tmp_path: Path, media: MediaParams) -> None:
    """Sixteen bits are scaled to eight, not clipped."""
    Image.fromarray(np.full((20, 20), 0x8000, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert read_photo(tmp_path / "deep.png", media).rgb.max() == 0x80


def test_a_huge_photo_is_refused_before_it_is_decoded(tmp_path: Path, media: MediaParams) -> None:
    """20,000 × 20,000 pixels are refused from the header alone."""
    path = tmp_path / "huge.png"
    Image.new("1", (20_000, 20_000)).save(path)
    with pytest.raises(MediaTooLargeError, match="max_photo_pixels"):
        read_photo(path, media)
    exact = media.model_copy(update={"max_photo_pixels": 10_000})
    small_limit = media.model_copy(update={"max_photo_pixels": 1000})
    Image.new("RGB", (100, 100)).save(path)
    with pytest.raises(MediaTooLargeError, match="100×100"):
        read_photo(path, small_limit)
    assert read_photo(path, exact).rgb.shape == (100, 100, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "empty"), (b"hello world", "JPEG, PNG, WebP or GIF"), (None, "no file")],
    ids=["empty", "text", "missing"],
)
def test_a_file_that_is_not_a_photo_is_refused(
    tmp_path: Path, media: MediaParams, content: bytes | None, message: str
) -> None:
    """The message says what is wrong with the file."""
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=message):
        read_photo(path, media)


def test_a_photo_cut_in_half_is_refused(tmp_path: Path, media: MediaParams) -> None:
    """Half a photo is not classified as if it were complete."""
    noise = np.random.default_rng(1).integers(0, 255, (200, 200, 3), dtype=np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(MediaError, match="damaged"):
        read_photo(path, media)


@pytest.mark.parametrize("orientation", [6, 2])
def test_damaged_metadata_does_not_fail_a_photo(
    tmp_path: Path, media: MediaParams, orientation: int
) -> None:
    """Whichever byte of it is broken; the orientation is kept where it is still readable."""
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x010F] = orientation, 72.5, "maker"
    exif.get_ifd(0x8769)[0x829A] = 0.01
    content = encoded(exif=exif)
    upright = encoded()
    block = exif.tobytes()
    at, path = content.index(block), tmp_path / "photo.jpg"
    path.write_bytes(upright)
    stored = read_photo(path, media).rgb
    shapes = set()
    for index in range(0, len(block) - 3, 2):
        damaged = bytearray(content)
        damaged[at + index : at + index + 4] = b"\xff" * 4
        path.write_bytes(damaged)
        rgb = read_photo(path, media).rgb
        shapes.add(rgb.shape)
        assert rgb.sum() == stored.sum()
    turned = {stored.transpose(1, 0, 2).shape} if orientation == 6 else set()
    assert shapes == {stored.shape} | turned


def test_a_photo_drawn_over_and_over_is_refused(tmp_path: Path, media: MediaParams) -> None:
    """Thousands of scans are counted, not decoded."""
    path = tmp_path / "costly.jpg"
    path.write_bytes(with_repeated_scan(4000))
    with pytest.raises(MediaError, match="more than 100 passes"):
        read_photo(path, media)
    path.write_bytes(with_repeated_scan(10))
    assert read_photo(path, media).notes == ()


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("missing", [1, 2, 40])
def test_a_photo_without_its_last_bytes_is_used(
    tmp_path: Path, media: MediaParams, progressive: bool, missing: int
) -> None:
    """As viewers do; a note says so."""
    path = tmp_path / "photo.jpg"
    content = encoded(progressive=progressive, size=(200, 160))
    path.write_bytes(content)
    whole = read_photo(path, media)
    path.write_bytes(content[:-missing])
    cut = read_photo(path, media)
    (note,) = cut.notes
    assert "end of the photo's file is missing" in note
    np.testing.assert_array_equal(cut.rgb[:120], whole.rgb[:120])
    assert whole.notes == ()


@pytest.mark.parametrize("name", ["moving.webp", "moving.png", "moving.gif", "moving.avif"])
def test_of_an_animation_the_first_frame_is_used(
    tmp_path: Path, media: MediaParams, name: str
) -> None:
    """A note says so; a single image of the same format has none."""
    if name.endswith("avif") and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    first, *more = (Image.fromarray(corner_image(60, 40, each)) for each in (0, 90, 200))
    first.save(tmp_path / name, save_all=True, append_images=more, duration=100)
    frame = read_photo(tmp_path / name, media)
    assert frame.notes == (SEVERAL_FRAMES,)
    assert corner_order(frame.rgb) == UPRIGHT
    assert frame.rgb[20, 30].max() < 60
    first.save(tmp_path / name)
    assert read_photo(tmp_path / name, media).notes == ()


def test_a_heic_photo_has_a_hint_of_its_own(tmp_path: Path, media: MediaParams) -> None:
    """No other format is told to switch HEIC off."""
    path = tmp_path / "photo.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    with pytest.raises(MediaError, match=r"HEIC|damaged"):
        read_photo(path, media)
    Image.fromarray(corner_image(40, 30)).save(tmp_path / "photo.bmp")
    with pytest.raises(MediaError, match="JPEG, PNG, WebP or GIF") as error:
        read_photo(tmp_path / "photo.bmp", media)
    assert "HEIC" not in str(error.value)
