"""Decoded frames to upright frames with square pixels: rotation and pixel shape, in one place."""

import threading
from fractions import Fraction
from typing import Self

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from shared_features.media.frames import RgbArray
from shared_features.media.planes import Planes, planes_of, storable_matrix


class Upright:
    """Turns the decoded frames of one video upright and makes their pixels square.

    Args:
        width: Width of the stored frames in square pixels, before rotation.
        height: Height of the stored frames in square pixels, before rotation.
        quarter_turns: Number of counter-clockwise quarter turns to make.

    Attributes:
        size: Width and height of the upright frames, in square pixels.
    """

    def __init__(self, width: int, height: int, quarter_turns: int) -> None:
        # Asking for a size also scales frames that change size half-way to that of the first.
        self._stored_size = width, height
        self._quarter_turns = quarter_turns
        self.size = (height, width) if quarter_turns % 2 else (width, height)
        # A reformatter keeps state, and frames are handed from thread to thread.
        self._lock = threading.Lock()
        self._to_rgb, self._to_planes = VideoReformatter(), VideoReformatter()

    @classmethod
    def of_video(cls, stream: VideoStream, first: VideoFrame) -> Self:
        """The conversion that a video's header and its first frame ask for.

        The rotation comes with the frames, not with the header.
        """
        return cls(*square_pixel_size(stream), (first.rotation // 90) % 4)

    def rgb(self, frame: VideoFrame) -> RgbArray:
        """``(height, width, 3)`` uint8, contiguous."""
        with self._lock:
            # One thread: a frame takes half a millisecond, and starting others costs more.
            reformatted = self._to_rgb.reformat(frame, *self._stored_size, "rgb24", threads=1)
        rgb: RgbArray = reformatted.to_ndarray().astype(np.uint8, copy=False)
        # Decoders pad the rows of some widths; users of a frame want it contiguous.
        return np.ascontiguousarray(np.rot90(rgb, k=self._quarter_turns))

    def planes(self, frame: VideoFrame) -> Planes:
        """The frame's planes, read-only. Most videos store exactly these: nothing is copied."""
        turns = self._quarter_turns
        stored = planes_of(frame if self._is_ready(frame) else self._as_yuv420p(frame))
        return Planes(*(np.rot90(plane, k=turns) for plane in stored))

    def _is_ready(self, frame: VideoFrame) -> bool:
        size = frame.width, frame.height
        limited = frame.color_range != ColorRange.JPEG
        return frame.format.name == "yuv420p" and size == self._stored_size and limited

    def _as_yuv420p(self, frame: VideoFrame) -> VideoFrame:
        with self._lock:
            return self._to_planes.reformat(
                frame,
                *self._stored_size,
                "yuv420p",
                dst_colorspace=storable_matrix(frame.colorspace),
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )


class DecodedPixels:
    """Pixels of a decoded frame, converted when they are first asked for.

    Args:
        stored: The frame as the decoder gave it.
        upright: Conversion of the video that the frame belongs to.
    """

    def __init__(self, stored: VideoFrame, upright: Upright) -> None:
        self._stored, self._upright = stored, upright
        self._rgb: RgbArray | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright frame."""
        return self._upright.size

    @property
    def rgb(self) -> RgbArray:
        """``(height, width, 3)`` uint8, contiguous; converted once."""
        if self._rgb is None:
            self._rgb = self._upright.rgb(self._stored)
        return self._rgb

    @property
    def planes(self) -> Planes:
        """Luma and chroma planes, read-only."""
        return self._upright.planes(self._stored)


def square_pixel_size(stream: VideoStream) -> tuple[int, int]:
    """Width and height at which the pixels are square; those of old camcorders are not.

    Pixels are only ever stretched, never squeezed, so that no detail is lost.
    """
    codec = stream.codec_context
    aspect = stream.sample_aspect_ratio or codec.sample_aspect_ratio or Fraction(1)
    # A difference below a hundredth is the encoder's rounding, not a pixel shape.
    if not Fraction(1, 10) < aspect < 10 or abs(aspect - 1) < Fraction(1, 100):
        return codec.width, codec.height
    if aspect > 1:
        return round(codec.width * aspect), codec.height
    return codec.width, round(codec.height / aspect)
