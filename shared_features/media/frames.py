"""The frame: one upright image of a recording, with its time and its duration."""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared_features.media.planes import Planes

RgbArray = NDArray[np.uint8]


class Pixels(Protocol):
    """The pixels of a frame, in the form they are asked for."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        ...

    @property
    def rgb(self) -> RgbArray:
        """``(height, width, 3)`` uint8, contiguous."""
        ...

    @property
    def planes(self) -> Planes:
        """Luma and chroma planes, read-only."""
        ...


@dataclass(frozen=True)
class RgbPixels:
    """Pixels that exist as RGB only: those of a photo or a camera.

    Attributes:
        rgb: ``(height, width, 3)`` uint8.
    """

    rgb: RgbArray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.rgb.shape[1], self.rgb.shape[0]

    @property
    def planes(self) -> Planes:
        """Not available: only videos store planes."""
        raise TypeError("this frame does not come from a video, so it has no planes")


@dataclass(frozen=True, repr=False, eq=False)
class Frame:
    """One upright frame with square pixels.

    A frame of a video is converted when its pixels are first asked for, and keeps its RGB pixels
    from then on. Frames that are only counted or timed cost no conversion.

    Attributes:
        index: Position in the recording; the first frame is 0.
        pts_s: Presentation time in seconds; the first frame is at 0.
        duration_s: How long the frame is shown, in seconds; 0 for a photo or a camera.
        pixels: Source of the frame's pixels.
        notes: What the owner of a photo should know about how it was read, one sentence each.
    """

    index: int
    pts_s: float
    duration_s: float
    pixels: Pixels
    notes: tuple[str, ...] = ()

    @classmethod
    def of_rgb(
        cls,
        rgb: RgbArray,
        index: int = 0,
        pts_s: float = 0.0,
        duration_s: float = 0.0,
        notes: tuple[str, ...] = (),
    ) -> Self:
        """A frame with the given pixels, ``(height, width, 3)`` uint8."""
        return cls(index, pts_s, duration_s, RgbPixels(rgb), notes)

    @property
    def rgb(self) -> RgbArray:
        """``(height, width, 3)`` uint8, upright, square pixels, contiguous."""
        return self.pixels.rgb

    @property
    def planes(self) -> Planes:
        """The same pixels as a video stores them, read-only.

        Raises:
            TypeError: the frame does not come from a video.
        """
        return self.pixels.planes

    def converted(self) -> Self:
        """The same frame, converted to RGB now and in this thread rather than on first use."""
        _ = self.pixels.rgb
        return self

    def __repr__(self) -> str:
        width, height = self.pixels.size
        times = f"pts_s={self.pts_s:.3f}, duration_s={self.duration_s:.3f}"
        return f"Frame(index={self.index}, {times}, {width}×{height})"
