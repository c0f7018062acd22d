"""Videos to upright RGB frames with their true times.

The only module that reads through PyAV. A frame's time is the presentation timestamp the file gives
it; nothing multiplies an index by a frame rate, which is wrong by up to a second on the
variable-rate clips that phones make.

A damaged video is read to its end: decoding goes on after a damaged packet, and a verdict says what
was found.
"""

import itertools
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal

import av
import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared_features.errors import MediaError, MediaTooLargeError, SeekError
from shared_features.media.frames import Frame, RgbArray, require_content
from shared_features.media.planes import Planes, Upright
from shared_features.params import MediaParams

MediaStatus = Literal["complete", "truncated", "corrupt"]

# Containers that hold recordings. Playlists and the like are left out: they make the reader open
# other files and addresses on behalf of whoever wrote them.
_VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,h264,hevc,"
    "mjpeg,wtv,mxf,dv,ivf,m4v,nut"
)
OPEN_OPTIONS = {"format_whitelist": _VIDEO_FORMATS, "protocol_whitelist": "file"}
# How far before its announced end a file without a frame index may stop and still be whole.
_END_TOLERANCE_S = 1.0
# How many usual frames before a wanted one a key frame is looked for: more, if there is none.
_SEEK_EARLIER = (0, 8, 64, 512, 1 << 31)


@dataclass(frozen=True)
class VideoInfo:
    """What a video's header says, before anything is decoded.

    Attributes:
        width: of the upright frames, in square pixels. height: the same.
        height: of the upright frames.
        codec: name of the video codec.
        announced_frames: number of frames by the container's index; None when it has none.
        announced_duration_s: length by the container; None when it says nothing.
        average_fps: for display only; None when unknown.
    """

    width: int
    height: int
    codec: str
    announced_frames: int | None
    announced_duration_s: float | None
    average_fps: Fraction | None


@dataclass(frozen=True)
class Colours:
    """How a video's stored colours are meant, as numbers of ITU-T H.273.

    Attributes:
        matrix: of the conversion between RGB and what is stored.
        primaries: which red, green and blue.
        transfer: how brightness is stored.
    """

    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class Verdict:
    """What reading a video to its end has shown.

    Attributes:
        status: ``complete``; ``truncated``: the file ends before its announced end; ``corrupt``:
            it was read to its end, but parts of it are damaged.
        frames: number of frames decoded.
        decode_failures: number of packets that could not be decoded.
        damaged_frames: number of frames that the decoder could only patch up.
        repaired_timestamps: number of frames whose time was missing or did not rise.
        duration_s: from the first frame to the end of the last one.
    """

    status: MediaStatus
    frames: int
    decode_failures: int
    damaged_frames: int
    repaired_timestamps: int
    duration_s: float


@dataclass(frozen=True, repr=False)
class DecodedFrame:
    """A frame that is converted when somebody asks for its pixels.

    Attributes:
        index: place in the recording, first frame 0.
        pts_s: presentation time in seconds, first frame 0.
    """

    index: int
    pts_s: float
    _stored: VideoFrame
    _upright: Upright

    @property
    def rgb(self) -> RgbArray:
        """``(height, width, 3)`` uint8, rotation applied, square pixels."""
        return self._upright.rgb(self._stored)

    @property
    def planes(self) -> Planes:
        """The same picture as videos store it; to be read only."""
        return self._upright.planes(self._stored)


