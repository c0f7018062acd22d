"""JPEGs are taken apart without decoding them."""

import io

import numpy as np
import pytest
from PIL import Image

from shared_features.media.encoded.jpeg import MAX_SCANS, is_jpeg, parse_jpeg
from tests.jpegs import encoded, with_repeated_scan


@pytest.mark.parametrize(("progressive", "scans"), [(False, 1), (True, 10)])
def test_scans_are_counted(progressive: bool, scans: int) -> None:
    """A baseline file has one; a progressive one about ten."""
    jpeg = parse_jpeg(encoded(progressive=progressive))
    assert jpeg.scans == scans
    assert jpeg.is_complete


def test_counting_stops_above_the_limit() -> None:
    """4,000 more scans are not counted to their end."""
    assert parse_jpeg(with_repeated_scan(4000)).scans == MAX_SCANS + 1
    assert parse_jpeg(with_repeated_scan(50)).scans == 60


@pytest.mark.parametrize("progressive", [False, True])
def test_what_is_left_out_is_metadata_only(progressive: bool) -> None:
    """The pixels stay the same to the bit; EXIF, comments and a second image are gone."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    content = encoded(progressive=progressive, exif=exif, comment=b"a comment", xmp=b"<x/>")
    jpeg = parse_jpeg(content + encoded())
    for words in (b"Exif", b"a description", b"a comment", b"adobe.com"):
        assert words in content
        assert words not in jpeg.content
    assert jpeg.content.endswith(b"\xff\xd9")
    assert len(jpeg.content) < len(content)
    assert jpeg.exif.startswith(b"Exif\0\0")
    assert jpeg.xmp.endswith(b"<x/>")
    pixels = [np.array(Image.open(io.BytesIO(each))) for each in (content, jpeg.content)]
    np.testing.assert_array_equal(*pixels)


def test_cmyk_keeps_the_marker_that_says_how_it_is_stored() -> None:
    """Without Adobe's marker, colours would be inverted."""
    content = encoded(mode="CMYK")
    pixels = [
        np.array(Image.open(io.BytesIO(each)).convert("RGB"))
        for each in (content, parse_jpeg(content).content)
    ]
    np.testing.assert_array_equal(*pixels)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 300])
def test_a_missing_end_is_noticed(progressive: bool, missing: int) -> None:
    """Whether only the end marker or more is missing."""
    content = encoded(progressive=progressive)
    assert not parse_jpeg(content[:-missing]).is_complete


def test_no_bytes_can_fail_it() -> None:
    """Files cut anywhere, and noise after the start, are left to the decoder."""
    content = encoded(progressive=True)
    for length in range(3, len(content), 7):
        assert parse_jpeg(content[:length]).content
    rng = np.random.default_rng(1)
    for _ in range(200):
        parse_jpeg(content[:3] + rng.bytes(200))
    assert is_jpeg(content)
    assert not is_jpeg(b"\x89PNG")
