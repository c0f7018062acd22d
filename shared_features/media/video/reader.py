"""Videos to upright frames with their true times, in order.

A frame's time is the presentation timestamp that the file gives it. A damaged video is read to its
end: decoding continues after a damaged packet, and a verdict says what was found.
"""

import itertools
from collections.abc import Callable, Container, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

from shared_features.media.frames import Frame
from shared_features.media.video.clock import RisingTicks
from shared_features.media.video.facts import Colours, MediaStatus, Verdict, VideoInfo
from shared_features.media.video.opened import OpenedVideo
from shared_features.params import MediaParams


class VideoReader:
    """Streams the frames of one video, in order, in bounded memory.

    Use as a context manager; iterate over ``frames`` once, then read ``verdict``.

    Args:
        path: Path of the video.
        limits: Limits on its size and duration.
        threads: Number of decoding threads; None leaves it to the decoder.

    Raises:
        MediaTooLargeError: the header announces more than the limits allow.
        MediaError: the file is not a video, or no frame of it can be decoded.
    """

    def __init__(self, path: Path, limits: MediaParams, threads: int | None = None) -> None:
        self._video = OpenedVideo(path, limits, threads)
        self._verdict: Verdict | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._video.close()

    @property
    def info(self) -> VideoInfo:
        """Facts from the video's header."""
        return self._video.info

    @property
    def colours(self) -> Colours:
        """How the video's stored colours are meant."""
        return self._video.colours

    @property
    def time_base(self) -> Fraction:
        """The file's own unit of time in seconds: every ``pts_s`` is a multiple of it."""
        return self._video.clock.time_base

    @property
    def start_s(self) -> Fraction:
        """Time of the first frame by the file's own clock; ``pts_s`` counts from there."""
        return self._video.clock.start_s

    @property
    def verdict(self) -> Verdict:
        """What was found; known when ``frames`` has been read to its end."""
        if self._verdict is None:
            raise RuntimeError("the verdict is known when frames() has been read to its end")
        return self._verdict

    def frames(
        self,
        start: int = 0,
        skipped: Callable[[], None] | None = None,
        wanted: Container[int] | None = None,
    ) -> Iterator[Frame]:
        """The video's frames from index ``start`` on; earlier ones are decoded but not yielded.

        Args:
            start: Index of the first frame to yield.
            skipped: Called for each frame that is not yielded; an exception from it ends the
                reading.
            wanted: Indices of the frames to yield; None for all.

        Raises:
            MediaTooLargeError: the video is longer than its header said and than the limit allows.
        """
        video, times = self._video, RisingTicks(self._video.clock)
        index, end_s, reshaped = 0, 0.0, 0
        for stored in itertools.chain([video.first], video.rest):
            ticks = times.next(stored)
            frame = video.frame(index, ticks, stored)
            video.check_duration(frame.pts_s)
            reshaped += video.has_another_shape(stored)
            end_s = video.clock.seconds(ticks + video.clock.duration(stored))
            if index >= start and (wanted is None or index in wanted):
                yield frame
            elif skipped is not None:
                skipped()
            index += 1
        decoder = video.decoder
        self._verdict = Verdict(
            status=self._status(end_s, bool(times.jumps)),
            frames=index,
            decode_failures=decoder.failures,
            damaged_frames=decoder.damaged_frames,
            repaired_timestamps=times.repaired,
            duration_s=end_s,
            jumps=tuple(times.jumps),
            reshaped_frames=reshaped,
        )

    def _status(self, end_s: float, jumps: bool) -> MediaStatus:
        decoder = self._video.decoder
        if decoder.cut_off or self._video.ends_early(decoder.packets, end_s, jumps):
            return "truncated"
        return "corrupt" if decoder.failures or decoder.damaged_frames else "complete"
