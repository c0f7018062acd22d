"""What is known about a video: from its header before decoding, and from reading it to its end."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

MediaStatus = Literal["complete", "truncated", "corrupt"]


@dataclass(frozen=True)
class VideoInfo:
    """Facts from a video's header and first frame.

    Attributes:
        width: Width of the upright frames, in square pixels.
        height: Height of the upright frames, in square pixels.
        codec: Name of the video codec.
        announced_frames: Number of frames in the container's index; None when it has no index.
        announced_duration_s: Duration stated by the container; None when it states none.
        average_fps: Average frame rate, for display only; None when unknown.
    """

    width: int
    height: int
    codec: str
    announced_frames: int | None
    announced_duration_s: float | None
    average_fps: Fraction | None


@dataclass(frozen=True)
class Colours:
    """How a video's stored colours are meant, as code points of ITU-T H.273.

    Attributes:
        matrix: Matrix coefficients between RGB and what is stored.
        primaries: Colour primaries.
        transfer: Transfer characteristics.
    """

    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class Verdict:
    """What reading a video to its end has shown.

    Attributes:
        status: ``complete``; ``truncated`` if the file ends before its announced end; ``corrupt``
            if it was read to its end but parts of it are damaged.
        frames: Number of frames decoded.
        decode_failures: Number of packets that could not be decoded.
        damaged_frames: Number of frames that the decoder could only patch up.
        repaired_timestamps: Number of frames whose time was missing or did not rise.
        duration_s: Time from the first frame to the end of the last one, in seconds.
    """

    status: MediaStatus
    frames: int
    decode_failures: int
    damaged_frames: int
    repaired_timestamps: int
    duration_s: float