class VideoReader:
    """Streams the frames of one video, in order, in bounded memory.

    Use as a context manager; iterate over ``frames`` once, then read ``verdict``.

    Args:
        path: of the video.
        limits: what it may be at most.
        threads: for decoding; None: as many as the decoder likes.

    Raises:
        MediaTooLargeError: frames or duration beyond the limits, by the header or while reading.
        MediaError: not a video, or one without a picture.
    """

    def __init__(self, path: Path, limits: MediaParams, threads: int | None = None) -> None:
        require_content(path)
        self._path = path
        self._limits = limits
        self._verdict: Verdict | None = None
        try:
            self._container = av.open(str(path), options=dict(OPEN_OPTIONS))
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                f"{path.name} is not a video this program reads, or its beginning is missing "
                f"({error.strerror}). Expected a recording such as MP4, MOV, MKV, WebM or AVI; "
                "send the original file."
            ) from error
        try:
            stream = picture_stream(path, self._container)
            self._check_header(stream)
            self._stream, self._threads = stream, threads
            self._decoder = _Decoder(self._container, stream, threads)
            self._frames = iter(self._decoder)
            # Rotation is known with the first frame only, and the size of the picture with it.
            self._first = next(self._frames, None)
            if self._first is None:
                raise MediaError(
                    f"{path.name} holds no frame that can be decoded (codec "
                    f"{stream.codec_context.name}, {self._decoder.failures} damaged packets). "
                    "Send the original file, or convert it to H.264."
                )
            self._clock = _Clock(stream, self._first)
            self.colours = Colours(
                self._first.colorspace, self._first.color_primaries, self._first.color_trc
            )
            quarter_turns = (self._first.rotation // 90) % 4
            self._upright = Upright(*_square_pixel_size(stream), quarter_turns)
            self.info = self._read_info(stream)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> "VideoReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._container.close()

    @property
    def verdict(self) -> Verdict:
        """What was found, once ``frames`` has been read to its end."""
        if self._verdict is None:
            raise RuntimeError("the verdict is known when frames() has been read to its end")
        return self._verdict

    @property
    def time_base(self) -> Fraction:
        """The file's own unit of time in seconds: every ``pts_s`` is a multiple of it."""
        return self._clock.time_base

    @property
    def start_s(self) -> Fraction:
        """When the first frame is shown, by the file's own clock; frames count from there."""
        return self._clock.start_s

    def frames(
        self,
        start: int = 0,
        skipped: Callable[[], None] | None = None,
        wanted: Container[int] | None = None,
    ) -> Iterator[Frame]:
        """The same as ``decoded``, converted to RGB."""
        for frame in self.decoded(start, skipped, wanted):
            yield Frame(frame.index, frame.pts_s, frame.rgb)

    def decoded(
        self,
        start: int = 0,
        skipped: Callable[[], None] | None = None,
        wanted: Container[int] | None = None,
    ) -> Iterator[DecodedFrame]:
        """Every frame from index ``start`` on; earlier ones are decoded, too, but not given.

        Args:
            start: index of the first frame to give.
            skipped: called for each frame that is not given; whatever it raises ends the reading.
            wanted: indices of the frames to give; None: all.

        Raises:
            MediaTooLargeError: the video is longer than its header said and than allowed.
        """
        index, decoded = 0, self._first
        while decoded is not None:
            pts_s = self._clock.pts_s(decoded)
            if pts_s > self._limits.max_duration_s:
                raise MediaTooLargeError(self._too_long(pts_s))
            if index >= start and (wanted is None or index in wanted):
                yield DecodedFrame(index, pts_s, decoded, self._upright)
            elif skipped is not None:
                skipped()
            index += 1
            decoded = next(self._frames, None)
        status: MediaStatus = "complete"
        if self._decoder.cut_off or self._ends_early(self._decoder.packets):
            status = "truncated"
        elif self._decoder.failures or self._decoder.damaged_frames:
            status = "corrupt"
        self._verdict = Verdict(
            status=status,
            frames=index,
            decode_failures=self._decoder.failures,
            damaged_frames=self._decoder.damaged_frames,
            repaired_timestamps=self._clock.repaired,
            duration_s=self._clock.end_s,
        )

    def decoded_between(
        self, start: int, stop: int, ticks: Sequence[int]
    ) -> Iterator[DecodedFrame]:
        """The frames ``start`` … ``stop`` − 1, read from the key frame before them.

        They are those that ``decoded`` gives. Can be called again and again.

        Args:
            start: index of the first one.
            stop: index of the one behind the last one.
            ticks: from ``frame_index.frame_ticks``.

        Raises:
            SeekError: what is decoded is not what the packets said: the video has to be read from
                its beginning.
        """
        if ticks[0] != self._clock.start:
            raise SeekError(f"{self._path.name} does not start with its first packet")
        number = start
        for decoded in self._decoded_from(ticks[start]):
            if decoded.pts != ticks[number]:
                raise SeekError(f"{self._path.name} gives other frames after seeking")
            pts_s = self._clock.undisturbed_s(decoded)
            yield DecodedFrame(number, pts_s, decoded, self._upright)
            number += 1
            if number == stop:
                return
        raise SeekError(f"{self._path.name} gives fewer frames than packets")

    def undamaged_verdict(self, ticks: Sequence[int]) -> Verdict:
        """The verdict on a video of which every frame is read with ``decoded_between``.

        Raises:
            MediaTooLargeError: the video is longer than its header said and than allowed.
            SeekError: it ends before its announced end.
        """
        for last in self._decoded_from(ticks[-1]):
            pts_s = self._clock.undisturbed_s(last)
            if pts_s > self._limits.max_duration_s:
                raise MediaTooLargeError(self._too_long(pts_s))
        if self._ends_early(len(ticks)):
            raise SeekError(f"{self._path.name} ends before its announced end")
        return Verdict("complete", len(ticks), 0, 0, 0, self._clock.end_s)

    def _decoded_from(self, pts: int) -> Iterator[VideoFrame]:
        """Frames from one time on; the first one is that of this time."""
        for earlier in _SEEK_EARLIER:
            target = max(self._clock.start, pts - earlier * self._clock.usual_duration)
            try:
                self._container.seek(target, stream=self._stream, backward=True)
            except (av.error.FFmpegError, OSError) as error:
                raise SeekError(f"{self._path.name} cannot be read from its middle") from error
            decoder = _Decoder(self._container, self._stream, self._threads)
            frames = iter(decoder)
            first = next(frames, None)
            # With frames out of order, a key frame may be shown later than where it was found.
            if first is not None and first.pts is not None and first.pts <= pts:
                break
        else:
            raise SeekError(f"{self._path.name} has no key frame before {pts}")
        for frame in itertools.chain([first], frames):
            if frame.pts is None or decoder.failures or decoder.damaged_frames:
                raise SeekError(f"{self._path.name} is damaged")
            if frame.pts >= pts:
                yield frame

    def _check_header(self, stream: VideoStream) -> None:
        codec = stream.codec_context
        if codec.width * codec.height > self._limits.max_video_pixels:
            raise MediaTooLargeError(
                f"{self._path.name} has frames of {codec.width}×{codec.height} pixels, at most "
                f"{self._limits.max_video_pixels:,} are allowed (`media.max_video_pixels` in "
                "params.yaml). Scale it down."
            )
        duration_s = _announced_duration_s(self._container, stream)
        if duration_s is not None and duration_s > self._limits.max_duration_s:
            raise MediaTooLargeError(self._too_long(duration_s))

    def _too_long(self, seconds: float) -> str:
        return (
            f"{self._path.name} lasts {seconds:,.0f} s or more, at most "
            f"{self._limits.max_duration_s:,.0f} s are allowed (`media.max_duration_s` in "
            "params.yaml). Cut it into parts."
        )

    def _read_info(self, stream: VideoStream) -> VideoInfo:
        width, height = self._upright.size
        return VideoInfo(
            width=width,
            height=height,
            codec=stream.codec_context.name,
            announced_frames=stream.frames or None,
            announced_duration_s=_announced_duration_s(self._container, stream),
            average_fps=stream.average_rate,
        )

    def _ends_early(self, packets: int) -> bool:
        """Whether the container announced more than it held."""
        if self.info.announced_frames is not None and "mp4" in self._container.format.name:
            # MP4 and MOV list every frame up front. AVI's count is not of frames for every codec.
            return packets < self.info.announced_frames
        announced = self.info.announced_duration_s
        return announced is not None and self._clock.end_s < announced - _END_TOLERANCE_S


class _Decoder:
    """Decodes what can be decoded, and counts what cannot."""

    def __init__(self, container: InputContainer, stream: VideoStream, threads: int | None) -> None:
        self._container = container
        self._stream = stream
        self._threads = threads
        self.packets = 0
        self.failures = 0
        self.damaged_frames = 0
        self.cut_off = False

    def __iter__(self) -> Iterator[VideoFrame]:
        if not self._stream.codec_context.is_open:
            self._stream.thread_type = "AUTO"
            self._stream.codec_context.thread_count = self._threads or 0
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):
                self.cut_off = True
                yield from self._decode(None)  # the frames still in the decoder
                return
            self.packets += packet.size > 0
            yield from self._decode(packet)

    def _decode(self, packet: "Packet[VideoStream] | None") -> Iterator[VideoFrame]:
        try:
            frames = self._stream.decode(packet)
        except av.error.FFmpegError:
            self.failures += 1
            return
        for frame in frames:
            self.damaged_frames += frame.is_corrupt
            yield frame


