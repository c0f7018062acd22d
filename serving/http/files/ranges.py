"""Validation of ``Range`` headers (RFC 9110, section 14) before a file is sent.

Starlette's file response would reject a bad one in plain text.
"""

import re

from fastapi import HTTPException

_SPEC = re.compile(r"(\d{1,18})?-(\d{1,18})?")
_MAX_RANGES = 8


def check_range(header: str | None, size: int) -> None:
    """Accept a range, or say what is wrong with it.

    Raises:
        HTTPException: 416 with the size of the file.
    """
    if header is None:
        return
    unit, _, specs = header.partition("=")
    ranges = [_SPEC.fullmatch(spec.strip()) for spec in specs.split(",")]
    if (
        unit.strip().lower() != "bytes"
        or len(ranges) > _MAX_RANGES
        or not all(_fits(found, size) for found in ranges)
    ):
        raise HTTPException(
            416,
            f"The range {header[:80]!r} is not in the file, which has {size} bytes.",
            {"Content-Range": f"bytes */{size}"},
        )


def _fits(found: re.Match[str] | None, size: int) -> bool:
    if found is None:
        return False
    first, last = found.groups()
    if first is None:
        return last is not None and int(last) > 0
    return int(first) < size and (last is None or int(first) <= int(last))
