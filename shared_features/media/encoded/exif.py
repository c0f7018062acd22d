"""The orientation of a photo, read from metadata that may be damaged."""

import re
import struct

UPRIGHT = 1
"""The EXIF orientation of a photo that is stored upright."""
_ORIENTATION, _SHORT, _LONG = 0x0112, 3, 4
_HEADERS = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY_BYTES = 12
# The attribute or the element, as Adobe's programs write it.
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:=\"|>)([1-8])[\"<]")


def orientation_of(exif: bytes, xmp: bytes = b"") -> int:
    """The EXIF orientation, 1 to 8; 1 where none is readable.

    Only this one tag is looked for, so damage to any other does not matter.

    Args:
        exif: Contents of the EXIF block, with or without its ``Exif`` prefix.
        xmp: Contents of the XMP block, which some editors write instead.
    """
    found = _of_exif(exif.removeprefix(b"Exif\0\0"))
    if found is None:
        match = _XMP_ORIENTATION.search(xmp)
        found = int(match[1]) if match else None
    return found if found is not None and 1 <= found <= 8 else UPRIGHT


def _of_exif(tiff: bytes) -> int | None:
    """The value of the tag in the first directory (TIFF 6.0, section 2); None without one."""
    order = _HEADERS.get(tiff[:4])
    if order is None:
        return None
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(entries):
            entry = at + 2 + number * _ENTRY_BYTES
            tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, entry)
            if tag == _ORIENTATION and count >= 1 and kind in (_SHORT, _LONG):
                form = "H" if kind == _SHORT else "I"
                (value,) = struct.unpack_from(f"{order}{form}", tiff, entry + 8)
                return int(value)
    except struct.error:  # the block ends before what it points to
        return None
    return None