class _Clock:
    """Presentation times that start at 0 and strictly rise, whatever the file says."""

    def __init__(self, stream: VideoStream, first: VideoFrame) -> None:
        self.time_base = stream.time_base or Fraction(1, 90_000)
        rate = stream.average_rate or Fraction(25)
        self.usual_duration = max(1, round(1 / (rate * self.time_base)))
        start = first.pts if first.pts is not None else first.dts
        self.start = 0 if start is None else start
        self.start_s = self.start * self.time_base
        self._last: int | None = None
        self.repaired = 0
        self.end_s = 0.0

    def pts_s(self, frame: VideoFrame) -> float:
        pts = frame.pts if frame.pts is not None else frame.dts
        if self._last is None:
            ticks = 0
        elif pts is None or pts - self.start <= self._last:
            self.repaired += 1
            ticks = self._last + self.usual_duration
        else:
            ticks = pts - self.start
        self._last = ticks
        return self._seconds(ticks, frame)

    def undisturbed_s(self, frame: VideoFrame) -> float:
        """The same for a frame with a time of its own, whatever came before."""
        return self._seconds((frame.pts or 0) - self.start, frame)

    def _seconds(self, ticks: int, frame: VideoFrame) -> float:
        self.end_s = float((ticks + (frame.duration or self.usual_duration)) * self.time_base)
        return float(ticks * self.time_base)


