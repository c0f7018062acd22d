"""Decoding that continues after damage and counts it."""

from collections.abc import Iterator

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream


class Decoder:
    """Decodes what can be decoded of a video, from where its container stands.

    Args:
        container: An open container.
        stream: Its video stream.
        threads: Number of decoding threads; None leaves it to the decoder.

    Attributes:
        packets: Number of packets read.
        failures: Number of packets that could not be decoded.
        damaged_frames: Number of frames that the decoder could only patch up.
        cut_off: Whether reading stopped at an error rather than at the end.
    """

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
