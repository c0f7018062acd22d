"""PNGs are taken apart without decoding them."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from shared_features.media.encoded.exif import orientation_of
from shared_features.media.encoded.png import is_png, parse_png
from tests.clips import corner_image


def png(**options: object) -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.fromarray(corner_image(40, 30)).save(file, "PNG", **options)
    return file.getvalue()


def with_chunk(content: bytes, kind: bytes, data: bytes) -> bytes:
    """The file with one more chunk after its header."""
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:33] + chunk + content[33:]


def exif(orientation: int) -> bytes:
    """An EXIF block with an orientation."""
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


@pytest.mark.parametrize("kind", [b"pHYs", b"gAMA", b"cHRM", b"iCCP", b"tEXt", b"zTXt", b"sRGB"])
def test_metadata_is_left_out(kind: bytes) -> None:
    """Damaged chunks never reach the decoder, and the pixels stay the same."""
    parsed = parse_png(with_chunk(png(), kind, b"\xff"))
    assert kind not in parsed.content
    np.testing.assert_array_equal(
        np.array(Image.open(io.BytesIO(parsed.content))), corner_image(40, 30)
    )


def test_the_orientation_is_found_where_it_may_be() -> None:
    """In the chunk for EXIF, in XMP, or in the text that ImageMagick used to write."""
    assert orientation_of(parse_png(png(exif=exif(6))).exif) == 6
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + b'tiff:Orientation="3"'
    assert orientation_of(b"", parse_png(with_chunk(png(), b"iTXt", xmp)).xmp) == 3
    block = exif(8)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    raw = b"Raw profile type exif\0\0" + zlib.compress(text)
    assert orientation_of(parse_png(with_chunk(png(), b"zTXt", raw)).exif) == 8
    damaged = b"Raw profile type exif\0\0" + b"no zlib"
    assert parse_png(with_chunk(png(), b"zTXt", damaged)).exif == b""


def test_animations_are_noticed() -> None:
    """Their further frames are left out."""
    more = [Image.fromarray(corner_image(40, 30, brightness)) for brightness in (90, 200)]
    content = png(save_all=True, append_images=more)
    parsed = parse_png(content)
    assert parsed.is_animated
    assert b"fdAT" in content
    assert b"fdAT" not in parsed.content
    assert not parse_png(png()).is_animated
    assert is_png(content)
    assert not is_png(b"\xff\xd8\xff")
