"""Jumps of a video's clock, found by its packets alone; nothing is decoded."""

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av.error

from shared_features.media.video.clock import Clock, RisingTicks
from shared_features.media.video.container import open_container, video_stream


def packet_times(path: Path) -> Iterator[tuple[float, Fraction | None]]:
    """Time of each video packet in decoding order, without jumps; and the time left out before it.

    Ends early where the file cannot be read.

    Args:
        path: Path of the video.
    """
    with contextlib.suppress(av.error.FFmpegError, OSError), open_container(path) as container:
        stream = video_stream(path.name, container)
        times: RisingTicks | None = None
        for packet in container.demux(stream):
            if packet.dts is None:
                continue
            if times is None:
                clock = Clock(stream, packet.dts)
                times = RisingTicks(clock)
            jumps = len(times.jumps)
            at_s = clock.seconds(times.next_stated(packet.dts - clock.start))
            is_jump = len(times.jumps) > jumps
            yield at_s, times.left_out[-1] * clock.time_base if is_jump else None


def left_out_s(path: Path) -> list[Fraction]:
    """Seconds left out at each jump of a video's clock; negative where it jumped back."""
    return [left_out for _, left_out in packet_times(path) if left_out is not None]
