"""Writes frames with their own presentation times to an H.264 file that browsers play."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from shared_features.errors import MediaError
from shared_features.media.audio import Sound
from shared_features.media.planes import StoredPlanes, storable_matrix, stored_planes_of
from shared_features.media.reader import Colours

CONSTANT_QUALITY = 20
"""x264's constant rate factor: visually close to the source."""
# yuv420p with both colours side by side, as x264 keeps it inside.
_STORED = "nv12"
_USUAL_FPS = Fraction(30)
# A key frame at least this often, so that players find every moment quickly.
_KEY_FRAME_EVERY = 60


@dataclass(frozen=True, repr=False)
class StoredPicture:
    """Memory that is encoded without another copy.

    Attributes:
        frame: the encoder's own.
        planes: views of its pixels, to be written to; the sides are even.
    """

    frame: VideoFrame
    planes: StoredPlanes


class VideoWriter:
    """An H.264 file (yuv420p, index in front) that appears under its name only when complete.

    Frames go to a temporary file beside the target; leaving the context normally renames it,
    leaving it by an exception removes it.

    Args:
        path: the file to make; an existing one is replaced at the end.
        width: of the frames in pixels. An odd side loses its last pixel, as yuv420p needs.
        height: of the frames in pixels.
        time_base: unit of the stored times in seconds.
        quality: x264's constant rate factor; lower is better and larger.
        preset: x264's; slower ones make smaller files.
        fps: about how many frames a second there will be: only a hint, times come with the frames.
        colours: how colours are to be stored: those of the video that the frames came from, so that
            players show both alike.
        sound: laid beside the picture; whoever opened it closes it.

    Raises:
        MediaError: the folder cannot be written to, or the size is below 2 x 2.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        time_base: Fraction = Fraction(1, 90000),
        *,
        quality: int = CONSTANT_QUALITY,
        preset: str = "veryfast",
        fps: Fraction | None = None,
        colours: Colours | None = None,
        sound: Sound | None = None,
    ) -> None:
        if width < 2 or height < 2:
            raise MediaError(f"A video of {width}x{height} pixels was asked for; at least 2x2.")
        self._path = path
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix or '.mp4'}")
        self._shape = (height, width, 3)
        self._time_base = time_base
        self._last_pts: int | None = None
        self._to_stored = VideoReformatter()
        try:
            self._container = av.open(
                str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
            )
        except OSError as error:
            raise MediaError(f"Cannot write {path}: {error.strerror or error}.") from error
        try:
            self._stream = self._add_picture(width, height, fps or _USUAL_FPS, quality, preset)
            self.matrix = self._tag_colours(colours)
            self._sound = sound
            if sound is not None:
                sound.lay_into(self._container)
        except BaseException:
            self._container.close()
            self._partial.unlink(missing_ok=True)
            raise

    def __enter__(self) -> "VideoWriter":
        return self

    def write(self, rgb: NDArray[np.uint8], pts_s: float) -> None:
        """Append a frame.

        Args:
            rgb: ``(height, width, 3)`` uint8.
            pts_s: presentation time in seconds; must rise from frame to frame.

        Raises:
            MediaError: the frame has another size, or its time does not rise.
        """
        if rgb.shape != self._shape:
            raise MediaError(f"A frame of shape {rgb.shape} was given; expected {self._shape}.")
        even = np.ascontiguousarray(rgb[: self._stream.height, : self._stream.width])
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        self._encode(
            self._to_stored.reformat(frame, format=_STORED, dst_colorspace=self.matrix, threads=1),
            pts_s,
        )

    def blank(self) -> "StoredPicture":
        """A picture of the video's own size and kind, to be filled and given to ``append``."""
        frame = VideoFrame(self._stream.width, self._stream.height, _STORED)
        return StoredPicture(frame, stored_planes_of(frame))

    def append(self, picture: "StoredPicture", pts_s: float) -> None:
        """Append a picture from ``blank``; it must not be changed afterwards.

        Raises:
            MediaError: its time does not rise.
        """
        self._encode(picture.frame, pts_s)

    def _encode(self, frame: VideoFrame, pts_s: float) -> None:
        pts = round(pts_s / self._time_base)
        if self._last_pts is not None and pts <= self._last_pts:
            raise MediaError(
                f"The frame at {pts_s} s does not come after the one at "
                f"{float(self._last_pts * self._time_base)} s; times must rise."
            )
        self._last_pts = pts
        frame.pts, frame.time_base = pts, self._time_base
        self._container.mux(self._stream.encode(frame))
        self._add_sound(pts_s)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
                self._add_sound()
            self._container.close()
            if kind is None:
                self._partial.replace(self._path)
        finally:
            self._partial.unlink(missing_ok=True)

    def _add_picture(
        self, width: int, height: int, fps: Fraction, quality: int, preset: str
    ) -> VideoStream:
        # The rate is for the rate control, and says how long the last frame lasts.
        stream = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height = width // 2 * 2, height // 2 * 2
        stream.pix_fmt = _STORED
        stream.time_base = self._time_base
        stream.codec_context.time_base = self._time_base
        stream.options = {"crf": str(quality), "preset": preset, "g": str(_KEY_FRAME_EVERY)}
        return stream

    def _add_sound(self, until_s: float | None = None) -> None:
        if self._sound is not None:
            for packet in self._sound.packets(until_s):
                self._container.mux(packet)

    def _tag_colours(self, colours: Colours | None) -> int | None:
        """Say in the file how its colours are meant; returns the matrix to store them by."""
        if colours is None:
            return None
        matrix = storable_matrix(colours.matrix)
        context = self._stream.codec_context
        context.colorspace = matrix
        context.color_primaries = colours.primaries
        context.color_trc = colours.transfer
        return matrix
