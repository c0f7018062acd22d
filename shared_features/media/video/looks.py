"""What the frames of a video look like, as vectors: for recordings without a person in view.

The default needs no weights: a small grey picture of the frame, and histograms of the directions of
its edges in the cells of a grid (after Dalal and Triggs, CVPR 2005). A network of the user's own,
as an ONNX file, can take its place.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared_features.media.frames import RgbArray
from shared_features.media.video.reader import VideoReader
from shared_features.params import MediaParams

Describe = Callable[[RgbArray], NDArray[np.float64]]

_RATE_HZ = 25.0
# Timestamps are sums of a file's ticks, so a frame that is due may be early by a rounding error.
_ROUNDING = 1e-3
_EDGES_SIZE, _GREY_SIZE = (64, 48), (16, 12)
_CELL_PX, _DIRECTIONS = 8, 8
_CELL = (
    np.arange(_EDGES_SIZE[1])[:, None] // _CELL_PX * (_EDGES_SIZE[0] // _CELL_PX)
    + np.arange(_EDGES_SIZE[0])[None] // _CELL_PX
)
_CELLS = int(_CELL.max()) + 1


def frame_looks(
    path: Path, limits: MediaParams, describe: Describe | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times and descriptions of a video's frames, at most 25 per second.

    Args:
        path: Path of the video.
        limits: Limits on the video.
        describe: Description of a frame ``(height, width, 3)`` as ``(d,)``; None for the default.

    Returns:
        ``(n,)`` times in seconds and ``(n, d)`` descriptions.

    Raises:
        MediaError: The file is not a readable video within the limits.
    """
    described = describe or plain_look
    times_s, looks = [], []
    with VideoReader(path, limits) as reader:
        for rgb, pts_s in _thinned(reader):
            times_s.append(pts_s)
            looks.append(described(rgb))
    return np.array(times_s), np.stack(looks) if looks else np.zeros((0, 1))


def plain_look(rgb: RgbArray) -> NDArray[np.float64]:
    """The default description of a frame, ``(576,)``, independent of brightness and contrast."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, _EDGES_SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8)
    tiny = cv2.resize(small, _GREY_SIZE, interpolation=cv2.INTER_AREA).astype(np.float64).ravel()
    tiny = (tiny - tiny.mean()) / (tiny.std() + 1.0)
    return np.concatenate([_edges(small), tiny])


def _edges(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """``(cells × directions,)`` strength of the edges by direction in each cell, of length 1."""
    across = cv2.Sobel(grey, cv2.CV_64F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_64F, 0, 1)
    # Dark to light and light to dark are the same direction.
    turn = np.arctan2(down, across) % np.pi / np.pi
    direction = np.minimum((turn * _DIRECTIONS).astype(np.intp), _DIRECTIONS - 1)
    strength = np.bincount(
        (_CELL * _DIRECTIONS + direction).ravel(),
        weights=np.hypot(across, down).ravel(),
        minlength=_CELLS * _DIRECTIONS,
    )
    return np.asarray(strength / (np.linalg.norm(strength) + 1.0))


def _thinned(reader: VideoReader) -> Iterator[tuple[RgbArray, float]]:
    previous = -1
    for frame in reader.frames():
        slot = int(frame.pts_s * _RATE_HZ + _ROUNDING)
        if slot != previous:
            previous = slot
            yield frame.rgb, frame.pts_s
