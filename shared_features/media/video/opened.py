"""An opened video within the limits: what reading in order and reading from the middle share."""

import math
from pathlib import Path

import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared_features.errors import MediaError, MediaTooLargeError
from shared_features.media.display.tone import BT709
from shared_features.media.files import require_content
from shared_features.media.frames import Frame
from shared_features.media.limits import require_sides_within
from shared_features.media.orientation import DecodedPixels, Upright
from shared_features.media.video.clock import Clock
from shared_features.media.video.container import (
    announced_duration_s,
    moving_streams,
    open_container,
    video_stream,
)
from shared_features.media.video.decoder import Decoder
from shared_features.media.video.facts import Colours, VideoInfo
from shared_features.media.video.jumps import packet_times
from shared_features.params import MediaParams

# A file without a frame index may stop this long before its announced end and still be complete.
_END_TOLERANCE_S = 1.0
_GIF = b"GIF8"
# Containers whose duration counts from zero, not from the first frame.
_FROM_ZERO = "matroska"
# Frame rate of the recording, where that of playing it may be lower.
_CAPTURE_FPS = "com.android.capture.fps"
# What only the slow-motion modes of phones record.
_LEAST_HIGH_SPEED_FPS = 100.0
# How far from a whole number a ratio of frame rates may be that is meant to be one.
_ROUNDING = 0.02


class OpenedVideo:
    """A video whose header has been checked and whose first frame has been decoded.

    Args:
        path: Path of the video.
        limits: Limits on its size and duration.
        threads: Number of decoding threads; None leaves it to the decoder.

    Attributes:
        decoder: The decoder that gave the first frame.
        first: The first frame.
        rest: The frames after the first one, in order.
        clock: The video's own clock.
        colours: How the colours of its frames' planes are meant.
        info: Facts from its header.

    Raises:
        MediaTooLargeError: the header announces more than the limits allow.
        MediaError: the file is not a video, or no frame of it can be decoded.
    """

    def __init__(self, path: Path, limits: MediaParams, threads: int | None) -> None:
        require_content(path)
        self.path, self.threads = path, threads
        self._limits = limits
        try:
            self.container = open_container(path)
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                f"{path.name} is not a video this program reads, or its beginning is missing "
                f"({error.strerror}). Expected a recording such as MP4, MOV, MKV, WebM or AVI; "
                f"{_what_to_send(path)}."
            ) from error
        try:
            self.stream = video_stream(path.name, self.container)
            self._check_header()
            self.decoder = Decoder(self.container, self.stream, threads)
            self.rest = iter(self.decoder)
            self.first = self._decode_first()
            self.clock = Clock(self.stream, self.first)
            self._upright = Upright.of_video(self.stream, self.first)
            # A pixel shape can make a side ten times longer than it is stored.
            require_sides_within(self.path.name, *self._upright.size, limits)
            self.colours = _colours(self.first, self._upright)
            listed = _listed(self.container, self.stream)
            self._listed_packets = listed[0] if listed is not None else None
            shown = listed[1] if listed is not None else self.stream.frames
            self.info = _read_info(self.container, self.stream, self._upright, shown)
        except BaseException:
            self.container.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self.container.close()

    def frame(self, index: int, ticks: int, stored: VideoFrame) -> Frame:
        """A decoded frame with its place and time in the video.

        Args:
            index: Position in the video.
            ticks: Time since the first frame, in ticks of the clock.
            stored: The frame as the decoder gave it.

        Raises:
            MediaTooLargeError: the size of the frames has changed to more than the limits allow.
        """
        if (stored.width, stored.height) != (self.first.width, self.first.height):
            self._check_size(stored.width, stored.height)
        return Frame(
            index,
            self.clock.seconds(ticks),
            self.clock.seconds(self.clock.duration(stored)),
            DecodedPixels(stored, self._upright),
        )

    def has_another_shape(self, stored: VideoFrame) -> bool:
        """Whether a frame is stored or shown in another shape than the first."""
        return self._upright.has_another_shape(stored)

    def check_duration(self, seconds: float) -> None:
        """Check a duration, announced or found, against the limit.

        Raises:
            MediaTooLargeError: it is longer than allowed.
        """
        if seconds > self._limits.max_duration_s:
            raise MediaTooLargeError(
                f"{self.path.name} lasts {seconds:,.0f} s or more; at most "
                f"{self._limits.max_duration_s:,.0f} s are allowed (`media.max_duration_s` in "
                "params.yaml). Cut it into parts."
            )

    def ends_early(self, packets: int, end_s: float, jumps: bool = False) -> bool:
        """Whether the container announced more than was found.

        Args:
            packets: Number of packets found.
            end_s: Time at which the last frame found ends.
            jumps: Whether the clock jumped, so that the announced duration says nothing.
        """
        if self._listed_packets is not None:
            return packets < self._listed_packets
        announced_s = self.info.announced_duration_s
        if announced_s is None or jumps:
            return False
        if _FROM_ZERO in self.container.format.name:
            announced_s -= float(self.clock.start_s)
        return end_s < announced_s - _END_TOLERANCE_S

    def _check_header(self) -> None:
        codec = self.stream.codec_context
        self._check_size(codec.width, codec.height)
        duration_s = announced_duration_s(self.container, self.stream)
        if duration_s is not None and duration_s > self._limits.max_duration_s:
            # Where recordings are joined, the difference between the first and the last time says
            # nothing.
            self.check_duration(self._counted_duration_s())

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._limits.max_video_pixels:
            raise MediaTooLargeError(
                f"{self.path.name} has frames of {width}×{height} pixels; at most "
                f"{self._limits.max_video_pixels:,} pixels are allowed (`media.max_video_pixels` "
                "in params.yaml). Scale it down."
            )
        require_sides_within(self.path.name, width, height, self._limits)

    def _counted_duration_s(self) -> float:
        """Duration by the packets, without jumps of the clock; not much beyond the limit."""
        limit_s = self._limits.max_duration_s
        return next((at_s for at_s, _ in packet_times(self.path) if at_s > limit_s), 0.0)

    def _decode_first(self) -> VideoFrame:
        first = next(self.rest, None)
        if first is None:
            raise MediaError(
                f"No frame of {self.path.name} can be decoded (codec "
                f"{self.stream.codec_context.name}, {self.decoder.failures} damaged packets). "
                "Send the original file, or convert it to H.264."
            )
        return first


