"""The audio of a recording, to be muxed into a video made from it.

Packets are copied byte for byte. Where MP4 cannot carry their codec, or no browser would play it
from there (the uncompressed audio of AVI and camcorder files), they are encoded to AAC.
"""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet

from shared_features.errors import MediaError
from shared_features.media.video.container import open_container
from shared_features.media.video.jumps import left_out_s

# Steps between two packets, in seconds, that may be a jump of the file's clock, and how close to it
# such a jump of the video must be.
_LEAST_JUMP_S, _LEAST_JUMP_BACK_S, _SAME_JUMP_S = 5, 1, 5
_AAC_BITS_PER_CHANNEL = 96_000
# Sample rates that AAC encoders accept; any other is resampled to the next higher one.
_AAC_RATES = (8000, 16000, 22050, 32000, 44100, 48000)


class Audio:
    """The first audio track of a recording, read in step with the video in bounded memory.

    Use as a context manager: call ``add_to`` with the output container, then ``packets`` as the
    video is written.

    Args:
        path: Path of the recording.
        start_s: Time of the recording's first frame by its own clock; it becomes time 0.

    Raises:
        MediaError: the file cannot be opened.
    """

    def __init__(self, path: Path, start_s: Fraction) -> None:
        try:
            self._container = open_container(path)
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                f"The audio of {path.name} cannot be read ({error.strerror}). Send the original "
                "file again."
            ) from error
        self._start_s = start_s
        self._source: AudioStream | None = next(
            (
                stream
                for stream in self._container.streams.audio
                if stream.codec_context is not None and stream.codec_context.sample_rate
            ),
            None,
        )
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._next: Packet[AudioStream] | None = None
        self._last_dts: int | None = None
        self._jumps = _Jumps(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def add_to(self, output: OutputContainer) -> None:
        """Add an audio track to a container, if the recording has one."""
        if self._source is None:
            return
        codec = self._source.codec_context.name
        if codec in output.supported_codecs and not codec.startswith("pcm_"):
            self._packets = self._copied(
                self._source, output.add_stream_from_template(self._source)
            )
        else:
            encoder = _ToAac(self._source, output, self._start_s)
            self._packets = encoder.packets(self._readable(self._source))
        self._next = next(self._packets, None)

    def packets(self, until_s: float | None = None) -> Iterator["Packet[AudioStream]"]:
        """The packets due up to a time of the new video, or all that remain."""
        while self._next is not None:
            packet = self._next
            if until_s is not None and _time_s(packet) > until_s:
                return
            yield packet
            self._next = next(self._packets, None)

    def _copied(self, source: AudioStream, target: AudioStream) -> Iterator["Packet[AudioStream]"]:
        for packet in self._readable(source):
            time_base = packet.time_base or Fraction(1, 90_000)
            start = round(self._start_s / time_base)
            dts = packet.dts if packet.dts is not None else packet.pts
            if dts is None:
                continue  # its time is unknown
            shift = start + round(self._jumps.left_out((dts - start) * time_base) / time_base)
            dts -= shift
            if self._last_dts is not None and dts <= self._last_dts:
                dts = self._last_dts + 1  # containers accept rising times only
            self._last_dts = dts
            pts = dts if packet.pts is None else packet.pts - shift
            packet.dts, packet.pts = dts, max(pts, dts)
            packet.stream = target
            yield packet

    def _readable(self, source: AudioStream) -> Iterator["Packet[AudioStream]"]:
        """The packets that can be read; the audio of a damaged file ends where reading fails."""
        packets = self._container.demux(source)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.error.FFmpegError, OSError):
                return
            if packet.size:
                yield packet


class _Jumps:
    """Leaves out of the audio's times what is left out of the video's.

    Where the video's clock jumps, the audio's does so by almost the same time. A pause in the audio
    alone stays a pause.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._of_video: list[Fraction] | None = None
        self._last_s: Fraction | None = None
        self._left_out_s = Fraction(0)

    def left_out(self, at_s: Fraction) -> Fraction:
        """Seconds to subtract from the time of the next packet, in order."""
        step_s = Fraction(0) if self._last_s is None else at_s - self._last_s
        self._last_s = at_s
        if step_s < -_LEAST_JUMP_BACK_S or step_s > _LEAST_JUMP_S:
            if self._of_video is None:
                self._of_video = left_out_s(self._path)
            for index, video_s in enumerate(self._of_video):
                if abs(video_s - step_s) < _SAME_JUMP_S:
                    self._left_out_s += video_s
                    del self._of_video[: index + 1]
                    break
        return self._left_out_s


class _ToAac:
    """Encodes audio to AAC and keeps its times."""

    def __init__(self, source: AudioStream, output: OutputContainer, start_s: Fraction) -> None:
        self._decoder: AudioCodecContext = source.codec_context
        rate = next((r for r in _AAC_RATES if r >= self._decoder.sample_rate), _AAC_RATES[-1])
        layout = "mono" if self._decoder.channels == 1 else "stereo"
        self._target = output.add_stream("aac", rate=rate, layout=layout)
        self._target.bit_rate = _AAC_BITS_PER_CHANNEL * (1 if layout == "mono" else 2)
        self._resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        self._rate, self._start_s = rate, start_s
        self._first_at: int | None = None
        self._samples = 0

    def packets(self, encoded: Iterator["Packet[AudioStream]"]) -> Iterator["Packet[AudioStream]"]:
        for packet in encoded:
            try:
                frames = self._decoder.decode(packet)
            except av.error.FFmpegError:
                continue
            for frame in frames:
                if self._first_at is None:
                    at_s = self._start_s
                    if frame.pts is not None and frame.time_base is not None:
                        at_s = frame.pts * frame.time_base
                    self._first_at = round((at_s - self._start_s) * self._rate)
                for part in self._resampler.resample(frame):
                    yield from self._encoded(part)
        for part in self._resampler.resample(None) if self._first_at is not None else ():
            yield from self._encoded(part)
        yield from self._target.encode(None)

    def _encoded(self, part: av.AudioFrame) -> Iterator["Packet[AudioStream]"]:
        part.pts, part.time_base = (self._first_at or 0) + self._samples, Fraction(1, self._rate)
        self._samples += part.samples
        yield from self._target.encode(part)


def _time_s(packet: "Packet[AudioStream]") -> float:
    at = packet.dts if packet.dts is not None else 0
    return float(at * (packet.time_base or 0))
