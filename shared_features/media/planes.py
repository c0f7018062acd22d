"""Luma and chroma planes: frames as videos store them and as the encoder takes them."""

from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

# Matrix coefficients of ITU-T H.273: 0 means that RGB itself is stored, 1 is high-definition video.
_RGB, _BT709 = 0, 1
BLACK, GREY = 16, 128
"""Luma of black and chroma of grey in limited range."""


class Planes(NamedTuple):
    """A frame as most videos store it: yuv420p, limited range, chroma at half resolution.

    Attributes:
        y: Luma, ``(height, width)`` uint8; black is 16, white is 235.
        u: Blue-difference chroma, ``(ceil(height / 2), ceil(width / 2))`` uint8; grey is 128.
        v: Red-difference chroma, of the same shape and range as ``u``.
    """

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


class Nv12Planes(NamedTuple):
    """A frame as the H.264 encoder takes it: like ``Planes``, with the chroma interleaved.

    Attributes:
        luma: ``(height, width)`` uint8.
        chroma: ``(height / 2, width / 2, 2)`` uint8, u and v.
    """

    luma: NDArray[np.uint8]
    chroma: NDArray[np.uint8]


def storable_matrix(matrix: int) -> int:
    """The matrix to store colours by in yuv420p, which cannot hold RGB itself."""
    return _BT709 if matrix == _RGB else matrix


def planes_of(frame: VideoFrame) -> Planes:
    """Views of the memory of a yuv420p frame."""
    return Planes(*(_view(plane, plane.width) for plane in frame.planes))


def nv12_planes_of(frame: VideoFrame) -> Nv12Planes:
    """Views of the memory of an nv12 frame."""
    luma, chroma = frame.planes
    rows = _view(chroma, frame.width)
    return Nv12Planes(_view(luma, frame.width), rows.reshape(len(rows), frame.width // 2, 2))


def _view(plane: VideoPlane, columns: int) -> NDArray[np.uint8]:
    memory: NDArray[np.uint8] = np.frombuffer(memoryview(plane), dtype=np.uint8)
    # Rows are padded, and there may be more memory after the last one.
    rows = memory[: plane.line_size * plane.height].reshape(plane.height, plane.line_size)
    return rows[:, :columns]
