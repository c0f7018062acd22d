"""Reading an undamaged video from the middle.

Several readers can share the work on one video: each starts at the key frame before its part. That
gives the frames that reading in order gives only if the video is undamaged; wherever this is in
doubt, a ``SeekError`` says that the video has to be read in order.
"""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import av.error
from av.video.frame import VideoFrame

from shared_features.errors import SeekError
from shared_features.media.frames import Frame
from shared_features.media.video.clock import Clock, RisingTicks
from shared_features.media.video.container import open_container, video_stream
from shared_features.media.video.decoder import Decoder
from shared_features.media.video.facts import Verdict, VideoInfo
from shared_features.media.video.opened import OpenedVideo
from shared_features.params import MediaParams

# How far before the wanted frame a key frame is looked for, in usual frame durations. The next
# distance is tried when the decoder starts too late.
_SEEK_EARLIER = (0, 8, 64, 512, 1 << 31)


def frame_ticks(path: Path) -> tuple[int, ...] | None:
    """Presentation times of all frames, rising, in units of the stream's time base.

    They are read from the packets alone; nothing is decoded.

    Returns:
        The times, or None for a video that has to be read in order: one with packets that are
        damaged, that are not meant to be shown, or that share a time, or whose clock jumps.
    """
    ticks = []
    try:
        with open_container(path) as container:
            stream = video_stream(path.name, container)
            for packet in container.demux(stream):
                if packet.size == 0:
                    continue
                if packet.pts is None or packet.is_corrupt or packet.is_discard:
                    return None
                ticks.append(packet.pts)
    except (av.error.FFmpegError, OSError):
        return None
    if not ticks:
        return None
    ticks.sort()
    times = RisingTicks(Clock(stream, ticks[0]))
    for at in ticks:
        times.next_stated(at - ticks[0])
    return None if times.repaired or times.jumps else tuple(ticks)


class SeekingReader:
    """Reads any part of an undamaged video; use as a context manager.

    It decodes in a single thread, since several readers are meant to work at the same time.

    Args:
        path: Path of the video.
        limits: Limits on its size and duration.
        ticks: Presentation times of all its frames, from ``frame_ticks``.

    Raises:
        MediaTooLargeError: the header announces more than the limits allow.
        MediaError: the file is not a video, or no frame of it can be decoded.
    """

    def __init__(self, path: Path, limits: MediaParams, ticks: Sequence[int]) -> None:
        self._video = OpenedVideo(path, limits, threads=1)
        self._ticks = ticks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._video.close()

    @property
    def info(self) -> VideoInfo:
        """Facts from the video's header."""
        return self._video.info

    def frames(self, start: int, stop: int) -> Iterator[Frame]:
        """The frames ``start`` … ``stop`` − 1, the same as ``VideoReader`` gives them.

        Can be called any number of times, for one part after another.

        Args:
            start: Index of the first frame.
            stop: Index after the last frame.

        Raises:
            SeekError: decoding gives other frames than the packets announced.
        """
        video, ticks = self._video, self._ticks
        if ticks[0] != video.clock.start:
            raise SeekError(f"{video.path.name} does not start with its first packet")
        index = start
        for stored in self._decoded_from(ticks[start]):
            if stored.pts != ticks[index]:
                raise SeekError(f"{video.path.name} gives other frames after seeking")
            if video.has_another_shape(stored):
                raise SeekError(f"{video.path.name} changes its shape")  # to be counted
            yield video.frame(index, ticks[index] - video.clock.start, stored)
            index += 1
            if index == stop:
                return
        raise SeekError(f"{video.path.name} gives fewer frames than packets")

    def verdict(self) -> Verdict:
        """The verdict on the video, valid if all of its frames can be read with ``frames``.

        Only the end of the video is decoded.

        Raises:
            MediaTooLargeError: the video is longer than its header said and than the limit allows.
            SeekError: the video ends before its announced end, or its end is damaged.
        """
        video, end_s = self._video, 0.0
        for stored in self._decoded_from(self._ticks[-1]):
            ticks = (stored.pts or 0) - video.clock.start
            video.check_duration(video.clock.seconds(ticks))
            end_s = video.clock.seconds(ticks + video.clock.duration(stored))
        if video.ends_early(len(self._ticks), end_s):
            raise SeekError(f"{video.path.name} ends before its announced end")
        return Verdict("complete", len(self._ticks), 0, 0, 0, end_s)

    def _decoded_from(self, pts: int) -> Iterator[VideoFrame]:
        """The frames from a time on, in the order they are shown."""
        video = self._video
        for earlier in _SEEK_EARLIER:
            target = max(video.clock.start, pts - earlier * video.clock.usual_duration)
            try:
                video.container.seek(target, stream=video.stream, backward=True)
            except (av.error.FFmpegError, OSError) as error:
                raise SeekError(f"{video.path.name} cannot be read from its middle") from error
            decoder = Decoder(video.container, video.stream, video.threads)
            frames = iter(decoder)
            first = next(frames, None)
            # When frames are stored out of order, a key frame may be shown later than the frames
            # that follow it in the file.
            if first is not None and first.pts is not None and first.pts <= pts:
                break
        else:
            raise SeekError(f"{video.path.name} has no key frame before {pts}")
        for frame in itertools.chain([first], frames):
            if frame.pts is None or decoder.failures or decoder.damaged_frames:
                raise SeekError(f"{video.path.name} is damaged")
            if frame.pts >= pts:
                yield frame
