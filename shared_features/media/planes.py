"""Decoded frames to upright pixels: RGB for whoever looks, planes for whoever draws and encodes."""

from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

from shared_features.media.frames import RgbArray

# Matrices of ITU-T H.273: what is stored is RGB itself; the one of high-definition video.
_RGB, _BT709 = 0, 1


class Planes(NamedTuple):
    """A picture as videos store it (yuv420p, limited range): light in full size, colour in half.

    Attributes:
        y: ``(height, width)`` uint8, black 16, white 235.
        u: ``(ceil(height / 2), ceil(width / 2))`` uint8, grey 128. v: the same.
        v: as u.
    """

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


class StoredPlanes(NamedTuple):
    """A picture as an H.264 encoder takes it (nv12): the same, but both colours side by side.

    Attributes:
        light: ``(height, width)`` uint8.
        colour: ``(height / 2, width / 2, 2)`` uint8.
    """

    light: NDArray[np.uint8]
    colour: NDArray[np.uint8]


class Upright:
    """Turns the decoded frames of one video upright. Not for several threads at a time.

    Args:
        width: of the stored frames, in square pixels.
        height: of the stored frames, in square pixels.
        quarter_turns: to be made, counter-clockwise.
    """

    def __init__(self, width: int, height: int, quarter_turns: int) -> None:
        # Asking for the size also brings frames that change size half-way to that of the first.
        self._stored_size = width, height
        self._quarter_turns = quarter_turns
        self.size = (height, width) if quarter_turns % 2 else (width, height)
        self._to_rgb, self._to_planes = VideoReformatter(), VideoReformatter()

    def rgb(self, frame: VideoFrame) -> RgbArray:
        """``(height, width, 3)`` uint8, in one piece."""
        # One thread: a frame takes half a millisecond, and starting others costs more than that.
        reformatted = self._to_rgb.reformat(frame, *self._stored_size, "rgb24", threads=1)
        rgb: RgbArray = reformatted.to_ndarray().astype(np.uint8, copy=False)
        # Decoders pad the rows of some widths; whoever takes the frame wants it in one piece.
        return np.ascontiguousarray(np.rot90(rgb, k=self._quarter_turns))

    def planes(self, frame: VideoFrame) -> Planes:
        """The frame's planes, to be read only: most videos store just these."""
        turns = self._quarter_turns
        stored = planes_of(frame if self._is_ready(frame) else self._as_yuv420p(frame))
        return Planes(*(np.rot90(plane, k=turns) for plane in stored))

    def _is_ready(self, frame: VideoFrame) -> bool:
        size = frame.width, frame.height
        limited = frame.color_range != ColorRange.JPEG
        return frame.format.name == "yuv420p" and size == self._stored_size and limited

    def _as_yuv420p(self, frame: VideoFrame) -> VideoFrame:
        return self._to_planes.reformat(
            frame,
            *self._stored_size,
            "yuv420p",
            dst_colorspace=storable_matrix(frame.colorspace),
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )


def storable_matrix(matrix: int) -> int:
    """The matrix to store colours by as yuv420p, where RGB itself cannot stay."""
    return _BT709 if matrix == _RGB else matrix


def planes_of(frame: VideoFrame) -> Planes:
    """Views of the memory of a yuv420p frame."""
    return Planes(*(_view(plane, plane.width) for plane in frame.planes))


def stored_planes_of(frame: VideoFrame) -> StoredPlanes:
    """Views of the memory of an nv12 frame."""
    light, colour = frame.planes
    rows = _view(colour, frame.width)
    return StoredPlanes(_view(light, frame.width), rows.reshape(len(rows), frame.width // 2, 2))


def _view(plane: VideoPlane, columns: int) -> NDArray[np.uint8]:
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(plane), dtype=np.uint8)
    # Rows are padded, and there may be more behind the last one.
    whole = rows[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return whole[:, :columns]
