"""What is known about a video: from its header before decoding, and from reading it to its end."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

MediaStatus = Literal["complete", "truncated", "corrupt"]
Hdr = Literal["HLG", "PQ"]


@dataclass(frozen=True)
class VideoInfo:
    """Facts from a video's header and first frame.

    Attributes:
        width: Width of the upright frames, in square pixels.
        height: Height of the upright frames, in square pixels.
        codec: Name of the video codec.
        announced_frames: Number of frames to be shown by the container's index; None without one.
        announced_duration_s: Duration stated by the container; None when it states none.
        average_fps: Average frame rate, for display only; None when unknown.
        videos: Number of videos in the file; the one described is what FFmpeg would pick.
        hdr: Kind of HDR that was tone-mapped to ordinary video; None for ordinary video.
        slowed_down: How many times slower than real the video plays, if the file says so; 1
            otherwise.
    """

    width: int
    height: int
    codec: str
    announced_frames: int | None
    announced_duration_s: float | None
    average_fps: Fraction | None
    videos: int = 1
    hdr: Hdr | None = None
    slowed_down: float = 1.0


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
        jumps: Indices of the frames before which the file's clock jumped; the time in between is
            left out of all times.
        reshaped_frames: Number of frames of another shape than the first, fitted in between bars.
    """

    status: MediaStatus
    frames: int
    decode_failures: int
    damaged_frames: int
    repaired_timestamps: int
    duration_s: float
    jumps: tuple[int, ...] = ()
    reshaped_frames: int = 0


def video_notes(info: VideoInfo, verdict: Verdict) -> tuple[str, ...]:
    """What the owner of a video should know about how it was read, one sentence each."""
    notes = []
    if info.videos > 1:
        notes.append(
            f"The file has {info.videos} videos; the one of {info.width}×{info.height} pixels was "
            "used."
        )
    if info.hdr is not None:
        notes.append(f"The video is HDR ({info.hdr}); it was tone-mapped to ordinary video.")
    if verdict.jumps:
        times = "once" if len(verdict.jumps) == 1 else f"{len(verdict.jumps)} times"
        notes.append(
            f"The clock of the video jumps {times}, as in joined recordings; the time in between "
            "was left out, and no hold continues across a jump."
        )
    if verdict.reshaped_frames:
        notes.append(
            f"{verdict.reshaped_frames} frames have another shape than the first, as when the "
            "phone is turned; they were fitted in between black bars."
        )
    return tuple(notes)
