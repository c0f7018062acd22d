"""Messages that a client sends: a frame, byte by byte (``docs/live-protocol.md``)."""

import math
import struct
from dataclasses import dataclass
from typing import Literal, Self

_MAGIC = b"SLF1"
_HEADER = struct.Struct("<4sId")
HEADER_BYTES = _HEADER.size
# Enough for any clock in seconds, and microseconds still fit into 64 bits.
_MAX_CAPTURE_S = 1e10

ErrorCode = Literal[
    "bad_header", "out_of_order", "bad_picture", "too_many_pixels", "busy", "not_ready"
]


@dataclass(frozen=True)
class LiveFrame:
    """One frame as received.

    Attributes:
        frame_id: Number that increases from frame to frame.
        capture_s: Capture time in seconds by the client's clock.
        image: Contents of a JPEG or WebP file.
    """

    frame_id: int
    capture_s: float
    image: bytes


class FrameError(Exception):
    """A frame that cannot be classified; the session continues.

    Args:
        code: Code of the error message.
        detail: What was sent, what was expected, and what to do.
        frame_id: ID of the frame; None if it could not be read.
    """

    def __init__(self, code: ErrorCode, detail: str, frame_id: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.frame_id = frame_id

    def __reduce__(self) -> tuple[type[Self], tuple[ErrorCode, str, int | None]]:
        """Pickle support: the error comes from another process."""
        return type(self), (self.code, str(self), self.frame_id)


def pack_frame(frame: LiveFrame) -> bytes:
    """The message with which a client sends a frame."""
    return _HEADER.pack(_MAGIC, frame.frame_id, frame.capture_s) + frame.image


def parse_frame(message: bytes) -> LiveFrame:
    """The frame of a message.

    Raises:
        FrameError: The message is not a frame.
    """
    if len(message) <= HEADER_BYTES:
        raise FrameError(
            "bad_header",
            f"The message has {len(message)} bytes; expected a header of {HEADER_BYTES} bytes and "
            "an image.",
        )
    magic, frame_id, capture_s = _HEADER.unpack_from(message)
    if magic != _MAGIC:
        raise FrameError(
            "bad_header", f"The message starts with {magic!r}; a frame starts with {_MAGIC!r}."
        )
    if not (math.isfinite(capture_s) and 0 <= capture_s <= _MAX_CAPTURE_S):
        raise FrameError(
            "bad_header",
            f"The capture time is {capture_s}; expected seconds, 0 to {_MAX_CAPTURE_S:.0e}.",
            frame_id,
        )
    return LiveFrame(frame_id, capture_s, message[HEADER_BYTES:])