def _colours(first: VideoFrame, upright: Upright) -> Colours:
    if upright.hdr is not None:
        return Colours(BT709, BT709, BT709)
    return Colours(first.colorspace, first.color_primaries, first.color_trc)


def _what_to_send(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(len(_GIF)) == _GIF:
            return "convert this GIF, or send it as a photo, of which the first frame is used"
    return "send the original file"


def _listed(container: InputContainer, stream: VideoStream) -> tuple[int, int] | None:
    """Number of packets in the index of an MP4 or MOV file, and of those to be shown.

    They differ where an edit list cuts into a group of frames. Other containers have no index up
    front, and AVI's count is not of frames for every codec.
    """
    if not stream.frames or "mp4" not in container.format.name:
        return None
    hidden = [entry.is_discard for entry in stream.index_entries]
    if not hidden:
        return stream.frames, stream.frames
    return len(hidden), hidden.count(False)


def _read_info(
    container: InputContainer, stream: VideoStream, upright: Upright, shown: int
) -> VideoInfo:
    width, height = upright.size
    return VideoInfo(
        width=width,
        height=height,
        codec=stream.codec_context.name,
        announced_frames=shown or None,
        announced_duration_s=announced_duration_s(container, stream),
        average_fps=stream.average_rate,
        videos=len(moving_streams(container)),
        hdr=upright.hdr,
        slowed_down=_slowed_down(container, stream),
    )


def _slowed_down(container: InputContainer, stream: VideoStream) -> float:
    """How many times slower than real the video plays, by the frame rate that Android notes."""
    try:
        capture_fps = float(container.metadata.get(_CAPTURE_FPS, "nan"))
    except ValueError:
        return 1.0
    rate = stream.average_rate
    # Ordinary recordings note their rate as well, and fall below it in the dark.
    if not rate or not math.isfinite(capture_fps) or capture_fps < _LEAST_HIGH_SPEED_FPS:
        return 1.0
    slowed_down = capture_fps / float(rate)
    whole = round(slowed_down)
    # The rates are nominal: 240 frames per second play at 29.9.
    return float(whole) if abs(slowed_down - whole) < _ROUNDING * whole else max(1.0, slowed_down)
