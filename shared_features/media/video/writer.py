"""Writes frames with their own presentation times to an H.264 file that browsers play."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from shared_features.errors import MediaError
from shared_features.media.planes import Nv12Planes, nv12_planes_of, storable_matrix
from shared_features.media.video.audio import Audio
from shared_features.media.video.facts import Colours

CONSTANT_QUALITY = 20
"""x264's constant rate factor: visually close to the source."""
# yuv420p with interleaved chroma: the layout that x264 uses internally.
_PIXEL_FORMAT = "nv12"
_DEFAULT_FPS = Fraction(30)
# Most frames between two key frames: players can seek to any moment quickly.
_KEY_FRAME_INTERVAL = 60


@dataclass(frozen=True, repr=False)
class EncoderFrame:
    """A frame that is drawn in the encoder's own memory, so that no copy is needed.

    Attributes:
        frame: The encoder's frame.
        planes: Writable views of its pixels; width and height are even.
    """

    frame: VideoFrame
    planes: Nv12Planes


class VideoWriter:
    """Writes an H.264 file (yuv420p, index at the front) that appears only when it is complete.

    Frames go to a temporary file next to the target. Leaving the context normally renames it;
    leaving it with an exception removes it.

    Args:
        path: Path of the file; an existing file is replaced at the end.
        width: Width of the frames in pixels. yuv420p needs even sides, so an odd one is cropped by
            one pixel.
        height: Height of the frames in pixels, cropped likewise.
        time_base: Unit of the stored times in seconds.
        quality: Constant rate factor of x264; lower means better quality and a larger file.
        preset: Preset of x264; slower presets make smaller files.
        fps: Approximate frame rate, a hint for the encoder; each frame brings its own time.
        colours: How to store colours: the way the source video does, so that players show both
            alike.
        audio: Audio to mux with the video; the caller closes it.

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
        audio: Audio | None = None,
    ) -> None:
        if width < 2 or height < 2:
            raise MediaError(f"A video cannot be {width}x{height} pixels; it needs at least 2x2.")
        self._path = path
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix or '.mp4'}")
        self._shape = (height, width, 3)
        self._time_base = time_base
        self._last_pts: int | None = None
        self._to_stored = VideoReformatter()
        self._container = av.open(
            str(self._partial), "w", format="mp4", options={"movflags": "+faststart"}
        )
        try:
            self._stream = self._add_video(width, height, fps or _DEFAULT_FPS, quality, preset)
            self.matrix = self._tag_colours(colours)
            self._audio = audio
            if audio is not None:
                audio.add_to(self._container)
            # Opens the file.
            self._container.start_encoding()
        except OSError as error:
            self._container.close()
            raise MediaError(f"Cannot write {path}: {error.strerror or error}.") from error
        except BaseException:
            self._container.close()
            self._partial.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Self:
        return self

    def write(self, rgb: NDArray[np.uint8], pts_s: float) -> None:
        """Append a frame.

        Args:
            rgb: ``(height, width, 3)`` uint8.
            pts_s: Presentation time in seconds; must rise from frame to frame.

        Raises:
            MediaError: the frame has the wrong size, or its time does not rise.
        """
        if rgb.shape != self._shape:
            raise MediaError(f"The frame has shape {rgb.shape}; expected {self._shape}.")
        even = np.ascontiguousarray(rgb[: self._stream.height, : self._stream.width])
        frame = VideoFrame.from_ndarray(even, format="rgb24")
        self._encode(
            self._to_stored.reformat(
                frame, format=_PIXEL_FORMAT, dst_colorspace=self.matrix, threads=1
            ),
            pts_s,
        )

    def blank(self) -> EncoderFrame:
        """An uninitialised frame of the video's size, to be filled and passed to ``append``."""
        frame = VideoFrame(self._stream.width, self._stream.height, _PIXEL_FORMAT)
        return EncoderFrame(frame, nv12_planes_of(frame))

    def append(self, filled: EncoderFrame, pts_s: float) -> None:
        """Append a frame from ``blank``, which must not be changed afterwards.

        Raises:
            MediaError: its time does not rise.
        """
        self._encode(filled.frame, pts_s)

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
        self._add_audio(pts_s)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
                self._add_audio()
            self._container.close()
            if kind is None:
                self._partial.replace(self._path)
        finally:
            self._partial.unlink(missing_ok=True)

    def _add_video(
        self, width: int, height: int, fps: Fraction, quality: int, preset: str
    ) -> VideoStream:
        # The encoder needs a rate for its rate control and for the duration of the last frame.
        stream = self._container.add_stream("libx264", rate=fps)
        stream.width, stream.height = width // 2 * 2, height // 2 * 2
        stream.pix_fmt = _PIXEL_FORMAT
        stream.time_base = self._time_base
        stream.codec_context.time_base = self._time_base
        stream.options = {"crf": str(quality), "preset": preset, "g": str(_KEY_FRAME_INTERVAL)}
        return stream

    def _add_audio(self, until_s: float | None = None) -> None:
        if self._audio is not None:
            for packet in self._audio.packets(until_s):
                self._container.mux(packet)

    def _tag_colours(self, colours: Colours | None) -> int | None:
        """Tag the file with how its colours are meant; returns the matrix to store them by."""
        if colours is None:
            return None
        matrix = storable_matrix(colours.matrix)
        context = self._stream.codec_context
        context.colorspace = matrix
        context.color_primaries = colours.primaries
        context.color_trc = colours.transfer
        return matrix
