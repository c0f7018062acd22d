"""JPEG files, taken apart by their markers (ITU-T T.81, annex B)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_SCANS = 100
"""Most scans of a JPEG that is decoded. Usual progressive files have about 10."""

_START, END = b"\xff\xd8", b"\xff\xd9"
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
# Start of frame markers; the other codes from 0xC0 to 0xCF define tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_SCAN, _END_CODE, _APP1 = 0xDA, 0xD9, 0xE1
# APP0 says JFIF and APP14 how Adobe stored the colours; all others, and comments, are metadata.
_METADATA = (frozenset(range(0xE1, 0xF0)) - {0xEE}) | {0xFE}
_PADDING = 0xFF
_STANDALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})
# The end of a scan: a marker that is neither a stuffed byte, a restart marker nor padding.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_END = re.compile(END)


class Jpeg(NamedTuple):
    """A JPEG without its metadata.

    Attributes:
        content: The file up to the end of its first image, without metadata.
        exif: The EXIF block; empty if there is none.
        xmp: The XMP block; empty if there is none.
        scans: Number of scans to decode; counting stops just above ``MAX_SCANS``.
        is_complete: Whether the image's end marker is there.
    """

    content: bytes
    exif: bytes
    xmp: bytes
    scans: int
    is_complete: bool


def is_jpeg(content: bytes) -> bool:
    """Whether a file starts like a JPEG."""
    return content[:3] == _START + b"\xff"


def parse_jpeg(content: bytes) -> Jpeg:
    """Take a JPEG apart; whatever is not understood is left to the decoder."""
    kept = [content[:2]]
    exif = xmp = b""
    scans, is_complete, ended_at = 0, False, 2
    for code, at, end, body in _segments(content):
        scans += code == _SCAN
        is_complete = code == _END_CODE
        ended_at = end
        if code not in _METADATA:
            kept.append(content[at:end])
        elif code == _APP1 and body.startswith(_EXIF):
            exif = exif or body
        elif code == _APP1 and body.startswith(_XMP):
            xmp = xmp or body
        if is_complete or scans > MAX_SCANS:
            break
    else:
        kept.append(content[ended_at:])
    return Jpeg(b"".join(kept), exif, xmp, scans, is_complete)


def _segments(content: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Marker, start, end and contents of each segment; a scan's data belongs to its segment."""
    at, is_sequential, components = 2, True, b""
    while (start := content.find(b"\xff", at)) >= 0 and start + 1 < len(content):
        code, body, end = content[start + 1], b"", start + 2
        if code == _PADDING:
            end = start + 1
        elif code not in _STANDALONE:
            end += int.from_bytes(content[end : end + 2], "big")
            body = content[start + 4 : end]
        if code in _FRAMES:
            is_sequential, components = code not in _PROGRESSIVE, body[5:6]
        if code == _SCAN:
            # With all components in one scan, the decoder looks for the end only.
            is_only = is_sequential and body[:1] == components
            marker = _END.search(content, end) if is_only else _MARKER.search(content, end)
            end = marker.start() if marker else len(content)
        yield code, at, end, body
        at = end