def picture_stream(path: Path, container: InputContainer) -> VideoStream:
    """The stream that holds the recording.

    Raises:
        MediaError: there is none.
    """
    for stream in container.streams.video:
        # FFmpeg calls a cover picture a video stream of one frame.
        if stream.disposition & Disposition.attached_pic:
            continue
        if stream.codec_context is None or not stream.codec_context.width:
            raise MediaError(
                f"{path.name} says nothing about the size of its picture: its header is damaged "
                "or its codec is unknown. Send the original file, or convert it to H.264."
            )
        return stream
    found = "sound but no picture" if container.streams.audio else "no picture"
    raise MediaError(
        f"{path.name} holds {found}. Send the recording with its picture; if it has one, the file "
        "is damaged or cut off."
    )


def _announced_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _square_pixel_size(stream: VideoStream) -> tuple[int, int]:
    """Width and height at which a pixel is as wide as it is high (old camcorders' are not)."""
    codec = stream.codec_context
    aspect = stream.sample_aspect_ratio or codec.sample_aspect_ratio or Fraction(1)
    # Below a hundredth the difference is rounding of the encoder's, not a shape.
    if not Fraction(1, 10) < aspect < 10 or abs(aspect - 1) < Fraction(1, 100):
        return codec.width, codec.height
    if aspect > 1:
        return round(codec.width * aspect), codec.height
    return codec.width, round(codec.height / aspect)
