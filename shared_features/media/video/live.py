"""Frames of a camera, a network stream or a recording, as they arrive."""

import itertools
import time
from collections.abc import Iterator

import av
import av.error
import cv2
import numpy as np
from av.container import InputContainer

from shared_features.errors import MediaError
from shared_features.media.frames import Frame
from shared_features.media.orientation import DecodedPixels, Upright
from shared_features.media.video.clock import Clock, RisingTicks
from shared_features.media.video.container import video_stream
from shared_features.media.video.decoder import Decoder

_TIMEOUT_S = 10


def live_frames(source: str) -> Iterator[Frame]:
    """The frames of a source until it ends, each as soon as it is there.

    A recording gives the same frames and times as ``VideoReader``, without waiting in between. The
    duration of a camera's frames is unknown: 0.

    Args:
        source: Number of a local camera, or anything that FFmpeg opens: a file, ``rtsp://…``,
            ``http://…``.

    Raises:
        MediaError: the source cannot be opened, or has no video. Raised for the first frame.
    """
    return _camera_frames(int(source)) if source.isdecimal() else _stream_frames(source)


def _camera_frames(number: int) -> Iterator[Frame]:
    capture = cv2.VideoCapture(number)
    try:
        if not capture.isOpened():
            raise MediaError(
                f"There is no camera {number}, or this program is not allowed to use it. Give "
                "another number, the address of a stream (rtsp://…), or a recording."
            )
        started_s = None
        for index in itertools.count():
            is_read, bgr = capture.read()
            now_s = time.monotonic()
            if not is_read:
                return
            started_s = now_s if started_s is None else started_s
            rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
            yield Frame.of_rgb(rgb, index, now_s - started_s)
    finally:
        capture.release()


def _stream_frames(source: str) -> Iterator[Frame]:
    with _opened(source) as container:
        stream = video_stream(source, container)
        frames = iter(Decoder(container, stream, threads=None))
        first = next(frames, None)
        if first is None:
            raise MediaError(f"No frame of {source} can be decoded. Expected a video.")
        clock, upright = Clock(stream, first), Upright.of_video(stream, first)
        times = RisingTicks(clock)
        for index, stored in enumerate(itertools.chain([first], frames)):
            yield Frame(
                index,
                clock.seconds(times.next(stored)),
                clock.seconds(clock.duration(stored)),
                DecodedPixels(stored, upright),
            )


def _opened(source: str) -> InputContainer:
    try:
        return av.open(source, timeout=_TIMEOUT_S)
    except (av.error.FFmpegError, OSError) as error:
        raise MediaError(
            f"{source} cannot be read ({error.strerror}). Expected the number of a camera, the "
            "address of a stream (rtsp://…, http://…) or a recording."
        ) from error
