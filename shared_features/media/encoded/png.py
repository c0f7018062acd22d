"""PNG files, taken apart by their chunks (W3C PNG specification, section 5)."""

import zlib
from typing import NamedTuple

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks that decide what is shown; APNG keeps further frames in chunks of its own.
_SHOWN = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
# How ImageMagick stored EXIF before PNG had a chunk for it: compressed hexadecimal text.
_RAW_EXIF_KEYWORD = b"Raw profile type exif\0\0"
_MAX_RAW_EXIF_BYTES = 1 << 20


class Png(NamedTuple):
    """A PNG without its metadata.

    Attributes:
        content: The file without metadata and without further frames.
        exif: The EXIF block; empty if there is none.
        xmp: The XMP block; empty if there is none.
        is_animated: Whether the file has more frames than the one shown by viewers that know
            nothing of animation.
    """

    content: bytes
    exif: bytes
    xmp: bytes
    is_animated: bool


def is_png(content: bytes) -> bool:
    """Whether a file starts like a PNG."""
    return content.startswith(_SIGNATURE)


def parse_png(content: bytes) -> Png:
    """Take a PNG apart; whatever is not understood is left to the decoder."""
    kept = [content[: len(_SIGNATURE)]]
    exif = xmp = b""
    animation_frames = 0
    at = len(_SIGNATURE)
    while at + 8 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        end = at + 12 + length
        if kind in _SHOWN or not kind.isalpha():
            kept.append(content[at:end])
        elif kind == b"eXIf":
            exif = exif or content[at + 8 : end - 4]
        elif kind == b"iTXt" and content[at + 8 : end].startswith(_XMP_KEYWORD):
            xmp = xmp or content[at + 8 : end - 4]
        elif kind == b"zTXt" and content[at + 8 : end].startswith(_RAW_EXIF_KEYWORD):
            exif = exif or _raw_exif(content[at + 8 + len(_RAW_EXIF_KEYWORD) : end - 4])
        elif kind == b"acTL":
            animation_frames = int.from_bytes(content[at + 8 : at + 12], "big")
        at = end
    return Png(b"".join(kept), exif, xmp, animation_frames > 1)


def _raw_exif(compressed: bytes) -> bytes:
    """The EXIF block of a text chunk; empty if it is damaged."""
    try:
        text = zlib.decompressobj().decompress(compressed, _MAX_RAW_EXIF_BYTES)
        # A line with the name, one with the length, then the bytes.
        return bytes.fromhex("".join(text.decode("ascii").strip().split("\n")[2:]))
    except (zlib.error, ValueError):
        return b""
