"""When the frames of an undamaged video are shown, so that reading can begin in the middle."""

import itertools
from pathlib import Path

import av
import av.error

from shared_features.media.reader import OPEN_OPTIONS, picture_stream


def frame_ticks(path: Path) -> tuple[int, ...] | None:
    """The presentation times of all frames, rising, in units of the stream's time base.

    They come from the packets alone: nothing is decoded. None for a video that has to be read from
    its beginning: one with packets that are damaged, that are not meant to be shown, or that share
    a time.
    """
    ticks = []
    try:
        with av.open(str(path), options=dict(OPEN_OPTIONS)) as container:
            for packet in container.demux(picture_stream(path, container)):
                if packet.size == 0:
                    continue
                if packet.pts is None or packet.is_corrupt or packet.is_discard:
                    return None
                ticks.append(packet.pts)
    except (av.error.FFmpegError, OSError):
        return None
    ticks.sort()
    is_rising = all(earlier < later for earlier, later in itertools.pairwise(ticks))
    return tuple(ticks) if ticks and is_rising else None
