"""The orientation is read from any metadata that still has it."""

import struct

import pytest

from shared_features.media.encoded.exif import orientation_of


def tiff(order: str, entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """A TIFF block with one directory of the given tags, types, counts and values."""
    header = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    body = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count) + value.ljust(4, b"\0")
        for tag, kind, count, value in entries
    )
    return header + struct.pack(f"{order}H", len(entries)) + body + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_found_in_either_byte_order(order: str, orientation: int) -> None:
    """With or without the prefix of a JPEG block, after a rational that points nowhere."""
    broken = (0x011A, 5, 1, struct.pack(f"{order}I", 0xFFFFFFF0))
    block = tiff(order, [broken, (0x0112, 3, 1, struct.pack(f"{order}H", orientation))])
    assert orientation_of(block) == orientation
    assert orientation_of(b"Exif\0\0" + block) == orientation


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\0",
        b"II*\0" + b"\xff" * 8,
        b"no TIFF at all",
        tiff("<", [(0x0112, 3, 1, struct.pack("<H", 9))]),
        tiff("<", [(0x0112, 2, 1, b"6")]),
        tiff("<", [(0x0112, 3, 0, struct.pack("<H", 6))]),
        tiff("<", [(0x010F, 2, 1, b"x")] * 3)[:-10],
    ],
    ids=["nothing", "cut", "far away", "text", "nine", "of another type", "no value", "cut entry"],
)
def test_unreadable_metadata_means_upright(block: bytes) -> None:
    """Nothing is raised, whatever the block contains."""
    assert orientation_of(block) == 1


def test_xmp_is_asked_when_exif_does_not_say() -> None:
    """As an attribute or an element; EXIF comes first."""
    assert orientation_of(b"", b'<x tiff:Orientation="6"/>') == 6
    assert orientation_of(b"", b"<tiff:Orientation>8</tiff:Orientation>") == 8
    exif = tiff("<", [(0x0112, 3, 1, struct.pack("<H", 3))])
    assert orientation_of(exif, b'tiff:Orientation="6"') == 3
    assert orientation_of(b"", b'tiff:Orientation="9"') == 1
