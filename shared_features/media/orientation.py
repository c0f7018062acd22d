"""Decoded frames to upright frames of one shape: rotation, pixel shape and HDR, in one place."""

import threading
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from shared_features.media.display.letterbox import Letterbox
from shared_features.media.display.tone import BT709, hdr_of, tone_mapped
from shared_features.media.display.turn import NO_TURN, Turn
from shared_features.media.frames import RgbArray
from shared_features.media.planes import BLACK, GREY, Planes, planes_of, storable_matrix

_DISPLAY_MATRIX = "DISPLAYMATRIX"


@dataclass(frozen=True)
class Shape:
    """How frames are stored and shown: videos may change it when the phone is turned.

    Attributes:
        width: Width as stored.
        height: Height as stored.
        turn: How they are turned and mirrored to be shown.
    """

    width: int
    height: int
    turn: Turn = NO_TURN

    @classmethod
    def of(cls, frame: VideoFrame, usual: Turn = NO_TURN) -> Self:
        """The shape of a decoded frame.

        Args:
            frame: The frame as the decoder gave it.
            usual: How it is turned if it does not say: in some videos, only key frames do.
        """
        matrix = frame.side_data.get(_DISPLAY_MATRIX)
        turn = Turn.of_side_data(bytes(matrix)) if isinstance(matrix, SideData) else usual
        return cls(frame.width, frame.height, turn)


class Upright:
    """Turns the decoded frames of one video upright and makes their pixels square.

    A frame of another shape than the first is fitted into that of the first, between black bars:
    its pixels stay square.

    Args:
        first: Shape of the first frame.
        pixel_aspect: Width over height of a stored pixel.
        transfer: Transfer characteristic by ITU-T H.273; frames with that of HDR are tone-mapped.
        primaries: Colour primaries by ITU-T H.273.

    Attributes:
        size: Width and height of the upright frames, in square pixels.
        hdr: Kind of HDR that is tone-mapped; None for ordinary video.
    """

    def __init__(
        self,
        first: Shape,
        pixel_aspect: Fraction = Fraction(1),
        transfer: int = BT709,
        primaries: int = BT709,
    ) -> None:
        self._first, self._pixel_aspect = first, pixel_aspect
        self._transfer, self._primaries = transfer, primaries
        self.hdr = hdr_of(transfer)
        self._stored_size = square_pixel_size(first.width, first.height, pixel_aspect)
        self.size = first.turn.size(*self._stored_size)
        # A reformatter keeps state, and frames are handed from thread to thread.
        self._lock = threading.Lock()
        self._to_rgb, self._to_planes = VideoReformatter(), VideoReformatter()

    @classmethod
    def of_video(cls, stream: VideoStream, first: VideoFrame) -> Self:
        """The conversion that a video's header and its first frame ask for.

        The rotation comes with the frames, not with the header.
        """
        return cls(Shape.of(first), pixel_aspect(stream), first.color_trc, first.color_primaries)

    def has_another_shape(self, frame: VideoFrame) -> bool:
        """Whether a frame has to be fitted into the shape of the first."""
        return self._shape(frame) != self._first

    def rgb(self, frame: VideoFrame) -> RgbArray:
        """``(height, width, 3)`` uint8, contiguous."""
        shape, letterbox = self._placed(frame)
        rgb = shape.turn.apply(self._stored_rgb(frame, self._size_of(shape, letterbox)))
        if letterbox is not None:
            return letterbox.place(rgb, (self.size[1], self.size[0], 3), 0)
        # Decoders pad the rows of some widths; users of a frame want it contiguous.
        return np.ascontiguousarray(rgb)

    def planes(self, frame: VideoFrame) -> Planes:
        """The frame's planes, read-only. Most videos store exactly these: nothing is copied."""
        shape, letterbox = self._placed(frame)
        size = self._size_of(shape, letterbox)
        stored = planes_of(frame if self._is_ready(frame, size) else self._as_yuv420p(frame, size))
        planes = Planes(*(shape.turn.apply(plane) for plane in stored))
        if letterbox is None:
            return planes
        width, height = self.size
        half = -(-height // 2), -(-width // 2)
        return Planes(
            letterbox.place(planes.y, (height, width), BLACK),
            letterbox.place(planes.u, half, GREY, halvings=1),
            letterbox.place(planes.v, half, GREY, halvings=1),
        )

    def _shape(self, frame: VideoFrame) -> Shape:
        return Shape.of(frame, self._first.turn)

    def _placed(self, frame: VideoFrame) -> tuple[Shape, Letterbox | None]:
        shape = self._shape(frame)
        if shape == self._first:
            return shape, None
        size = square_pixel_size(shape.width, shape.height, self._pixel_aspect)
        return shape, Letterbox.fitting(shape.turn.size(*size), self.size)

    def _size_of(self, shape: Shape, letterbox: Letterbox | None) -> tuple[int, int]:
        """Size of a frame with square pixels, before it is turned."""
        if letterbox is None:
            return self._stored_size
        return shape.turn.size(letterbox.width, letterbox.height)

    def _stored_rgb(self, frame: VideoFrame, size: tuple[int, int]) -> RgbArray:
        """The frame's pixels with the given size, not yet turned."""
        with self._lock:
            # One thread: a frame takes half a millisecond, and starting others costs more.
            reformatted = self._to_rgb.reformat(
                frame, *size, "rgb48le" if self.hdr is not None else "rgb24", threads=1
            )
        pixels = reformatted.to_ndarray()
        if self.hdr is not None:
            return tone_mapped(pixels.astype(np.uint16), self._transfer, self._primaries)
        return pixels.astype(np.uint8, copy=False)

    def _is_ready(self, frame: VideoFrame, size: tuple[int, int]) -> bool:
        if self.hdr is not None:
            return False
        limited = frame.color_range != ColorRange.JPEG
        is_scaled = (frame.width, frame.height) != size
        return frame.format.name == "yuv420p" and not is_scaled and limited

    def _as_yuv420p(self, frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
        matrix = storable_matrix(frame.colorspace)
        if self.hdr is not None:
            rgb = np.ascontiguousarray(self._stored_rgb(frame, size))
            frame, matrix = VideoFrame.from_ndarray(rgb, format="rgb24"), BT709
        with self._lock:
            return self._to_planes.reformat(
                frame,
                *size,
                "yuv420p",
                dst_colorspace=matrix,
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


def pixel_aspect(stream: VideoStream) -> Fraction:
    """Width over height of a stored pixel; those of old camcorders are not square."""
    return stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or Fraction(1)


def square_pixel_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height at which pixels are square.

    Pixels are only ever stretched, never squeezed, so that no detail is lost.

    Args:
        width: Width as stored.
        height: Height as stored.
        aspect: Width over height of a stored pixel.
    """
    # A difference below a hundredth is the encoder's rounding, not a pixel shape.
    if not Fraction(1, 10) < aspect < 10 or abs(aspect - 1) < Fraction(1, 100):
        return width, height
    if aspect > 1:
        return round(width * aspect), height
    return width, round(height / aspect)
